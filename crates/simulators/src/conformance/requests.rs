//! The messages that the kit sends to a host, built from a table of kinds.

use iso8583::crypto::{KeyError, Pin, encrypt_pin};
use iso8583::kinds::Side;
use iso8583::values::downloads;
use iso8583::values::{
    BatchItem, BatchUpload, F53, F60, F61, PinForm, SettlementTotals, SignInRequest, Tally, batch_end, operator_field,
};
use iso8583::{EncodeError, Kind, Message, Pan};
use thiserror::Error;

use super::vectors::Call;
use super::{Identity, WorkingKeys};
use crate::terminal::Card;

/// Why a message cannot be built.
#[derive(Debug, Error)]
pub enum RequestError {
    /// A value does not fit its field.
    #[error("a message cannot be written: {0}")]
    Unfit(#[from] EncodeError),
    /// The identity's keys cannot be used.
    #[error("a key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// No card, or one whose number or PIN cannot be read.
    #[error("the terminal's file names no card that can be used: {0}")]
    Card(String),
    /// The dialogue refers to an earlier message that was not approved.
    #[error("there is no approved message that this one could refer to")]
    NoOriginal,
}

/// An approved message of the session.
#[derive(Clone)]
pub(super) struct Done {
    pub(super) kind: Kind,
    pub(super) request: Message,
    pub(super) answer: Message,
    pub(super) undone: bool,
}

impl Done {
    fn amount(&self) -> i64 {
        self.request.number(4).and_then(|n| i64::try_from(n).ok()).unwrap_or(0)
    }
}

/// What the kit's terminal knows when it sends.
pub(super) struct Sender<'a> {
    pub(super) identity: &'a Identity,
    pub(super) keys: Option<&'a WorkingKeys>,
    pub(super) batch: u32,
    pub(super) trace: u32,
    pub(super) done: &'a [Done],
    /// Field 62 of the last answer: what a download asks for next.
    pub(super) listed: &'a [u8],
}

/// Processing code, condition, 60.1, and whether a PIN is sent.
const CARD_KINDS: &[(Kind, &str, &str, u8, bool)] = &[
    (Kind::Sale, "000000", "00", 22, true),
    (Kind::Balance, "310000", "00", 1, true),
    (Kind::Void, "200000", "00", 23, false),
    (Kind::Refund, "200000", "00", 25, false),
    (Kind::PreAuth, "030000", "06", 10, true),
    (Kind::PreAuthVoid, "200000", "06", 11, true),
    (Kind::Completion, "000000", "06", 20, true),
    (Kind::CompletionVoid, "200000", "06", 21, false),
];

/// Which kind of message each one refers to.
const ORIGINALS: &[(Kind, Kind)] = &[
    (Kind::Void, Kind::Sale),
    (Kind::Refund, Kind::Sale),
    (Kind::PreAuthVoid, Kind::PreAuth),
    (Kind::Completion, Kind::PreAuth),
    (Kind::CompletionVoid, Kind::Completion),
];

/// 60.3 of management messages.
const MANAGEMENT: &[(Kind, u16)] = &[
    (Kind::SignIn, 3),
    (Kind::SignOff, 2),
    (Kind::Echo, 301),
    (Kind::ParameterDownload, 360),
    (Kind::ParameterEnd, 361),
    (Kind::StatusUpload, 362),
    (Kind::PublicKeyDownload, 370),
    (Kind::PublicKeyEnd, 371),
    (Kind::PublicKeyQuery, 372),
    (Kind::ChipParameterDownload, 380),
    (Kind::ChipParameterEnd, 381),
    (Kind::ChipParameterQuery, 382),
    (Kind::Settle, 201),
    (Kind::BatchUpload, 201),
    (Kind::BatchEndUnbalanced, 202),
    (Kind::BatchEndBalanced, 207),
];

/// A report of state in which everything works.
const STATE: &[u8] = b"011021031041051";
/// Left out of reversals.
const NOT_IN_REVERSALS: [u8; 7] = [26, 35, 36, 37, 52, 53, 63];

