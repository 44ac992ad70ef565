//! What is counted, in the text form that Prometheus reads. Few numbers, each one that somebody acts on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::QueueStats;

use crate::connectors::network::{Position, Standing};

/// A counter's name, help and label names.
struct Family {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
}

/// HTTP requests by class of route and status.
const HTTP: usize = 0;
/// Seconds spent in them, in microseconds here.
const HTTP_TIME: usize = 1;
/// Messages of terminals by kind and answer.
const GATEWAY: usize = 2;
/// Background rounds by job and outcome.
const JOBS: usize = 3;

const FAMILIES: [Family; 4] = [
    Family {
        name: "shoudan_http_requests_total",
        help: "HTTP requests.",
        labels: &["class", "status"],
    },
    Family {
        name: "shoudan_http_microseconds_total",
        help: "Time spent on HTTP requests.",
        labels: &["class"],
    },
    Family {
        name: "shoudan_gateway_messages_total",
        help: "Messages of terminals.",
        labels: &["kind", "answer"],
    },
    Family {
        name: "shoudan_jobs_total",
        help: "Rounds of background jobs.",
        labels: &["job", "outcome"],
    },
];

/// The counters of this process.
#[derive(Default)]
pub struct Metrics {
    counts: Mutex<[BTreeMap<Vec<String>, u64>; 4]>,
    calls: AtomicU64,
}

impl Metrics {
    fn add(&self, family: usize, labels: &[&str], by: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = counts.get_mut(family) {
            let key = labels.iter().map(|&label| label.to_owned()).collect();
            *family.entry(key).or_default() += by;
        }
    }

    /// The id of the next call to this node, under which it is found in the log.
    pub fn next_call(&self, node: &str) -> String {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        format!("call_{}_{number}", node.trim_start_matches("node:"))
    }

