//! A catalogue is read whole or refused with the place and the remedy of every fault.

use domain::catalog::{Catalog, EMBEDDED, Problem};

pub fn shipped() -> Vec<(String, String)> {
    EMBEDDED
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// The shipped catalogue with `from` replaced by `to` in one file; the text must be there.
pub fn planted(file: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = shipped();
    let text = &mut files.iter_mut().find(|(name, _)| name == file).expect("the file").1;
    assert!(text.contains(from), "{file} no longer contains «{from}»");
    *text = text.replacen(from, to, 1);
    files
}

/// The shipped catalogue with rows added to one file.
pub fn added(file: &str, rows: &str) -> Vec<(String, String)> {
    let mut files = shipped();
    files
        .iter_mut()
        .find(|(name, _)| name == file)
        .expect("the file")
        .1
        .push_str(rows);
    files
}

fn refusals(files: &[(String, String)]) -> Vec<Problem> {
    Catalog::load(files).expect_err("a faulty catalogue is refused")
}

#[test]
fn the_shipped_catalogue_is_sound() {
    if let Err(problems) = Catalog::load(&shipped()) {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{} problem(s):\n{}", list.len(), list.join("\n"));
    }
}

#[test]
fn it_covers_the_registry_and_the_twenty_five_causes() {
    let catalog = Catalog::embedded().unwrap();
    assert!(catalog.reasons.len() >= 70, "{} reasons", catalog.reasons.len());
    let mut causes: Vec<u8> = catalog.reasons.values().filter_map(|r| r.cause_no).collect();
    causes.sort_unstable();
    causes.dedup();
    // 25 is «nothing blocks»: an answer, not a reason. 1 may be answered without a row, by the search itself.
    let missing: Vec<u8> = (2..=24).filter(|n| !causes.contains(n)).collect();
    assert!(missing.is_empty(), "causes without a reason: {missing:?}");
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let files = added(
        "capabilities.toml",
        "\n[[capability]]\ncode = \"x\"\nbit = 61\ncolour = \"red\"\n",
    );
    let problems = refusals(&files);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].file, "capabilities.toml");
    assert!(problems[0].what.contains("unknown field `colour`"), "{}", problems[0]);
    let text = &files.iter().find(|(n, _)| n == "capabilities.toml").unwrap().1;
    assert_eq!(text.lines().nth(problems[0].line - 1), Some("colour = \"red\""));
}

#[test]
fn a_missing_language_is_refused() {
    let files = added(
        "documents.toml",
        "\n[[document]]\ncode = \"x\"\nname = { zh = \"某\" }\nhint = { zh = \"某\", en = \"some\" }\n",
    );
    let problems = refusals(&files);
    assert!(problems[0].what.contains("missing field `en`"), "{}", problems[0]);
}

#[test]
fn a_capability_that_survives_every_stop_cannot_be_blocked() {
    let catalog = Catalog::embedded().unwrap();
    let some = catalog
        .reasons
        .values()
        .find(|r| r.code == "merchant.risk_review")
        .expect("merchant.risk_review");
    assert!(!some.blocks.is_empty());
    let files = planted(
        "reasons/merchant.toml",
        "code = \"merchant.risk_review\"",
        "code = \"merchant.risk_review\"\n# planted",
    );
    assert!(Catalog::load(&files).is_ok());
    let rows: Vec<Problem> = refusals(&added(
        "plans.toml",
        "\n[[plan]]\ncode = \"x\"\nsubject = \"merchant\"\nopened_by = [\"nobody\"]\nsteps = [\"no_such_step\"]\napprovals = 1\nname = { zh = \"某\", en = \"some\" }\nabout = { zh = \"某\", en = \"some\" }\n",
    ));
    let text = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(
        text.contains("plan x, steps: «no_such_step» is not in steps.toml"),
        "{text}"
    );
    assert!(!text.contains("plans.toml:1:"), "the line of the row is named: {text}");
}

#[test]
fn books_that_name_an_unknown_account_lack_a_kind_or_a_language_are_refused() {
    const SALE: &str = "{ debit = \"network_due\", credit = \"merchant_payable\", of = \"amount\" }";
    let faults: [(&str, &str, &str); 8] = [
        (
            SALE,
            "{ debit = \"pocket\", credit = \"merchant_payable\", of = \"amount\" }",
            "template sale.1, postings: name accounts",
        ),
        (
            SALE,
            "{ debit = \"fee_income\", credit = \"fee_income\", of = \"amount\" }",
            "template sale.1, postings: debit one account",
        ),
        (
            SALE,
            "{ debit = \"network_due\", credit = \"merchant_payable\", of = \"fee\" }",
            "template sale.1, postings: post the amount",
        ),
        ("kind = \"tip_adjust\"", "kind = \"gift\"", "«tip_adjust» has no row"),
        (
            "kind = \"tip_adjust\"",
            "kind = \"gift\"",
            "template gift.1, kind: name a kind",
        ),
        (
            "en = \"Fee income\"",
            "en = \" \"",
            "account fee_income, name: write it in both languages",
        ),
        (
            "en = \"Reversal of a sale\"",
            "en = \"\"",
            "template sale.1, reversal: say in both languages",
        ),
        (
            "version = 1",
            "version = 2",
            "template sale.2, version: count versions from 1",
        ),
    ];
    for (from, to, said) in faults {
        let problems = refusals(&planted("postings.toml", from, to));
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(text.contains(said), "«{to}»: {text}");
    }
    let missing = planted("postings.toml", "en = \"Tip\" ", "");
    assert!(refusals(&missing)[0].what.contains("missing field `en`"));
}

#[test]
fn an_institutions_tables_without_books_have_the_shipped_ones() {
    let mut files = shipped();
    files.retain(|(name, _)| name != "postings.toml");
    let catalog = Catalog::load(&files).unwrap();
    assert_eq!(catalog.books.in_force("sale").unwrap().code(), "sale.1");
}