impl Sender<'_> {
    /// The message of a call, sealed where its kind asks.
    pub(super) fn message(&self, kind: Kind, call: &Call) -> Result<Message, RequestError> {
        let mut message = match kind {
            Kind::Reversal => self.reversal(call)?,
            _ if CARD_KINDS.iter().any(|row| row.0 == kind) => self.payment(kind, call)?,
            _ => self.management(kind, call)?,
        };
        twist(&mut message, &call.twist)?;
        if kind.row().mac {
            match self.keys {
                Some(keys) => message.seal(&keys.mac)?,
                None => message.set_bytes(64, b"00000000")?,
            };
            if call.twist == "wrong_mac" {
                let turned = message.array::<8>(64).unwrap_or_default();
                message.set_bytes(64, &turned.map(|byte| if byte == b'0' { b'1' } else { b'0' }))?;
            }
        }
        Ok(message)
    }

    fn base(&self, mti: &str) -> Result<Message, RequestError> {
        let mut message = Message::new(mti)?;
        message
            .set(41, &self.identity.terminal_number)?
            .set(42, &self.identity.merchant_number)?;
        Ok(message)
    }

    fn management(&self, kind: Kind, call: &Call) -> Result<Message, RequestError> {
        let code = MANAGEMENT.iter().find(|row| row.0 == kind).map_or(0, |row| row.1);
        let mut message = self.base(kind.row().request)?;
        message.set(60, &F60::management(self.batch, code).digits()?)?;
        if kind.row().mandatory.contains(&11) {
            message.set_number(11, self.trace.into())?;
        }
        match kind {
            Kind::SignIn => {
                let identity = SignInRequest {
                    certificate: "0001".to_owned(),
                    serial: self.identity.serial_number.clone(),
                };
                message
                    .set_bytes(62, &identity.to_bytes()?)?
                    .set_bytes(63, &operator_field("01"))?;
            }
            Kind::StatusUpload => {
                message.set_bytes(62, STATE)?;
            }
            Kind::PublicKeyQuery | Kind::ChipParameterQuery => {
                message.set_bytes(62, &downloads::query(0))?;
            }
            Kind::PublicKeyDownload | Kind::ChipParameterDownload => {
                message.set_bytes(62, &first_name(self.listed))?;
            }
            Kind::Settle => {
                let mut totals = self.totals();
                if call.twist == "other_totals" {
                    totals.domestic.debit.amount += 1;
                }
                message
                    .set(48, &totals.digits()?)?
                    .set(49, "156")?
                    .set_bytes(63, &operator_field("01"))?;
            }
            Kind::BatchUpload => {
                message.set(48, &BatchUpload(self.items()?).digits()?)?;
            }
            Kind::BatchEndUnbalanced => {
                message.set(48, &batch_end(u16::try_from(self.items()?.len()).unwrap_or(0))?)?;
            }
            Kind::BatchEndBalanced => {
                message.set(48, &batch_end(0)?)?;
            }
            _ => {}
        }
        Ok(message)
    }

    fn card(&self) -> Result<(&Card, Pan), RequestError> {
        let none = || RequestError::Card("add a [card] with pan, track2 and pin".to_owned());
        let card = self.identity.card.as_ref().ok_or_else(none)?;
        let pan = Pan::parse(&card.pan).map_err(|e| RequestError::Card(e.to_string()))?;
        Ok((card, pan))
    }

    fn payment(&self, kind: Kind, call: &Call) -> Result<Message, RequestError> {
        let row = CARD_KINDS.iter().find(|row| row.0 == kind);
        let (_, processing, condition, transaction, with_pin) = *row.ok_or(RequestError::NoOriginal)?;
        let (card, pan) = self.card()?;
        let pin = card.pin.as_ref().filter(|_| with_pin);
        let form = if pin.is_some() { PinForm::WithPan } else { PinForm::None };
        let mut message = self.base(kind.row().request)?;
        message
            .set(2, &card.pan)?
            .set(3, processing)?
            .set_number(11, self.trace.into())?
            .set(22, if pin.is_some() { "021" } else { "022" })?
            .set(25, condition)?
            .set(35, &card.track2)?
            .set(49, "156")?
            .set(53, &F53::triple_des(form, false).digits())?
            .set(60, &F60::transaction(transaction, self.batch).digits()?)?
            .set_bytes(63, if kind == Kind::Refund { b"CUP" } else { b"01 " })?;
        if let Some(amount) = call.amount {
            message.set_number(4, amount)?;
        }
        if let (Some(pin), Some(keys)) = (pin, self.keys) {
            let pin = Pin::parse(pin).map_err(|e| RequestError::Card(e.to_string()))?;
            message
                .set(26, "12")?
                .set_bytes(52, &encrypt_pin(&keys.pin, &pin, Some(&pan)))?;
        }
        if let Some((_, of)) = ORIGINALS.iter().find(|row| row.0 == kind) {
            self.refer(&mut message, *of)?;
        }
        Ok(message)
    }

    fn refer(&self, message: &mut Message, to: Kind) -> Result<(), RequestError> {
        let original = self.done.iter().rev().find(|done| done.kind == to);
        let original = original.ok_or(RequestError::NoOriginal)?;
        let trace = original
            .request
            .number(11)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0);
        let date = original.answer.text(13).and_then(|date| date.parse().ok()).unwrap_or(0);
        let batch = F60::of(&original.request).map_or(self.batch, |f60| f60.batch);
        message.set(61, &F61::new(batch, trace, date).digits()?)?;
        for field in [37, 38] {
            if let Some(value) = original.answer.text(field).filter(|value| !value.trim().is_empty()) {
                message.set(field, value)?;
            }
        }
        Ok(())
    }

    /// The reversal of the last message, or of a sale that was never sent.
    fn reversal(&self, call: &Call) -> Result<Message, RequestError> {
        let original = if call.twist == "never_sent" {
            self.payment(Kind::Sale, call)?
        } else {
            self.done
                .last()
                .map(|done| done.request.clone())
                .ok_or(RequestError::NoOriginal)?
        };
        let mut message = original.with_mti(Message::new("0400")?.mti());
        for field in NOT_IN_REVERSALS {
            message.remove(field);
        }
        message.remove(64).set(39, "98")?;
        Ok(message)
    }

    /// The details of the batch, as many as one upload holds.
    fn items(&self) -> Result<Vec<BatchItem>, RequestError> {
        let (_, pan) = self.card()?;
        let counts = |done: &&Done| done.kind.row().side != Side::Neither && !done.undone;
        let item = |done: &Done| BatchItem {
            foreign: false,
            trace: done.request.number(11).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            pan: pan.clone(),
            amount: done.amount(),
        };
        Ok(self
            .done
            .iter()
            .filter(counts)
            .take(BatchUpload::MOST)
            .map(item)
            .collect())
    }

    /// What this session's approved messages add up to.
    fn totals(&self) -> SettlementTotals {
        let tally = |side: Side| {
            let these = || {
                self.done
                    .iter()
                    .filter(|done| done.kind.row().side == side && !done.undone)
            };
            Tally {
                amount: these().map(Done::amount).sum(),
                count: u16::try_from(these().count()).unwrap_or(999),
            }
        };
        let mut totals = SettlementTotals::default();
        (totals.domestic.debit, totals.domestic.credit) = (tally(Side::Debit), tally(Side::Credit));
        totals
    }
}

