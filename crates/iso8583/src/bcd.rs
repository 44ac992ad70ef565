//! Two digits to a byte. Digits are ASCII characters `0`–`9`, `A`–`F` outside and nibbles inside.

use crate::fields::Justify;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The character of a nibble.
fn digit(nibble: u8) -> u8 {
    HEX.get(usize::from(nibble & 0x0F)).copied().unwrap_or(b'0')
}

/// The nibble of a character; anything but a hex digit is none.
pub(crate) fn nibble(character: u8) -> Option<u8> {
    char::from(character)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Takes `count` digits out of packed bytes and, where the count is odd, the pad nibble that stands beside them.
pub(crate) fn unpack(packed: &[u8], count: usize, justify: Justify) -> (Vec<u8>, u8) {
    let mut digits = Vec::with_capacity(packed.len() * 2);
    for byte in packed {
        digits.push(digit(byte >> 4));
        digits.push(digit(*byte));
    }
    if digits.len() == count {
        return (digits, 0);
    }
    let pad = if justify == Justify::Right {
        digits.remove(0)
    } else {
        digits.pop().unwrap_or(b'0')
    };
    (digits, nibble(pad).unwrap_or(0))
}

/// Appends the packed form of `digits`, with `pad` beside an odd count. Characters that are no hex digit give `None`.
pub(crate) fn pack(digits: &[u8], pad: u8, justify: Justify, out: &mut Vec<u8>) -> Option<()> {
    let (first, rest) = match digits.split_first() {
        Some((first, rest)) if digits.len() % 2 == 1 && justify == Justify::Right => (Some(first), rest),
        _ => (None, digits),
    };
    if let Some(first) = first {
        out.push(pad << 4 | nibble(*first)?);
    }
    let (pairs, last) = rest.as_chunks::<2>();
    for [high, low] in pairs {
        out.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    if let [last] = last {
        out.push(nibble(*last)? << 4 | pad & 0x0F);
    }
    Some(())
}

/// Upper-case hex of bytes, as MACs and key check values are written.
pub(crate) fn hex_upper(bytes: &[u8]) -> Vec<u8> {
    unpack(bytes, bytes.len() * 2, Justify::Exact).0
}

/// Bytes of a hex text with an even count of digits.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    if text.len() % 2 == 1 {
        return None;
    }
    pack(text.as_bytes(), 0, Justify::Exact, &mut out)?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(digits: &str, pad: u8, justify: Justify) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(pack(digits.as_bytes(), pad, justify, &mut out).is_some());
        out
    }

    #[test]
    fn the_entry_mode_stands_left_and_the_card_sequence_right() {
        assert_eq!(packed("021", 0, Justify::Left), [0x02, 0x10]);
        assert_eq!(packed("001", 0, Justify::Right), [0x00, 0x01]);
        assert_eq!(packed("021", 0xF, Justify::Left), [0x02, 0x1F]);
        assert_eq!(packed("001", 0xF, Justify::Right), [0xF0, 0x01]);
    }

    #[test]
    fn the_pad_comes_back() {
        assert_eq!(unpack(&[0x02, 0x1F], 3, Justify::Left), (b"021".to_vec(), 0xF));
        assert_eq!(unpack(&[0xF0, 0x01], 3, Justify::Right), (b"001".to_vec(), 0xF));
        assert_eq!(unpack(&[0x12, 0x34], 4, Justify::Left), (b"1234".to_vec(), 0));
    }

    #[test]
    fn hex_takes_whole_bytes_only() {
        assert_eq!(from_hex("0aFF"), Some(vec![0x0A, 0xFF]));
        assert_eq!(from_hex("0aF"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
