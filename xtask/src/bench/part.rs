//! Processes of a benchmark: started here, listened to, and gone when dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::run;

/// A running process whose standard output is read line by line.
pub struct Part {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

/// Room for ten thousand connections; and where this process is gone, however it went, the part goes too: `cat` ends when
/// the pipe does that only we hold open. `$$` stays the number of the part, whose program replaces the shell.
const WATCHED: &str = r#"ulimit -n 20000 2>/dev/null; exec 3<&0
(cat <&3; kill -TERM $$) >/dev/null 2>&1 &
exec "$@" 3<&-"#;

impl Part {
    /// Starts it; what it complains about appears where ours does.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let name = run::shown(command);
        let mut watched = Command::new("sh");
        watched
            .args(["-c", WATCHED, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        watched.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = watched
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{name}` could not be started: {error}"))?;
        let (tell, lines) = mpsc::channel();
        let out = child.stdout.take();
        thread::spawn(move || {
            for line in out
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
                .map_while(Result::ok)
            {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name, child, lines })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line; none when it has said its last.
    pub fn line(&self, patience: Duration) -> Result<Option<String>, String> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("`{}` has said nothing for {} s", self.name, patience.as_secs()))
            }
        }
    }

    /// Waits for the line that begins with `word`; the rest of it.
    pub fn said(&self, word: &str, patience: Duration) -> Result<String, String> {
        while let Some(line) = self.line(patience)? {
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
        Err(format!("`{}` ended before it said «{word}»", self.name))
    }

    /// Waits until it ends by itself; an error where it did not end well.
    pub fn end(mut self) -> Result<(), String> {
        // Waiting would close the pipe first, and so stop what is about to end well.
        let _held = self.child.stdin.take();
        let status = self.child.wait().map_err(|error| format!("`{}`: {error}", self.name))?;
        status
            .success()
            .then_some(())
            .ok_or_else(|| format!("`{}` failed ({status})", self.name))
    }

    /// Asks it to stop and waits for a while, so that what it holds is written.
    pub fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        run::quiet(Command::new("kill").args(["-TERM", &id]))?;
        for _ in 0..300 {
            if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(format!("`{}` did not stop within 30 s", self.name))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
