//! Chinese text as terminals print it: GBK, in places of fixed width.

use encoding_rs::{GB18030, GBK};

/// Bytes of a text in GBK. What GBK cannot write becomes `?`: terminals have no glyph for it either.
pub fn encode(text: &str) -> Vec<u8> {
    text.chars().fold(Vec::with_capacity(text.len()), |mut out, character| {
        push(character, &mut out);
        out
    })
}

/// Bytes of a text in GBK, cut to `width` bytes between characters and filled up with spaces.
pub fn encode_fixed(text: &str, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width);
    for character in text.chars() {
        let before = out.len();
        push(character, &mut out);
        if out.len() > width {
            out.truncate(before);
            break;
        }
    }
    out.resize(width, b' ');
    out
}

/// Text of GBK or GB18030 bytes without the spaces at its end. Bytes that are no text become `�`.
pub fn decode(bytes: &[u8]) -> String {
    let (text, _) = GB18030.decode_without_bom_handling(bytes);
    text.trim_end_matches([' ', '\0']).to_owned()
}

fn push(character: char, out: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    let (bytes, _, unmappable) = GBK.encode(character.encode_utf8(&mut buffer));
    if unmappable {
        out.push(b'?');
    } else {
        out.extend_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_filled_and_never_overrun() {
        assert_eq!(encode_fixed("CUP", 5), b"CUP  ");
        let text = encode_fixed("终端未登记 7K3-M9Q", 20);
        assert_eq!(text.len(), 20);
        assert_eq!(decode(&text), "终端未登记 7K3-M9Q");
    }

    #[test]
    fn a_character_is_never_cut_in_two() {
        assert_eq!(decode(&encode_fixed("终端未登记", 5)), "终端");
        assert_eq!(encode_fixed("终端未登记", 5).last(), Some(&b' '));
        assert_eq!(encode_fixed("终", 1), b" ");
    }

    #[test]
    fn what_gbk_cannot_write_becomes_a_question_mark() {
        assert_eq!(encode("a😀b"), b"a?b");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert!(decode(&[0x31, 0xFF, 0x32]).contains('\u{FFFD}'));
    }
}
