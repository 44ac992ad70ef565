//! What of the benchmark was asked for.

use std::path::PathBuf;

/// The text of `cargo xtask help` about it.
pub const HELP: &str = "\
cargo xtask bench gateway [--quick] [--engine sqlite|postgres] [--size small|large] …
    Measure sales through the terminal gateway, with the load generator, the server, and
    what it is compared with in one run, and print one table (docs/benchmarks.md).
      --quick             a few seconds for each measurement, the small world only
      --engine WHICH      one database instead of both
      --size WHICH        one world instead of both
      --terminals N       terminals of the small world (10000)
      --large N           terminals of the large world (1000000)
      --past N            past transactions of the large world (5000000)
      --connections LIST  terminals active at once (64,512)
      --seconds N         length of each measurement (15)
      --no-references     only the gateway, nothing that it is compared with
      --idle N            connected idle terminals whose memory is measured (10000; 0: none)
      --json FILE         where the figures go as well (target/bench/gateway.json)
      --dev               builds without optimisation: for a test of the benchmark itself";

/// How `cargo xtask bench gateway` was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which engines, by name.
    pub engines: Vec<&'static str>,
    /// Whether the small world, and the large one, is measured.
    pub sizes: (bool, bool),
    /// Terminals of the small world.
    pub terminals: u64,
    /// Terminals of the large world.
    pub large: u64,
    /// Past transactions of the large world.
    pub past: u64,
    /// Connections of the load.
    pub connections: Vec<u64>,
    /// Length of a measurement.
    pub seconds: u64,
    /// Whether TPC-B, the baseline and the relay are measured too.
    pub references: bool,
    /// Idle connections.
    pub idle: u64,
    /// Where the figures go.
    pub json: Option<PathBuf>,
    /// Unoptimised builds.
    pub dev: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            engines: ENGINES.to_vec(),
            sizes: (true, true),
            terminals: 10_000,
            large: 1_000_000,
            past: 5_000_000,
            connections: vec![64, 512],
            seconds: 15,
            references: true,
            idle: 10_000,
            json: None,
            dev: false,
        }
    }
}

const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Reads the words after `cargo xtask bench gateway`; none where help is asked for.
pub fn parse(words: &[String]) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| format!("xtask bench: {word} takes a value."))
        };
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--quick" => (options.seconds, options.sizes.1, options.idle) = (3, false, 1000),
            "--dev" => options.dev = true,
            "--no-references" => options.references = false,
            "--engine" => {
                let name = value()?;
                let engine = ENGINES.into_iter().find(|engine| *engine == name);
                options.engines = vec![
                    engine.ok_or_else(|| format!("xtask bench: --engine takes sqlite or postgres, not `{name}`."))?,
                ];
            }
            "--size" => match value()?.as_str() {
                "small" => options.sizes = (true, false),
                "large" => options.sizes = (false, true),
                other => return Err(format!("xtask bench: --size takes small or large, not `{other}`.")),
            },
            "--terminals" => options.terminals = number(word, value()?)?,
            "--large" => options.large = number(word, value()?)?,
            "--past" => options.past = number(word, value()?)?,
            "--seconds" => options.seconds = number(word, value()?)?.max(1),
            "--idle" => options.idle = number(word, value()?)?,
            "--connections" => {
                options.connections = value()?.split(',').map(|n| number(word, n)).collect::<Result<_, _>>()?;
            }
            "--json" => options.json = Some(PathBuf::from(value()?)),
            other => return Err(format!("xtask bench: there is no option `{other}`.")),
        }
    }
    Ok(Some(options))
}

fn number(option: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("xtask bench: {option} takes a number, not `{text}`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn quick_leaves_the_large_world_out_and_later_words_win() {
        let quick = read("--quick --seconds 2 --engine sqlite --connections 8,16").unwrap_or_default();
        let quick = quick.unwrap_or_default();
        assert_eq!((quick.sizes, quick.seconds), ((true, false), 2));
        assert_eq!((quick.engines, quick.connections), (vec!["sqlite"], vec![8, 16]));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for line in ["--engine oracle", "--size", "--size huge", "--terminals many", "--fast"] {
            assert!(
                read(line).is_err_and(|refusal| refusal.starts_with("xtask bench")),
                "{line}"
            );
        }
    }
}
