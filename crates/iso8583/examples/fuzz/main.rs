//! Mutated messages, each examined, one line of JSON each with what our decoder made of it: for another decoder to compare.
//!
//! `fuzz FIRST COUNT` takes the seeds from FIRST on. A property that does not hold ends it with the seed and code 1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../tests/it/fuzz/examine.rs"]
mod examine;
#[path = "../../tests/it/fuzz/mutate.rs"]
mod mutate;
mod verdict;

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use mutate::{Chance, mutant};

/// What reading may take at most, beyond what the program has at its start, KiB.
const MOST_KIB: u64 = 64 * 1024;

/// The messages of the dumps, without what stands around them.
fn dumps() -> Vec<Vec<u8>> {
    let samples: serde_json::Value = serde_json::from_str(include_str!("../../tests/samples.json")).unwrap();
    let groups = ["published", "constructed"].into_iter();
    let entries = groups.flat_map(|group| samples[group].as_array().unwrap().clone());
    entries
        .map(|entry| {
            let bytes = hex::decode(entry["hex"].as_str().unwrap()).unwrap();
            let decoded = &entry["decoded"];
            let before =
                if decoded["length_prefix"].is_null() { 0 } else { 2 } + if decoded["tpdu"].is_null() { 0 } else { 11 };
            bytes[before..].to_vec()
        })
        .collect()
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmPeak:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    let (first, count) = (number(), number());
    match portion(first, count) {
        Ok(told) => {
            eprintln!("{told}");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            eprintln!("{broken}");
            ExitCode::FAILURE
        }
    }
}

/// What was reached; the error names the seed and what does not hold.
fn portion(first: u64, count: u64) -> Result<String, String> {
    let dumps = dumps();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut fields, mut whole, before) = (0u64, 0u64, peak_kib());
    let mut recent = Vec::new();
    for seed in first..first + count {
        let bytes = mutant(seed, &dumps);
        let broken = |what: String| format!("seed {seed}: {what}: {}", hex::encode_upper(&bytes));
        let depth = examine::examine(&bytes).map_err(broken)?;
        (fields, whole) = (fields + u64::from(depth.fields), whole + u64::from(depth.whole));
        // Whoever compares may have seen enough.
        if writeln!(out, "{}", verdict::verdict(&bytes)).is_err() {
            break;
        }
        recent.push(bytes.clone());
        if recent.len() == 5 {
            examine::examine_stream(&mut Chance::seeded(seed), &recent).map_err(broken)?;
            recent.clear();
        }
        if peak_kib() - before > MOST_KIB {
            return Err(broken("reading it took too much memory".to_owned()));
        }
    }
    // Whoever compares tells that lines are missing.
    let _ = out.flush();
    let told = format!("{count} messages: {fields} reached their fields, {whole} were read whole");
    if fields * 2 > count {
        Ok(told)
    } else {
        Err(format!("{told}: fewer than half reached their fields"))
    }
}
