//! The load: one thread, as many connections as terminals are active at once, each with one message under way. Closed
//! loop: the next sale goes out when the answer is there. Open loop: sales are due at their own times whatever the
//! answers do, and latency counts from the time a sale was due, so that a server that stalls cannot hide it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use iso8583::crypto::MacKey;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use simulators::load::{Answer, BATCH, Crowd, Sale, scattered};

use crate::spread::Spread;
use crate::{Failure, Options};

/// Bytes of length, TPDU and header before a message.
const BEFORE: usize = 13;
/// The MAC of one answer in so many is checked.
const CHECKED: u64 = 64;
/// A server that is silent this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

struct Plan {
    crowd: Crowd,
    terminals: u64,
    /// Sales at one terminal before the connection goes on to another.
    visit: u64,
    /// The first trace number of every terminal.
    trace: u32,
    /// Sales a second over all connections; none: as many as it takes.
    rate: Option<u64>,
}

/// One connection.
struct Seat {
    stream: TcpStream,
    sale: Sale,
    key: MacKey,
    terminal: u64,
    left: u64,
    /// The visits so far, which choose the terminal.
    visits: u64,
    received: Vec<u8>,
    busy: bool,
    /// When the sale under way was due, and when the next one is; nanoseconds since the beginning.
    since: u64,
    next: u64,
}

#[derive(Default)]
struct Tally {
    codes: BTreeMap<String, u64>,
    macs: u64,
}

struct Run<'a> {
    plan: &'a Plan,
    seats: Vec<Seat>,
    /// How often each visited terminal has sold: its next trace number.
    traces: Vec<u32>,
    began: Instant,
    /// Idle seats by the time their next sale is due.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    sold: u64,
    highest: u32,
    spread: Spread,
    tally: Tally,
    /// Sales under way.
    busy: usize,
    measuring: bool,
    sending: bool,
}

/// Runs a load and prints what came of it.
pub fn run(options: &Options) -> Result<(), Failure> {
    let plan = Plan {
        crowd: Crowd {
            seed: options.number("seed")?,
        },
        terminals: options.number("terminals")?,
        visit: options.number("visit")?.max(1),
        trace: u32::try_from(options.number("trace")?)?,
        rate: options.number("rate").ok().filter(|rate| *rate > 0),
    };
    let connections = options.number("connections")?.min(plan.terminals);
    let mut run = Run::open(&plan, options.text("address")?, connections)?;
    let (warm, measured) = (options.number("warmup-ms")?, options.number("measure-ms")?);
    run.drive(Duration::from_millis(warm))?;
    println!("window-begins");
    run.measuring = true;
    let start = Instant::now();
    run.drive(Duration::from_millis(measured))?;
    let took = start.elapsed();
    println!("window-ends");
    run.measuring = false;
    run.sending = false;
    run.drive(PATIENCE)?;
    run.tell(took);
    Ok(())
}

