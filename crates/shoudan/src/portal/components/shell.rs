//! What stands round every page: head, skip link, header with language and theme, the places, footer.

use domain::names::Lang;
use maud::{DOCTYPE, Markup, html};

use crate::portal::assets;
use crate::portal::icons::{Icon, icon};
use crate::portal::page::{Page, Theme};
use crate::portal::paths;
use crate::portal::words::{Word, parts as w};

/// The merchant's five places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Can I take money now?
    Home,
    /// The machines.
    Terminals,
    /// Account, statements, transactions.
    Money,
    /// Requests.
    Tasks,
    /// Person and merchant.
    Me,
}

/// Address, icon and name of each place, in the order of the bar.
const PLACES: [(Place, &str, Icon, Word); 5] = [
    (Place::Home, paths::HOME, Icon::Home, w::PLACE_HOME),
    (Place::Terminals, paths::TERMINALS, Icon::Terminal, w::PLACE_TERMINALS),
    (Place::Money, paths::MONEY, Icon::Money, w::PLACE_MONEY),
    (Place::Tasks, paths::REQUESTS, Icon::Tasks, w::PLACE_TASKS),
    (Place::Me, paths::ME, Icon::Person, w::PLACE_ME),
];

/// One entry of the console's navigation.
#[derive(Clone, Debug)]
pub struct NavItem<'a> {
    /// Where it leads.
    pub href: &'a str,
    /// Name in the page's language.
    pub name: &'a str,
    /// The page is there.
    pub current: bool,
    /// How many things wait there.
    pub count: Option<i64>,
}

/// Whose page it is; decides navigation and width.
#[derive(Clone, Debug)]
pub enum Area<'a> {
    /// Anyone's.
    Public,
    /// A merchant's, at one of the five places.
    Merchant(Place),
    /// Staff: navigation, and where the search box asks (`?q=`), with what was asked.
    Console {
        /// The entries.
        items: &'a [NavItem<'a>],
        /// Address of the search.
        search: &'a str,
        /// What stands in the box.
        asked: &'a str,
    },
}

/// A whole page: `title` for the tab, `body` inside `main`.
pub fn shell(page: &Page<'_>, title: &str, area: &Area<'_>, body: Markup) -> Markup {
    let kind = match area {
        Area::Public => "area-public",
        Area::Merchant(_) => "area-merchant",
        Area::Console { .. } => "area-console",
    };
    html! {
        (DOCTYPE)
        html lang=(page.lang.tag()) data-theme=[Some(page.theme.code()).filter(|c| !c.is_empty())] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content=(scheme(page.theme));
                meta name="referrer" content="same-origin";
                title { (title) " · " (page.say(page.institution.name)) }
                link rel="icon" type="image/svg+xml" href=(assets::ICON.path());
                link rel="stylesheet" href=(assets::STYLE.path());
                script src=(assets::SCRIPT.path()) defer {}
            }
            body class=(kind) {
                a.skip href="#main" { (page.say(w::SKIP)) }
                (header(page, area))
                @if let Area::Merchant(place) = area { (places(page, *place)) }
                main #main tabindex="-1" { (body) }
                (footer(page))
            }
        }
    }
}

const fn scheme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "light dark",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

