//! One request: where it stands, whose turn it is, by when, what was returned word for word. And the page before one is
//! opened.

use maud::{Markup, html};
use operations::views::{EventView, RequestView, StepView};

use super::requests::{is_own_turn, state_name};
use crate::portal::components::{
    Action, Area, Banner, Fact, Field, Input, Place, Tone, Weight, actions, back, banner, errors_first, facts, field,
    notice, plan, shell, timeline,
};
use crate::portal::words::{closing, tasks as w};
use crate::portal::{Page, Standing, paths};

/// What a request's page shows.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request.
    pub request: RequestView,
    /// What happened, newest first.
    pub events: Vec<EventView>,
    /// It may be withdrawn by this actor now.
    pub may_withdraw: bool,
}

/// `/m/requests/{id}`
pub fn request(page: &Page<'_>, data: &Request) -> Markup {
    let it = &data.request;
    // Of a closed request only what was done is left to tell.
    let counts = |step: &&StepView| it.state == "open" || step.state == "done";
    let steps: Vec<StepView> = it.steps.iter().filter(counts).cloned().collect();
    shell(
        page,
        &it.kind_name,
        &Area::Merchant(Place::Tasks),
        html! {
            (back(paths::REQUESTS, page.say(w::TASKS_TITLE)))
            div.split data-refresh="30" {
                div.split-main {
                    p.over { (it.kind_name) " · " (it.subject.label) }
                    (where_it_stands(page, it))
                    (returned(page, it))
                    @if !steps.is_empty() {
                        section {
                            h2 { (page.say(w::STEPS)) }
                            (plan(page, &steps, &|step| step.mine.then(|| paths::step(&it.id, &step.step))))
                        }
                    }
                }
                aside.split-side {
                    section.panel { h2 { (page.say(w::REQUEST)) } (about(page, it)) }
                    @if !data.events.is_empty() {
                        section.panel { h2 { (page.say(w::HISTORY)) } (timeline(page, &data.events, false)) }
                    }
                    @if data.may_withdraw {
                        (actions(&[Action::post(
                            page.say(w::WITHDRAW),
                            paths::withdraw(&it.id),
                            vec![("version", it.version.to_string())],
                            Weight::Danger,
                        )]))
                        p.quiet { (page.say(w::WITHDRAW_NOTE)) }
                    }
                }
            }
        },
    )
}

fn where_it_stands(page: &Page<'_>, it: &RequestView) -> Markup {
    let done = it.steps.iter().filter(|s| s.state == "done").count();
    let own = is_own_turn(&it.waiting_on);
    let (standing, headline, detail) = match it.state.as_str() {
        "done" => (
            Standing::Works,
            page.say(w::STATE_DONE).to_owned(),
            page.say(w::DONE_DETAIL),
        ),
        "refused" => (
            Standing::Stopped,
            page.say(w::STATE_REFUSED).to_owned(),
            it.closed_why.as_str(),
        ),
        "withdrawn" => (
            Standing::Ended,
            page.say(w::STATE_WITHDRAWN).to_owned(),
            it.closed_why.as_str(),
        ),
        _ if own => (
            Standing::Soon,
            page.say(w::TURN_YOURS).to_owned(),
            page.say(w::YOUR_TURN_DETAIL),
        ),
        _ => (
            Standing::Waiting,
            w::turn_theirs(page.lang, &it.waiting_on_name),
            page.say(w::NOT_YOURS_DETAIL),
        ),
    };
    let mine = it.steps.iter().find(|step| step.mine && it.state == "open");
    banner(
        page,
        &Banner::answer(standing, &headline)
            .word(state_name(page, &it.state))
            .detail(Some(html! {
                p { (detail) }
                p.quiet {
                    (w::progress(page.lang, done, it.steps.len()))
                    @if let Some(by) = it.promise_by.filter(|_| it.state == "open") { " · " (page.by(by)) }
                }
                @if has_certificate(it) {
                    (actions(&[Action::link(page.say(closing::SEE), paths::CLOSING_CERTIFICATE, Weight::Primary)]))
                }
                @if let Some(step) = mine {
                    (actions(&[Action::link(&step.title, paths::step(&it.id, &step.step), Weight::Primary)]))
                }
            })),
    )
}

/// Whether a request is a closure that is complete, of which there is a certificate.
pub(crate) fn has_certificate(it: &RequestView) -> bool {
    it.kind == "closure" && it.state == "done"
}

