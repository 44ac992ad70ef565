//! Sensitive values of people and companies: written sealed, shown masked, found without being opened, and opened
//! only for someone who may and leaves an entry.

use domain::secret::{SecretString, mask_card, mask_document, mask_name, mask_phone};
use store::{Tx, private};

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};
use crate::views::MaskedValue;

/// A field that is kept sealed.
pub struct Field {
    /// Its code, as in `catalog/fields.toml`.
    pub code: &'static str,
    /// How it is shown.
    pub mask: fn(&str) -> String,
}

/// Every field that is kept sealed. The test that looks for leaked values walks this list too.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    Field { code: "representative_name",      mask: mask_name },
    Field { code: "representative_id",        mask: mask_document },
    Field { code: "beneficial_owner_name",    mask: mask_name },
    Field { code: "beneficial_owner_id",      mask: mask_document },
    Field { code: "contact_name",             mask: mask_name },
    Field { code: "contact_phone",            mask: mask_phone },
    Field { code: "signature",                mask: mask_name },
    Field { code: "account_holder",           mask: mask_name },
    Field { code: "account_number",           mask: mask_card },
    Field { code: "account_mobile",           mask: mask_phone },
    Field { code: "account_holder_id_number", mask: mask_document },
];

/// Values that are kept nowhere in clear and may stand in no log, beside [`FIELDS`].
const NEVER: &[&str] = &[
    "pan",
    "card_number",
    "track1",
    "track2",
    "track3",
    "pin",
    "pin_block",
    "cvv",
    "password",
    "token",
    "secret",
    "totp",
    "totp_secret",
    "api_key",
    "activation_code",
    "verification_amount",
    "tmk",
    "key_material",
    "phone",
    "mobile",
    "id_number",
];

/// The row of a field kept sealed.
pub fn field(code: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.code == code)
}

/// Whether values under this name may not stand in a log, an event or an audit entry.
pub fn is_sensitive(name: &str) -> bool {
    field(name).is_some() || NEVER.contains(&name)
}

/// The masked form of a field's value.
pub fn mask(code: &str, value: &str) -> String {
    field(code).map_or_else(|| "*".repeat(value.chars().count().min(8)), |field| (field.mask)(value))
}

/// Keeps a value of an owner, sealed, replacing the one before. Internal: the caller has checked the permission and
/// writes the audit entry of the change this belongs to. `masked` is what people may read, as of [`mask`]; one that
/// gives the value away is refused.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one row's key, its value and its mask"
)]
pub fn put(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    owner_kind: &str,
    owner_id: &str,
    field: &str,
    value: &SecretString,
    masked: &str,
) -> Done<()> {
    if self::field(field).is_none() {
        return Err(Refused::not_found("sealed field", field));
    }
    if masked.contains(value.expose().as_str()) {
        return Err(Refused::Inconsistent(format!(
            "the mask of {field} shows the whole value"
        )));
    }
    let place = place(merchant, owner_kind, owner_id, field);
    let sealer = &ctx.platform.sealer;
    let row = private::PrivateRow {
        merchant_id: merchant.to_owned(),
        owner_kind: owner_kind.to_owned(),
        owner_id: owner_id.to_owned(),
        field: field.to_owned(),
        sealed: sealer.seal(value.expose().as_bytes(), ctx.ids.bytes(), &place),
        blind_index: sealer.blind(field, &one_spelling(value.expose())),
        masked: masked.to_owned(),
        changed_at: ctx.now.millis(),
    };
    Ok(private::put(tx, &row)?)
}

/// Everything kept of an owner, masked. Internal: the caller has checked who asks.
pub fn masked(tx: &mut Tx<'_>, merchant: &str, owner_kind: &str, owner_id: &str) -> Done<Vec<MaskedValue>> {
    let rows = private::masked(tx, merchant, (owner_kind, owner_id))?;
    Ok(rows
        .into_iter()
        .map(|(field, masked)| MaskedValue { field, masked })
        .collect())
}

/// Who has exactly this value: `(merchant, owner kind, owner id)`, at most 50. Internal: the caller has checked the
/// permission to search, or looks for duplicates.
pub fn find(tx: &mut Tx<'_>, ctx: &Ctx, field: &str, value: &str) -> Done<Vec<(String, String, String)>> {
    let index = ctx.platform.sealer.blind(field, &one_spelling(value));
    Ok(private::find(tx, field, &index)?)
}

/// Opens a value. Takes the permission `reveal`, a reason, and leaves an audit entry, so it runs in a write.
pub fn reveal(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    owner_kind: &str,
    owner_id: &str,
    field: &str,
) -> Done<SecretString> {
    ctx.need("reveal")?;
    if ctx.why.trim().is_empty() {
        return Err(Refused::field(
            "why",
            "required",
            "请写明查看的原因。",
            "Say why you need to see it.",
        ));
    }
    let row = private::get(tx, merchant, (owner_kind, owner_id), field)?
        .ok_or_else(|| Refused::not_found("sealed value", format!("{owner_kind} {owner_id} {field}")))?;
    let value = open(ctx, merchant, owner_kind, owner_id, field, &row.sealed)?;
    let details = serde_json::json!({ "field": field });
    let change = Change {
        command: "private.reveal",
        merchant,
        kind: owner_kind,
        id: owner_id,
        before: String::new(),
        after: String::new(),
        details,
    };
    trace::audit(tx, ctx, change)?;
    Ok(value)
}

/// Opens a value for the system's own use (paying to an account, sending a message). Internal: never shown.
pub fn open_for_use(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    merchant: &str,
    owner_kind: &str,
    owner_id: &str,
    field: &str,
) -> Done<Option<SecretString>> {
    private::get(tx, merchant, (owner_kind, owner_id), field)?
        .map(|row| open(ctx, merchant, owner_kind, owner_id, field, &row.sealed))
        .transpose()
}

fn open(ctx: &Ctx, merchant: &str, owner_kind: &str, owner_id: &str, field: &str, sealed: &[u8]) -> Done<SecretString> {
    let opened = ctx
        .platform
        .sealer
        .open(sealed, &place(merchant, owner_kind, owner_id, field))?;
    String::from_utf8(opened.into_exposed())
        .map(SecretString::new)
        .map_err(|_| Refused::Keys(format!("the sealed {field} of {owner_kind} {owner_id} is not text")))
}

/// Where a value is kept, bound into its seal.
fn place(merchant: &str, owner_kind: &str, owner_id: &str, field: &str) -> String {
    format!("private_values/{merchant}/{owner_kind}/{owner_id}/{field}")
}

/// Numbers are written with spaces, dashes and either case; the index knows one spelling.
fn one_spelling(value: &str) -> String {
    value
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_uppercase)
        .collect()
}
