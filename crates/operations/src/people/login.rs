//! Logging in, the sessions that follow, and logging out.

use domain::secret::SecretString;
use domain::time::{Duration, Time};
use serde_json::json;
use store::sessions::SessionRow;
use store::users::UserRow;
use store::{Tx, sessions, users};

use super::{UserView, actor, of_user, passwords, staff, state, tell, view};
use crate::ctx::{Actor, Ctx};
use crate::refused::{Done, Refused};
use crate::sealing::hex;
use crate::trace::{self, Change};

/// So many failures in a row lock a login.
pub const LOCK_AFTER: i64 = 5;

/// For so long.
pub const LOCKED_FOR: Duration = Duration::minutes(15);

/// A session ends so long after logging in, whatever is done in it.
pub const SESSION_ENDS_AFTER: Duration = Duration::hours(12);

/// A session of staff ends when it is not used for so long …
const STAFF_IDLE: Duration = Duration::minutes(15);

/// … and one of anybody else for so long.
const OTHERS_IDLE: Duration = Duration::hours(12);

/// A use is noted when the last note is so old; the idle limits are that exact.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// Someone trying to log in: what is known before the password is looked at.
#[derive(Clone, Debug)]
pub struct Attempt {
    user: Option<UserRow>,
    codes_at: Option<Time>,
}

impl Attempt {
    /// Reads codes of the second factor by another clock than the platform's: an authenticator shows the hand's time,
    /// however far a test clock was moved.
    #[must_use]
    pub fn with_codes_at(mut self, hand: Time) -> Self {
        self.codes_at = Some(hand);
        self
    }

    /// The code an authenticator shows now. For a demonstration's own login page only: it has no authenticators.
    pub fn code_now(&self, ctx: &Ctx) -> Done<Option<String>> {
        let Some(user) = &self.user else { return Ok(None) };
        let Some(sealed) = &user.totp_secret else {
            return Ok(None);
        };
        let secret = ctx.platform.sealer.open(sealed, &passwords::totp_place(&user.id))?;
        passwords::totp_code(secret.expose(), self.codes_at.unwrap_or(ctx.now)).map(Some)
    }

    /// Whether the password is right. Pure and slow, and as slow where there is no such login: not inside a
    /// transaction.
    pub fn password_is(&self, password: &SecretString) -> bool {
        let hash = self
            .user
            .as_ref()
            .map_or(passwords::NOBODY, |user| user.password_hash.as_str());
        let right = passwords::verify_password(hash, password.expose());
        right && self.user.is_some()
    }
}

/// How a try to log in ended. Failures are counted in the same transaction, so all ends are kept, not undone.
#[derive(Debug)]
pub enum Login {
    /// It worked.
    In(LoggedIn),
    /// The password is right; the code of the second factor is missing.
    CodeNeeded,
    /// It did not; what to tell: [`Refused::NotAuthenticated`] or [`Refused::TooMany`].
    Not(Refused),
}

/// A new session.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// For the cookie; only its hash is stored.
    pub token: SecretString,
    /// Whose it is.
    pub user: UserView,
}

/// First of three: looks a login up. Never says whether there is one.
pub fn login_row(tx: &mut Tx<'_>, login: &str) -> Done<Attempt> {
    Ok(Attempt {
        user: users::by_login(tx, &login.trim().to_lowercase())?,
        codes_at: None,
    })
}

/// Last of three: lets in, asks for the code, or counts a failure. `password_right` is what
/// [`Attempt::password_is`] said.
///
/// Without the right password nothing is learnt: an unknown login, a closed or a locked account, and a wrong password
/// get the same answer, for the same work (an entry in the audit log). That it is locked is told to whoever knows the
/// password.
pub fn login_done(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    attempt: &Attempt,
    password_right: bool,
    code: Option<&str>,
) -> Done<Login> {
    // Read again: other tries may have been counted while the password was verified.
    let user = match &attempt.user {
        None => None,
        Some(user) => users::get(tx, &user.id)?.filter(|now| now.password_hash == user.password_hash),
    };
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
        return turned_away(tx, ctx, attempt.user.as_ref(), "no account");
    };
    if ctx.now.millis() < user.locked_until {
        let told = turned_away(tx, ctx, Some(&user), "locked")?;
        return Ok(if password_right {
            Login::Not(too_many(user.locked_until))
        } else {
            told
        });
    }
    if !password_right {
        failed(tx, ctx, &user, "password")?;
        return Ok(Login::Not(Refused::NotAuthenticated));
    }
    let mut step = 0;
    if let Some(sealed) = &user.totp_secret {
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
            return Ok(Login::CodeNeeded);
        };
        let secret = ctx.platform.sealer.open(sealed, &passwords::totp_place(&user.id))?;
        match passwords::totp_step(secret.expose(), code, attempt.codes_at.unwrap_or(ctx.now))? {
            // A code works once: neither its step nor an earlier one is accepted again.
            Some(found) if found > user.totp_last_step => step = found,
            _ => return failed(tx, ctx, &user, "code"),
        }
    } else if staff(ctx, &user.role) {
        return failed(tx, ctx, &user, "no second factor");
    }
    if !users::logged_in(tx, &user.id, step, ctx.now.millis())? {
        return Ok(Login::Not(Refused::NotAuthenticated));
    }
    start(tx, ctx, &user).map(Login::In)
}

