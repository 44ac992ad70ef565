//! `shoudan conformance`: plays a host against a terminal, or a terminal against a host, by the vectors in `conformance/`,
//! and writes a signed report.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use domain::time::{Time, Zone};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};
use simulators::conformance::{HostVectors, Identity, Report, TerminalVectors, host, probe};
use simulators::terminal::Card;

use super::client::{language, world};
use super::show::{rows, say, text};
use crate::clock::{Clock, Kind, entropy};

/// Check a terminal or a host against the vectors.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Conformance {
    /// Plays a terminal against the host at HOST:PORT.
    #[arg(long, value_name = "HOST:PORT", requires = "profile")]
    against: Option<String>,
    #[command(flatten)]
    asked: Option<Asked>,
    /// The demonstration's directory: its last live terminal and its approving card are used.
    #[arg(long, value_name = "DIR", conflicts_with = "terminal")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Args, Clone)]
struct Asked {
    /// Which stories: `shoudan conformance list` names the profiles.
    #[arg(long, default_value = "basic")]
    profile: String,
    /// The terminal's numbers, master key and test card (TOML); none: the kit's own.
    #[arg(long, value_name = "FILE")]
    terminal: Option<PathBuf>,
    /// Seconds to wait for the next message before giving up.
    #[arg(long, default_value_t = 120)]
    wait: u64,
    /// Write the signed report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the signed report as text.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The key that signs reports; made at first use.
    #[arg(long, value_name = "FILE", default_value = "shoudan-conformance.key")]
    key: PathBuf,
}

#[derive(Subcommand)]
enum What {
    /// Play a host and lead a terminal through the stories.
    Host {
        /// Where the terminal connects to.
        #[arg(long)]
        listen: SocketAddr,
        #[command(flatten)]
        asked: Asked,
    },
    /// List profiles and vectors.
    List,
    /// Say whether a report is as it was written, and by which key.
    Verify {
        /// The report, JSON or text.
        file: PathBuf,
        /// The key that must have signed it, hex; none: any.
        #[arg(long)]
        public_key: Option<String>,
    },
}

/// Does what was asked. 1: not passed, or the report is not as it was written.
pub fn conformance(asked: &Conformance) -> anyhow::Result<ExitCode> {
    match (&asked.what, &asked.against) {
        (Some(What::Host { listen, asked }), _) => as_host(*listen, asked),
        (Some(What::List), _) => list(),
        (Some(What::Verify { file, public_key }), _) => verify(file, public_key.as_deref()),
        (None, Some(address)) => {
            let options = asked.asked.clone().context("name a profile: --profile basic")?;
            as_terminal(address, &options, asked.data.as_deref())
        }
        (None, None) => bail!("name a host to check with --against, or `host --listen` to check a terminal"),
    }
}

fn chinese() -> bool {
    language() != "en"
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// When a run begins: for the report, and as a terminal is told.
struct Begun {
    now: Time,
    zone: Zone,
}

impl Begun {
    fn now() -> anyhow::Result<Self> {
        Ok(Self {
            now: Clock::new(Kind::Machine, 0, 0, 0).now(),
            zone: Zone::named("Asia/Shanghai")?,
        })
    }

    fn written(&self) -> String {
        self.zone.rfc3339(self.now)
    }

    /// `hhmmss` and `MMDD`.
    fn clock(&self) -> (String, String) {
        let exact = self.written();
        let digits = |from: usize, to: usize| exact.get(from..to).unwrap_or_default().replace([':', '-'], "");
        (digits(11, 19), digits(5, 10))
    }
}

fn identity(file: Option<&Path>) -> anyhow::Result<Identity> {
    match file {
        None => Ok(Identity::of_the_kit()),
        Some(file) => {
            let written = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            toml::from_str(&written).with_context(|| file.display().to_string())
        }
    }
}

/// The demonstration's last live terminal, and the card that its issuer approves.
fn of_the_demonstration(data: &Path, begun: &Begun) -> anyhow::Result<Identity> {
    let world = world(data)?;
    let live = |entry: &&Value| text(entry, "situation") == "live" && text(entry, "mac") == "ecb";
    let entry = rows(&world, "terminals_list").iter().rev().find(live);
    let entry = entry.context("the world has no live terminal")?;
    let card = rows(&world, "test_cards")
        .iter()
        .find(|card| text(card, "outcome") == "approved");
    let seconds = begun.now.millis() / 1000;
    Ok(Identity {
        terminal_number: text(entry, "terminal_number").to_owned(),
        merchant_number: text(entry, "merchant_number").to_owned(),
        serial_number: text(entry, "serial_number").to_owned(),
        master_key: text(entry, "tmk_hex").to_owned(),
        tpdu: text(entry, "tpdu").to_owned(),
        // By the clock, so that the numbers of two runs do not meet in one batch.
        trace: u32::try_from(seconds.rem_euclid(800_000)).unwrap_or(0) + 100_000,
        card: card.map(|card| Card {
            pan: text(card, "pan").to_owned(),
            track2: text(card, "track2").to_owned(),
            pin: Some(text(card, "pin").to_owned()).filter(|pin| !pin.is_empty()),
        }),
        ..Identity::of_the_kit()
    })
}

fn as_host(listen: SocketAddr, asked: &Asked) -> anyhow::Result<ExitCode> {
    let begun = Begun::now()?;
    let run = host::Run {
        identity: identity(asked.terminal.as_deref())?,
        profile: asked.profile.clone(),
        begun: begun.written(),
        clock: begun.clock(),
        patience: Duration::from_secs(asked.wait),
    };
    let report = runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        say(format_args!("listening {}", listener.local_addr()?))?;
        std::io::stdout().flush()?;
        let zh = chinese();
        let tell = |story: &simulators::conformance::Story| {
            let does = if zh { &story.does.zh } else { &story.does.en };
            // Whoever reads along has gone: the run goes on.
            let _ = say(format_args!("{}  {does}", story.id));
            let _ = std::io::stdout().flush();
        };
        anyhow::Ok(host::serve(run, listener, tell).await?)
    })?;
    finish(&report, asked)
}

