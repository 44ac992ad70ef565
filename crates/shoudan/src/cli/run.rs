//! Starting and stopping the server.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Demo, WhichClock};
use crate::app::{App, Options};
use crate::clock::{Kind, entropy};
use crate::config::{self, demo_keys};
use crate::portal::sample::HOUSE;
use crate::{jobs, serve as http};

/// The demonstration: the seeded world, every simulator, and a clock that may be moved.
pub fn demo(asked: &Demo) -> anyhow::Result<ExitCode> {
    log("warn");
    fs::create_dir_all(&asked.data).with_context(|| asked.data.display().to_string())?;
    let database = asked.database.clone().unwrap_or_else(|| format!("sqlite:{}", asked.data.join("shoudan.db").display()));
    let app = App::open(Options {
        database,
        data: Some(asked.data.clone()),
        catalog: None,
        clock: if asked.clock == WhichClock::Test { Kind::Frozen } else { Kind::Movable },
        seed: asked.seed,
        demo: true,
        keys: demo_keys(&asked.data, entropy)?,
        origin: format!("http://{}", asked.http),
        institution: HOUSE,
    })?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind(asked.http).await.with_context(|| format!("HTTP cannot listen on {}", asked.http))?;
        let jobs = tokio::spawn(jobs::run(app.clone()));
        ready(asked.quiet, || format!("Pages and API  http://{}\n", asked.http))?;
        http::serve(&app, listener, stop()?).await?;
        jobs.abort();
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The production form.
pub fn serve(path: &Path) -> anyhow::Result<ExitCode> {
    log("info");
    let config = config::read(path)?;
    let database = config.database.clone().or_else(|| std::env::var("SHOUDAN_DATABASE").ok());
    let app = App::open(Options {
        database: database.context("there is no database: name it in database, or in SHOUDAN_DATABASE")?,
        data: None,
        catalog: config.catalog.clone(),
        clock: Kind::Machine,
        seed: 0,
        demo: false,
        keys: config.keys.read()?,
        origin: config.origin.clone(),
        institution: config.institution.institution(),
    })?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind(config.http).await.with_context(|| format!("HTTP cannot listen on {}", config.http))?;
        let jobs = tokio::spawn(jobs::run(app.clone()));
        ready(false, || format!("HTTP {} · terminals {}\n", config.http, config.terminals))?;
        http::serve(&app, listener, stop()?).await?;
        jobs.abort();
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Log lines go to standard error; `SHOUDAN_LOG` says which (`error`, `warn`, `info`, `debug`, `trace`).
fn log(default: &str) {
    let wanted = std::env::var("SHOUDAN_LOG").unwrap_or_else(|_| default.to_owned());
    let level = wanted.parse().unwrap_or(tracing::Level::WARN);
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_max_level(level).with_ansi(colour).with_writer(std::io::stderr).init();
}

/// Says what there is, then the line that programs wait for.
fn ready(quiet: bool, words: impl FnOnce() -> String) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if !quiet {
        out.write_all(words().as_bytes())?;
    }
    out.write_all(b"ready\n")?;
    Ok(out.flush()?)
}

/// Ends when the process is asked to end: SIGTERM, or Ctrl-C.
fn stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
