//! `cargo xtask test`: every check of the project in one run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::args::{Group, TestOptions};
use crate::counts::{self, Counts, Runner};
use crate::postgres::Cluster;
use crate::{house, prepare, python, run};

/// What was prepared; a part that is not needed for the chosen stages, or could not be had, is absent.
#[derive(Default)]
struct Ready {
    cluster: Option<Cluster>,
    python: Option<PathBuf>,
    chromium: Option<PathBuf>,
}

/// One line of the report.
struct Line {
    stage: String,
    counts: Counts,
    took: Duration,
}

/// The run so far.
struct Report {
    lines: Vec<Line>,
    /// Only some tests were asked for, by name.
    some: bool,
}

/// Prepares, runs the chosen stages, reports, and ends with one line `N passed, N failed`.
pub fn test(options: &TestOptions) -> ExitCode {
    let mut report = Report {
        lines: Vec::new(),
        some: options.matching.is_some(),
    };
    let mut ready = Ready::default();
    if prepare_all(options, &mut ready, &mut report) || options.keep_going {
        stages(options, &ready, &mut report);
    }
    // Stops the cluster before the closing line, so that anything it has to say stands above it.
    drop(ready);
    report.close()
}

fn prepare_all(options: &TestOptions, ready: &mut Ready, report: &mut Report) -> bool {
    let (rust, outside) = (options.wants(Group::Rust), options.wants(Group::Python));
    let mut fine = true;
    if rust {
        fine &= report.prepare("prepare cargo-nextest", prepare::nextest).is_some();
    }
    if rust || outside {
        fine &= report.prepare("prepare SoftHSM", prepare::softhsm).is_some();
    }
    if outside {
        ready.chromium = report.prepare("prepare Chromium", prepare::chromium);
        ready.python = report.prepare("prepare Python", python::environment);
        fine &= ready.chromium.is_some() && ready.python.is_some();
    }
    if rust || outside {
        ready.cluster = report.prepare("prepare PostgreSQL", Cluster::start);
        fine &= ready.cluster.is_some();
    }
    fine
}

fn stages(options: &TestOptions, ready: &Ready, report: &mut Report) {
    if options.wants(Group::Lint) {
        report.stage("format", Runner::Stage, &mut run::cargo(["fmt", "--all", "--check"]));
        let mut clippy = run::cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            "--",
            "-D",
            "warnings",
        ]);
        report.stage("clippy", Runner::Stage, &mut clippy);
        for (name, check) in house::RULES {
            report.check(&format!("house rule: {name}"), check);
        }
    }
    if options.wants(Group::Rust) {
        let matching = options.matching.as_deref();
        let mut nextest = run::cargo(["nextest", "run", "--workspace", "--no-fail-fast"]);
        let mut doctests = run::cargo(["test", "--doc", "--workspace", "--no-fail-fast"]);
        if let Some(part) = matching {
            nextest.arg(part);
            doctests.args(["--", part]);
        }
        report.stage("Rust tests", Runner::Nextest, ready.environment(&mut nextest));
        report.stage(
            "documentation tests",
            Runner::CargoTest,
            ready.environment(&mut doctests),
        );
    }
    if options.wants(Group::Python) {
        outside(options, ready, report);
    }
}

/// Builds the server and drives it from outside. `SHOUDAN_BIN` names another build of it to drive instead.
fn outside(options: &TestOptions, ready: &Ready, report: &mut Report) {
    let server = match std::env::var_os("SHOUDAN_BIN") {
        Some(named) => {
            println!("\nDriving the server that SHOUDAN_BIN names: {}", named.display());
            Some(PathBuf::from(named))
        }
        None => report
            .stage(
                "build the server",
                Runner::Stage,
                &mut run::cargo(["build", "--package", "shoudan"]),
            )
            .then(|| run::target().join("debug/shoudan")),
    };
    match (&ready.python, server) {
        (Some(python), Some(server)) => {
            let mut pytest = pytest(python, &server, ready, options.matching.as_deref());
            report.stage("Python tests", Runner::Pytest, &mut pytest);
            if options.matching.is_none() {
                brief_benchmark(&server, report);
            }
        }
        (None, _) => report.not_run("Python tests", "there is no Python environment"),
        (_, None) => report.not_run("Python tests", "the server was not built"),
    }
}

