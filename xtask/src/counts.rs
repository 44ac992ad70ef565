//! Reading how many tests passed and failed from what each runner prints.

use std::ops::AddAssign;

/// How many tests ended which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, timed out, or broke before or after their body.
    pub failed: u64,
    /// Tests that the runner left out.
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Whose output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// `Summary [ 0.1s] 5 tests run: 4 passed, 1 failed, 2 skipped`
    Nextest,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per crate
    CargoTest,
    /// `== 1 failed, 8 passed, 1 error in 3.21s ==`
    Pytest,
    /// Prints no counts: the whole stage is one test.
    Stage,
}

/// The counts of a finished run. A runner that ended badly without naming a failed test (it did not
/// compile, it was killed) counts as one failure, and so does one that ran no test at all: a stage
/// never vanishes from the total. Only where `some` tests were asked for by name may a runner have none.
pub fn read(runner: Runner, output: &str, ended_well: bool, some: bool) -> Counts {
    let text = without_colours(output);
    let mut counts = match runner {
        Runner::Nextest => nextest(&text),
        Runner::CargoTest => cargo_test(&text),
        Runner::Pytest => pytest(&text),
        Runner::Stage => Counts {
            passed: u64::from(ended_well),
            ..Counts::default()
        },
    };
    if some && runner == Runner::Nextest {
        // What was not asked for counts as skipped with this runner.
        counts.skipped = 0;
    }
    if some && counts == Counts::default() && selected_nothing(runner, &text) {
        return counts;
    }
    let ran_nothing = runner != Runner::CargoTest && counts.passed == 0;
    if counts.failed == 0 && (!ended_well || ran_nothing) {
        counts.failed = 1;
    }
    counts
}

/// Whether the runner says that it went through its tests and none had the name asked for.
fn selected_nothing(runner: Runner, text: &str) -> bool {
    match runner {
        Runner::Nextest => text.contains(" 0 tests run: "),
        Runner::Pytest => text.contains(" deselected in "),
        Runner::CargoTest | Runner::Stage => false,
    }
}

fn nextest(text: &str) -> Counts {
    let summary = text.lines().rev().find_map(|line| {
        let line = line.trim_start().strip_prefix("Summary [")?;
        let (_, tallies) = line.split_once("run: ")?;
        Some(tallies)
    });
    // Remarks such as `(1 slow, 1 flaky)` stand in parentheses and are no tallies of their own.
    summary.map_or_else(Counts::default, |tallies| tally(&without_parentheses(tallies), ','))
}

