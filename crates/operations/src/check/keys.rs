//! What must hold of keys and takes more than rows to see: the key module, or the clock.

use domain::time::Duration;
use store::Tx;

use super::Finding;
use crate::ctx::Ctx;
use crate::key_module::{KeyKind, KeyModule, known_signatures};
use crate::keys::{self, WORKING_AGE};
use crate::refused::{Done, Refused};

/// How much later than its time a working key may be found: the job that retires it may have been down.
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
        let Some(last) = rows.last() else { return Ok(found) };
        after = (last.merchant_id.clone(), last.terminal_id.clone(), last.kind.clone());
        for row in &rows {
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
    }
}

/// Working keys that should have been retired.
pub(super) fn fresh(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let made = (ctx.now - WORKING_AGE - LATE).millis();
    let worn = store::keys::worn(tx, made, 20)?;
    let told = |(merchant, terminal): (String, String)| {
        let expected = format!("working keys of at most {} days", WORKING_AGE.as_millis() / 86_400_000);
        (format!("{merchant}/{terminal}"), expected, "older ones".to_owned())
    };
    Ok(worn.into_iter().map(told).collect())
}
