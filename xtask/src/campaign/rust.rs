//! Campaigns that are a long test: they know how far they came by the directory they are given.

use std::fs;
use std::path::PathBuf;

use super::Options;
use crate::postgres::Cluster;
use crate::run;

/// Where a campaign keeps what it reached and found.
pub fn directory(options: &Options, name: &str) -> Result<PathBuf, String> {
    let directory = run::target().join("campaign").join(name);
    if options.anew {
        // What is not there needs no removing.
        let _ = fs::remove_dir_all(&directory);
    }
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(directory)
}

/// Runs the ignored test that is the long form.
pub fn run(options: &Options, name: &str, test: &str) -> Result<(), String> {
    let directory = directory(options, name)?;
    let cluster = if options.postgres {
        Some(Cluster::start()?)
    } else {
        None
    };
    let words = [
        "test",
        "--package",
        "shoudan",
        "--test",
        "it",
        "--",
        "--ignored",
        "--exact",
        "--nocapture",
        test,
    ];
    let mut command = run::cargo(words);
    command
        .env("SHOUDAN_CAMPAIGN", &directory)
        .env("SHOUDAN_CAMPAIGN_SECONDS", options.seconds.to_string())
        .env("RUST_BACKTRACE", "0");
    match &cluster {
        Some(cluster) => command.env("SHOUDAN_TEST_PG", cluster.url()),
        None => command.env_remove("SHOUDAN_TEST_PG"),
    };
    if let Some(seed) = options.seed {
        command.env("SHOUDAN_CAMPAIGN_SEED", seed.to_string());
    }
    let (ended_well, output) = run::watched(&mut command);
    drop(cluster);
    let result = output.lines().find(|line| line.starts_with("result:"));
    match (ended_well, result) {
        (true, Some(result)) => {
            println!("{name} {result}");
            Ok(())
        }
        (_, Some(result)) => Err(format!("{name} {result}; see {}", directory.join("findings").display())),
        _ => Err(format!("{name} ended without a result.")),
    }
}
