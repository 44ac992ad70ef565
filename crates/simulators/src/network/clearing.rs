//! The clearing file of a day: what the network says it carried for this acquirer. A text file of our own, UTF-8, lines
//! ending in LF, fields parted by commas, none of which holds a comma, a quote or a line end.
//!
//! | line | fields |
//! |---|---|
//! | first | `H`, `SHOUDAN-CLEARING`, version `1`, scheme, business date `YYYY-MM-DD`, sequence (3 digits), count of `L` lines, debit total, credit total, interchange total, network fee total |
//! | each transaction | `L`, number from 1, network reference (12 digits), trace number towards the network (6 digits), reference number (12, or empty), terminal, merchant, kind (two digits of 60.1), side `D` or `C`, amount, card (first six, `******`, last four; or empty), authorisation number (6), interchange, network fee |
//! | last | `T`, count of `L` lines, CRC-32 (IEEE, eight hex digits, upper case) of every byte before this line |
//!
//! Amounts are whole fen. `D`: the acquirer is owed (sales, completions); `C`: it owes (voids, refunds). Fees are what the
//! acquirer pays, and negative where a transaction gives one back. What was reversed or refused is not in the file; what
//! was voided is, beside its void.

use std::fmt::Write as _;

use iso8583::kinds::{Key, Side};

use super::book::{Book, Standing};
use super::chance::Chance;

/// The scheme named in the header.
const SCHEME: &str = "CUP";

/// Interchange in parts per million and its cap in fen, and the acquirer's half of the network fee with its cap: the
/// ceilings in force.
const DEBIT_INTERCHANGE: (i64, i64) = (3_500, 1_300);
const CREDIT_INTERCHANGE: (i64, i64) = (4_500, i64::MAX);
const NETWORK_FEE: (i64, i64) = (325, 325);

/// One transaction of a clearing file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The network's own number of the transaction.
    pub reference: u64,
    /// Trace number towards the network.
    pub stan: u64,
    /// Reference number of the request; empty where it had none.
    pub rrn: String,
    /// F41.
    pub terminal: String,
    /// F42.
    pub merchant: String,
    /// 60.1.
    pub kind: u8,
    /// Whether the acquirer owes the amount.
    pub credit: bool,
    /// Fen.
    pub amount: i64,
    /// Masked; empty where it had none.
    pub card: String,
    /// Authorisation number.
    pub auth_code: String,
    /// Fen.
    pub interchange: i64,
    /// Fen.
    pub network_fee: i64,
}

/// A clearing file with what was made wrong in it on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearingFile {
    /// Business date, `YYYY-MM-DD`.
    pub date: String,
    /// 1 for the first file of a day.
    pub sequence: u32,
    /// In the order of the network's references.
    pub lines: Vec<Line>,
    /// References of lines that do not say what happened, and in what way.
    pub planted: Vec<(u64, Difference)>,
}

/// In what way a line is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing,
    /// It is there twice.
    Twice,
    /// The amount is one fen more.
    Amount,
    /// The interchange is one fen more.
    Fee,
    /// It belongs to nobody: a transaction that never was.
    Extra,
}

const DIFFERENCES: [Difference; 5] = [
    Difference::Missing,
    Difference::Twice,
    Difference::Amount,
    Difference::Fee,
    Difference::Extra,
];

/// Rounds half up; money given back carries the same fee with the other sign.
fn fee(amount: i64, (ppm, cap): (i64, i64), credit: bool) -> i64 {
    let exact = i128::from(amount) * i128::from(ppm);
    let fee = i64::try_from((exact + 500_000) / 1_000_000)
        .unwrap_or(i64::MAX)
        .min(cap);
    if credit { -fee } else { fee }
}

/// What may stand in a field: letters and digits; anything else becomes `?`, so that no column can move.
fn clean(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '*';
    text.chars().map(|c| if fits(c) { c } else { '?' }).collect()
}

/// The file of a day.
pub(super) fn of_day(book: &Book, date: &str, differences_ppm: u32, seed: u64) -> ClearingFile {
    let mut chance = Chance::seeded(seed);
    let mut file = ClearingFile {
        date: date.to_owned(),
        sequence: 1,
        lines: Vec::new(),
        planted: Vec::new(),
    };
    for place in 0..book.rows.len() {
        let Some(line) = line(book, place, date) else {
            continue;
        };
        if !chance.happens(differences_ppm) {
            file.lines.push(line);
            continue;
        }
        let which = usize::try_from(chance.next() % 5).unwrap_or(0);
        let difference = DIFFERENCES.get(which).copied().unwrap_or(Difference::Missing);
        file.planted.push((line.reference, difference));
        file.lines.extend(wrong(line, difference));
    }
    file
}

