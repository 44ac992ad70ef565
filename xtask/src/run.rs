//! Running other programs.

use std::env;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The directory that cargo builds into.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A `cargo` command in the root of the repository, in colour where somebody watches.
pub fn cargo<const N: usize>(words: [&str; N]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).current_dir(root());
    if std::io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// Finds a program on `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Whether this process is the super-user, who may install packages and whom PostgreSQL refuses to run as.
pub fn is_root() -> bool {
    quiet(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Runs a command without showing its output; returns its standard output, or what it printed where it failed.
pub fn quiet(command: &mut Command) -> Result<String, String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!(
        "`{shown}` failed ({}):\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Runs a command, passing on what it prints as it comes; returns whether it ended well, and all that it printed.
pub fn watched(command: &mut Command) -> (bool, String) {
    println!("$ {}", shown(command));
    let mut child = match command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            let message = format!("could not be started: {error}\n");
            eprint!("{message}");
            return (false, message);
        }
    };
    let printed = Arc::new(Mutex::new(String::new()));
    let out = child.stdout.take().map(|pipe| pass_on(pipe, Arc::clone(&printed)));
    let err = child.stderr.take().map(|pipe| pass_on(pipe, Arc::clone(&printed)));
    let ended_well = child.wait().is_ok_and(|status| status.success());
    for reader in [out, err].into_iter().flatten() {
        // A reader only ends by end of file; whether it panicked changes nothing about the run.
        let _ = reader.join();
    }
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (ended_well, printed)
}

/// Both streams go to our standard output, line by line, so that they stay in order and whole in a log.
fn pass_on(pipe: impl Read + Send + 'static, printed: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stdout = std::io::stdout().lock();
            // Where nobody reads our output any more, the run still goes on to its exit code.
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
            printed.push_str(&text);
            line.clear();
        }
    })
}

/// A command as one would type it, without its environment.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
