//! What stands round every page of the console: places, search, keys.

use maud::{Markup, html};
use operations::views::SubjectRef;

use super::paths;
use crate::portal::Page;
use crate::portal::assets;
use crate::portal::components::{Area, NavItem, shell};
use crate::portal::words::{Word, console as w, desk as d};

/// Who looks, as far as the console's pages ask.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Permissions of the person's role.
    pub may: Vec<String>,
    /// Role code.
    pub role: String,
    /// Reviews waiting, where known.
    pub reviews: Option<i64>,
    /// What stands in the search box.
    pub asked: String,
}

impl Desk {
    /// Whether the person's role carries a permission.
    pub fn may(&self, permission: &str) -> bool {
        self.may.iter().any(|p| p == permission)
    }
}

/// The places of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Today.
    Home,
    /// Reviews.
    Reviews,
    /// Requests.
    Requests,
    /// Stops.
    Stops,
    /// Merchants and terminals.
    Merchants,
    /// The catalogue.
    Catalog,
    /// The audit log.
    Audit,
    /// Staff.
    People,
    /// None of them.
    Elsewhere,
}

/// Place, address, name, the key after `g`, and the permission it takes.
const PLACES: [(Spot, &str, Word, &str, &str); 8] = [
    (Spot::Home, paths::HOME, w::HOME, "h", ""),
    (Spot::Reviews, paths::REVIEWS, w::REVIEWS, "r", ""),
    (Spot::Requests, paths::REQUESTS, w::REQUESTS, "q", ""),
    (Spot::Stops, paths::STOPS, w::STOPS, "s", ""),
    (Spot::Merchants, paths::MERCHANTS, w::MERCHANTS, "m", ""),
    (Spot::Catalog, paths::CATALOG, w::CATALOG, "c", "catalog_read"),
    (Spot::Audit, paths::AUDIT, w::AUDIT, "a", "audit_read"),
    (Spot::People, paths::PEOPLE, w::PEOPLE, "p", "manage_users"),
];

/// A page of the console.
pub fn frame(page: &Page<'_>, desk: &Desk, spot: Spot, title: &str, body: Markup) -> Markup {
    let open = || PLACES.iter().filter(|(.., needs)| needs.is_empty() || desk.may(needs));
    let items: Vec<NavItem<'_>> = open()
        .map(|(place, href, name, ..)| NavItem {
            href,
            name: page.say(*name),
            current: *place == spot,
            count: desk.reviews.filter(|count| *place == Spot::Reviews && *count > 0),
        })
        .collect();
    let area = Area::Console {
        items: &items,
        search: paths::SEARCH,
        asked: &desk.asked,
    };
    shell(
        page,
        title,
        &area,
        html! {
            (body)
            dialog.keys #keys aria-labelledby="keys-title" {
                h2 #keys-title { (page.say(w::KEYS)) }
                dl.pairs {
                    dt { kbd { "/" } } dd { (page.say(w::KEY_SEARCH)) }
                    dt { kbd { "j" } " " kbd { "k" } } dd { (page.say(w::KEY_ROWS)) }
                    dt { kbd { "y" } " " kbd { "n" } } dd { (page.say(w::KEY_ITEMS)) }
                    dt { kbd { "g" } } dd { (page.say(w::KEY_GO)) }
                    @for (_, href, name, key, _) in open() {
                        dt { kbd { "g" } " " kbd { (key) } } dd { a href=(href) data-go=(key) { (page.say(*name)) } }
                    }
                }
                form method="dialog" { button.button type="submit" { (page.say(w::KEY_CLOSE)) } }
            }
            script src=(assets::CONSOLE.path()) defer {}
        },
    )
}

/// Kind codes of subjects and hits, in words.
const KINDS: [(&str, Word); 15] = [
    ("platform", w::K_PLATFORM),
    ("network", w::K_NETWORK),
    ("region", w::K_REGION),
    ("agent", w::K_AGENT),
    ("merchant", w::K_MERCHANT),
    ("contract", w::K_CONTRACT),
    ("settlement_account", w::K_ACCOUNT),
    ("shop", w::K_SHOP),
    ("terminal", w::K_TERMINAL),
    ("registration", w::K_REGISTRATION),
    ("device", w::K_DEVICE),
    ("model", w::K_MODEL),
    ("request", w::K_REQUEST),
    ("review", w::K_REVIEW),
    ("user", w::K_USER),
];

/// A kind of subject in words; a code not known stands for itself.
pub fn kind_name<'a>(page: &Page<'_>, kind: &'a str) -> &'a str {
    KINDS
        .iter()
        .find(|(code, _)| *code == kind)
        .map_or(kind, |(_, word)| page.say(*word))
}

/// A subject: its kind and what it is called, with a link where it has a page.
pub fn subject(page: &Page<'_>, it: &SubjectRef) -> Markup {
    let label = if it.label.is_empty() { &it.id } else { &it.label };
    html! {
        span.subject {
            span.quiet { (kind_name(page, &it.kind)) } " "
            @match paths::subject(it) {
                Some(href) => a.number href=(href) { (label) },
                None => span.number { (label) },
            }
        }
    }
}

/// A promised time in a list; what is past is marked in words.
pub fn promise(page: &Page<'_>, by: Option<i64>) -> Markup {
    html! {
        @match by {
            None => span.quiet { "–" },
            Some(at) if at < page.now.millis() => span.late { (page.when(at)) " " b { (page.say(d::OVERDUE)) } },
            Some(at) if page.is_today(at) => b { (page.when(at)) },
            Some(at) => (page.when(at)),
        }
    }
}

/// A filter's text box: nothing in it need be filled in.
pub fn ask(name: &str, label: &str, value: &str, kind: &str) -> Markup {
    html! {
        label.ask { span { (label) } input type=(kind) name=(name) value=[Some(value).filter(|v| !v.is_empty())]; }
    }
}

/// A filter's choice; an empty first value means all.
pub fn pick(name: &str, label: &str, value: &str, choices: &[(&str, &str)]) -> Markup {
    html! {
        label.ask {
            span { (label) }
            select name=(name) id={ "f-" (name) } {
                @for (code, word) in choices { option value=(code) selected[*code == value] { (word) } }
            }
        }
    }
}
