//! What a terminal is told: the fields that only the host knows. The rest of an answer is the request, sent back.

use domain::time::Time;
use domain::time::Zone;
use iso8583::Message;
use iso8583::values::{ReplyTexts, text};

use crate::ctx::Ctx;
use crate::explain::Refusal;
use crate::refused::{Done, Refused};

/// A refusal as the terminal hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// F39.
    pub code: String,
    /// F63.2, the acquirer's text: at most 20 bytes of GBK, the explanation code at its end where there is one.
    pub text: String,
    /// The explanation code, `7K3-M9Q`, or empty.
    pub explanation_code: String,
    /// The reason behind it, or empty.
    pub reason: String,
    /// Whether the time-line has a line about the same within the last minute, so that this one needs none.
    pub told: bool,
}

/// What was asked, or how it is refused. A refusal is an answer: what was written on the way to it stays.
pub type Ruling<T> = Result<T, Decline>;

impl Decline {
    /// A refusal by a rule of the protocol, with the text that the catalogue has for its code.
    pub fn code(ctx: &Ctx, code: &str) -> Self {
        let display = ctx
            .catalog()
            .response_codes
            .get(code)
            .map(|row| row.display.get(ctx.lang).to_owned());
        let text = display.unwrap_or_else(|| iso8583::codes::find_or_unknown(code).zh.to_owned());
        Self {
            code: code.to_owned(),
            text,
            explanation_code: String::new(),
            reason: String::new(),
            told: false,
        }
    }

    /// A refusal by a stop: its line for the slip, a space, the code that explains it.
    pub fn stopped(refusal: Refusal) -> Self {
        let room = ReplyTexts::TEXT_BYTES.saturating_sub(1 + refusal.explanation_code.len());
        let slip = text::decode(&text::encode_fixed(&refusal.slip, room));
        Self {
            code: refusal.response_code,
            text: format!("{slip} {}", refusal.explanation_code),
            explanation_code: refusal.explanation_code,
            reason: refusal.reason,
            told: refusal.told,
        }
    }
}

/// The fields of an answer that the host gives, apart from those it sends back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued(pub Message);

/// The card organisation of field 63.1 where the network names none.
const ORGANISATION: &str = "CUP";

impl Issued {
    /// Time, date and code: the least that every answer says.
    pub fn code(ctx: &Ctx, code: &str) -> Done<Self> {
        let mut message = Message::new("0210").map_err(unfit)?;
        let (time, date) = clock(&ctx.platform.zone, ctx.now);
        message
            .set(12, &time)
            .and_then(|m| m.set(13, &date))
            .and_then(|m| m.set(39, code))
            .map_err(unfit)?;
        Ok(Self(message))
    }

    /// A refusal with its text in field 63.
    pub fn declined(ctx: &Ctx, decline: &Decline) -> Done<Self> {
        let mut issued = Self::code(ctx, &decline.code)?;
        let texts = ReplyTexts {
            organisation: ORGANISATION.to_owned(),
            acquirer: decline.text.clone(),
            ..ReplyTexts::default()
        };
        issued.0.set_bytes(63, &texts.to_bytes()).map_err(unfit)?;
        Ok(issued)
    }

    /// An approval.
    pub fn approved(ctx: &Ctx, code: &str) -> Done<Self> {
        let mut issued = Self::code(ctx, code)?;
        let date = issued.0.text(13).unwrap_or_default().to_owned();
        issued.0.set(15, &date).map_err(unfit)?;
        issued.0.set_bytes(63, ORGANISATION.as_bytes()).map_err(unfit)?;
        Ok(issued)
    }

    /// Sets a field; an empty value sets nothing.
    pub fn with(mut self, number: u8, value: &str) -> Done<Self> {
        if !value.is_empty() {
            self.0.set(number, value).map_err(unfit)?;
        }
        Ok(self)
    }

    /// F39.
    pub fn response_code(&self) -> &str {
        self.0.text(39).unwrap_or("96")
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Done<Vec<u8>> {
        self.0.encode().map_err(unfit)
    }

    /// As it was kept.
    pub fn from_bytes(bytes: &[u8]) -> Done<Self> {
        Message::decode(bytes)
            .map(Self)
            .map_err(|e| Refused::Inconsistent(format!("a stored answer: {e}")))
    }
}

/// A value that this program itself put together does not fit its field.
pub(crate) fn unfit(error: iso8583::EncodeError) -> Refused {
    Refused::Inconsistent(format!("an answer cannot be written: {error}"))
}

/// Local time `hhmmss` and date `MMDD` as fields 12 and 13 have them.
pub fn clock(zone: &Zone, at: Time) -> (String, String) {
    let date = zone.date(at);
    let (hour, minute) = zone.clock(at);
    let second = at.millis().div_euclid(1000).rem_euclid(60);
    (
        format!("{hour:02}{minute:02}{second:02}"),
        format!("{:02}{:02}", date.month(), date.day()),
    )
}
