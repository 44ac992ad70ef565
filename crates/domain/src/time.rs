//! Instants, dates, calendar spans and the zone they are read in. Nothing here knows what time it is now: every
//! instant comes from a clock the program was given.

use crate::names::Lang;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// Why a time, date, span or zone could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an instant.
    #[error("`{0}` is not a time; write it like 2026-11-25T17:00:00+08:00")]
    Time(String),
    /// Not a day that exists.
    #[error("`{0}` is not a date; write it like 2026-11-25")]
    Date(String),
    /// Not a span.
    #[error("`{0}` is not a span of time; write it like P100D, P3M, P2W or PT36H")]
    Span(String),
    /// A zone the bundled table does not know.
    #[error("`{0}` is not a time zone; write it like Asia/Shanghai")]
    Zone(String),
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Always within the years 1 to 9999; what lies outside is
/// brought to the nearer end. JSON: the integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(#[serde(deserialize_with = "clamped")] i64);

fn clamped<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    i64::deserialize(deserializer).map(|millis| Time::from_millis(millis).0)
}

impl Time {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// 9999-12-30T22:00:00Z, the last instant that has a local date in every zone.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// `2026-11-25T09:00:00Z`, in UTC; milliseconds only where there are some.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    /// Reads an RFC 3339 time with any offset; anything finer than a millisecond is dropped.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        text.parse::<Timestamp>()
            .map(|t| Self::from_millis(t.as_millisecond()))
            .map_err(|_| TimeError::Time(text.to_owned()))
    }

    fn timestamp(self) -> Timestamp {
        // Every value of the type lies inside the library's range, so the default is never taken.
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An exact length of time in milliseconds, independent of any calendar. May be negative. JSON: the integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(i64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` milliseconds.
    pub const fn millis(n: i64) -> Self {
        Self(n)
    }

    /// `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1000))
    }

    /// `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }

    /// `n` times 24 hours. For calendar days use a [`Span`].
    pub const fn days(n: i64) -> Self {
        Self::hours(n.saturating_mul(24))
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// For timers and sockets; a negative length is none.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(length.0))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, length: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(length.0))
    }
}

impl Sub for Time {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

/// A calendar day in the years 1 to 9999, in no particular zone. JSON: `"2026-11-25"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// 0001-01-01.
    pub const MIN: Self = Self(civil::Date::constant(1, 1, 1));
    /// 9999-12-31.
    pub const MAX: Self = Self(civil::Date::MAX);

    /// The day of this year, month (1–12) and day of month, if it exists.
    pub fn new(year: i16, month: u8, day: u8) -> Result<Self, TimeError> {
        let known = || {
            let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            let date = civil::Date::new(year, month, day).ok()?;
            (year >= 1).then_some(Self(date))
        };
        known().ok_or_else(|| TimeError::Date(format!("{year:04}-{month:02}-{day:02}")))
    }

    /// Reads `2026-11-25`, and only that form.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::Date(text.to_owned());
        let part = |range: std::ops::Range<usize>| {
            let digits = text.get(range)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
        };
        if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
            return Err(wrong());
        }
        let number = |range| part(range)?.parse::<i16>().ok();
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(wrong());
        };
        let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else {
            return Err(wrong());
        };
        Self::new(year, month, day).map_err(|_| wrong())
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// The day of the week, Monday 1 to Sunday 7.
    pub fn weekday(self) -> u8 {
        self.0.weekday().to_monday_one_offset().unsigned_abs()
    }

    /// Whether it is a Saturday or Sunday.
    pub fn is_weekend(self) -> bool {
        self.weekday() >= 6
    }

    /// `n` days later; earlier for a negative `n`.
    pub fn add_days(self, n: i32) -> Self {
        self.plus(jiff::Span::new().try_days(n), n)
    }

    /// `n` calendar months later, at the same day of the month or, where that does not exist, at the month's last
    /// day: 31 August and three months is 30 November.
    pub fn add_months(self, n: i32) -> Self {
        self.plus(jiff::Span::new().try_months(n), n)
    }

    fn plus(self, span: Result<jiff::Span, jiff::Error>, n: i32) -> Self {
        match span {
            Ok(span) => Self(self.0.saturating_add(span)).max(Self::MIN),
            Err(_) if n < 0 => Self::MIN,
            Err(_) => Self::MAX,
        }
    }

    /// How many days `later` lies after this day; negative when before.
    pub fn days_until(self, later: Self) -> i64 {
        later.days_since_1970() - self.days_since_1970()
    }

    fn days_since_1970(self) -> i64 {
        let midnight = self.0.to_zoned(TimeZone::UTC).map(|z| z.timestamp());
        midnight.map_or(0, |t| t.as_second().div_euclid(86_400))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A time zone, by its name in the IANA table, which is bundled. The default is `Asia/Shanghai`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        let shanghai = TimeZone::get("Asia/Shanghai");
        Self(shanghai.unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8))))
    }
}

