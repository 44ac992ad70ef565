//! The change of a settlement account: proved by a small amount, proposed as a new version, cooling off, and current
//! from a boundary between two settlement batches on. Until then money goes to the old one; the change can be undone.

use domain::catalog::MerchantKind;
use domain::identifiers::BankCard;
use domain::ids::SettlementAccountId;
use domain::money::Fen;
use domain::names::Lang;
use domain::stages::{SETTLEMENT_ACCOUNT, SubjectKind};
use domain::time::{Duration, Time};
use serde_json::json;
use store::Tx;
use store::parties::{self, AccountRow};

use super::super::evidence::{self, unseal};
use super::super::work::{Deposit, Work};
use super::super::{close, work};
use super::{Checked, Given, tell};
use crate::ctx::Ctx;
use crate::moves;
use crate::private;
use crate::refused::{Done, Refused};
use crate::sealing::hex;
use crate::stops::{self, Place};

/// The reason in force while a change cools off.
const COOLING: &str = "settlement.change_cooling";
/// How long a change cools off before the next boundary: against changes made by someone else.
const COOLING_OFF: Duration = Duration::hours(24);
/// Wrong answers a small amount allows.
const TRIES: u8 = 5;
/// How long after five wrong answers another small amount may be sent.
const AGAIN: Duration = Duration::hours(4);
/// Stops of the old account that end with it, because they were about it alone. Any other moves on to the new account:
/// a reserve or a debt is not shaken off by changing the account.
const OF_OLD_ACCOUNT: [&str; 4] = [
    "settlement.change_in_review",
    COOLING,
    "settlement.payout_returned",
    "settlement.account_invalid",
];

/// Checks that whoever asks can read the account's statement: a small amount is sent, and what arrived is typed in.
pub(super) fn check_ownership(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &mut Work,
    step: &str,
    given: &Given,
) -> Done<Checked> {
    check_number(tx, ctx, work, step, given)?;
    if !work
        .step(step)
        .is_some_and(|s| work::list_of(&s.fields).iter().any(|f| f == "verification_amount"))
    {
        return Ok(Checked::Fine);
    }
    let Some(number) = number(ctx, work, step, given)? else {
        return Err(Refused::field(
            "account_number",
            "required",
            "请填写结算账号",
            "enter the account number",
        ));
    };
    let account = ctx.platform.sealer.blind("account_number", &number);
    let sent = work.details.deposit.clone().filter(|d| d.account == account);
    let Some(mut deposit) = sent else {
        work.details.deposit = Some(send(ctx, work, account));
        return Ok(Checked::Wait("@deposit_sent".into()));
    };
    if deposit.wrong >= TRIES {
        if ctx.now < Time::from_millis(deposit.at) + AGAIN {
            return Ok(Checked::Wait("@deposit_spent".into()));
        }
        work.details.deposit = Some(send(ctx, work, account));
        return Ok(Checked::Wait("@deposit_sent".into()));
    }
    let Some(answer) = given.get("verification_amount") else {
        return Ok(Checked::Wait("@deposit_sent".into()));
    };
    if Fen::parse(answer).ok() == Some(amount(ctx, work, &deposit)?) {
        return Ok(Checked::Fine);
    }
    deposit.wrong += 1;
    let left = TRIES.saturating_sub(deposit.wrong);
    if left == 0 {
        deposit.at = ctx.now.millis();
    }
    work.details.deposit = Some(deposit);
    Ok(Checked::Wait(if left == 0 {
        "@deposit_spent".into()
    } else {
        format!("@deposit_wrong:{left}")
    }))
}

/// Draws the small amount: 1 to 99 fen.
fn send(ctx: &mut Ctx, work: &Work, account: String) -> Deposit {
    let fen = ctx.ids.below(99) + 1;
    let sealed = ctx
        .platform
        .sealer
        .seal(fen.to_string().as_bytes(), ctx.ids.bytes(), &deposit_place(work));
    Deposit {
        account,
        sealed: hex(&sealed),
        wrong: 0,
        at: ctx.now.millis(),
    }
}

