//! No dead end, proved over the whole catalogue; and each planted fault is found with the path that shows it.

use domain::catalog::Catalog;
use domain::model::{self, Depth, Fault};

use super::catalogue::{added, planted};

fn findings(files: &[(String, String)]) -> Vec<model::Finding> {
    let catalog = Catalog::load(files).unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        )
    });
    model::check(&catalog, Depth::Pairs).findings
}

#[test]
fn the_shipped_catalogue_has_no_dead_end() {
    let catalog = Catalog::embedded().unwrap();
    let report = model::check(&catalog, Depth::Everything);
    let list: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} finding(s):\n{}", list.len(), list.join("\n"));
    assert!(report.worlds > 10_000, "only {} worlds explored", report.worlds);
}

/// A step row that does nothing but what `extra` says.
fn step(code: &str, order: u16, extra: &str) -> String {
    format!(
        "\n[[step]]\ncode = \"{code}\"\norder = {order}\nsubject = \"merchant\"\nkind = \"confirm\"\nactor = \"merchant\"\n\
         by = [\"owner\"]\npromise = {{ minutes = 5 }}\n{extra}\n\
         [step.zh]\ntitle = \"某\"\nwhy = \"某\"\nhow = \"某\"\nafter = \"某\"\n\
         [step.en]\ntitle = \"some\"\nwhy = \"some\"\nhow = \"some\"\nafter = \"some\"\n"
    )
}

/// A reason row on the merchant with this way out.
fn reason(code: &str, ways_out: &str) -> String {
    let texts = |t: &str| {
        format!(
            "title = \"{t}\"\npublic = \"{t}\"\nmerchant = \"{t}\"\nagent = \"{t}\"\ndesk = \"{t}\"\nslip = \"{t}\"\n"
        )
    };
    format!(
        "\n[[reason]]\ncode = \"{code}\"\nsubject = \"merchant\"\nstanding = \"stopped\"\nblocks = [\"sale\"]\nresponse_code = \"97\"\n\
         ground = {{ kind = \"operation\", source = {{ zh = \"某\", en = \"some\" }} }}\ndisclosure = \"full\"\nplace = [\"system\"]\n\
         lift = {{ by = [], approvals = 1 }}\nappealable = true\nways_out = {ways_out}\n[reason.zh]\n{}[reason.en]\n{}",
        texts("某"),
        texts("some")
    )
}

fn with(steps: &str, reasons: &str) -> Vec<(String, String)> {
    let mut files = added("steps.toml", steps);
    files
        .iter_mut()
        .find(|(n, _)| n == "reasons/agent.toml")
        .unwrap()
        .1
        .push_str(reasons);
    files
}

#[test]
fn a_planted_dead_end_is_found_with_its_path() {
    let catalog = Catalog::embedded().unwrap();
    let sign = catalog.steps.get("sign_contract").unwrap();
    assert_eq!(sign.moves, ["contract.sign"]);
    let files = planted("steps.toml", "moves = [\"contract.sign\"]", "moves = []");
    let found = findings(&files);
    let dead = found
        .iter()
        .find(|f| matches!(&f.fault, Fault::DeadEnd(r) if r == "contract.unsigned"));
    let dead = dead.unwrap_or_else(|| panic!("not found among {found:?}"));
    assert_eq!(dead.start, ["contract is draft"]);
    assert!(dead.path.contains(&"sign_contract".to_owned()), "{dead}");
}

#[test]
fn steps_that_bring_each_other_back_are_found() {
    let steps = step("loop_a", 900, "places = [\"test.b\"]") + &step("loop_b", 901, "places = [\"test.a\"]");
    let reasons = reason("test.a", "[[\"loop_a\"]]") + &reason("test.b", "[[\"loop_b\"]]");
    let found = findings(&with(&steps, &reasons));
    assert!(found.iter().any(|f| f.fault == Fault::Limbo), "{found:?}");
}

#[test]
fn a_step_asked_twice_is_found() {
    let steps = step("ask", 300, "") + &step("later", 400, "places = [\"test.b\"]");
    let reasons = reason("test.a", "[[\"ask\", \"later\"]]") + &reason("test.b", "[[\"ask\"]]");
    let found = findings(&with(&steps, &reasons));
    assert!(
        found.iter().any(|f| f.fault == Fault::AskedTwice("ask".into())),
        "{found:?}"
    );
}

#[test]
fn evidence_asked_after_the_review_is_found() {
    let steps = step("late", 120, "") + &step("agree", 300, "places = [\"test.b\"]");
    let reasons =
        reason("test.a", "[[\"wait_for_review\", \"agree\"]]") + &reason("test.b", "[[\"late\", \"wait_for_review\"]]");
    let found = findings(&with(&steps, &reasons));
    assert!(
        found.iter().any(|f| matches!(&f.fault, Fault::LateEvidence(s) | Fault::AskedTwice(s) if s == "late" || s == "wait_for_review")),
        "{found:?}"
    );
}

#[test]
fn causes_that_hide_each_other_are_found() {
    let hide = |code: &str, other: &str| {
        reason(code, "[[\"supply_documents\"]]").replace(
            "appealable = true",
            &format!("appealable = true\nhides = [\"{other}\"]"),
        )
    };
    let reasons = hide("test.a", "test.b") + &hide("test.b", "test.a");
    let found = findings(&with("", &reasons));
    assert!(found.iter().any(|f| f.fault == Fault::NothingShown), "{found:?}");
}

#[test]
fn a_step_that_its_own_cause_makes_impossible_is_found() {
    let reasons = reason("test.a", "[[\"sign_in_terminal\"]]").replace("[\"sale\"]", "[\"sale\", \"sign_in\"]");
    let found = findings(&with("", &reasons));
    let fault = Fault::OutOfReach {
        step: "sign_in_terminal".into(),
        capability: "sign_in".into(),
    };
    assert!(found.iter().any(|f| f.fault == fault), "{found:?}");
}
