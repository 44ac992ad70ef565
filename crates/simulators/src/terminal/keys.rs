//! The terminal's own side of keys and PIN.

use iso8583::crypto::{DesKey, KeyError, MacAlgorithm, MacKey, Pin, Sm4Key, encrypt_pin};
use iso8583::values::{KeyLayout, SignInKeys};
use iso8583::{Message, Pan};
use serde::{Deserialize, Serialize};

use super::TerminalError;

/// Working keys, hex.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Keys {
    pik: String,
    mak: String,
}

fn unusable(error: KeyError) -> TerminalError {
    TerminalError::CannotSend(error.to_string())
}

impl Keys {
    /// Opens field 62 of a sign-in's answer with the master key; each key must give its check value.
    pub(super) fn open(master: &str, answer: &Message, code: u16) -> Result<Self, TerminalError> {
        let layout = KeyLayout::from_code(code).ok_or(TerminalError::BadReply("it brings keys nobody asked for"))?;
        let bytes = answer.bytes(62).ok_or(TerminalError::BadReply("it brings no keys"))?;
        let keys = SignInKeys::parse(bytes, layout).map_err(|_| TerminalError::BadReply("its keys cannot be read"))?;
        let wrong = |_| TerminalError::BadReply("its keys do not give their check values");
        if layout == KeyLayout::Sm4 {
            let master = Sm4Key::from_hex(master).map_err(unusable)?;
            return Ok(Self {
                pik: to_hex(keys.pik.open_sm4(&master).map_err(wrong)?.expose()),
                mak: to_hex(keys.mak.open_sm4(&master).map_err(wrong)?.expose()),
            });
        }
        let master = DesKey::from_hex(master).map_err(unusable)?;
        Ok(Self {
            pik: to_hex(keys.pik.open(&master).map_err(wrong)?.expose()),
            mak: to_hex(keys.mak.open(&master).map_err(wrong)?.expose()),
        })
    }

    pub(super) fn pin_block(&self, pin: &str, pan: &Pan) -> Result<[u8; 8], TerminalError> {
        let pin = Pin::parse(pin).map_err(|e| TerminalError::CannotSend(e.to_string()))?;
        Ok(encrypt_pin(
            &DesKey::from_hex(&self.pik).map_err(unusable)?,
            &pin,
            Some(pan),
        ))
    }

    pub(super) fn mac(&self, algorithm: &str) -> Result<MacKey, TerminalError> {
        let algorithm: MacAlgorithm = algorithm
            .parse()
            .map_err(|_| TerminalError::CannotSend("unknown MAC algorithm".to_owned()))?;
        let key = from_hex(&self.mak).unwrap_or_default();
        MacKey::new(algorithm, &key).map_err(unusable)
    }
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect()
}