fn amount(ctx: &Ctx, work: &Work, deposit: &Deposit) -> Done<Fen> {
    let text = unseal(ctx, &deposit.sealed, &deposit_place(work))?;
    text.expose()
        .parse()
        .map(Fen)
        .map_err(|_| Refused::Keys("the sealed small amount is not a number".into()))
}

fn deposit_place(work: &Work) -> String {
    format!("requests/{}/{}/deposit", work.request.merchant_id, work.request.id)
}

/// The small amount a request has to send to the account being proved. Internal: for the bank connector that pays it
/// out, and for the simulated bank that shows it as received.
pub fn micro_deposit(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, request: &str) -> Done<Option<Fen>> {
    let work = Work::load(tx, merchant, request)?;
    work.details
        .deposit
        .clone()
        .map(|deposit| amount(ctx, &work, &deposit))
        .transpose()
}

/// Checks the number of the account asked for.
pub(super) fn check_change(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &mut Work,
    step: &str,
    given: &Given,
) -> Done<Checked> {
    check_number(tx, ctx, work, step, given)?;
    Ok(Checked::Fine)
}

/// Whether a number is that of a person's card rather than of a company's account.
fn is_card(number: &str) -> bool {
    BankCard::parse(number).is_ok()
}

/// Whose account money may go to: a company's to its corporate account, a micro merchant's to the principal's card, a
/// sole trader's to either.
fn check_kind(work: &Work, number: &str) -> Done<()> {
    let wrong = |zh: &str, en: &str| Err(Refused::field("account_number", "kind", zh, en));
    match (work.chain.kind, is_card(number)) {
        (Some(MerchantKind::Enterprise), true) => wrong(
            "企业须结算到本单位的对公账户，不能用个人卡",
            "a company is paid to its own corporate account, not to a personal card",
        ),
        (Some(MerchantKind::Micro), false) => wrong(
            "小微商户须结算到负责人本人的一类借记卡",
            "a micro merchant is paid to the principal's own class I debit card",
        ),
        _ => Ok(()),
    }
}

/// The account must be of the kind the merchant may use, and a change to the one that receives payouts already is none.
fn check_number(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, step: &str, given: &Given) -> Done<()> {
    if let Some(number) = given.get("account_number") {
        check_kind(work, number)?;
    }
    if work.request.kind != "settlement_account_change" {
        return Ok(());
    }
    let (Some(number), Some(current)) = (
        number(ctx, work, step, given)?,
        parties::current_account(tx, &work.request.merchant_id)?,
    ) else {
        return Ok(());
    };
    if is_same(tx, ctx, &work.request.merchant_id, &current, &number)? {
        return Err(Refused::field(
            "account_number",
            "same",
            "这就是现在的结算账户，请填写要换成的账户",
            "this is the present settlement account; enter the one to change to",
        ));
    }
    Ok(())
}

fn is_same(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, account: &AccountRow, number: &str) -> Done<bool> {
    let kept = private::open_for_use(tx, ctx, merchant, "settlement_account", &account.id, "account_number")?;
    Ok(kept.is_some_and(|k| k.expose() == number))
}

fn number(ctx: &Ctx, work: &Work, step: &str, given: &Given) -> Done<Option<String>> {
    if let Some(number) = given.get("account_number") {
        return Ok(Some(number.clone()));
    }
    let own = work
        .step(step)
        .map(|s| evidence::open(ctx, s, "account_number"))
        .transpose()?
        .flatten();
    let number = match own {
        Some(own) => Some(own),
        None => evidence::find(ctx, work, "account_number")?,
    };
    Ok(number.map(|n| n.expose().clone()))
}

/// Ownership is proved; where the request asks for nothing more about the account, that proposes it.
pub(super) fn proven(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    if work.step("change_settlement_account").is_some() {
        Ok(())
    } else {
        propose(tx, ctx, work, step)
    }
}

