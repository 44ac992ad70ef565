//! Field 62 of downloads and of status reports.
//!
//! A query asks with `1` and the count of what it has received already; its answer begins with one character that says
//! whether there is more. Parameters and status reports are two-digit tags with values of fixed width.

use super::text;
use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};

/// What the first character of a download's answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// `0`: there is nothing.
    Nothing,
    /// `1`: this is all, or the rest.
    All,
    /// `2`: ask again for more.
    More,
}

impl Answered {
    const CHARACTERS: [(Self, u8); 3] = [(Self::Nothing, b'0'), (Self::All, b'1'), (Self::More, b'2')];

    /// The character on the wire.
    pub fn character(self) -> u8 {
        match self {
            Self::Nothing => b'0',
            Self::All => b'1',
            Self::More => b'2',
        }
    }

    /// Splits an answer into what its first character says, and the rest.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let wrong = DecodeError::new(Path::Field(62), 0, Problem::Meaning("0, 1 or 2"));
        let (first, rest) = bytes.split_first().ok_or(wrong)?;
        let found = Self::CHARACTERS.into_iter().find(|(_, character)| character == first);
        found.map(|(answered, _)| (answered, rest)).ok_or(wrong)
    }
}

/// How many items the sender of a query has received: `100` none, `112` twelve. A query without the field has none.
pub fn received(bytes: Option<&[u8]>) -> Result<usize, DecodeError> {
    match bytes {
        None | Some([]) => Ok(0),
        Some([b'1', tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..]) => {
            Ok(usize::from(tens - b'0') * 10 + usize::from(ones - b'0'))
        }
        Some(_) => Err(DecodeError::new(
            Path::Field(62),
            0,
            Problem::Meaning("1 and two digits of count"),
        )),
    }
}

/// The query of someone who has received `count` items, at most 99.
pub fn query(count: usize) -> Vec<u8> {
    format!("1{:02}", count.min(99)).into_bytes()
}

/// Tags of parameters with the bytes of their values: 11 (of a meaning that is not established), 12 seconds to wait,
/// 13 redials, 14 to 17 telephone numbers, 18 tips, 19 highest tip in per cent, 20 typed card numbers, 21 automatic
/// sign-off, 22 name of the merchant, 23 repeats, 24 offline mode, 25 index of the key, 26 switches of transactions,
/// 27 offline transactions kept at most.
pub const PARAMETERS: &[(&str, usize)] = &[
    ("11", 2),
    ("12", 2),
    ("13", 1),
    ("14", 14),
    ("15", 14),
    ("16", 14),
    ("17", 14),
    ("18", 1),
    ("19", 2),
    ("20", 1),
    ("21", 1),
    ("22", 40),
    ("23", 1),
    ("24", 1),
    ("25", 1),
    ("26", 4),
    ("27", 2),
];

/// Tags below this one are flags of one character in a status report.
const FIRST_PARAMETER: &str = "11";
/// The last tag of a status report: its value reaches to the end.
const REST: &str = "51";

fn width(tag: &str) -> Option<usize> {
    PARAMETERS
        .iter()
        .find(|(known, _)| *known == tag)
        .map(|(_, width)| *width)
}

/// A tag with its value, text without the spaces that fill it.
pub type Tagged = (String, String);

/// The bytes of tagged parameters: values are cut and filled with spaces to their width.
pub fn write_parameters(parameters: &[(&str, &str)]) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    for (tag, value) in parameters {
        let unknown = EncodeError::field(62, Unfit::Meaning("tags of the table of parameters"));
        out.extend(tag.as_bytes());
        out.extend(text::encode_fixed(value, width(tag).ok_or(unknown)?));
    }
    Ok(out)
}

/// Reads tagged parameters.
pub fn read_parameters(bytes: &[u8]) -> Result<Vec<Tagged>, DecodeError> {
    read(bytes, width)
}

/// Reads a status report: flags of one character under the tags 01 to 10, then parameters, then 51 with the rest.
pub fn read_status(bytes: &[u8]) -> Result<Vec<Tagged>, DecodeError> {
    read(bytes, |tag| match tag {
        REST => Some(usize::MAX),
        tag if tag < FIRST_PARAMETER => Some(1),
        tag => width(tag),
    })
}

fn read(bytes: &[u8], width: impl Fn(&str) -> Option<usize>) -> Result<Vec<Tagged>, DecodeError> {
    let mut values = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let wrong = |problem| DecodeError::new(Path::Field(62), offset, problem);
        let (tag, after) = rest
            .split_at_checked(2)
            .ok_or(wrong(Problem::Meaning("two digits of tag")))?;
        let tag = std::str::from_utf8(tag)
            .ok()
            .filter(|tag| tag.bytes().all(|c| c.is_ascii_digit()));
        let tag = tag.ok_or(wrong(Problem::Meaning("two digits of tag")))?;
        let needed = width(tag).ok_or(wrong(Problem::Meaning("a known tag")))?;
        let needed = if needed == usize::MAX { after.len() } else { needed };
        let (value, after) = after.split_at_checked(needed).ok_or(wrong(Problem::Truncated {
            needed,
            available: after.len(),
        }))?;
        values.push((tag.to_owned(), text::decode(value)));
        rest = after;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_flags_of_a_status_report_read_one_by_one() {
        let report = read_status(b"0110210310410511260133180200511234567").unwrap();
        let expected = [
            ("01", "1"),
            ("02", "1"),
            ("03", "1"),
            ("04", "1"),
            ("05", "1"),
            ("12", "60"),
            ("13", "3"),
            ("18", "0"),
            ("20", "0"),
            ("51", "1234567"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        assert_eq!(report, expected);
    }

    #[test]
    fn a_report_that_breaks_off_names_the_place() {
        assert_eq!(
            read_status(b"011126").unwrap_err().to_string(),
            "field 62, at byte 3: 2 more bytes expected, 1 left"
        );
        assert!(read_status(b"0111").is_err());
        assert!(read_parameters(b"011").is_err(), "a flag is no parameter");
        assert!(read_parameters(b"991").is_err());
    }

    #[test]
    fn parameters_read_as_they_were_written() {
        let bytes = write_parameters(&[("12", "60"), ("22", "阿明牛肉面")]).unwrap();
        assert_eq!(bytes.len(), 4 + 42);
        assert_eq!(
            read_parameters(&bytes).unwrap(),
            [
                ("12".to_owned(), "60".to_owned()),
                ("22".to_owned(), "阿明牛肉面".to_owned())
            ]
        );
        assert!(write_parameters(&[("77", "1")]).is_err());
    }

    #[test]
    fn a_query_counts_what_has_come() {
        assert_eq!(received(None).unwrap(), 0);
        assert_eq!(received(Some(b"100")).unwrap(), 0);
        assert_eq!(received(Some(&query(12))).unwrap(), 12);
        assert!(received(Some(b"200")).is_err() && received(Some(b"1x0")).is_err());
        assert_eq!(Answered::parse(b"2abc").unwrap(), (Answered::More, &b"abc"[..]));
        assert!(Answered::parse(b"").is_err() && Answered::parse(b"3").is_err());
    }
}