/// Connects many terminals, lets each sell once, and holds the connections until the end of standard input.
pub fn idle(options: &Options) -> Result<(), Failure> {
    let plan = Plan {
        crowd: Crowd {
            seed: options.number("seed")?,
        },
        terminals: options.number("terminals")?,
        visit: 1,
        trace: u32::try_from(options.number("trace")?)?,
        rate: None,
    };
    let mut run = Run::open(&plan, options.text("address")?, options.number("connections")?)?;
    run.sending = false;
    for seat in 0..run.seats.len() {
        run.send(seat, 0)?;
        if seat % 64 == 63 {
            run.drive(PATIENCE)?;
        }
    }
    run.drive(PATIENCE)?;
    println!("connections {}", run.seats.len());
    println!("trace-after {}", run.highest + 1);
    println!("idle");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl<'a> Run<'a> {
    fn open(plan: &'a Plan, address: &str, connections: u64) -> Result<Self, Failure> {
        let mut seats = Vec::new();
        for n in 0..connections {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            // The first sales are spread over one turn of all seats.
            let next = plan.rate.map_or(0, |rate| n * 1_000_000_000 / rate);
            let (sale, key) = (Sale::new()?, plan.crowd.mac_key(0)?);
            seats.push(Seat {
                stream,
                sale,
                key,
                terminal: 0,
                left: 0,
                visits: 0,
                received: Vec::new(),
                busy: false,
                since: 0,
                next,
            });
        }
        let traces = vec![plan.trace; usize::try_from(plan.terminals)?];
        Ok(Self {
            plan,
            seats,
            traces,
            began: Instant::now(),
            due: BinaryHeap::new(),
            sold: 0,
            highest: plan.trace,
            spread: Spread::new(),
            tally: Tally::default(),
            busy: 0,
            measuring: false,
            sending: true,
        })
    }

    fn now(&self) -> u64 {
        nanos(self.began.elapsed())
    }

    /// Sends and receives for a while; once nothing more is to be sent, until every answer is there.
    fn drive(&mut self, span: Duration) -> Result<(), Failure> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (n, seat) in self.seats.iter().enumerate() {
            let data = epoll::EventData::new_u64(u64::try_from(n)?);
            epoll::add(&epoll, &seat.stream, data, epoll::EventFlags::IN)?;
        }
        if self.sending {
            self.due = (0..self.seats.len())
                .filter_map(|n| {
                    self.seats
                        .get(n)
                        .filter(|seat| !seat.busy)
                        .map(|seat| Reverse((seat.next, n)))
                })
                .collect();
        }
        let end = self.now() + nanos(span);
        let mut events = Vec::with_capacity(256);
        let mut heard = self.now();
        loop {
            let now = self.now();
            while self.sending
                && let Some(Reverse((due, n))) = self.due.peek().copied()
                && due <= now
            {
                self.due.pop();
                self.send(n, due)?;
            }
            let waiting = self.busy > 0;
            if now >= end || (!self.sending && !waiting) {
                return if self.sending || !waiting {
                    Ok(())
                } else {
                    Err("answers did not come".into())
                };
            }
            if waiting && now > heard + nanos(PATIENCE) {
                return Err("the server has stopped answering".into());
            }
            let until = self.due.peek().map_or(end, |Reverse((due, _))| end.min(*due));
            let wait = until.saturating_sub(now).min(100_000_000);
            let timeout = Timespec {
                tv_sec: 0,
                tv_nsec: i64::try_from(wait)?,
            };
            events.clear();
            match epoll::wait(&epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                heard = self.now();
                self.receive(usize::try_from(event.data.u64())?)?;
            }
        }
    }

    fn send(&mut self, n: usize, due: u64) -> Result<(), Failure> {
        let now = self.now();
        let (plan, seats) = (self.plan, u64::try_from(self.seats.len())?);
        let Some(seat) = self.seats.get_mut(n) else {
            return Ok(());
        };
        if seat.left == 0 {
            // Two seats are never at one terminal: each walks through its own part of the crowd.
            let share = plan.terminals / seats;
            let place = scattered(seat.visits) % share.max(1);
            seat.terminal = u64::try_from(n)? * share + place;
            seat.visits += 1;
            seat.left = plan.visit;
            seat.key = plan.crowd.mac_key(seat.terminal)?;
            seat.sale.stand_at(seat.terminal);
        }
        seat.left -= 1;
        let Some(trace) = self.traces.get_mut(usize::try_from(seat.terminal)?) else {
            return Ok(());
        };
        let used = *trace;
        *trace += 1;
        self.sold += 1;
        self.highest = self.highest.max(used);
        if used > 999_999 {
            return Err(format!("terminal {} has no trace number left in batch {BATCH}", seat.terminal).into());
        }
        let amount = 100 + scattered(self.sold) % 30_000;
        let nth = scattered(self.sold ^ plan.crowd.seed << 32);
        let wire = seat.sale.of(used, amount, nth, &seat.key);
        seat.since = if plan.rate.is_some() && self.sending { due } else { now };
        seat.busy = true;
        self.busy += 1;
        // A frame of 200 bytes always finds room behind one that was answered.
        seat.stream.write_all(wire)?;
        if let Some(rate) = plan.rate {
            // Half as early to half as late as the mean: seats drift apart, and together look like chance.
            let mean = seats * 1_000_000_000 / rate;
            seat.next = due + mean / 2 + scattered(self.sold ^ 0x5eed) % mean.max(1);
        }
        Ok(())
    }

    fn receive(&mut self, n: usize) -> Result<(), Failure> {
        let mut buffer = [0; 2048];
        let now = self.now();
        let Some(seat) = self.seats.get_mut(n) else {
            return Ok(());
        };
        match seat.stream.read(&mut buffer) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(count) => seat.received.extend(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let length = match seat.received.as_slice() {
            [high, low, ..] => usize::from(*high) << 8 | usize::from(*low),
            _ => return Ok(()),
        };
        if seat.received.len() < length + 2 {
            return Ok(());
        }
        let answer = seat.received.get(BEFORE..length + 2).unwrap_or_default();
        let said = seat.sale.read(answer);
        if self.sold.is_multiple_of(CHECKED) && said == Answer::Approved {
            self.tally.macs += 1;
            if !Sale::is_genuine(answer, &seat.key) {
                return Err("an answer's MAC is wrong".into());
            }
        }
        seat.received.clear();
        seat.busy = false;
        self.busy -= 1;
        if self.measuring {
            self.spread.add(now.saturating_sub(seat.since));
            let code = match said {
                Answer::Approved => "00".to_owned(),
                Answer::Code(code) => String::from_utf8_lossy(&code).into_owned(),
                Answer::Stranger => "stranger".to_owned(),
            };
            *self.tally.codes.entry(code).or_default() += 1;
        }
        if self.plan.rate.is_none() {
            seat.next = now;
        }
        if self.sending {
            self.due.push(Reverse((seat.next, n)));
        }
        Ok(())
    }

    fn tell(&self, took: Duration) {
        println!("window-ns {}", took.as_nanos());
        println!("answered {}", self.spread.total());
        for (name, place) in [("p50", 5000), ("p90", 9000), ("p99", 9900), ("p999", 9990)] {
            println!("{name}-ns {}", self.spread.at(place));
        }
        println!("most-ns {}", self.spread.most());
        for (code, count) in &self.tally.codes {
            println!("code-{code} {count}");
        }
        println!("macs-checked {}", self.tally.macs);
        println!("trace-after {}", self.highest + 1);
    }
}
