//! What was asked for on the command line.

use crate::{bench, campaign};

/// The text of `cargo xtask help`, to which that of the benchmark belongs.
pub const HELP: &str = "\
cargo xtask test [--only lint|rust|python] [-k EXPR] [--keep-going]
    Prepare what the tests need and run them all: formatting, lints, house rules,
    Rust tests on SQLite and PostgreSQL, and the Python tests against the server.
      --only WHICH   lint: formatting, clippy, house rules; rust: unit, property,
                     integration and documentation tests; python: build the server
                     and drive it from outside
      -k EXPR        only tests whose name matches (a part of the name in Rust, an
                     expression of pytest's -k in Python); leaves lint out
      --keep-going   when a needed program cannot be installed, run the stages that
                     can do without it instead of stopping (it still counts as failed)
cargo xtask help
    Print this.";

/// A command of xtask.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Run the tests.
    Test(TestOptions),
    /// Measure the gateway.
    Bench(bench::Options),
    /// Look for faults for a long time.
    Campaign(campaign::Options),
}

/// How `cargo xtask test` was called.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// One group of stages instead of all.
    pub only: Option<Group>,
    /// Tests whose name matches this, instead of all.
    pub matching: Option<String>,
    /// Go on when preparing a program failed.
    pub keep_going: bool,
}

impl TestOptions {
    /// Whether the stages of `group` run.
    pub fn wants(&self, group: Group) -> bool {
        match self.only {
            Some(only) => only == group,
            None => self.matching.is_none() || group != Group::Lint,
        }
    }
}

/// A group of stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Formatting, clippy, the rules of the house.
    Lint,
    /// Tests written in Rust.
    Rust,
    /// Tests that drive the built server from outside.
    Python,
}

const GROUPS: [(&str, Group); 3] = [("lint", Group::Lint), ("rust", Group::Rust), ("python", Group::Python)];

/// Reads the words after `cargo xtask`; the error says what is wrong with them.
pub fn parse(words: &[String]) -> Result<Command, String> {
    let Some((command, rest)) = words.split_first() else {
        return Err("xtask: no command was given.".to_owned());
    };
    match command.as_str() {
        "help" | "--help" | "-h" => Ok(Command::Help),
        "test" => parse_test(rest),
        "bench" => parse_bench(rest),
        "campaign" => Ok(campaign::parse(rest)?.map_or(Command::Help, Command::Campaign)),
        other => Err(format!("xtask: there is no command `{other}`.")),
    }
}

fn parse_bench(words: &[String]) -> Result<Command, String> {
    match words.split_first() {
        Some((what, rest)) if what == "gateway" => Ok(bench::parse(rest)?.map_or(Command::Help, Command::Bench)),
        _ => Err("xtask bench: say what is to be measured: `cargo xtask bench gateway`.".to_owned()),
    }
}

fn parse_test(words: &[String]) -> Result<Command, String> {
    let mut options = TestOptions::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--keep-going" => options.keep_going = true,
            "--only" => {
                let name = words.next().map_or("", String::as_str);
                let group = GROUPS.iter().find(|(known, _)| *known == name);
                let (_, group) =
                    group.ok_or_else(|| format!("xtask test: --only takes lint, rust or python, not `{name}`."))?;
                options.only = Some(*group);
            }
            "-k" => match words.next() {
                Some(expression) if !expression.is_empty() => {
                    options.matching = Some(expression.clone());
                }
                _ => return Err("xtask test: -k takes an expression.".to_owned()),
            },
            other => return Err(format!("xtask test: there is no option `{other}`.")),
        }
    }
    Ok(Command::Test(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_groups_run_unless_told_otherwise() {
        let Ok(Command::Test(options)) = parse(&words("test")) else {
            panic!("`test` alone is a command")
        };
        assert!(
            [Group::Lint, Group::Rust, Group::Python]
                .into_iter()
                .all(|group| options.wants(group))
        );
    }

    #[test]
    fn only_runs_one_group_and_k_leaves_lint_out() {
        let Ok(Command::Test(only)) = parse(&words("test --only rust --keep-going")) else {
            panic!("valid")
        };
        assert!(only.wants(Group::Rust) && !only.wants(Group::Python) && !only.wants(Group::Lint) && only.keep_going);
        let Ok(Command::Test(matching)) = parse(&words("test -k vectors")) else {
            panic!("valid")
        };
        assert!(matching.wants(Group::Python) && !matching.wants(Group::Lint));
        assert_eq!(matching.matching.as_deref(), Some("vectors"));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for line in [
            "",
            "bench",
            "bench pages",
            "bench gateway --fast",
            "campaign",
            "campaign storm",
            "test --only",
            "test --only all",
            "test -k",
            "test --fast",
        ] {
            let refusal = parse(&words(line)).expect_err(line);
            assert!(refusal.starts_with("xtask"), "{line}: {refusal}");
        }
    }
}
