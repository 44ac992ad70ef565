//! The chain: sealing is in order and once, and every way of tampering shows.

use operations::audit::{self, Anchor, ChainReport};
use operations::refused::Refused;
use operations::trace::{self, Change};
use operations::views::Paging;
use store::Db;
use store::testing::TestDb;

use super::world::{count, ctx, databases, read, someone, system, tamper, write};

/// Writes entries in transactions of their own.
fn entries(db: &Db, ctx: &mut operations::Ctx, commands: &[&'static str]) {
    for command in commands.iter().copied() {
        write(db, ctx, move |tx, ctx| {
            let change = Change {
                command,
                merchant: "mch_1",
                kind: "merchant",
                id: "mch_1",
                before: String::new(),
                after: "x".to_owned(),
                details: serde_json::json!({}),
            };
            trace::audit(tx, ctx, change)
        })
        .unwrap();
    }
}

fn verify(db: &Db, anchors: Vec<Anchor>) -> ChainReport {
    read(db, &system(), move |tx, _| audit::verify_against(tx, &anchors)).unwrap()
}

/// Three sealed entries.
fn sealed() -> Vec<TestDb> {
    let all = databases();
    for test in &all {
        let mut ctx = system();
        entries(test.db(), &mut ctx, &["a", "b", "c"]);
        assert_eq!(write(test.db(), &mut ctx, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 3);
    }
    all
}

#[test]
fn sealing_numbers_new_entries_in_the_order_of_their_ids_and_goes_on_where_it_stopped() {
    for test in sealed() {
        let mut ctx = system();
        assert_eq!(write(test.db(), &mut ctx, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 0);
        ctx.ids = domain::ids::IdSource::seeded(2);
        entries(test.db(), &mut ctx, &["d"]);
        let tail = verify(test.db(), vec![]);
        assert_eq!(
            (tail.links, tail.unsealed, tail.oldest_unsealed_at),
            (3, 1, Some(ctx.now.millis()))
        );
        assert_eq!(write(test.db(), &mut ctx, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 1);
        let report = verify(test.db(), vec![]);
        assert_eq!((report.links, report.unsealed, report.problems), (4, 0, vec![]));
        assert_eq!(report.head.unwrap().seq, 4);
    }
}

#[test]
fn only_the_node_that_holds_the_lease_seals_until_it_goes_silent() {
    for test in databases() {
        let mut one = system();
        entries(test.db(), &mut one, &["a"]);
        one.actor.id = "system:sealer@one".to_owned();
        assert_eq!(write(test.db(), &mut one, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 1);
        entries(test.db(), &mut one, &["b"]);
        let mut two = system();
        two.actor.id = "system:sealer@two".to_owned();
        assert_eq!(write(test.db(), &mut two, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 0);
        two.now = two.now + domain::time::Duration::seconds(11);
        assert_eq!(write(test.db(), &mut two, |tx, ctx| audit::seal(tx, ctx)).unwrap(), 1);
        assert_eq!(verify(test.db(), vec![]).problems, vec![]);
    }
}

#[test]
fn sealers_racing_under_one_name_still_make_one_chain() {
    for test in databases() {
        let mut ctx = system();
        entries(test.db(), &mut ctx, &["a", "b", "c", "d"]);
        let answers: Vec<_> = (0..8)
            .map(|_| {
                let ctx = system();
                test.db().write(move |tx| audit::seal(tx, &ctx))
            })
            .collect();
        let sealed: u64 = answers.into_iter().map(|answer| answer.wait().unwrap()).sum();
        assert_eq!(sealed, 4);
        let report = verify(test.db(), vec![]);
        assert_eq!((report.links, report.problems), (4, vec![]));
    }
}

/// What someone with the database's password might do, and what the chain says to it.
const TAMPERED: &[(&str, &[&str], &[&str])] = &[
    (
        "an entry edited",
        &["update audit_entries set reason = 'another' where seq = 2"],
        &["its entry was changed"],
    ),
    (
        "an entry backdated",
        &["update audit_entries set at = at - 1 where seq = 3"],
        &["its entry was changed"],
    ),
    (
        "an entry deleted",
        &["delete from audit_entries where seq = 2"],
        &["its entry is gone"],
    ),
    (
        "an entry and its link deleted",
        &[
            "delete from audit_entries where seq = 2",
            "delete from audit_chain where seq = 2",
        ],
        &[
            "numbers before this link are missing",
            "it does not follow the link before",
        ],
    ),
    (
        "an entry deleted and the later ones moved up",
        &[
            "delete from audit_entries where seq = 2",
            "delete from audit_chain where seq = 2",
            "update audit_chain set seq = 2 where seq = 3",
            "update audit_entries set seq = 2 where seq = 3",
        ],
        &[
            "it does not follow the link before",
            "its hash is not that of its contents",
        ],
    ),
    (
        "an entry inserted under a number of its own",
        &[
            "insert into audit_entries (id, at, actor, role, command, merchant_id, subject_kind, subject_id, reason, \
             before_digest, after_digest, details, seq) \
           values ('aud_X', 1, 'a', 'r', 'c', '-', 'k', 'i', '', '-', '-', '{}', 4)",
        ],
        &["an entry has a number but no link"],
    ),
    (
        "two entries swapped",
        &["update audit_entries set seq = 5 - seq where seq in (2, 3)"],
        &[
            "its entry has another number, or none",
            "its entry has another number, or none",
        ],
    ),
    (
        "an entry taken out of the chain to be sealed anew",
        &["update audit_entries set seq = null, reason = 'another' where seq = 3"],
        &["its entry has another number, or none", "its entry was changed"],
    ),
    (
        "an entry edited and its digest with it",
        &[
            "update audit_entries set reason = 'another' where seq = 2",
            "update audit_chain set digest = 'feed' where seq = 2",
        ],
        &["its hash is not that of its contents", "its entry was changed"],
    ),
    (
        "a link's hash edited",
        &["update audit_chain set hash = 'feed' where seq = 2"],
        &[
            "its hash is not that of its contents",
            "it does not follow the link before",
        ],
    ),
];

#[test]
fn every_way_of_tampering_shows_and_an_untouched_chain_shows_nothing() {
    for test in sealed() {
        assert_eq!(verify(test.db(), vec![]).problems, vec![]);
    }
    for (what, statements, says) in TAMPERED {
        for test in sealed() {
            tamper(test.db(), statements);
            let problems = verify(test.db(), vec![]).problems;
            let found: Vec<&str> = problems.iter().map(|problem| problem.what.as_str()).collect();
            assert_eq!(found, *says, "{what}, {:?}", test.engine());
        }
    }
}

#[test]
fn a_cut_end_shows_only_against_a_head_kept_outside() {
    for test in sealed() {
        let head = verify(test.db(), vec![]).head.unwrap();
        assert_eq!(verify(test.db(), vec![head.clone()]).problems, vec![]);
        tamper(
            test.db(),
            &[
                "delete from audit_entries where seq = 3",
                "delete from audit_chain where seq = 3",
            ],
        );
        assert_eq!(verify(test.db(), vec![]).problems, vec![]);
        let problems = verify(test.db(), vec![head]).problems;
        assert_eq!(problems.len(), 1);
        assert_eq!(
            (problems[0].seq, problems[0].what.contains("anchored outside")),
            (3, true)
        );
    }
}

#[test]
fn the_log_is_read_newest_first_page_by_page_by_auditors_only() {
    for test in sealed() {
        let auditor = ctx(someone("au", "auditor"));
        let page = |cursor: Option<String>| {
            read(test.db(), &auditor, move |tx, ctx| {
                audit::list(tx, ctx, &store::audit::Filter::default(), &Paging { limit: 2, cursor })
            })
            .unwrap()
        };
        let first = page(None);
        let commands: Vec<_> = first.data.iter().map(|entry| entry.command.as_str()).collect();
        assert_eq!((commands, first.has_more), (vec!["c", "b"], true));
        assert_eq!((first.data[0].seq, first.data[0].hash.len()), (Some(3), 64));
        let last = page(first.next_cursor);
        assert_eq!((last.data.len(), last.has_more, last.next_cursor), (1, false, None));

        let desk = ctx(someone("de", "desk"));
        let refused = read(test.db(), &desk, |tx, ctx| {
            audit::list(tx, ctx, &store::audit::Filter::default(), &Paging::default())
        });
        assert!(matches!(
            refused,
            Err(Refused::NotPermitted {
                permission: "audit_read",
                ..
            })
        ));
        assert_eq!(count(test.db(), "audit_entries"), 3);
    }
}
