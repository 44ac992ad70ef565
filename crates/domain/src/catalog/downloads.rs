//! What terminals download: parameters, keys of certification authorities, chip applications, blocked card prefixes,
//! contactless settings; and what the flags of their status reports mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::load::{Place, Places, Problem};
use super::types::{Tables, Words};

/// A value of fixed width under a two-digit tag, as parameter downloads have it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalParameter {
    /// Two digits.
    pub tag: String,
    /// What the terminal gets; `{merchant}` stands for the merchant's short name.
    pub value: String,
    /// What it sets.
    pub name: Words,
}

/// The public key of a certification authority, with which a terminal checks chip cards.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaKey {
    /// Five bytes of application provider (9F06), a hyphen, one byte of index (9F22), in hex.
    pub code: String,
    /// Whose it is.
    pub name: Words,
    /// Made up for tests: checks no real card.
    pub test: bool,
    /// Last day, `YYYYMMDD` (DF05).
    pub expires: String,
    /// DF06.
    pub hash_algorithm: u8,
    /// DF07.
    pub signature_algorithm: u8,
    /// Hex (DF02).
    pub modulus: String,
    /// Hex (DF04).
    pub exponent: String,
    /// Hex, twenty bytes: SHA-1 of provider, index, modulus and exponent (DF03).
    pub check: String,
}

/// A chip application with its terminal settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipApplication {
    /// Application identifier in hex (9F06).
    pub aid: String,
    /// What it is.
    pub name: Words,
    /// Whether the whole identifier must match (DF01): 0 a beginning is enough, 1 the whole.
    pub whole: u8,
    /// Hex, two bytes (9F08).
    pub version: String,
    /// Hex, five bytes each (DF11, DF12, DF13).
    pub tac_default: String,
    /// See `tac_default`.
    pub tac_online: String,
    /// See `tac_default`.
    pub tac_denial: String,
    /// Fen (9F1B).
    pub floor_limit: u32,
    /// Fen (DF15).
    pub threshold: u32,
    /// Per cent (DF16).
    pub max_target: u8,
    /// Per cent (DF17).
    pub target: u8,
    /// Hex (DF14).
    pub default_ddol: String,
    /// Whether an online PIN may be asked (DF18).
    pub online_pin: bool,
    /// Fen (9F7B).
    pub e_cash_limit: u64,
    /// Fen (DF19).
    pub contactless_floor: u64,
    /// Fen (DF20).
    pub contactless_limit: u64,
    /// Fen (DF21).
    pub cvm_limit: u64,
}

/// Card numbers that begin so are not taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockedPrefix {
    /// Five to ten digits.
    pub prefix: String,
    /// Why.
    pub name: Words,
}

/// A setting of contactless payment under a tag of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactlessParameter {
    /// Hex, one to three bytes.
    pub tag: String,
    /// Characters.
    pub value: String,
    /// What it sets.
    pub name: Words,
}

/// A flag of a status report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFlag {
    /// Two digits.
    pub tag: String,
    /// The value of a part that works.
    pub working: String,
    /// The reason that another value points to, if it points to one.
    #[serde(default)]
    pub reason: Option<String>,
    /// The part.
    pub name: Words,
}

/// All that terminals download.
#[derive(Clone, Debug, Default)]
pub struct Downloads {
    /// Parameters by tag.
    pub parameters: BTreeMap<String, TerminalParameter>,
    /// Parameters of the terminal management system by tag.
    pub tms: BTreeMap<String, TerminalParameter>,
    /// Keys by code.
    pub ca_keys: BTreeMap<String, CaKey>,
    /// Chip applications by identifier.
    pub chip: BTreeMap<String, ChipApplication>,
    /// Blocked card prefixes.
    pub blocked: BTreeMap<String, BlockedPrefix>,
    /// Contactless settings by tag.
    pub contactless: BTreeMap<String, ContactlessParameter>,
    /// Flags of status reports by tag.
    pub status_flags: BTreeMap<String, StatusFlag>,
}

/// Bytes of the values of a parameter download; a tag that is not here cannot be sent.
pub const PARAMETER_WIDTHS: &[(&str, usize)] = &[
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

/// Bytes that hex digits stand for; none where they are not hex, or an odd count.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            let both_hex = pair.bytes().all(|c| c.is_ascii_hexdigit());
            both_hex.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
        })
        .collect()
}

impl CaKey {
    /// Provider and index in bytes; none where the code is malformed.
    pub fn name_bytes(&self) -> Option<([u8; 5], u8)> {
        let (rid, index) = self.code.split_once('-')?;
        let rid = from_hex(rid)?.try_into().ok()?;
        match from_hex(index)?.as_slice() {
            [index] => Some((rid, *index)),
            _ => None,
        }
    }
}

/// A row, the key in it, whether its value fits, and what would.
type Rule<'a> = (&'a str, bool, &'static str);

