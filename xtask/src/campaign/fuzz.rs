//! `cargo xtask campaign fuzz`: portions of damaged messages through our decoder, whose every line goes to the other one.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Options;
use super::rust::directory;
use crate::{python, run};

/// Messages in one portion.
const PORTION: u64 = 20_000;

/// How far it has come.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    seed: u64,
    done: u64,
    findings: u64,
}

impl Reached {
    fn read(text: &str) -> Self {
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        Self {
            seed: number("seed"),
            done: number("done"),
            findings: number("findings"),
        }
    }

    fn text(&self) -> String {
        format!("seed={}\ndone={}\nfindings={}\n", self.seed, self.done, self.findings)
    }
}

/// Runs portions until the time is over.
pub fn run(options: &Options) -> Result<(), String> {
    let directory = directory(options, "fuzz")?;
    let python = python::environment()?;
    // Without optimisation: it comes with the checks of arithmetic.
    let mut build = run::cargo(["build", "--package", "iso8583", "--example", "fuzz"]);
    if !run::watched(&mut build).0 {
        return Err("the mutator could not be built.".to_owned());
    }
    let told = |error: std::io::Error| format!("{}: {error}", directory.display());
    let (progress, findings) = (directory.join("progress"), directory.join("findings"));
    let mut reached = Reached::read(&fs::read_to_string(&progress).unwrap_or_default());
    reached.seed = options.seed.unwrap_or(reached.seed);
    let until = Instant::now() + Duration::from_secs(options.seconds);
    while Instant::now() < until {
        let (fine, text) = portion(&python, reached.seed)?;
        if !fine {
            reached.findings += 1;
            let before = fs::read_to_string(&findings).unwrap_or_default();
            fs::write(&findings, format!("{before}seed {} and on:\n{text}\n", reached.seed)).map_err(told)?;
            println!("{text}");
        }
        (reached.seed, reached.done) = (reached.seed + PORTION, reached.done + PORTION);
        fs::write(&progress, reached.text()).map_err(told)?;
        let last = text.lines().last().unwrap_or_default();
        println!("{} messages, next seed {}: {last}", reached.done, reached.seed);
    }
    let result = format!(
        "fuzz result: {} messages, {} portions with findings",
        reached.done, reached.findings
    );
    println!("{result}");
    if reached.findings == 0 {
        Ok(())
    } else {
        Err(format!("see {}", findings.display()))
    }
}

/// Whether both ended well, and what they said.
fn portion(python: &std::path::Path, seed: u64) -> Result<(bool, String), String> {
    let wrong = |error: std::io::Error| format!("the decoders could not be run: {error}");
    let mut ours = Command::new(run::target().join("debug/examples/fuzz"))
        .args([seed.to_string(), PORTION.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(wrong)?;
    let lines = ours.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let theirs = Command::new(python)
        .arg(run::root().join("tests/fuzz_decoder.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(lines)
        .output()
        .map_err(wrong)?;
    let ours = ours.wait_with_output().map_err(wrong)?;
    let said = [&ours.stderr, &theirs.stderr, &theirs.stdout].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok((
        ours.status.success() && theirs.status.success(),
        said.concat().trim_end().to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_reads_back_and_nothing_is_a_beginning() {
        let reached = Reached {
            seed: 7,
            done: 50,
            findings: 1,
        };
        assert_eq!(Reached::read(&reached.text()), reached);
        assert_eq!(Reached::read("").seed, 0);
    }
}
