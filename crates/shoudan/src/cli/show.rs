//! Tables and words on a terminal.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// As wide as a table gets where nothing says how wide it may be.
const WIDTH: u16 = 140;

/// Prints a line.
pub fn say(line: impl Display) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// An empty table with a header.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    if !std::io::stdout().is_terminal() {
        table.set_width(WIDTH);
    }
    table
}

/// A text of an answer, or nothing.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The rows of a list in an answer.
pub fn rows<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of texts, joined.
pub fn joined(value: &Value, name: &str) -> String {
    rows(value, name)
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A moment (milliseconds UTC) in the platform's zone, to the minute.
pub fn moment(value: &Value, name: &str) -> String {
    let zone = domain::time::Zone::default();
    let at = value
        .get(name)
        .and_then(Value::as_i64)
        .map(domain::time::Time::from_millis);
    at.map_or_else(String::new, |at| {
        let (hour, minute) = zone.clock(at);
        format!("{} {hour:02}:{minute:02}", zone.date(at))
    })
}

/// An answer as JSON for programs.
pub fn json(value: &Value) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(value)?)
}