/// All that is wrong with what terminals download.
pub(super) fn check(tables: &Tables, places: &Places) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut ask = |row: String, rules: &[Rule<'_>]| {
        for (key, _, expected) in rules.iter().filter(|rule| !rule.1) {
            let place = places.get(&row);
            problems.extend(place.map(|place: &Place| place.problem(&row, key, *expected)));
        }
    };
    let downloads = &tables.downloads;
    for (table, rows) in [
        ("terminal_parameter", &downloads.parameters),
        ("tms_parameter", &downloads.tms),
    ] {
        for row in rows.values() {
            ask(format!("{table} {}", row.tag), &parameter(row));
        }
    }
    for row in downloads.ca_keys.values() {
        ask(format!("ca_key {}", row.code), &ca_key(row));
    }
    for row in downloads.chip.values() {
        ask(format!("chip_application {}", row.aid), &chip(row));
    }
    for row in downloads.blocked.values() {
        let digits = row.prefix.bytes().all(|c| c.is_ascii_digit());
        let fits = digits && (5..=10).contains(&row.prefix.len());
        ask(
            format!("blocked_prefix {}", row.prefix),
            &[("prefix", fits, "write five to ten digits")],
        );
    }
    for row in downloads.contactless.values() {
        let tag = from_hex(&row.tag).is_some_and(|tag| (1..=3).contains(&tag.len()));
        let value = row.value.is_ascii() && !row.value.is_empty() && row.value.len() <= 99;
        ask(
            format!("contactless_parameter {}", row.tag),
            &[
                ("tag", tag, "write one to three bytes in hex"),
                ("value", value, "write 1 to 99 ASCII characters"),
            ],
        );
    }
    for row in downloads.status_flags.values() {
        let reason = row
            .reason
            .as_ref()
            .is_none_or(|reason| tables.reasons.contains_key(reason));
        ask(
            format!("status_flag {}", row.tag),
            &[
                ("tag", two_digits(&row.tag), "write two digits"),
                ("working", row.working.len() == 1, "write one character"),
                ("reason", reason, "name a reason of the catalogue, or leave it out"),
            ],
        );
    }
    problems
}

fn two_digits(tag: &str) -> bool {
    tag.len() == 2 && tag.bytes().all(|c| c.is_ascii_digit())
}

fn parameter(row: &TerminalParameter) -> [Rule<'static>; 2] {
    let width = PARAMETER_WIDTHS
        .iter()
        .find(|(tag, _)| *tag == row.tag)
        .map(|(_, width)| *width);
    // The merchant's name and other Chinese are cut and filled to the width when they are sent.
    let text = width == Some(40);
    let fits = width.is_some_and(|width| text || row.value.is_ascii() && row.value.len() == width);
    [
        ("tag", width.is_some(), "use a tag of the protocol: 11 to 27"),
        ("value", fits, "write as many ASCII characters as the tag takes"),
    ]
}

fn ca_key(row: &CaKey) -> [Rule<'static>; 5] {
    let bytes = |text: &str, sizes: std::ops::RangeInclusive<usize>| {
        from_hex(text).is_some_and(|bytes| sizes.contains(&bytes.len()))
    };
    let day = row.expires.len() == 8 && row.expires.bytes().all(|c| c.is_ascii_digit());
    [
        (
            "code",
            row.name_bytes().is_some(),
            "write provider and index as A000000333-01",
        ),
        ("expires", day, "write a day as YYYYMMDD"),
        ("modulus", bytes(&row.modulus, 96..=248), "write 96 to 248 bytes in hex"),
        (
            "exponent",
            bytes(&row.exponent, 1..=3),
            "write one to three bytes in hex",
        ),
        ("check", bytes(&row.check, 20..=20), "write twenty bytes in hex"),
    ]
}

/// Six bytes of decimal digits.
const HIGHEST_LIMIT: u64 = 999_999_999_999;

fn chip(row: &ChipApplication) -> [Rule<'static>; 8] {
    let bytes = |text: &str, sizes: std::ops::RangeInclusive<usize>| {
        from_hex(text).is_some_and(|bytes| sizes.contains(&bytes.len()))
    };
    let most = [
        row.e_cash_limit,
        row.contactless_floor,
        row.contactless_limit,
        row.cvm_limit,
    ];
    [
        ("aid", bytes(&row.aid, 5..=16), "write five to sixteen bytes in hex"),
        ("whole", row.whole <= 1, "write 0 or 1"),
        ("version", bytes(&row.version, 2..=2), "write two bytes in hex"),
        ("tac_default", bytes(&row.tac_default, 5..=5), "write five bytes in hex"),
        ("tac_online", bytes(&row.tac_online, 5..=5), "write five bytes in hex"),
        ("tac_denial", bytes(&row.tac_denial, 5..=5), "write five bytes in hex"),
        (
            "default_ddol",
            bytes(&row.default_ddol, 1..=252),
            "write tags and lengths in hex",
        ),
        (
            "target",
            row.target <= row.max_target && row.max_target <= 99 && most.iter().all(|limit| *limit <= HIGHEST_LIMIT),
            "write per cent up to 99, not above max_target, and limits of at most twelve digits",
        ),
    ]
}
