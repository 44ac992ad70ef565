//! The figures, as one table and as JSON, each beside what the design asks of it.

use std::fmt::Write;

use super::Options;
use super::asked::asked;
use super::load::Shown;

/// TPC-B at its best.
#[derive(Clone, Debug, Default)]
pub struct TpcB {
    /// Transactions a second.
    pub rate: f64,
    /// With so many clients.
    pub clients: u64,
}

/// The gateway with one engine and one world.
#[derive(Clone, Debug)]
pub struct Row {
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// `small` or `large`.
    pub size: String,
    /// Terminals of the world.
    pub terminals: u64,
    /// Transactions in it at first.
    pub past: u64,
    /// Median time of one small commit of this engine, microseconds.
    pub commit_us: f64,
    /// The rate for each number of terminals active at once.
    pub by_connections: Vec<(u64, f64)>,
    /// As many sales as it takes.
    pub full: Shown,
    /// At half of that.
    pub half: Shown,
    /// At nine tenths.
    pub most: Shown,
    /// Bytes of PostgreSQL's log per sale.
    pub wal: Option<f64>,
    /// Memory of the server after it all.
    pub memory_mib: f64,
}

/// Memory with many terminals connected.
#[derive(Clone, Debug)]
pub struct Idle {
    /// How many.
    pub connections: u64,
    /// Without them.
    pub before_mib: f64,
    /// With them.
    pub after_mib: f64,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Median time of a durable append of four KiB.
    pub disk_commit_us: f64,
    /// pgbench.
    pub tpcb: Option<TpcB>,
    /// The gateway as it is usually written, and the size of its pool.
    pub baseline: Option<(Shown, u64)>,
    /// The gateway that keeps nothing.
    pub relay: Option<Shown>,
    /// The gateway.
    pub rows: Vec<Row>,
    /// Idle terminals.
    pub idle: Option<Idle>,
}

impl Figures {
    /// Answers that were no approvals, of all.
    pub fn refusals(&self) -> u64 {
        let rows = self.rows.iter().flat_map(|row| [&row.full, &row.half, &row.most]);
        let others = self.baseline.iter().map(|(shown, _)| shown).chain(&self.relay);
        rows.chain(others).map(Shown::refusals).sum()
    }

    pub(super) fn row(&self, engine: &str, size: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.engine == engine && row.size == size)
    }
}

/// Cells of one line of the table.
type Cells = Vec<String>;

const HEAD: [&str; 15] = [
    "what",
    "sales/s",
    "× TPC-B",
    "× base",
    "active",
    "p50 half",
    "p99 half",
    "p50 90%",
    "p99 90%",
    "commit",
    "CPU µs",
    "db CPU",
    "written B",
    "RSS MiB",
    "others",
];

fn milliseconds(us: f64) -> String {
    format!("{:.2} ms", us / 1000.0)
}

fn ratio(rate: f64, of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), |of| format!("{:.2}", rate / of))
}

fn cells(name: String, full: &Shown, row: Option<&Row>, figures: &Figures) -> Cells {
    let tpcb = figures.tpcb.as_ref().map(|tpcb| tpcb.rate);
    let baseline = figures.baseline.as_ref().map(|(shown, _)| shown.rate);
    let latency = |shown: Option<&Shown>, of: fn(&Shown) -> f64| {
        shown.map_or_else(|| "–".to_owned(), |shown| milliseconds(of(shown)))
    };
    let (half, most) = (row.map(|row| &row.half), row.map(|row| &row.most));
    let written = row
        .and_then(|row| row.wal)
        .map_or(String::new(), |wal| format!(" (log {wal:.0})"));
    vec![
        name,
        format!("{:.0}", full.rate),
        ratio(full.rate, tpcb),
        ratio(full.rate, baseline),
        full.connections.to_string(),
        latency(half, |shown| shown.p50_us),
        latency(half, |shown| shown.p99_us),
        latency(most, |shown| shown.p50_us),
        latency(most, |shown| shown.p99_us),
        row.map_or_else(|| "–".to_owned(), |row| milliseconds(row.commit_us)),
        format!("{:.1}", full.server_us),
        format!("{:.1}", full.database_us),
        format!("{:.0}{written}", full.written),
        row.map_or_else(|| "–".to_owned(), |row| format!("{:.0}", row.memory_mib)),
        format!("{:.0} %", full.others),
    ]
}

