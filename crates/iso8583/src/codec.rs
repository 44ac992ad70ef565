//! Messages to bytes and back. The bytes start at the message type; length, TPDU and header belong to [`crate::frame`].

use crate::bcd;
use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};
use crate::fields::{Content, FieldSpec, Length, field};
use crate::message::{Message, Value};
use crate::mti::Mti;

/// Bits of the primary bitmap are counted from the left, from 1.
fn bit(number: u8) -> u64 {
    1u64.rotate_right(u32::from(number))
}

impl Message {
    /// Reads a message. Every byte must belong to it, and encoding gives the same bytes back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match Self::decode_partly(bytes) {
            (Some(message), None) => Ok(message),
            (_, Some(error)) => Err(error),
            // `decode_partly` leaves out the message only together with an error.
            (None, None) => Err(DecodeError::new(
                Path::Mti,
                0,
                Problem::Truncated {
                    needed: 2,
                    available: 0,
                },
            )),
        }
    }

    /// Reads as far as the bytes make sense, so that even a malformed message can be answered: the fields before the first
    /// error, and the error. There is no message where not even type and bitmap could be read.
    pub fn decode_partly(bytes: &[u8]) -> (Option<Self>, Option<DecodeError>) {
        let mut input = Input { bytes, offset: 0 };
        let (mti, bitmap) = match input.head() {
            Ok(head) => head,
            Err(error) => return (None, Some(error)),
        };
        let mut message = Self::of_type(mti);
        for number in (2..=64).filter(|number| bitmap & bit(*number) != 0) {
            match input.field(number) {
                Ok(value) => message.fields.push((number, value)),
                Err(error) => return (Some(message), Some(error)),
            }
        }
        let left = bytes.len() - input.offset;
        let trailing = (left > 0).then(|| DecodeError::new(Path::End, input.offset, Problem::Trailing(left)));
        (Some(message), trailing)
    }

    /// Writes the message.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.write(0, 64)
    }

    /// What the MAC is computed over: the message up to field 63, with the bit of field 64 already set.
    pub fn mac_block(&self) -> Result<Vec<u8>, EncodeError> {
        self.write(bit(64), 63)
    }

    fn write(&self, more_bits: u64, last: u8) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(512);
        let bitmap = self.field_numbers().fold(more_bits, |bits, number| bits | bit(number));
        out.extend(self.mti().to_wire());
        out.extend(bitmap.to_be_bytes());
        for (number, value) in self.fields.iter().filter(|(number, _)| *number <= last) {
            let spec = field(*number).ok_or(EncodeError::field(*number, Unfit::UnknownField))?;
            write_field(spec, value, &mut out)?;
        }
        Ok(out)
    }
}

fn write_field(spec: &FieldSpec, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let units = value.content.len();
    let decimal = |n: usize| u8::try_from(n % 10).unwrap_or(0);
    match spec.length {
        Length::Fixed(_) => {}
        Length::Ll(_) => out.push(decimal(units / 10) << 4 | decimal(units)),
        Length::Lll(_) => out.extend([decimal(units / 100), decimal(units / 10) << 4 | decimal(units)]),
    }
    match spec.content {
        Content::Digits | Content::Track => bcd::pack(&value.content, value.pad, spec.justify, out)
            .ok_or(EncodeError::field(spec.number, Unfit::Content(spec.content)))?,
        Content::Text | Content::Binary => out.extend(&value.content),
    }
    Ok(())
}

struct Input<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, needed: usize, path: Path) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(taken) = rest.get(..needed) else {
            let problem = Problem::Truncated {
                needed,
                available: rest.len(),
            };
            return Err(DecodeError::new(path, self.offset, problem));
        };
        self.offset += needed;
        Ok(taken)
    }

    fn head(&mut self) -> Result<(Mti, u64), DecodeError> {
        let mut mti = [0; 2];
        mti.copy_from_slice(self.take(2, Path::Mti)?);
        let mti = Mti::from_wire(mti)?;
        let mut bitmap = [0; 8];
        bitmap.copy_from_slice(self.take(8, Path::Bitmap)?);
        let bitmap = u64::from_be_bytes(bitmap);
        if bitmap & bit(1) != 0 {
            return Err(DecodeError::new(Path::Bitmap, 2, Problem::SecondaryBitmap));
        }
        Ok((mti, bitmap))
    }

    fn field(&mut self, number: u8) -> Result<Value, DecodeError> {
        let path = Path::Field(number);
        let spec = field(number).ok_or(DecodeError::new(path, self.offset, Problem::UnknownField))?;
        let units = match spec.length {
            Length::Fixed(count) => count,
            Length::Ll(most) => self.length(1, most, path)?,
            Length::Lll(most) => self.length(2, most, path)?,
        };
        let start = self.offset;
        let packed = self.take(spec.content.bytes_for(units), path)?;
        let (content, pad) = match spec.content {
            Content::Digits | Content::Track => bcd::unpack(packed, units, spec.justify),
            Content::Text | Content::Binary => (packed.to_vec(), 0),
        };
        let value = Value { content, pad };
        if spec.content == Content::Digits && !value.content.iter().all(u8::is_ascii_digit) {
            return Err(DecodeError::new(path, start, Problem::Content(Content::Digits)));
        }
        Ok(value)
    }

    /// A BCD length of one or two bytes.
    fn length(&mut self, bytes: usize, maximum: usize, path: Path) -> Result<usize, DecodeError> {
        let start = self.offset;
        let mut length = 0;
        for byte in self.take(bytes, path)? {
            let (tens, ones) = (byte >> 4, byte & 0x0F);
            if tens > 9 || ones > 9 {
                return Err(DecodeError::new(path, start, Problem::LengthNotDecimal));
            }
            length = length * 100 + usize::from(tens) * 10 + usize::from(ones);
        }
        if length > maximum {
            return Err(DecodeError::new(path, start, Problem::TooLong { length, maximum }));
        }
        Ok(length)
    }
}
