//! An answer is a stranger's: it counts only where it says what was asked.

use iso8583::values::Balance;
use iso8583::{Message, codes};

/// Fields of the request that its answer must repeat.
const REPEATED: [u8; 6] = [3, 4, 11, 37, 41, 42];
/// Fields that an answer may leave out, and may not change.
const UNCHANGED: [u8; 2] = [2, 49];

/// Why an answer does not belong to its request, or cannot be believed.
pub(super) fn mismatch(request: &Message, answer: &Message) -> Option<String> {
    if answer.mti() != request.mti().response() {
        return Some("an answer of another type".to_owned());
    }
    let other = |number: u8| Some(format!("an answer with another field {number}"));
    for number in REPEATED {
        if request.has(number) && request.bytes(number) != answer.bytes(number) {
            return other(number);
        }
    }
    for number in UNCHANGED {
        if request.has(number) && answer.has(number) && request.bytes(number) != answer.bytes(number) {
            return other(number);
        }
    }
    if let Some(number) = unreadable(answer) {
        return Some(format!("an answer whose field {number} is none"));
    }
    match answer.text(39).and_then(codes::find) {
        None => Some("an answer without a known code".to_owned()),
        // Nobody asked for a part of the amount.
        Some(row) if row.code == "10" => Some("an approval of part of the amount".to_owned()),
        Some(_) => None,
    }
}

/// The first field that is kept or shown and cannot be what it should be.
fn unreadable(answer: &Message) -> Option<u8> {
    let all = |number: u8, fits: fn(u8) -> bool| {
        answer
            .bytes(number)
            .is_none_or(|bytes| bytes.iter().all(|byte| fits(*byte)))
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    let printable = |byte: u8| (b' '..=b'~').contains(&byte);
    let day = answer.number(15).is_none_or(|day| business_date(day).is_some());
    let balance = answer.bytes(54).is_none_or(|bytes| Balance::parse(bytes).is_ok());
    let rows = [
        (15, day),
        (37, all(37, letters)),
        (38, all(38, letters)),
        (44, all(44, printable)),
        (54, balance),
    ];
    rows.into_iter().find(|row| !row.1).map(|row| row.0)
}

/// A business date (15) as MMDD.
pub(super) fn business_date(day: u64) -> Option<u16> {
    let (month, day_of_month) = (day / 100, day % 100);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day_of_month);
    fits.then(|| u16::try_from(day).ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request() -> Message {
        let mut message = Message::new("0200").unwrap();
        message.set(2, "6217000000000000018").unwrap().set(3, "000000").unwrap();
        message.set_number(4, 1234).unwrap().set_number(11, 7).unwrap();
        message.set(41, "10000001").unwrap().set(42, "822290059990001").unwrap();
        message.set(37, "061510170002").unwrap().set(49, "156").unwrap();
        message
    }

    fn approval() -> Message {
        let mut message = request().answer(&[2, 3, 4, 11, 37, 41, 42, 49]);
        message.set(38, "A1B2C3").unwrap().set(39, "00").unwrap();
        message
    }

    #[test]
    fn an_honest_answer_belongs_to_its_request() {
        assert_eq!(mismatch(&request(), &approval()), None);
        let mut short = approval();
        short.remove(2).remove(49).remove(38);
        assert_eq!(mismatch(&request(), &short), None);
    }

    #[test]
    fn an_answer_that_says_anything_else_does_not() {
        type Change = fn(&mut Message);
        let changes: [(&str, Change); 14] = [
            ("amount", |m| {
                m.set_number(4, 1235).unwrap();
            }),
            ("no amount", |m| {
                m.remove(4);
            }),
            ("trace", |m| {
                m.set_number(11, 8).unwrap();
            }),
            ("reference", |m| {
                m.set(37, "061510170003").unwrap();
            }),
            ("no reference", |m| {
                m.remove(37);
            }),
            ("terminal", |m| {
                m.set(41, "10000002").unwrap();
            }),
            ("merchant", |m| {
                m.set(42, "822290059990002").unwrap();
            }),
            ("card", |m| {
                m.set(2, "6217000000000000026").unwrap();
            }),
            ("currency", |m| {
                m.set(49, "840").unwrap();
            }),
            ("unknown code", |m| {
                m.set(39, "ZZ").unwrap();
            }),
            ("no code", |m| {
                m.remove(39);
            }),
            ("part", |m| {
                m.set(39, "10").unwrap();
            }),
            ("authorisation", |m| {
                m.set_bytes(38, b"A1\0\xFFC3").unwrap();
            }),
            ("day", |m| {
                m.set(15, "1345").unwrap();
            }),
        ];
        for (what, change) in changes {
            let mut answer = approval();
            change(&mut answer);
            assert!(mismatch(&request(), &answer).is_some(), "{what}");
        }
        let other_type = approval().with_mti(Message::new("0230").unwrap().mti());
        assert!(mismatch(&request(), &other_type).is_some());
    }
}