fn lines(figures: &Figures) -> Vec<Cells> {
    let mut lines = vec![HEAD.map(str::to_owned).to_vec()];
    if let Some(tpcb) = &figures.tpcb {
        let mut line = vec!["TPC-B (pgbench)".to_owned(), format!("{:.0}", tpcb.rate)];
        let baseline = figures.baseline.as_ref().map(|(shown, _)| shown.rate);
        line.extend(["1.00".to_owned(), ratio(tpcb.rate, baseline), tpcb.clients.to_string()]);
        line.resize(HEAD.len(), "–".to_owned());
        lines.push(line);
    }
    if let Some((shown, pool)) = &figures.baseline {
        lines.push(cells(format!("baseline (pool of {pool})"), shown, None, figures));
    }
    if let Some(shown) = &figures.relay {
        lines.push(cells("relay, nothing kept".to_owned(), shown, None, figures));
    }
    for row in &figures.rows {
        lines.push(cells(
            format!("{}, {}", row.engine, row.size),
            &row.full,
            Some(row),
            figures,
        ));
    }
    lines
}

/// Lines whose columns stand below each other, the first left, the others right.
fn aligned(lines: &[Cells]) -> String {
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| Some(line.get(column)?.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            // Writing to a String cannot fail.
            let _ = if column == 0 {
                write!(text, "{cell:width$}")
            } else {
                write!(text, "  {cell:>width$}")
            };
        }
        text.push('\n');
    }
    text
}

