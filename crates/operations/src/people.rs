//! People and programs: accounts, log-in with lock-out and second factor, sessions, API keys.
//!
//! Hashing a password takes tens of milliseconds and 19 MiB, so it happens outside the transaction, on a bounded pool:
//!
//! 1. `let attempt = db.read(|tx| people::login_row(tx, login))`
//! 2. `let right = attempt.password_is(&password)` on the pool
//! 3. `db.write(|tx| people::login_done(tx, &mut ctx, &attempt, right, code))`

mod keys;
mod login;
mod passwords;
mod sessions;

use domain::ids::{PersonId, UserId};
use domain::secret::Secret;
use serde::Serialize;
use store::users::UserRow;
use store::{Tx, users};
use utoipa::ToSchema;

pub use keys::{KeyView, NewKey, api_key, api_keys, create_api_key, disable_api_key, is_for_programs};
pub use login::{
    Attempt, LOCK_AFTER, LOCKED_FOR, LoggedIn, Login, SESSION_ENDS_AFTER, Session, login_done, login_row, logout,
    session, touch,
};
pub use passwords::{SHORTEST_PASSWORD, hash_password, totp_code, totp_secret_text, verify_password};
pub use sessions::{SessionView, end_other_sessions, end_session, own_sessions};

use crate::ctx::{Actor, Ctx};
use crate::refused::{Done, FieldError, Refused};
use crate::trace::{self, Change, Happened};

/// A person's account, as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserView {
    /// Id.
    pub id: String,
    /// What they log in with.
    pub login: String,
    /// What they are called.
    pub display_name: String,
    /// Role code.
    pub role: String,
    /// Role in the asked language.
    pub role_name: String,
    /// The merchant they belong to, or `-`.
    pub merchant_id: String,
    /// The agent they belong to, or `-`.
    pub agent_id: String,
    /// Works for the institution.
    pub staff: bool,
    /// Logs in with a second factor.
    pub second_factor: bool,
    /// Closed.
    pub disabled: bool,
}

/// An account to be made.
pub struct NewUser<'a> {
    /// Unique; kept in lower case.
    pub login: &'a str,
    /// What they are called.
    pub display_name: &'a str,
    /// Role code of `roles.toml`.
    pub role: &'a str,
    /// The merchant they belong to, or `-`.
    pub merchant: &'a str,
    /// The agent they belong to, or `-`.
    pub agent: &'a str,
    /// The natural person, if they have an account already; four eyes compare persons, not logins.
    pub person: Option<&'a str>,
    /// From [`hash_password`].
    pub password_hash: &'a str,
    /// At least 16 bytes, shared with their authenticator; staff must have one.
    pub totp_secret: Option<Secret<Vec<u8>>>,
}

/// Makes an account; its id. Takes `manage_users`, or `manage_own_users` for accounts of one's own merchant.
pub fn create_user(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewUser<'_>) -> Done<String> {
    need_to_manage(ctx, new.merchant, new.role)?;
    check(ctx, &new)?;
    let id: UserId = ctx.ids.id(ctx.now);
    let person = match new.person {
        Some(person) => person.to_owned(),
        None => ctx.ids.id::<PersonId>(ctx.now).to_string(),
    };
    let nonce = ctx.ids.bytes();
    let totp_secret = new.totp_secret.map(|secret| {
        ctx.platform
            .sealer
            .seal(secret.expose(), nonce, &passwords::totp_place(id.as_str()))
    });
    let row = UserRow {
        id: id.to_string(),
        login: new.login.trim().to_lowercase(),
        person_id: person,
        role: new.role.to_owned(),
        merchant_id: new.merchant.to_owned(),
        agent_id: new.agent.to_owned(),
        display_name: new.display_name.to_owned(),
        password_hash: new.password_hash.to_owned(),
        totp_secret,
        totp_last_step: 0,
        failures: 0,
        locked_until: 0,
        disabled_at: None,
        created_at: ctx.now.millis(),
    };
    if !users::insert(tx, &row)? {
        return Err(Refused::field(
            "login",
            "taken",
            "该登录名已被使用。",
            "This login is taken.",
        ));
    }
    let audit = trace::audit(tx, ctx, of_user("people.create_user", &row, "", &state(&row)))?;
    tell(
        tx,
        ctx,
        "user.created",
        &row,
        &audit,
        serde_json::json!({ "role": row.role }),
    )?;
    Ok(row.id)
}

