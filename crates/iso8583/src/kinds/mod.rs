//! What kind of message a message is: a sale, a sign-in, a reversal.
//!
//! A financial message is told by its type, the first two digits of its processing code, its condition code and its
//! transaction type (60.1); a management message by its type and its network management code (60.3).

mod table;

pub use table::{KINDS, Kind};

use crate::message::Message;
use crate::values::F60;

/// What tells one kind from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// First two digits of field 3, field 25, 60.1; all three as they stand in the message.
    Financial {
        /// First two digits of the processing code.
        processing: &'static str,
        /// Condition code.
        condition: &'static str,
        /// Transaction type.
        transaction: u8,
        /// Whether the customer's code is scanned (field 22 begins with 03) rather than a card read.
        scanned: bool,
    },
    /// 60.1 is 00 and 60.3 is one of these.
    Management(&'static [u16]),
    /// 60.3 is one of these, whatever 60.1 is.
    Code(&'static [u16]),
    /// 60.1 alone: hosts differ in 60.3.
    Type(u8),
    /// 60.1 is that of a transaction, and field 3 is there: a transaction sent once more.
    Detail,
    /// The message type alone.
    Mti,
}

/// On which side of a settlement a transaction counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It moves no money that is settled.
    Neither,
    /// The merchant gets money.
    Debit,
    /// The merchant gives money back.
    Credit,
}

/// One row of the table of kinds.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    /// The kind that the row describes.
    pub kind: Kind,
    /// English name.
    pub en: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// Type of the request; [`crate::Mti::response`] gives that of the answer.
    pub request: &'static str,
    /// What else tells the kind.
    pub key: Key,
    /// Whether requests carry field 64.
    pub mac: bool,
    /// Whether a terminal that gets no answer reverses it.
    pub reversible: bool,
    /// On which side of a settlement it counts.
    pub side: Side,
    /// Fields that a request must have. Field 2 may be missing where field 35 is present, or a code was scanned.
    pub mandatory: &'static [u8],
    /// Fields that an answer takes over from the request, where present.
    pub echoed: &'static [u8],
}

impl Kind {
    /// What the table says about this kind.
    pub const fn row(self) -> &'static KindRow {
        // The table is in the order of the enum; the compiler checks it in `table`.
        &KINDS[self as usize]
    }

    /// The kind of a request; `None` for a combination that the table does not have (answer 12 or 40), and for answers.
    pub fn of(message: &Message) -> Option<Self> {
        let marks = Marks::of(message);
        let rows = KINDS.iter().filter(|row| message.mti() == row.request);
        rows.into_iter().find(|row| marks.fit(row.key)).map(|row| row.kind)
    }

    /// The kind that a reversal (0400) is to undo, told by the fields that it copies from the original.
    pub fn reversed_by(message: &Message) -> Option<Self> {
        if Self::of(message) != Some(Self::Reversal) {
            return None;
        }
        let marks = Marks::of(message);
        let financial = |row: &&KindRow| row.reversible && matches!(row.key, Key::Financial { .. });
        KINDS
            .iter()
            .filter(financial)
            .find(|row| marks.fit(row.key))
            .map(|row| row.kind)
    }

    /// Numbers of mandatory fields that a request lacks.
    pub fn missing(self, message: &Message) -> Vec<u8> {
        let scanned = Marks::of(message).scanned;
        let excused = |number: u8| number == 2 && (scanned || message.has(35));
        let row = self.row();
        row.mandatory
            .iter()
            .copied()
            .filter(|number| !message.has(*number) && !excused(*number))
            .collect()
    }
}

/// What of a message tells its kind.
struct Marks<'a> {
    processing: Option<&'a str>,
    condition: Option<&'a str>,
    f60: Option<F60>,
    scanned: bool,
}

impl<'a> Marks<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            processing: message.text(3).and_then(|code| code.get(..2)),
            condition: message.text(25),
            f60: F60::of(message),
            scanned: message.text(22).is_some_and(|mode| mode.starts_with("03")),
        }
    }

    fn fit(&self, key: Key) -> bool {
        let kind = self.f60.map(|f60| f60.transaction_type);
        match key {
            Key::Financial {
                processing,
                condition,
                transaction,
                scanned,
            } => {
                self.processing == Some(processing)
                    && self.condition == Some(condition)
                    && kind == Some(transaction)
                    && (self.scanned || !scanned)
            }
            Key::Management(codes) => {
                kind == Some(0)
                    && self
                        .f60
                        .and_then(|f60| f60.network_code)
                        .is_some_and(|code| codes.contains(&code))
            }
            Key::Code(codes) => self
                .f60
                .and_then(|f60| f60.network_code)
                .is_some_and(|code| codes.contains(&code)),
            Key::Type(transaction) => kind == Some(transaction),
            Key::Detail => kind.is_some_and(|kind| kind != 0) && self.processing.is_some(),
            Key::Mti => true,
        }
    }
}

#[cfg(test)]
mod tests;
