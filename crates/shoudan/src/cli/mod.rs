//! The command line: starting the server, and asking one that runs.

mod run;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An open merchant-acquiring system.
#[derive(Parser)]
#[command(name = "shoudan", version, about)]
struct Shoudan {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything with a seeded world: HTTP, terminal gateway, simulated card network.
    Demo(Demo),
    /// Start the production form: no simulators, no default secrets, no test clock.
    Serve {
        /// The settings (TOML).
        #[arg(long)]
        config: PathBuf,
    },
}

/// Options of the demonstration.
#[derive(Args, Clone)]
pub struct Demo {
    /// Where its data is kept.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Where HTTP listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Where terminals are listened for.
    #[arg(long, default_value = "127.0.0.1:8583")]
    terminals: SocketAddr,
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
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("shoudan: {error:#}");
            ExitCode::from(1)
        }
    }
}