/// Everything a reader needs.
pub fn text(figures: &Figures, options: &Options) -> String {
    let mut text = format!(
        "Sales through the gateway, {} s a measurement; a durable append of 4 KiB takes {:.0} µs here.\n\n{}",
        options.seconds,
        figures.disk_commit_us,
        aligned(&lines(figures))
    );
    for row in &figures.rows {
        let by: Vec<String> = row
            .by_connections
            .iter()
            .map(|(n, rate)| format!("{rate:.0} with {n}"))
            .collect();
        let _ = writeln!(
            text,
            "{}, {}: {} terminals, {} past; {} active at once; p99.9 {} at half load; load {:.1} µs, network {:.1} µs CPU a sale",
            row.engine,
            row.size,
            row.terminals,
            row.past,
            by.join(", "),
            milliseconds(row.half.p999_us),
            row.full.load_us,
            row.full.network_us
        );
    }
    text.push('\n');
    let mut verdicts = vec![
        ["asked", "measured", "reach", "stretch", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    for one in asked(figures) {
        let shown = |n: f64| format!("{n:.2} {}", one.unit);
        verdicts.push(vec![
            one.what.clone(),
            shown(one.measured),
            shown(one.reach),
            one.stretch.map_or_else(|| "–".to_owned(), shown),
            one.verdict().to_owned(),
        ]);
    }
    text + &aligned(&verdicts)
}

fn json_of(shown: &Shown) -> String {
    let codes: Vec<String> = shown
        .codes
        .iter()
        .map(|(code, count)| format!("\"{code}\":{count}"))
        .collect();
    format!(
        "{{\"connections\":{},\"rate\":{:.1},\"p50_us\":{:.1},\"p99_us\":{:.1},\"p999_us\":{:.1},\"server_cpu_us\":{:.2},\
         \"database_cpu_us\":{:.2},\"load_cpu_us\":{:.2},\"network_cpu_us\":{:.2},\"written_bytes\":{:.0},\
         \"others_percent\":{:.1},\"codes\":{{{}}}}}",
        shown.connections,
        shown.rate,
        shown.p50_us,
        shown.p99_us,
        shown.p999_us,
        shown.server_us,
        shown.database_us,
        shown.load_us,
        shown.network_us,
        shown.written,
        shown.others,
        codes.join(",")
    )
}

/// The same figures for programs. Names in it are ours and need no escaping.
pub fn json(figures: &Figures, options: &Options) -> String {
    let mut parts = vec![
        format!("\"seconds\":{}", options.seconds),
        format!("\"disk_commit_us\":{:.1}", figures.disk_commit_us),
    ];
    if let Some(tpcb) = &figures.tpcb {
        parts.push(format!(
            "\"tpcb\":{{\"rate\":{:.1},\"clients\":{}}}",
            tpcb.rate, tpcb.clients
        ));
    }
    if let Some((shown, pool)) = &figures.baseline {
        parts.push(format!("\"baseline\":{{\"pool\":{pool},\"full\":{}}}", json_of(shown)));
    }
    if let Some(shown) = &figures.relay {
        parts.push(format!("\"relay\":{}", json_of(shown)));
    }
    let rows: Vec<String> = figures
        .rows
        .iter()
        .map(|row| {
            format!(
                "{{\"engine\":\"{}\",\"size\":\"{}\",\"terminals\":{},\"past\":{},\"commit_us\":{:.1},\"memory_mib\":{:.1},\
                 \"log_bytes\":{},\"full\":{},\"half\":{},\"nine_tenths\":{}}}",
                row.engine,
                row.size,
                row.terminals,
                row.past,
                row.commit_us,
                row.memory_mib,
                row.wal.map_or_else(|| "null".to_owned(), |wal| format!("{wal:.0}")),
                json_of(&row.full),
                json_of(&row.half),
                json_of(&row.most)
            )
        })
        .collect();
    parts.push(format!("\"gateway\":[{}]", rows.join(",")));
    if let Some(idle) = &figures.idle {
        parts.push(format!(
            "\"idle\":{{\"connections\":{},\"before_mib\":{:.1},\"after_mib\":{:.1}}}",
            idle.connections, idle.before_mib, idle.after_mib
        ));
    }
    let verdicts: Vec<String> = asked(figures)
        .iter()
        .map(|one| {
            format!(
                "{{\"what\":\"{}\",\"measured\":{:.3},\"reach\":{},\"stretch\":{},\"verdict\":\"{}\"}}",
                one.what,
                one.measured,
                one.reach,
                one.stretch.map_or_else(|| "null".to_owned(), |bound| bound.to_string()),
                one.verdict()
            )
        })
        .collect();
    parts.push(format!("\"asked\":[{}]", verdicts.join(",")));
    format!("{{{}}}\n", parts.join(","))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn shown(rate: f64, p99_us: f64) -> Shown {
        Shown {
            rate,
            p99_us,
            server_us: 45.0,
            ..Shown::default()
        }
    }

    pub fn figures() -> Figures {
        let row = |size: &str, rate| Row {
            engine: "sqlite".to_owned(),
            size: size.to_owned(),
            terminals: 10,
            past: 0,
            commit_us: 100.0,
            by_connections: vec![(64, rate)],
            full: shown(rate, 0.0),
            half: shown(rate / 2.0, 1200.0),
            most: shown(rate * 0.9, 5000.0),
            wal: None,
            memory_mib: 50.0,
        };
        Figures {
            tpcb: Some(TpcB {
                rate: 1000.0,
                clients: 8,
            }),
            rows: vec![row("small", 6000.0), row("large", 5400.0)],
            ..Figures::default()
        }
    }

    #[test]
    fn a_refused_sale_spoils_the_figures() {
        let mut figures = figures();
        assert_eq!(figures.refusals(), 0);
        if let Some(row) = figures.rows.first_mut() {
            row.half.codes = [("00".to_owned(), 90), ("96".to_owned(), 2)].into();
        }
        assert_eq!(figures.refusals(), 2);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let table = aligned(&lines(&figures()));
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 4);
        assert!(widths.iter().all(|width| Some(width) == widths.first()), "{table}");
    }
}
