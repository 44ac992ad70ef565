//! `cargo xtask bench gateway`: sales through the gateway, and in the same run what they are compared with.
//!
//! Everything listens on the loopback address, is started here, and is stopped with this process. Data lies in
//! `target/bench`, on whatever disk that is; a world that is there already is used again where it was made to last.

mod asked;
mod gateway;
mod load;
mod options;
mod part;
mod place;
mod references;
mod table;
mod usage;

pub use options::{HELP, Options, parse};

use std::process::ExitCode;

use place::Place;
use table::Figures;

/// Measures, prints the table, and fails where anything could not be measured or an answer was not an approval.
pub fn gateway(options: &Options) -> ExitCode {
    match measured(options) {
        Ok(figures) => {
            println!("\n{}", table::text(&figures, options));
            if figures.refusals() == 0 {
                ExitCode::SUCCESS
            } else {
                println!("Not every answer was an approval: the figures do not count.");
                ExitCode::FAILURE
            }
        }
        Err(message) => {
            println!("xtask bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn measured(options: &Options) -> Result<Figures, String> {
    let place = Place::open(options)?;
    let mut figures = Figures {
        disk_commit_us: place.disk_commit_us()?,
        ..Figures::default()
    };
    if options.references {
        references::measure(&place, options, &mut figures)?;
    }
    for (wanted, size) in [(options.sizes.0, "small"), (options.sizes.1, "large")] {
        for engine in options.engines.iter().filter(|_| wanted) {
            let row = gateway::measure(&place, options, engine, size)?;
            figures.rows.push(row);
        }
    }
    if options.idle > 0 {
        figures.idle = Some(gateway::idle(&place, options)?);
    }
    let json = options
        .json
        .clone()
        .unwrap_or_else(|| place.directory.join("gateway.json"));
    std::fs::write(&json, table::json(&figures, options)).map_err(|error| format!("{}: {error}", json.display()))?;
    println!("The figures are in {}.", json.display());
    Ok(figures)
}
