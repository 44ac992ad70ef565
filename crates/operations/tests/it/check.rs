//! A whole world violates nothing; the smallest change that breaks an invariant shows under that invariant alone.

mod corruptors;
mod made;

use std::collections::BTreeSet;

use operations::check::{self, INVARIANTS, Violation};
use operations::refused::Refused;
use store::Db;

use super::world::{platform, system};
use corruptors::CORRUPTORS;
use made::worlds;

/// Breaks the world, checks it, and undoes the break.
fn broken(db: &Db, statements: &'static [&'static str]) -> Vec<Violation> {
    let (platform, now) = (platform(), system().now);
    let found = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&found);
    let undone = db
        .write(move |tx| -> Result<(), Refused> {
            for sql in statements {
                tx.run(sql, store::args![])?;
            }
            *told.lock().unwrap() = check::check(tx, &platform, now)?;
            Err(Refused::conflict(
                "world",
                "broken",
                domain::names::Text::new("and mended", "and mended"),
            ))
        })
        .wait();
    assert!(
        matches!(undone, Err(Refused::Conflict { what: "world", .. })),
        "{statements:?}: {undone:?}"
    );
    std::mem::take(&mut *found.lock().unwrap())
}

#[test]
fn a_whole_world_violates_nothing() {
    for test in worlds() {
        assert_eq!(broken(test.db(), &[]), vec![]);
    }
}

#[test]
fn the_smallest_break_shows_under_its_own_invariant_and_no_other() {
    for test in worlds() {
        for (title, statements) in CORRUPTORS {
            let id = INVARIANTS
                .iter()
                .find(|invariant| invariant.title == *title)
                .unwrap()
                .id;
            let violations = broken(test.db(), statements);
            let ids: BTreeSet<&str> = violations.iter().map(|v| v.invariant.as_str()).collect();
            assert_eq!(
                ids,
                BTreeSet::from([id]),
                "{title}, {:?}: {violations:?}",
                test.engine()
            );
        }
    }
}

#[test]
fn every_invariant_has_a_break_that_shows_it() {
    for invariant in INVARIANTS {
        assert!(
            CORRUPTORS.iter().any(|(title, _)| *title == invariant.title),
            "nothing breaks «{}»",
            invariant.title
        );
    }
}

#[test]
fn a_violation_says_where_what_was_expected_and_what_is_there() {
    for test in worlds() {
        let violations = broken(test.db(), &["delete from review_decisions where person_id = 'per_3'"]);
        let text = |text: &str| text.to_owned();
        assert_eq!(
            violations,
            [Violation {
                invariant: text("INV-S03"),
                key: text("mch_1/rvw_1"),
                expected: text("2 different people"),
                found: text("1"),
            }]
        );
    }
}
