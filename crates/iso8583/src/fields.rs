//! The field table: everything the crate knows about the shape of a field stands in one of these rows.
//!
//! Sources: the field list shared by the terminal implementations and public dumps of the Chinese POS dialect.
//! Rows marked *regional* were seen with a single acquirer.

use std::fmt;

/// What the characters of a field are, which also decides how they are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Decimal digits, two to a byte (BCD). Lengths count digits.
    Digits,
    /// Digits with the separator `D`; encrypted tracks hold any of `0`–`9`, `A`–`F`. Two to a byte, lengths count characters.
    Track,
    /// One byte per character; Chinese text is GBK. Lengths count bytes.
    Text,
    /// Bytes as they are. Lengths count bytes.
    Binary,
}

/// How many units ([`Content`] says whether digits or bytes) a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Exactly this many, without a length on the wire.
    Fixed(usize),
    /// At most this many, after a length of one BCD byte.
    Ll(usize),
    /// At most this many, after a length of two BCD bytes.
    Lll(usize),
}

/// Where a value that does not fill its place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Justify {
    /// The value must fill its place exactly.
    Exact,
    /// The value stands left: an odd count of digits is followed by a pad nibble, short text by spaces.
    Left,
    /// The value stands right: the pad nibble of an odd count of digits comes first.
    Right,
}

/// How much of a value may be shown in diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Plain,
    /// First six and last four digits, as card receipts do.
    Masked,
    /// Only its length.
    Hidden,
}

/// One row of the field table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Field number, 2 to 64.
    pub number: u8,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// What the characters are.
    pub content: Content,
    /// How many there are.
    pub length: Length,
    /// Where a value stands that does not fill its place.
    pub justify: Justify,
    /// How much diagnostics may show.
    pub shown: Shown,
}

impl Content {
    /// Bytes that `units` of this content take on the wire.
    pub(crate) fn bytes_for(self, units: usize) -> usize {
        match self {
            Self::Digits | Self::Track => units.div_ceil(2),
            Self::Text | Self::Binary => units,
        }
    }

    /// The unit that lengths of this content count.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Digits | Self::Track => "digits",
            Self::Text | Self::Binary => "bytes",
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digits => "decimal digits",
            Self::Track => "track digits (0-9, A-F)",
            Self::Text => "text",
            Self::Binary => "bytes",
        })
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(count) => write!(f, "exactly {count}"),
            Self::Ll(most) | Self::Lll(most) => write!(f, "at most {most}"),
        }
    }
}

/// The row of field `number`, if the dialect has such a field.
pub fn field(number: u8) -> Option<&'static FieldSpec> {
    let place = FIELDS.binary_search_by_key(&number, |row| row.number).ok()?;
    FIELDS.get(place)
}

use Content::{Binary, Digits, Text, Track};
use Justify::{Exact, Left, Right};
use Length::{Fixed, Ll, Lll};
use Shown::{Hidden, Masked, Plain};

const fn row(
    number: u8,
    zh: &'static str,
    en: &'static str,
    content: Content,
    length: Length,
    justify: Justify,
    shown: Shown,
) -> FieldSpec {
    FieldSpec {
        number,
        zh,
        en,
        content,
        length,
        justify,
        shown,
    }
}

