//! The closing certificate: a sheet to be printed. The merchant's people and staff see the same one.

use domain::time::Time;
use maud::{Markup, html};
use operations::requests::{ClosedTerminal, ClosingCertificate};

use crate::portal::components::{Area, Column, Fact, Place, Row, back, facts, shell, table};
use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::closing as w;
use crate::portal::words::tasks;

/// `/m/closing-certificate`
pub fn certificate(page: &Page<'_>, stated: &ClosingCertificate) -> Markup {
    shell(
        page,
        page.say(w::TITLE),
        &Area::Merchant(Place::Tasks),
        html! {
            (back(paths::REQUESTS, page.say(tasks::TASKS_TITLE)))
            (closing_paper(page, stated))
        },
    )
}

/// The sheet itself. Its days are written out: it is read long after.
pub fn closing_paper(page: &Page<'_>, stated: &ClosingCertificate) -> Markup {
    let house = page.institution.name.get(page.lang);
    html! {
        section.panel {
            h1 { (page.say(w::TITLE)) }
            p { (w::stated(page.lang, house, &stated.merchant_name, day(page, stated.closed_at))) }
            (facts(&[
                Fact::text(page.say(w::MERCHANT), &stated.merchant_name),
                Fact::code(page.say(w::MERCHANT_NUMBER), &stated.merchant_number),
                Fact::code(page.say(tasks::AGREEMENT_NUMBER), &stated.contract_number),
                Fact::text(page.say(w::BEGAN), &stated.activated_at.map_or_else(none, |at| day(page, at))),
                Fact::text(page.say(w::ASKED), &day(page, stated.asked_at)),
                Fact::text(page.say(w::CLOSED), &day(page, stated.closed_at)),
                Fact::text(page.say(w::AGREED_BY), &w::people(page.lang, stated.agreed_by)),
            ]))
            @if !stated.terminals.is_empty() { (terminals(page, &stated.terminals)) }
            p.quiet { (page.say(w::DIGEST)) " " span.number { (stated.digest) } }
            button.button.quiet-button.needs-script type="button" data-print { (icon(Icon::Print)) span { (page.say(w::PRINT)) } }
        }
    }
}

fn terminals(page: &Page<'_>, all: &[ClosedTerminal]) -> Markup {
    let columns = [
        Column::words(page.say(w::TERMINAL)),
        Column::words(page.say(w::SERIAL)),
        Column::words(page.say(w::KEYS_DESTROYED)),
    ];
    let rows: Vec<Row> = all
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { span.number { (one.number) } },
                html! { span.number { (if one.serial.is_empty() { none() } else { one.serial.clone() }) } },
                html! { (one.keys_destroyed_at.map_or_else(none, |at| day(page, at))) },
            ],
            href: None,
        })
        .collect();
    table(page.say(w::TERMINALS), &columns, &rows)
}

fn day(page: &Page<'_>, at: i64) -> String {
    page.zone.date(Time::from_millis(at)).to_string()
}

fn none() -> String {
    "–".to_owned()
}
