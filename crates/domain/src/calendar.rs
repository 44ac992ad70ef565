//! Working days: the public holidays and make-up days the State Council announces each autumn for the next year.
//! A year without a table has no working days at all, only an error: a promise to a merchant is never a guess.

use crate::csv::{self, CsvError};
use crate::time::{Date, Time, Zone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The hour a promised working day ends, local time.
const END_OF_DAY: u8 = 17;

/// Why a calendar could not be read or asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The table cannot be read; names line and column.
    #[error("the working-day calendar: {0}")]
    Table(#[from] CsvError),
    /// A year's table without one of the holidays every year has, so probably cut off.
    #[error("the working-day calendar has rows of {year} but {missing} is not among its holidays; load the whole year")]
    Incomplete {
        /// The year.
        year: i16,
        /// The day that must be a holiday.
        missing: Date,
    },
    /// A day was asked about whose year has no table.
    #[error("the working-day calendar has no table for {year}; load the announced holidays of that year")]
    MissingYear {
        /// The year.
        year: i16,
    },
}

/// What the table says about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Holiday,
    Makeup,
}

/// A promised time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promise {
    /// Until when.
    pub at: Time,
    /// Whether days were counted by weekday only, for want of a table. Never true in production.
    pub assumed: bool,
}

/// The working days of the years it has a table for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    days: BTreeMap<Date, (Kind, String)>,
    years: BTreeSet<i16>,
    assumed_until: Option<Date>,
}

