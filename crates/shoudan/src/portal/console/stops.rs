//! Stops: the list, and one with the way to lift it.

use maud::{Markup, html};
use operations::views::{Page as Rows, StopView};

use super::frame::{Desk, Spot, ask, frame, kind_name, pick, subject};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{
    Action, Column, Empty, Fact, Field, Input, Row, Tone, Weight, actions, back, empty, errors_first, facts, field,
    notice, pager, state_badge, table,
};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, console as w, desk as d};

/// What the list shows.
#[derive(Clone, Debug)]
pub struct Stops {
    /// Newest first.
    pub rows: Rows<StopView>,
    /// Kind of subject asked for, or empty.
    pub kind: String,
    /// Prefix of the reason asked for, or empty.
    pub reason: String,
    /// Lifted ones too.
    pub all: bool,
}

/// `/console/stops`
pub fn stops(page: &Page<'_>, desk: &Desk, data: &Stops) -> Markup {
    frame(
        page,
        desk,
        Spot::Stops,
        page.say(d::STOPS_TITLE),
        html! {
            header.page-head {
                h1 { (page.say(d::STOPS_TITLE)) }
                @if desk.may("place_stop") {
                    (actions(&[Action::link(page.say(d::NEW_STOP), paths::NEW_STOP, Weight::Danger).icon(Icon::Bar)]))
                }
            }
            (filter(page, data))
            @if data.rows.data.is_empty() {
                (empty(&Empty { icon: Icon::Check, what: page.say(w::NO_STOPS), how: page.say(w::NO_STOPS_HOW), action: None }))
            } @else { (rows(page, &data.rows.data)) }
            (pager(page, data.rows.has_more, data.rows.next_cursor.as_deref()))
        },
    )
}

fn filter(page: &Page<'_>, data: &Stops) -> Markup {
    let mut kinds = vec![("", page.say(w::ALL))];
    kinds.extend(
        domain::stages::SubjectKind::ALL
            .iter()
            .map(|kind| (kind.code(), kind_name(page, kind.code()))),
    );
    let lifted = [("", page.say(d::LIVE_ONLY)), ("yes", page.say(d::WITH_LIFTED))];
    html! {
        form.filter-row method="get" action=(paths::STOPS) {
            (pick("kind", page.say(d::SUBJECT_KIND), &data.kind, &kinds))
            (ask("reason", page.say(d::REASON), &data.reason, "text"))
            (pick("all", page.say(w::STATE), if data.all { "yes" } else { "" }, &lifted))
            button.button type="submit" { (page.say(w::SHOW)) }
        }
    }
}

const STATES: [(&str, Word); 4] = [
    ("announced", d::ST_ANNOUNCED),
    ("in_force", d::ST_IN_FORCE),
    ("ended", d::ST_ENDED),
    ("lifted", d::ST_LIFTED),
];

fn state(page: &Page<'_>, stop: &StopView) -> Markup {
    let word = STATES
        .iter()
        .find(|(code, _)| *code == stop.state)
        .map_or(d::ST_IN_FORCE, |(_, word)| *word);
    state_badge(&stop.state, page.say(word))
}

fn rows(page: &Page<'_>, stops: &[StopView]) -> Markup {
    let columns = [
        Column::words(page.say(d::REASON)),
        Column::words(page.say(w::SUBJECT)),
        Column::words(page.say(w::STATE)),
        Column::words(page.say(d::STARTS)),
        Column::words(page.say(d::ENDS)),
        Column::words(page.say(d::PLACED_BY)),
    ];
    let rows: Vec<Row> = stops
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.title) },
                subject(page, &one.subject),
                state(page, one),
                page.when(one.starts_at),
                one.ends_at
                    .map_or_else(|| html! { span.quiet { "–" } }, |at| page.when(at)),
                html! { span.quiet { (one.placed_by) } },
            ],
            href: Some(paths::stop(&one.merchant_id, &one.id)),
        })
        .collect();
    table(page.say(d::STOPS_TITLE), &columns, &rows)
}

/// A few stops in a narrow column.
pub fn short(page: &Page<'_>, stops: &[StopView]) -> Markup {
    html! {
        ul.short-list.panel {
            @for one in stops {
                li {
                    a href=(paths::stop(&one.merchant_id, &one.id)) { (one.title) }
                    div.short-line { (state(page, one)) " " (subject(page, &one.subject)) " " span.quiet { (page.when(one.starts_at)) } }
                }
            }
        }
    }
}

