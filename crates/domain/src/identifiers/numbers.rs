//! What the numbers of merchants, devices and categories tell by themselves. The readings explain; they never reject.

use super::{IdentifierError, IdentifierWarning, check_digits, check_length, part};
use crate::ids::{SerialNumber, text_forms};
use crate::names::Text;

/// What could be read out of a number, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<P> {
    /// The parts, where the number follows the plan.
    pub parts: Option<P>,
    /// What is odd.
    pub warnings: Vec<IdentifierWarning>,
}

/// The parts of a merchant number that follows the plan: 3 acquirer, 4 city, 4 category, 4 sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantNumberParts {
    /// The acquirer's code.
    pub acquirer: String,
    /// The financial city code, as in branch numbers; not an area code.
    pub city: String,
    /// The city's name, for the few in the table.
    pub city_name: Option<Text>,
    /// The merchant category code.
    pub mcc: String,
    /// The sequence number.
    pub sequence: String,
}

/// Financial city codes (the branch numbers' digits 4 to 7) that are certain.
const CITIES: [(&str, &str, &str); 4] = [
    ("1000", "北京", "Beijing"),
    ("2900", "上海", "Shanghai"),
    ("5810", "广州", "Guangzhou"),
    ("5840", "深圳", "Shenzhen"),
];

/// Explains a merchant number. Any text is accepted: institutions number as they please.
pub fn read_merchant_number(text: &str) -> Reading<MerchantNumberParts> {
    let number = text.trim();
    if number.len() != 15 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Reading {
            parts: None,
            warnings: vec![IdentifierWarning::OtherPlan],
        };
    }
    let city = part(number, 3..7);
    let parts = MerchantNumberParts {
        acquirer: part(number, 0..3).to_owned(),
        city: city.to_owned(),
        city_name: CITIES
            .iter()
            .find(|(code, ..)| *code == city)
            .map(|(_, zh, en)| Text::new(*zh, *en)),
        mcc: part(number, 7..11).to_owned(),
        sequence: part(number, 11..15).to_owned(),
    };
    let no_acquirer = parts.acquirer == "000";
    Reading {
        parts: Some(parts),
        warnings: no_acquirer
            .then_some(IdentifierWarning::NoAcquirer)
            .into_iter()
            .collect(),
    }
}

/// A device type of the terminal-unique-number plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceType {
    /// Two digits.
    pub code: &'static str,
    /// What it is.
    pub name: Text,
}

const DEVICE_TYPES: [(&str, &str, &str); 13] = [
    ("01", "自动柜员机", "ATM"),
    ("02", "传统 POS", "traditional POS"),
    ("03", "mPOS", "mPOS"),
    ("04", "智能 POS", "smart POS"),
    ("05", "II 型固定电话", "type II fixed phone"),
    ("06", "云闪付终端", "UnionPay app terminal"),
    ("07", "保留使用", "reserved"),
    ("08", "手机 POS", "phone POS"),
    ("09", "刷脸付终端", "face payment terminal"),
    ("10", "条码支付受理终端", "barcode acceptance terminal"),
    ("11", "条码支付辅助受理终端", "barcode auxiliary terminal"),
    ("12", "行业终端", "industry terminal"),
    ("13", "MIS 终端", "MIS terminal"),
];

/// The parts of a terminal unique number: 6 digits vendor, 2 digits device type, serial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialNumberParts {
    /// The vendor's code.
    pub vendor: String,
    /// The device type, if it is in the list.
    pub device_type: Option<DeviceType>,
    /// What the vendor added.
    pub serial: String,
}

/// Explains a serial number. Vendors number as they please, so a number outside the plan is fine.
pub fn read_serial_number(number: &SerialNumber) -> Reading<SerialNumberParts> {
    let text = number.as_str();
    let head = part(text, 0..8);
    let serial = part(text, 8..text.len().max(8));
    if head.len() != 8 || !head.bytes().all(|b| b.is_ascii_digit()) || serial.is_empty() {
        return Reading {
            parts: None,
            warnings: vec![IdentifierWarning::NoVendor],
        };
    }
    let device_type = DEVICE_TYPES
        .iter()
        .find(|(code, ..)| *code == part(head, 6..8))
        .map(|(code, zh, en)| DeviceType {
            code,
            name: Text::new(*zh, *en),
        });
    let unknown = device_type.is_none();
    Reading {
        parts: Some(SerialNumberParts {
            vendor: part(head, 0..6).to_owned(),
            device_type,
            serial: serial.to_owned(),
        }),
        warnings: unknown
            .then_some(IdentifierWarning::UnknownDeviceType)
            .into_iter()
            .collect(),
    }
}

/// A merchant category code: four digits, a leading zero counting. Its name and fee class:
/// [`crate::fees::Categories`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mcc(String);

impl Mcc {
    /// Reads a category code.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let code = super::normal(text);
        check_length(&code, 4, 4)?;
        check_digits(&code)?;
        Ok(Self(code))
    }

    /// Its four digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Mcc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_forms!(Mcc, IdentifierError);
