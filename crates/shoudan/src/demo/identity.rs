//! Identifiers that pass every check and belong to nobody: the sequence of a resident number is 000 and the subject of a
//! unified code begins with zeros, neither of which is ever issued.

use domain::identifiers::{ResidentId, UnifiedCode};
use domain::time::Date;

/// A unified code of the `n`th merchant: `91` for companies, `92` for sole traders.
pub fn unified_code(begin: &str, area: &str, n: usize) -> String {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let ends = LETTERS.chars().flat_map(|a| LETTERS.chars().map(move |b| (a, b)));
    let sound = |code: &String| UnifiedCode::parse(code).is_ok_and(|c| c.warnings().is_empty());
    ends.map(|(a, b)| format!("{begin}{area}0000{n:04}{a}{b}"))
        .find(sound)
        .unwrap_or_default()
}

/// A resident number of someone born on this day.
pub fn resident_id(area: &str, born: Date) -> String {
    let day = format!("{:04}{:02}{:02}", born.year(), born.month(), born.day());
    let sound = |id: &String| ResidentId::parse(id, Date::MAX).is_ok();
    "0123456789X"
        .chars()
        .map(|last| format!("{area}{day}000{last}"))
        .find(sound)
        .unwrap_or_default()
}
