//! The catalogue of reasons, as it enforces and as it speaks.

use domain::catalog::{Catalog, Disclosure, Promise, Reason, Standing as Row, Step};
use domain::names::Lang;
use maud::{Markup, html};

use super::frame::{Desk, Spot, frame, kind_name};
use super::paths;
use crate::portal::components::{Empty, Fact, back, badge, empty, facts};
use crate::portal::icons::Icon;
use crate::portal::words::{Word, console as w, desk as d, parts};
use crate::portal::{Page, Standing};

/// `/console/catalog?q=`
pub fn catalog(page: &Page<'_>, desk: &Desk, catalog: &Catalog, asked: &str) -> Markup {
    let wanted = asked.trim().to_lowercase();
    let found: Vec<&Reason> = catalog.reasons.values().filter(|r| matches(r, &wanted)).collect();
    frame(
        page,
        desk,
        Spot::Catalog,
        page.say(d::CATALOG_TITLE),
        html! {
            header.page-head { h1 { (page.say(d::CATALOG_TITLE)) } p.quiet { (d::reasons(page.lang, found.len())) } }
            p.quiet { (page.say(d::CATALOG_NOTE)) }
            form.filter-line method="get" action=(paths::CATALOG) role="search" {
                input type="search" name="q" value=(asked) aria-label=(page.say(d::FIND_REASON)) placeholder=(page.say(d::FIND_REASON)) data-filter="catalogue" autocomplete="off";
                button.button type="submit" { (page.say(w::SHOW)) }
            }
            @if found.is_empty() {
                (empty(&Empty { icon: Icon::Search, what: &w::nothing_for(page.lang, asked), how: page.say(d::FIND_REASON), action: None }))
            } @else { (rows(page, &found)) }
        },
    )
}

fn matches(reason: &Reason, wanted: &str) -> bool {
    wanted.is_empty()
        || reason.code.contains(wanted)
        || reason.zh.title.contains(wanted)
        || reason.en.title.to_lowercase().contains(wanted)
}

fn rows(page: &Page<'_>, reasons: &[&Reason]) -> Markup {
    html! {
        div.table-frame {
            table data-rows #catalogue {
                caption.visually-hidden { (page.say(d::CATALOG_TITLE)) }
                thead { tr {
                    th scope="col" { (page.say(d::REASON)) } th scope="col" { (page.say(w::SUBJECT)) }
                    th scope="col" { (page.say(d::STANDING)) } th scope="col" { (page.say(d::ANSWER)) } th scope="col" { (page.say(d::ON_SLIP)) }
                } }
                tbody {
                    @for one in reasons {
                        @let texts = one.texts(page.lang);
                        tr data-words={ (one.code) " " (texts.title) } {
                            td data-label=(page.say(d::REASON)) { a href=(paths::reason(&one.code)) { (texts.title) } br; span.number.quiet.small { (one.code) } }
                            td data-label=(page.say(w::SUBJECT)) { (kind_name(page, one.subject.code())) }
                            td data-label=(page.say(d::STANDING)) { (badge(page, standing(one.standing))) @if one.r#final { " " (page.say(d::FINAL)) } }
                            td.number data-label=(page.say(d::ANSWER)) { (one.response_code.as_deref().unwrap_or("–")) }
                            td data-label=(page.say(d::ON_SLIP)) { (texts.slip) }
                        }
                    }
                }
            }
        }
    }
}

const fn standing(row: Row) -> Standing {
    match row {
        Row::Waiting => Standing::Waiting,
        Row::Limited => Standing::Limited,
        Row::Stopped => Standing::Stopped,
        Row::Ended => Standing::Ended,
    }
}

/// `/console/catalog/{reason}`
pub fn reason(page: &Page<'_>, desk: &Desk, catalog: &Catalog, it: &Reason) -> Markup {
    let texts = it.texts(page.lang);
    frame(
        page,
        desk,
        Spot::Catalog,
        &texts.title,
        html! {
            (back(paths::CATALOG, page.say(d::CATALOG_TITLE)))
            header.subject-head data-remember=(texts.title) data-detail=(it.code) {
                div { p.over { span.number { (it.code) } } h1 { (texts.title) } }
                (badge(page, standing(it.standing)))
            }
            div.split {
                div.split-main {
                    section { h2 { (page.say(d::TEXTS)) } (audiences(page, it, page.lang)) }
                    (ways_out(page, catalog, it))
                    details.panel { summary { (page.say(d::OTHER_LANGUAGE)) } (audiences(page, it, other(page.lang))) }
                }
                aside.split-side { section.panel { h2 { (page.say(w::FACTS)) } (about(page, catalog, it)) } }
            }
        },
    )
}

const fn other(lang: Lang) -> Lang {
    match lang {
        Lang::Zh => Lang::En,
        Lang::En => Lang::Zh,
    }
}

fn audiences(page: &Page<'_>, it: &Reason, lang: Lang) -> Markup {
    let texts = it.texts(lang);
    let rows: [(Word, &str); 5] = [
        (d::FOR_PUBLIC, &texts.public),
        (d::FOR_MERCHANT, &texts.merchant),
        (d::FOR_AGENT, &texts.agent),
        (d::FOR_DESK, &texts.desk),
        (d::ON_SLIP, &texts.slip),
    ];
    html! {
        dl.audiences lang=(lang.tag()) {
            @for (who, text) in rows { div { dt { (page.say(who)) } dd { (text) } } }
        }
    }
}

