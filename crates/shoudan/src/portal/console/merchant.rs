//! One merchant, and the list of merchants.

use maud::{Markup, html};
use operations::payments::ledger::Balances;
use operations::payments::limits::LimitView;
use operations::views::{MerchantRow, MerchantView, Page as Rows, RequestRow, TerminalView};

use super::balances::balances_panel;
use super::frame::{Desk, Spot, frame, promise};
use super::limits::limits_panel;
use super::paths;
use super::subject::{Answer, History, answer, as_of, chain, history};
use crate::portal::components::{Action, Column, Empty, Fact, Row, Weight, actions, badge, empty, facts, pager, table};
use crate::portal::icons::Icon;
use crate::portal::words::{Word, console as w, merchant as m};
use crate::portal::{Page, Standing};

/// What a merchant's page shows.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// The merchant.
    pub merchant: MerchantView,
    /// Why and what to do, for the merchant and for staff.
    pub answer: Answer,
    /// Its terminals.
    pub terminals: Vec<TerminalView>,
    /// Its open requests.
    pub requests: Vec<RequestRow>,
    /// Its limits.
    pub limits: Vec<LimitView>,
    /// What stands on its accounts, for finance.
    pub books: Option<Balances>,
    /// What happened.
    pub history: History,
}

/// `/console/merchants/{id}`
pub fn merchant(page: &Page<'_>, desk: &Desk, data: &Merchant) -> Markup {
    let it = &data.merchant;
    frame(
        page,
        desk,
        Spot::Merchants,
        &it.short_name,
        html! {
            header.subject-head data-remember=(it.short_name) data-detail=(it.number) {
                div {
                    p.over { span.number { (it.number) } " · " (page.say(kind_word(&it.kind))) }
                    p.subject-title { (it.name) }
                }
                (buttons(page, desk, it))
            }
            (as_of(page, &data.answer, &data.history.at))
            div.console-three {
                aside.console-left aria-label=(page.say(w::FACTS)) {
                    section.panel { h2 { (page.say(w::FACTS)) } (about(page, it)) }
                    (limits_panel(page, &data.limits, &paths::merchant_limits(&it.id)))
                    @if let Some(books) = &data.books { (balances_panel(page, books)) }
                    (chain(page, &data.answer.staff.chain))
                }
                div.console-middle {
                    (answer(page, &data.answer))
                    section {
                        h2 { (page.say(w::TERMINALS)) " " span.count { (it.terminals) } }
                        (terminals(page, &data.terminals))
                    }
                    @if !data.requests.is_empty() {
                        section { h2 { (page.say(w::OPEN_REQUEST)) } (requests(page, &data.requests)) }
                    }
                }
                aside.console-right aria-label=(page.say(w::HISTORY)) { (history(page, &data.history)) }
            }
        },
    )
}

fn buttons(page: &Page<'_>, desk: &Desk, it: &MerchantView) -> Markup {
    let mut all = vec![Action::link(
        page.say(m::TRANSACTIONS_TITLE),
        paths::transactions(&it.id),
        Weight::Quiet,
    )];
    if desk.may("place_stop") {
        all.push(
            Action::link(
                page.say(w::PLACE_A_STOP),
                paths::stop_subject("merchant", &it.number),
                Weight::Danger,
            )
            .icon(Icon::Bar),
        );
    }
    actions(&all)
}

/// A merchant's kind in words.
pub fn kind_word(kind: &str) -> Word {
    match kind {
        "micro" => m::MICRO,
        "sole_trader" => m::SOLE_TRADER,
        _ => m::ENTERPRISE,
    }
}

fn risk_word<'a>(page: &Page<'_>, level: &'a str) -> &'a str {
    const LEVELS: [(&str, Word); 4] = [
        ("low", w::RISK_LOW),
        ("normal", w::RISK_NORMAL),
        ("medium", w::RISK_MEDIUM),
        ("high", w::RISK_HIGH),
    ];
    LEVELS
        .iter()
        .find(|(code, _)| *code == level)
        .map_or(level, |(_, word)| page.say(*word))
}

