//! What is counted, in the text form that Prometheus reads. Few numbers, each one that somebody acts on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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

    /// Everything, with gauges the caller knows: name, help, value.
    pub fn text(&self, gauges: &[(&str, &str, i64)]) -> String {
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
        out
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
        let text = metrics.text(&[("shoudan_stops_live", "Stops in force.", 3)]);
        assert!(text.contains("shoudan_gateway_messages_total{kind=\"sale\",answer=\"00\"} 2\n"));
        assert!(text.contains("shoudan_gateway_messages_total{kind=\"sale\",answer=\"97\"} 1\n"));
        assert!(text.ends_with("# TYPE shoudan_stops_live gauge\nshoudan_stops_live 3\n"));
    }
}