fn ways_out(page: &Page<'_>, catalog: &Catalog, it: &Reason) -> Markup {
    html! {
        @if it.ways_out.is_empty() { section { h2 { (page.say(d::WAY_BACK)) } p { (page.say(d::NO_WAY_BACK)) } } }
        @for (i, way) in it.ways_out.iter().enumerate() {
            section {
                h2 { (d::way(page.lang, i + 1)) @if i == 0 && it.ways_out.len() > 1 { span.quiet { (page.say(d::FIRST_PROPOSED)) } } }
                ol.plan { @for step in way.iter().filter_map(|code| catalog.steps.get(code)) { (step_row(page, catalog, it, step)) } }
            }
        }
    }
}

fn step_row(page: &Page<'_>, catalog: &Catalog, reason: &Reason, step: &Step) -> Markup {
    let texts = step.texts(page.lang);
    let who: Vec<&str> = step.by.iter().map(|role| role_name(page, catalog, role)).collect();
    let brings = |own: &[String], extra: &[String]| -> Vec<String> { own.iter().chain(extra).cloned().collect() };
    let documents: Vec<&str> = brings(
        &step.documents,
        if step.kind == domain::catalog::StepKind::Documents {
            &reason.documents
        } else {
            &[]
        },
    )
    .iter()
    .filter_map(|code| catalog.documents.get(code))
    .map(|row| row.name.get(page.lang))
    .collect();
    let fields: Vec<&str> = brings(
        &step.fields,
        if step.kind == domain::catalog::StepKind::Form {
            &reason.fields
        } else {
            &[]
        },
    )
    .iter()
    .filter_map(|code| catalog.fields.get(code))
    .map(|row| row.name.get(page.lang))
    .collect();
    let comma = page.say(parts::COMMA);
    html! {
        li.step.step-later {
            div.step-mark { (crate::portal::icons::icon(Icon::Next)) }
            div.step-body {
                h3 { (texts.title) }
                p.step-line { span.number { (step.code) } span { (who.join(comma)) } span { (page.say(d::WITHIN)) " " (within(page, &step.promise)) } }
                p { (texts.why) }
                @if !documents.is_empty() { p.quiet { (page.say(d::DOCUMENTS)) ": " (documents.join(comma)) } }
                @if !fields.is_empty() { p.quiet { (page.say(d::FIELDS)) ": " (fields.join(comma)) } }
            }
        }
    }
}

fn within(page: &Page<'_>, promise: &Promise) -> String {
    match (promise.working_days, promise.minutes) {
        (Some(days), _) => d::working_days(page.lang, days),
        (None, Some(minutes)) => d::minutes(page.lang, minutes),
        (None, None) => page.say(d::UNTIL_END).to_owned(),
    }
}

/// A role's name; a code not known stands for itself.
pub fn role_name<'a>(page: &Page<'_>, catalog: &'a Catalog, role: &'a str) -> &'a str {
    catalog.roles.get(role).map_or(role, |row| row.name.get(page.lang))
}

fn about(page: &Page<'_>, catalog: &Catalog, it: &Reason) -> Markup {
    let comma = page.say(parts::COMMA);
    let roles = |codes: &[String]| {
        codes
            .iter()
            .map(|code| role_name(page, catalog, code))
            .collect::<Vec<_>>()
            .join(comma)
    };
    let blocked: Vec<&str> = catalog
        .codes(catalog.blocked_by(&it.code))
        .into_iter()
        .filter_map(|code| catalog.capabilities.get(code))
        .map(|row| row.name.get(page.lang))
        .collect();
    let screen = it
        .response_code
        .as_ref()
        .and_then(|code| catalog.response_codes.get(code));
    let told = match it.disclosure {
        Disclosure::Full => d::D_FULL,
        Disclosure::Category => d::D_CATEGORY,
        Disclosure::Sealed => d::D_SEALED,
    };
    let lift = if it.lift.by.is_empty() {
        page.say(d::PLAN_ONLY).to_owned()
    } else {
        format!("{} · {}", roles(&it.lift.by), d::alone(page.lang, it.lift.approvals))
    };
    let mut all = vec![
        Fact::text(page.say(w::SUBJECT), kind_name(page, it.subject.code())),
        Fact::text(
            page.say(d::BLOCKS),
            &if blocked.is_empty() {
                page.say(d::BLOCKS_NOTHING).to_owned()
            } else {
                blocked.join(comma)
            },
        ),
        Fact::text(page.say(d::LAW), it.ground.source.get(page.lang)),
        Fact::text(page.say(d::DISCLOSURE), page.say(told)),
        Fact::text(page.say(d::MAY_PLACE), &roles(&it.place)),
        Fact::text(page.say(d::MAY_LIFT), &lift),
        Fact::text(
            page.say(d::APPEAL),
            page.say(if it.appealable { d::YES } else { d::NO }),
        ),
    ];
    if let Some(row) = screen {
        all.push(Fact::of(
            page.say(d::ON_SCREEN),
            html! { span.number { (row.code) } " " (row.display.get(page.lang)) },
        ));
    }
    if it.notice_days > 0 {
        all.push(Fact::text(page.say(d::NOTICE), &d::days(page.lang, it.notice_days)));
    }
    if !it.hides.is_empty() {
        all.push(Fact::code(page.say(d::EXPLAINS), &it.hides.join(comma)));
    }
    facts(&all)
}
