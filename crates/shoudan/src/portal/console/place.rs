//! Placing a stop: whom, why, from when; then what it does; then the confirmation.

use domain::stages::SubjectKind;
use maud::{Markup, html};
use operations::views::StopPreview;

use super::frame::{Desk, Spot, frame, kind_name, pick, subject};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Field, Input, Tone, back, errors_first, field, notice};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, console as w, desk as d};

/// A reason this person may place by hand.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Kind of subject it rests on.
    pub kind: String,
    /// What it stops, in a line.
    pub stops: String,
}

/// The form as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Kind of subject whose reasons are listed first; empty: all.
    pub kind: String,
    /// Number of the subject.
    pub id: String,
    /// Reason code.
    pub reason: String,
    /// `now` or `later`.
    pub when: String,
    /// Start, local, as the browser writes it.
    pub starts: String,
    /// End, the same.
    pub ends: String,
    /// Why.
    pub why: String,
}

impl Form {
    const NAMES: [&str; 7] = ["kind", "id", "reason", "when", "starts", "ends", "why"];

    fn values(&self) -> [&str; 7] {
        [
            &self.kind,
            &self.id,
            &self.reason,
            &self.when,
            &self.starts,
            &self.ends,
            &self.why,
        ]
    }
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Place {
    /// What is filled in.
    pub form: Form,
    /// The reasons there are for this person.
    pub reasons: Vec<Offered>,
    /// What it would do, once asked.
    pub preview: Option<StopPreview>,
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

/// `/console/stops/new`
pub fn place(page: &Page<'_>, desk: &Desk, data: &Place) -> Markup {
    frame(
        page,
        desk,
        Spot::Stops,
        page.say(d::NEW_STOP),
        html! {
            (back(paths::STOPS, page.say(d::STOPS_TITLE)))
            h1 { (page.say(d::NEW_STOP)) }
            p.quiet { (page.say(d::NEW_STOP_NOTE)) }
            (errors_first(page, &data.errors))
            div.console-two.place {
                form.panel.place-form #f-form method="post" action=(paths::PREVIEW_STOP) data-draft { (form(page, data)) }
                div.place-preview aria-live="polite" {
                    @match &data.preview {
                        Some(preview) => (shown(page, preview, &data.form)),
                        None => div.empty { (icon(Icon::Search)) p.empty-what { (page.say(d::PREVIEW)) } p.quiet { (page.say(d::NEW_STOP_NOTE)) } },
                    }
                }
            }
        },
    )
}

fn form(page: &Page<'_>, data: &Place) -> Markup {
    let it = &data.form;
    let mut kinds = vec![("", page.say(w::ALL))];
    kinds.extend(
        SubjectKind::ALL
            .iter()
            .filter(|kind| data.reasons.iter().any(|r| r.kind == kind.code()))
            .map(|kind| (kind.code(), kind_name(page, kind.code()))),
    );
    let later = it.when == "later";
    html! {
        fieldset {
            legend { "1 " (page.say(d::ON_WHAT)) }
            (field(page, &Field { value: &it.id, most: Some(64), hint: page.say(d::SUBJECT_HINT), ..Field::line("id", page.say(d::SUBJECT_ID)) }.error_from(&data.errors)))
        }
        fieldset {
            legend { "2 " (page.say(d::WHICH_REASON)) }
            div.needs-script { (pick("kind", page.say(d::SUBJECT_KIND), &it.kind, &kinds)) }
            (reasons(page, data))
        }
        fieldset {
            legend { "3 " (page.say(d::FROM_WHEN)) }
            label.choice { input type="radio" name="when" value="now" checked[!later]; span { (page.say(d::NOW)) } }
            label.choice { input type="radio" name="when" value="later" checked[later]; span { (page.say(d::LATER)) } }
            div.columns {
                (field(page, &Field { optional: true, value: &it.starts, ..Field::line("starts", page.say(d::START_AT)) }.of(Input::Line("datetime-local")).error_from(&data.errors)))
                (field(page, &Field { optional: true, value: &it.ends, ..Field::line("ends", page.say(d::END_AT)) }.of(Input::Line("datetime-local")).error_from(&data.errors)))
            }
            p.hint { (page.say(d::END_HINT)) }
        }
        fieldset {
            legend { "4 " (page.say(d::WHY)) }
            (field(page, &Field { value: &it.why, hint: page.say(d::WHY_HINT), most: Some(500), ..Field::line("why", page.say(d::PLACED_WHY)) }.of(Input::Lines).error_from(&data.errors)))
        }
        button.button.primary type="submit" { (icon(Icon::Search)) span { (page.say(d::PREVIEW)) } }
    }
}

/// The reasons as a list to choose from; the script narrows it while one types and to the chosen kind.
fn reasons(page: &Page<'_>, data: &Place) -> Markup {
    if data.reasons.is_empty() {
        return notice(Tone::Info, html! { p { (page.say(d::NO_REASON_HERE)) } });
    }
    html! {
        input.reason-filter.needs-script type="search" data-filter="reasons" aria-label=(page.say(d::FIND_REASON)) placeholder=(page.say(d::FIND_REASON)) autocomplete="off";
        div.reason-list #reasons role="radiogroup" aria-label=(page.say(d::WHICH_REASON)) {
            @for one in in_order(data) {
                label.choice.reason data-kind=(one.kind) data-words={ (one.title) " " (one.code) } {
                    input type="radio" name="reason" value=(one.code) required checked[one.code == data.form.reason];
                    span {
                        b { (one.title) }
                        small { (kind_name(page, &one.kind)) " · " span.number { (one.code) } }
                        @if !one.stops.is_empty() { small { (one.stops) } }
                    }
                }
            }
        }
    }
}

/// The chosen reason first, so that it stays in sight; then those of the chosen kind; then the others.
fn in_order(data: &Place) -> Vec<&Offered> {
    let form = &data.form;
    let mut all: Vec<&Offered> = data.reasons.iter().collect();
    all.sort_by_key(|one| (one.code != form.reason, !form.kind.is_empty() && one.kind != form.kind));
    all
}

fn shown(page: &Page<'_>, preview: &StopPreview, form: &Form) -> Markup {
    html! {
        section.panel.preview-panel data-focus tabindex="-1" {
            p.over { (subject(page, &preview.stop.subject)) }
            h2 { (preview.stop.title) }
            p { (page.when(preview.stop.starts_at)) @if let Some(end) = preview.stop.ends_at { " → " (page.when(end)) } }
            h3 { (page.say(d::WHO_AFFECTED)) }
            p.affected { (d::affected(page.lang, preview.merchants, preview.terminals)) }
            @if !preview.examples.is_empty() {
                p.quiet { (page.say(d::EXAMPLES)) " " @for (i, one) in preview.examples.iter().take(8).enumerate() { @if i > 0 { " " } a.number href=(paths::terminal(&one.label)) { (one.label) } } }
            }
            div.works {
                (list(page, d::WHAT_STOPS, "works-not", Icon::Cross, &preview.stops))
                (list(page, d::WHAT_WORKS, "works-yes", Icon::Check, &preview.still_works))
            }
            h3 { (page.say(d::THEY_READ)) }
            blockquote.they-read { (preview.merchant_text) }
            h3 { (page.say(d::WAY_BACK)) }
            @if preview.way_out.is_empty() { p { (page.say(d::NO_WAY_BACK)) } }
            @else { ol.way-back { @for step in &preview.way_out { li { (step) } } } }
            p.quiet { (d::alone(page.lang, preview.approvals_to_lift)) }
            form method="post" action=(paths::NEW_STOP) {
                @for (name, value) in Form::NAMES.iter().zip(form.values()) { input type="hidden" name=(name) value=(value); }
                button.button.confirm-stop type="submit" { (icon(Icon::Bar)) span { (page.say(d::CONFIRM_STOP)) } }
            }
        }
    }
}

fn list(page: &Page<'_>, title: Word, class: &str, mark: Icon, names: &[String]) -> Markup {
    html! {
        section.(class) {
            h4 { (page.say(title)) " " span.count { (names.len()) } }
            ul.tight { @for one in names { li { (icon(mark)) span { (one) } } } }
        }
    }
}