/// Writes the approved account as the next version, and starts its cooling-off where it replaces another.
pub(super) fn propose(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    let Some(number) = number(ctx, work, step, &Given::new())? else {
        return Ok(());
    };
    let current = parties::current_account(tx, &merchant)?;
    let replaces = match &current {
        Some(account) => !is_same(tx, ctx, &merchant, account, &number)?,
        None => false,
    };
    let effective = if replaces {
        boundary(ctx, ctx.now + COOLING_OFF)
    } else {
        ctx.now
    };
    let id: SettlementAccountId = ctx.ids.id(ctx.now);
    let bank = evidence::find(ctx, work, "account_bank")?
        .map(|b| b.expose().clone())
        .unwrap_or_default();
    let kind = if is_card(&number) { "personal" } else { "corporate" };
    let (at, from) = (ctx.now.millis(), effective.millis());
    let proposed = AccountRow {
        merchant_id: merchant.clone(),
        id: id.to_string(),
        version: store::effects::next_account_version(tx, &merchant)?,
        bank,
        account_kind: kind.to_owned(),
        stage: SETTLEMENT_ACCOUNT.start.to_owned(),
        is_current: false,
        effective_at: Some(from),
        created_at: at,
    };
    parties::insert_account(tx, &proposed)?;
    for field in super::data::OF_ACCOUNT {
        if let Some(value) = evidence::find(ctx, work, field)? {
            let masked = private::mask(field, value.expose());
            private::put(
                tx,
                ctx,
                &merchant,
                "settlement_account",
                id.as_str(),
                field,
                &value,
                &masked,
            )?;
        }
    }
    let request = work.request.id.clone();
    work::as_system(ctx, &request, |ctx| {
        moves::born(
            tx,
            ctx,
            &merchant,
            SubjectKind::SettlementAccount,
            id.as_str(),
            SETTLEMENT_ACCOUNT.start,
        )
    })?;
    work.details.account = Some(id.to_string());
    work.details.effective_at = Some(from);
    let old = current.filter(|_| replaces);
    if let Some(old) = old {
        cool(tx, ctx, work, &old.id, effective)?;
    }
    Ok(())
}

/// Where money will go when a proposal is approved, in words; the number masked.
pub(crate) fn money_words(ctx: &Ctx, work: &Work) -> Vec<String> {
    let shown = |field: &str| {
        work.steps
            .iter()
            .rev()
            .find_map(|s| evidence::Evidence::of(s).fields.get(field).map(|g| g.shown.clone()))
    };
    let Some(number) = shown("account_number") else {
        return Vec::new();
    };
    let bank = shown("account_bank").unwrap_or_default();
    let from = ctx
        .platform
        .zone
        .human(boundary(ctx, ctx.now + COOLING_OFF), ctx.now, ctx.lang);
    let replaces = work
        .chain
        .link(SubjectKind::SettlementAccount)
        .is_some_and(|l| !l.id.is_empty());
    let told = if replaces {
        domain::text!(
            format!("{from}起，款项转入 {bank} {number}；此前仍转入原账户，并可撤销"),
            format!("From {from} money goes to {bank} {number}; until then to the old account, and it can be undone")
        )
    } else {
        domain::text!(
            format!("款项转入 {bank} {number}"),
            format!("Money goes to {bank} {number}")
        )
    };
    vec![told.get(ctx.lang).to_owned()]
}

/// Payouts are drawn at midnight: from the first midnight on or after `at`, a new account has every payout to itself.
fn boundary(ctx: &Ctx, at: Time) -> Time {
    let zone = &ctx.platform.zone;
    let today = zone.start_of(zone.date(at));
    if today == at {
        at
    } else {
        zone.start_of(zone.date(at).add_days(1))
    }
}

fn cool(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, old: &str, until: Time) -> Done<()> {
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    if let Some(before) = store::stops::find_live(tx, &merchant, ("settlement_account", old), COOLING)? {
        work::as_system(ctx, &request, |ctx| {
            stops::end(tx, ctx, &before, "a later change replaces it")
        })?;
    }
    let place = Place {
        merchant: merchant.clone(),
        kind: SubjectKind::SettlementAccount,
        id: old.to_owned(),
        reason: COOLING.to_owned(),
        starts_at: None,
        ends_at: Some(until),
        details: json!({ "request": request }),
    };
    let placed = work::as_system(ctx, &request, |ctx| stops::place(tx, ctx, place))?;
    work.details.own_stops.push(placed.id.clone());
    work.details.seen.insert(placed.id);
    let data = json!({ "ends_at": until.millis() });
    tell(
        tx,
        ctx,
        work,
        "settlement_account.cooling",
        (SubjectKind::SettlementAccount, old),
        data,
    )
}

