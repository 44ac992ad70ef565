//! Limits and fees as tables: what stands in `limits.toml` and `fees.toml`, and what is wrong with it.

use super::load::{Places, Problem};
use super::types::Tables;
use crate::limits::{Counter, Limit, Measure, Per};
use crate::time::Date;

/// What is counted, and the most there may be. In the order of the files.
#[derive(Clone, Debug, Default)]
pub struct LimitTables {
    /// What is added up.
    pub counters: Vec<Counter>,
    /// The maxima.
    pub limits: Vec<Limit>,
}

/// What is wrong with limits and fees.
pub(super) fn check(tables: &Tables, places: &Places) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut at = |row: String, key: &str, holds: bool, what: &str| {
        if let Some(place) = places.get(&row).filter(|_| !holds) {
            problems.push(place.problem(&row, key, what));
        }
    };
    let counter = |code: &str| tables.limits.counters.iter().any(|counter| counter.code == code);
    for limit in &tables.limits.limits {
        let row = || format!("limit {}", limit.code);
        let counted = limit.counter.as_deref().is_some_and(counter);
        let single = limit.per == Per::Transaction && limit.counter.is_none();
        let over_time = limit.per != Per::Transaction && counted;
        at(
            row(),
            "counter",
            single || over_time,
            "name a counter for a day or month, and none for one payment",
        );
        at(row(), "most", limit.most.is_none_or(|most| most >= 0), "at least 0");
        let reason = tables.reasons.get(&limit.reason);
        let answered = reason.is_some_and(|reason| reason.response_code.is_some() && reason.blocks.is_empty());
        at(
            row(),
            "reason",
            answered,
            "name a reason that has an answer code and blocks nothing",
        );
        let named = !limit.name.zh.trim().is_empty() && !limit.name.en.trim().is_empty();
        at(row(), "name", named, "write it in both languages");
        let sensible = limit.per != Per::Transaction || limit.measure == Measure::Amount || limit.most == Some(0);
        at(
            row(),
            "measure",
            sensible,
            "one payment counts one: measure the amount, or forbid it with most = 0",
        );
    }
    for fee in &tables.fees {
        let row = || format!("fee {}", fee.code);
        at(row(), "from", Date::parse(&fee.from).is_ok(), "a day as YYYY-MM-DD");
        let until = fee.until.as_ref().is_none_or(|day| Date::parse(day).is_ok());
        at(row(), "until", until, "a day as YYYY-MM-DD");
        at(
            row(),
            "rate_ppm",
            (0..=1_000_000).contains(&fee.rate_ppm),
            "from 0 to 1 000 000",
        );
        let sound = fee.fixed >= 0 && fee.minimum.unwrap_or(0) >= 0 && fee.cap.unwrap_or(0) >= 0;
        at(row(), "fixed", sound, "fixed part, minimum and cap are at least 0");
        let named = !fee.name.zh.trim().is_empty() && !fee.name.en.trim().is_empty();
        at(row(), "name", named, "write it in both languages");
    }
    problems
}
