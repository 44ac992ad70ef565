//! How far a campaign has come: a file that the next run takes up, and the lines it prints. `cargo xtask campaign` sets the
//! variables; without them the long forms do nothing.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A campaign under way.
pub struct Progress {
    directory: PathBuf,
    /// The next seed.
    pub seed: u64,
    /// What was done before this run, and in it.
    pub done: u64,
    /// Everything found, in this run and before.
    pub findings: u64,
    until: Instant,
}

impl Progress {
    /// Takes up where the last run stopped; none where no campaign was asked for.
    pub fn take_up() -> Option<Self> {
        let directory = PathBuf::from(std::env::var_os("SHOUDAN_CAMPAIGN")?);
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        fs::create_dir_all(&directory).unwrap();
        let kept = fs::read_to_string(directory.join("progress")).unwrap_or_default();
        let kept = |name: &str| {
            let line = kept.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0)
        };
        let asked = number("SHOUDAN_CAMPAIGN_SEED");
        Some(Self {
            seed: asked.unwrap_or_else(|| kept("seed").max(1)),
            done: kept("done"),
            findings: kept("findings"),
            until: Instant::now() + Duration::from_secs(number("SHOUDAN_CAMPAIGN_SECONDS").unwrap_or(600)),
            directory,
        })
    }

    /// Whether there is time for more.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    fn keep(&self) {
        let text = format!("seed={}\ndone={}\nfindings={}\n", self.seed, self.done, self.findings);
        fs::write(self.directory.join("progress"), text).unwrap();
    }

    /// All of this seed is done.
    pub fn go_to(&mut self, seed: u64) {
        self.seed = seed;
        self.keep();
    }

    /// Notes a portion under the seed of now.
    pub fn note(&mut self, done: u64, found: &[String], told: &str) {
        let began = self.seed;
        self.done += done;
        self.findings += u64::try_from(found.len()).unwrap();
        self.keep();
        if !found.is_empty() {
            let path = self.directory.join("findings");
            let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            writeln!(file, "seed {began}:").unwrap();
            for finding in found {
                writeln!(file, "  {finding}").unwrap();
                println!("  {finding}");
            }
        }
        println!(
            "{told}; {} done, seed {}, {} findings",
            self.done, self.seed, self.findings
        );
    }

    /// The last line; fails where anything was found.
    pub fn result(&self, what: &str) {
        println!("result: {} {what}, {} findings", self.done, self.findings);
        assert_eq!(self.findings, 0, "see {}", self.directory.join("findings").display());
    }
}
