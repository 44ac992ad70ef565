//! What works and what does not, as two short lists.

use maud::{Markup, html};
use operations::views::CapabilityView;

use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::words::parts as w;

/// How many entries a list shows before it folds.
const SHORT: usize = 6;

/// Two lists: what does not work first, because that is what was asked.
pub fn works(page: &Page<'_>, capabilities: &[CapabilityView]) -> Markup {
    let (fine, stopped): (Vec<_>, Vec<_>) = capabilities.iter().partition(|c| c.works);
    html! {
        div.works {
            @if !stopped.is_empty() {
                (list(page, page.say(w::DOES_NOT_WORK), Icon::Cross, "works-not", &stopped))
            }
            @if !fine.is_empty() {
                @let title = if stopped.is_empty() { w::ALL_WORKS } else { w::STILL_WORKS };
                (list(page, page.say(title), Icon::Check, "works-yes", &fine))
            }
        }
    }
}

fn list(page: &Page<'_>, title: &str, mark: Icon, class: &str, which: &[&CapabilityView]) -> Markup {
    let (shown, folded) = which.split_at(which.len().min(SHORT));
    html! {
        section.(class) {
            h3 { (title) }
            ul { @for one in shown { li { (icon(mark)) span { (one.name) } } } }
            @if !folded.is_empty() {
                details {
                    summary { (w::more(page.lang, folded.len())) }
                    ul { @for one in folded { li { (icon(mark)) span { (one.name) } } } }
                }
            }
        }
    }
}

/// The names of `codes`, in the order of the catalogue, joined as a person lists them.
pub fn capability_names(page: &Page<'_>, codes: &[String], names: &[CapabilityView]) -> String {
    let found: Vec<&str> = names
        .iter()
        .filter(|known| codes.contains(&known.code))
        .map(|known| known.name.as_str())
        .collect();
    let (shown, folded) = found.split_at(found.len().min(SHORT));
    let joined = shown.join(page.say(w::COMMA));
    if folded.is_empty() {
        joined
    } else {
        w::and_more(page.lang, joined, folded.len())
    }
}
