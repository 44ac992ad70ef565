//! Reference numbers and the trace numbers of the line to the network.
//!
//! A reference number is the day of the year (3 digits), the node (1) and a counter (8) that never runs behind the time
//! of day, so that a restart begins beyond what was given out, even before the stored numbers are looked at.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::time::{Date, Time, Zone};
use operations::refused::Refused;

use crate::app::App;

/// How fast the counter follows the clock: 1000 a second reach 86.4 million at midnight.
const PER_SECOND: i64 = 1000;
const END: i64 = 100_000_000;

pub(super) struct Numbers {
    zone: Zone,
    node: u8,
    /// The day the counter belongs to, and the last number given out.
    last: Mutex<(Option<Date>, i64)>,
    /// The last place in the journal.
    place: AtomicI64,
}

/// Places of one node in the journal; within them places follow the milliseconds, so that a start comes after the last.
const PLACES: i64 = 1 << 59;
const PLACES_PER_MILLI: i64 = 1 << 16;

/// The places of a node: from the first, to below the second.
pub(super) fn places(node: u8) -> (i64, i64) {
    let from = i64::from(node % 10) * PLACES;
    (from, from.saturating_add(PLACES))
}

/// A pair drawn for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// F37 towards the terminal, twelve digits.
    pub(super) rrn: String,
    /// F11 towards the network.
    pub(super) stan: u32,
    /// Where its row stands in the journal.
    pub(super) place: i64,
}

impl Numbers {
    /// Begins after the highest number of today that is stored.
    pub(super) async fn start(app: &App, node: u8) -> Result<Self, Refused> {
        let zone = app.platform.zone.clone();
        let node = node % 10;
        let today = zone.date(app.now());
        let prefix = prefix(today, node);
        let (from, until) = places(node);
        let (folded, journal, place) = app
            .db
            .read(move |tx| -> Result<_, Refused> {
                let folded = store::transactions::highest_reference(tx, &prefix)?;
                let journal = store::journal::highest_reference(tx, &prefix)?;
                Ok((folded, journal, store::journal::highest(tx, until)?))
            })
            .await?;
        let last = folded.max(journal).and_then(|rrn| rrn.get(4..)?.parse().ok());
        let now = from.saturating_add(app.now().millis().saturating_mul(PLACES_PER_MILLI));
        Ok(Self {
            zone,
            node,
            last: Mutex::new((Some(today), last.unwrap_or(0))),
            place: AtomicI64::new(now.max(place.unwrap_or(0))),
        })
    }

    pub(super) fn draw(&self, now: Time) -> Drawn {
        let today = self.zone.date(now);
        let elapsed = (now - self.zone.start_of(today)).as_millis();
        let floor = elapsed.saturating_mul(PER_SECOND) / 1000;
        let counter = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let before = if last.0 == Some(today) { last.1 } else { 0 };
            let next = floor.max(before + 1) % END;
            *last = (Some(today), next);
            next
        };
        let stan = u32::try_from(counter % 999_999 + 1).unwrap_or(1);
        Drawn {
            rrn: format!("{}{counter:08}", prefix(today, self.node)),
            stan,
            place: self.place.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

fn prefix(day: Date, node: u8) -> String {
    let first = Date::new(day.year(), 1, 1).unwrap_or(day);
    format!("{:03}{node}", first.days_until(day) + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn numbers() -> Numbers {
        Numbers {
            zone: Zone::default(),
            node: 2,
            last: Mutex::new((None, 0)),
            place: AtomicI64::new(0),
        }
    }

    #[test]
    fn numbers_rise_within_a_moment_and_follow_the_clock() {
        let numbers = numbers();
        let at = Time::parse_rfc3339("2026-02-01T00:00:01+08:00").unwrap();
        assert_eq!(
            numbers.draw(at),
            Drawn {
                rrn: "032200001000".into(),
                stan: 1001,
                place: 1
            }
        );
        assert_eq!(numbers.draw(at).rrn, "032200001001");
        assert_eq!(
            numbers.draw(at + domain::time::Duration::seconds(1)).rrn,
            "032200002000"
        );
    }

    #[test]
    fn each_day_has_its_own() {
        let numbers = numbers();
        let at = Time::parse_rfc3339("2026-12-31T23:59:59.999+08:00").unwrap();
        assert_eq!(numbers.draw(at).rrn, "365286399999");
        assert_eq!(numbers.draw(at + domain::time::Duration::millis(1)).rrn, "001200000001");
    }
}
