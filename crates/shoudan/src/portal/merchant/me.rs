//! The person, the merchant, who else can sign in, and how pages look.

use domain::names::Lang;
use maud::{Markup, html};
use operations::views::MerchantView;

use crate::portal::components::{Action, Area, Fact, Place, Weight, actions, badge_with, facts, shell};
use crate::portal::icons::Icon;
use crate::portal::page::Theme;
use crate::portal::words::{Word, merchant as w, parts};
use crate::portal::{Page, Standing, paths};

/// Somebody who can sign in for the merchant.
#[derive(Clone, Debug)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Login.
    pub login: String,
    /// Role in words.
    pub role: String,
    /// Has a second factor.
    pub second_factor: bool,
    /// Is the reader.
    pub you: bool,
    /// Where their account is managed; none where the reader may not.
    pub href: Option<String>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Me {
    /// The merchant.
    pub merchant: MerchantView,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// Where a person is added; none where the reader may not.
    pub add_person: Option<String>,
    /// Where a change of details is asked for; none where it may not be.
    pub change: Option<String>,
}

const KINDS: [(&str, Word); 3] = [
    ("micro", w::MICRO),
    ("sole_trader", w::SOLE_TRADER),
    ("enterprise", w::ENTERPRISE),
];

/// `/m/me`
pub fn me(page: &Page<'_>, data: &Me) -> Markup {
    shell(
        page,
        page.say(w::ME_TITLE),
        &Area::Merchant(Place::Me),
        html! {
            header.page-head { h1 { @if let Some(who) = page.who { (who.name) } @else { (page.say(w::ME_TITLE)) } } }
            div.split {
                div.split-main {
                    section.panel {
                        h2 { (page.say(w::MERCHANT)) }
                        (about(page, &data.merchant))
                        @if let Some(href) = &data.change {
                            (actions(&[Action::link(page.say(w::CHANGE_DATA), href.clone(), Weight::Quiet)]))
                        }
                    }
                    section.panel {
                        h2 { (page.say(w::USERS)) }
                        ul.people { @for one in &data.people { (person(page, one)) } }
                        @if let Some(href) = &data.add_person {
                            (actions(&[
                                Action::link(page.say(w::ADD_USER), href.clone(), Weight::Quiet),
                                Action::link(page.say(w::PROGRAMS_MANAGE), paths::PROGRAMS, Weight::Quiet),
                            ]))
                        }
                    }
                }
                aside.split-side {
                    section.panel { h2 { (page.say(w::SETTINGS)) } (settings(page)) }
                    (actions(&[
                        Action::link(page.say(w::CHANGE_PASSWORD), paths::PASSWORD, Weight::Quiet),
                        Action::post(page.say(parts::SIGN_OUT), paths::LOGOUT, vec![], Weight::Quiet).icon(Icon::Leave),
                    ]))
                }
            }
        },
    )
}

fn about(page: &Page<'_>, it: &MerchantView) -> Markup {
    let kind = KINDS
        .iter()
        .find(|(code, _)| *code == it.kind)
        .map_or(w::ENTERPRISE, |(_, word)| *word);
    let category = format!("{} {}", it.mcc_name, it.mcc);
    let mut all = vec![
        Fact::text(page.say(w::MERCHANT_NAME), &it.name),
        Fact::code(page.say(w::MERCHANT_NUMBER), &it.number),
        Fact::text(page.say(w::MERCHANT_KIND), page.say(kind)),
        Fact::text(page.say(w::CATEGORY), &category),
        Fact::text(page.say(w::CITY), &it.city),
        Fact::text(page.say(w::STAGE), &it.stage_name),
    ];
    if !it.agent_name.is_empty() {
        all.push(Fact::text(page.say(w::AGENT), &it.agent_name));
    }
    if let Some(contract) = &it.contract {
        all.push(Fact::of(page.say(w::CONTRACT), html! {
            span.number { (contract.number) }
            @if let Some(end) = contract.expires_at { br; span.quiet { (w::until(page.lang, day_text(page, end))) } }
        }));
    }
    facts(&all)
}

fn day_text(page: &Page<'_>, at: i64) -> String {
    page.zone
        .human_date(page.zone.date(domain::time::Time::from_millis(at)), page.now, page.lang)
}

fn person(page: &Page<'_>, one: &Person) -> Markup {
    let (standing, word) = if one.second_factor {
        (Standing::Works, w::SECOND_ON)
    } else {
        (Standing::Waiting, w::SECOND_OFF)
    };
    html! {
        li {
            span { b { @if let Some(href) = &one.href { a href=(href) { (one.name) } } @else { (one.name) } } @if one.you { span.quiet { " (" (page.say(w::THIS_IS_YOU)) ")" } } }
            span.quiet { (one.role) " · " span.number { (one.login) } }
            span { span.quiet { (page.say(w::SECOND_FACTOR)) " " } (badge_with(standing, page.say(word))) }
        }
    }
}

/// Language and colours as buttons of one form; the pressed one is marked.
fn settings(page: &Page<'_>) -> Markup {
    let languages = [(Lang::Zh, "中文"), (Lang::En, "English")];
    let themes = [
        (Theme::System, w::SYSTEM),
        (Theme::Light, w::LIGHT),
        (Theme::Dark, w::DARK),
    ];
    html! {
        form.settings method="post" action=(paths::PREFERENCES) {
            input type="hidden" name="back" value=(page.path);
            p #set-language { (page.say(w::LANGUAGE)) }
            div.segments role="group" aria-labelledby="set-language" {
                @for (lang, name) in languages {
                    button type="submit" name="lang" value=(lang.tag()) lang=(lang.tag()) aria-pressed=(pressed(lang == page.lang)) { (name) }
                }
            }
            p #set-colours { (page.say(w::COLOURS)) }
            div.segments role="group" aria-labelledby="set-colours" {
                @for (theme, name) in themes {
                    button type="submit" name="theme" value=(theme.code()) aria-pressed=(pressed(theme == page.theme)) { (page.say(name)) }
                }
            }
        }
    }
}

const fn pressed(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}
