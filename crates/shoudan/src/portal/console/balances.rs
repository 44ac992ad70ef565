//! The books of a merchant, beside its facts.

use maud::{Markup, html};
use operations::payments::ledger::Balances;

use crate::portal::Page;
use crate::portal::components::money;
use crate::portal::words::console as w;

/// What stands on the accounts today.
pub fn balances_panel(page: &Page<'_>, books: &Balances) -> Markup {
    html! {
        section.panel {
            h2 { (page.say(w::BALANCES)) }
            ul.limits-short {
                @for account in &books.accounts {
                    li { span.quiet { (account.name) } b { (money(account.closing)) } }
                }
            }
        }
    }
}