    /// An HTTP request was answered. `class` is one of few: `page`, `api`, `asset`, `health`.
    pub fn http(&self, class: &str, status: u16, took: Duration) {
        self.add(HTTP, &[class, &status.to_string()], 1);
        self.add(HTTP_TIME, &[class], u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A terminal's message was answered: its kind (`sale`, `sign_in` …) and F39, or what happened instead.
    pub fn gateway(&self, kind: &str, answer: &str) {
        self.add(GATEWAY, &[kind, answer], 1);
    }

    /// A background job ran: `idle`, `worked` or `failed`.
    pub fn job(&self, job: &str, outcome: &str) {
        self.add(JOBS, &[job, outcome], 1);
    }

    /// Everything, with gauges the caller knows (name, help, value), what the database's lines have seen, and the line to
    /// the card network where this process has one.
    pub fn text(
        &self,
        gauges: &[(&str, &str, i64)],
        database: &store::Stats,
        network: Option<(Standing, Vec<(&str, u64)>)>,
    ) -> String {
        let mut out = String::new();
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (family, rows) in FAMILIES.iter().zip(counts.iter()) {
            // Writing into a String cannot fail.
            let _ = writeln!(out, "# HELP {} {}\n# TYPE {0} counter", family.name, family.help);
            for (values, count) in rows {
                let labels: Vec<String> = family
                    .labels
                    .iter()
                    .zip(values)
                    .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                    .collect();
                let _ = writeln!(out, "{}{{{}}} {count}", family.name, labels.join(","));
            }
        }
        for (name, help, value) in gauges {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        lines(&mut out, database);
        if let Some((standing, counts)) = network {
            upstream(&mut out, standing, &counts);
        }
        out
    }
}

/// Where the breaker can stand, by name.
const POSITIONS: [(Position, &str); 3] = [
    (Position::Closed, "closed"),
    (Position::HalfOpen, "half_open"),
    (Position::Open, "open"),
];

/// The line to the card network: what has become of calls and connections, and how it stands.
fn upstream(out: &mut String, standing: Standing, counts: &[(&str, u64)]) {
    let name = "shoudan_network_events_total";
    let _ = writeln!(
        out,
        "# HELP {name} What happened on the line to the card network: calls asked and how they ended, connections, echoes.\n\
         # TYPE {name} counter"
    );
    for (event, count) in counts {
        let _ = writeln!(out, "{name}{{event=\"{event}\"}} {count}");
    }
    let gauges = [
        (
            "shoudan_network_connections",
            "Connections to the card network that are open.",
            standing.connected,
        ),
        (
            "shoudan_network_calls_under_way",
            "Calls to the card network that wait for an answer.",
            standing.under_way,
        ),
    ];
    for (name, help, value) in gauges {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    let name = "shoudan_network_breaker";
    let _ = writeln!(
        out,
        "# HELP {name} Where the breaker stands: 1 at one position.\n# TYPE {name} gauge"
    );
    for (position, word) in POSITIONS {
        let here = u8::from(position == standing.breaker);
        let _ = writeln!(out, "{name}{{position=\"{word}\"}} {here}");
    }
}

/// One figure of a line of work.
type Count = fn(&QueueStats) -> u64;

/// The lines of work before the database: how long they are, whom they turned away, and how many jobs one commit (or
/// one picture of the data) served.
fn lines(out: &mut String, database: &store::Stats) {
    let both = [("write", &database.writes), ("read", &database.reads)];
    let counts: [(&str, &str, &str, Count); 2] = [
        (
            "shoudan_database_waiting",
            "gauge",
            "Jobs in line for the database.",
            |s| s.waiting,
        ),
        (
            "shoudan_database_refused_total",
            "counter",
            "Jobs turned away because the line was full.",
            |s| s.refused,
        ),
    ];
    for (name, kind, help, count) in counts {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (line, stats) in both {
            let _ = writeln!(out, "{name}{{line=\"{line}\"}} {}", count(stats));
        }
    }
    let name = "shoudan_database_batch_jobs";
    let _ = writeln!(out, "# HELP {name} Jobs taken together.\n# TYPE {name} histogram");
    for (line, stats) in both {
        let mut so_far = 0;
        let sizes = store::BATCHES.iter().map(u64::to_string).chain(["+Inf".to_owned()]);
        for (size, batches) in sizes.zip(stats.batches) {
            so_far += batches;
            let _ = writeln!(out, "{name}_bucket{{line=\"{line}\",le=\"{size}\"}} {so_far}");
        }
        let _ = writeln!(out, "{name}_sum{{line=\"{line}\"}} {}", stats.taken);
        let _ = writeln!(out, "{name}_count{{line=\"{line}\"}} {so_far}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_per_label() {
        let metrics = Metrics::default();
        metrics.gateway("sale", "00");
        metrics.gateway("sale", "00");
        metrics.gateway("sale", "97");
        let mut database = store::Stats::default();
        database.writes.waiting = 7;
        database.writes.taken = 9;
        // Two single jobs, and one batch of seven.
        database.writes.batches = [2, 0, 0, 1, 0, 0, 0, 0, 0];
        let gauges = [("shoudan_stops_live", "Stops in force.", 3)];
        let text = metrics.text(&gauges, &database, None);
        assert!(text.contains("shoudan_gateway_messages_total{kind=\"sale\",answer=\"00\"} 2\n"));
        assert!(text.contains("shoudan_gateway_messages_total{kind=\"sale\",answer=\"97\"} 1\n"));
        assert!(text.contains("# TYPE shoudan_stops_live gauge\nshoudan_stops_live 3\n"));
        assert!(text.contains("shoudan_database_waiting{line=\"write\"} 7\n"));
        for row in ["le=\"1\"} 2", "le=\"4\"} 2", "le=\"8\"} 3", "le=\"+Inf\"} 3"] {
            let row = format!("shoudan_database_batch_jobs_bucket{{line=\"write\",{row}\n");
            assert!(text.contains(&row), "{row}");
        }
        assert!(text.contains("shoudan_database_batch_jobs_sum{line=\"write\"} 9\n"));
    }

    #[test]
    fn the_line_to_the_network_tells_how_calls_ended_and_where_the_breaker_stands() {
        let standing = Standing {
            connected: 2,
            under_way: 5,
            breaker: Position::Open,
            business_date: None,
        };
        let counts = vec![("asked", 9), ("answered", 7), ("timed_out", 2)];
        let text = Metrics::default().text(&[], &store::Stats::default(), Some((standing, counts)));
        for row in [
            "shoudan_network_events_total{event=\"asked\"} 9",
            "shoudan_network_events_total{event=\"timed_out\"} 2",
            "shoudan_network_connections 2",
            "shoudan_network_calls_under_way 5",
            "shoudan_network_breaker{position=\"open\"} 1",
            "shoudan_network_breaker{position=\"closed\"} 0",
        ] {
            assert!(text.contains(&format!("{row}\n")), "{row}");
        }
    }
}
