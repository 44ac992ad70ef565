//! What connected, silent terminals cost: opens connections to a gateway of its own, lets each say one word, and prints
//! the memory the gateway's process holds before and after.
//!
//! `cargo run --release -p shoudan --example idle -- [COUNT] [--tls]`. The terminals are a process of their own, because
//! both ends in one would need twice the file descriptors (see `ulimit -n`).

use std::io::BufRead as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::secret::Secret;
use iso8583::crypto::DesKey;
use iso8583::values::F60;
use iso8583::{Frame, Header, Message, Tpdu};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use shoudan::app::{App, Options};
use shoudan::clock::Kind;
use shoudan::config::Keys;
use shoudan::connectors::network::{Config, Connector};
use shoudan::gateway::{self, Door, DoorSettings, Gateway, Settings, tls};
use shoudan::portal::Institution;
use shoudan::portal::words::Word;

const SAME: Word = Word {
    zh: "测试", en: "Test"
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, address, count, certificate] = arguments.as_slice()
        && role == "terminals"
    {
        return terminals(address.parse()?, count.parse()?, certificate);
    }
    let encrypted = arguments.iter().any(|argument| argument == "--tls");
    let count: usize = match arguments.iter().find(|argument| *argument != "--tls") {
        Some(count) => count.parse().context("how many terminals?")?,
        None => 10_000,
    };
    let directory = std::env::temp_dir().join(format!("shoudan-idle-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let measured = measure(count, encrypted, &directory);
    std::fs::remove_dir_all(&directory)?;
    measured
}

fn measure(count: usize, encrypted: bool, directory: &std::path::Path) -> anyhow::Result<()> {
    let app = App::open(Options {
        database: format!("sqlite:{}", directory.join("idle.db").display()),
        data: None,
        catalog: None,
        clock: Kind::Machine,
        seed: 1,
        demo: false,
        keys: Keys {
            data: Secret::new([1; 32]),
            index: Secret::new([2; 32]),
        },
        origin: "http://127.0.0.1:1".into(),
        institution: Institution {
            name: SAME,
            hours: SAME,
            hotline: "",
            site: "",
            sms: "",
            licence: "",
        },
    })?;
    let files = tls::demo(directory)?;
    let certificate = files.certificate.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = Settings {
            greeting: Duration::from_hours(1),
            idle: Duration::from_hours(1),
            connections: count + 100,
            ..Settings::with_zone_key(app.platform.keys.zone(&DesKey::from_random([3; 16]))?)
        };
        let door = DoorSettings {
            tls: encrypted.then_some(files),
            ..DoorSettings::plain(([127, 0, 0, 1], 0).into())
        };
        let door = Door::open(&door, &settings.profiles)?;
        let address = door.address()?;
        let nobody = Connector::start(Config::at("127.0.0.1:1"));
        let opened = Gateway::open(app, nobody, settings).await?;
        tokio::spawn(gateway::serve_at(
            vec![door],
            Arc::clone(&opened),
            std::future::pending(),
        ));
        let before = resident()?;
        let told = tokio::task::spawn_blocking(move || {
            let certificate = if encrypted {
                certificate.display().to_string()
            } else {
                "-".into()
            };
            let mut child = Command::new(std::env::current_exe()?)
                .args(["terminals", &address.to_string(), &count.to_string(), &certificate])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let mut line = String::new();
            let out = child.stdout.take().context("the terminals have no output")?;
            std::io::BufReader::new(out).read_line(&mut line)?;
            let after = resident()?;
            // It ends when it hears no more.
            drop(child.stdin.take());
            child.wait()?;
            anyhow::Ok((line, after))
        });
        let (line, after) = told.await??;
        if line.trim() != "connected" {
            bail!("the terminals did not all connect");
        }
        let kind = if encrypted { "TLS" } else { "plain" };
        println!(
            "{count} idle {kind} terminals: {:.1} MiB in all, {:.1} MiB before, {:.1} KiB each",
            mebibytes(after),
            mebibytes(before),
            f64::from(u32::try_from(after - before)?) / f64::from(u32::try_from(count)?),
        );
        anyhow::Ok(())
    })
}

fn mebibytes(kibibytes: u64) -> f64 {
    u32::try_from(kibibytes).map_or(f64::MAX, f64::from) / 1024.0
}

/// Resident memory of this process, KiB.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("/proc/self/status says nothing of VmRSS")?.parse()?)
}

/// The other process: connects, lets each connection ask for an echo, and holds them until its input ends.
fn terminals(address: SocketAddr, count: usize, certificate: &str) -> anyhow::Result<()> {
    let mut echo = Message::new("0820")?;
    echo.set(41, "ZZ000001")?.set(42, "822000000000001")?;
    echo.set(60, &F60::management(1, 301).digits()?)?;
    let wire = Frame {
        tpdu: Tpdu::from_hex("6000030000")?,
        header: Header::from_hex("603100310000"),
        message: echo.encode()?,
    }
    .to_wire()?;
    let trust = match certificate {
        "-" => None,
        path => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(path)?)?;
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder =
                rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
            Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
        }
    };
    let mut plain = Vec::new();
    let mut encrypted = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address)?;
        match &trust {
            None => {
                ask(&mut stream, &wire)?;
                plain.push(stream);
            }
            Some(config) => {
                let session = rustls::ClientConnection::new(Arc::clone(config), ServerName::try_from("localhost")?)?;
                let mut stream = rustls::StreamOwned::new(session, stream);
                ask(&mut stream, &wire)?;
                encrypted.push(stream);
            }
        }
    }
    println!("connected");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn ask<S: std::io::Read + std::io::Write>(stream: &mut S, wire: &[u8]) -> anyhow::Result<()> {
    stream.write_all(wire)?;
    stream.flush()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(())
}
