//! Chores of the repository that want more than one command line.
//!
//! `cargo xtask test` prepares a machine and runs every check of the project. It has no dependencies, so that it builds in a second on a machine that
//! has nothing yet.

mod args;
mod bench;
mod campaign;
mod counts;
mod house;
mod licences;
mod postgres;
mod prepare;
mod python;
mod run;
mod test;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match args::parse(&words) {
        Ok(args::Command::Help) => {
            println!("{}\n{}\n{}", args::HELP, bench::HELP, campaign::HELP);
            ExitCode::SUCCESS
        }
        Ok(args::Command::Test(options)) => test::test(&options),
        Ok(args::Command::Bench(options)) => bench::gateway(&options),
        Ok(args::Command::Campaign(options)) => campaign::run(&options),
        Err(message) => {
            eprintln!("{message}\n\n{}", args::HELP);
            ExitCode::from(2)
        }
    }
}
