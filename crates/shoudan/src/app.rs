//! The running system as every face holds it: database, tables, keys, clock, and the one way to change or ask.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, bail};
use domain::calendar::Calendar;
use domain::catalog::Catalog;
use domain::ids::IdSource;
use domain::model::{self, Depth};
use domain::names::Lang;
use domain::time::{Date, Time, Zone};
use operations::key_module::KeyModule;
use operations::refused::{Done, Refused};
use operations::sealing::Sealer;
use operations::{Actor, Ctx, Platform};
use store::{Db, Tx, settings};
use tokio::sync::{Mutex, Semaphore};

use crate::clock::{Clock, Kind};
use crate::config::{Keys, read_catalog};
use crate::connectors::network::Connector;
use crate::jobs::Leases;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::portal::Institution;
use crate::tail::Tail;

/// How many passwords may be hashed at once: each takes 19 MiB.
const HASHING_AT_ONCE: usize = 4;

/// The last day on which a demonstration guesses working days by weekday.
const ASSUMED_UNTIL: (i16, u8, u8) = (2028, 12, 31);

/// How to open the system.
pub struct Options {
    /// The database's address.
    pub database: String,
    /// Where files of its own are kept; a demonstration only.
    pub data: Option<PathBuf>,
    /// The catalogue's directory; none: the shipped one.
    pub catalog: Option<PathBuf>,
    /// Which clock.
    pub clock: Kind,
    /// Where a frozen clock's ids start from.
    pub seed: u64,
    /// A demonstration: seeded world, simulators, working days assumed where no table is.
    pub demo: bool,
    /// The keys that seal.
    pub keys: Keys,
    /// Scheme and host people reach it by, e.g. `http://127.0.0.1:8080`.
    pub origin: String,
    /// Who runs this.
    pub institution: Institution,
}

/// The running system. Clones share everything.
#[derive(Clone)]
pub struct App(Arc<Inside>);

/// What an [`App`] shares.
pub struct Inside {
    /// The database.
    pub db: Db,
    /// Tables, calendar, zone, keys.
    pub platform: Platform,
    /// Time and chance.
    pub clock: Clock,
    /// A demonstration.
    pub demo: bool,
    /// Who runs this.
    pub institution: Institution,
    /// Scheme and host people reach it by.
    pub origin: String,
    /// Where files of its own are kept.
    pub data: Option<PathBuf>,
    /// What is counted.
    pub metrics: Metrics,
    /// How often one caller may ask what is open to anyone.
    pub limits: Limits,
    /// The line to the card network, once this process has one.
    pub(crate) network: OnceLock<Connector>,
    /// Payments that ended and are not folded yet.
    pub(crate) tail: Tail,
    /// Passwords are hashed under one of these permits.
    pub hashing: Semaphore,
    /// Held while the clock is being moved, and while a round of jobs runs.
    pub(crate) jobs_turn: Mutex<Leases>,
    /// Who seals and leads jobs: this process.
    pub(crate) node: String,
}

impl Deref for App {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl App {
    /// Opens the database, brings its schema up to date, reads tables and calendar. Blocks: not inside a task. A bad
    /// catalogue is refused with everything that is wrong with it.
    pub fn open(options: Options) -> anyhow::Result<Self> {
        let keys = options.keys.derived_module();
        Self::open_with(options, keys)
    }

    /// The same with a key module of its own; [`App::open`] takes the one in this process.
    pub fn open_with(options: Options, keys: KeyModule) -> anyhow::Result<Self> {
        let catalog = load_catalog(options.catalog.as_ref())?;
        let calendar = calendar(options.catalog.as_ref(), options.demo)?;
        let config = store::Config::from_url(&options.database)?;
        let db = Db::open(&config).context("the database could not be opened")?;
        db.migrate(store::schema::MIGRATIONS)
            .context("the database's schema could not be brought up to date")?;
        for weakness in db.weaknesses() {
            tracing::warn!("the database may lose commits when the machine fails: {weakness}");
        }
        let (offset, start) = db.write(begin).wait()?;
        let platform = Platform {
            catalog: Arc::new(catalog),
            calendar: Arc::new(calendar),
            zone: Zone::default(),
            sealer: Arc::new(Sealer::new(*options.keys.data.expose(), *options.keys.index.expose())),
            keys: Arc::new(keys),
        };
        Ok(Self(Arc::new(Inside {
            db,
            platform,
            clock: Clock::new(
                options.clock,
                options.seed,
                start,
                if options.clock == Kind::Machine { 0 } else { offset },
            ),
            demo: options.demo,
            institution: options.institution,
            origin: options.origin,
            data: options.data,
            metrics: Metrics::default(),
            limits: Limits::default(),
            network: OnceLock::new(),
            tail: Tail::default(),
            hashing: Semaphore::new(HASHING_AT_ONCE),
            jobs_turn: Mutex::new(Leases::default()),
            // Under a clock that stands still the lease of the process before would never run out.
            node: if options.clock == Kind::Frozen {
                "node:test".to_owned()
            } else {
                format!("node:{start}")
            },
        })))
    }

