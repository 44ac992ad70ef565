//! Messages towards the card network, and what its answers mean. Card number, track and PIN block pass through here and
//! are kept nowhere; a reversal needs none of them.

use iso8583::kinds::Key;
use iso8583::values::{F53, F60, F61, PinForm};
use iso8583::{EncodeError, Kind, Message, codes};
use operations::payments::{NetworkAnswer, OriginalUpstream};
use operations::reversals::{Due, Heard};

use super::card::{Card, SECRET};
use super::messages::Asked;
use super::numbers::Drawn;
use crate::connectors::network::Outcome;

/// What goes on as the terminal sent it.
const CARRIED: &[u8] = &[3, 4, 14, 22, 23, 25, 26, 41, 42, 49, 55, 59, 60];
/// Requests whose field 37 names the original, as the terminal's does (iso8583.md, 2.3). In all others it is our own
/// reference number: trace numbers go round within a minute at 20,000 a second, reference numbers within a day.
const NAMES_ORIGINAL: [Kind; 3] = [Kind::Void, Kind::CompletionVoid, Kind::Refund];
/// Line to the issuer abnormal: the request did not leave.
const NO_LINE: &str = "92";

/// The request of a terminal as the network gets it.
pub(super) fn request(
    asked: &Asked,
    card: &Card,
    drawn: &Drawn,
    acquirer: &str,
    original: Option<&OriginalUpstream>,
) -> Result<Message, EncodeError> {
    let mut message = Message::of_type(asked.message.mti());
    message
        .copy_from(&asked.message, CARRIED)
        .set_number(11, drawn.stan.into())?
        .set(32, acquirer)?;
    let named = original.filter(|_| NAMES_ORIGINAL.contains(&asked.kind));
    message.set(37, named.map_or(&drawn.rrn, |original| &original.rrn))?;
    message.copy_from(&card.fields, SECRET);
    let form = if card.fields.has(52) {
        PinForm::WithPan
    } else {
        PinForm::None
    };
    message.set(53, &F53::triple_des(form, false).digits())?;
    if let Some(original) = original {
        message.set(61, &names(original.batch, original.stan, &original.date).digits()?)?;
        if !original.auth_code.is_empty() {
            message.set(38, &original.auth_code)?;
        }
    }
    Ok(message)
}

/// A reversal that is due. None where the transaction's kind is not one that goes to the network.
pub(super) fn reversal(due: &Due, acquirer: &str) -> Option<Message> {
    build_reversal(due, acquirer).ok().flatten()
}

fn build_reversal(due: &Due, acquirer: &str) -> Result<Option<Message>, EncodeError> {
    let original = &due.original;
    let kind = operations::payments::by_code(&original.kind).map(|rule| rule.kind);
    let Some(Key::Financial {
        processing,
        condition,
        transaction,
        ..
    }) = kind.map(|kind: Kind| kind.row().key)
    else {
        return Ok(None);
    };
    let (Some(stan), Ok(amount)) = (original.upstream_stan, u64::try_from(original.amount)) else {
        return Ok(None);
    };
    let batch = u32::try_from(original.batch).unwrap_or(0);
    let mode = if original.entry_mode.len() == 3 {
        original.entry_mode.as_str()
    } else {
        "000"
    };
    let mut message = Message::new("0400")?;
    message
        .set(3, &format!("{processing}0000"))?
        .set_number(4, amount)?
        .set_number(11, u64::try_from(stan).unwrap_or(0))?
        .set(22, mode)?
        .set(25, condition)?
        .set(32, acquirer)?
        .set(39, &due.row.reason)?
        .set(41, &due.terminal_number)?
        .set(42, &due.merchant_number)?
        .set(49, "156")?
        .set(60, &F60::transaction(transaction, batch).digits()?)?
        .set(61, &names(original.batch, stan, &due.date).digits()?)?;
    // Whatever the original itself named: a reversal names what it reverses.
    if original.rrn.len() == 12 {
        message.set(37, &original.rrn)?;
    }
    if original.auth_code.len() == 6 {
        message.set(38, &original.auth_code)?;
    }
    Ok(Some(message))
}

fn names(batch: i64, stan: i64, date: &str) -> F61 {
    let number = |n: i64| u32::try_from(n).unwrap_or(0);
    F61::new(number(batch), number(stan), date.parse().unwrap_or(0))
}

/// What the network's answer means for a payment.
pub(super) fn judged(outcome: Outcome) -> NetworkAnswer {
    match outcome {
        Outcome::Refused(why) => {
            tracing::warn!(why, "the card network was not asked");
            NetworkAnswer::Declined {
                code: NO_LINE.to_owned(),
            }
        }
        Outcome::Unknown(why) => NetworkAnswer::Unknown { why },
        Outcome::Done(answer) => {
            let text = |number| answer.text(number).unwrap_or_default().to_owned();
            let code = text(39);
            if codes::find_or_unknown(&code).is_accepted() {
                let auth_code = text(38).trim().to_owned();
                let auth_code = if auth_code.len() == 6 { auth_code } else { String::new() };
                NetworkAnswer::Approved {
                    auth_code,
                    additional: text(44),
                }
            } else {
                NetworkAnswer::Declined { code }
            }
        }
    }
}

/// What the network's answer means for a reversal: only the outcomes of a reversal that was understood end it (done, the
/// original ended otherwise, nothing to reverse, another amount). Anything else, a format or key error as much as a
/// centre in trouble, says nothing about the card holder's money, so the reversal stays queued.
pub(super) fn heard(outcome: Outcome) -> Heard {
    match outcome {
        Outcome::Refused(why) => Heard::Nothing(why.to_owned()),
        Outcome::Unknown(why) => Heard::Nothing(why),
        Outcome::Done(answer) => {
            let code = answer.text(39).unwrap_or_default().to_owned();
            if matches!(code.as_str(), "00" | "01" | "12" | "25" | "64") {
                Heard::Answered(code)
            } else {
                Heard::Nothing(format!("code {code}"))
            }
        }
    }
}
