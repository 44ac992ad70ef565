//! What stands around a message on the wire: TPDU and header, after a length that [`crate::Framing`] deals with.

use crate::bcd;
use crate::fields::{Length, field};
use std::fmt;
use thiserror::Error;

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Fewer bytes than TPDU and header take.
    #[error("a frame of {length} bytes is too short, TPDU and header alone take {needed}")]
    TooShort {
        /// Bytes there are.
        length: usize,
        /// Bytes TPDU and header take.
        needed: usize,
    },
    /// The frame is longer than allowed; the stream cannot be followed any further.
    #[error("a frame of {length} bytes exceeds the maximum {maximum}: close the connection")]
    TooLong {
        /// Length announced or about to be announced.
        length: usize,
        /// Longest length allowed.
        maximum: usize,
    },
    /// The first byte is not the TPDU id `60`.
    #[error("the TPDU must begin with 60")]
    NotATpdu,
}

/// Transport address: id `60`, two bytes of destination, two bytes of source.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tpdu([u8; 5]);

impl Tpdu {
    /// The id that every TPDU begins with.
    pub const ID: u8 = 0x60;

    /// A TPDU from destination and source, each two BCD bytes.
    pub const fn new(destination: [u8; 2], source: [u8; 2]) -> Self {
        let ([a, b], [c, d]) = (destination, source);
        Self([Self::ID, a, b, c, d])
    }

    /// Reads five bytes.
    pub fn from_bytes(bytes: [u8; 5]) -> Result<Self, FrameError> {
        if bytes[0] == Self::ID {
            Ok(Self(bytes))
        } else {
            Err(FrameError::NotATpdu)
        }
    }

    /// Reads ten digits, such as `6000030000`.
    pub fn from_hex(digits: &str) -> Result<Self, FrameError> {
        let bytes = bcd::from_hex(digits).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or(FrameError::NotATpdu).and_then(Self::from_bytes)
    }

    /// The five bytes.
    pub fn bytes(self) -> [u8; 5] {
        self.0
    }

    /// Two bytes of destination address.
    pub fn destination(self) -> [u8; 2] {
        let [_, a, b, _, _] = self.0;
        [a, b]
    }

    /// Two bytes of source address.
    pub fn source(self) -> [u8; 2] {
        let [_, _, _, a, b] = self.0;
        [a, b]
    }

    /// The way back: destination and source exchanged, as a host answers.
    pub fn swapped(self) -> Self {
        Self::new(self.source(), self.destination())
    }
}

impl fmt::Display for Tpdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Tpdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

/// What a host asks of a terminal in the header of an answer (digit 6, 处理要求).
///
/// 0 to 5 mean the same everywhere; from 6 on vendors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ProcessingRequest {
    /// Nothing; also what terminals send.
    #[default]
    Nothing,
    /// Download terminal parameters.
    DownloadParameters,
    /// Upload the state of the terminal.
    UploadStatus,
    /// Sign in again.
    SignIn,
    /// Download new CA public keys.
    DownloadPublicKeys,
    /// Download new chip parameters.
    DownloadChipParameters,
    /// Download parameters of the terminal management system.
    DownloadTmsParameters,
    /// Download the blacklist of card prefixes.
    DownloadBlacklist,
    /// Download currencies and rates.
    DownloadRates,
    /// Download contactless parameters.
    DownloadContactless,
}

impl ProcessingRequest {
    /// In the order of their digits, from 0.
    pub const ALL: [Self; 10] = [
        Self::Nothing,
        Self::DownloadParameters,
        Self::UploadStatus,
        Self::SignIn,
        Self::DownloadPublicKeys,
        Self::DownloadChipParameters,
        Self::DownloadTmsParameters,
        Self::DownloadBlacklist,
        Self::DownloadRates,
        Self::DownloadContactless,
    ];

    /// The digit on the wire.
    pub fn digit(self) -> u8 {
        self as u8
    }

    /// The meaning of a digit.
    pub fn from_digit(digit: u8) -> Option<Self> {
        Self::ALL.get(usize::from(digit)).copied()
    }
}

/// The message header, twelve digits: application class, software version, terminal state, processing request, and six that
/// vendors use as they like (one public dump has hex letters there).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header([u8; 6]);

