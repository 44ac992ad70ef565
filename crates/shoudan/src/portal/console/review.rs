//! One review: documents and data side by side, each item accepted or returned, and what follows shown before.

use maud::{Markup, html};
use operations::views::{DecisionView, DocumentAsked, DocumentView, FieldAsked, ReviewView, StepView};

use super::frame::{Desk, Spot, frame, promise, subject};
use super::{paths, reviews};
use crate::portal::Page;
use crate::portal::components::{Field, Input, Tone, back, errors_first, field, notice, plan, state_badge};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, desk as d, tasks};

/// What a review's page shows.
#[derive(Clone, Debug)]
pub struct Review {
    /// The review with its request.
    pub review: ReviewView,
    /// What was wrong with the last decision: `(field, text)`.
    pub errors: Vec<(String, String)>,
    /// What was sent and refused, so that nothing typed is lost: `(field, value)`.
    pub typed: Vec<(String, String)>,
}

impl Review {
    fn typed(&self, name: &str) -> &str {
        self.typed
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// Usual wordings of a return, offered at every item.
const USUAL: [Word; 5] = [d::R_BLURRED, d::R_CORNERS, d::R_EXPIRED, d::R_DIFFERS, d::R_WRONG];

/// `/console/reviews/{merchant}/{id}`
pub fn review(page: &Page<'_>, desk: &Desk, data: &Review) -> Markup {
    let it = &data.review;
    let request = &it.request;
    let title = format!("{} · {}", request.kind_name, request.merchant_name);
    let open = it.state == "open" && it.may_decide;
    frame(
        page,
        desk,
        Spot::Reviews,
        &title,
        html! {
            (back(paths::REVIEWS, page.say(d::QUEUE_TITLE)))
            header.subject-head data-remember=(request.kind_name) data-detail=(request.merchant_name) {
                div {
                    p.over { a href=(paths::merchant(&request.merchant_id)) { (request.merchant_name) } @if request.subject.kind != "merchant" { " · " (subject(page, &request.subject)) } }
                    h1 { (request.kind_name) }
                }
                dl.pairs.head-pairs {
                    dt { (page.say(d::PROMISED)) } dd { (promise(page, it.promise_by)) }
                    dt { (page.say(d::APPROVALS)) } dd { span.number { (d::of(page.lang, reviews::approvals(it), it.approvals_needed)) } " · " (it.role) }
                }
            }
            (errors_first(page, &data.errors))
            (decided(page, it))
            datalist #usual { @for one in USUAL { option value=(page.say(one)) {} } }
            form.review #f-form method="post" action=(paths::review(&request.merchant_id, &it.id)) data-review data-draft {
                input type="hidden" name="version" value=(request.version);
                div.review-pair {
                    // Where no documents come with it the data take their half, and nothing stands empty.
                    @if papers(it).is_empty() {
                        section { h2 { (page.say(d::DATA)) } p.quiet { (page.say(d::NO_EVIDENCE)) } (filled_in(page, data, open)) }
                    } @else {
                        section { h2 { (page.say(d::EVIDENCE)) } (evidence(page, data, open)) }
                    }
                    div.review-data {
                        @if !papers(it).is_empty() { section { h2 { (page.say(d::DATA)) } (filled_in(page, data, open)) } }
                        section { h2 { (page.say(d::CONSEQUENCES)) } (consequences(page, it)) }
                        section.panel.decision { h2 { (page.say(d::DECISION)) } (decision(page, data, open)) }
                    }
                }
            }
            details.panel { summary { (page.say(d::THE_REQUEST)) } (plan(page, &plain(&request.steps), &|_| None)) }
        },
    )
}

fn plain(steps: &[StepView]) -> Vec<StepView> {
    steps
        .iter()
        .cloned()
        .map(|step| StepView { mine: false, ..step })
        .collect()
}

/// What others decided; the second reviewer sees it with the first one's words.
fn decided(page: &Page<'_>, it: &ReviewView) -> Markup {
    html! {
        @if !it.decisions.is_empty() {
            section.panel {
                h2 { (page.say(d::SO_FAR)) }
                ul.decisions { @for one in &it.decisions { li { (one_decision(page, one)) } } }
                @if it.state == "open" { p.quiet.small { (page.say(d::SAW_THE_SAME)) } }
            }
        }
    }
}

fn one_decision(page: &Page<'_>, one: &DecisionView) -> Markup {
    let (code, word) = match one.decision.as_str() {
        "approve" => ("approved", d::APPROVED),
        "return" => ("returned", d::SENT_BACK),
        _ => ("refused", d::REFUSED),
    };
    html! {
        (state_badge(code, page.say(word))) " " b { (one.by) } " " span.quiet { (page.when(one.at)) }
        @if !one.remark.is_empty() { blockquote.remark { (one.remark) } }
    }
}

/// What several steps ask is judged once.
fn once<'a, T>(all: impl Iterator<Item = &'a T>, code: impl Fn(&T) -> &str) -> Vec<&'a T> {
    let mut kept: Vec<&T> = Vec::new();
    for one in all {
        if !kept.iter().any(|known| code(known) == code(one)) {
            kept.push(one);
        }
    }
    kept
}

