//! The Python environment of `tests/`: a virtual environment with exactly the pinned packages.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::{prepare, run};

/// The interpreter of the environment, made or brought up to date where it is not what `tests/requirements.txt` says.
pub fn environment() -> Result<PathBuf, String> {
    let python = run::on_path("python3")
        .ok_or("python3 (3.10 or later) is needed for the tests that drive the server from outside.")?;
    let requirements = run::root().join("tests/requirements.txt");
    let pins = fs::read_to_string(&requirements)
        .map_err(|error| format!("{} cannot be read: {error}", requirements.display()))?;
    let version = run::quiet(Command::new(&python).arg("--version"))?;
    // The stamp is what the environment was made from, whole: any change of a pin or of the interpreter remakes it.
    let wanted = format!("{version}{pins}");
    let home = run::root().join(".venv");
    let (inside, stamp) = (home.join("bin/python"), home.join("made-from.txt"));
    if inside.is_file() && fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(inside);
    }
    println!("Making the Python environment .venv from tests/requirements.txt.");
    make(&python, &home)?;
    let mut install = Command::new(&inside);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(&requirements);
    if !run::watched(&mut install).0 {
        return Err(format!(
            "pip could not install the packages of tests/requirements.txt: `{}`",
            run::shown(&install)
        ));
    }
    fs::write(&stamp, wanted).map_err(|error| format!("{} cannot be written: {error}", stamp.display()))?;
    Ok(inside)
}

fn make(python: &PathBuf, home: &PathBuf) -> Result<(), String> {
    let attempt = || run::quiet(Command::new(python).args(["-m", "venv", "--clear"]).arg(home)).map(drop);
    attempt().or_else(|error| {
        // Debian keeps a part of the standard library's venv in a package of its own.
        if !error.contains("ensurepip") {
            return Err(error);
        }
        prepare::apt_install(&["python3-venv"]).and_then(|()| attempt())
    })
}
