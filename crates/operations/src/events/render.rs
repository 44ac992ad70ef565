//! An event's data turned into a sentence. Codes become titles here, at reading time, by today's catalogue; unknown
//! ones are shown as they are.

use domain::catalog::Catalog;
use domain::money::Fen;
use domain::names::Lang;
use domain::stages::SubjectKind;
use domain::time::Time;
use serde_json::Value;

use super::sentences::Sentence;
use crate::ctx::Ctx;

/// What a sentence is filled from.
pub struct Told<'a> {
    /// The kind of the subject.
    pub subject_kind: &'a str,
    /// What people call the subject.
    pub label: &'a str,
    /// The event's data.
    pub data: &'a Value,
}

/// Shown where a sentence needs a value that the event does not have.
const NOTHING: &str = "—";

/// Words of small closed vocabularies: code, zh, en.
#[rustfmt::skip]
const WORDS: &[(&str, &str, &str)] = &[
    ("approve", "同意", "approved"),
    ("approved", "同意", "approved"),
    ("return", "退回补正", "sent back for correction"),
    ("returned", "退回补正", "sent back for correction"),
    ("refuse", "不同意", "refused"),
    ("refused", "不同意", "refused"),
    ("declined", "未成功", "declined"),
    ("reversed", "已冲正", "reversed"),
    ("balanced", "账平", "balanced"),
    ("unbalanced", "账不平", "not balanced"),
    ("ahead", "快", "fast"),
    ("behind", "慢", "slow"),
];

/// The sentence in `lang`.
pub fn render(ctx: &Ctx, sentence: &Sentence, lang: Lang, told: &Told<'_>) -> String {
    let template = match lang {
        Lang::Zh => sentence.zh,
        Lang::En => sentence.en,
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((plain, after)) = rest.split_once('[') {
        let (optional, behind) = after.split_once(']').unwrap_or((after, ""));
        text.push_str(&filled(ctx, plain, lang, told).0);
        if let (part, true) = filled(ctx, optional, lang, told) {
            text.push_str(&part);
        }
        rest = behind;
    }
    text.push_str(&filled(ctx, rest, lang, told).0);
    text
}

/// The text with its places filled, and whether all of them could be.
fn filled(ctx: &Ctx, template: &str, lang: Lang, told: &Told<'_>) -> (String, bool) {
    let (mut text, mut whole) = (String::new(), true);
    let mut rest = template;
    while let Some((plain, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(plain);
        if let Some(value) = value(ctx, name, lang, told) {
            text.push_str(&value);
        } else {
            text.push_str(NOTHING);
            whole = false;
        }
        rest = behind;
    }
    text.push_str(rest);
    (text, whole)
}

/// The value of one place, in words.
fn value(ctx: &Ctx, name: &str, lang: Lang, told: &Told<'_>) -> Option<String> {
    if name == "label" {
        return Some(told.label.to_owned()).filter(|label| !label.is_empty());
    }
    let found = told
        .data
        .get(name)
        .or_else(|| (name == "request").then(|| told.data.get("kind")).flatten())?;
    if let Some(number) = found.as_i64() {
        return Some(match name {
            "amount" => Fen(number).yuan(),
            _ if name.ends_with("_at") => ctx.platform.zone.human(Time::from_millis(number), ctx.now, lang),
            _ => number.to_string(),
        });
    }
    let code = found.as_str().filter(|code| !code.is_empty())?;
    let words = title(ctx.catalog(), name, lang, code, told.subject_kind);
    Some(words.unwrap_or_else(|| code.to_owned()))
}

/// The catalogue's title of a code, by what the place is called.
fn title(catalog: &Catalog, name: &str, lang: Lang, code: &str, subject_kind: &str) -> Option<String> {
    let stage = || SubjectKind::parse(subject_kind).and_then(|kind| catalog.stages.get(&(kind, code.to_owned())));
    let text = match name {
        "reason" => &catalog.reasons.get(code)?.texts(lang).title,
        "step" => &catalog.steps.get(code)?.texts(lang).title,
        "request" => catalog.plans.get(code)?.name.get(lang),
        "document" => catalog.documents.get(code)?.name.get(lang),
        "role" => catalog.roles.get(code)?.name.get(lang),
        "from" | "to" => stage()?.name.get(lang),
        "download" => {
            let row = crate::downloads::DOWNLOADS.iter().find(|row| row.code == code)?;
            if lang == Lang::Zh { row.names.0 } else { row.names.1 }
        }
        "decision" | "balance" | "direction" => {
            let row = WORDS.iter().find(|word| word.0 == code)?;
            if lang == Lang::Zh { row.1 } else { row.2 }
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Every name a sentence may use, for the test that no template asks for something nobody fills.
pub const PLACES: &[&str] = &[
    "label",
    "reason",
    "step",
    "request",
    "document",
    "role",
    "from",
    "to",
    "decision",
    "balance",
    "download",
    "direction",
    "minutes",
    "amount",
    "rrn",
    "batch",
    "code",
    "response_code",
    "why",
    "remark",
    "remaining",
    "name",
    "answer",
    "version",
    "serial",
    "host",
    "device",
    "part",
    "starts_at",
    "ends_at",
    "expires_at",
    "promise_at",
    "until_at",
    "now_at",
];