/// Closes an account and ends its sessions. Takes the same permission as making it; nobody closes their own.
pub fn disable_user(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str) -> Done<()> {
    let row = known(tx, id)?;
    need_to_manage(ctx, &row.merchant_id, &row.role)?;
    if row.person_id == ctx.actor.person {
        return Err(Refused::SamePerson(domain::text!(
            "不能关闭自己的账号",
            "nobody closes their own account"
        )));
    }
    users::disable(tx, id, ctx.now.millis()).map_err(|error| match error {
        store::Error::NotOne { .. } => Refused::conflict(
            "user",
            id,
            domain::text!("该账号已关闭", "the account is closed already"),
        ),
        other => other.into(),
    })?;
    store::sessions::delete_of_user(tx, id)?;
    let before = state(&row);
    let closed = UserRow {
        disabled_at: Some(ctx.now.millis()),
        ..row
    };
    let audit = trace::audit(
        tx,
        ctx,
        of_user("people.disable_user", &closed, &before, &state(&closed)),
    )?;
    tell(tx, ctx, "user.disabled", &closed, &audit, serde_json::json!({}))
}

/// Replaces one's own password (hash from [`hash_password`]) and ends all sessions. The door has verified the old one.
pub fn change_password(tx: &mut Tx<'_>, ctx: &mut Ctx, password_hash: &str) -> Done<()> {
    let row = known(tx, &ctx.actor.id.clone())?;
    users::set_password(tx, &row.id, password_hash)?;
    store::sessions::delete_of_user(tx, &row.id)?;
    let audit = trace::audit(
        tx,
        ctx,
        of_user("people.change_password", &row, &state(&row), &state(&row)),
    )?;
    tell(tx, ctx, "user.password_changed", &row, &audit, serde_json::json!({}))
}

/// Replaces somebody else's password (hash from [`hash_password`]) and ends their sessions. Takes the same permission as
/// making the account; one's own is replaced by [`change_password`].
pub fn reset_password(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str, password_hash: &str) -> Done<()> {
    let row = known(tx, id)?;
    need_to_manage(ctx, &row.merchant_id, &row.role).map_err(|_| Refused::not_found("user", id))?;
    if row.person_id == ctx.actor.person {
        return Err(Refused::SamePerson(domain::text!(
            "修改自己的密码须提供当前密码",
            "one's own password is changed with the present one"
        )));
    }
    users::set_password(tx, &row.id, password_hash)?;
    store::sessions::delete_of_user(tx, &row.id)?;
    let audit = trace::audit(
        tx,
        ctx,
        of_user("people.reset_password", &row, &state(&row), &state(&row)),
    )?;
    tell(tx, ctx, "user.password_changed", &row, &audit, serde_json::json!({}))
}

/// Whether whoever acted under this code (a user id or the id of a key; a system is nobody) is the actor's person: the
/// same login, another one of theirs, or a key they answer for.
pub(crate) fn is_same_person(tx: &mut Tx<'_>, ctx: &Ctx, actor: &str) -> Done<bool> {
    if actor == ctx.actor.id {
        return Ok(true);
    }
    let user = match store::api_keys::get(tx, actor)? {
        Some(key) => key.user_id,
        None => actor.to_owned(),
    };
    Ok(users::get(tx, &user)?.is_some_and(|user| user.person_id == ctx.actor.person))
}

/// The accounts of a merchant, or with `-` those of the institution and its agents.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<Vec<UserView>> {
    if !(merchant != "-" && ctx.actor.merchant == merchant && ctx.may("manage_own_users")) {
        ctx.need("manage_users")?;
    }
    Ok(users::of_merchant(tx, merchant)?
        .iter()
        .map(|row| view(ctx, row))
        .collect())
}

/// Accounts and keys are managed by the administrator, those of a merchant also by its owner, who may hand out
/// merchant roles only.
fn need_to_manage(ctx: &Ctx, merchant: &str, role: &str) -> Done<()> {
    let own = merchant != "-" && ctx.actor.merchant == merchant && !staff(ctx, role) && role != "agent";
    if own && ctx.may("manage_own_users") {
        Ok(())
    } else {
        ctx.need("manage_users")
    }
}