/// The documents that come with it, each kind once.
fn papers(it: &ReviewView) -> Vec<&DocumentAsked> {
    once(handed_in(it).flat_map(|step| &step.documents), |asked| &asked.code)
}

/// The steps there is something of to judge: what is asked only afterwards is not looked at now.
fn handed_in(it: &ReviewView) -> impl Iterator<Item = &StepView> {
    it.request.steps.iter().filter(|step| step.state != "later")
}

fn evidence(page: &Page<'_>, data: &Review, open: bool) -> Markup {
    html! {
        @for (i, asked) in papers(&data.review).iter().enumerate() { (document(page, data, asked, open, i == 0)) }
    }
}

fn document(page: &Page<'_>, data: &Review, asked: &DocumentAsked, open: bool, first: bool) -> Markup {
    let newest = asked.supplied.first();
    html! {
        article.item data-item tabindex=[open.then_some("-1")] id={ "f-item." (asked.code) } {
            header.item-head {
                h3 { (asked.name) }
                @if let Some(one) = newest { (document_state(page, one)) }
            }
            @match newest {
                Some(one) => (picture(page, data, one, first)),
                None => p.quiet { (page.say(d::NOT_SUPPLIED)) },
            }
            p.hint { (asked.hint) }
            @if let Some(one) = newest.filter(|one| !one.remark.is_empty()) { blockquote.remark { (one.remark) } }
            @if open { (marks(page, data, &asked.code)) }
        }
    }
}

fn document_state(page: &Page<'_>, one: &DocumentView) -> Markup {
    use crate::portal::words::parts;
    let word = match one.state.as_str() {
        "accepted" => parts::DOC_ACCEPTED,
        "returned" => parts::DOC_RETURNED,
        _ => parts::DOC_SUPPLIED,
    };
    state_badge(&one.state, page.say(word))
}

fn picture(page: &Page<'_>, data: &Review, one: &DocumentView, first: bool) -> Markup {
    let href = paths::document(&data.review.request.merchant_id, &one.id);
    let lazy = (!first).then_some("lazy");
    html! {
        a.evidence href=(href) target="_blank" rel="noopener" title=(page.say(d::OPEN_FILE)) {
            @if one.media_type.starts_with("image/") {
                img src=(href) alt=(one.file_name) loading=[lazy];
            } @else {
                span.evidence-file { (icon(Icon::File)) (page.say(d::FILE_PDF)) }
            }
            span.evidence-name { (one.file_name) " · " (page.when(one.uploaded_at)) }
        }
    }
}

fn filled_in(page: &Page<'_>, data: &Review, open: bool) -> Markup {
    let all = once(handed_in(&data.review).flat_map(|step| &step.fields), |asked| {
        &asked.code
    });
    html! {
        @if all.is_empty() { p.quiet { (page.say(d::NO_DATA)) } }
        @for asked in all {
            article.item data-item tabindex=[open.then_some("-1")] id={ "f-item." (asked.code) } {
                header.item-head { h3 { (asked.name) } }
                (given(page, asked))
                @if !asked.remark.is_empty() { blockquote.remark { (asked.remark) } }
                @if open { (marks(page, data, &asked.code)) }
            }
        }
    }
}

