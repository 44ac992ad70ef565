//! What is asked of the gateway's speed, each figure with what it must reach and what would be excellent.

use super::load::float;
use super::table::Figures;

/// A figure and what is asked of it.
pub struct Asked {
    /// In words.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// What it counts.
    pub unit: &'static str,
    /// What is promised.
    pub reach: f64,
    /// What would be excellent, where that is said.
    pub stretch: Option<f64>,
    /// More is better.
    upward: bool,
}

impl Asked {
    fn meets(&self, bound: f64) -> bool {
        if self.upward {
            self.measured >= bound
        } else {
            self.measured <= bound
        }
    }

    /// `stretch`, `reached` or `SHORT`.
    pub fn verdict(&self) -> &'static str {
        match (
            self.stretch.is_some_and(|bound| self.meets(bound)),
            self.meets(self.reach),
        ) {
            (true, _) => "stretch",
            (false, true) => "reached",
            (false, false) => "SHORT",
        }
    }
}

/// Reach and stretch of each engine: against TPC-B, against the baseline, CPU of the server in microseconds.
const BY_ENGINE: [(&str, Bounds, Bounds, Option<Bounds>); 2] = [
    ("sqlite", (2.0, 5.0), (5.0, 10.0), Some((60.0, 30.0))),
    ("postgres", (1.5, 4.0), (4.0, 8.0), None),
];
/// What must be reached, and what would be excellent.
type Bounds = (f64, f64);
/// The 99th percentile at half load, in commit times.
const P99: Bounds = (10.0, 5.0);
/// The large world against the small.
const LARGE: Bounds = (0.85, 0.95);
/// MiB that ten thousand idle terminals cost.
const IDLE: f64 = 200.0;

/// Every figure of this run that something is asked of.
pub fn asked(figures: &Figures) -> Vec<Asked> {
    let mut all = Vec::new();
    let mut ask = |what: String, measured, unit, (reach, stretch): Bounds, upward| {
        all.push(Asked {
            what,
            measured,
            unit,
            reach,
            stretch: Some(stretch),
            upward,
        });
    };
    for (engine, tpcb, baseline, cpu) in BY_ENGINE {
        if let Some(row) = figures.row(engine, "small") {
            if let Some(reference) = &figures.tpcb {
                ask(
                    format!("{engine}: sales against TPC-B"),
                    row.full.rate / reference.rate,
                    "×",
                    tpcb,
                    true,
                );
            }
            if let Some((reference, _)) = &figures.baseline {
                let ratio = row.full.rate / reference.rate;
                ask(
                    format!("{engine}: sales against the baseline"),
                    ratio,
                    "×",
                    baseline,
                    true,
                );
            }
            if let Some(bounds) = cpu {
                ask(
                    format!("{engine}: server CPU per sale"),
                    row.full.server_us,
                    "µs",
                    bounds,
                    false,
                );
            }
        }
        for row in figures.rows.iter().filter(|row| row.engine == engine) {
            let commits = row.half.p99_us / row.commit_us;
            ask(
                format!("{engine}, {}: p99 at half load", row.size),
                commits,
                "commits",
                P99,
                false,
            );
        }
        if let (Some(small), Some(large)) = (figures.row(engine, "small"), figures.row(engine, "large")) {
            let ratio = large.full.rate / small.full.rate;
            ask(format!("{engine}: large world against small"), ratio, "×", LARGE, true);
        }
    }
    if let Some(idle) = &figures.idle {
        let cost = (idle.after_mib - idle.before_mib) * 10_000.0 / float(idle.connections.max(1));
        all.push(Asked {
            what: "10,000 idle terminals".to_owned(),
            measured: cost,
            unit: "MiB",
            reach: IDLE,
            stretch: None,
            upward: false,
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::figures;
    use super::*;

    #[test]
    fn each_figure_stands_beside_what_is_asked_of_it() {
        let verdicts: Vec<_> = asked(&figures())
            .iter()
            .map(|one| (one.what.clone(), one.verdict()))
            .collect();
        let expected = [
            ("sqlite: sales against TPC-B", "stretch"),
            ("sqlite: server CPU per sale", "reached"),
            ("sqlite, small: p99 at half load", "SHORT"),
            ("sqlite, large: p99 at half load", "SHORT"),
            ("sqlite: large world against small", "reached"),
        ];
        assert_eq!(verdicts, expected.map(|(what, verdict)| (what.to_owned(), verdict)));
    }
}
