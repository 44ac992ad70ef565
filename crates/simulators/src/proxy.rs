//! A proxy that knows frames and does to them what networks do: it loses, doubles, delays, reorders, slices, joins, alters
//! and replays them, and resets connections. It stands between terminal and gateway, or between gateway and network; it reads
//! nothing but the two bytes of length before each frame.
//!
//! What it does comes from rows of [`Deed`]s by direction and number, or from a seed: the same seed gives the same deeds for
//! the same frames in the same order.

mod flow;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::network::Chance;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From who connected to the proxy.
    Forth,
    /// Back to it.
    Back,
}

/// What is done to a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It never arrives.
    Lose,
    /// It arrives this many times more.
    Duplicate(u32),
    /// It arrives later; what follows waits behind it, as in one stream.
    Delay(Duration),
    /// It arrives after the next one of its direction on this connection, or at its end.
    Reorder,
    /// It arrives in pieces of random sizes, cut anywhere, with a pause between them.
    Slice(Duration),
    /// It arrives together with the next one, in one piece, or after this long.
    Join(Duration),
    /// It arrives, and again in front of the frame so many after it on the same connection.
    Replay(usize),
    /// One bit of it arrives turned: which, counted from the first after the length, modulo its size.
    Flip(usize),
    /// It stops after so many bytes, its length included, and the connection is closed on both sides.
    Cut(usize),
    /// It is lost, and the connection is reset on both sides.
    Reset,
}

/// Which deeds are done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Direction, number of the frame in that direction over all connections, from 1, and what is done to it.
    pub rows: Vec<(Direction, u64, Deed)>,
    /// Deeds by chance to frames that no row names: of the first that has their direction.
    pub chance: Vec<Odds>,
}

/// Deeds by chance.
#[derive(Clone, Debug)]
pub struct Odds {
    /// Of all chance in the plan, where it is the first.
    pub seed: u64,
    /// How many frames in a million meet a deed at all.
    pub ppm: u32,
    /// Which directions.
    pub directions: Vec<Direction>,
    /// One of these, each as likely as another.
    pub deeds: Vec<Deed>,
}

impl Odds {
    /// Everything that an honest network does: no bit is turned.
    pub fn network(seed: u64, ppm: u32) -> Self {
        let pause = Duration::from_millis(1);
        Self {
            seed,
            ppm,
            directions: vec![Direction::Forth, Direction::Back],
            deeds: vec![
                Deed::Lose,
                Deed::Duplicate(1),
                Deed::Delay(pause * 30),
                Deed::Reorder,
                Deed::Slice(pause),
                Deed::Join(pause * 20),
                Deed::Replay(1),
                Deed::Cut(9),
                Deed::Reset,
            ],
        }
    }
}

/// A frame that passed, with what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Which way.
    pub direction: Direction,
    /// Its number in that direction, from 1.
    pub number: u64,
    /// Its connection, from 1.
    pub connection: u64,
    /// What was done to it.
    pub deed: Option<Deed>,
    /// As it came, length included; empty unless [`Proxy::record`] asked for it.
    pub bytes: Vec<u8>,
}

/// A running proxy. Dropping it closes its socket and every connection.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

struct Shared {
    target: SocketAddr,
    inside: Mutex<Inside>,
}

struct Inside {
    plan: Plan,
    chance: Chance,
    forth: u64,
    back: u64,
    connections: u64,
    recording: bool,
    passed: Vec<Passed>,
}

/// Frames remembered at most.
const REMEMBERED: usize = 100_000;

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is done to the next frame of a direction, and a number for the chance in it.
    fn judge(&self, direction: Direction, connection: u64, frame: &[u8]) -> (Option<Deed>, Chance) {
        let mut inside = self.inside();
        let inside = &mut *inside;
        let count = match direction {
            Direction::Forth => &mut inside.forth,
            Direction::Back => &mut inside.back,
        };
        *count += 1;
        let number = *count;
        let row = inside
            .plan
            .rows
            .iter()
            .find(|(way, nth, _)| *way == direction && *nth == number)
            .map(|(_, _, deed)| deed.clone());
        let deed = row.or_else(|| {
            let mut all = inside.plan.chance.iter();
            let odds = all.find(|odds| odds.directions.contains(&direction))?;
            let any = inside.chance.happens(odds.ppm);
            let which = usize::try_from(inside.chance.next() % 1_000_003).unwrap_or(0);
            let deed = odds.deeds.get(which % odds.deeds.len().max(1)).cloned();
            deed.filter(|_| any)
        });
        if inside.passed.len() < REMEMBERED {
            inside.passed.push(Passed {
                direction,
                number,
                connection,
                deed: deed.clone(),
                bytes: if inside.recording { frame.to_vec() } else { Vec::new() },
            });
        }
        let chance = Chance::seeded(inside.chance.next());
        (deed, chance)
    }
}

impl Proxy {
    /// Listens on a free port of this machine and passes everything on to `target` and back.
    pub async fn before(target: SocketAddr, plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let seed = plan.chance.first().map_or(0, |odds| odds.seed);
        let shared = Arc::new(Shared {
            target,
            inside: Mutex::new(Inside {
                plan,
                chance: Chance::seeded(seed),
                forth: 0,
                back: 0,
                connections: 0,
                recording: false,
                passed: Vec::new(),
            }),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            _accepting: accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another plan from now on; frames are counted from 1 again.
    pub fn set_plan(&self, plan: Plan) {
        let mut inside = self.shared.inside();
        inside.chance = Chance::seeded(plan.chance.first().map_or(0, |odds| odds.seed));
        inside.plan = plan;
        (inside.forth, inside.back) = (0, 0);
    }

    /// Keeps the bytes of frames from now on, for a replay. They hold what the wire holds: card numbers too.
    pub fn record(&self) {
        self.shared.inside().recording = true;
    }

    /// Every frame that came, with what was done to it.
    pub fn passed(&self) -> Vec<Passed> {
        self.shared.inside().passed.clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        connections.spawn(carry(near, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection: both directions until either ends.
async fn carry(mut near: TcpStream, shared: Arc<Shared>) {
    let Ok(mut far) = TcpStream::connect(shared.target).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let connection = {
        let mut inside = shared.inside();
        inside.connections += 1;
        inside.connections
    };
    let end = {
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        tokio::select! {
            end = flow::run(near_in, far_out, Direction::Forth, connection, &shared) => end,
            end = flow::run(far_in, near_out, Direction::Back, connection, &shared) => end,
        }
    };
    if end == flow::End::Reset {
        let _ = (near.set_zero_linger(), far.set_zero_linger());
    }
}

#[cfg(test)]
mod tests;
