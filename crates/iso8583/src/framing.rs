//! Cuts a stream of bytes into frames, however the network cut it into packets.

use crate::frame::{Frame, FrameError, HeaderForm};

/// Collects bytes and gives complete frames.
///
/// A frame that cannot be read is reported once and skipped, so that a caller may go on; [`FrameError::TooLong`] is reported
/// for ever, because nothing tells where the next frame begins. Between frames nothing is kept, so that a silent connection
/// costs no buffer.
pub struct Framing {
    form: HeaderForm,
    maximum: usize,
    buffer: Vec<u8>,
    /// Bytes at the start of `buffer` that have been given out.
    used: usize,
}

impl Framing {
    /// Longer than any message of the dialect with its frame, and short enough that a stranger cannot fill memory.
    pub const DEFAULT_MAXIMUM: usize = 4096;

    /// A splitter for one connection. `maximum` is the longest length accepted, not counting the two bytes of length.
    pub fn new(form: HeaderForm, maximum: usize) -> Self {
        Self {
            form,
            maximum,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// Adds bytes that arrived. Take all frames out before adding more, or the buffer grows.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame; `None` until more bytes arrive.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if !self.is_midway() {
            self.buffer = Vec::new();
            self.used = 0;
            return Ok(None);
        }
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        let Some((prefix, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*prefix));
        if length > self.maximum {
            return Err(FrameError::TooLong {
                length,
                maximum: self.maximum,
            });
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        self.used += 2 + length;
        Frame::decode(body, self.form).map(Some)
    }

    /// Whether bytes of an incomplete frame are waiting: at the end of a connection this means that it was cut off.
    pub fn is_midway(&self) -> bool {
        self.used < self.buffer.len()
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self::new(HeaderForm::default(), Self::DEFAULT_MAXIMUM)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::frame::{Header, Tpdu};

    fn frame(message: &[u8]) -> Frame {
        let header = Header::from_hex("603100310000");
        Frame {
            tpdu: Tpdu::new([0, 3], [0, 0]),
            header,
            message: message.to_vec(),
        }
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_arrive() {
        let sent = [frame(b"one"), frame(b""), frame(b"three")];
        let stream: Vec<u8> = sent.iter().flat_map(|frame| frame.to_wire().unwrap()).collect();
        for size in 1..=stream.len() {
            let mut framing = Framing::default();
            let mut received = Vec::new();
            for packet in stream.chunks(size) {
                framing.feed(packet);
                while let Some(frame) = framing.next_frame().unwrap() {
                    received.push(frame);
                }
            }
            assert_eq!(received, sent, "packets of {size}");
            assert!(!framing.is_midway());
        }
    }

    #[test]
    fn a_length_above_the_maximum_ends_the_stream_before_its_bytes_are_there() {
        let mut framing = Framing::new(HeaderForm::SixBytes, 100);
        framing.feed(&[0, 101]);
        let too_long = FrameError::TooLong {
            length: 101,
            maximum: 100,
        };
        assert_eq!(framing.next_frame(), Err(too_long));
        framing.feed(&frame(b"x").to_wire().unwrap());
        assert_eq!(framing.next_frame(), Err(too_long));
    }

    #[test]
    fn a_frame_that_is_none_is_reported_once_and_skipped() {
        let mut framing = Framing::default();
        framing.feed(&[0, 2, 0x60, 0x00]);
        framing.feed(&frame(b"next").to_wire().unwrap());
        assert_eq!(
            framing.next_frame(),
            Err(FrameError::TooShort { length: 2, needed: 11 })
        );
        assert_eq!(framing.next_frame().unwrap(), Some(frame(b"next")));
        assert_eq!(framing.next_frame().unwrap(), None);
    }

    #[test]
    fn between_frames_no_memory_is_held() {
        let mut framing = Framing::default();
        framing.feed(&frame(&[0; 500]).to_wire().unwrap());
        assert!(framing.next_frame().unwrap().is_some());
        assert_eq!(framing.next_frame().unwrap(), None);
        assert_eq!(framing.buffer.capacity(), 0);
    }

    #[test]
    fn a_connection_cut_in_the_middle_of_a_frame_is_noticed() {
        let mut framing = Framing::default();
        framing.feed(&[0, 50, 0x60]);
        assert_eq!(framing.next_frame().unwrap(), None);
        assert!(framing.is_midway());
    }
}
