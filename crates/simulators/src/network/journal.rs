//! The book in a file: a line of JSON per change, added before anything is answered, read back at the next start.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use iso8583::kinds::KINDS;
use serde::{Deserialize, Serialize};

use super::book::{Book, Entry, Standing};

/// The open file. What cannot be written is told once in the log: the network goes on without.
pub(super) struct Journal {
    file: File,
    failed: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    place: usize,
    terminal: String,
    merchant: String,
    stan: u64,
    rrn: String,
    kind: Option<String>,
    amount: u64,
    standing: Standing,
    auth_code: String,
    card: String,
    date: String,
    voids: Option<u32>,
    credit: bool,
}

impl Journal {
    pub(super) fn keep(&mut self, place: usize, entry: &Entry, voids: Option<u32>, credit: bool) {
        let line = Line {
            place,
            terminal: entry.terminal.clone(),
            merchant: entry.merchant.clone(),
            stan: entry.stan,
            rrn: entry.rrn.clone(),
            kind: entry.kind.map(|kind| kind.row().en.to_owned()),
            amount: entry.amount,
            standing: entry.standing,
            auth_code: entry.auth_code.clone(),
            card: entry.card.clone(),
            date: entry.date.clone(),
            voids,
            credit,
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::error!(%error, "the simulated network cannot keep its book");
        }
    }
}

/// Reads a book back and goes on writing it. A last line that was cut off is left.
pub(super) fn open(path: &Path) -> io::Result<Book> {
    let mut book = Book::default();
    let mut end = 0;
    if let Ok(file) = File::open(path) {
        let mut reader = BufReader::new(file);
        let mut text = String::new();
        while reader.read_line(&mut text)? > 0 && text.ends_with('\n') {
            let line: Line = serde_json::from_str(&text)?;
            end += text.len();
            text.clear();
            take_over(&mut book, line);
        }
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(u64::try_from(end).unwrap_or(0))?;
    book.journal = Some(Journal { file, failed: false });
    Ok(book)
}

fn take_over(book: &mut Book, line: Line) {
    let kind = line
        .kind
        .and_then(|name| KINDS.iter().find(|row| row.en == name))
        .map(|row| row.kind);
    let entry = Entry {
        terminal: line.terminal,
        merchant: line.merchant,
        stan: line.stan,
        rrn: line.rrn,
        kind,
        amount: line.amount,
        standing: line.standing,
        auth_code: line.auth_code,
        card: line.card,
        date: line.date,
    };
    book.take_over(line.place, &entry, line.voids, line.credit);
}
