//! The audit log: filter, entries, and whether the chain is whole.

use maud::{Markup, html};
use operations::views::{AuditView, Page as Rows};

use super::frame::{Desk, Spot, ask, frame, kind_name};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Empty, Tone, empty, notice, pager};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{console as w, desk as d};

/// What a check of the chain found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Links walked.
    pub links: i64,
    /// Entries not yet sealed.
    pub unsealed: i64,
    /// Hash of the head.
    pub head: String,
    /// Links that do not fit: number and what is wrong.
    pub problems: Vec<(i64, String)>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Entries, newest first.
    pub rows: Rows<AuditView>,
    /// Names of actors: `(id, name)`.
    pub names: Vec<(String, String)>,
    /// The filter: `(name, value)` of `actor`, `command`, `merchant`, `subject`.
    pub filter: Vec<(String, String)>,
    /// The result of a check, if one was asked for.
    pub checked: Option<Checked>,
}

/// `/console/audit`
pub fn audit(page: &Page<'_>, desk: &Desk, data: &Audit) -> Markup {
    frame(
        page,
        desk,
        Spot::Audit,
        page.say(d::AUDIT_TITLE),
        html! {
            header.page-head {
                h1 { (page.say(d::AUDIT_TITLE)) }
                a.button.quiet-button href={ (paths::AUDIT) "?check=yes" } { (icon(Icon::Shield)) span { (page.say(d::CHECK_CHAIN)) } }
            }
            @if let Some(checked) = &data.checked { (result(page, checked)) }
            (filter(page, data))
            @if data.rows.data.is_empty() {
                (empty(&Empty { icon: Icon::File, what: page.say(d::AUDIT_NONE), how: page.say(d::AUDIT_NONE_HOW), action: None }))
            } @else {
                div.log data-list { @for one in &data.rows.data { (entry(page, data, one)) } }
            }
            (pager(page, data.rows.has_more, data.rows.next_cursor.as_deref()))
        },
    )
}

fn filter(page: &Page<'_>, data: &Audit) -> Markup {
    let names = [
        ("actor", d::ACTOR),
        ("command", d::COMMAND),
        ("merchant", d::MERCHANT_OF),
        ("subject", d::SUBJECT_OF),
    ];
    let value = |name: &str| {
        data.filter
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    };
    html! {
        form.filter-row method="get" action=(paths::AUDIT) {
            @for (name, label) in names { (ask(name, page.say(label), value(name), "text")) }
            button.button type="submit" { (page.say(w::SHOW)) }
        }
    }
}

fn result(page: &Page<'_>, checked: &Checked) -> Markup {
    let fine = checked.problems.is_empty();
    notice(
        if fine { Tone::Good } else { Tone::Bad },
        html! {
            p { b { @if fine { (d::chain_fine(page.lang, checked.links)) } @else { (d::chain_broken(page.lang, checked.problems.len())) } } }
            @if checked.unsealed > 0 { p { (d::chain_unsealed(page.lang, checked.unsealed)) } }
            @if !checked.head.is_empty() { p.small { (page.say(d::CHAIN_HEAD)) " " span.hash { (checked.head) } } }
            ul { @for (seq, what) in &checked.problems { li { span.number { (seq) } " " (what) } } }
        },
    )
}

fn entry(page: &Page<'_>, data: &Audit, one: &AuditView) -> Markup {
    let name = data
        .names
        .iter()
        .find(|(id, _)| *id == one.actor)
        .map_or(one.actor.as_str(), |(_, name)| name);
    html! {
        details.log-entry {
            summary {
                span.log-seq.number { @match one.seq { Some(seq) => (seq), None => span.quiet { (page.say(d::UNSEALED)) } } }
                span.log-time { (page.when(one.at)) }
                span.log-command.number { (one.command) }
                span.log-actor { (name) @if one.role != "system" { " " span.quiet { (one.role) } } }
                span.log-subject { span.quiet { (kind_name(page, &one.subject.kind)) } " " (one.subject.label) }
            }
            dl.pairs {
                dt { (page.say(d::GROUND)) } dd { (one.reason) }
                dt { (page.say(d::ACTOR)) } dd.hash { (one.actor) }
                dt { (page.say(w::SUBJECT)) } dd.hash { (one.subject.id) }
                dt { (page.say(d::BEFORE)) } dd.hash { (digest(&one.before_digest)) }
                dt { (page.say(d::AFTER)) } dd.hash { (digest(&one.after_digest)) }
                dt { (page.say(d::HASH)) } dd.hash { (digest(&one.hash)) }
                dt { (page.say(d::ENTRY)) } dd.hash { (one.id) }
            }
        }
    }
}

fn digest(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}
