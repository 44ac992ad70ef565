//! What must hold of keys and takes more than rows to see: the key module, or the clock.

use domain::time::Duration;
use store::Tx;

use super::Finding;
use crate::ctx::Ctx;
use crate::key_module::{KeyKind, KeyModule, known_signatures};
use crate::keys::{self, FORMER_REPORTS, WORKING_AGE};
use crate::refused::{Done, Refused};

/// How much later than its time a key may be found: the job that retires it may have been down.
const LATE: Duration = Duration::days(1);
/// Keys looked at in one question.
const AT_ONCE: i64 = 500;
/// Findings told.
const MOST: usize = 20;

/// Master keys that stand in manuals.
pub(super) fn unknown(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let mut found = Vec::new();
    for signature in known_signatures()? {
        let fingerprint = signature.fingerprint(&ctx.platform.sealer);
        if let Some((merchant, terminal)) = store::keys::claimed_by(tx, &fingerprint)? {
            let expected = "a key of its own".to_owned();
            found.push((
                format!("{merchant}/{terminal}"),
                expected,
                "one that everyone knows".to_owned(),
            ));
        }
    }
    Ok(found)
}

/// Stored keys that the module does not open for their place, usage and profile. A check without keys tells nothing.
pub(super) fn authentic(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let module = &*ctx.platform.keys;
    if matches!(module, KeyModule::Absent) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut after = (String::new(), String::new(), String::new());
    loop {
        let rows = store::keys::current_after(tx, (&after.0, &after.1, &after.2), AT_ONCE)?;
        let last = rows.last();
        let until = last.map(|last| (last.merchant_id.as_str(), last.terminal_id.as_str(), last.kind.as_str()));
        let former = store::keys::former_between(tx, (&after.0, &after.1, &after.2), until)?;
        for row in rows.iter().chain(&former) {
            let kind = KeyKind::of_code(&row.kind)
                .ok_or_else(|| Refused::Inconsistent(format!("a key of the kind «{}»", row.kind)))?;
            let place = keys::place(&row.merchant_id, &row.terminal_id, kind, row.version);
            if let Err(fault) = module.authenticate(&place, &row.sealed) {
                let key = format!("{}/{} {}", row.merchant_id, row.terminal_id, row.kind);
                found.push((key, "a key that opens here".to_owned(), fault.to_string()));
            }
            if found.len() == MOST {
                return Ok(found);
            }
        }
        let Some(last) = last else { return Ok(found) };
        after = (last.merchant_id.clone(), last.terminal_id.clone(), last.kind.clone());
    }
}

/// Working keys that should have been retired.
pub(super) fn fresh(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let made = (ctx.now - WORKING_AGE - LATE).millis();
    let told = |(merchant, terminal): (String, String), what: &str, most: Duration| {
        let expected = format!("{what} of at most {} days", most.as_millis() / 86_400_000);
        (format!("{merchant}/{terminal}"), expected, "older ones".to_owned())
    };
    let worn = store::keys::worn(tx, made, 20)?.into_iter();
    let mut found: Vec<Finding> = worn.map(|row| told(row, "working keys", WORKING_AGE)).collect();
    let made = (ctx.now - FORMER_REPORTS - LATE).millis();
    let outlived = store::keys::outlived(tx, made, 20)?.into_iter();
    found.extend(outlived.map(|row| told(row, "former keys", FORMER_REPORTS)));
    Ok(found)
}
