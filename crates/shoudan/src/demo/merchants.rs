//! The merchants: applied for, reviewed by someone else, signed, their account verified.

use domain::stages::SubjectKind;
use domain::time::{Date, Duration, Time};
use operations::merchants::{self, NewAccount, NewMerchant};
use operations::refused::Done;
use operations::{Actor, moves};
use store::{Tx, parties};

use super::names::{CITIES, City, TRADES, Trade};
use super::world::Merchant;
use super::{Seeder, cards, identity, people};

/// A merchant of the seeded world.
#[derive(Clone)]
pub struct Known {
    pub id: String,
    pub number: String,
    pub trade: &'static Trade,
    pub owner: Actor,
    pub shop: String,
    /// Days before now on which it was taken on record.
    pub days: i64,
}

/// How many of [`TRADES`], from the first, are well and have several terminals.
pub const WELL: usize = 14;

/// How many of them, from the first, sell.
pub const SELLING: usize = 26;

/// Bins of the debit cards that takings go to, with their banks.
const BANKS: [(&str, &str); 4] = [
    ("621700", "中国建设银行"),
    ("622202", "中国工商银行"),
    ("622848", "中国农业银行"),
    ("622588", "招商银行"),
];

/// All of [`TRADES`], in order.
pub fn all(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    for (n, trade) in TRADES.iter().enumerate() {
        let known = take_on(tx, s, n, trade)?;
        s.merchants.push(known);
    }
    Ok(())
}

/// Days before now on which a merchant was taken on record.
fn age(n: usize, trade: &Trade) -> i64 {
    let n = i64::try_from(n).unwrap_or(0);
    match trade.reason {
        "merchant.application_incomplete" => 3,
        "contract.unsigned" => 5,
        "merchant.application_in_review" => 2,
        "merchant.application_rejected" => 9,
        _ if n < 14 => 430 - 9 * n,
        _ if n < 26 => 300 - 8 * (n - 14),
        _ => 280 - 6 * (n - 26),
    }
}

fn take_on(tx: &mut Tx<'_>, s: &mut Seeder, n: usize, trade: &'static Trade) -> Done<Known> {
    let days = age(n, trade);
    let began = s.days_ago(days);
    let Some(city) = CITIES.get(trade.city) else {
        return Err(operations::Refused::not_found("city", trade.city.to_string()));
    };
    let agent = agent_of(s, n, city);
    let expander = agent.clone().map_or_else(|| s.staff.who("desk"), |(_, actor)| actor);
    s.act(&expander, began, "expanding");
    let new = application(s, n, trade, city, agent.map_or_else(|| "-".to_owned(), |(id, _)| id));
    let id = merchants::create(tx, &mut s.ctx, new)?.to_string();
    s.act(&Actor::system("people"), began, "the owner's account");
    let owner = people::user(tx, s, ("owner", &phone(n), trade.principal), (&id, "-"))?;
    if n < 3 {
        people::user(tx, s, ("clerk", &format!("139{:08}", n + 1), "店员"), (&id, "-"))?;
    }
    review(tx, s, (&id, trade), &expander, began)?;
    agree(tx, s, (&id, trade), &owner, began + Duration::hours(26))?;
    let row = parties::merchant(tx, &id)?.ok_or_else(|| operations::Refused::not_found("merchant", &id))?;
    let shop = parties::shops(tx, &id)?
        .into_iter()
        .next()
        .map(|shop| shop.id)
        .unwrap_or_default();
    s.world.merchants.push(Merchant {
        id: id.clone(),
        number: row.number.clone(),
        name: row.name,
        kind: row.kind,
    });
    Ok(Known {
        id,
        number: row.number,
        trade,
        owner,
        shop,
        days,
    })
}

/// Login and mobile number of the `n`th owner.
fn phone(n: usize) -> String {
    format!("138{:08}", n + 1)
}

/// Every second merchant of the south, those of Hangzhou, and the one whose agent has gone; the others are served by
/// the institution itself.
fn agent_of(s: &Seeder, n: usize, city: &City) -> Option<(String, Actor)> {
    let index = match city.province {
        "44" if n.is_multiple_of(2) => 0,
        "33" => 1,
        "51" if n == WELL => 2,
        _ => return None,
    };
    s.agents.get(index).cloned()
}