/// A second of load on each engine: the benchmark still runs, and every answer is an approval. Its figures say nothing.
fn brief_benchmark(server: &Path, report: &mut Report) {
    let Ok(program) = std::env::current_exe() else {
        return report.not_run("brief benchmark", "this program does not know where it is");
    };
    let mut bench = Command::new(program);
    bench.args([
        "bench",
        "gateway",
        "--quick",
        "--dev",
        "--seconds",
        "1",
        "--no-references",
    ]);
    bench.args(["--terminals", "500", "--connections", "16", "--idle", "50", "--json"]);
    bench.arg(run::target().join("brief-benchmark.json"));
    bench.env("SHOUDAN_BIN", server);
    report.stage("brief benchmark", Runner::Stage, &mut bench);
}

fn pytest(python: &Path, server: &Path, ready: &Ready, matching: Option<&str>) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "tests"]).current_dir(run::root());
    if let Some(expression) = matching {
        command.args(["-k", expression]);
    }
    command.env("SHOUDAN_BIN", server);
    // Lines appear when they are printed, also where the output is a pipe.
    command.env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(chromium) = &ready.chromium {
        command.env("SHOUDAN_CHROMIUM", chromium);
    }
    ready.environment(&mut command);
    command
}

impl Ready {
    /// Tells a runner where the PostgreSQL cluster is.
    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match &self.cluster {
            Some(cluster) => command.env("SHOUDAN_TEST_PG", cluster.url()),
            None => command.env_remove("SHOUDAN_TEST_PG"),
        }
    }
}

impl Report {
    /// Runs a stage and reads its counts; returns whether it ended well.
    fn stage(&mut self, name: &str, runner: Runner, command: &mut Command) -> bool {
        heading(name);
        let start = Instant::now();
        let (ended_well, output) = run::watched(command);
        self.add(
            name,
            counts::read(runner, &output, ended_well, self.some),
            start.elapsed(),
        );
        ended_well
    }

    /// Runs a check of our own: an empty list of complaints is a pass.
    fn check(&mut self, name: &str, check: fn() -> Vec<String>) {
        heading(name);
        let start = Instant::now();
        let complaints = check();
        for complaint in &complaints {
            println!("{complaint}");
        }
        self.add(
            name,
            counts::read(Runner::Stage, "", complaints.is_empty(), false),
            start.elapsed(),
        );
    }

    /// Prepares one thing; only a failure appears in the report, and counts.
    fn prepare<T>(&mut self, name: &str, prepare: fn() -> Result<T, String>) -> Option<T> {
        heading(name);
        let start = Instant::now();
        match prepare() {
            Ok(thing) => {
                println!("ready after {:.1} s", start.elapsed().as_secs_f64());
                Some(thing)
            }
            Err(message) => {
                println!("{message}");
                self.add(name, counts::read(Runner::Stage, "", false, false), start.elapsed());
                None
            }
        }
    }

    /// A stage that could not run is a failure, not a silence.
    fn not_run(&mut self, name: &str, why: &str) {
        heading(name);
        println!("not run: {why}");
        self.add(
            &format!("{name} (not run: {why})"),
            counts::read(Runner::Stage, "", false, false),
            Duration::ZERO,
        );
    }

    fn add(&mut self, stage: &str, counts: Counts, took: Duration) {
        self.lines.push(Line {
            stage: stage.to_owned(),
            counts,
            took,
        });
    }

    fn close(&self) -> ExitCode {
        heading("result");
        let mut sum = Counts::default();
        for Line { stage, counts, took } in &self.lines {
            let mark = if counts.failed == 0 { "ok  " } else { "FAIL" };
            let skipped = if counts.skipped == 0 {
                String::new()
            } else {
                format!(", {} skipped", counts.skipped)
            };
            println!(
                "{mark} {:>8.1} s  {stage}: {} passed, {} failed{skipped}",
                took.as_secs_f64(),
                counts.passed,
                counts.failed
            );
            sum += *counts;
        }
        let skipped = if sum.skipped == 0 {
            String::new()
        } else {
            format!(", {} skipped", sum.skipped)
        };
        println!();
        println!("{} passed, {} failed{skipped}", sum.passed, sum.failed);
        if sum.failed == 0 && sum.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn heading(name: &str) {
    println!("\n── {name} ──");
}