fn too_many(until: i64) -> Refused {
    Refused::TooMany {
        until: Time::from_millis(until).rfc3339(),
    }
}

/// Notes a try that counts for nothing. What was typed as the login is not kept: people type their password there.
fn turned_away(tx: &mut Tx<'_>, ctx: &mut Ctx, user: Option<&UserRow>, what: &str) -> Done<Login> {
    let mut change = match user {
        Some(user) => of_user("people.login_failed", user, "", ""),
        None => Change {
            command: "people.login_failed",
            merchant: "-",
            kind: "user",
            id: "-",
            before: String::new(),
            after: String::new(),
            details: json!({}),
        },
    };
    change.details = json!({ "what": what });
    trace::audit(tx, ctx, change)?;
    Ok(Login::Not(Refused::NotAuthenticated))
}

/// Counts a failure; from the fifth in a row on, the login is locked.
fn failed(tx: &mut Tx<'_>, ctx: &mut Ctx, user: &UserRow, what: &str) -> Done<Login> {
    let until = (ctx.now + LOCKED_FOR).millis();
    let Some(locked_until) = users::failed(tx, &user.id, LOCK_AFTER, ctx.now.millis(), until)? else {
        return turned_away(tx, ctx, Some(user), "locked");
    };
    let locked = locked_until > ctx.now.millis();
    let mut change = of_user("people.login_failed", user, "", "");
    change.details = json!({ "what": what, "locked": locked });
    let audit = trace::audit(tx, ctx, change)?;
    if locked {
        tell(
            tx,
            ctx,
            "user.locked",
            user,
            &audit,
            json!({ "until_at": locked_until }),
        )?;
        return Ok(Login::Not(too_many(locked_until)));
    }
    Ok(Login::Not(Refused::NotAuthenticated))
}

fn start(tx: &mut Tx<'_>, ctx: &mut Ctx, user: &UserRow) -> Done<LoggedIn> {
    let token = hex(&ctx.ids.bytes::<32>());
    let session = SessionRow {
        token_hash: ctx.platform.sealer.hash_token(&token),
        user_id: user.id.clone(),
        created_at: ctx.now.millis(),
        seen_at: ctx.now.millis(),
        expires_at: (ctx.now + SESSION_ENDS_AFTER).millis(),
        second_factor: user.totp_secret.is_some(),
    };
    sessions::insert(tx, &session)?;
    // Who logs in is the actor of the entry, not whoever stood at the door.
    let door = std::mem::replace(&mut ctx.actor, actor(user));
    let traced = trace::audit(tx, ctx, of_user("people.login", user, "", &state(user)))
        .and_then(|audit| tell(tx, ctx, "user.logged_in", user, &audit, json!({})));
    ctx.actor = door;
    traced?;
    Ok(LoggedIn {
        token: SecretString::new(token),
        user: view(ctx, user),
    })
}

/// A session that holds.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who acts in it.
    pub actor: Actor,
    /// Their account.
    pub user: UserView,
    /// When it ends whatever is done.
    pub expires_at: Time,
    /// Its use is to be noted: call [`touch`] in a write.
    pub touch: bool,
}

/// The session of a token, unless it has ended, idled too long, or its account was closed. Runs in a read.
pub fn session(tx: &mut Tx<'_>, ctx: &Ctx, token: &str) -> Done<Option<Session>> {
    let Some(row) = sessions::get(tx, &ctx.platform.sealer.hash_token(token))? else {
        return Ok(None);
    };
    let Some(user) = users::get(tx, &row.user_id)?.filter(|user| user.disabled_at.is_none()) else {
        return Ok(None);
    };
    let staff = staff(ctx, &user.role);
    let idle = idle_for(staff);
    let seen = Time::from_millis(row.seen_at);
    let over = ctx.now.millis() >= row.expires_at || ctx.now >= seen + idle || (staff && !row.second_factor);
    if over {
        return Ok(None);
    }
    Ok(Some(Session {
        actor: actor(&user),
        user: view(ctx, &user),
        expires_at: Time::from_millis(row.expires_at),
        touch: ctx.now >= seen + NOTED_EVERY,
    }))
}

/// How long a session may lie unused.
pub(super) fn idle_for(staff: bool) -> Duration {
    if staff { STAFF_IDLE } else { OTHERS_IDLE }
}

/// Notes that a session was used. Runs in a write, when [`Session::touch`] asks for it.
pub fn touch(tx: &mut Tx<'_>, ctx: &Ctx, token: &str) -> Done<()> {
    Ok(sessions::seen(
        tx,
        &ctx.platform.sealer.hash_token(token),
        ctx.now.millis(),
    )?)
}

/// Ends a session; whether there was one.
pub fn logout(tx: &mut Tx<'_>, ctx: &Ctx, token: &str) -> Done<bool> {
    Ok(sessions::delete(tx, &ctx.platform.sealer.hash_token(token))?)
}