fn cargo_test(text: &str) -> Counts {
    let mut sum = Counts::default();
    for line in text.lines() {
        if let Some((_, tallies)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        {
            sum += tally(tallies, ';');
        }
    }
    sum
}

fn pytest(text: &str) -> Counts {
    let summary = text.lines().rev().find_map(|line| {
        let line = line.trim().trim_matches('=').trim();
        let (tallies, time) = line.rsplit_once(" in ")?;
        (time.starts_with(|c: char| c.is_ascii_digit()) && tallies.starts_with(|c: char| c.is_ascii_digit()))
            .then_some(tallies)
    });
    summary.map_or_else(Counts::default, |tallies| tally(tallies, ','))
}

/// Sums `4 passed, 1 failed, …`.
fn tally(tallies: &str, separator: char) -> Counts {
    let mut counts = Counts::default();
    for part in tallies.split(separator) {
        let Some((number, word)) = part.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match word.trim() {
            "passed" => counts.passed += number,
            "failed" | "timed out" | "exec failed" | "error" | "errors" | "xpassed" | "subtests failed"
            | "subtest failed" => counts.failed += number,
            "skipped" | "ignored" | "xfailed" | "subtests skipped" => counts.skipped += number,
            // Warnings, measured, filtered out, deselected, subtests passed: nothing of its own.
            _ => {}
        }
    }
    counts
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

/// Removes the colour sequences that runners write for a terminal: `ESC [ … letter`.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(runner: Runner, output: &str, ended_well: bool, expected: (u64, u64, u64)) {
        let (passed, failed, skipped) = expected;
        assert_eq!(
            read(runner, output, ended_well, false),
            Counts {
                passed,
                failed,
                skipped
            }
        );
    }

    #[test]
    fn nextest_summary() {
        check(
            Runner::Nextest,
            "     Summary [   0.012s] 12 tests run: 12 passed, 3 skipped\n",
            true,
            (12, 0, 3),
        );
        check(
            Runner::Nextest,
            "     Summary [   1.2s] 1 test run: 1 passed, 0 skipped\n",
            true,
            (1, 0, 0),
        );
        let bad = "     Summary [ 9.1s] 9/20 tests run: 5 passed (1 slow, 2 flaky), 2 failed, 1 timed out, 1 exec failed, 0 skipped\n        FAIL [ 0.1s] a::b\n";
        check(Runner::Nextest, bad, false, (5, 4, 0));
    }

    #[test]
    fn nextest_in_colour() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.3s] \u{1b}[1m7\u{1b}[0m tests run: \u{1b}[1m6\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m1\u{1b}[0m \u{1b}[31;1mfailed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped\n";
        check(Runner::Nextest, line, false, (6, 1, 0));
    }

    #[test]
    fn documentation_tests_of_several_crates_add_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\nnoise\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        check(Runner::CargoTest, text, false, (4, 2, 1));
        check(
            Runner::CargoTest,
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            true,
            (0, 0, 0),
        );
    }

    #[test]
    fn pytest_summary() {
        check(
            Runner::Pytest,
            "==== 3 failed, 10 passed, 1 skipped, 2 warnings, 1 error in 1.23s ====\n",
            false,
            (10, 4, 1),
        );
        check(
            Runner::Pytest,
            "5 passed, 40 subtests passed in 65.10s (0:01:05)\n",
            true,
            (5, 0, 0),
        );
        check(
            Runner::Pytest,
            "= 1 failed, 5 passed, 2 subtests failed, 8 subtests passed in 1.0s =",
            false,
            (5, 3, 0),
        );
    }

    #[test]
    fn a_run_that_breaks_before_its_tests_is_one_failure() {
        check(Runner::Nextest, "error: could not compile `store`\n", false, (0, 1, 0));
        check(Runner::Pytest, "ImportError while loading conftest\n", false, (0, 1, 0));
        check(Runner::CargoTest, "", false, (0, 1, 0));
    }

    #[test]
    fn tests_that_all_pass_in_a_run_that_ends_badly_are_not_enough() {
        check(Runner::Pytest, "3 passed in 0.1s\n", false, (3, 1, 0));
    }

    #[test]
    fn a_run_of_no_test_is_not_a_pass() {
        check(
            Runner::Nextest,
            "     Summary [ 0.0s] 0 tests run: 0 passed, 0 skipped\n",
            true,
            (0, 1, 0),
        );
        check(Runner::Pytest, "==== no tests ran in 0.01s ====\n", true, (0, 1, 0));
    }

    #[test]
    fn a_name_that_only_the_other_runner_knows_is_no_failure() {
        let none = Counts::default();
        let nextest = "     Summary [   0.0s] 0 tests run: 0 passed, 18 skipped\nerror: no tests to run\n";
        assert_eq!(read(Runner::Nextest, nextest, false, true), none);
        assert_eq!(
            read(Runner::Pytest, "===== 139 deselected in 0.10s =====\n", false, true),
            none
        );
        assert_eq!(
            read(Runner::Pytest, "ERROR while loading conftest\n", false, true).failed,
            1
        );
    }

    #[test]
    fn a_stage_without_counts_is_one_test() {
        check(Runner::Stage, "", true, (1, 0, 0));
        check(Runner::Stage, "Diff in src/main.rs\n", false, (0, 1, 0));
    }
}
