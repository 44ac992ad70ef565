//! `shoudan explain`: the same explanation the page shows.

use std::process::ExitCode;

use domain::ids::{ExplanationCode, MerchantNumber, TerminalNumber};
use serde_json::Value;

use super::client::{Refusal, Server};
use super::show::{joined, json, moment, rows, say, table, text};

/// Asks about a code, terminal, serial or merchant, whichever the text can be.
pub fn explain(server: &Server, subject: &str, capability: Option<&str>, at: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut found = None;
    let candidates = kinds(subject);
    for (i, kind) in candidates.iter().enumerate() {
        let mut query = vec![(*kind, subject)];
        query.extend(capability.map(|code| ("capability", code)));
        query.extend(at.map(|at| ("at", at)));
        match server.get("/v1/explanations", &query) {
            Ok(explanation) => {
                found = Some(explanation);
                break;
            }
            // It may be another kind of name.
            Err(error) if i + 1 < candidates.len() && is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let explanation = found.unwrap_or_default();
    if server.json {
        json(&explanation)?;
    } else {
        print(&explanation)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn is_missing(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Refusal>()
        .is_some_and(|refusal| refusal.status == 404)
}

/// The query parameters a text can be meant for, the likeliest first.
fn kinds(subject: &str) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    if ExplanationCode::parse(subject).is_ok() {
        kinds.push("code");
    }
    if MerchantNumber::parse(subject).is_ok() || subject.starts_with("mch_") {
        kinds.push("merchant");
    }
    if TerminalNumber::parse(subject).is_ok() {
        kinds.push("terminal");
    }
    kinds.push("serial");
    kinds
}

fn print(explanation: &Value) -> anyhow::Result<()> {
    say(format_args!("{}\n", text(explanation, "headline")))?;
    let (works, not): (Vec<&Value>, Vec<&Value>) = rows(explanation, "capabilities")
        .iter()
        .partition(|c| c.get("works").and_then(Value::as_bool) == Some(true));
    let names = |list: &[&Value]| list.iter().map(|c| text(c, "name")).collect::<Vec<_>>().join(", ");
    if !not.is_empty() {
        say(format_args!("  ✗ {}", names(&not)))?;
    }
    say(format_args!("  ✓ {}", names(&works)))?;
    causes(explanation, "causes")?;
    causes(explanation, "warnings")?;
    plan(explanation)?;
    if let Some(code) = explanation.get("explanation_code").and_then(Value::as_str) {
        say(format_args!("\n  {code}"))?;
    }
    Ok(())
}

fn causes(explanation: &Value, name: &str) -> anyhow::Result<()> {
    let causes = rows(explanation, name);
    if causes.is_empty() {
        return Ok(());
    }
    let mut shown = table([
        if name == "causes" { "cause" } else { "coming" },
        "since",
        "blocks",
        "waiting on",
        "by",
    ]);
    for cause in causes {
        let ends = cause.get("final").and_then(Value::as_bool) == Some(true);
        let waiting = if ends { "final" } else { text(cause, "waiting_on") };
        shown.add_row([
            format!("{}\n{}", text(cause, "title"), text(cause, "reason")),
            moment(cause, "since"),
            joined(cause, "blocks"),
            waiting.to_owned(),
            moment(cause, "promise_by"),
        ]);
    }
    say(format_args!("\n{shown}"))
}

fn plan(explanation: &Value) -> anyhow::Result<()> {
    let steps = explanation.get("plan").map_or(&[][..], |plan| rows(plan, "steps"));
    if steps.is_empty() {
        return Ok(());
    }
    let mut shown = table(["", "step", "who", "state", "by"]);
    for (n, step) in steps.iter().enumerate() {
        shown.add_row([
            (n + 1).to_string(),
            text(step, "title").to_owned(),
            text(step, "actor_name").to_owned(),
            text(step, "state").to_owned(),
            moment(step, "promise_by"),
        ]);
    }
    say(format_args!("\n{shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_about_as_what_it_can_be() {
        assert_eq!(kinds("7K3-M9Q"), ["code", "serial"]);
        assert_eq!(kinds("10000001"), ["terminal", "serial"]);
        assert_eq!(kinds("mch_01"), ["merchant", "serial"]);
    }
}