/// Spoils a message before its MAC is put on.
fn twist(message: &mut Message, twist: &str) -> Result<(), RequestError> {
    match twist {
        "no_amount" => {
            message.remove(4);
        }
        "other_terminal" => {
            message.set(41, "99999999")?;
        }
        "other_batch" => {
            let f60 = F60::of(message).unwrap_or_default();
            let batch = (f60.batch + 500) % 1_000_000;
            message.set(60, &F60 { batch, ..f60 }.digits()?)?;
        }
        "unknown_kind" => {
            let f60 = F60::of(message).unwrap_or_default();
            let transaction_type = 77;
            message.set(
                60,
                &F60 {
                    transaction_type,
                    ..f60
                }
                .digits()?,
            )?;
        }
        _ => {}
    }
    Ok(())
}

/// The tags that name the first listed item: provider or identifier, and index.
fn first_name(listed: &[u8]) -> Vec<u8> {
    let objects = iso8583::tlv::parse(listed.get(1..).unwrap_or_default()).unwrap_or_default();
    let mut out = Vec::new();
    for wanted in [0x9F06, 0x9F22] {
        if let Some(object) = objects.iter().find(|object| object.tag.number() == wanted) {
            let _ = iso8583::tlv::push(&mut out, object.tag, object.value);
        }
    }
    out
}
