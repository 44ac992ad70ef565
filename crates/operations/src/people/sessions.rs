//! Where a person is logged in, and ending that: what to do when a phone is lost.

use serde::Serialize;
use serde_json::json;
use store::sessions::SessionRow;
use store::{Tx, sessions};
use utoipa::ToSchema;

use super::login::idle_for;
use super::{known, of_user, staff, state, tell};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace;

/// How many characters of a token's digest name its session; the token cannot be found from them.
const NAME_LENGTH: usize = 16;

/// One place where somebody is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionView {
    /// Names it, for ending it.
    pub id: String,
    /// When it began, milliseconds UTC.
    pub created_at: i64,
    /// When it was last used, at most a minute behind.
    pub seen_at: i64,
    /// When it ends whatever is done.
    pub expires_at: i64,
    /// It began with a second factor.
    pub second_factor: bool,
    /// The asking one itself.
    pub current: bool,
}

/// The asker's own sessions that hold, the last used first. `token` is that of the session they ask in.
pub fn own_sessions(tx: &mut Tx<'_>, ctx: &Ctx, token: &str) -> Done<Vec<SessionView>> {
    let current = ctx.platform.sealer.hash_token(token);
    let idle = idle_for(staff(ctx, &ctx.actor.role));
    let holds = |row: &SessionRow| {
        let now = ctx.now.millis();
        now < row.expires_at && now < row.seen_at + idle.as_millis()
    };
    let rows = sessions::of_user(tx, &ctx.actor.id)?;
    Ok(rows
        .into_iter()
        .filter(holds)
        .map(|row| SessionView {
            id: name(&row).to_owned(),
            current: row.token_hash == current,
            created_at: row.created_at,
            seen_at: row.seen_at,
            expires_at: row.expires_at,
            second_factor: row.second_factor,
        })
        .collect())
}

/// Ends one of the asker's own sessions.
pub fn end_session(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str) -> Done<()> {
    let rows = sessions::of_user(tx, &ctx.actor.id)?;
    let row = rows
        .iter()
        .find(|row| name(row) == id)
        .ok_or_else(|| Refused::not_found("session", id))?;
    end(tx, ctx, &[row])
}

/// Ends all of the asker's own sessions but the one they ask in; how many.
pub fn end_other_sessions(tx: &mut Tx<'_>, ctx: &mut Ctx, token: &str) -> Done<usize> {
    let current = ctx.platform.sealer.hash_token(token);
    let rows = sessions::of_user(tx, &ctx.actor.id)?;
    let others: Vec<&SessionRow> = rows.iter().filter(|row| row.token_hash != current).collect();
    end(tx, ctx, &others)?;
    Ok(others.len())
}

fn end(tx: &mut Tx<'_>, ctx: &mut Ctx, rows: &[&SessionRow]) -> Done<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for row in rows {
        sessions::delete(tx, &row.token_hash)?;
    }
    let user = known(tx, &ctx.actor.id.clone())?;
    let mut change = of_user("people.end_session", &user, &state(&user), &state(&user));
    change.details = json!({ "sessions": rows.iter().map(|row| name(row)).collect::<Vec<_>>() });
    let audit = trace::audit(tx, ctx, change)?;
    tell(
        tx,
        ctx,
        "user.sessions_ended",
        &user,
        &audit,
        json!({ "count": rows.len() }),
    )
}

fn name(row: &SessionRow) -> &str {
    row.token_hash.get(..NAME_LENGTH).unwrap_or(&row.token_hash)
}
