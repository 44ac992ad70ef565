//! Against the standard's own numbers, and against an encoder that exists for the tests only.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::coder::row;
use super::*;

/// The encoder of T.82, section 6.8.
struct Encoder {
    out: Vec<u8>,
    code: u32,
    interval: u32,
    left: u32,
    held: Option<u8>,
    /// Bytes of all ones that wait for a carry.
    ones: usize,
}

impl Encoder {
    fn new() -> Self {
        Self {
            out: Vec::new(),
            code: 0,
            interval: 0x1_0000,
            left: 11,
            held: None,
            ones: 0,
        }
    }

    fn pixel(&mut self, context: &mut Context, dark: bool) {
        let row = row(context.state);
        self.interval -= row.size;
        let likely = dark == context.dark;
        if likely && self.interval >= 0x8000 {
            return;
        }
        if likely == (self.interval < row.size) {
            self.code += self.interval;
            self.interval = row.size;
        }
        if likely {
            context.state = row.after_more;
        } else {
            context.dark ^= row.switches;
            context.state = row.after_less;
        }
        while self.interval < 0x8000 {
            self.interval <<= 1;
            self.code <<= 1;
            self.left -= 1;
            if self.left == 0 {
                self.byte();
            }
        }
    }

    fn byte(&mut self) {
        let byte = self.code >> 19;
        if byte == 0xFF {
            self.ones += 1;
        } else {
            self.release(byte > 0xFF);
            self.held = Some((byte & 0xFF) as u8);
        }
        self.code &= 0x7_FFFF;
        self.left = 8;
    }

    fn release(&mut self, carry: bool) {
        self.out.extend(self.held.map(|held| held + u8::from(carry)));
        self.out
            .extend(std::iter::repeat_n(if carry { 0 } else { 0xFF }, self.ones));
        self.ones = 0;
    }

    /// The stripe's bytes with stuffing, without the noughts at their end.
    fn end(mut self) -> Vec<u8> {
        let rounded = (self.interval - 1 + self.code) & 0xFFFF_0000;
        self.code = if rounded < self.code { rounded + 0x8000 } else { rounded };
        self.code <<= self.left;
        self.release(self.code > 0x7FF_FFFF);
        self.out.push((self.code >> 19 & 0xFF) as u8);
        self.out.push((self.code >> 11 & 0xFF) as u8);
        while self.out.last() == Some(&0) {
            self.out.pop();
        }
        let stuffed = |byte: u8| if byte == 0xFF { vec![0xFF, 0] } else { vec![byte] };
        self.out.into_iter().flat_map(stuffed).collect()
    }
}

fn encode(picture: &Picture, stripe: usize, options: u8) -> Vec<u8> {
    let side = |side: usize| u32::try_from(side).unwrap().to_be_bytes();
    let mut out = vec![0, 0, 1, 0];
    out.extend([side(picture.width), side(picture.height), side(stripe)].concat());
    out.extend([0, 0, 0, options]);
    let (two_lines, typical) = (options & TWO_LINES != 0, options & TYPICAL != 0);
    let mut contexts = vec![Context::default(); 1024];
    let mut untypical = true;
    for from in (0..picture.height).step_by(stripe) {
        let mut encoder = Encoder::new();
        for y in from..(from + stripe).min(picture.height) {
            if typical {
                let same = (0..picture.width).all(|x| picture.dark(x, y) == picture.near(x, y, 0, 1));
                let number = if two_lines { TYPICAL_TWO } else { TYPICAL_THREE };
                encoder.pixel(&mut contexts[number], untypical != same);
                untypical = !same;
                if same {
                    continue;
                }
            }
            for x in 0..picture.width {
                let number = surrounding(picture, (x, y), two_lines, MOVABLE);
                encoder.pixel(&mut contexts[number], picture.dark(x, y));
            }
        }
        out.extend(encoder.end());
        out.extend([0xFF, 0x02]);
    }
    out
}