fn wrong(line: Line, difference: Difference) -> Vec<Line> {
    match difference {
        Difference::Missing => Vec::new(),
        Difference::Twice => vec![line.clone(), line],
        Difference::Amount => vec![Line {
            amount: line.amount + 1,
            ..line
        }],
        Difference::Fee => vec![Line {
            interchange: line.interchange + 1,
            ..line
        }],
        Difference::Extra => {
            let extra = Line {
                reference: line.reference + 900_000_000_000,
                stan: (line.stan + 500_000) % 1_000_000,
                rrn: String::new(),
                ..line.clone()
            };
            vec![line, extra]
        }
    }
}

fn line(book: &Book, place: usize, date: &str) -> Option<Line> {
    let row = book.rows.get(place)?;
    let kind = row.kind?.row();
    let counts = matches!(row.standing, Standing::Approved | Standing::Voided);
    let (Key::Financial { transaction, .. }, true, true) = (kind.key, counts, kind.side != Side::Neither) else {
        return None;
    };
    let entry = book.entry_at(place).filter(|entry| entry.date == date)?;
    let (amount, credit) = (i64::try_from(entry.amount).ok()?, kind.side == Side::Credit);
    let interchange = if row.credit_card {
        CREDIT_INTERCHANGE
    } else {
        DEBIT_INTERCHANGE
    };
    let card = entry.card.split_at_checked(6);
    Some(Line {
        reference: u64::try_from(place).ok()? + 1,
        stan: entry.stan,
        rrn: entry.rrn,
        terminal: entry.terminal,
        merchant: entry.merchant,
        kind: transaction,
        credit,
        amount,
        card: card.map_or_else(String::new, |(first, last)| format!("{first}******{last}")),
        auth_code: entry.auth_code,
        interchange: fee(amount, interchange, credit),
        network_fee: fee(amount, NETWORK_FEE, credit),
    })
}

impl ClearingFile {
    /// The name it is written under.
    pub fn name(&self) -> String {
        format!("clearing-{}-{:03}.csv", self.date.replace('-', ""), self.sequence)
    }

    /// The file.
    pub fn text(&self) -> String {
        let total = |credit: bool| -> i64 {
            let side = self.lines.iter().filter(|line| line.credit == credit);
            side.map(|line| line.amount).sum()
        };
        let interchange: i64 = self.lines.iter().map(|line| line.interchange).sum();
        let network_fee: i64 = self.lines.iter().map(|line| line.network_fee).sum();
        // Writing into a String cannot fail.
        let mut text = String::new();
        let _ = writeln!(
            text,
            "H,SHOUDAN-CLEARING,1,{SCHEME},{},{:03},{},{},{},{interchange},{network_fee}",
            self.date,
            self.sequence,
            self.lines.len(),
            total(false),
            total(true)
        );
        for (place, line) in self.lines.iter().enumerate() {
            let _ = writeln!(
                text,
                "L,{},{:012},{:06},{},{},{},{:02},{},{},{},{},{},{}",
                place + 1,
                line.reference,
                line.stan,
                clean(&line.rrn),
                clean(&line.terminal),
                clean(&line.merchant),
                line.kind,
                if line.credit { 'C' } else { 'D' },
                line.amount,
                clean(&line.card),
                clean(&line.auth_code),
                line.interchange,
                line.network_fee
            );
        }
        let checksum = crc32(text.as_bytes());
        let _ = writeln!(text, "T,{},{checksum:08X}", self.lines.len());
        text
    }
}

/// CRC-32 as Ethernet, gzip and PNG have it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let bit = crc & 1;
            (crc >> 1) ^ (0xEDB8_8320 * bit)
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn fees_round_half_up_and_end_at_the_cap() {
        let debit = |amount| fee(amount, DEBIT_INTERCHANGE, false);
        assert_eq!(
            [142, 143, 10_000, 371_428, 371_429, 9_000_000].map(debit),
            [0, 1, 35, 1_300, 1_300, 1_300]
        );
        assert_eq!(fee(10_000, CREDIT_INTERCHANGE, true), -45);
        assert_eq!(fee(100_000, NETWORK_FEE, false), 33);
    }

    #[test]
    fn no_field_can_move_a_column() {
        assert_eq!(clean("1000,00\"\n1"), "1000?00??1");
    }
}
