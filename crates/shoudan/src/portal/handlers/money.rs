//! Money: where it goes, what came in day by day, and each transaction.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use domain::time::Date;
use operations::explain::{self, Ask, Audience};
use operations::payments::{Filter as Wanted, Story};
use operations::refused::{Done, Refused};
use operations::takings::{self, Day};
use operations::views::{Page as Rows, Paging, TransactionView};
use operations::{Ctx, Tx, merchants, payments, requests, slips, terminals};

use super::OWN;
use super::visit::{Visit, shown};
use crate::api::asked::{Asked, wrong};
use crate::doors::Doors;
use crate::portal::merchant::{self, DayStatement, Filter, Money, Statement};
use crate::portal::paths;
use crate::problem::Problem;
use crate::slip;

/// Days on a page.
const DAYS: u8 = 31;
/// Terminals to choose from in the filter.
const TERMINALS: i64 = 100;
/// What a payout takes.
const PAYOUTS: [&str; 2] = ["payout_t1", "payout_d0"];

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::MONEY, OWN, money)
        .door(Method::GET, "/m/money/{date}", OWN, statement)
        .door(Method::GET, paths::TRANSACTIONS, OWN, transactions)
        .door(Method::GET, "/m/transactions/{transaction}", OWN, transaction)
}

fn day_of(day: &Day) -> DayStatement {
    DayStatement {
        at: day.start.millis(),
        date: day.date.to_string(),
        count: day.count,
        sales: day.sales,
        back: day.back,
    }
}

/// A day as typed or in an address.
fn date(name: &str, text: &str) -> Done<Date> {
    Date::parse(text).map_err(|e| wrong(name, "format", "日期格式如 2026-11-25。", &e.to_string()))
}

async fn money(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let before = asked.text("cursor").map(|text| date("cursor", &text)).transpose()?;
    let data = visit.read(move |tx, ctx| look(tx, ctx, &merchant, before)).await?;
    Ok(shown(merchant::money(&visit.page(), &data)))
}

fn look(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, before: Option<Date>) -> Done<Money> {
    let told = explain::merchant(tx, ctx, merchant, &Ask::default(), Audience::Merchant)?;
    let offers = requests::offers(tx, ctx, merchant, None)?;
    let (days, has_more) = takings::days(tx, ctx, merchant, before, DAYS)?;
    let stops_payouts = |blocks: &[String]| blocks.iter().any(|code| PAYOUTS.contains(&code.as_str()));
    Ok(Money {
        account: merchants::view(tx, ctx, merchant)?.settlement_account,
        causes: told
            .causes
            .into_iter()
            .filter(|cause| stops_payouts(&cause.blocks))
            .collect(),
        capabilities: told.capabilities,
        may_change: offers.iter().any(|offer| offer.kind == "settlement_account_change"),
        next_cursor: days.last().filter(|_| has_more).map(|day| day.date.to_string()),
        days: days.iter().map(day_of).collect(),
        has_more,
    })
}

async fn statement(visit: Visit, Path(day): Path<String>, asked: Asked) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let paging = asked.paging()?;
    let day = Date::parse(&day).map_err(|_| Refused::not_found("statement", day))?;
    let data = visit
        .read(move |tx, ctx| statement_of(tx, ctx, &merchant, day, &paging))
        .await?;
    Ok(shown(merchant::statement(&visit.page(), &data)))
}

fn statement_of(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, day: Date, paging: &Paging) -> Done<Statement> {
    let totals = takings::day(tx, ctx, merchant, day)?;
    let (from, until) = takings::span(ctx, day);
    let wanted = Wanted {
        merchant_id: merchant.to_owned(),
        from: Some(from),
        until: Some(until),
        ..Default::default()
    };
    let Rows {
        data: rows,
        has_more,
        next_cursor,
    } = payments::list(tx, ctx, &wanted, paging)?;
    Ok(Statement {
        day: day_of(&totals),
        rows,
        has_more,
        next_cursor,
    })
}

async fn transactions(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let paging = asked.paging()?;
    let (filter, day) = narrowed(&asked)?;
    let (filter, rows) = visit
        .read(move |tx, ctx| filtered(tx, ctx, &merchant, filter, day, &paging))
        .await?;
    Ok(shown(merchant::transactions(&visit.page(), &filter, &rows)))
}

/// What a list of transactions is narrowed by.
pub(crate) fn narrowed(asked: &Asked) -> Done<(Filter, Option<Date>)> {
    let day = asked.text("day").map(|text| date("day", &text)).transpose()?;
    let filter = Filter {
        terminal: asked.filter("terminal"),
        state: asked.filter("state"),
        day: asked.filter("day"),
        ..Default::default()
    };
    Ok((filter, day))
}

/// A merchant's transactions so narrowed, with what may be chosen.
pub(crate) fn filtered(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    mut filter: Filter,
    day: Option<Date>,
    paging: &Paging,
) -> Done<(Filter, Rows<TransactionView>)> {
    let own = terminals::Filter {
        merchant: merchant.to_owned(),
        ..Default::default()
    };
    let machines = terminals::list(
        tx,
        ctx,
        &own,
        &Paging {
            limit: TERMINALS,
            cursor: None,
        },
    )?
    .data;
    filter.states = payments::states(ctx.lang);
    let chosen = if filter.terminal.is_empty() {
        None
    } else {
        terminals::by_number(tx, &filter.terminal)?
    };
    let span = day.map(|day| takings::span(ctx, day));
    let wanted = Wanted {
        merchant_id: merchant.to_owned(),
        // A number that is not there has no transactions.
        terminal_id: if filter.terminal.is_empty() {
            String::new()
        } else {
            chosen.map_or("-".into(), |t| t.terminal)
        },
        state: filter.state.clone(),
        from: span.map(|s| s.0),
        until: span.map(|s| s.1),
        since: String::new(),
    };
    filter.terminals = machines.into_iter().map(|t| t.number).collect();
    let rows = payments::list(tx, ctx, &wanted, paging)?;
    Ok((filter, rows))
}

async fn transaction(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let (story, picture) = visit.read(move |tx, ctx| told(tx, ctx, &merchant, &id)).await?;
    Ok(shown(merchant::transaction(&visit.page(), &story, picture)))
}

/// What happened to a transaction, and whether the signature under it can be shown.
pub(crate) fn told(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<(Story, bool)> {
    let story = payments::story(tx, ctx, merchant, id)?;
    let picture = match story.signed_at {
        Some(_) => slip::is_readable(slips::signature(tx, ctx, merchant, id)?.expose()),
        None => false,
    };
    Ok((story, picture))
}