fn check(ctx: &Ctx, new: &NewUser<'_>) -> Done<()> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, code: &str, zh: &str, en: &str| {
        wrong.push(FieldError::new(field, code, zh, en));
    };
    let login = new.login.trim();
    if login.chars().count() < 2 || login.chars().count() > 60 || login.chars().any(|c| c.is_control() || c == ' ') {
        say(
            "login",
            "length",
            "登录名为 2 至 60 个字符，不含空格。",
            "A login has 2 to 60 characters and no spaces.",
        );
    }
    if new.display_name.trim().is_empty() {
        say("display_name", "required", "请填写姓名。", "Give a name.");
    }
    if !ctx.catalog().roles.contains_key(new.role) || new.role == "system" {
        say("role", "unknown", "没有这个角色。", "There is no such role.");
    }
    if matches!(new.role, "owner" | "clerk") == (new.merchant == "-") {
        say(
            "merchant",
            "role",
            "店主和店员属于一家商户，其他角色不属于商户。",
            "Owners and clerks belong to a merchant, others to none.",
        );
    }
    if (new.role == "agent") == (new.agent == "-") {
        say(
            "agent",
            "role",
            "代理商角色须属于一家代理商，其他角色不属于。",
            "The agent role belongs to an agent, others to none.",
        );
    }
    let secret = new.totp_secret.as_ref().map(|secret| secret.expose().len());
    if secret.is_none() && staff(ctx, new.role) {
        say(
            "totp_secret",
            "required",
            "机构人员须有动态口令。",
            "Staff need a second factor.",
        );
    }
    if secret.is_some_and(|length| length < 16) {
        say(
            "totp_secret",
            "length",
            "动态口令密钥至少 16 字节。",
            "A second factor's secret has at least 16 bytes.",
        );
    }
    if new.password_hash.is_empty() {
        say("password", "required", "请设置密码。", "Set a password.");
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refused::Invalid(wrong))
    }
}

fn staff(ctx: &Ctx, role: &str) -> bool {
    ctx.catalog().roles.get(role).is_none_or(|role| role.staff)
}

fn known(tx: &mut Tx<'_>, id: &str) -> Done<UserRow> {
    users::get(tx, id)?.ok_or_else(|| Refused::not_found("user", id))
}

fn view(ctx: &Ctx, row: &UserRow) -> UserView {
    let role = ctx.catalog().roles.get(&row.role);
    UserView {
        id: row.id.clone(),
        login: row.login.clone(),
        display_name: row.display_name.clone(),
        role: row.role.clone(),
        role_name: role.map_or_else(|| row.role.clone(), |role| role.name.get(ctx.lang).to_owned()),
        merchant_id: row.merchant_id.clone(),
        agent_id: row.agent_id.clone(),
        staff: staff(ctx, &row.role),
        second_factor: row.totp_secret.is_some(),
        disabled: row.disabled_at.is_some(),
    }
}

fn actor(row: &UserRow) -> Actor {
    Actor {
        id: row.id.clone(),
        person: row.person_id.clone(),
        role: row.role.clone(),
        merchant: row.merchant_id.clone(),
        agent: row.agent_id.clone(),
    }
}

/// What of an account its audit digests cover.
fn state(row: &UserRow) -> String {
    format!(
        "{}|{}|{}|{}|{}|{:?}",
        row.login, row.person_id, row.role, row.merchant_id, row.agent_id, row.disabled_at
    )
}

fn of_user<'a>(command: &'a str, row: &'a UserRow, before: &str, after: &str) -> Change<'a> {
    Change {
        command,
        merchant: &row.merchant_id,
        kind: "user",
        id: &row.id,
        before: before.to_owned(),
        after: after.to_owned(),
        details: serde_json::json!({ "role": row.role }),
    }
}

fn tell(tx: &mut Tx<'_>, ctx: &mut Ctx, kind: &str, row: &UserRow, audit: &str, data: serde_json::Value) -> Done<()> {
    let happened = Happened {
        kind,
        merchant: &row.merchant_id,
        subject_kind: "user",
        subject: &row.id,
        terminal: "-",
        data,
        audit,
    };
    trace::event(tx, ctx, happened).map(|_| ())
}
