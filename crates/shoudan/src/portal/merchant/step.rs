//! One step of a request: what is asked and why, an example of a good answer, what the check says at once, what happens
//! afterwards and when. Its kind comes from the step table.

use maud::{Markup, html};
use operations::requests::Agreement;
use operations::views::{FieldAsked, RequestView, StepView};

use crate::portal::components::{
    Area, Fact, Field, FileField, Input, Place, Tone, back, errors_first, facts, field, file_field, notice, shell,
};
use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::{parts, tasks as w};

/// What a step's page shows.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The request.
    pub request: &'a RequestView,
    /// The step.
    pub step: &'a StepView,
    /// Errors of the last try: field or document code, and text.
    pub errors: Vec<(String, String)>,
    /// What was typed in the last try, so that nothing is lost.
    pub typed: Vec<(String, String)>,
    /// What is signed, where something is.
    pub agreement: Option<Agreement>,
}

/// `/m/requests/{id}/{step}`
pub fn step(page: &Page<'_>, data: &Step<'_>) -> Markup {
    let (request, it) = (data.request, data.step);
    shell(
        page,
        &it.title,
        &Area::Merchant(Place::Tasks),
        html! {
            (back(&paths::request(&request.id), &request.kind_name))
            div.split {
                div.split-main {
                    p.over { (request.kind_name) " · " (it.subject.label) }
                    h1 { (it.title) }
                    p.lead { (it.why) }
                    @if let Some(by) = it.promise_by.filter(|_| it.mine) {
                        p.due { (icon(Icon::Clock)) span { (w::due(page.lang, page.by_text(by))) } }
                    }
                    @if !it.remark.is_empty() {
                        (notice(Tone::Care, html! { p { b { (page.say(parts::REMARK)) } " " (it.remark) } }))
                    }
                    (errors_first(page, &data.errors))
                    (notice(Tone::Info, html! { p { b { (page.say(w::HOW_TO)) } } p { (it.how) } }))
                    (body(page, data))
                    section.after { h2 { (page.say(w::AFTER)) } p { (it.after) } }
                }
                aside.split-side { section.panel { h2 { (page.say(w::PROGRESS)) } (progress(page, request, it)) } }
            }
        },
    )
}

/// Where this step stands among the others.
fn progress(page: &Page<'_>, request: &RequestView, here: &StepView) -> Markup {
    let done = request.steps.iter().filter(|one| one.state == "done").count();
    html! {
        p.quiet { (w::progress(page.lang, done, request.steps.len())) }
        ol.progress {
            @for one in &request.steps {
                li.is-done[one.state == "done"] aria-current=[(one.step == here.step).then_some("step")] {
                    (icon(if one.state == "done" { Icon::Check } else { Icon::Clock }))
                    span {
                        (one.title)
                        @if one.state == "done" { span.visually-hidden { " " (page.say(parts::STEP_DONE)) } }
                    }
                }
            }
        }
    }
}

/// What the page does, by the step's kind. A step that is not this actor's now only tells how it stands.
fn body(page: &Page<'_>, data: &Step<'_>) -> Markup {
    let it = data.step;
    if it.state == "done" {
        return notice(Tone::Good, html! { p { (page.say(w::STEP_DONE)) } });
    }
    if it.state == "submitted" && !it.mine {
        return notice(Tone::Info, html! { p { (page.say(w::STEP_SUBMITTED)) } });
    }
    match it.kind.as_str() {
        "device" => told(page, w::DEVICE_TITLE, w::DEVICE_TEXT),
        _ if !it.mine => told(page, w::WAIT_TITLE, w::WAIT_TEXT),
        "documents" => html! { (documents(page, data)) (form(page, data)) },
        "form" if !it.fields.is_empty() => html! { (form(page, data)) (documents(page, data)) },
        "form" => html! { (documents(page, data)) (form(page, data)) },
        "signature" => html! { (agreement(page, data)) (form(page, data)) },
        _ => form(page, data),
    }
}

fn told(page: &Page<'_>, title: crate::portal::words::Word, text: crate::portal::words::Word) -> Markup {
    html! {
        div data-refresh="15" {
            (notice(Tone::Info, html! { p { b { (page.say(title)) } } p { (page.say(text)) } }))
        }
    }
}

fn documents(page: &Page<'_>, data: &Step<'_>) -> Markup {
    let action = paths::upload(&data.request.id, &data.step.step);
    html! {
        div.documents {
            @for asked in &data.step.documents {
                @let error = data.errors.iter().find(|(name, _)| *name == asked.code).map_or("", |(_, text)| text.as_str());
                (file_field(page, &FileField { asked, action: &action, error, open: data.step.mine }))
            }
        }
    }
}

/// The form that hands the step in: its fields, and what its kind adds.
fn form(page: &Page<'_>, data: &Step<'_>) -> Markup {
    let (request, it) = (data.request, data.step);
    let missing = missing(page, it);
    html! {
        form.panel method="post" action=(paths::step(&request.id, &it.step)) data-draft data-check=(paths::check(&request.id, &it.step)) {
            input type="hidden" name="version" value=(request.version);
            @for asked in &it.fields { (asked_field(page, data, asked)) }
            @if !it.fields.is_empty() { p.quiet.needs-script { (page.say(w::SAVED)) } }
            (kind_part(page, it, data))
            @if let Some(missing) = &missing { p.with-icon { (icon(Icon::Clock)) span { (missing) } } }
            div.actions {
                button.button.primary type="submit" disabled[missing.is_some()] { (page.say(button(&it.kind))) }
            }
        }
    }
}

