//! Where time and chance come from. The only file that may ask the machine for either.
//!
//! In production both are the machine's. The demonstration may move its time ahead. On a test clock time stands still
//! until it is moved, and ids come from one seed: the same seed and the same steps give the same log, byte for byte.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::ids::IdSource;
use domain::time::Time;

/// Where a test clock starts: 2026-11-25T10:00:00+08:00, a Wednesday.
pub const START: Time = Time::from_millis(1_795_572_000_000);

/// Which time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The machine's, never moved.
    Machine,
    /// The machine's, and it may be moved ahead.
    Movable,
    /// Stands still at [`START`] until it is moved.
    Frozen,
}

/// The platform's clock and its source of ids.
pub struct Clock {
    kind: Kind,
    /// Milliseconds ahead of the machine's time, or of [`START`].
    offset: AtomicI64,
    chance: Mutex<Chance>,
}

/// Where ids come from.
enum Chance {
    /// The operating system, anew for each write.
    Machine,
    /// One seed. Commands draw in the order they come; jobs from a stream per moment, so that when they happen to run
    /// between two commands changes nothing.
    Seeded {
        seed: u64,
        commands: IdSource,
        moment: i64,
        jobs: u64,
        turns: Turns,
    },
}

/// In which order ids made at one and the same millisecond sort: as commands came, so that what is newest stands first
/// although the clock stands still. What jobs do while the clock is being moved comes before the commands that follow;
/// what they do later comes after all of them, since nobody knows between which two commands they happen to run.
struct Turns {
    /// Before this start of the program none, so that a later start's ids sort after an earlier one's.
    first: u32,
    /// How many turns were taken.
    taken: u32,
    /// `taken` when the clock was moved last.
    at_move: Option<u32>,
}

impl Turns {
    /// Turns of one start.
    const OF_START: u32 = 1 << 21;
    /// The first of those behind all others.
    const LATE: u32 = 1 << 30;

    fn of_start(start: u64) -> Self {
        let first = u32::try_from(start % 512).unwrap_or(0) * Self::OF_START;
        Self {
            first,
            taken: 0,
            at_move: None,
        }
    }

    fn here(&self) -> u32 {
        self.first + self.taken.min(Self::OF_START - 1)
    }

    fn take(&mut self) -> u32 {
        self.taken += 1;
        self.here()
    }

    /// The turn of a job that is the `jobs`-th of its moment.
    fn of_job(&self, jobs: u64) -> u32 {
        if self.is_moving() {
            self.here()
        } else {
            Self::LATE + u32::try_from(jobs).unwrap_or(Self::LATE - 1).min(Self::LATE - 1)
        }
    }

    /// Whether no command came since the clock was moved.
    fn is_moving(&self) -> bool {
        self.at_move == Some(self.taken)
    }

    fn moved(&mut self) {
        self.taken += 1;
        self.at_move = Some(self.taken);
    }
}

impl Clock {
    /// A clock of this kind, already `offset` milliseconds ahead. The seed matters to a frozen one only; `start` is how
    /// often this data was started before: each start draws from streams of its own, since the ids of the others are
    /// taken.
    pub fn new(kind: Kind, seed: u64, start: u64, offset: i64) -> Self {
        let chance = match kind {
            Kind::Machine | Kind::Movable => Chance::Machine,
            Kind::Frozen => {
                let seed = seed ^ start.rotate_left(32);
                Chance::Seeded {
                    seed,
                    commands: IdSource::seeded(seed),
                    moment: 0,
                    jobs: 0,
                    turns: Turns::of_start(start),
                }
            }
        };
        Self {
            kind,
            offset: AtomicI64::new(offset),
            chance: Mutex::new(chance),
        }
    }

    /// Whether it may be moved by hand.
    pub fn movable(&self) -> bool {
        self.kind != Kind::Machine
    }

    /// Whether it stands still.
    pub fn frozen(&self) -> bool {
        self.kind == Kind::Frozen
    }

    /// The platform's time.
    pub fn now(&self) -> Time {
        let base = if self.kind == Kind::Frozen {
            START
        } else {
            machine_time()
        };
        Time::from_millis(base.millis().saturating_add(self.offset.load(Ordering::Acquire)))
    }

    /// What an authenticator in someone's hand shows its codes by: the machine's time, however the platform's is moved.
    pub fn hand(&self) -> Time {
        machine_time()
    }

    /// How far it was moved, in milliseconds.
    pub fn offset(&self) -> i64 {
        self.offset.load(Ordering::Acquire)
    }

