//! Commands that ask a server one thing: the clock, a trigger, the invariants.

use std::process::ExitCode;
use std::sync::Arc;

use domain::time::Span;
use operations::check::{self, INVARIANTS, Violation};
use operations::refused::Done;
use serde_json::{Value, json};
use store::{Config, Db};

use super::client::Server;
use super::show::{self, joined, say, table, text};
use crate::clock::{Clock, Kind, START};

/// `clock show`.
pub fn clock(server: &Server) -> anyhow::Result<ExitCode> {
    shown_clock(server, &server.get("/v1/test/clock", &[])?)
}

/// `clock advance SPAN`.
pub fn advance(server: &Server, span: &str) -> anyhow::Result<ExitCode> {
    let span = match Span::parse_typed(span) {
        Ok(span) => span,
        Err(wrong) => {
            eprintln!("shoudan: {wrong}");
            return Ok(ExitCode::from(2));
        }
    };
    shown_clock(
        server,
        &server.post("/v1/test/clock", &json!({ "advance": span.to_string() }))?,
    )
}

fn shown_clock(server: &Server, clock: &Value) -> anyhow::Result<ExitCode> {
    if server.json {
        show::json(clock)?;
    } else {
        let still = clock.get("frozen").and_then(Value::as_bool) == Some(true);
        say(format_args!(
            "{}{}",
            text(clock, "local"),
            if still { "  (stands still)" } else { "" }
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `trigger REASON --terminal N`.
pub fn trigger(server: &Server, reason: &str, terminal: &str, restore: bool) -> anyhow::Result<ExitCode> {
    let body = json!({ "reason": reason, "terminal": terminal, "restore": restore });
    let done = server.post("/v1/test/trigger", &body)?;
    if server.json {
        show::json(&done)?;
    } else {
        let what = if restore { "brought back from" } else { "brought under" };
        say(format_args!("{terminal} {what} {reason}: {}", joined(&done, "did")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `check`: 1 if anything does not hold.
pub fn check(server: &Server, database: Option<&str>) -> anyhow::Result<ExitCode> {
    let found = match database {
        Some(url) => {
            let (violations, notes) = directly(url)?;
            json!({ "checked": INVARIANTS.len(), "violations": violations, "notes": notes })
        }
        None => server.get("/v1/check", &[])?,
    };
    let violations = show::rows(&found, "violations");
    if server.json {
        show::json(&found)?;
    } else if violations.is_empty() {
        say(format_args!(
            "{} rules checked; all hold",
            found.get("checked").and_then(Value::as_u64).unwrap_or(0)
        ))?;
    } else {
        let mut shown = table(["rule", "where", "expected", "found"]);
        for violation in violations {
            shown.add_row([
                text(violation, "invariant"),
                text(violation, "key"),
                text(violation, "expected"),
                text(violation, "found"),
            ]);
        }
        say(format_args!("{shown}\n{} violation(s)", violations.len()))?;
    }
    if !server.json {
        for note in show::rows(&found, "notes").iter().filter_map(Value::as_str) {
            say(format_args!("note: {note}"))?;
        }
    }
    Ok(if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Runs the checker on a database. Nothing sealed is opened, so no keys are needed.
fn directly(url: &str) -> anyhow::Result<(Vec<Violation>, Vec<String>)> {
    let db = Db::open(&Config::from_url(url)?)?;
    let offset = db
        .read(|tx| -> Done<i64> { operations::test_clock::offset(tx) })
        .wait()?;
    // A test clock's data may lie ahead of the machine's time; judge it by the later of the two.
    let frozen = Clock::new(Kind::Frozen, 0, 0, offset).now();
    let now = Clock::new(Kind::Movable, 0, 0, offset)
        .now()
        .max(if offset > 0 { frozen } else { START.min(frozen) });
    let platform = operations::Platform {
        catalog: Arc::new(crate::app::load_catalog(None)?),
        calendar: Arc::new(crate::app::calendar(None, true)?),
        zone: domain::time::Zone::default(),
        sealer: Arc::new(operations::sealing::Sealer::new([0; 32], [0; 32])),
        keys: Arc::new(operations::key_module::KeyModule::Absent),
    };
    let question = move |tx: &mut store::Tx<'_>| -> Done<_> {
        let violations = check::check(tx, &platform, now)?;
        Ok((violations, operations::reversals::note(tx, now)?.into_iter().collect()))
    };
    Ok(db.read(question).wait()?)
}
