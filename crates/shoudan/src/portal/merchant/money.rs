//! Money: where it goes, and what came in day by day.

use maud::{Markup, html};
use operations::views::{CapabilityView, CauseView, SettlementAccountView, TransactionView};

use super::transactions::transaction_table;
use crate::portal::components::{
    Action, Area, Column, Empty, Fact, Place, Row, Slot, Weight, actions, back, causes, empty, facts, money as amount,
    money_big, pager, shell, table,
};
use crate::portal::icons::Icon;
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::merchant as w;

/// One day's totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayStatement {
    /// Any instant of the local day.
    pub at: i64,
    /// The day as `2026-11-25`.
    pub date: String,
    /// Number of sales.
    pub count: i64,
    /// Fen of approved sales.
    pub sales: i64,
    /// Fen given back: voids and refunds.
    pub back: i64,
}

impl DayStatement {
    fn net(&self) -> i64 {
        self.sales.saturating_sub(self.back)
    }
}

/// What the money page shows.
#[derive(Clone, Debug)]
pub struct Money {
    /// Where payouts go.
    pub account: Option<SettlementAccountView>,
    /// Causes that stop payouts.
    pub causes: Vec<CauseView>,
    /// Names of capabilities.
    pub capabilities: Vec<CapabilityView>,
    /// A change of account may be asked for now.
    pub may_change: bool,
    /// Days, newest first.
    pub days: Vec<DayStatement>,
    /// Older days exist.
    pub has_more: bool,
    /// The cursor of the next page.
    pub next_cursor: Option<String>,
}

/// `/m/money`
pub fn money(page: &Page<'_>, data: &Money) -> Markup {
    shell(
        page,
        page.say(w::MONEY_TITLE),
        &Area::Merchant(Place::Money),
        html! {
            header.page-head {
                h1 { (page.say(w::MONEY_TITLE)) }
                a href=(paths::TRANSACTIONS) { (page.say(w::ALL_TRANSACTIONS)) }
            }
            @if !data.causes.is_empty() {
                section { h2 { (page.say(w::PAYOUT_CAUSES)) } (causes(page, &data.causes, &data.capabilities)) }
            }
            div.split {
                section.split-main {
                    h2 { (page.say(w::STATEMENTS)) }
                    @if data.days.is_empty() {
                        (empty(&Empty {
                            icon: Icon::Money,
                            what: page.say(w::STATEMENTS_NONE),
                            how: page.say(w::STATEMENTS_NONE_HOW),
                            action: None,
                        }))
                    } @else {
                        (day_table(page, &data.days))
                        (pager(page, data.has_more, data.next_cursor.as_deref()))
                        p.quiet { (page.say(w::STATEMENT_NOTE)) }
                    }
                }
                aside.split-side { section.panel { h2 { (page.say(w::ACCOUNT)) } (account(page, data)) } }
            }
        },
    )
}

fn day_table(page: &Page<'_>, days: &[DayStatement]) -> Markup {
    let columns = [
        Column::words(page.say(w::DAY)).at(Slot::TopStart),
        Column::numbers(page.say(w::COUNT)).at(Slot::Gone),
        Column::numbers(page.say(w::SALES)).at(Slot::NamedLowStart),
        Column::numbers(page.say(w::BACK_SUM)).at(Slot::NamedLowEnd),
        Column::numbers(page.say(w::NET)).at(Slot::TopEnd),
    ];
    let rows: Vec<Row> = days
        .iter()
        .map(|day| Row {
            cells: vec![
                page.day(day.at),
                html! { span.number { (day.count) } },
                amount(day.sales),
                amount(day.back),
                html! { b { (amount(day.net())) } },
            ],
            href: Some(paths::statement(&day.date)),
        })
        .collect();
    table(page.say(w::STATEMENTS), &columns, &rows)
}

fn account(page: &Page<'_>, data: &Money) -> Markup {
    let Some(account) = &data.account else {
        return empty(&Empty {
            icon: Icon::Money,
            what: page.say(w::ACCOUNT_NONE),
            how: page.say(w::ACCOUNT_NONE_HOW),
            action: None,
        });
    };
    let kind = if account.account_kind == "corporate" {
        w::CORPORATE
    } else {
        w::PERSONAL
    };
    let mut all = vec![
        Fact::text(page.say(w::BANK), &account.bank),
        Fact::code(page.say(w::ACCOUNT_NUMBER), &account.masked),
        Fact::text(page.say(w::ACCOUNT_KIND), page.say(kind)),
    ];
    if let Some(at) = account.effective_at {
        all.push(Fact::of(page.say(w::EFFECTIVE), page.day(at)));
    }
    let change = paths::new_request("settlement_account_change", &account.id);
    html! {
        (facts(&all))
        @if data.may_change {
            (actions(&[Action::link(page.say(w::CHANGE_ACCOUNT), change, Weight::Quiet)]))
            p.quiet { (page.say(w::CHANGE_ACCOUNT_NOTE)) }
        }
    }
}

/// A day's statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Totals.
    pub day: DayStatement,
    /// Its transactions, newest first.
    pub rows: Vec<TransactionView>,
    /// More exist.
    pub has_more: bool,
    /// The cursor of the next page.
    pub next_cursor: Option<String>,
}

/// `/m/money/{date}`
pub fn statement(page: &Page<'_>, data: &Statement) -> Markup {
    let day = page.day(data.day.at);
    let date = page.zone.date(domain::time::Time::from_millis(data.day.at));
    let title = w::statement_title(page.lang, page.zone.human_date(date, page.now, page.lang));
    shell(
        page,
        &title,
        &Area::Merchant(Place::Money),
        html! {
            (back(paths::MONEY, page.say(w::MONEY_TITLE)))
            header.page-head { h1 { (title) } }
            section.panel {
                p.takings-sum { (money_big(data.day.net())) span.quiet { (page.say(w::NET)) " · " (day) } }
                (facts(&[
                    Fact::of(page.say(w::COUNT), html! { span.number { (data.day.count) } }),
                    Fact::of(page.say(w::SALES), amount(data.day.sales)),
                    Fact::of(page.say(w::BACK_SUM), amount(data.day.back)),
                ]))
                p.quiet { (page.say(w::STATEMENT_NOTE)) }
            }
            (transaction_table(page, &data.rows, &|one| paths::transaction(&one.id)))
            (pager(page, data.has_more, data.next_cursor.as_deref()))
        },
    )
}
