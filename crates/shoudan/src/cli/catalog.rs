//! `shoudan catalog`: proving a catalogue sound, and reading it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use domain::catalog::Catalog;
use domain::model::{self, Depth};
use domain::names::Lang;
use serde_json::json;

use super::show::{self, say, table};
use crate::config::read_catalog;
use crate::gateway::Profiles;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Why something may be stopped.
    Reasons,
    /// What brings it back.
    Steps,
    /// What can be stopped.
    Capabilities,
}

/// How far the model checker goes, in words.
const DEPTHS: [(Depth, &str); 3] = [
    (Depth::Singles, "each condition alone"),
    (Depth::Pairs, "and every pair"),
    (Depth::Everything, "and every combination of stages"),
];

/// `catalog check [DIR]`: loads, then explores. 1 with findings.
pub fn check(directory: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let loaded = match directory {
        None => Catalog::embedded(),
        Some(directory) => Catalog::load(&read_catalog(directory)?),
    };
    let mut lines = match Profiles::load(directory) {
        Ok(_) => Vec::new(),
        Err(problem) => vec![problem.to_string()],
    };
    let catalog = match loaded {
        Ok(catalog) if lines.is_empty() => catalog,
        loaded => {
            let problems = loaded.err().unwrap_or_default();
            lines.extend(problems.iter().map(ToString::to_string));
            if as_json {
                show::json(&json!({ "sound": false, "problems": lines, "findings": [] }))?;
            } else {
                say(format_args!(
                    "{}\n{} problem(s); the model was not explored",
                    lines.join("\n"),
                    lines.len()
                ))?;
            }
            return Ok(ExitCode::from(1));
        }
    };
    if !as_json {
        let (reasons, steps) = (catalog.reasons.len(), catalog.steps.len());
        say(format_args!(
            "loaded: {reasons} reasons, {steps} steps, {} capabilities, {} stages",
            catalog.capabilities.len(),
            catalog.stages.len()
        ))?;
    }
    let mut report = model::Report::default();
    for (depth, words) in DEPTHS {
        let started = Instant::now();
        report = model::check(&catalog, depth);
        if !as_json {
            say(format_args!(
                "{words}: {} worlds, {} steps carried out, {} ms",
                report.worlds,
                report.steps,
                started.elapsed().as_millis()
            ))?;
        }
        if !report.findings.is_empty() {
            break;
        }
    }
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let sound = findings.is_empty();
    if as_json {
        show::json(&json!({
            "sound": sound, "problems": [], "findings": findings, "worlds": report.worlds, "steps": report.steps,
        }))?;
    } else if sound {
        say(format_args!(
            "sound: from every one of them the plan leads back, or ends in an appeal"
        ))?;
    } else {
        say(format_args!("{}\n{} finding(s)", findings.join("\n"), findings.len()))?;
    }
    Ok(ExitCode::from(u8::from(!sound)))
}

/// `catalog list`.
pub fn list(what: Listed, zh: bool) -> anyhow::Result<ExitCode> {
    let catalog = crate::app::load_catalog(None)?;
    let lang = if zh { Lang::Zh } else { Lang::En };
    let shown = match what {
        Listed::Reasons => {
            let mut shown = table(["reason", "on", "F39", "title", "first way out"]);
            for reason in catalog.reasons.values() {
                let way = reason
                    .ways_out
                    .first()
                    .map(|steps| steps.join(" → "))
                    .unwrap_or_default();
                shown.add_row([
                    reason.code.as_str(),
                    reason.subject.code(),
                    reason.response_code.as_deref().unwrap_or("–"),
                    &reason.texts(lang).title,
                    if reason.r#final { "final" } else { &way },
                ]);
            }
            shown
        }
        Listed::Steps => {
            let mut shown = table(["step", "about", "title", "asks for"]);
            for step in catalog.steps.values() {
                let asks = [step.documents.join(", "), step.fields.join(", ")].join(" ");
                shown.add_row([
                    step.code.as_str(),
                    step.subject.code(),
                    &step.texts(lang).title,
                    asks.trim(),
                ]);
            }
            shown
        }
        Listed::Capabilities => {
            let mut shown = table(["capability", "name", "may be stopped"]);
            for row in catalog.capabilities.values() {
                shown.add_row([
                    row.code.as_str(),
                    row.name.get(lang),
                    if row.always { "never" } else { "yes" },
                ]);
            }
            shown
        }
    };
    say(format_args!("{shown}"))?;
    Ok(ExitCode::SUCCESS)
}