fn about(page: &Page<'_>, it: &MerchantView) -> Markup {
    let mut all = vec![
        Fact::text(page.say(w::STAGE), &it.stage_name),
        Fact::text(page.say(w::CATEGORY), &format!("{} {}", it.mcc, it.mcc_name)),
        Fact::text(page.say(w::PLACE), &it.city),
        Fact::text(page.say(w::RISK), risk_word(page, &it.risk_level)),
    ];
    if !it.agent_name.is_empty() {
        all.push(Fact::text(page.say(w::AGENT), &it.agent_name));
    }
    if let Some(contract) = &it.contract {
        all.push(Fact::of(page.say(w::CONTRACT), html! {
            span.number { (contract.number) }
            @if let Some(end) = contract.expires_at { br; span.quiet { (m::until(page.lang, page.zone.human_date(page.zone.date(domain::time::Time::from_millis(end)), page.now, page.lang))) } }
        }));
    }
    if let Some(account) = &it.settlement_account {
        all.push(Fact::of(
            page.say(w::ACCOUNT),
            html! { (account.bank) br; span.number.quiet { (account.masked) } },
        ));
    }
    if let Some(at) = it.activated_at {
        all.push(Fact::of(page.say(w::ACTIVATED), page.day(at)));
    }
    facts(&all)
}

fn terminals(page: &Page<'_>, terminals: &[TerminalView]) -> Markup {
    if terminals.is_empty() {
        return html! { p.quiet { (page.say(w::NO_TERMINALS)) } };
    }
    let columns = [
        Column::words(page.say(w::TERMINAL)),
        Column::words(page.say(w::SHOP)),
        Column::words(page.say(w::STATE)),
        Column::words(page.say(w::LAST_SALE)),
    ];
    let rows: Vec<Row> = terminals
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { span.number { (one.number) } },
                html! { (one.shop.name) },
                badge(page, Standing::from_code(&one.standing)),
                one.last_sale_at
                    .map_or_else(|| html! { span.quiet { (page.say(w::NEVER)) } }, |at| page.when(at)),
            ],
            href: Some(paths::terminal(&one.number)),
        })
        .collect();
    table(page.say(w::TERMINALS), &columns, &rows)
}

fn requests(page: &Page<'_>, requests: &[RequestRow]) -> Markup {
    let columns = [
        Column::words(page.say(w::OPEN_REQUEST)),
        Column::words(page.say(w::STATE)),
        Column::words(page.say(crate::portal::words::desk::PROMISED)),
    ];
    let rows: Vec<Row> = requests
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.kind_name) },
                html! { (one.waiting_on_name) },
                promise(page, one.promise_by),
            ],
            href: Some(paths::request(&one.merchant_id, &one.id)),
        })
        .collect();
    table(page.say(w::OPEN_REQUEST), &columns, &rows)
}

/// `/console/merchants?q=`
pub fn merchants(page: &Page<'_>, desk: &Desk, asked: &str, data: &Rows<MerchantRow>) -> Markup {
    frame(
        page,
        desk,
        Spot::Merchants,
        page.say(w::MERCHANTS),
        html! {
            header.page-head { h1 { (page.say(w::MERCHANTS)) } }
            form.filter-line method="get" action=(paths::MERCHANTS) role="search" {
                input type="search" name="q" value=(asked) aria-label=(page.say(w::FIND_MERCHANT)) placeholder=(page.say(w::FIND_MERCHANT));
                button.button type="submit" { (page.say(w::SHOW)) }
            }
            @if data.data.is_empty() {
                (empty(&Empty { icon: Icon::Search, what: page.say(w::MERCHANTS_NONE), how: page.say(w::MERCHANTS_NONE_HOW), action: None }))
            } @else { (merchant_rows(page, &data.data)) }
            (pager(page, data.has_more, data.next_cursor.as_deref()))
        },
    )
}

fn merchant_rows(page: &Page<'_>, rows: &[MerchantRow]) -> Markup {
    let columns = [
        Column::words(page.say(w::NAME)),
        Column::words(page.say(w::NUMBER)),
        Column::words(page.say(w::KIND)),
        Column::words(page.say(w::CITY)),
        Column::words(page.say(w::STATE)),
    ];
    let rows: Vec<Row> = rows
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.name) },
                html! { span.number { (one.number) } },
                html! { (page.say(kind_word(&one.kind))) },
                html! { (one.city) },
                badge(page, Standing::from_code(&one.standing)),
            ],
            href: Some(paths::merchant(&one.id)),
        })
        .collect();
    table(page.say(w::MERCHANTS), &columns, &rows)
}
