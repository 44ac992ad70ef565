//! The identifiers of Chinese merchants, people, accounts and devices: read, checked, and told exactly what is wrong.
//!
//! What a rule surely excludes is an error. What only practice makes unlikely, or what a table of ours may simply not
//! know, is a warning ([`IdentifierWarning`]) for a person to look at.

mod numbers;
mod organisations;
mod people;
mod problems;

pub use numbers::{
    DeviceType, Mcc, MerchantNumberParts, Reading, SerialNumberParts, read_merchant_number, read_serial_number,
};
pub use organisations::{BankBranch, UnifiedCode};
pub use people::{BankCard, Mobile, PersonName, ResidentId};
pub use problems::{IdentifierError, IdentifierWarning, Letters};

use crate::ids::half_width;
use crate::names::Text;

/// What a person typed, brought to the characters the rules speak of: no spaces around, full-width characters made
/// plain, letters in upper case.
fn normal(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| half_width(c).to_ascii_uppercase())
        .collect()
}

/// [`normal`] without the spaces and hyphens people group digits with.
fn ungrouped(text: &str) -> String {
    let mut text = normal(text);
    text.retain(|c| !c.is_whitespace() && c != '-');
    text
}

fn check_length(text: &str, least: usize, most: usize) -> Result<(), IdentifierError> {
    let found = text.chars().count();
    match found {
        0 => Err(IdentifierError::Empty),
        _ if (least..=most).contains(&found) => Ok(()),
        _ => Err(IdentifierError::Length { least, most, found }),
    }
}

fn check_characters(text: &str, allowed: Letters, is_allowed: impl Fn(char) -> bool) -> Result<(), IdentifierError> {
    let bad = text.chars().enumerate().find(|(_, c)| !is_allowed(*c));
    match bad {
        None => Ok(()),
        Some((index, found)) => Err(IdentifierError::Character {
            position: index + 1,
            found,
            allowed,
        }),
    }
}

fn check_digits(text: &str) -> Result<(), IdentifierError> {
    check_characters(text, Letters::Digits, |c| c.is_ascii_digit())
}

/// The values of the decimal digits in a text, left to right.
fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// The characters of `text` in this range, or nothing where it is shorter. For texts of ASCII only.
fn part(text: &str, range: std::ops::Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The first two digits of GB/T 2260 area codes.
const PROVINCES: [(&str, &str, &str); 34] = [
    ("11", "北京", "Beijing"),
    ("12", "天津", "Tianjin"),
    ("13", "河北", "Hebei"),
    ("14", "山西", "Shanxi"),
    ("15", "内蒙古", "Inner Mongolia"),
    ("21", "辽宁", "Liaoning"),
    ("22", "吉林", "Jilin"),
    ("23", "黑龙江", "Heilongjiang"),
    ("31", "上海", "Shanghai"),
    ("32", "江苏", "Jiangsu"),
    ("33", "浙江", "Zhejiang"),
    ("34", "安徽", "Anhui"),
    ("35", "福建", "Fujian"),
    ("36", "江西", "Jiangxi"),
    ("37", "山东", "Shandong"),
    ("41", "河南", "Henan"),
    ("42", "湖北", "Hubei"),
    ("43", "湖南", "Hunan"),
    ("44", "广东", "Guangdong"),
    ("45", "广西", "Guangxi"),
    ("46", "海南", "Hainan"),
    ("50", "重庆", "Chongqing"),
    ("51", "四川", "Sichuan"),
    ("52", "贵州", "Guizhou"),
    ("53", "云南", "Yunnan"),
    ("54", "西藏", "Tibet"),
    ("61", "陕西", "Shaanxi"),
    ("62", "甘肃", "Gansu"),
    ("63", "青海", "Qinghai"),
    ("64", "宁夏", "Ningxia"),
    ("65", "新疆", "Xinjiang"),
    ("71", "台湾", "Taiwan"),
    ("81", "香港", "Hong Kong"),
    ("82", "澳门", "Macao"),
];

/// The province of an area code, from its first two digits.
pub fn province(area_code: &str) -> Option<Text> {
    let prefix = area_code.get(..2)?;
    PROVINCES
        .iter()
        .find(|(code, ..)| *code == prefix)
        .map(|(_, zh, en)| Text::new(*zh, *en))
}

/// Checks an administrative area code: six digits of an existing province. Whether the county exists is not checked.
pub fn check_area_code(text: &str) -> Result<(), IdentifierError> {
    check_length(text, 6, 6)?;
    check_digits(text)?;
    match province(text) {
        Some(_) => Ok(()),
        None => Err(IdentifierError::Province),
    }
}

#[cfg(test)]
mod tests;