    /// The platform's time.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The context of a call. Its ids are drawn by [`App::write`]; a question has none.
    pub fn ctx(&self, actor: Actor, lang: Lang, why: impl Into<String>) -> Ctx {
        Ctx {
            platform: self.platform.clone(),
            actor,
            why: why.into(),
            now: self.now(),
            ids: IdSource::seeded(0),
            lang,
        }
    }

    /// Carries out a change: kept whole, or not at all. It sees the payments that had ended before.
    pub async fn write<T, F>(&self, ctx: Ctx, change: F) -> Done<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        self.tail.settled().await;
        self.write_unsettled(ctx, change).await
    }

    /// As [`App::write`], of a change that looks at no payments, or folds those that it looks at. On a clock that stands
    /// still it waits all the same, so that the same steps draw the same ids.
    pub async fn write_unsettled<T, F>(&self, mut ctx: Ctx, change: F) -> Done<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        if self.clock.frozen() {
            self.tail.settled().await;
        }
        ctx.ids = self.clock.ids();
        self.db.write(move |tx| change(tx, &mut ctx.clone())).await
    }

    /// Asks a question over one consistent picture of the data, in which are the payments that had ended before.
    pub async fn read<T, F>(&self, ctx: Ctx, question: F) -> Done<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        self.tail.settled().await;
        self.read_unsettled(ctx, question).await
    }

    /// As [`App::read`], of a question that is not about payments, or looks for them in the journal too.
    pub async fn read_unsettled<T, F>(&self, mut ctx: Ctx, question: F) -> Done<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        self.db.read(move |tx| question(tx, &mut ctx)).await
    }

    /// Whether people reach it by an encrypted connection.
    pub fn https(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// The setting that counts how often this data was started.
pub(crate) const STARTS: &str = "platform.starts";

/// The durable offset of the clock, and how often this data was started before.
fn begin(tx: &mut Tx<'_>) -> Done<(i64, u64)> {
    let offset = operations::test_clock::offset(tx)?;
    let before = settings::get(tx, STARTS)?;
    let starts: u64 = before.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    if !settings::replace(tx, STARTS, before.as_deref(), &(starts + 1).to_string())? {
        return Err(Refused::conflict(
            "platform",
            "start",
            domain::text!(
                "另一进程同时启动，请重新启动",
                "another process started at the same moment; start again"
            ),
        ));
    }
    Ok((offset, starts))
}

/// The catalogue of a directory, or the shipped one; all that is wrong with it at once.
pub(crate) fn load_catalog(directory: Option<&PathBuf>) -> anyhow::Result<Catalog> {
    let loaded = match directory {
        None => Catalog::embedded(),
        Some(directory) => Catalog::load(&read_catalog(directory)?),
    };
    let catalog = loaded.map_err(|problems| refused_catalog(&problems))?;
    if directory.is_some() {
        // The shipped one is proved by the tests; an institution's own before it rules anything.
        let report = model::check(&catalog, Depth::Pairs);
        if !report.findings.is_empty() {
            return Err(refused_catalog(&report.findings));
        }
    }
    Ok(catalog)
}

fn refused_catalog<P: ToString>(problems: &[P]) -> anyhow::Error {
    let listed: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow::anyhow!(
        "the catalogue is refused, {} problem(s):\n  {}",
        problems.len(),
        listed.join("\n  ")
    )
}

/// The working-day table beside the catalogue, or the shipped one.
pub(crate) fn calendar(directory: Option<&PathBuf>, demo: bool) -> anyhow::Result<Calendar> {
    let own = directory.map(|d| d.join("calendar.csv")).filter(|path| path.exists());
    let text = match own {
        Some(path) => std::fs::read_to_string(&path).with_context(|| path.display().to_string())?,
        None => match domain::catalog::EMBEDDED
            .iter()
            .find(|(name, _)| *name == "calendar.csv")
        {
            Some((_, text)) => (*text).to_owned(),
            None => bail!("the working-day calendar is not part of this build"),
        },
    };
    let calendar = Calendar::parse(&text)?;
    if !demo {
        return Ok(calendar);
    }
    let (year, month, day) = ASSUMED_UNTIL;
    Ok(calendar.assume_weekdays(Date::new(year, month, day)?))
}
