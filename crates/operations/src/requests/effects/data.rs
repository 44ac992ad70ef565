//! Corrected data: which field of a form is kept where.

use std::collections::BTreeMap;

use domain::secret::SecretString;
use domain::stages::SubjectKind;
use serde_json::json;
use store::{Tx, parties};

use super::super::evidence::{self, Evidence};
use super::super::work::Work;
use crate::ctx::Ctx;
use crate::merchants::fold;
use crate::private;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// Where a field is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// The merchant's registered name.
    MerchantName,
    /// The merchant's unified social credit code.
    Uscc,
    /// The shop's name.
    ShopName,
    /// The shop's address.
    ShopAddress,
    /// Sealed, with the merchant.
    Private,
}

/// The fields whose value outlives the request. Those of a settlement account are kept by its change.
#[rustfmt::skip]
const HOMES: [(&str, Home); 10] = [
    ("merchant_name",         Home::MerchantName),
    ("uscc",                  Home::Uscc),
    ("shop_name",             Home::ShopName),
    ("shop_address",          Home::ShopAddress),
    ("representative_name",   Home::Private),
    ("representative_id",     Home::Private),
    ("beneficial_owner_name", Home::Private),
    ("beneficial_owner_id",   Home::Private),
    ("contact_name",          Home::Private),
    ("contact_phone",         Home::Private),
];

/// The fields of a settlement account, kept with the account.
pub(super) const OF_ACCOUNT: [&str; 4] = [
    "account_holder",
    "account_number",
    "account_mobile",
    "account_holder_id_number",
];

/// Whether approving a step writes this field into the merchant's data.
pub(crate) fn is_data(field: &str) -> bool {
    HOMES.iter().any(|(code, _)| *code == field)
}

/// Whether a value given in one step of a request is known in the others, so that it is not asked again.
pub(crate) fn is_kept(field: &str) -> bool {
    is_data(field) || OF_ACCOUNT.contains(&field) || field == "account_bank"
}

/// What stands on record now under each field whose value outlives a request, as people may read it: by field code.
pub(crate) fn on_record(tx: &mut Tx<'_>, work: &Work) -> Done<BTreeMap<String, String>> {
    let merchant = &work.request.merchant_id;
    let known = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant.as_str()))?;
    let mut found = BTreeMap::new();
    let mut keep = |code: &str, value: String| {
        if !value.is_empty() && value != "-" {
            found.insert(code.to_owned(), value);
        }
    };
    keep("merchant_name", known.name);
    keep("uscc", known.uscc);
    if let Some(id) = shop(tx, work)?
        && let Some(shop) = parties::shop(tx, merchant, &id)?
    {
        keep("shop_name", shop.name);
        keep("shop_address", shop.address);
    }
    for value in private::masked(tx, merchant, "merchant", merchant)? {
        keep(&value.field, value.masked);
    }
    if let Some(account) = parties::current_account(tx, merchant)? {
        for value in private::masked(tx, merchant, "settlement_account", &account.id)? {
            keep(&value.field, value.masked);
        }
        keep("account_bank", account.bank);
    }
    Ok(found)
}

/// Writes what a step corrected; the merchant's version counts the change.
pub(super) fn correct(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    let Some(row) = work.step(step).cloned() else {
        return Ok(());
    };
    let given = Evidence::of(&row);
    let merchant = work.request.merchant_id.clone();
    let mut known =
        parties::merchant(tx, &merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant.as_str()))?;
    let before = format!("{}|{}|{}", known.version, known.name, known.uscc);
    let mut written = Vec::new();
    for (code, home) in HOMES {
        if given.fields.contains_key(code)
            && let Some(value) = evidence::open(ctx, &row, code)?
        {
            match home {
                Home::MerchantName => {
                    known.search_name = fold(value.expose());
                    known.name.clone_from(value.expose());
                }
                Home::Uscc => known.uscc.clone_from(value.expose()),
                elsewhere => keep(tx, ctx, work, code, elsewhere, &value)?,
            }
            written.push(code);
        }
    }
    if written.is_empty() {
        return Ok(());
    }
    parties::correct_merchant(tx, &known)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "merchants.correct",
            merchant: &merchant,
            kind: "merchant",
            id: &merchant,
            before,
            after: row.evidence.clone(),
            details: json!({ "corrected": written, "request": work.request.id }),
        },
    )?;
    trace::event(
        tx,
        ctx,
        trace::Happened {
            kind: "merchant.data_corrected",
            merchant: &merchant,
            subject_kind: "merchant",
            subject: &merchant,
            terminal: work.chain.terminal.as_deref().unwrap_or("-"),
            data: json!({ "corrected": written }),
            audit: &audit,
        },
    )?;
    Ok(())
}

fn keep(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, code: &str, home: Home, value: &SecretString) -> Done<()> {
    let merchant = &work.request.merchant_id;
    let text = value.expose();
    if home == Home::Private {
        return private::put(
            tx,
            ctx,
            merchant,
            "merchant",
            merchant,
            code,
            value,
            &private::mask(code, text),
        );
    }
    let Some(shop) = shop(tx, work)? else { return Ok(()) };
    if home == Home::ShopName {
        store::effects::name_shop(tx, merchant, &shop, text)?;
    } else {
        parties::set_address(tx, merchant, &shop, text)?;
    }
    Ok(())
}

/// The shop the request is about: its terminal's, or the merchant's first one.
fn shop(tx: &mut Tx<'_>, work: &Work) -> Done<Option<String>> {
    let own = work.subject(SubjectKind::Shop);
    if !own.is_empty() {
        return Ok(Some(own));
    }
    Ok(parties::shops(tx, &work.request.merchant_id)?
        .into_iter()
        .next()
        .map(|s| s.id))
}
