//! What is wrong with the tables of the books (`postings.toml`).

use super::Words;
use super::load::{Places, Problem};
use super::types::Tables;
use crate::posting::{KINDS, Measure, Template};

/// The file they stand in; a catalogue without one has the shipped one.
pub(super) const FILE: &str = "postings.toml";

/// Accounts and templates, row by row; then the kinds that lack one.
pub(super) fn check(tables: &Tables, places: &Places) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut at = |row: String, key: &str, holds: bool, what: &str| {
        if let Some(place) = places.get(&row).filter(|_| !holds) {
            problems.push(place.problem(&row, key, what));
        }
    };
    let books = &tables.books;
    for account in &books.accounts {
        let row = format!("account {}", account.code);
        at(row, "name", both(&account.name), "write it in both languages");
    }
    let known = |code: &String| books.accounts.iter().any(|account| account.code == *code);
    for template in &books.templates {
        let row = || format!("template {}", template.code());
        let kind = KINDS.contains(&template.kind.as_str());
        at(row(), "kind", kind, "name a kind of payment that terminals send");
        at(row(), "name", both(&template.name), "write it in both languages");
        let legs = template.postings.iter();
        let accounts = legs.clone().all(|rule| known(&rule.debit) && known(&rule.credit));
        at(row(), "postings", accounts, "name accounts that have a row");
        let apart = legs.clone().all(|rule| rule.debit != rule.credit);
        at(row(), "postings", apart, "debit one account and credit another");
        at(
            row(),
            "postings",
            measures_once(template),
            "post the amount, and each measure at most once",
        );
        let reversal = match &template.reversal {
            Some(words) => both(words),
            None => template.postings.is_empty(),
        };
        at(
            row(),
            "reversal",
            reversal,
            "say in both languages what its reversal is called",
        );
        // The versions before stay: rows are posted under them.
        let before = |version| {
            books
                .templates
                .iter()
                .any(|t| t.kind == template.kind && t.version == version)
        };
        let counted = template.version == 1 || template.version.checked_sub(1).is_some_and(before);
        at(
            row(),
            "version",
            counted && template.version > 0,
            "count versions from 1, and keep every one that was in force",
        );
    }
    let missing = KINDS
        .iter()
        .filter(|kind| !books.templates.iter().any(|t| t.kind == **kind));
    problems.extend(missing.map(|kind| Problem {
        file: FILE.to_owned(),
        line: 1,
        key: "template".to_owned(),
        what: format!("«{kind}» has no row; one without postings says that it moves no money"),
    }));
    problems
}

fn both(words: &Words) -> bool {
    !words.zh.trim().is_empty() && !words.en.trim().is_empty()
}

fn measures_once(template: &Template) -> bool {
    let of = |measure| template.postings.iter().filter(|rule| rule.of == measure).count();
    template.postings.is_empty() || of(Measure::Amount) == 1 && of(Measure::Fee) <= 1 && of(Measure::FeeReturned) <= 1
}