/// Who may lift a stop, as the catalogue says.
#[derive(Clone, Debug)]
pub enum MayLift {
    /// This person may.
    Yes,
    /// Whoever placed it may not.
    Placer,
    /// Other roles may: their names.
    Roles(Vec<String>),
    /// Two people must agree: by a request.
    Two,
    /// Only its plan lifts it.
    Plan,
    /// It was lifted or has ended.
    Over,
}

/// What a stop's page shows.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The stop.
    pub stop: StopView,
    /// What its merchant is called.
    pub merchant: String,
    /// What the desk says about it.
    pub script: String,
    /// Whether and how it may be lifted.
    pub lift: MayLift,
    /// What was wrong with the last try.
    pub errors: Vec<(String, String)>,
    /// What was typed.
    pub why: String,
}

/// `/console/stops/{merchant}/{id}`
pub fn stop(page: &Page<'_>, desk: &Desk, data: &Stop) -> Markup {
    let it = &data.stop;
    frame(
        page,
        desk,
        Spot::Stops,
        &it.title,
        html! {
            (back(paths::STOPS, page.say(d::STOPS_TITLE)))
            header.subject-head { div { p.over { (subject(page, &it.subject)) } h1 { (it.title) } } (state(page, it)) }
            (errors_first(page, &data.errors))
            div.console-two {
                section.panel { h2 { (page.say(d::DETAILS)) } (about(page, it, &data.merchant)) p { b { (page.say(w::SCRIPT)) } } p { (data.script) } }
                section.panel { h2 { (page.say(d::LIFT)) } (lifting(page, data)) }
            }
        },
    )
}

fn about(page: &Page<'_>, it: &StopView, merchant: &str) -> Markup {
    let mut all = vec![
        Fact::of(
            page.say(d::REASON),
            html! { a.number href=(paths::reason(&it.reason)) { (it.reason) } },
        ),
        Fact::of(page.say(d::STARTS), page.when(it.starts_at)),
        Fact::of(
            page.say(d::ENDS),
            it.ends_at.map_or_else(|| html! { "–" }, |at| page.when(at)),
        ),
        Fact::text(page.say(d::PLACED_BY), &it.placed_by),
        Fact::text(page.say(d::PLACED_WHY), &it.placed_why),
    ];
    if it.merchant_id != "-" {
        all.push(Fact::of(
            page.say(w::MERCHANT),
            html! { a href=(paths::merchant(&it.merchant_id)) { (if merchant.is_empty() { it.merchant_id.as_str() } else { merchant }) } },
        ));
    }
    if let Some(at) = it.lifted_at {
        all.push(Fact::of(page.say(d::LIFTED_AT), page.when(at)));
        all.push(Fact::text(page.say(d::LIFTED_WHY), &it.lifted_why));
    }
    all.push(Fact::code(page.say(w::RECORD), &it.id));
    facts(&all)
}

fn lifting(page: &Page<'_>, data: &Stop) -> Markup {
    let it = &data.stop;
    let says = |word: Word| notice(Tone::Info, html! { p { (page.say(word)) } });
    html! {
        @match &data.lift {
            MayLift::Over => (says(d::STOP_LIFTED)),
            MayLift::Plan => (says(d::LIFT_PLAN)),
            MayLift::Two => (says(d::LIFT_TWO)),
            MayLift::Placer => (says(d::LIFT_PLACER)),
            MayLift::Roles(roles) => (notice(Tone::Info, html! { p { (page.say(d::LIFT_ROLE)) (roles.join(page.say(crate::portal::words::parts::COMMA))) } })),
            MayLift::Yes => {
                form.lift #f-form method="post" action=(paths::lift(&it.merchant_id, &it.id)) {
                    (field(page, &Field { hint: page.say(d::LIFT_HINT), value: &data.why, most: Some(500), ..Field::line("why", page.say(d::LIFT_WHY)) }.of(Input::Lines).error_from(&data.errors)))
                    button.button.primary type="submit" { (icon(Icon::Check)) span { (page.say(d::LIFT)) } }
                }
            }
        }
    }
}
