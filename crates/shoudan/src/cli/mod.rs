//! The command line: starting the server, asking one that runs, and tools that need none.

mod account;
mod ask;
mod bench;
mod catalog;
mod client;
mod conformance;
mod explain;
mod keys;
mod pos;
mod qr;
mod run;
mod show;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use client::Server;

/// An open merchant-acquiring system.
#[derive(Parser)]
#[command(name = "shoudan", version, about, arg_required_else_help = true)]
struct Shoudan {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything with a seeded world: pages, API, terminal gateway, simulated card network.
    Demo(Demo),
    /// Start the production form: no simulators, no default secrets, no test clock.
    Serve {
        /// The settings (TOML).
        #[arg(long)]
        config: PathBuf,
    },
    /// Say what works, what does not, why, and what brings it back.
    Explain {
        /// The code on the slip (7K3-M9Q), a terminal number, a serial number, or a merchant number.
        subject: String,
        /// The capability asked about; `sale` if none is named.
        #[arg(long)]
        capability: Option<String>,
        /// A past moment, e.g. 2026-11-25T17:00:00+08:00.
        #[arg(long)]
        at: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Bring a terminal under a reason, or back (demonstration and tests).
    Trigger {
        /// Reason code; `shoudan catalog list reasons` lists them.
        reason: String,
        /// Terminal number.
        #[arg(long)]
        terminal: String,
        /// Carry out the plan that brings it back.
        #[arg(long)]
        restore: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Look at the test clock, or move it on.
    Clock {
        #[command(subcommand)]
        what: Clock,
    },
    /// Check everything that must hold between the stored rows.
    Check {
        /// Check a database directly instead of asking a server: `sqlite:PATH` or `postgres://…`.
        #[arg(long)]
        database: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Check a catalogue, or list what is in it.
    Catalog {
        #[command(subcommand)]
        what: Catalog,
    },
    /// Accounts of an installation, made beside the server: the first one, or one when nobody can log in.
    Account {
        #[command(subcommand)]
        what: Account,
    },
    /// The key module: master keys, the network's PIN key, moving keys to a new master key.
    Keys {
        #[command(subcommand)]
        what: keys::Keys,
    },
    /// Work a simulated POS terminal of the demonstration's world.
    Pos(pos::Pos),
    /// Check a terminal (`host --listen`) or a host (`--against`) against the conformance vectors.
    Conformance(conformance::Conformance),
    /// Fill an empty database with the world that `cargo xtask bench` measures in.
    #[command(hide = true)]
    BenchWorld(bench::BenchWorld),
    /// Measure how long a small commit of a database takes.
    #[command(hide = true)]
    BenchCommit(bench::BenchCommit),
}

#[derive(Subcommand)]
enum Account {
    /// Make an account; for staff a second factor is made too, and shown this once.
    Add(account::Add),
}

#[derive(Subcommand)]
enum Clock {
    /// Where it stands.
    Show {
        #[command(flatten)]
        server: Server,
    },
    /// Move it on: `100d`, `3mo`, `36h`, or P100D.
    Advance {
        /// By how much.
        span: String,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Subcommand)]
enum Catalog {
    /// Load a catalogue and prove that nothing in it is a dead end.
    Check {
        /// Its directory; none: the shipped one.
        directory: Option<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List rows of the shipped catalogue.
    List {
        /// What to list.
        #[arg(value_enum)]
        what: catalog::Listed,
        /// Words in Chinese instead of English.
        #[arg(long)]
        zh: bool,
    },
}

/// Options of the demonstration.
#[derive(Args, Clone)]
pub struct Demo {
    /// Where its data is kept.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Where pages and API listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Where terminals are listened for.
    #[arg(long, default_value = "127.0.0.1:8583")]
    terminals: SocketAddr,
    /// Where terminals are listened for that encrypt; a free port beside the other if none is named (see world.json).
    #[arg(long)]
    terminals_tls: Option<SocketAddr>,
    /// Where terminals are listened for that post by HTTP; a free port beside the other if none is named.
    #[arg(long)]
    terminals_http: Option<SocketAddr>,
    /// Another database than the one in the data directory: `postgres://…` or `sqlite:PATH`.
    #[arg(long)]
    database: Option<String>,
    /// The machine's clock (it may be moved ahead), or one that stands still until it is moved.
    #[arg(long, value_enum, default_value_t = WhichClock::System)]
    clock: WhichClock,
    /// Where the world and, under the test clock, all ids start from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print nothing but `ready`.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhichClock {
    /// The machine's.
    System,
    /// Stands still until it is moved.
    Test,
}

/// Reads the arguments and does what they say. 0: done; 1: refused or violated; 2: wrong usage.
pub fn main() -> ExitCode {
    let asked = match Shoudan::try_parse() {
        Ok(asked) => asked,
        Err(told) => {
            // Help and version are no mistake.
            let code = if told.use_stderr() { 2 } else { 0 };
            let _ = told.print();
            return ExitCode::from(code);
        }
    };
    let done = match asked.command {
        Command::Demo(demo) => run::demo(&demo),
        Command::Serve { config } => run::serve(&config),
        Command::Explain {
            subject,
            capability,
            at,
            server,
        } => explain::explain(&server, &subject, capability.as_deref(), at.as_deref()),
        Command::Trigger {
            reason,
            terminal,
            restore,
            server,
        } => ask::trigger(&server, &reason, &terminal, restore),
        Command::Clock {
            what: Clock::Show { server },
        } => ask::clock(&server),
        Command::Clock {
            what: Clock::Advance { span, server },
        } => ask::advance(&server, &span),
        Command::Check { database, server } => ask::check(&server, database.as_deref()),
        Command::Catalog {
            what: Catalog::Check { directory, json },
        } => catalog::check(directory.as_deref(), json),
        Command::Catalog {
            what: Catalog::List { what, zh },
        } => catalog::list(what, zh),
        Command::Account {
            what: Account::Add(add),
        } => account::add(&add),
        Command::Keys { what } => keys::keys(&what),
        Command::Pos(pos) => pos::pos(&pos),
        Command::Conformance(asked) => conformance::conformance(&asked),
        Command::BenchWorld(asked) => bench::world(&asked),
        Command::BenchCommit(asked) => bench::commit(&asked),
    };
    match done {
        Ok(code) => code,
        // Whoever read along has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shoudan: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
