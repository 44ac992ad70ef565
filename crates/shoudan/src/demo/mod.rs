//! The seeded world of a demonstration: a year of an institution's life, written through the operations themselves, the
//! same from the same seed and moment. Sales of the past alone are written in bulk.

mod cards;
mod identity;
mod machines;
mod merchants;
mod names;
mod past;
mod people;
mod requests;
mod situations;
mod terminals;
mod world;

use anyhow::Context as _;
use domain::cards::BinTable;
use domain::catalog::EMBEDDED;
use domain::ids::IdSource;
use domain::names::Lang;
use domain::time::{Duration, Time};
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx, Platform, people as accounts};
use store::{Db, Tx};

pub use cards::{OUTCOMES, TestCard};
pub use machines::follow;
pub use world::{Account, ApiKey, Merchant, Terminal, World};

/// The password of every account of the demonstration.
pub const PASSWORD: &str = "shoudan-demo";

/// Keeps the ids of the seeded world apart from those that a test clock of the same seed draws later.
const STREAM: u64 = 0x5eed_ed00_0000_0000;

/// Fills an empty database as it would look at `now`, and tells what a program needs to drive it. The same seed and
/// moment give the same world.
pub fn seed(db: &Db, platform: &Platform, seed: u64, now: Time) -> anyhow::Result<World> {
    let mut ids = IdSource::seeded(seed ^ STREAM);
    let password_hash = accounts::hash_password(PASSWORD, ids.bytes())?;
    let bins = EMBEDDED
        .iter()
        .find(|(name, _)| *name == "bins.csv")
        .map_or("", |(_, text)| *text);
    let bins = BinTable::parse(bins).context("bins.csv")?;
    let ctx = Ctx {
        platform: platform.clone(),
        actor: Actor::system("seed"),
        why: String::new(),
        now,
        ids,
        lang: Lang::Zh,
    };
    let mut seeder = Seeder {
        ctx,
        now,
        password_hash,
        world: World {
            test_cards: cards::cards(&bins),
            ..World::default()
        },
        bins,
        staff: people::Staff::default(),
        agents: Vec::new(),
        models: Vec::new(),
        merchants: Vec::new(),
        terminals: Vec::new(),
    };
    let phases: [Phase; 8] = [
        people::staff,
        merchants::all,
        terminals::all,
        past::sales,
        past::books,
        situations::all,
        past::dormancy,
        requests::all,
    ];
    for phase in phases {
        seeder = db
            .write(move |tx| {
                let mut seeder = seeder.clone();
                phase(tx, &mut seeder)?;
                Ok::<_, Refused>(seeder)
            })
            .wait()
            .context("the demonstration's world could not be written")?;
    }
    Ok(seeder.told())
}

/// One transaction of the seeding.
type Phase = fn(&mut Tx<'_>, &mut Seeder) -> Done<()>;

/// What is known so far. Cloned per attempt, so that a transaction that runs again draws the same.
#[derive(Clone)]
struct Seeder {
    ctx: Ctx,
    /// The moment the world is seen from.
    now: Time,
    password_hash: String,
    bins: BinTable,
    world: World,
    staff: people::Staff,
    /// Agent ids and their users, in the order of [`names::AGENTS`].
    agents: Vec<(String, Actor)>,
    /// Model ids, in the order of [`names::MODELS`].
    models: Vec<String>,
    merchants: Vec<merchants::Known>,
    terminals: Vec<terminals::Known>,
}

impl Seeder {
    /// From here on `actor` acts at `time`, for this reason. Never later than the moment the world is seen from.
    fn act(&mut self, actor: &Actor, time: Time, why: &str) {
        self.ctx.actor = actor.clone();
        self.ctx.now = time.min(self.now);
        why.clone_into(&mut self.ctx.why);
    }

    /// So many days, and up to two hours more, ago.
    fn days_ago(&mut self, days: i64) -> Time {
        self.now - Duration::days(days) - Duration::millis(self.dice(7_200_000))
    }

    /// A number from 0 to `below - 1`.
    fn dice(&mut self, below: i64) -> i64 {
        i64::try_from(self.ctx.ids.below(u64::try_from(below).unwrap_or(0))).unwrap_or(0)
    }

    /// One of several.
    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.dice(i64::try_from(from.len()).unwrap_or(0));
        from.get(usize::try_from(index).unwrap_or(0))
    }

    /// The world, live terminals first.
    fn told(mut self) -> World {
        let (live, stopped): (Vec<_>, Vec<_>) = self
            .terminals
            .into_iter()
            .filter(|t| t.listed)
            .map(|t| t.told)
            .partition(|t| t.situation == "live");
        self.world.terminals_list = live.into_iter().chain(stopped).collect();
        self.world
    }
}

#[cfg(test)]
mod tests;
