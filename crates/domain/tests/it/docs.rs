//! The pages of `docs/` that are drawn from the tables. `UPDATE=1 cargo nextest run -p domain` writes them anew; the
//! difference is what a reviewer reads.

use std::fmt::Write as _;
use std::path::PathBuf;

use domain::catalog::Catalog;
use domain::stages::MACHINES;

fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "docs/{name} is out of date: run `UPDATE=1 cargo nextest run -p domain` and read the difference"
    );
}

#[test]
fn the_lifecycles_page_shows_the_tables() {
    let catalog = Catalog::embedded().unwrap();
    let mut page = String::from(
        "# Lifecycles\n\nDrawn from the stage tables; what is not shown is refused. A stage marked ■ implies the reason \
         beside it while it lasts.\n",
    );
    for machine in MACHINES {
        let _ = write!(
            page,
            "\n## {}\n\n```mermaid\nstateDiagram-v2\n    [*] --> {}\n",
            machine.of.code(),
            machine.start
        );
        for row in machine.rows {
            let _ = writeln!(page, "    {} --> {}: {}", row.0, row.2, row.1);
        }
        page.push_str("```\n\n| stage | 中文 | English | implies |\n|---|---|---|---|\n");
        for stage in machine.stages() {
            let row = catalog.stages.get(&(machine.of, stage.to_owned())).unwrap();
            let implies = row.implies.as_ref().map_or(String::new(), |r| format!("■ `{r}`"));
            let _ = writeln!(page, "| `{stage}` | {} | {} | {implies} |", row.name.zh, row.name.en);
        }
    }
    golden("lifecycles.md", &page);
}

#[test]
fn the_reasons_page_shows_the_catalogue() {
    let catalog = Catalog::embedded().unwrap();
    let mut page = String::from(
        "# Reasons\n\nDrawn from `catalog/reasons/`. F39 is what the terminal is answered; «approvals» is how many people \
         who did not ask for it must agree before it is lifted.\n\n\
         | reason | on | 中文 | English | F39 | blocks | first way out | approvals |\n|---|---|---|---|---|---|---|---|\n",
    );
    for reason in catalog.reasons.values() {
        let way = if reason.r#final {
            "final; open to an appeal".to_owned()
        } else {
            let steps = reason
                .ways_out
                .first()
                .into_iter()
                .flatten()
                .filter_map(|s| catalog.steps.get(s));
            steps.map(|s| s.en.title.as_str()).collect::<Vec<_>>().join(" → ")
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {way} | {} |",
            reason.code,
            reason.subject.code(),
            reason.zh.title,
            reason.en.title,
            reason.response_code.as_deref().unwrap_or("–"),
            reason.blocks.join(" "),
            reason.lift.approvals
        );
    }
    golden("reasons.md", &page);
}
