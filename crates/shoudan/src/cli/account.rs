//! `shoudan account`: the first account of an installation, made by whoever holds its database and its keys.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use domain::names::Lang;
use domain::secret::{Secret, SecretString};
use domain::time::Zone;
use operations::people::{self, NewUser};
use operations::refused::{FieldError, Refused};
use operations::sealing::Sealer;
use operations::{Actor, Ctx, Platform};
use store::Db;

use super::client::language;
use super::show::say;
use crate::app::{calendar, load_catalog};
use crate::clock::{Clock, Kind};
use crate::config::{self, KeyFiles};

/// What an account is to be.
#[derive(Args)]
pub struct Add {
    /// The settings of `shoudan serve`: they name the database, the keys and the catalogue.
    #[arg(long, required_unless_present = "database")]
    config: Option<PathBuf>,
    /// The database instead: `sqlite:PATH` or `postgres://…`; the keys come from the settings or the environment.
    #[arg(long)]
    database: Option<String>,
    /// What the person logs in with.
    #[arg(long)]
    login: String,
    /// `administrator`, `desk`, `reviewer`, `risk`, `finance`, `devices`, `auditor`; the roles of roles.toml.
    #[arg(long)]
    role: String,
    /// What the person is called.
    #[arg(long)]
    name: String,
    /// Read the password from standard input without asking for it.
    #[arg(long)]
    password_stdin: bool,
}

/// Makes the account. Whoever may run this holds the keys already, so it acts as the system, and the audit log says so.
pub fn add(asked: &Add) -> anyhow::Result<ExitCode> {
    let (db, platform) = open(asked)?;
    let role = platform.catalog.roles.get(&asked.role);
    let staff = role.is_some_and(|role| role.staff);
    let password = password(asked.password_stdin)?;
    let clock = Clock::new(Kind::Machine, 0, 0, 0);
    let mut ids = clock.ids();
    let password_hash = people::hash_password(password.expose(), ids.bytes()).map_err(plainly)?;
    let secret: Option<[u8; 20]> = staff.then(|| ids.bytes());
    let ctx = Ctx {
        platform,
        actor: Actor::system("cli"),
        why: "shoudan account add".to_owned(),
        now: clock.now(),
        ids,
        lang: if language() == "zh" { Lang::Zh } else { Lang::En },
    };
    let (login, name, role) = (asked.login.clone(), asked.name.clone(), asked.role.clone());
    let made = db
        .write(move |tx| {
            let new = NewUser {
                login: &login,
                display_name: &name,
                role: &role,
                merchant: "-",
                agent: "-",
                person: None,
                password_hash: &password_hash,
                totp_secret: secret.map(|bytes| Secret::new(bytes.to_vec())),
            };
            people::create_user(tx, &mut ctx.clone(), new)
        })
        .wait();
    made.map_err(plainly)?;
    say(format_args!("{} ({}) can log in", asked.login, asked.role))?;
    if let Some(secret) = secret {
        let text = people::totp_secret_text(&secret);
        say(format_args!(
            "second factor, shown this once; type it into an authenticator: {text}"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The database, its schema up to date, with the tables and keys of the settings.
fn open(asked: &Add) -> anyhow::Result<(Db, Platform)> {
    let config = asked.config.as_deref().map(config::read).transpose()?;
    let named = config.as_ref().and_then(|config| config.database.clone());
    let database = asked.database.clone().or(named);
    let database = database.or_else(|| std::env::var("SHOUDAN_DATABASE").ok());
    let database = database.context("there is no database: name it in database, or in SHOUDAN_DATABASE")?;
    let keys = match &config {
        Some(config) => config.keys.read()?,
        None => KeyFiles::default().read()?,
    };
    let directory = config.and_then(|config| config.catalog);
    let platform = Platform {
        catalog: Arc::new(load_catalog(directory.as_ref())?),
        calendar: Arc::new(calendar(directory.as_ref(), false)?),
        zone: Zone::default(),
        sealer: Arc::new(Sealer::new(*keys.data.expose(), *keys.index.expose())),
        keys: Arc::new(operations::key_module::KeyModule::Absent),
    };
    let db = Db::open(&store::Config::from_url(&database)?).context("the database could not be opened")?;
    db.migrate(store::schema::MIGRATIONS)
        .context("the database's schema could not be brought up to date")?;
    Ok((db, platform))
}

/// The password: one line of standard input, asked for twice and not echoed where a person types it.
fn password(silently: bool) -> anyhow::Result<SecretString> {
    if silently || !std::io::stdin().is_terminal() {
        return line();
    }
    let _quiet = Unechoed::begin();
    eprint!("password: ");
    let first = line()?;
    eprint!("\nonce more: ");
    let second = line()?;
    eprintln!();
    if first.expose() != second.expose() {
        bail!("the two passwords differ");
    }
    Ok(first)
}

fn line() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin().read_line(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password was given");
    }
    Ok(SecretString::new(password))
}

/// While it lives the terminal does not show what is typed. Where `stty` is missing it does.
struct Unechoed;

impl Unechoed {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Unechoed {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(mode: &str) {
    // Its failure changes what is seen, not what is done.
    let _ = Command::new("stty").arg(mode).status();
}

/// A refusal in the words of whoever typed: everything that is wrong, field by field.
fn plainly(refused: Refused) -> anyhow::Error {
    let Refused::Invalid(wrong) = refused else {
        return refused.into();
    };
    let said = |error: &FieldError| {
        let words = if language() == "zh" { &error.zh } else { &error.en };
        format!("{}: {words}", error.field)
    };
    anyhow!(wrong.iter().map(said).collect::<Vec<_>>().join("\n"))
}