impl Zone {
    /// The zone of this IANA name.
    pub fn named(name: &str) -> Result<Self, TimeError> {
        let found = TimeZone::get(name).map_err(|_| TimeError::Zone(name.to_owned()))?;
        Ok(Self(found))
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("Asia/Shanghai")
    }

    fn local(&self, at: Time) -> jiff::Zoned {
        at.timestamp().to_zoned(self.0.clone())
    }

    /// The local date at `at`.
    pub fn date(&self, at: Time) -> Date {
        Date(self.local(at).date()).max(Date::MIN)
    }

    /// The local hour and minute at `at`.
    pub fn clock(&self, at: Time) -> (u8, u8) {
        let local = self.local(at);
        (local.hour().unsigned_abs(), local.minute().unsigned_abs())
    }

    /// The instant of a local date, hour (0–23) and minute (0–59); what is larger counts as 23 and 59. A local time
    /// that a clock change skips is read as if the clock had not changed yet.
    pub fn at(&self, date: Date, hour: u8, minute: u8) -> Time {
        let clamp = |value: u8, most: u8| i8::try_from(value.min(most)).unwrap_or(0);
        let local = date.0.at(clamp(hour, 23), clamp(minute, 59), 0, 0);
        match local.to_zoned(self.0.clone()) {
            Ok(zoned) => Time::from_millis(zoned.timestamp().as_millisecond()),
            // Only the very last hours of year 9999 have no instant.
            Err(_) => Time::MAX,
        }
    }

    /// The first instant of a local date.
    pub fn start_of(&self, date: Date) -> Time {
        self.at(date, 0, 0)
    }

    /// `at` plus a span: months first, clamped to the month's end; then days, keeping the local time of day; then
    /// hours, minutes and seconds exactly.
    pub fn add(&self, at: Time, span: Span) -> Time {
        let calendar = jiff::Span::new()
            .try_months(span.months)
            .and_then(|s| s.try_days(span.days));
        let Ok(calendar) = calendar else {
            return Time::MAX;
        };
        let moved = self.local(at).saturating_add(calendar);
        let exact = i64::try_from(span.seconds).unwrap_or(i64::MAX);
        Time::from_millis(moved.timestamp().as_millisecond()) + Duration::seconds(exact)
    }

    /// `2026-11-25T17:00:00+08:00`: RFC 3339 with the zone's own offset.
    pub fn rfc3339(&self, at: Time) -> String {
        let offset = self.local(at).offset();
        at.timestamp().display_with_offset(offset).to_string()
    }

    /// As a person says it: `周三 11月25日 17:00`, `Wed 25 Nov, 17:00`. The year stands there only when it is not the
    /// year of `now`.
    pub fn human(&self, at: Time, now: Time, lang: Lang) -> String {
        let (hour, minute) = self.clock(at);
        let date = self.human_date(self.date(at), now, lang);
        match lang {
            Lang::Zh => format!("{date} {hour:02}:{minute:02}"),
            Lang::En => format!("{date}, {hour:02}:{minute:02}"),
        }
    }

    /// A deadline as a person says it: `周三 11月25日 17:00 前`, `by Wed 25 Nov, 17:00`.
    pub fn human_by(&self, at: Time, now: Time, lang: Lang) -> String {
        let when = self.human(at, now, lang);
        match lang {
            Lang::Zh => format!("{when} 前"),
            Lang::En => format!("by {when}"),
        }
    }

    /// A day as a person says it: `周三 11月25日`, `Wed 25 Nov`; with the year when it is not the year of `now`.
    pub fn human_date(&self, date: Date, now: Time, lang: Lang) -> String {
        let other_year = self.date(now).year() != date.year();
        let (year, day) = (date.year(), date.day());
        let weekday = named(WEEKDAYS[usize::from(lang == Lang::En)], date.weekday());
        let month = named(MONTHS[usize::from(lang == Lang::En)], date.month());
        match (lang, other_year) {
            (Lang::Zh, false) => format!("{weekday} {month}{day}日"),
            (Lang::Zh, true) => format!("{weekday} {year}年{month}{day}日"),
            (Lang::En, false) => format!("{weekday} {day} {month}"),
            (Lang::En, true) => format!("{weekday} {day} {month} {year}"),
        }
    }
}

/// Chinese, then English; Monday first.
const WEEKDAYS: [&str; 2] = ["周一 周二 周三 周四 周五 周六 周日", "Mon Tue Wed Thu Fri Sat Sun"];
/// Chinese, then English; January first.
const MONTHS: [&str; 2] = [
    "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
];

fn named(names: &'static str, number_from_one: u8) -> &'static str {
    let index = usize::from(number_from_one.saturating_sub(1));
    names.split(' ').nth(index).unwrap_or_default()
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}

mod span;
pub use span::Span;

#[cfg(test)]
mod tests;