    /// Notes that the durable offset is now this.
    pub fn moved(&self, offset: i64) {
        self.offset.store(offset, Ordering::Release);
        if let Chance::Seeded { turns, .. } = &mut *self.chance.lock().unwrap_or_else(PoisonError::into_inner) {
            turns.moved();
        }
    }

    /// The source of one command's ids.
    pub fn ids(&self) -> IdSource {
        match &mut *self.chance.lock().unwrap_or_else(PoisonError::into_inner) {
            Chance::Machine => IdSource::from_entropy(entropy()),
            Chance::Seeded { commands, turns, .. } => IdSource::from_entropy(commands.bytes()).in_turn(turns.take()),
        }
    }

    /// The source of the ids of a job that runs at `now`.
    pub fn job_ids(&self, now: Time) -> IdSource {
        match &mut *self.chance.lock().unwrap_or_else(PoisonError::into_inner) {
            Chance::Machine => IdSource::from_entropy(entropy()),
            Chance::Seeded {
                seed,
                moment,
                jobs,
                turns,
                ..
            } => {
                if *moment != now.millis() {
                    (*moment, *jobs) = (now.millis(), 0);
                }
                let mut of_moment = IdSource::seeded(!*seed ^ now.millis().unsigned_abs().rotate_left(20));
                for _ in 0..*jobs {
                    let _: [u8; 32] = of_moment.bytes();
                }
                IdSource::from_entropy(of_moment.bytes()).in_turn(turns.of_job(*jobs))
            }
        }
    }

    /// Notes that a job at `now` used its ids, so that the next one gets others.
    pub fn job_ids_used(&self, now: Time) {
        if let Chance::Seeded {
            moment, jobs, turns, ..
        } = &mut *self.chance.lock().unwrap_or_else(PoisonError::into_inner)
            && *moment == now.millis()
        {
            *jobs += 1;
            if turns.is_moving() {
                turns.moved();
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the machine for the time"
)]
fn machine_time() -> Time {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// 32 bytes of the operating system's randomness.
///
/// # Panics
/// When the machine has none: nothing secret could be made, so nothing may go on.
#[expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "the one place that asks the machine for randomness"
)]
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the machine has no randomness: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_still_until_it_is_moved() {
        let clock = Clock::new(Kind::Frozen, 1, 0, 0);
        assert_eq!(clock.now().rfc3339(), "2026-11-25T02:00:00Z");
        clock.moved(86_400_000);
        assert_eq!(clock.now().rfc3339(), "2026-11-26T02:00:00Z");
    }

    #[test]
    fn the_same_seed_and_steps_give_the_same_ids() {
        let draw = |clock: &Clock| -> Vec<[u8; 8]> { (0..3).map(|_| clock.ids().bytes()).collect() };
        let (first, second) = (Clock::new(Kind::Frozen, 7, 0, 0), Clock::new(Kind::Frozen, 7, 0, 0));
        assert_eq!(draw(&first), draw(&second));
        assert_ne!(draw(&first), draw(&Clock::new(Kind::Frozen, 8, 0, 0)));
        assert_ne!(
            draw(&Clock::new(Kind::Frozen, 7, 0, 0)),
            draw(&Clock::new(Kind::Frozen, 7, 1, 0))
        );
    }

    #[test]
    fn while_the_clock_stands_still_ids_sort_as_commands_came() {
        use domain::ids::EventId;
        let clock = Clock::new(Kind::Frozen, 7, 0, 0);
        let command = || clock.ids().id::<EventId>(clock.now()).to_string();
        let job = || {
            let id = clock.job_ids(clock.now()).id::<EventId>(clock.now()).to_string();
            clock.job_ids_used(clock.now());
            id
        };
        let mut made = vec![command(), command(), command()];
        clock.moved(86_400_000);
        // What the move itself brought about, then what people did, then what nobody waited for.
        made.extend([job(), job(), command(), command()]);
        made.push(job());
        assert!(made.is_sorted(), "{made:?}");
        let again = Clock::new(Kind::Frozen, 7, 1, 86_400_000);
        assert!(again.ids().id::<EventId>(again.now()).to_string() > made[6]);
    }

    #[test]
    fn a_job_that_did_nothing_leaves_no_trace_in_later_ids() {
        let (idle, busy) = (Clock::new(Kind::Frozen, 7, 0, 0), Clock::new(Kind::Frozen, 7, 0, 0));
        let now = idle.now();
        for _ in 0..5 {
            let _ = idle.job_ids(now);
        }
        let first: [u8; 8] = idle.job_ids(now).bytes();
        assert_eq!(first, busy.job_ids(now).bytes::<8>());
        idle.job_ids_used(now);
        assert_ne!(first, idle.job_ids(now).bytes::<8>());
    }
}