/// The sequence of T.82, section 7.1: pixels, their two contexts, and the stripe's data.
const PIXELS: [u16; 16] = [
    0x05e0, 0x0000, 0x8b00, 0x01c4, 0x1700, 0x0034, 0x7fff, 0x1a3f, 0x951b, 0x05d8, 0x1d17, 0xe770, 0x0000, 0x0000,
    0x0656, 0x0e6a,
];
const CONTEXTS: [u16; 16] = [0x0fe0, 0, 0x0f00, 0x00f0, 0xff00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const CODED: [u8; 30] = [
    0x69, 0x89, 0x99, 0x5c, 0x32, 0xea, 0xfa, 0xa0, 0xd5, 0xff, 0x00, 0x52, 0x7f, 0xff, 0x00, 0xff, 0x00, 0xff, 0x00,
    0xc0, 0x00, 0x00, 0x00, 0x3f, 0xff, 0x00, 0x2d, 0x20, 0x82, 0x91,
];

fn bits(words: [u16; 16]) -> impl Iterator<Item = bool> {
    words
        .into_iter()
        .flat_map(|word| (0..16).rev().map(move |bit| word >> bit & 1 == 1))
}

#[test]
fn the_standards_sequence_is_decoded_pixel_by_pixel() {
    let mut plain: Vec<u8> = Vec::new();
    for byte in CODED {
        if !(byte == 0 && plain.last() == Some(&0xFF)) {
            plain.push(byte);
        }
    }
    let mut decoder = Decoder::new(&plain);
    let mut contexts = [Context::default(); 2];
    for (place, (pixel, context)) in bits(PIXELS).zip(bits(CONTEXTS)).enumerate() {
        assert_eq!(
            decoder.pixel(&mut contexts[usize::from(context)]),
            pixel,
            "pixel {place} of the sequence"
        );
    }
}

#[test]
fn the_tests_own_encoder_writes_the_standards_sequence() {
    let mut encoder = Encoder::new();
    let mut contexts = [Context::default(); 2];
    for (pixel, context) in bits(PIXELS).zip(bits(CONTEXTS)) {
        encoder.pixel(&mut contexts[usize::from(context)], pixel);
    }
    assert_eq!(encoder.end(), CODED);
}

/// The artificial picture of T.82, section 7.2.1, cut to its first lines of `height`.
fn artificial(height: usize) -> Picture {
    let mut picture = Picture::white(1960, height);
    let (mut register, mut repeat) = (1_u32, [false; 8]);
    for y in 192..height {
        for x in 0..1960 {
            if y < 1023 || (x >> 3) % 4 == 0 {
                let sum = [0, 2, 11, 15].iter().map(|bit| register >> bit & 1).sum::<u32>();
                register = (register << 1) + (sum & 1);
                repeat[x & 7] = register.trailing_zeros() >= 2;
            }
            if repeat[x & 7] {
                picture.set(x, y);
            }
        }
    }
    picture
}

#[test]
fn the_standards_artificial_picture_takes_as_many_bytes_as_it_says_and_comes_back() {
    let picture = artificial(1951);
    assert_eq!(
        picture.dots.iter().filter(|dot| **dot).count(),
        861_965,
        "as the standard counts"
    );
    for (options, bytes) in [(0, 317_384), (TWO_LINES, 317_132)] {
        let coded = encode(&picture, 1951, options);
        assert_eq!(coded.len(), bytes, "options {options:#x}");
        assert!(decode(&coded).unwrap() == picture, "options {options:#x}");
    }
}

/// A stroke of a pen.
fn signature() -> Picture {
    let mut picture = Picture::white(320, 96);
    for x in 20..300 {
        let y = 48 + (x * x / 37) % 40 - 20;
        for thick in 0..3 {
            picture.set(x, y + thick);
        }
    }
    picture
}

#[test]
fn a_signature_comes_back_in_every_way_a_pad_may_write_it() {
    let picture = signature();
    for options in [0, TYPICAL, TWO_LINES, TWO_LINES | TYPICAL] {
        for stripe in [1, 7, 96] {
            let coded = encode(&picture, stripe, options);
            assert!(
                decode(&coded).as_ref() == Ok(&picture),
                "options {options:#x}, stripes of {stripe}"
            );
        }
    }
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let good = encode(&signature(), 96, TYPICAL);
    assert_eq!(decode(&[]), Err(JbigError::CutOff));
    assert_eq!(decode(&good[..good.len() - 3]), Err(JbigError::CutOff));
    let with = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[place] = byte;
        decode(&bytes)
    };
    assert_eq!(with(1, 1), Err(JbigError::NotNeeded), "two resolutions");
    assert_eq!(with(2, 8), Err(JbigError::NotNeeded), "eight planes");
    assert_eq!(with(4, 1), Err(JbigError::Size), "sixteen million dots across");
    let mut marked = good[..HEADER].to_vec();
    marked.extend([0xFF, 0x04]);
    assert_eq!(decode(&marked), Err(JbigError::Damaged), "the encoder gave up");
}

#[test]
fn no_bytes_make_the_decoder_stop_otherwise_than_with_an_answer() {
    let good = encode(&signature(), 8, TYPICAL);
    for place in (HEADER..good.len()).step_by(9) {
        for byte in [0x05, 0x06, 0x07, 0xFF] {
            let mut bytes = good.clone();
            bytes[place] = byte;
            let _ = decode(&bytes);
        }
    }
}