const fn button(kind: &str) -> crate::portal::words::Word {
    match kind.as_bytes() {
        b"documents" => w::SEND_DOCS,
        b"payment" => w::PAY,
        b"signature" => w::SIGN,
        b"confirm" => w::CONFIRM,
        _ => w::SEND,
    }
}

/// The whole text that is signed, in the reader's language.
fn agreement(page: &Page<'_>, data: &Step<'_>) -> Markup {
    html! {
        @if let Some(shown) = &data.agreement {
            section.panel.agreement {
                h2 { (page.say(w::AGREEMENT)) }
                (facts(&[
                    Fact::code(page.say(w::AGREEMENT_NUMBER), &shown.number),
                    Fact::text(page.say(w::TERMS), &shown.terms),
                ]))
                @for line in shown.text.get(page.lang).lines() { p { (line) } }
            }
        }
    }
}

/// What a payment, a signature or a confirmation adds to the form.
fn kind_part(page: &Page<'_>, it: &StepView, data: &Step<'_>) -> Markup {
    match it.kind.as_str() {
        "payment" => notice(Tone::Info, html! { p { (page.say(w::PAY_NOTE)) } }),
        "signature" => html! {
            @if let Some(shown) = &data.agreement { input type="hidden" name="agreement" value=(shown.digest()); }
            (field(page, &Field {
                hint: page.say(w::SIGN_NAME_HINT),
                fill: Some("name"),
                most: Some(60),
                ..Field::line("signature", page.say(w::SIGN_NAME))
            }.error_from(&data.errors)))
            (tick(page, data))
        },
        "confirm" => tick(page, data),
        _ => html! {},
    }
}

fn tick(page: &Page<'_>, data: &Step<'_>) -> Markup {
    field(
        page,
        &Field::line("confirm", page.say(w::CONFIRM_TICK))
            .of(Input::Check)
            .error_from(&data.errors),
    )
}

/// Documents without a good one, in words; none when everything is there.
fn missing(page: &Page<'_>, it: &StepView) -> Option<String> {
    let names: Vec<&str> = it
        .documents
        .iter()
        .filter(|asked| asked.supplied.first().is_none_or(|newest| newest.state == "returned"))
        .map(|asked| asked.name.as_str())
        .collect();
    (!names.is_empty()).then(|| w::still_missing(page.lang, names.join(page.say(parts::COMMA))))
}

/// How a field of a check is typed.
struct Typing {
    check: &'static str,
    html_type: &'static str,
    /// Which keys a phone shows.
    keys: Option<&'static str>,
    /// What the browser may fill in.
    fill: Option<&'static str>,
    /// Not shown again and not kept as a draft.
    sensitive: bool,
}

const fn typing(
    check: &'static str,
    html_type: &'static str,
    keys: Option<&'static str>,
    fill: Option<&'static str>,
    sensitive: bool,
) -> Typing {
    Typing {
        check,
        html_type,
        keys,
        fill,
        sensitive,
    }
}

/// Every check of the field table; one that is not here is typed as text.
const TYPINGS: [Typing; 9] = [
    typing("text", "text", None, None, false),
    typing("mobile", "tel", Some("tel"), Some("tel"), false),
    typing("resident_id", "text", None, Some("off"), true),
    typing("uscc", "text", None, Some("off"), false),
    typing("bank_account", "text", Some("numeric"), Some("off"), true),
    typing("activation_code", "text", Some("numeric"), Some("one-time-code"), true),
    typing("serial", "text", None, Some("off"), false),
    typing("date", "date", None, None, false),
    typing("amount", "text", Some("decimal"), Some("off"), false),
];

fn asked_field(page: &Page<'_>, data: &Step<'_>, asked: &FieldAsked) -> Markup {
    let [text, ..] = &TYPINGS;
    let how = TYPINGS.iter().find(|one| one.check == asked.check).unwrap_or(text);
    let typed = data
        .typed
        .iter()
        .find(|(name, _)| *name == asked.code)
        .map(|(_, value)| value.as_str());
    // What is masked cannot be sent back as if it had been typed: it stands in the hint instead.
    let masked = how.sensitive || asked.value.contains('*');
    let value = typed.unwrap_or(if masked { "" } else { &asked.value });
    let hint = if masked && !asked.value.is_empty() {
        w::on_file(page.lang, &asked.hint, &asked.value)
    } else {
        asked.hint.clone()
    };
    html! {
        (field(page, &Field {
            hint: &hint,
            value,
            keys: how.keys,
            fill: how.fill,
            sensitive: how.sensitive,
            most: Some(200),
            optional: asked.optional,
            ..Field::line(&asked.code, &asked.name)
        }.of(Input::Line(how.html_type)).error_from(&data.errors)))
        @if !asked.remark.is_empty() { blockquote.remark { b { (page.say(parts::REMARK)) } " " (asked.remark) } }
    }
}
