//! A repeated call does nothing twice.

use domain::time::Duration;
use operations::once::{self, Begun, KEPT_DAYS_MONEY};
use operations::refused::Refused;

use super::world::{count, databases, system, write};

fn begin(db: &store::Db, ctx: &mut operations::Ctx, scope: &'static str, fingerprint: &'static str) -> Begun {
    write(db, ctx, move |tx, ctx| {
        once::begin(tx, scope, "k1", fingerprint, ctx.now)
    })
    .unwrap()
}

#[test]
fn the_first_answer_is_given_again_and_another_call_under_the_key_is_refused() {
    for test in databases() {
        let mut ctx = system();
        write(test.db(), &mut ctx, |tx, ctx| {
            assert_eq!(once::begin(tx, "mch_1", "k1", "f1", ctx.now)?, Begun::Fresh);
            once::finish(tx, "mch_1", "k1", "f1", 201, "{\"id\":\"stp_1\"}")
        })
        .unwrap();
        let replay = Begun::Replay {
            status: 201,
            body: "{\"id\":\"stp_1\"}".to_owned(),
        };
        assert_eq!(begin(test.db(), &mut ctx, "mch_1", "f1"), replay);
        assert_eq!(begin(test.db(), &mut ctx, "mch_1", "f2"), Begun::Mismatch);
        assert_eq!(
            begin(test.db(), &mut ctx, "mch_2", "f1"),
            Begun::Fresh,
            "another tenant's key is another key"
        );
        assert_eq!(
            begin(test.db(), &mut ctx, "mch_2", "f1"),
            Begun::InProgress,
            "nobody finished that one"
        );
    }
}

#[test]
fn a_refused_call_keeps_nothing_and_can_be_tried_again() {
    for test in databases() {
        let mut ctx = system();
        let refused = write(test.db(), &mut ctx, |tx, ctx| -> Result<(), Refused> {
            assert_eq!(once::begin(tx, "mch_1", "k1", "f1", ctx.now)?, Begun::Fresh);
            Err(Refused::conflict(
                "terminal",
                "trm_1",
                domain::names::Text::new("not now", "not now"),
            ))
        });
        assert!(refused.is_err());
        assert_eq!(begin(test.db(), &mut ctx, "mch_1", "f1"), Begun::Fresh);
    }
}

#[test]
fn of_many_equal_calls_at_once_one_is_carried_out() {
    for test in databases() {
        let now = system().now;
        let answers: Vec<_> = (0..12)
            .map(|_| {
                test.db().write(move |tx| {
                    let begun = once::begin(tx, "mch_1", "k1", "f1", now)?;
                    if begun == Begun::Fresh {
                        once::finish(tx, "mch_1", "k1", "f1", 200, "done")?;
                    }
                    Ok::<_, Refused>(begun)
                })
            })
            .collect();
        let begun: Vec<Begun> = answers.into_iter().map(|answer| answer.wait().unwrap()).collect();
        assert_eq!(begun.iter().filter(|begun| **begun == Begun::Fresh).count(), 1);
        let replay = Begun::Replay {
            status: 200,
            body: "done".to_owned(),
        };
        assert_eq!(begun.iter().filter(|begun| **begun == replay).count(), 11);
    }
}

#[test]
fn answers_are_kept_seven_days_and_those_about_money_thirty() {
    for test in databases() {
        let mut ctx = system();
        write(test.db(), &mut ctx, |tx, ctx| {
            once::begin(tx, "mch_1", "k1", "f1", ctx.now)?;
            once::finish(tx, "mch_1", "k1", "f1", 200, "a")?;
            once::begin_kept(tx, "mch_1", "k2", "f1", ctx.now, KEPT_DAYS_MONEY)?;
            once::finish(tx, "mch_1", "k2", "f1", 200, "b")
        })
        .unwrap();
        ctx.now = ctx.now + Duration::days(7) - Duration::millis(1);
        assert!(matches!(
            begin(test.db(), &mut ctx, "mch_1", "f1"),
            Begun::Replay { .. }
        ));
        ctx.now = ctx.now + Duration::millis(1);
        assert_eq!(
            begin(test.db(), &mut ctx, "mch_1", "f9"),
            Begun::Fresh,
            "forgotten, so any call may take the key"
        );
        ctx.now = ctx.now + Duration::days(22);
        assert_eq!(
            write(test.db(), &mut ctx, |tx, ctx| once::sweep(tx, ctx.now)).unwrap(),
            1
        );
        assert_eq!(count(test.db(), "idempotency"), 1);
        ctx.now = ctx.now + Duration::days(1);
        assert_eq!(
            write(test.db(), &mut ctx, |tx, ctx| once::sweep(tx, ctx.now)).unwrap(),
            1
        );
    }
}

#[test]
fn a_fingerprint_sees_content_not_spelling() {
    let one = once::fingerprint("post", "/v1/stops", br#"{"a": 1, "b": {"y": [1, 2], "x": null}}"#);
    let same = once::fingerprint("POST", "/v1/stops", br#"{"b":{"x":null,"y":[1,2]},"a":1}"#);
    assert_eq!(one, same);
    for (method, path, body) in [
        ("PUT", "/v1/stops", r#"{"b":{"x":null,"y":[1,2]},"a":1}"#),
        ("POST", "/v1/stop", r#"{"b":{"x":null,"y":[1,2]},"a":1}"#),
        ("POST", "/v1/stops", r#"{"b":{"x":null,"y":[2,1]},"a":1}"#),
        ("POST", "/v1/stops", r#"{"b":{"x":null,"y":[1,2]},"a":"1"}"#),
    ] {
        assert_ne!(
            once::fingerprint(method, path, body.as_bytes()),
            one,
            "{method} {path} {body}"
        );
    }
    assert_ne!(
        once::fingerprint("POST", "/", b"\xff\xfe"),
        once::fingerprint("POST", "/", b"\xff")
    );
}

#[test]
fn a_key_is_one_to_255_characters() {
    for test in databases() {
        for (key, fine) in [
            (String::new(), false),
            ("k".repeat(255), true),
            ("k".repeat(256), false),
        ] {
            let begun = write(test.db(), &mut system(), move |tx, ctx| {
                once::begin(tx, "s", &key, "f", ctx.now)
            });
            assert_eq!(begun.is_ok(), fine, "{begun:?}");
        }
    }
}