fn header(page: &Page<'_>, area: &Area<'_>) -> Markup {
    let home = match area {
        Area::Public => paths::FRONT,
        Area::Merchant(_) => paths::HOME,
        Area::Console { items, .. } => items.first().map_or(paths::FRONT, |item| item.href),
    };
    html! {
        header.top {
            div.top-in {
                a.brand href=(home) {
                    (mark())
                    span { (page.say(page.institution.name)) }
                }
                @if let Area::Console { items, search, asked } = area {
                    nav.console-nav aria-label=(page.say(w::NAV)) {
                        @for item in *items {
                            a href=(item.href) aria-current=[item.current.then_some("page")] {
                                (item.name)
                                @if let Some(count) = item.count { span.count { (count) } }
                            }
                        }
                    }
                    form.console-search role="search" method="get" action=(search) {
                        (icon(Icon::Search))
                        input type="search" name="q" value=(asked) data-hotkey="/" autocomplete="off"
                            aria-label=(page.say(w::SEARCH_LABEL)) placeholder=(page.say(w::SEARCH_ANYTHING));
                        kbd aria-hidden="true" { "/" }
                    }
                }
                div.top-tools {
                    (switches(page))
                    @if let Some(who) = page.who {
                        @if let Area::Console { .. } = area {
                            form method="post" action=(paths::LOGOUT) {
                                button.tool type="submit" {
                                    (icon(Icon::Leave))
                                    span.tool-name { (who.name) " · " (page.say(w::SIGN_OUT)) }
                                }
                            }
                        } @else {
                            a.tool href=(own(area)) title=(who.house) {
                                (icon(Icon::Person))
                                span.tool-name { (who.name) }
                            }
                        }
                    } @else {
                        a.tool href=(paths::LOGIN) { (icon(Icon::Person)) span.tool-name { (page.say(w::SIGN_IN)) } }
                    }
                }
            }
        }
    }
}

/// Where one's name leads: among the merchant's pages to one's own, elsewhere by way of the login to wherever one's
/// pages begin.
const fn own(area: &Area<'_>) -> &'static str {
    match area {
        Area::Merchant(_) => paths::ME,
        _ => paths::LOGIN,
    }
}

/// Our mark: a slip coming out of a machine, with a tick.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false" {
            rect.mark-ground width="32" height="32" rx="8" {}
            path.mark-slip d="M9 7h14v17l-2.33-1.7L18.33 24 16 22.3 13.67 24l-2.34-1.7L9 24z" {}
            path.mark-tick d="m12.5 14.5 2.6 2.6 4.6-5" {}
        }
    }
}

/// Language and theme. Each is a small form, so that it works without a script and changes nothing by a link.
pub(super) fn switches(page: &Page<'_>) -> Markup {
    let (other, name, label) = match page.lang {
        Lang::Zh => (Lang::En, "EN", "EN: read this page in English"),
        Lang::En => (Lang::Zh, "中文", "中文：用中文看这一页"),
    };
    let (next, now) = match page.theme {
        Theme::System => (Theme::Dark, w::THEME_SYSTEM),
        Theme::Dark => (Theme::Light, w::THEME_DARK),
        Theme::Light => (Theme::System, w::THEME_LIGHT),
    };
    html! {
        form.switch method="post" action=(paths::PREFERENCES) {
            input type="hidden" name="back" value=(page.path);
            button.tool type="submit" name="lang" value=(other.tag()) lang=(other.tag()) aria-label=(label) title=(label) {
                (name)
            }
            button.tool type="submit" name="theme" value=(next.code()) title=(page.say(now)) {
                (icon(Icon::Theme))
                span.visually-hidden { (page.say(now)) }
            }
        }
    }
}

fn places(page: &Page<'_>, here: Place) -> Markup {
    html! {
        nav.places aria-label=(page.say(w::NAV)) {
            ul {
                @for (place, href, which, name) in PLACES {
                    li {
                        a href=(href) aria-current=[(place == here).then_some("page")] {
                            (icon(which))
                            span { (page.say(name)) }
                        }
                    }
                }
            }
        }
    }
}

fn footer(page: &Page<'_>) -> Markup {
    let house = page.institution;
    html! {
        footer.foot {
            div.foot-in {
                p {
                    (page.say(w::HOTLINE)) " "
                    a.number href={ "tel:" (house.hotline) } { (house.hotline) }
                    " · " (page.say(house.hours))
                }
                p { (w::licence(page.lang, house.licence)) }
                @if page.who.is_some() { p { a href=(paths::SESSIONS) { (page.say(w::WHERE_SIGNED_IN)) } } }
                @if page.demo { p.demo { (page.say(w::DEMO)) } }
            }
        }
    }
}

/// The way back, above a page's heading.
pub fn back(href: &str, name: &str) -> Markup {
    html! { p.back { a href=(href) { (icon(Icon::Back)) (name) } } }
}
