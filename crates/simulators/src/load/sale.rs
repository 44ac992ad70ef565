//! A sale as bytes on the wire, of which only what differs from sale to sale is written again.

use std::ops::Range;

use iso8583::crypto::MacKey;
use iso8583::values::{F53, F60, PinForm, operator_field};
use iso8583::{EncodeError, Frame, Header, Message, Tpdu};

use super::places::Places;
use super::{BATCH, Crowd};

/// Bytes before a message: length, TPDU, header.
pub(super) const BEFORE: usize = 13;

/// One terminal's next sale: a whole frame, and where its changing parts stand.
#[derive(Clone)]
pub struct Sale {
    wire: Vec<u8>,
    card: Range<usize>,
    track: Range<usize>,
    amount: Range<usize>,
    trace: Range<usize>,
    terminal: Range<usize>,
    merchant: Range<usize>,
    mac: Range<usize>,
}

/// What an answer says, without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Approved, and its numbers are those of the request.
    Approved,
    /// Another code than 00.
    Code([u8; 2]),
    /// No answer to this request.
    Stranger,
}

/// The first digits of the cards: an issuer's prefix that public lists give to debit cards.
const PREFIX: u64 = 622_588;

/// A card number of 16 digits with its check digit, as eight bytes.
fn card(n: u64) -> [u8; 8] {
    let body = PREFIX * 1_000_000_000 + n % 1_000_000_000;
    let mut sum = 0;
    let mut rest = body;
    for place in 0..15 {
        let digit = rest % 10;
        rest /= 10;
        let doubled = if place % 2 == 0 { digit * 2 } else { digit };
        sum += doubled / 10 + doubled % 10;
    }
    bcd(body * 10 + (10 - sum % 10) % 10)
}

/// The last digits of a number, two to a byte.
fn bcd<const N: usize>(mut number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    for byte in bytes.iter_mut().rev() {
        *byte = u8::try_from(number / 10 % 10 * 16 + number % 10).unwrap_or(0);
        number /= 100;
    }
    bytes
}

fn put(wire: &mut [u8], place: &Range<usize>, bytes: &[u8]) {
    if let Some(target) = wire.get_mut(place.clone()) {
        target.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }
}

impl Sale {
    /// A sale of the first terminal of a crowd: a swiped card, no PIN.
    pub fn new() -> Result<Self, EncodeError> {
        let mut message = Message::new("0200")?;
        message
            .set(2, "6225880000000000")?
            .set(3, "000000")?
            .set_number(4, 0)?
            .set_number(11, 0)?
            .set(22, "022")?
            .set(25, "00")?
            .set(35, "6225880000000000=30122011234500000")?
            .set(41, &Crowd::terminal_number(0))?
            .set(42, &Crowd::merchant_number(0))?
            .set(49, "156")?
            .set(53, &F53::triple_des(PinForm::None, false).digits())?
            .set(60, &F60::transaction(22, BATCH).digits()?)?
            .set_bytes(63, &operator_field("01"))?
            .set_bytes(64, &[0; 8])?;
        let message = message.encode()?;
        let places = Places::of(&message);
        let place = |number: usize, skipped: usize| {
            let range = places.as_ref().and_then(|places| places.range(number)).unwrap_or(0..0);
            range.start + BEFORE + skipped..range.end + BEFORE
        };
        let digits = |number| {
            let whole = place(number, 1);
            whole.start..whole.start + 8
        };
        let (tpdu, header) = (
            Tpdu::new([0x00, 0x03], [0x00, 0x00]),
            Header::from_bytes([0x60, 0x31, 0x00, 0x31, 0x00, 0x00]),
        );
        let (card, track) = (digits(2), digits(35));
        let [amount, trace, terminal, merchant, mac] = [4, 11, 41, 42, 64].map(|number| place(number, 0));
        let frame = Frame {
            tpdu,
            header: Some(header),
            message,
        };
        Ok(Self {
            wire: frame.to_wire().unwrap_or_default(),
            card,
            track,
            amount,
            trace,
            terminal,
            merchant,
            mac,
        })
    }

    /// From here on the sales of the `n`th terminal.
    pub fn stand_at(&mut self, n: u64) {
        put(&mut self.wire, &self.terminal, Crowd::terminal_number(n).as_bytes());
        put(&mut self.wire, &self.merchant, Crowd::merchant_number(n).as_bytes());
    }

    /// The frame of a sale under a trace number, for an amount in fen, with the `nth` card, its MAC put on.
    pub fn of(&mut self, trace: u32, amount: u64, nth: u64, key: &MacKey) -> &[u8] {
        let card = card(nth);
        put(&mut self.wire, &self.card, &card);
        put(&mut self.wire, &self.track, &card);
        put(&mut self.wire, &self.amount, &bcd::<6>(amount));
        put(&mut self.wire, &self.trace, &bcd::<3>(trace.into()));
        let mac = key.mac(self.wire.get(BEFORE..self.mac.start).unwrap_or_default());
        put(&mut self.wire, &self.mac, &mac);
        &self.wire
    }

    /// Reads the message of an answering frame, without its MAC.
    pub fn read(&self, answer: &[u8]) -> Answer {
        let same = |places: &Places, number: usize, mine: &Range<usize>| {
            places.field(answer, number).is_some() && places.field(answer, number) == self.wire.get(mine.clone())
        };
        let Some(places) = Places::of(answer) else {
            return Answer::Stranger;
        };
        if answer.get(..2) != Some(&[0x02, 0x10]) || !same(&places, 11, &self.trace) {
            return Answer::Stranger;
        }
        match places.field(answer, 39) {
            Some(b"00") if same(&places, 4, &self.amount) && same(&places, 41, &self.terminal) => Answer::Approved,
            Some(b"00") | None => Answer::Stranger,
            Some(code) => code.try_into().map_or(Answer::Stranger, Answer::Code),
        }
    }

    /// Whether field 64 of an answer vouches for it.
    pub fn is_genuine(answer: &[u8], key: &MacKey) -> bool {
        Message::decode(answer).is_ok_and(|message| message.verify(key).is_ok())
    }
}
