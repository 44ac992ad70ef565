//! Pictures of signatures as terminals send them: JBIG (ITU-T T.82), one plane and one resolution, as drawing pads write
//! it. Our own decoder, because a signature has to be seen, and small enough to be read.

mod coder;

use thiserror::Error;

use coder::{Context, Decoder};

/// Why a picture cannot be shown. It is kept and handed out as it was received all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JbigError {
    /// Shorter than a header, or its data ends too early.
    #[error("the picture is cut off")]
    CutOff,
    /// Several planes or resolutions, an order that needs them, or template pixels above the line.
    #[error("the picture uses a part of JBIG that signatures do not need")]
    NotNeeded,
    /// No side, or a side of more than 4096 dots.
    #[error("the picture has an impossible size")]
    Size,
    /// A marker that does not exist, or the encoder gave up.
    #[error("the picture is damaged")]
    Damaged,
}

/// The longest side, dots.
const LONGEST: u32 = 4096;
const HEADER: usize = 20;
/// Bits of the last byte of the header.
const TWO_LINES: u8 = 0x40;
const LENGTH_LATER: u8 = 0x20;
const TYPICAL: u8 = 0x08;
/// Contexts in which it is told whether a line is the same as the one above.
const TYPICAL_TWO: usize = 0x195;
const TYPICAL_THREE: usize = 0x0e5;

/// A picture of dark and white dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Dots across.
    pub width: usize,
    /// Dots down.
    pub height: usize,
    dots: Vec<bool>,
}

impl Picture {
    /// A white one.
    fn white(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            dots: vec![false; width * height],
        }
    }

    /// Whether a dot is dark. Outside of the picture everything is white.
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.width && self.dots.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// The dot `left` before and `above` over one; both may be negative.
    fn near(&self, x: usize, y: usize, left: isize, above: usize) -> bool {
        match (x.checked_add_signed(-left), y.checked_sub(above)) {
            (Some(x), Some(y)) => self.dark(x, y),
            _ => false,
        }
    }

    fn set(&mut self, x: usize, y: usize) {
        if let Some(dot) = self.dots.get_mut(y * self.width + x) {
            *dot = true;
        }
    }

    fn repeat_line(&mut self, y: usize) {
        for x in 0..self.width {
            if self.near(x, y, 0, 1) {
                self.set(x, y);
            }
        }
    }
}

/// Pixels round the one that is told: how far to the left, how far above. The first is the context's highest bit; the one
/// that may be moved stands apart.
type Template = &'static [(isize, usize)];
const THREE_LINES: (Template, Template) = (
    &[(1, 2), (0, 2), (-1, 2), (2, 1), (1, 1), (0, 1), (-1, 1)],
    &[(2, 0), (1, 0)],
);
const TWO_LINES_OF: (Template, Template) = (
    &[(3, 1), (2, 1), (1, 1), (0, 1), (-1, 1)],
    &[(4, 0), (3, 0), (2, 0), (1, 0)],
);
/// Where the movable pixel stands at first.
const MOVABLE: (isize, usize) = (-2, 1);

/// The number of a surrounding.
fn surrounding(picture: &Picture, (x, y): (usize, usize), two_lines: bool, movable: (isize, usize)) -> usize {
    let (before, after) = if two_lines { TWO_LINES_OF } else { THREE_LINES };
    let all = before.iter().chain(std::iter::once(&movable)).chain(after);
    all.fold(0, |number, (left, above)| {
        number << 1 | usize::from(picture.near(x, y, *left, *above))
    })
}

/// What the header says.
struct Header {
    width: usize,
    height: usize,
    /// Lines of a stripe.
    stripe: usize,
    two_lines: bool,
    typical: bool,
}

fn header(bytes: &[u8]) -> Result<(Header, &[u8]), JbigError> {
    let (head, data) = bytes.split_at_checked(HEADER).ok_or(JbigError::CutOff)?;
    let at = |place: usize| head.get(place).copied().unwrap_or(0);
    let number = |place: usize| u32::from_be_bytes([at(place), at(place + 1), at(place + 2), at(place + 3)]);
    let (layers, planes, options) = (at(1), at(2), at(19));
    if (at(0), layers, planes) != (0, 0, 1) {
        return Err(JbigError::NotNeeded);
    }
    let (width, said, stripe) = (number(4), number(8), number(12));
    // Where the length is told at the end, the header may promise any.
    let height = if options & LENGTH_LATER == 0 {
        said
    } else {
        said.min(LONGEST)
    };
    if !(1..=LONGEST).contains(&width) || !(1..=LONGEST).contains(&height) || stripe == 0 {
        return Err(JbigError::Size);
    }
    let whole = |number: u32| usize::try_from(number).map_err(|_| JbigError::Size);
    let header = Header {
        width: whole(width)?,
        height: whole(height)?,
        stripe: whole(stripe.min(height))?,
        two_lines: options & TWO_LINES != 0,
        typical: options & TYPICAL != 0,
    };
    Ok((header, data))
}

