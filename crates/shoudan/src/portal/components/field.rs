//! A form field: label above, hint under it, the error with an icon beside what it is about.

use maud::{Markup, html};

use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::words::parts as w;

/// One entry of a choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it says.
    pub name: String,
    /// A second line.
    pub about: String,
}

/// What kind of input it is.
#[derive(Clone, Debug)]
pub enum Input {
    /// One line; the HTML type: `text`, `tel`, `date`, `password` …
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One of a few, as a drop-down.
    Select(Vec<Choice>),
    /// One of a few, all visible.
    Radio(Vec<Choice>),
    /// Yes, or nothing.
    Check,
}

/// A form field.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Name sent.
    pub name: &'a str,
    /// Label.
    pub label: &'a str,
    /// Hint under the label.
    pub hint: &'a str,
    /// What stands in it.
    pub value: &'a str,
    /// What is wrong with it; empty when nothing is.
    pub error: &'a str,
    /// Kind of input.
    pub input: Input,
    /// May stay empty.
    pub optional: bool,
    /// Never kept as a draft in the browser.
    pub sensitive: bool,
    /// `inputmode`, e.g. `numeric`.
    pub keys: Option<&'static str>,
    /// `autocomplete`.
    pub fill: Option<&'static str>,
    /// Most characters.
    pub most: Option<u16>,
    /// Has the focus when the page opens.
    pub focus: bool,
}

impl<'a> Field<'a> {
    /// A required field of one line.
    pub fn line(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            hint: "",
            value: "",
            error: "",
            input: Input::Line("text"),
            optional: false,
            sensitive: false,
            keys: None,
            fill: None,
            most: None,
            focus: false,
        }
    }

    /// Another kind of input.
    pub fn of(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// The error that belongs to this field, from `(name, text)` pairs.
    pub fn error_from(mut self, errors: &'a [(String, String)]) -> Self {
        self.error = errors
            .iter()
            .find(|(name, _)| name == self.name)
            .map_or("", |(_, text)| text);
        self
    }

    fn id(&self) -> String {
        format!("f-{}", self.name)
    }

    fn described(&self) -> String {
        let id = self.id();
        let mut by = Vec::new();
        if !self.hint.is_empty() {
            by.push(format!("{id}-hint"));
        }
        by.push(format!("{id}-error"));
        by.join(" ")
    }
}

/// The field with label, hint and error.
pub fn field(page: &Page<'_>, field: &Field<'_>) -> Markup {
    let id = field.id();
    let wrong = !field.error.is_empty();
    let grouped = matches!(field.input, Input::Radio(_));
    html! {
        div.field.wrong[wrong] role=[grouped.then_some("radiogroup")] aria-labelledby=[grouped.then(|| format!("{id}-label"))] {
            @if let Input::Check = field.input {
                label.check {
                    input id=(id) type="checkbox" name=(field.name) value="yes" required[!field.optional]
                        checked[field.value == "yes"] aria-describedby=(field.described());
                    span { (field.label) }
                }
            } @else if grouped {
                p.label id={ (id) "-label" } { (field.label) }
            } @else {
                label.label for=(id) {
                    (field.label)
                    @if field.optional { span.quiet { " " (page.say(w::OPTIONAL)) } }
                }
            }
            @if !field.hint.is_empty() { p.hint id={ (id) "-hint" } { (field.hint) } }
            (input(field, &id, wrong))
            p.error id={ (id) "-error" } data-error-for=(field.name) role=[wrong.then_some("alert")] {
                @if wrong { (icon(Icon::Bar)) span { (field.error) } }
            }
        }
    }
}

fn input(field: &Field<'_>, id: &str, wrong: bool) -> Markup {
    let invalid = wrong.then_some("true");
    html! {
        @match &field.input {
            Input::Line(kind) => input id=(id) type=(kind) name=(field.name) value=[shown(field, kind)]
                required[!field.optional] aria-invalid=[invalid] aria-describedby=(field.described())
                inputmode=[field.keys] autocomplete=[field.fill] maxlength=[field.most] autofocus[field.focus]
                data-sensitive[field.sensitive];,
            Input::Lines => textarea id=(id) name=(field.name) rows="4" required[!field.optional] aria-invalid=[invalid]
                aria-describedby=(field.described()) maxlength=[field.most] data-sensitive[field.sensitive] { (field.value) },
            Input::Select(choices) => select id=(id) name=(field.name) required[!field.optional] aria-invalid=[invalid]
                aria-describedby=(field.described()) {
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == field.value] { (choice.name) }
                }
            },
            Input::Radio(choices) => @for choice in choices {
                label.choice {
                    input type="radio" name=(field.name) value=(choice.value) required[!field.optional]
                        checked[choice.value == field.value];
                    span {
                        (choice.name)
                        @if !choice.about.is_empty() { small { (choice.about) } }
                    }
                }
            },
            Input::Check => {},
        }
    }
}

/// A password is never sent back.
fn shown<'a>(field: &Field<'a>, kind: &str) -> Option<&'a str> {
    (!field.value.is_empty() && kind != "password").then_some(field.value)
}

/// Above a form that came back: every error, each leading to its field. Empty without errors.
pub fn errors_first(page: &Page<'_>, errors: &[(String, String)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.notice.tone-bad role="alert" tabindex="-1" data-focus {
                (icon(Icon::Bar))
                div {
                    p { b { (w::errors(page.lang, errors.len())) } }
                    ul { @for (name, text) in errors { li { a href={ "#f-" (name) } { (text) } } } }
                }
            }
        }
    }
}