fn application(s: &mut Seeder, n: usize, trade: &Trade, city: &City, agent: String) -> NewMerchant {
    let (year, month, day) = (1966 + s.dice(34), 1 + s.dice(12), 1 + s.dice(28));
    let small = |value: i64| u8::try_from(value).unwrap_or(1);
    let born = Date::new(i16::try_from(year).unwrap_or(1980), small(month), small(day)).unwrap_or(Date::MIN);
    let micro = trade.kind == "micro";
    let begin = if trade.kind == "enterprise" { "91" } else { "92" };
    let street = s.pick(&city.streets).copied().unwrap_or_default();
    let house = 1 + s.dice(899);
    let (bin, bank) = s.pick(&BANKS).copied().unwrap_or(("621700", "中国建设银行"));
    let corporate = trade.kind == "enterprise";
    let card = cards::number(&s.bins, bin, n + 1).unwrap_or_default();
    let account = NewAccount {
        holder: if corporate { trade.name } else { trade.principal }.into(),
        number: if corporate {
            format!("4420{:012}", 100_000 + n)
        } else {
            card
        }
        .into(),
        bank: format!("{bank}{}{}支行", city.name, city.district),
        corporate,
    };
    NewMerchant {
        kind: trade.kind.into(),
        name: trade.name.into(),
        short_name: trade.short.into(),
        uscc: (!micro).then(|| identity::unified_code(begin, city.area, n + 1)),
        mcc: trade.mcc.into(),
        province: city.province.into(),
        city: city.name.into(),
        city_code: city.code.into(),
        agent,
        representative_name: trade.principal.into(),
        representative_id: identity::resident_id(city.area, born).into(),
        contact_name: trade.principal.into(),
        contact_phone: phone(n).into(),
        shop_name: trade.short.into(),
        address: format!("{}{}{street}{house}号", city.name, city.district),
        account: (trade.reason != "settlement.account_missing").then_some(account),
    }
}

/// Handed in by who brought it, decided by someone else.
fn review(tx: &mut Tx<'_>, s: &mut Seeder, (id, trade): (&str, &Trade), expander: &Actor, began: Time) -> Done<()> {
    if trade.reason == "merchant.application_incomplete" {
        return Ok(());
    }
    s.act(expander, began + Duration::hours(1), "the application is complete");
    moves::apply(tx, &mut s.ctx, id, SubjectKind::Merchant, id, "submit")?;
    if trade.reason == "merchant.application_in_review" {
        return Ok(());
    }
    let reviewer = s.staff.who("reviewer1");
    let decided = began + Duration::hours(22);
    if trade.reason == "merchant.application_rejected" {
        s.act(&reviewer, decided, "the licence shown is another shop's");
        moves::apply(tx, &mut s.ctx, id, SubjectKind::Merchant, id, "reject")?;
        return Ok(());
    }
    s.act(&reviewer, decided, "documents and identity agree");
    moves::apply(tx, &mut s.ctx, id, SubjectKind::Merchant, id, "approve")?;
    merchants::note_active(tx, &mut s.ctx, id)
}

/// The contract signed by the owner, the account verified by settlement staff.
fn agree(tx: &mut Tx<'_>, s: &mut Seeder, (id, trade): (&str, &Trade), owner: &Actor, from: Time) -> Done<()> {
    if trade.reason != "contract.unsigned"
        && let Some(contract) = parties::contract(tx, id)?
    {
        s.act(owner, from, "signed on the phone");
        moves::apply(tx, &mut s.ctx, id, SubjectKind::Contract, &contract.id, "sign")?;
        merchants::note_signed(tx, &mut s.ctx, id)?;
    }
    if let Some(account) = parties::current_account(tx, id)? {
        let finance = s.staff.who("finance1");
        s.act(&finance, from + Duration::hours(2), "a small amount was confirmed");
        moves::apply(
            tx,
            &mut s.ctx,
            id,
            SubjectKind::SettlementAccount,
            &account.id,
            "verify",
        )?;
        parties::set_effective(tx, id, &account.id, s.ctx.now.millis())?;
    }
    Ok(())
}
