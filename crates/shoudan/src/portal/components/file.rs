//! A document to supply: what a good one looks like, the camera first, what was supplied and what the check said.

use maud::{Markup, html};
use operations::views::{DocumentAsked, DocumentView};

use super::state_badge;
use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::pictures;
use crate::portal::words::{Word, parts as w};

/// A document to supply.
#[derive(Clone, Copy, Debug)]
pub struct FileField<'a> {
    /// What is asked, and what was supplied.
    pub asked: &'a DocumentAsked,
    /// Where it is uploaded (POST, multipart: `kind`, `file`).
    pub action: &'a str,
    /// What was wrong with the last try; empty when nothing was.
    pub error: &'a str,
    /// May still be supplied or replaced.
    pub open: bool,
}

/// The document with example, supplied files and the button. One form per document, so that a failed upload loses
/// nothing else.
pub fn file_field(page: &Page<'_>, field: &FileField<'_>) -> Markup {
    let asked = field.asked;
    let id = format!("d-{}", asked.code);
    let wrong = !field.error.is_empty();
    let has_one = asked.supplied.first().is_some_and(|newest| newest.state != "returned");
    html! {
        section.document.wrong[wrong] id=(id) aria-labelledby={ (id) "-name" } {
            // Where the list of errors above the form leads.
            div.document-text id={ "f-" (asked.code) } tabindex="-1" {
                h2 id={ (id) "-name" } { (asked.name) }
                p.hint id={ (id) "-hint" } { (asked.hint) }
            }
            figure.example { (pictures::example(&asked.code)) figcaption { (page.say(w::EXAMPLE)) } }
            @if !asked.supplied.is_empty() {
                ul.supplied { @for one in &asked.supplied { (supplied(page, one)) } }
            }
            @if field.open {
                form.upload method="post" action=(field.action) enctype="multipart/form-data" data-upload {
                    input type="hidden" name="kind" value=(asked.code);
                    label.button.primary[!has_one].quiet-button[has_one] {
                        (icon(Icon::Camera))
                        span { (page.say(if has_one { w::REPLACE_FILE } else { w::TAKE_PICTURE })) }
                        input.file-input type="file" name="file" accept="image/jpeg,image/png" capture="environment"
                            aria-describedby={ (id) "-hint " (id) "-error" };
                    }
                    label.button.quiet-button {
                        (icon(Icon::File))
                        span { (page.say(w::CHOOSE_FILE)) }
                        input.file-input type="file" name="file" accept="image/jpeg,image/png,application/pdf"
                            aria-describedby={ (id) "-hint " (id) "-error" };
                    }
                    div.preview data-preview hidden {}
                    button.button.quiet-button.no-script type="submit" { (page.say(w::UPLOAD)) }
                }
            }
            p.error id={ (id) "-error" } role=[wrong.then_some("alert")] data-upload-error {
                @if wrong { (icon(Icon::Bar)) span { (field.error) } }
            }
        }
    }
}

const DOCUMENT_STATES: [(&str, Word); 3] = [
    ("supplied", w::DOC_SUPPLIED),
    ("accepted", w::DOC_ACCEPTED),
    ("returned", w::DOC_RETURNED),
];

fn supplied(page: &Page<'_>, one: &DocumentView) -> Markup {
    let word = DOCUMENT_STATES
        .iter()
        .find(|(code, _)| *code == one.state)
        .map_or(w::DOC_SUPPLIED, |(_, word)| *word);
    html! {
        li {
            a href=(paths::document(&one.id)) { (icon(Icon::File)) span { (one.file_name) } }
            span.quiet { (size(one.size)) " · " (page.when(one.uploaded_at)) }
            (state_badge(&one.state, page.say(word)))
            @if !one.remark.is_empty() { blockquote.remark { (one.remark) } }
        }
    }
}

/// A file's size as people say it; always rounded up, so that no file has none.
fn size(bytes: i64) -> String {
    let kilo = (bytes.max(1) + 1023) / 1024;
    if kilo < 1024 {
        format!("{kilo} KB")
    } else {
        format!("{}.{} MB", kilo / 1024, kilo % 1024 * 10 / 1024)
    }
}