impl Header {
    /// Six bytes as they stand on the wire.
    pub const fn from_bytes(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Reads twelve digits, such as `603100310000`.
    pub fn from_hex(digits: &str) -> Option<Self> {
        bcd::from_hex(digits)?.try_into().ok().map(Self)
    }

    /// The six bytes.
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Application class as its two digits read: `0x60` magnetic-card finance, `0x61` chip finance, `0x62` and `0x63` value-added.
    pub fn application_class(self) -> u8 {
        self.0[0]
    }

    /// Main version of the terminal software as its two digits read, such as `0x31`.
    pub fn software_version(self) -> u8 {
        self.0[1]
    }

    /// Terminal state: 0 normal, 1 test.
    pub fn terminal_state(self) -> u8 {
        self.0[2] >> 4
    }

    /// What the host asks for; `None` for a digit without meaning.
    pub fn processing_request(self) -> Option<ProcessingRequest> {
        ProcessingRequest::from_digit(self.0[2] & 0x0F)
    }

    /// The last six digits, which vendors use as they like.
    pub fn vendor(self) -> [u8; 3] {
        let [_, _, _, a, b, c] = self.0;
        [a, b, c]
    }

    /// The header of an answer: the same with a processing request.
    pub fn reply(self, request: ProcessingRequest) -> Self {
        let [class, version, state, a, b, c] = self.0;
        Self([class, version, state & 0xF0 | request.digit(), a, b, c])
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}

/// Whether a listener's frames have the six header bytes. Some regional networks leave them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HeaderForm {
    /// Six bytes, the usual form.
    #[default]
    SixBytes,
    /// No header: the message follows the TPDU.
    Absent,
}

impl HeaderForm {
    fn bytes(self) -> usize {
        match self {
            Self::SixBytes => 6,
            Self::Absent => 0,
        }
    }
}

/// A frame without its length: TPDU, header, and the bytes of a message, not decoded yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Transport address.
    pub tpdu: Tpdu,
    /// Header, where the listener has one.
    pub header: Option<Header>,
    /// Bytes of the message, from the message type on.
    pub message: Vec<u8>,
}

impl Frame {
    /// Reads what follows the two bytes of length.
    pub fn decode(bytes: &[u8], form: HeaderForm) -> Result<Self, FrameError> {
        let too_short = FrameError::TooShort {
            length: bytes.len(),
            needed: 5 + form.bytes(),
        };
        let (tpdu, rest) = bytes.split_first_chunk().ok_or(too_short)?;
        let tpdu = Tpdu::from_bytes(*tpdu)?;
        let (header, message) = match form {
            HeaderForm::Absent => (None, rest),
            HeaderForm::SixBytes => {
                let (header, message) = rest.split_first_chunk().ok_or(too_short)?;
                (Some(Header(*header)), message)
            }
        };
        Ok(Self {
            tpdu,
            header,
            message: message.to_vec(),
        })
    }

    /// Writes what follows the two bytes of length.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(11 + self.message.len());
        self.write(&mut out);
        out
    }

    /// Writes the whole frame with its length in front. Fails only above the 65 535 bytes that the length can count.
    pub fn to_wire(&self) -> Result<Vec<u8>, FrameError> {
        let mut out = Vec::new();
        self.append_to(&mut out)?;
        Ok(out)
    }

    /// As [`Frame::to_wire`], behind what `out` holds already: frames that leave together need one buffer.
    pub fn append_to(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let length = 5 + self.header.map_or(0, |_| 6) + self.message.len();
        let maximum = usize::from(u16::MAX);
        let prefix = u16::try_from(length).map_err(|_| FrameError::TooLong { length, maximum })?;
        out.reserve(2 + length);
        out.extend(prefix.to_be_bytes());
        self.write(out);
        Ok(())
    }

    /// Field 41 as it stands in the message, without decoding the rest: which terminal the frame claims to come from.
    /// `None` where there is none, or where the fields before it cannot be measured.
    pub fn terminal_number(&self) -> Option<[u8; 8]> {
        const TERMINAL: u8 = 41;
        if !self.announces(TERMINAL) {
            return None;
        }
        let mut rest = self.message.get(10..)?;
        for number in (2..TERMINAL).filter(|number| self.announces(*number)) {
            rest = rest.get(width(number, rest)?..)?;
        }
        rest.first_chunk().copied()
    }

    /// Whether the bitmap announces a MAC (field 64).
    pub fn has_mac(&self) -> bool {
        self.announces(64)
    }

    /// Whether the bitmap has the bit of a field, 1 to 64.
    fn announces(&self, number: u8) -> bool {
        let place = usize::from(number.saturating_sub(1));
        let byte = self.message.get(2 + place / 8).copied().unwrap_or_default();
        byte & (0x80 >> (place % 8)) != 0
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.tpdu.bytes());
        out.extend(self.header.into_iter().flat_map(Header::bytes));
        out.extend(&self.message);
    }

    /// The frame that carries an answer to this one: addresses exchanged, processing request in the header.
    pub fn reply(&self, message: Vec<u8>, request: ProcessingRequest) -> Self {
        let header = self.header.map(|header| header.reply(request));
        Self {
            tpdu: self.tpdu.swapped(),
            header,
            message,
        }
    }
}

