//! What a list is narrowed to must be there, and be the asker's to know: an empty list would say that nothing happened
//! where in truth a number was mistyped. An empty filter narrows nothing and passes.

use domain::catalog::Actor as StepActor;
use domain::stages::SubjectKind;
use store::{Tx, chain, owners};

use crate::chain::{NETWORK, NOBODY, PLATFORM};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};

/// A merchant by id; `-` stands for what belongs to none.
pub fn merchant(tx: &mut Tx<'_>, ctx: &Ctx, id: &str) -> Done<()> {
    if id.is_empty() || (id == NOBODY && ctx.may("read_all")) {
        return Ok(());
    }
    let row = chain::of_merchant(tx, id)?.ok_or_else(|| Refused::not_found("merchant", id))?;
    ctx.need_merchant(id, &row.agent_id, "read_own", "read_all")
}

/// A thing of a kind, by id; within a merchant, if one is named. A kind without rows of its own is not looked for.
pub fn thing(tx: &mut Tx<'_>, ctx: &Ctx, within: &str, kind: &'static str, id: &str) -> Done<()> {
    if id.is_empty() || !owners::has_rows(kind) {
        return Ok(());
    }
    let missing = || Refused::not_found(kind, id);
    let owner = owners::merchant_of(tx, kind, id)?.ok_or_else(missing)?;
    if owner == NOBODY {
        // No merchant's secret; what is shown of it depends on who asks.
        return Ok(());
    }
    if !within.is_empty() && owner != within {
        return Err(missing());
    }
    merchant(tx, ctx, &owner).map_err(|refused| match refused {
        Refused::NotFound { .. } => missing(),
        other => other,
    })
}

/// A subject: its kind, if one is named, and its id.
pub fn subject(tx: &mut Tx<'_>, ctx: &Ctx, within: &str, kind: &str, id: &str) -> Done<()> {
    if !kind.is_empty() {
        let known = SubjectKind::parse(kind).ok_or_else(|| Refused::not_found("subject kind", kind))?;
        return thing(tx, ctx, within, known.code(), id);
    }
    let region = id.len() == 2 && id.bytes().all(|b| b.is_ascii_digit());
    if id.is_empty() || id == PLATFORM || id == NETWORK || region {
        return Ok(());
    }
    for kind in SubjectKind::ALL {
        if owners::has_rows(kind.code()) && thing(tx, ctx, within, kind.code(), id).is_ok() {
            return Ok(());
        }
    }
    Err(Refused::not_found("subject", id))
}

/// A code of a vocabulary: `known` says whether it is one.
pub fn word(what: &'static str, code: &str, known: impl Fn(&str) -> bool) -> Done<()> {
    if code.is_empty() || known(code) {
        Ok(())
    } else {
        Err(Refused::not_found(what, code))
    }
}

/// Whose turn it can be, as steps name them: `merchant`, `reviewer`, `time` …
pub fn turn(code: &str) -> Done<()> {
    word("actor", code, |code| {
        serde_json::from_value::<StepActor>(serde_json::json!(code)).is_ok()
    })
}

/// Who acted, as entries name them: an account, a key, or a system, which has no row.
pub fn actor(tx: &mut Tx<'_>, id: &str) -> Done<()> {
    for (mark, kind) in [("usr_", "user"), ("key_", "api_key")] {
        if id.starts_with(mark) && owners::merchant_of(tx, kind, id)?.is_none() {
            return Err(Refused::not_found("actor", id));
        }
    }
    Ok(())
}
