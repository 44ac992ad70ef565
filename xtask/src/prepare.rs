//! Making a machine ready: each program that the tests need is looked for, installed where that is possible without asking, or named with the exact
//! commands that install it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

/// Makes sure that `cargo nextest` answers.
pub fn nextest() -> Result<(), String> {
    if run::quiet(&mut run::cargo(["nextest", "--version"])).is_ok() {
        return Ok(());
    }
    println!(
        "cargo-nextest, the test runner, is not on this machine: building it from crates.io into cargo's own bin directory (some minutes, once)."
    );
    let (installed, _) = run::watched(&mut run::cargo(["install", "cargo-nextest", "--locked"]));
    if installed {
        Ok(())
    } else {
        Err("cargo-nextest could not be installed. Try: cargo install cargo-nextest --locked".to_owned())
    }
}

/// The directory of PostgreSQL's server programs, version 15 or later.
pub fn postgres() -> Result<PathBuf, String> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    apt_install(&["postgresql"])?;
    find_postgres().ok_or_else(|| "PostgreSQL was installed, but no `initdb` of version 15 or later was found in /usr/lib/postgresql/*/bin or PATH.".to_owned())
}

fn find_postgres() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let on_path = run::on_path("initdb").and_then(|file| file.parent().map(Path::to_path_buf));
    let complete = |dir: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| dir.join(name).is_file())
    };
    let versioned = debian
        .chain(on_path)
        .filter(complete)
        .filter_map(|dir| Some((postgres_version(&dir)?, dir)));
    versioned
        .filter(|(version, _)| *version >= 15)
        .max_by_key(|(version, _)| *version)
        .map(|(_, dir)| dir)
}

/// The major version that `initdb --version` tells: `initdb (PostgreSQL) 15.20 (Debian …)`.
fn postgres_version(dir: &Path) -> Option<u32> {
    let line = run::quiet(Command::new(dir.join("initdb")).arg("--version")).ok()?;
    major_version(&line)
}

fn major_version(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("(PostgreSQL) ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The Chromium that the browser tests drive. A test tool's own download of a browser is never used.
pub fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("SHOUDAN_CHROMIUM").map(PathBuf::from);
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(run::on_path)
    };
    let have_browser = named.or_else(find);
    // Without a Chinese font every picture shows boxes, and nobody would notice from an exit code.
    let have_font =
        run::quiet(Command::new("fc-list").args([":lang=zh", "family"])).is_ok_and(|list| !list.trim().is_empty());
    match have_browser {
        Some(browser) if have_font => return Ok(browser),
        Some(_) => apt_install(&["fonts-noto-cjk", "fontconfig"])?,
        None => apt_install(&["chromium", "fonts-noto-cjk", "fontconfig"])?,
    }
    find().ok_or_else(|| "Chromium was installed, but is not on PATH. Name it in SHOUDAN_CHROMIUM.".to_owned())
}

/// SoftHSM, the token the key module is tested in.
pub fn softhsm() -> Result<(), String> {
    let find = || run::on_path("softhsm2-util").is_some();
    if !find() {
        apt_install(&["softhsm2"])?;
    }
    if find() {
        Ok(())
    } else {
        Err("SoftHSM was installed, but softhsm2-util is not on PATH.".to_owned())
    }
}

/// Installs Debian packages where this process may, and otherwise says what to type.
pub fn apt_install(packages: &[&str]) -> Result<(), String> {
    let list = packages.join(" ");
    let by_hand = format!(
        "These are needed and could not be installed from here: {list}. On Debian or Ubuntu:\n    sudo apt-get update && sudo apt-get install -y {list}\nElsewhere install the same with your system's packages."
    );
    if !run::is_root() || run::on_path("apt-get").is_none() {
        return Err(by_hand);
    }
    println!("Installing {list} with apt-get.");
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        run::watched(command.args(words).env("DEBIAN_FRONTEND", "noninteractive")).0
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    if apt(&["update"]) && apt(&install) {
        Ok(())
    } else {
        Err(by_hand)
    }
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn version_line_of_debian_and_of_upstream() {
        assert_eq!(
            major_version("initdb (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("initdb (PostgreSQL) 17beta1\n"), Some(17));
        assert_eq!(major_version("initdb 1.0"), None);
    }
}
