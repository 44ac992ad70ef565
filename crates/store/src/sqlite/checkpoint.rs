//! Copying the log into the file beside the writer, whose commits would otherwise wait for it now and then.
//!
//! The log starts over only when all of it has been copied at the beginning of a write, and a busy writer is always a few
//! pages ahead. So a thread copies nearly all, and asks the writer to copy the few pages that are left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(20);
/// Pages that are worth copying.
const WORTH: i64 = 1000;
/// Pages in the log from which on it is to start over; each page written more than once until then is copied once.
const LONG: i64 = 4000;
/// Pages that the writer may copy in between.
const FEW: i64 = 300;

/// What the thread and the writer tell each other.
#[derive(Default)]
pub(crate) struct Desk {
    finish: AtomicBool,
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Desk {
    /// The writer has ended.
    pub(crate) fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits a moment; whether the writer has ended.
    fn wait(&self) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(ended, EVERY, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Copies the rest, where the writer is asked to.
    pub(crate) fn finish(&self, writer: &Connection) {
        if self.finish.swap(false, Ordering::AcqRel) {
            tell(copy(writer, "passive"));
        }
    }
}

/// Copies until the writer ends.
pub(crate) fn serve(conn: &Connection, desk: &Desk) {
    while !desk.wait() {
        let Some((all, done)) = tell(copy(conn, "noop")) else {
            continue;
        };
        let (all, done) = if all - done >= WORTH {
            tell(copy(conn, "passive")).unwrap_or((all, done))
        } else {
            (all, done)
        };
        if all >= LONG && all - done <= FEW {
            desk.finish.store(true, Ordering::Release);
        }
    }
}

/// Pages in the log, and those of them that are in the file.
fn copy(conn: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| {
        Ok((row.get(1)?, row.get(2)?))
    })
}

/// The log only grows meanwhile, and the next try may succeed.
fn tell(result: rusqlite::Result<(i64, i64)>) -> Option<(i64, i64)> {
    result
        .inspect_err(|error| tracing::warn!(%error, "the log could not be copied into the database file"))
        .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_writers_log_starts_over_though_it_never_copies_much_itself() {
        let directory = std::env::temp_dir().join(format!("shoudan-checkpoint-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let open = || {
            let conn = Connection::open(directory.join("log.db")).unwrap();
            conn.execute_batch("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0")
                .unwrap();
            conn
        };
        let (writer, beside, desk) = (open(), open(), &Desk::default());
        writer
            .execute_batch("create table t (id integer primary key, body blob)")
            .unwrap();
        let mut longest = 0;
        std::thread::scope(|scope| {
            scope.spawn(move || serve(&beside, desk));
            for round in 0..600 {
                desk.finish(&writer);
                writer
                    .execute("insert into t (body) select randomblob(200000)", [])
                    .unwrap();
                longest = longest.max(copy(&writer, "noop").unwrap().0);
                if round % 20 == 0 {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            desk.end();
        });
        // 600 rounds write 30,000 pages.
        assert!(longest < 20_000, "{longest} pages in the log");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