impl Calendar {
    /// Reads `date,kind,name` with kind `holiday` or `makeup` (a weekend day that is worked). A year counts as known when
    /// its table holds 1 January and 1 October, which are holidays in every year.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let mut calendar = Self::default();
        for row in csv::rows(text, ["date", "kind", "name"])? {
            let [day, kind, name] = &row.values;
            let day = Date::parse(day).map_err(|e| row.wrong(0, format!("is no date: {e}")))?;
            let kind = match kind.as_str() {
                "holiday" => Kind::Holiday,
                "makeup" if day.is_weekend() => Kind::Makeup,
                "makeup" => {
                    return Err(row.wrong(1, "is only for a Saturday or Sunday that is worked").into());
                }
                _ => return Err(row.wrong(1, "must be `holiday` or `makeup`").into()),
            };
            if calendar.days.insert(day, (kind, name.clone())).is_some() {
                return Err(row.wrong(0, "stands in the table twice").into());
            }
            calendar.years.insert(day.year());
        }
        for &year in &calendar.years {
            for month in [1, 10] {
                let Ok(day) = Date::new(year, month, 1) else {
                    continue;
                };
                if !matches!(calendar.days.get(&day), Some((Kind::Holiday, _))) {
                    return Err(CalendarError::Incomplete { year, missing: day });
                }
            }
        }
        Ok(calendar)
    }

    /// For the demonstration on a test clock only: after the last year with a table, up to and including `until`, Monday
    /// to Friday count as working days. Promises that rest on it say so.
    pub fn assume_weekdays(mut self, until: Date) -> Self {
        self.assumed_until = Some(until);
        self
    }

    /// The last day of the last year with a table.
    pub fn covers_until(&self) -> Option<Date> {
        self.years.last().and_then(|year| Date::new(*year, 12, 31).ok())
    }

    /// Whether `date` is judged by weekday only, for want of a table.
    pub fn is_assumed(&self, date: Date) -> bool {
        let after_tables = self.covers_until().is_none_or(|last| date > last);
        after_tables && self.assumed_until.is_some_and(|until| date <= until)
    }

    /// The name of the holiday or make-up day, where the table has one.
    pub fn name(&self, date: Date) -> Option<&str> {
        self.days.get(&date).map(|(_, name)| name.as_str())
    }

    /// Whether `date` is worked.
    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarError> {
        if !self.years.contains(&date.year()) && !self.is_assumed(date) {
            return Err(CalendarError::MissingYear { year: date.year() });
        }
        Ok(match self.days.get(&date) {
            Some((Kind::Holiday, _)) => false,
            Some((Kind::Makeup, _)) => true,
            None => !date.is_weekend(),
        })
    }

    /// The first working day after `date`.
    pub fn next_working_day(&self, date: Date) -> Result<Date, CalendarError> {
        self.add_working_days(date, 1)
    }

    /// The `n`-th working day after `date`, which itself does not count. With `n` 0: `date` itself if it is worked,
    /// else the first working day after it.
    pub fn add_working_days(&self, date: Date, n: u16) -> Result<Date, CalendarError> {
        let mut day = date;
        let mut left = n;
        if left == 0 {
            if self.is_working_day(day)? {
                return Ok(day);
            }
            left = 1;
        }
        while left > 0 {
            let next = day.add_days(1);
            if next == day {
                // The last day there is: nothing follows it.
                return Err(CalendarError::MissingYear { year: day.year() });
            }
            day = next;
            if self.is_working_day(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The end (17:00 local time) of the `days`-th working day after today. With 0 days: today's end if today is
    /// worked and not yet over, else the end of the next working day.
    pub fn promise(&self, now: Time, days: u16, zone: &Zone) -> Result<Promise, CalendarError> {
        let today = zone.date(now);
        let mut day = self.add_working_days(today, days)?;
        if zone.at(day, END_OF_DAY, 0) <= now {
            day = self.next_working_day(day)?;
        }
        Ok(Promise {
            at: zone.at(day, END_OF_DAY, 0),
            assumed: self.is_assumed(day),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn calendar() -> Calendar {
        Calendar::parse(include_str!("../../../catalog/calendar.csv")).unwrap()
    }

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn money_of_a_day_is_paid_on_the_next_working_day() {
        let calendar = calendar();
        for (day, next) in [
            ("2024-04-03", "2024-04-07"),
            ("2025-01-24", "2025-01-26"),
            ("2025-01-27", "2025-02-05"),
            ("2025-09-30", "2025-10-09"),
            ("2026-01-01", "2026-01-04"),
            ("2026-02-13", "2026-02-14"),
            ("2026-02-14", "2026-02-24"),
            ("2026-02-18", "2026-02-24"),
            ("2026-04-30", "2026-05-06"),
            ("2026-09-18", "2026-09-20"),
            ("2026-09-24", "2026-09-28"),
            ("2026-09-30", "2026-10-08"),
            ("2026-10-09", "2026-10-10"),
        ] {
            let found = calendar.next_working_day(date(day));
            assert_eq!(found, Ok(date(next)), "{day}");
        }
        assert_eq!(
            calendar.next_working_day(date("2026-12-31")),
            Err(CalendarError::MissingYear { year: 2027 }),
            "the holidays of 2027 are not announced yet"
        );
    }

    #[test]
    fn every_year_has_as_many_working_days_as_announced() {
        let calendar = calendar();
        for (year, holidays, makeups, working) in [(2024, 28, 8, 251), (2025, 28, 5, 248), (2026, 33, 6, 248)] {
            let rows = |kind| {
                let of_year = |(day, (k, _)): &(&Date, &(Kind, String))| day.year() == year && *k == kind;
                calendar.days.iter().filter(of_year).count()
            };
            assert_eq!((rows(Kind::Holiday), rows(Kind::Makeup)), (holidays, makeups), "{year}");
            let first = Date::new(year, 1, 1).unwrap();
            let days = (0..366).map(|n| first.add_days(n)).filter(|d| d.year() == year);
            let worked = days.filter(|d| calendar.is_working_day(*d).unwrap()).count();
            assert_eq!(worked, working, "{year}");
        }
        assert_eq!(calendar.covers_until(), Some(date("2026-12-31")));
        assert_eq!(calendar.name(date("2026-10-01")), Some("国庆节"));
        assert!(calendar.is_working_day(date("2023-12-29")).is_err());
    }

    #[test]
    fn a_promise_ends_at_five_on_the_last_working_day() {
        let calendar = calendar();
        let zone = Zone::default();
        for (now, days, until) in [
            ("2026-11-25T09:00:00+08:00", 0, "2026-11-25T17:00:00+08:00"),
            ("2026-11-25T17:00:00+08:00", 0, "2026-11-26T17:00:00+08:00"),
            ("2026-11-28T09:00:00+08:00", 0, "2026-11-30T17:00:00+08:00"),
            ("2026-11-25T09:00:00+08:00", 3, "2026-11-30T17:00:00+08:00"),
            ("2026-09-30T18:00:00+08:00", 1, "2026-10-08T17:00:00+08:00"),
            ("2026-09-30T18:00:00+08:00", 3, "2026-10-10T17:00:00+08:00"),
            // Already tomorrow in China.
            ("2026-11-25T16:30:00Z", 1, "2026-11-27T17:00:00+08:00"),
        ] {
            let promise = calendar.promise(time(now), days, &zone).unwrap();
            assert_eq!((promise.at, promise.assumed), (time(until), false), "{now} + {days}");
        }
        let late = calendar.promise(time("2026-12-31T18:00:00+08:00"), 0, &zone);
        assert_eq!(late, Err(CalendarError::MissingYear { year: 2027 }));
    }

    #[test]
    fn the_test_clock_may_assume_weekdays_and_says_so() {
        let calendar = calendar().assume_weekdays(date("2028-12-31"));
        let zone = Zone::default();
        let promise = calendar.promise(time("2026-12-31T12:00:00+08:00"), 2, &zone).unwrap();
        assert_eq!(promise.at, time("2027-01-04T17:00:00+08:00"));
        assert!(promise.assumed);
        let known = calendar.promise(time("2026-09-30T12:00:00+08:00"), 1, &zone).unwrap();
        assert_eq!((known.at, known.assumed), (time("2026-10-08T17:00:00+08:00"), false));
        assert!(calendar.is_working_day(date("2029-01-01")).is_err());
        assert!(
            calendar.is_working_day(date("2023-12-29")).is_err(),
            "the past is not assumed"
        );
        assert_eq!(
            calendar.covers_until(),
            Some(date("2026-12-31")),
            "assuming is not covering"
        );
        let nothing = Calendar::default().assume_weekdays(Date::MAX);
        assert!(nothing.next_working_day(Date::MAX).is_err(), "ends where days end");
    }

    #[test]
    fn a_bad_table_is_refused_with_its_line_and_column() {
        let year = "2026-01-01,holiday,a\n2026-10-01,holiday,b\n";
        let parse = |extra: &str| Calendar::parse(&format!("date,kind,name\n{year}{extra}"));
        assert!(parse("").is_ok());
        for (row, says) in [
            ("2026-02-30,holiday,c", "line 4, column `date`"),
            ("2026-02-03,vacation,c", "line 4, column `kind`"),
            ("2026-02-03,makeup,c", "Saturday or Sunday"),
            ("2026-10-01,holiday,c", "twice"),
            ("2026-10-02,holiday", "line 4 has 2 columns"),
            ("2027-01-01,holiday,c", "2027-10-01 is not among its holidays"),
        ] {
            let error = parse(row).unwrap_err().to_string();
            assert!(error.contains(says), "{row}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_nth_working_day_has_n_working_days_up_to_it(start in 0_i32..900, n in 1_u16..40) {
            let calendar = calendar();
            let from = date("2024-01-01").add_days(start);
            let to = calendar.add_working_days(from, n).unwrap();
            prop_assert!(calendar.is_working_day(to).unwrap());
            let passed = (1..=from.days_until(to)).filter(|d| {
                let day = from.add_days(i32::try_from(*d).unwrap());
                calendar.is_working_day(day).unwrap()
            });
            prop_assert_eq!(passed.count(), usize::from(n));
        }
    }
}
