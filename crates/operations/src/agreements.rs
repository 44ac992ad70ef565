//! What a merchant and the institution have agreed: the text, the days, and what payments cost by it.

use domain::catalog::MerchantKind;
use domain::fees::{Agreed, FeeClass, FeeRow, OnRefund};
use domain::stages::SubjectKind;
use domain::time::Time;
use serde::Serialize;
use store::{Tx, parties};
use utoipa::ToSchema;

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::requests;

/// One price of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceView {
    /// Code.
    pub code: String,
    /// What it is for, in the asked language.
    pub name: String,
    /// The rate, parts per million.
    pub rate_ppm: i64,
    /// Added per payment, fen.
    pub fixed: i64,
    /// The least per payment, fen.
    pub minimum: Option<i64>,
    /// The most per payment, fen.
    pub cap: Option<i64>,
    /// A refund gives its share of the fee back.
    pub returned_on_refund: bool,
}

/// A merchant's agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementView {
    /// Contract id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// The version of the terms.
    pub terms: String,
    /// Stage: `draft`, `in_force`, `expired`, `terminated`.
    pub stage: String,
    /// Stage in the asked language.
    pub stage_name: String,
    /// When it was signed last, milliseconds UTC.
    pub signed_at: Option<i64>,
    /// Until when it runs.
    pub expires_at: Option<i64>,
    /// The text in the asked language. No day in it follows from today.
    pub text: String,
    /// Digest of the text in both languages, as it stands in the evidence of a signature.
    pub digest: String,
    /// What payments cost, by the table of the day of signing; of a draft, by that of today. The first that fits a
    /// payment is charged.
    pub prices: Vec<PriceView>,
}

/// The agreement of a merchant, for whoever may see the merchant.
pub fn view(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<AgreementView> {
    let missing = || Refused::not_found("merchant", merchant);
    let chain = store::chain::of_merchant(tx, merchant)?.ok_or_else(missing)?;
    ctx.need_merchant(merchant, &chain.agent_id, "read_own", "read_all")?;
    let contract = parties::contract(tx, merchant)?.ok_or_else(|| Refused::not_found("contract", merchant))?;
    let shown = requests::agreement(tx, merchant)?;
    let key = (SubjectKind::Contract, contract.stage.clone());
    let stage = ctx.catalog().stages.get(&key);
    Ok(AgreementView {
        stage_name: stage.map_or_else(|| contract.stage.clone(), |row| row.name.get(ctx.lang).to_owned()),
        prices: prices(tx, ctx, merchant, contract.signed_at)?,
        digest: shown.digest(),
        text: shown.text.get(ctx.lang).to_owned(),
        id: contract.id,
        number: contract.number,
        terms: contract.terms_version,
        stage: contract.stage,
        signed_at: contract.signed_at,
        expires_at: contract.expires_at,
    })
}

fn prices(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, signed_at: Option<i64>) -> Done<Vec<PriceView>> {
    let party = store::fees::standing(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let kind = MerchantKind::parse(&party.kind)
        .ok_or_else(|| Refused::Inconsistent(format!("merchant {merchant} is of the kind «{}»", party.kind)))?;
    let catalog = ctx.catalog();
    let category = catalog.categories.get(&party.mcc);
    let class = category.map_or(FeeClass::Standard, |category| category.class);
    let day = ctx.platform.zone.date(signed_at.map_or(ctx.now, Time::from_millis));
    let agreed = Agreed::on(&catalog.fees, day, class, kind);
    Ok(agreed.rows().iter().map(|row| price(ctx, row)).collect())
}

fn price(ctx: &Ctx, row: &FeeRow) -> PriceView {
    PriceView {
        code: row.code.clone(),
        name: row.name.get(ctx.lang).to_owned(),
        rate_ppm: row.rate_ppm,
        fixed: row.fixed,
        minimum: row.minimum,
        cap: row.cap,
        returned_on_refund: row.on_refund == OnRefund::Returned,
    }
}
