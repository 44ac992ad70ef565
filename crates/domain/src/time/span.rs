//! Spans of calendar time as configuration and commands write them: `P3M`, `P100D`, `PT36H`.

use super::TimeError;
use crate::names::Lang;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A length of calendar time: months and days whose true length depends on where they start, and exact
/// seconds. Never negative. JSON and TOML: the ISO 8601 text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Calendar months; a year is twelve.
    pub months: u32,
    /// Calendar days; a week is seven.
    pub days: u32,
    /// Hours, minutes and seconds, in seconds.
    pub seconds: u64,
}

/// Which of a span's three parts a unit counts towards.
#[derive(Clone, Copy)]
enum Part {
    Months,
    Days,
    Seconds,
}

/// One unit: whether it stands after the `T`, its ISO letter, the word a command may use, its part and its size in
/// it, and what people call it. In the order ISO 8601 demands.
struct Unit {
    after_t: bool,
    letter: char,
    word: &'static str,
    part: Part,
    size: u32,
    zh: &'static str,
    en: &'static str,
}

const fn unit(
    after_t: bool,
    letter: char,
    word: &'static str,
    (part, size): (Part, u32),
    (zh, en): (&'static str, &'static str),
) -> Unit {
    Unit {
        after_t,
        letter,
        word,
        part,
        size,
        zh,
        en,
    }
}

const UNITS: [Unit; 7] = [
    unit(false, 'Y', "y", (Part::Months, 12), ("年", "year")),
    unit(false, 'M', "mo", (Part::Months, 1), ("个月", "month")),
    unit(false, 'W', "w", (Part::Days, 7), ("周", "week")),
    unit(false, 'D', "d", (Part::Days, 1), ("天", "day")),
    unit(true, 'H', "h", (Part::Seconds, 3600), ("小时", "hour")),
    unit(true, 'M', "min", (Part::Seconds, 60), ("分钟", "minute")),
    unit(true, 'S', "s", (Part::Seconds, 1), ("秒", "second")),
];

impl Span {
    /// `n` calendar months.
    pub const fn months(n: u32) -> Self {
        Self {
            months: n,
            days: 0,
            seconds: 0,
        }
    }

    /// `n` calendar days.
    pub const fn days(n: u32) -> Self {
        Self {
            months: 0,
            days: n,
            seconds: 0,
        }
    }

    /// `n` hours.
    pub const fn hours(n: u32) -> Self {
        Self {
            months: 0,
            days: 0,
            seconds: n as u64 * 3600,
        }
    }

    /// `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Self {
            months: 0,
            days: 0,
            seconds: n as u64 * 60,
        }
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.months == 0 && self.days == 0 && self.seconds == 0
    }

    /// Reads the ISO 8601 form with whole, non-negative numbers: `P100D`, `P3M`, `P1Y6M`, `P2W`, `PT36H`, `P1DT12H`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Self::parse_iso(text).ok_or_else(|| TimeError::Span(text.to_owned()))
    }

    /// Reads what a person types at a command: `100d`, `3mo`, `2w`, `1y`, `36h`, `30min`, `45s`, or the ISO form.
    pub fn parse_typed(text: &str) -> Result<Self, TimeError> {
        let trimmed = text.trim();
        let short = || {
            let split = trimmed.find(|c: char| !c.is_ascii_digit())?;
            let (number, word) = trimmed.split_at(split);
            let unit = UNITS.iter().find(|unit| unit.word == word.trim_start())?;
            Self::default().plus(number.parse().ok()?, unit)
        };
        short()
            .or_else(|| Self::parse_iso(trimmed))
            .ok_or_else(|| TimeError::Span(text.to_owned()))
    }

    fn parse_iso(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('P')?;
        let mut span = Self::default();
        let mut after_t = false;
        let mut next_unit = 0;
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix('T') {
                if after_t {
                    return None;
                }
                after_t = true;
                rest = time;
            }
            let split = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, tail) = rest.split_at(split);
            let letter = tail.chars().next()?;
            let (index, unit) = UNITS
                .iter()
                .enumerate()
                .skip(next_unit)
                .find(|(_, unit)| unit.after_t == after_t && unit.letter == letter)?;
            span = span.plus(number.parse().ok()?, unit)?;
            next_unit = index + 1;
            rest = tail.get(1..)?;
        }
        (next_unit > 0).then_some(span)
    }

    /// Adds `count` units, unless that overflows.
    fn plus(mut self, count: u32, unit: &Unit) -> Option<Self> {
        match unit.part {
            Part::Months => self.months = self.months.checked_add(count.checked_mul(unit.size)?)?,
            Part::Days => self.days = self.days.checked_add(count.checked_mul(unit.size)?)?,
            Part::Seconds => self.seconds += u64::from(count) * u64::from(unit.size),
        }
        Some(self)
    }

    /// The counts of months, days, hours, minutes and seconds that are not zero, with their units.
    fn parts(self) -> impl Iterator<Item = (u64, &'static Unit)> {
        let seconds = self.seconds;
        let counts = [
            0,
            self.months.into(),
            0,
            self.days.into(),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
        ];
        counts.into_iter().zip(&UNITS).filter(|(n, _)| *n > 0)
    }

    /// For people: `3 个月`, `3 months`; `1 天 12 小时`, `1 day 12 hours`.
    pub fn human(self, lang: Lang) -> String {
        let said: Vec<String> = self
            .parts()
            .map(|(n, unit)| match lang {
                Lang::Zh => format!("{n} {}", unit.zh),
                Lang::En => format!("{n} {}{}", unit.en, if n == 1 { "" } else { "s" }),
            })
            .collect();
        if said.is_empty() {
            return match lang {
                Lang::Zh => "0 秒".to_owned(),
                Lang::En => "0 seconds".to_owned(),
            };
        }
        said.join(" ")
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        let mut after_t = false;
        for (count, unit) in self.parts() {
            if unit.after_t && !after_t {
                f.write_str("T")?;
                after_t = true;
            }
            write!(f, "{count}{}", unit.letter)?;
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
