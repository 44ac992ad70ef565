//! The agreement: drawn up where there is none, signed by name under the very text that was shown, and in force.

use domain::ids::ContractId;
use domain::names::Text;
use domain::stages::{CONTRACT, SubjectKind};
use store::Tx;
use store::parties::{self, ContractRow};

use super::super::evidence::{Evidence, Signed};
use super::super::work::{Work, as_system};
use super::{Checked, Given};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::sealing::sha256;
use crate::{merchants, moves, private};

/// The name typed under a signature, among the values of the step.
pub(crate) const SIGNATURE: &str = "signature";

/// An agreement as it is put before its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Contract id.
    pub contract: String,
    /// Its number.
    pub number: String,
    /// The version of the terms.
    pub terms: String,
    /// The text.
    pub text: Text,
}

impl Agreement {
    /// The digest that stands in the evidence of a signature: of both languages, so that either can be shown again.
    pub fn digest(&self) -> String {
        sha256(format!("{}\n\n{}", self.text.zh, self.text.en).as_bytes())
    }
}

/// The agreement of a merchant as it would be signed now; where none was drawn up yet, as it will be. Its text is the same
/// on every day. Internal: the caller has checked who asks.
pub fn agreement(tx: &mut Tx<'_>, merchant: &str) -> Done<Agreement> {
    let party = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let (contract, number, terms) = match parties::contract(tx, merchant)? {
        Some(row) => (row.id, row.number, row.terms_version),
        None => (String::new(), number_of(&party.number), merchants::TERMS.to_owned()),
    };
    let account = match parties::current_account(tx, merchant)? {
        Some(account) => private::masked(tx, merchant, "settlement_account", &account.id)?
            .into_iter()
            .find(|value| value.field == "account_number")
            .map(|value| format!("{} {}", account.bank, value.masked)),
        None => None,
    };
    // No day stands in it that follows from today: what was shown yesterday can be signed, and shown again, today.
    let months = merchants::CONTRACT_MONTHS;
    let text = domain::text!(
        format!(
            "银行卡受理协议 {}（条款版本 {}）\n商户：{}（商户编号 {}）\n期限：自签署之日起 {} 个月\n结算账户：{}\n\
             双方约定受理的卡种与交易类型、费率与结算周期、结算账户的设置与变更、差错与争议的处理，以及商户违反约定时\
             收单机构可以采取的延迟结算、暂停交易、收回机具等措施，均以该版本条款为准。\n\
             机具、收款码和结算账户不得出租、出借、出售，否则须承担相应的法律责任。",
            number,
            terms,
            party.name,
            party.number,
            months,
            account.as_deref().unwrap_or("待设置"),
        ),
        format!(
            "Acquiring agreement {} (terms version {})\nMerchant: {} (number {})\nTerm: {} months from the day of signing\n\
             Settlement account: {}\nCard and transaction types, fees and settlement cycle, setting and changing the \
             settlement account, errors and disputes, and the measures the acquirer may take on a breach (delayed \
             settlement, suspension, taking back the terminal) are those of this version of the terms.\n\
             Terminals, payment codes and the settlement account may not be let, lent or sold; whoever does so answers \
             for it by law.",
            number,
            terms,
            party.name,
            party.number,
            months,
            account.as_deref().unwrap_or("to be set up"),
        )
    );
    Ok(Agreement {
        contract,
        number,
        terms,
        text,
    })
}

/// The number of the first agreement of a merchant.
fn number_of(merchant_number: &str) -> String {
    format!("C{merchant_number}")
}

/// A signature needs a name; the digest of what was signed is kept with it.
pub(super) fn check(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, given: &Given) -> Done<Checked> {
    if given.get(SIGNATURE).is_none_or(|name| name.trim().is_empty()) {
        return Err(Refused::field(
            SIGNATURE,
            "required",
            "请输入签署人姓名",
            "type the name of whoever signs",
        ));
    }
    draft(tx, ctx, work, step)?;
    let shown = agreement(tx, &work.request.merchant_id)?;
    let kept = work.step_mut(step)?;
    let mut evidence = Evidence::of(kept);
    evidence.signed = Some(Signed {
        sha256: shown.digest(),
        contract: shown.contract,
        terms: shown.terms,
    });
    evidence.keep(kept)?;
    Ok(Checked::Fine)
}

/// A merchant without an agreement gets a draft to sign.
pub(super) fn draft(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    if !work.subject(SubjectKind::Contract).is_empty() {
        return Ok(());
    }
    let id: ContractId = ctx.ids.id(ctx.now);
    let merchant = work.request.merchant_id.clone();
    let number = number_of(&work.chain.label(SubjectKind::Merchant, ctx.lang));
    let draft = ContractRow {
        merchant_id: merchant.clone(),
        id: id.to_string(),
        number,
        terms_version: merchants::TERMS.into(),
        stage: CONTRACT.start.to_owned(),
        signed_at: None,
        expires_at: None,
        created_at: ctx.now.millis(),
    };
    parties::insert_contract(tx, &draft)?;
    let why = work.request.id.clone();
    as_system(ctx, &why, |ctx| {
        moves::born(tx, ctx, &merchant, SubjectKind::Contract, id.as_str(), CONTRACT.start)
    })?;
    work.reload_chain(tx)
}

/// From when and until when the agreement runs is noted.
pub(super) fn signed(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    merchants::note_signed(tx, ctx, &merchant)
}
