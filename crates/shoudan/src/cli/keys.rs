//! `shoudan keys`: what an operator does with the key module, beside the server and with its settings.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use domain::names::Lang;
use domain::time::Zone;
use operations::key_module::token::Token;
use operations::sealing::Sealer;
use operations::{Actor, Ctx, Platform, keys};
use store::{Db, settings};

use super::show::say;
use crate::app::{STARTS, calendar, load_catalog};
use crate::clock::{Clock, Kind};
use crate::config;
use crate::keys_config::sealed_zone;

/// What to do.
#[derive(Subcommand)]
pub enum Keys {
    /// Make the master key that the settings name, inside the token.
    MakeMaster {
        /// The settings of `shoudan serve`.
        #[arg(long)]
        config: PathBuf,
    },
    /// Seal the network's PIN key: reads it in clear from standard input, prints what `keys.zone` takes.
    SealZone {
        /// The settings of `shoudan serve`.
        #[arg(long)]
        config: PathBuf,
    },
    /// Put every stored key under the current master key, and print the zone key for its file. May be broken off and run
    /// again.
    Rewrap {
        /// The settings of `shoudan serve`; they name the new master key, and the old one under `earlier`.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Keys moved in one transaction.
const AT_ONCE: i64 = 200;

/// Does it.
pub fn keys(asked: &Keys) -> anyhow::Result<ExitCode> {
    match asked {
        Keys::MakeMaster { config } => make_master(config),
        Keys::SealZone { config } => seal_zone(config),
        Keys::Rewrap { config } => rewrap(config),
    }
}

fn make_master(path: &Path) -> anyhow::Result<ExitCode> {
    let config = config::read(path)?;
    let Some(token) = &config.keys.pkcs11 else {
        bail!("the settings name no token: describe it in [keys.pkcs11]");
    };
    let settings = token.settings(config.profile)?;
    Token::make_master(&settings)?;
    say(format_args!("the token holds the master key «{}»", settings.master))?;
    Ok(ExitCode::SUCCESS)
}

fn seal_zone(path: &Path) -> anyhow::Result<ExitCode> {
    let config = config::read(path)?;
    let module = config.keys.module(config.profile)?;
    let mut clear = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut clear).context("standard input")?;
    let mut ids = Clock::new(Kind::Machine, 0, 0, 0).ids();
    say(format_args!("{}", sealed_zone(&module, &clear, &mut ids)?))?;
    Ok(ExitCode::SUCCESS)
}

fn rewrap(path: &Path) -> anyhow::Result<ExitCode> {
    let config = config::read(path)?;
    let database = config
        .database
        .clone()
        .or_else(|| std::env::var("SHOUDAN_DATABASE").ok());
    let database = database.context("there is no database: name it in database, or in SHOUDAN_DATABASE")?;
    if let Some(file) = database
        .strip_prefix("sqlite:")
        .filter(|file| !Path::new(file).exists())
    {
        bail!("there is no database at {file}: start the server on it first");
    }
    let sealing = config.keys.read()?;
    let platform = Platform {
        catalog: Arc::new(load_catalog(config.catalog.as_ref())?),
        calendar: Arc::new(calendar(config.catalog.as_ref(), false)?),
        zone: Zone::default(),
        sealer: Arc::new(Sealer::new(*sealing.data.expose(), *sealing.index.expose())),
        keys: Arc::new(config.keys.module(config.profile)?),
    };
    let db = Db::open(&store::Config::from_url(&database)?).context("the database could not be opened")?;
    let clock = Clock::new(Kind::Machine, 0, 0, 0);
    let started = db.read(|tx| settings::get(tx, STARTS)).wait();
    if !matches!(started, Ok(Some(_))) {
        bail!("no server was ever started on this database, so there is nothing to move: is it the right one?");
    }
    let mut after = Some((String::new(), String::new(), String::new()));
    let mut moved = 0;
    while let Some(from) = after.take() {
        let ctx = Ctx {
            platform: platform.clone(),
            actor: Actor::system("cli"),
            why: "shoudan keys rewrap".to_owned(),
            now: clock.now(),
            ids: clock.ids(),
            lang: Lang::En,
        };
        let done = db.write(move |tx| keys::rewrap(tx, &mut ctx.clone(), (&from.0, &from.1, &from.2), AT_ONCE));
        let done = done.wait().map_err(|refused| anyhow!("{refused}"))?;
        moved += done.moved;
        after = done.next;
    }
    say(format_args!(
        "{moved} keys moved; every stored key stands under the current master key"
    ))?;
    // The zone key lies outside the database; whoever keeps its file puts the new block there.
    if let Some(block) = config.keys.rewrapped_zone(&platform.keys, &mut clock.ids())? {
        say(format_args!("the zone key again, for keys.zone: {block}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