/// What stands between the stripes' data.
enum Piece {
    /// A stripe: its bytes without stuffing, whether what was learned is forgotten after it.
    Stripe(Vec<u8>, bool),
    /// The picture has fewer lines than it said.
    Lines(u32),
    /// From this line of the stripe that follows the movable pixel stands elsewhere on the same line.
    Moved(u32, isize),
}

/// Takes the next piece; none at the end.
fn piece<'b>(data: &mut &'b [u8]) -> Result<Option<Piece>, JbigError> {
    if data.is_empty() {
        return Ok(None);
    }
    let mut take = |count: usize| -> Result<&'b [u8], JbigError> {
        let (taken, rest) = data.split_at_checked(count).ok_or(JbigError::CutOff)?;
        *data = rest;
        Ok(taken)
    };
    let mut stripe = Vec::new();
    loop {
        let byte = *take(1)?.first().ok_or(JbigError::CutOff)?;
        if byte != 0xFF {
            stripe.push(byte);
            continue;
        }
        let four = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes).map_err(|_| JbigError::CutOff);
        match take(1)?.first() {
            Some(0x00) => stripe.push(0xFF),
            Some(0x02) => return Ok(Some(Piece::Stripe(stripe, false))),
            Some(0x03) => return Ok(Some(Piece::Stripe(stripe, true))),
            Some(0x05) => return Ok(Some(Piece::Lines(four(take(4)?)?))),
            Some(0x06) => {
                let line = four(take(4)?)?;
                return match take(2)? {
                    [left, 0] => Ok(Some(Piece::Moved(line, isize::from(*left)))),
                    _ => Err(JbigError::NotNeeded),
                };
            }
            Some(0x07) => {
                let count = usize::try_from(four(take(4)?)?).map_err(|_| JbigError::CutOff)?;
                take(count)?;
                return piece(data);
            }
            _ => return Err(JbigError::Damaged),
        }
    }
}

/// What is learned and carried from stripe to stripe.
struct Learned {
    contexts: Vec<Context>,
    /// The line above was not the same as the one above it.
    untypical: bool,
    movable: (isize, usize),
}

impl Learned {
    fn nothing() -> Self {
        Self {
            contexts: vec![Context::default(); 1024],
            untypical: true,
            movable: MOVABLE,
        }
    }
}

/// Decodes a picture.
pub fn decode(bytes: &[u8]) -> Result<Picture, JbigError> {
    let (header, mut data) = header(bytes)?;
    let mut picture = Picture::white(header.width, header.height);
    let mut learned = Learned::nothing();
    let mut moves: Vec<(u32, isize)> = Vec::new();
    let (mut y, mut lines) = (0, header.height);
    while let Some(piece) = piece(&mut data)? {
        match piece {
            Piece::Lines(count) => lines = lines.min(usize::try_from(count).unwrap_or(lines)),
            Piece::Moved(line, left) => moves.push((line, left)),
            Piece::Stripe(coded, forget) => {
                let end = (y + header.stripe).min(lines);
                stripe(&mut picture, &header, &mut learned, (y, end), &coded, &moves);
                y = end;
                moves.clear();
                if forget {
                    learned = Learned::nothing();
                }
            }
        }
    }
    if y < lines {
        return Err(JbigError::CutOff);
    }
    picture.height = lines;
    picture.dots.truncate(lines * picture.width);
    Ok(picture)
}

fn stripe(
    picture: &mut Picture,
    header: &Header,
    learned: &mut Learned,
    (from, to): (usize, usize),
    coded: &[u8],
    moves: &[(u32, isize)],
) {
    let mut decoder = Decoder::new(coded);
    for y in from..to {
        for (_, left) in moves.iter().filter(|(line, _)| usize::try_from(*line) == Ok(y - from)) {
            learned.movable = if *left == 0 { MOVABLE } else { (*left, 0) };
        }
        if header.typical {
            let number = if header.two_lines { TYPICAL_TWO } else { TYPICAL_THREE };
            let Some(context) = learned.contexts.get_mut(number) else {
                return;
            };
            let same = decoder.pixel(context);
            learned.untypical = same == learned.untypical;
            if !learned.untypical {
                picture.repeat_line(y);
                continue;
            }
        }
        for x in 0..picture.width {
            let number = surrounding(picture, (x, y), header.two_lines, learned.movable);
            let Some(context) = learned.contexts.get_mut(number) else {
                return;
            };
            if decoder.pixel(context) {
                picture.set(x, y);
            }
        }
    }
}

#[cfg(test)]
mod tests;
