//! API keys: programs that act for a merchant or for the institution, each answered for by a person.

use domain::catalog::Role;
use domain::ids::ApiKeyId;
use domain::secret::SecretString;
use serde::Serialize;
use serde_json::json;
use store::api_keys::{self, ApiKeyRow};
use store::{Tx, users};
use utoipa::ToSchema;

use super::{known, need_to_manage};
use crate::ctx::{Actor, Ctx};
use crate::refused::{Done, Refused};
use crate::sealing::hex;
use crate::trace::{self, Change, Happened};

/// A key to be made.
pub struct NewKey<'a> {
    /// What it is for, in its owner's words.
    pub name: &'a str,
    /// Role code of `roles.toml`.
    pub role: &'a str,
    /// The merchant it acts for, or `-`.
    pub merchant: &'a str,
    /// The id of the account whose person answers for it.
    pub user: &'a str,
}

/// A key, as those who manage it see it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyView {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Role code.
    pub role: String,
    /// The merchant it acts for, or `-`.
    pub merchant_id: String,
    /// The account whose person answers for it.
    pub user_id: String,
    /// What that person is called.
    pub user_name: String,
    /// When it was made, milliseconds UTC.
    pub created_at: i64,
    /// When it was switched off.
    pub disabled_at: Option<i64>,
}

/// The keys of a merchant, or with `-` those of the institution, newest first. Takes the permission to make them.
pub fn api_keys(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<Vec<KeyView>> {
    // A key's role does not matter here: whoever makes accounts of a merchant sees all its keys.
    need_to_manage(ctx, merchant, "clerk")?;
    let mut keys = Vec::new();
    for row in api_keys::of_merchant(tx, merchant)? {
        let owner = users::get(tx, &row.user_id)?;
        keys.push(KeyView {
            id: row.id,
            name: row.name,
            role: row.role,
            merchant_id: row.merchant_id,
            user_name: owner.map_or_else(String::new, |user| user.display_name),
            user_id: row.user_id,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        });
    }
    Ok(keys)
}

/// Every key begins with this, so that one in a log or a repository is recognised.
const MARK: &str = "shk_";

/// The longest name of a key, characters.
const LONGEST_NAME: usize = 60;

/// Whether a role is one that a merchant's programs have: it reads by the API, and nobody of the institution has it.
pub fn is_for_programs(role: &Role) -> bool {
    !role.staff && role.permissions.iter().any(|permission| permission == "api_read")
}

/// Makes a key: its id, and the key itself, which is shown once and stored as a hash. Takes `manage_users`, or
/// `manage_own_users` for one's own merchant.
pub fn create_api_key(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewKey<'_>) -> Done<(String, SecretString)> {
    need_to_manage(ctx, new.merchant, new.role)?;
    if !ctx.catalog().roles.contains_key(new.role) || new.role == "system" {
        return Err(Refused::field(
            "role",
            "unknown",
            "没有这个角色。",
            "There is no such role.",
        ));
    }
    if new.merchant != "-" && !ctx.catalog().roles.get(new.role).is_some_and(is_for_programs) {
        return Err(Refused::field(
            "role",
            "people_only",
            "请选择程序可用的角色。",
            "Choose a role that programs have.",
        ));
    }
    if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME {
        return Err(Refused::field(
            "name",
            "required",
            "请写明用途，不超过 60 个字。",
            "Say what it is for, in at most 60 characters.",
        ));
    }
    let owner = known(tx, new.user)?;
    if owner.merchant_id != "-" && owner.merchant_id != new.merchant {
        return Err(Refused::not_found("user", new.user));
    }
    let id: ApiKeyId = ctx.ids.id(ctx.now);
    let key = format!("{MARK}{}", hex(&ctx.ids.bytes::<32>()));
    let row = ApiKeyRow {
        key_hash: ctx.platform.sealer.hash_token(&key),
        id: id.to_string(),
        name: new.name.to_owned(),
        role: new.role.to_owned(),
        merchant_id: new.merchant.to_owned(),
        user_id: owner.id,
        created_at: ctx.now.millis(),
        disabled_at: None,
    };
    api_keys::insert(tx, &row)?;
    traced(tx, ctx, "people.create_api_key", "api_key.created", &row)?;
    Ok((row.id, SecretString::new(key)))
}

/// Switches a key off for good. Takes the same permission as making it.
pub fn disable_api_key(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<()> {
    let row = api_keys::of_merchant(tx, merchant)?
        .into_iter()
        .find(|key| key.id == id);
    let row = row.ok_or_else(|| Refused::not_found("API key", id))?;
    need_to_manage(ctx, &row.merchant_id, &row.role)?;
    api_keys::disable(tx, id, ctx.now.millis()).map_err(|error| match error {
        store::Error::NotOne { .. } => Refused::conflict(
            "API key",
            id,
            domain::text!("该密钥已停用", "it is switched off already"),
        ),
        other => other.into(),
    })?;
    traced(tx, ctx, "people.disable_api_key", "api_key.disabled", &row)
}

/// Who acts with a key: none if it is unknown or off, or the account behind it is closed. Runs in a read.
pub fn api_key(tx: &mut Tx<'_>, ctx: &Ctx, key: &str) -> Done<Option<Actor>> {
    if !key.starts_with(MARK) {
        return Ok(None);
    }
    let Some(row) = api_keys::active(tx, &ctx.platform.sealer.hash_token(key))? else {
        return Ok(None);
    };
    let owner = users::get(tx, &row.user_id)?.filter(|user| user.disabled_at.is_none());
    Ok(owner.map(|owner| Actor {
        id: row.id,
        // Four eyes see the person behind the key, not the key.
        person: owner.person_id,
        role: row.role,
        merchant: row.merchant_id,
        agent: "-".to_owned(),
    }))
}

fn traced(tx: &mut Tx<'_>, ctx: &mut Ctx, command: &str, kind: &str, row: &ApiKeyRow) -> Done<()> {
    let change = Change {
        command,
        merchant: &row.merchant_id,
        kind: "api_key",
        id: &row.id,
        before: String::new(),
        after: format!("{}|{}|{}", row.role, row.merchant_id, row.user_id),
        details: json!({ "name": row.name, "role": row.role }),
    };
    let audit = trace::audit(tx, ctx, change)?;
    let happened = Happened {
        kind,
        merchant: &row.merchant_id,
        subject_kind: "api_key",
        subject: &row.id,
        terminal: "-",
        data: json!({ "name": row.name, "label": row.name }),
        audit: &audit,
    };
    trace::event(tx, ctx, happened).map(|_| ())
}