/// Whether the approved account's boundary has come.
pub(super) fn is_boundary(tx: &mut Tx<'_>, ctx: &Ctx, work: &mut Work) -> Done<bool> {
    if work.details.account.is_none() {
        // The step was reached by a way that proposes nothing: the present account is verified as it is.
        return Ok(parties::current_account(tx, &work.request.merchant_id)?.is_some());
    }
    Ok(work.details.effective_at.is_none_or(|at| at <= ctx.now.millis()))
}

/// A person cannot shorten the cooling-off.
pub(super) fn check_boundary(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, _: &Given) -> Done<Checked> {
    if is_boundary(tx, ctx, work)? {
        return Ok(Checked::Fine);
    }
    let at = work.details.effective_at.map_or(ctx.now, Time::from_millis);
    Err(Refused::conflict(
        "step",
        step,
        domain::text!(
            format!(
                "变更处于冷静期，将于 {} 生效；此前可以撤销",
                ctx.platform.zone.human(at, ctx.now, Lang::Zh)
            ),
            format!(
                "the change cools off and takes effect at {}; until then it can be undone",
                at.rfc3339()
            ),
        ),
    ))
}

/// Makes the approved account the current one. Stops that were about the old account alone end; any other moves on.
pub(super) fn switch(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let Some(new) = work.details.account.clone() else {
        return Ok(());
    };
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    let old = parties::current_account(tx, &merchant)?
        .map(|a| a.id)
        .unwrap_or_default();
    if old == new {
        return Ok(());
    }
    let resting: Vec<_> = store::stops::live(tx, &merchant)?
        .into_iter()
        .filter(|s| s.subject_kind == "settlement_account" && s.subject_id == old)
        .collect();
    parties::make_current(tx, &merchant, &new, ctx.now.millis())?;
    work::as_system(ctx, &request, |ctx| {
        for stop in resting {
            stops::end(tx, ctx, &stop, "the settlement account was replaced")?;
            if OF_OLD_ACCOUNT.contains(&stop.reason.as_str()) || stop.ends_at.is_some_and(|e| e <= ctx.now.millis()) {
                continue;
            }
            let place = Place {
                merchant: merchant.clone(),
                kind: SubjectKind::SettlementAccount,
                id: new.clone(),
                reason: stop.reason.clone(),
                starts_at: Some(Time::from_millis(stop.starts_at)),
                ends_at: stop.ends_at.map(Time::from_millis),
                details: serde_json::from_str(&stop.details).unwrap_or_default(),
            };
            let moved = stops::place(tx, ctx, place)?;
            if work.details.seen.contains(&stop.id) {
                work.details.seen.insert(moved.id);
            }
        }
        Ok(())
    })?;
    work.reload_chain(tx)
}

/// Tells that payouts now go to the new account.
pub(super) fn effective(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let Some(new) = work.details.account.clone() else {
        return Ok(());
    };
    tell(
        tx,
        ctx,
        work,
        "settlement_account.effective",
        (SubjectKind::SettlementAccount, &new),
        json!({}),
    )
}

/// Undoes a change that cools off: the request that carries it out is withdrawn.
pub(super) fn undo(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    for row in store::requests::open_of(tx, &merchant)? {
        if row.kind == "settlement_account_change" && row.id != work.request.id {
            let mut change = Work::of(tx, row)?;
            close::withdraw(tx, ctx, &mut change, "the owner undid the change")?;
        }
    }
    Ok(())
}

/// Giving up a change: an account not yet current never becomes so. One that is cannot be given up.
pub(super) fn give_up(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    let Some(new) = work.details.account.clone() else {
        return Ok(());
    };
    let account = parties::account(tx, &work.request.merchant_id, &new)?;
    if account.is_some_and(|a| a.is_current) {
        return Err(Refused::conflict(
            "request",
            &work.request.id,
            domain::text!(
                "新账户已生效；如需换回，请另行提出变更",
                "the new account is in effect; open another change to go back"
            ),
        ));
    }
    work.details.account = None;
    work.details.effective_at = None;
    tell(
        tx,
        ctx,
        work,
        "settlement_account.undone",
        (SubjectKind::SettlementAccount, &new),
        json!({}),
    )
}