/// What was given, beside what stands on record now: a reviewer judges the change, not the new value alone.
fn given(page: &Page<'_>, asked: &FieldAsked) -> Markup {
    let (old, new) = (asked.on_record.as_str(), asked.value.as_str());
    html! {
        @if new.is_empty() { p.item-value.quiet { "–" } }
        @else if old.is_empty() { p.item-value.number { (new) } }
        // A mask that looks the same need not hide the same.
        @else if old == new && !new.contains('*') { p.item-value.number { (new) " " small.quiet { (page.say(d::AS_ON_RECORD)) } } }
        @else {
            p.change {
                span.change-old { small { (page.say(d::ON_RECORD)) } span.number { (old) } }
                (icon(Icon::Next))
                span.change-new { small { (page.say(d::BECOMES)) } b.number { (new) } }
            }
        }
    }
}

/// Accept or return, with a remark where it is returned. Names: `item.{code}`, `remark.{code}`.
fn marks(page: &Page<'_>, data: &Review, code: &str) -> Markup {
    let name = format!("item.{code}");
    let remark = format!("remark.{code}");
    let chosen = data.typed(&name);
    html! {
        fieldset.marks {
            legend.visually-hidden { (page.say(d::DECISION)) }
            label.mark-yes { input type="radio" name=(name) value="accept" checked[chosen == "accept"]; (icon(Icon::Check)) (page.say(d::ACCEPT)) }
            label.mark-no { input type="radio" name=(name) value="return" checked[chosen == "return"]; (icon(Icon::Pen)) (page.say(d::RETURN)) }
        }
        label.item-remark {
            span.hint { (page.say(d::WHY_RETURNED)) }
            input type="text" name=(remark) value=(data.typed(&remark)) list="usual" maxlength="200";
        }
    }
}

fn consequences(page: &Page<'_>, it: &ReviewView) -> Markup {
    let done = i64::try_from(reviews::approvals(it)).unwrap_or(0);
    let after_me = it.approvals_needed.saturating_sub(done).saturating_sub(1);
    html! {
        @if it.consequences.is_empty() { p.quiet { (page.say(d::NO_CONSEQUENCES)) } }
        ul.consequences { @for one in &it.consequences { li { (icon(Icon::Next)) span { (one) } } } }
        @if it.state == "open" && after_me > 0 { p { (d::one_more(page.lang, after_me)) } }
    }
}

fn decision(page: &Page<'_>, data: &Review, open: bool) -> Markup {
    let it = &data.review;
    if it.state != "open" {
        let word = match it.state.as_str() {
            "approved" => d::APPROVED,
            "returned" => d::SENT_BACK,
            _ => d::REFUSED,
        };
        return html! { p { (state_badge(&it.state, page.say(word))) } };
    }
    if !open {
        return notice(
            Tone::Care,
            html! { p { b { (page.say(d::CANNOT_DECIDE)) } } p { (it.why_not) } },
        );
    }
    html! {
        (field(page, &Field {
            optional: true,
            hint: page.say(d::REMARK_HINT),
            value: data.typed("remark"),
            most: Some(500),
            ..Field::line("remark", page.say(d::REMARK))
        }.of(Input::Lines).error_from(&data.errors)))
        div.actions {
            button.button.primary type="submit" name="decision" value="approve" { (icon(Icon::Check)) span { (page.say(d::APPROVE)) } }
            button.button type="submit" name="decision" value="return" { (icon(Icon::Pen)) span { (page.say(d::SEND_BACK)) } }
            button.button.danger type="submit" name="decision" value="refuse" { (icon(Icon::Bar)) span { (page.say(d::REFUSE)) } }
        }
        p.quiet.small { (page.say(tasks::NUMBER)) " " span.number { (it.request.id) } " · " (page.say(tasks::VERSION)) " " (it.request.version) }
    }
}