fn as_terminal(address: &str, asked: &Asked, data: Option<&Path>) -> anyhow::Result<ExitCode> {
    let begun = Begun::now()?;
    let run = probe::Run {
        address: address.to_owned(),
        identity: match data {
            Some(data) => of_the_demonstration(data, &begun)?,
            None => identity(asked.terminal.as_deref())?,
        },
        profile: asked.profile.clone(),
        begun: begun.written(),
        patience: Duration::from_secs(asked.wait),
    };
    let report = runtime()?.block_on(probe::probe(run))?;
    finish(&report, asked)
}

fn finish(report: &Report, asked: &Asked) -> anyhow::Result<ExitCode> {
    let shown = report.text(chinese());
    say(&shown)?;
    if asked.json.is_some() || asked.report.is_some() {
        let key = signing_key(&asked.key)?;
        if let Some(file) = &asked.json {
            let body = serde_json::to_value(report)?;
            let signature = signature(&key, &serde_json::to_vec(&body)?);
            let signed = json!({ "report": body, "signature": signature });
            fs::write(file, serde_json::to_vec_pretty(&signed)?).with_context(|| file.display().to_string())?;
        }
        if let Some(file) = &asked.report {
            let signed = format!("{shown}{MARK}{}\n", signature(&key, shown.as_bytes()));
            fs::write(file, signed).with_context(|| file.display().to_string())?;
        }
    }
    Ok(ExitCode::from(u8::from(!report.passed)))
}

/// What stands between a text report and its signature.
const MARK: &str = "\n-- signature --\n";

fn hex(bytes: &[u8]) -> String {
    operations::sealing::hex(bytes)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn signature(key: &Ed25519KeyPair, body: &[u8]) -> Value {
    json!({
        "algorithm": "Ed25519",
        "public_key": hex(key.public_key().as_ref()),
        "value": hex(key.sign(body).as_ref()),
    })
}

/// The key of a file; a new one where there is no file. Only the file's owner may read it.
fn signing_key(file: &Path) -> anyhow::Result<Ed25519KeyPair> {
    let seed = match fs::read_to_string(file) {
        Ok(written) => unhex(written.trim()).with_context(|| format!("{} holds no key", file.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let seed = entropy().to_vec();
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut made = options.open(file).with_context(|| file.display().to_string())?;
            writeln!(made, "{}", hex(&seed))?;
            seed
        }
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| anyhow::anyhow!("{} holds no Ed25519 key; name another file with --key", file.display()))
}

fn verify(file: &Path, wanted: Option<&str>) -> anyhow::Result<ExitCode> {
    let written = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let (body, signature) = if written.starts_with('{') {
        let signed: Value = serde_json::from_str(&written).with_context(|| file.display().to_string())?;
        let body = signed.get("report").context("the file holds no report")?;
        (serde_json::to_vec(body)?, signed.get("signature").cloned())
    } else {
        let (body, signature) = written.rsplit_once(MARK).context("the file holds no signature")?;
        (body.as_bytes().to_vec(), serde_json::from_str(signature).ok())
    };
    let signature = signature.context("the file holds no signature")?;
    let part = |name: &str| unhex(text(&signature, name)).unwrap_or_default();
    ensure!(
        text(&signature, "algorithm") == "Ed25519",
        "the report is signed by an algorithm that this version does not know"
    );
    let key = text(&signature, "public_key").to_owned();
    let right = UnparsedPublicKey::new(&ED25519, part("public_key"))
        .verify(&body, &part("value"))
        .is_ok();
    let expected = wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&key));
    let told = match (right, expected, chinese()) {
        (true, true, true) => "报告未被改动",
        (true, true, false) => "the report is as it was written",
        (true, false, true) => "报告未被改动，但签名的不是指定的密钥",
        (true, false, false) => "the report is as it was written, by another key than the one named",
        (false, _, true) => "报告被改动过，或签名不符",
        (false, _, false) => "the report was changed, or its signature is another's",
    };
    say(format_args!("{told}: {key}"))?;
    Ok(ExitCode::from(u8::from(!(right && expected))))
}

fn list() -> anyhow::Result<ExitCode> {
    let (terminals, hosts) = (TerminalVectors::v1()?, HostVectors::v1()?);
    macro_rules! section {
        ($name:literal, $of:expr) => {
            say(format_args!("{} v{}", $name, $of.version))?;
            for row in &$of.profile {
                say(format_args!("  {}  {}", row.name, picked(&row.title)))?;
            }
            let rules = $of.rule.iter().map(|row| (&row.id, &row.title, &row.source));
            let stories = $of.story.iter().map(|row| (&row.id, &row.title, &row.source));
            for (id, title, source) in rules.chain(stories) {
                say(format_args!("    {id}  {} [{source}]", picked(title)))?;
            }
        };
    }
    section!("terminal", terminals);
    section!("host", hosts);
    Ok(ExitCode::SUCCESS)
}

fn picked(words: &simulators::conformance::Words) -> &str {
    if chinese() { &words.zh } else { &words.en }
}