/// All fields, in order of their numbers.
///
/// Field 48 is hidden because batch details in it carry card numbers, 59 because it carries scanned payment codes, 62 because
/// it carries keys under keys. Track 1 (field 45) and all numbers without a row are refused when decoding.
#[rustfmt::skip]
pub static FIELDS: &[FieldSpec] = &[
    row( 2, "主账号", "primary account number", Digits, Ll(19), Left, Masked),
    row( 3, "交易处理码", "processing code", Digits, Fixed(6), Exact, Plain),
    row( 4, "交易金额", "amount", Digits, Fixed(12), Exact, Plain),
    row(11, "受卡方系统跟踪号", "trace number", Digits, Fixed(6), Exact, Plain),
    row(12, "受卡方所在地时间", "local time hhmmss", Digits, Fixed(6), Exact, Plain),
    row(13, "受卡方所在地日期", "local date MMDD", Digits, Fixed(4), Exact, Plain),
    row(14, "卡有效期", "card expiry YYMM", Digits, Fixed(4), Exact, Hidden),
    row(15, "清算日期", "settlement date MMDD", Digits, Fixed(4), Exact, Plain),
    row(22, "服务点输入方式码", "entry mode", Digits, Fixed(3), Left, Plain),
    row(23, "卡序列号", "card sequence number", Digits, Fixed(3), Right, Plain),
    row(25, "服务点条件码", "condition code", Digits, Fixed(2), Exact, Plain),
    row(26, "服务点PIN获取码", "PIN length limit", Digits, Fixed(2), Exact, Plain),
    row(32, "受理方标识码", "acquirer identifier", Digits, Ll(11), Left, Plain),
    row(35, "二磁道数据", "track 2", Track, Ll(37), Left, Hidden),
    row(36, "三磁道数据", "track 3", Track, Lll(104), Left, Hidden),
    row(37, "检索参考号", "reference number", Text, Fixed(12), Exact, Plain),
    row(38, "授权标识应答码", "authorisation code", Text, Fixed(6), Exact, Plain),
    row(39, "应答码", "response code", Text, Fixed(2), Exact, Plain),
    row(41, "受卡机终端标识码", "terminal number", Text, Fixed(8), Left, Plain),
    row(42, "受卡方标识码", "merchant number", Text, Fixed(15), Left, Plain),
    // Regional.
    row(43, "受卡方名称地址", "merchant name and address", Text, Fixed(40), Left, Plain),
    row(44, "附加响应数据", "additional response data", Text, Ll(25), Exact, Plain),
    // Regional: terminal description in a master-key download.
    row(46, "附加数据", "additional data", Text, Lll(999), Exact, Hidden),
    row(48, "附加数据-私有", "totals and batch details", Digits, Lll(322), Left, Hidden),
    row(49, "交易货币代码", "currency", Text, Fixed(3), Exact, Plain),
    row(52, "个人标识码数据", "PIN block", Binary, Fixed(8), Exact, Hidden),
    row(53, "安全控制信息", "security control", Digits, Fixed(16), Exact, Plain),
    row(54, "附加金额", "additional amounts", Text, Lll(20), Exact, Hidden),
    row(55, "IC卡数据域", "chip data", Binary, Lll(255), Exact, Hidden),
    // Regional.
    row(58, "PBOC电子钱包信息", "electronic purse data", Binary, Lll(100), Exact, Hidden),
    row(59, "自定义域59", "private field 59", Text, Lll(600), Exact, Hidden),
    // Documented up to 17, seen with 19: a host takes any length and sends back what came.
    row(60, "自定义域60", "private field 60", Digits, Lll(999), Left, Plain),
    row(61, "原始信息域", "original message", Digits, Lll(29), Left, Plain),
    row(62, "自定义域62", "private field 62", Binary, Lll(999), Exact, Hidden),
    row(63, "自定义域63", "private field 63", Text, Lll(163), Exact, Plain),
    row(64, "报文鉴别码", "MAC", Binary, Fixed(8), Exact, Plain),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_stay_within_the_primary_bitmap() {
        assert!(FIELDS.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(FIELDS.iter().all(|row| (2..=64).contains(&row.number)));
    }

    #[test]
    fn a_fixed_odd_count_of_digits_says_on_which_side_the_pad_stands() {
        for row in FIELDS {
            if let (Digits | Track, Fixed(count)) = (row.content, row.length) {
                assert_eq!(count % 2 == 1, row.justify != Exact, "field {}", row.number);
            }
        }
        assert_eq!(field(22).map(|row| row.justify), Some(Left));
        assert_eq!(field(23).map(|row| row.justify), Some(Right));
    }

    #[test]
    fn lengths_fit_their_prefix() {
        for row in FIELDS {
            match row.length {
                Fixed(count) => assert!(count > 0),
                Ll(most) => assert!(most <= 99),
                Lll(most) => assert!(most <= 999),
            }
        }
    }

    #[test]
    fn whatever_carries_card_data_is_never_plain() {
        for number in [2, 14, 35, 36, 48, 52, 55, 59, 62] {
            assert_ne!(field(number).map(|row| row.shown), Some(Plain), "field {number}");
        }
        assert!(field(45).is_none());
    }
}
