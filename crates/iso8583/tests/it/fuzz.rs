//! Messages with faults that know the grammar. The long form is `cargo xtask campaign fuzz`; beside it stands a decoder
//! that is not ours (`tests/fuzz_decoder.py`).

pub mod examine;
pub mod mutate;

use super::samples::samples;
use examine::{Depth, examine, examine_stream};
use mutate::{Chance, mutant};

const MUTANTS: u64 = 12_000;

fn dumps() -> Vec<Vec<u8>> {
    samples().iter().map(|sample| sample.message_bytes().to_vec()).collect()
}

#[test]
fn whatever_is_done_to_a_message_it_is_refused_or_keeps_its_bytes() {
    let dumps = dumps();
    let (mut fields, mut whole) = (0, 0);
    for seed in 0..MUTANTS {
        let bytes = mutant(seed, &dumps);
        let depth = examine(&bytes).unwrap_or_else(|broken| panic!("seed {seed}, {}: {broken}", hex::encode(&bytes)));
        fields += u64::from(depth.fields);
        whole += u64::from(depth.whole);
    }
    assert!(fields * 2 > MUTANTS, "only {fields} of {MUTANTS} reached the fields");
    // Neither a mutator that breaks everything nor one that breaks nothing would find much.
    assert!(
        (MUTANTS / 5..MUTANTS * 4 / 5).contains(&whole),
        "{whole} of {MUTANTS} were read whole"
    );
}

#[test]
fn a_stream_of_damaged_frames_reads_alike_however_it_is_cut() {
    let dumps = dumps();
    for seed in 0..800 {
        let messages: Vec<_> = (0..5).map(|n| mutant(seed * 5 + n, &dumps)).collect();
        examine_stream(&mut Chance::seeded(seed), &messages).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

#[test]
fn reading_any_of_them_takes_little_memory() {
    // The peak of addresses in use: what is asked for counts, used or not. Other tests may run beside this one.
    const MOST_KIB: u64 = 512 * 1024;
    let dumps = dumps();
    let before = peak_kib();
    for seed in 0..4_000 {
        let _: Result<Depth, String> = examine(&mutant(seed, &dumps));
    }
    assert!(peak_kib() - before < MOST_KIB, "{} KiB more", peak_kib() - before);
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmPeak:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