/// What the reviewer returned, item by item, word for word.
fn returned(page: &Page<'_>, it: &RequestView) -> Markup {
    let steps: Vec<&StepView> = it.steps.iter().filter(|s| s.state == "returned").collect();
    html! {
        @if !steps.is_empty() {
            (notice(Tone::Care, html! {
                h2 { (page.say(w::RETURNED_ITEMS)) }
                ul.returned { @for step in steps { (items(step)) } }
            }))
        }
    }
}

fn items(step: &StepView) -> Markup {
    let documents = step.documents.iter().filter_map(|asked| {
        let newest = asked.supplied.first().filter(|one| one.state == "returned")?;
        Some((asked.name.as_str(), newest.remark.as_str()))
    });
    let fields = step
        .fields
        .iter()
        .map(|asked| (asked.name.as_str(), asked.remark.as_str()));
    let said: Vec<(&str, &str)> = documents
        .chain(fields)
        .filter(|(_, remark)| !remark.is_empty())
        .collect();
    // What is said of the whole step in the same words as of one item is said once.
    let of_step = !step.remark.is_empty() && said.iter().all(|(_, remark)| *remark != step.remark);
    html! {
        @if of_step { li { b { (step.title) } q { (step.remark) } } }
        @for (name, remark) in said { li { b { (name) } q { (remark) } } }
    }
}

fn about(page: &Page<'_>, it: &RequestView) -> Markup {
    let mut all = vec![
        Fact::code(page.say(w::NUMBER), &it.id),
        Fact::text(page.say(w::ABOUT), &it.subject.label),
        Fact::of(page.say(w::OPENED), page.when(it.opened_at)),
    ];
    if let Some(at) = it.closed_at {
        all.push(Fact::of(page.say(w::CLOSED), page.when(at)));
    } else {
        let whose = if is_own_turn(&it.waiting_on) {
            page.say(w::YOU)
        } else {
            it.waiting_on_name.as_str()
        };
        all.push(Fact::text(page.say(w::TURN), whose));
    }
    facts(&all)
}

/// A request before it is opened.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Request kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it does and when, from the plan table.
    pub about: String,
    /// Subject id; empty where a choice gives it.
    pub subject: String,
    /// What the subject is called.
    pub subject_label: String,
    /// What it will ask, in order.
    pub steps: Vec<StepView>,
    /// Fields to fill in before it opens: `(name, label, hint, choices)`; without choices a line of text.
    pub choices: Vec<(String, String, String, Vec<crate::portal::components::Choice>)>,
    /// What was wrong with them.
    pub errors: Vec<(String, String)>,
    /// An open request of this kind about this subject.
    pub already: Option<String>,
    /// Ends something.
    pub grave: bool,
}

/// `/m/requests/new`
pub fn new_request(page: &Page<'_>, data: &NewRequest) -> Markup {
    shell(
        page,
        &data.name,
        &Area::Merchant(Place::Tasks),
        html! {
            (back(paths::REQUESTS, page.say(w::TASKS_TITLE)))
            div.narrow {
                h1 { (w::new_title(page.lang, &data.name)) }
                @if !data.subject_label.is_empty() { p.over { (data.subject_label) } }
                p.lead { (data.about) }
                @if let Some(id) = &data.already {
                    (notice(Tone::Info, html! { p { (page.say(w::ALREADY_OPEN)) } p { a href=(paths::request(id)) { (page.say(w::SEE_IT)) } } }))
                } @else {
                    (opening(page, data))
                }
                @if !data.steps.is_empty() {
                    section { h2 { (page.say(w::WHAT_IT_ASKS)) } (plan(page, &data.steps, &|_| None)) }
                }
            }
        },
    )
}

fn opening(page: &Page<'_>, data: &NewRequest) -> Markup {
    let weight = if data.grave { "danger" } else { "primary" };
    html! {
        (errors_first(page, &data.errors))
        form.panel method="post" action=(paths::NEW_REQUEST) data-draft {
            input type="hidden" name="kind" value=(data.kind);
            input type="hidden" name="subject" value=(data.subject);
            @for (name, label, hint, choices) in &data.choices {
                @let kind = if choices.is_empty() { Input::Line("text") } else { Input::Radio(choices.clone()) };
                (field(page, &Field { hint, ..Field::line(name, label) }.of(kind).error_from(&data.errors)))
            }
            div.actions {
                button.button.(weight) type="submit" { (page.say(w::OPEN_IT)) }
                a.button.quiet-button href=(paths::REQUESTS) { (page.say(w::CANCEL)) }
            }
        }
    }
}