/// Bytes that field `number` takes at the start of `rest`, its length included.
fn width(number: u8, rest: &[u8]) -> Option<usize> {
    let spec = field(number)?;
    let (prefix, units) = match spec.length {
        Length::Fixed(units) => (0, units),
        Length::Ll(most) => (1, bcd_length(rest.get(..1)?, most)?),
        Length::Lll(most) => (2, bcd_length(rest.get(..2)?, most)?),
    };
    Some(prefix + spec.content.bytes_for(units))
}

fn bcd_length(bytes: &[u8], most: usize) -> Option<usize> {
    let length = bytes.iter().try_fold(0, |length, byte| {
        let (tens, ones) = (usize::from(byte >> 4), usize::from(byte & 0x0F));
        (tens <= 9 && ones <= 9).then_some(length * 100 + tens * 10 + ones)
    })?;
    (length <= most).then_some(length)
}

/// Shows addresses and header, and only the length of the message.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("tpdu", &self.tpdu)
            .field("header", &self.header)
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_goes_back_where_the_question_came_from() {
        let tpdu = Tpdu::from_hex("6000030000").unwrap();
        assert_eq!(tpdu.swapped().to_string(), "6000000003");
        assert_eq!(tpdu.destination(), [0x00, 0x03]);
        assert_eq!(tpdu.swapped().swapped(), tpdu);
    }

    #[test]
    fn the_header_of_an_answer_differs_in_digit_six_only() {
        let header = Header::from_hex("613210320001").unwrap();
        assert_eq!(header.application_class(), 0x61);
        assert_eq!(header.software_version(), 0x32);
        assert_eq!(header.terminal_state(), 1);
        assert_eq!(header.processing_request(), Some(ProcessingRequest::Nothing));
        let reply = header.reply(ProcessingRequest::SignIn);
        assert_eq!(reply.to_string(), "613213320001");
        assert_eq!(reply.processing_request(), Some(ProcessingRequest::SignIn));
        assert_eq!(Header::from_hex("60310F310000").unwrap().processing_request(), None);
    }

    #[test]
    fn processing_requests_are_their_places_in_the_list() {
        for (digit, request) in (0..).zip(ProcessingRequest::ALL) {
            assert_eq!(request.digit(), digit);
            assert_eq!(ProcessingRequest::from_digit(digit), Some(request));
        }
        assert_eq!(ProcessingRequest::from_digit(10), None);
    }

    #[test]
    fn a_frame_needs_room_for_tpdu_and_header() {
        let bytes = [0x60, 0, 3, 0, 0, 0x60, 0x31, 0, 0x31, 0];
        let short = FrameError::TooShort { length: 10, needed: 11 };
        assert_eq!(Frame::decode(&bytes, HeaderForm::SixBytes), Err(short));
        assert_eq!(Frame::decode(&bytes, HeaderForm::Absent).unwrap().message.len(), 5);
        assert_eq!(
            Frame::decode(b"GET / HTTP/1.1", HeaderForm::SixBytes),
            Err(FrameError::NotATpdu)
        );
    }

    #[test]
    fn the_terminal_number_is_found_behind_fields_of_any_length() {
        let mut message = crate::Message::new("0200").unwrap();
        message.set(2, "6217000000000000018").unwrap().set(3, "000000").unwrap();
        message.set(35, "6217000000000000018D30122010000000000").unwrap();
        message.set(41, "AB000001").unwrap().set(42, "822000000000001").unwrap();
        let framed = |message: &crate::Message| Frame {
            tpdu: Tpdu::new([0, 3], [0, 0]),
            header: None,
            message: message.encode().unwrap(),
        };
        let mut frame = framed(&message);
        assert_eq!(frame.terminal_number(), Some(*b"AB000001"));
        assert!(!frame.has_mac());
        message.set_bytes(64, b"00000000").unwrap();
        assert!(framed(&message).has_mac());
        frame.message.truncate(20);
        assert_eq!(frame.terminal_number(), None, "cut off before it");
        message.remove(41);
        assert_eq!(framed(&message).terminal_number(), None, "absent");
        frame.message.clear();
        assert_eq!((frame.terminal_number(), frame.has_mac()), (None, false));
    }

    #[test]
    fn debug_shows_no_byte_of_the_message() {
        let bytes = [&[0x60, 0, 3, 0, 0][..], &[0x62, 0x28, 0x48]].concat();
        let frame = Frame::decode(&bytes, HeaderForm::Absent).unwrap();
        assert_eq!(
            format!("{frame:?}"),
            "Frame { tpdu: 6000030000, header: None, message_bytes: 3 }"
        );
    }
}
