//! Every reason of the catalogue on demand: shown, alone, by the terminal's number; and gone again.

use domain::time::Duration;
use operations::explain::{self, Ask, Audience};
use operations::refused::{Done, Refused};
use operations::views::Explanation;
use operations::{Ctx, gates, trigger};
use store::{Db, Engine};

use super::estate::{self, Estate};
use super::world::{databases, platform, read, system, write};

fn asked(db: &Db, ctx: &Ctx, number: &str) -> Explanation {
    let number = number.to_owned();
    let mut ctx = ctx.clone();
    read(db, &system(), move |tx, _| {
        explain::by_number(tx, &mut ctx, &number, &Ask::default(), Audience::Desk)
    })
    .unwrap()
}

fn triggered(db: &Db, ctx: &mut Ctx, code: &str, number: &str, restore: bool) -> Done<trigger::Triggered> {
    let (code, number) = (code.to_owned(), number.to_owned());
    write(db, ctx, move |tx, ctx| {
        trigger::reason(tx, ctx, &code, &number, restore)
    })
}

fn sells(db: &Db, ctx: &mut Ctx, estate: &Estate) -> bool {
    let estate = estate.clone();
    write(db, ctx, move |tx, ctx| {
        gates::may(tx, ctx, &estate.merchant, &estate.terminal, "sale")
    })
    .unwrap()
}

/// Reasons worth their time on the second engine too: a stop of each kind of subject, a stage of each machine.
const SAMPLE: &[&str] = &[
    "platform.maintenance",
    "region.out_of_licence",
    "agent.ended",
    "merchant.licence_expired",
    "merchant.closing",
    "merchant.application_rejected",
    "contract.unsigned",
    "settlement.account_invalid",
    "shop.closed",
    "merchant.dormant_stopped",
    "registration.withdrawn",
    "device.replaced",
    "device.not_activated",
    "device.certification_expired",
    "merchant.closed",
];

#[test]
fn every_reason_can_be_provoked_is_shown_alone_and_goes_again() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let codes: Vec<String> = platform().catalog.reasons.keys().cloned().collect();
        for (n, code) in codes.iter().enumerate() {
            if test.engine() == Engine::Postgres && !SAMPLE.contains(&code.as_str()) {
                continue;
            }
            let estate = write(db, &mut ctx, move |tx, ctx| estate::build(tx, ctx, n)).unwrap();
            assert!(sells(db, &mut ctx, &estate), "{code}: the terminal sells before");
            let reason = ctx.catalog().reasons[code].clone();
            let stops_sale = ctx.catalog().blocked_by(code).has(ctx.catalog().bit("sale").unwrap());

            triggered(db, &mut ctx, code, &estate.number, false).unwrap();
            let shown = asked(db, &ctx, &estate.number);
            let causes: Vec<&str> = shown.causes.iter().map(|c| c.reason.as_str()).collect();
            assert_eq!(causes, [code.as_str()], "exactly this cause is shown");
            assert_eq!(sells(db, &mut ctx, &estate), !stops_sale, "{code}: the gate agrees");
            assert_eq!(shown.causes[0].r#final, reason.r#final);

            let back = triggered(db, &mut ctx, code, &estate.number, true);
            if reason.r#final {
                assert!(
                    matches!(back, Err(Refused::Conflict { .. })),
                    "{code}: nothing brings it back"
                );
                assert!(
                    shown.plan.finals.contains(code) || !stops_sale,
                    "{code}: told to be final"
                );
                continue;
            }
            let did = back.unwrap_or_else(|e| panic!("{code}: {e}")).did;
            let left: Vec<String> = asked(db, &ctx, &estate.number)
                .causes
                .into_iter()
                .map(|c| c.reason)
                .collect();
            assert!(left.is_empty(), "{code}: after {did:?} there is still {left:?}");
            assert!(
                sells(db, &mut ctx, &estate),
                "{code}: the terminal sells again after {did:?}"
            );
        }
    }
}

#[test]
fn a_maintenance_window_ends_by_itself() {
    let test = store::testing::sqlite();
    let db = test.db();
    db.migrate(store::schema::MIGRATIONS).unwrap();
    let mut ctx = system();
    let estate = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
    triggered(db, &mut ctx, "platform.maintenance", &estate.number, false).unwrap();
    assert!(!sells(db, &mut ctx, &estate));
    ctx.now = ctx.now + Duration::hours(2);
    assert!(
        sells(db, &mut ctx, &estate),
        "two hours later nobody has to do anything"
    );
}

#[test]
fn only_who_may_test_triggers_and_only_what_exists() {
    let test = store::testing::sqlite();
    let db = test.db();
    db.migrate(store::schema::MIGRATIONS).unwrap();
    let mut ctx = system();
    let estate = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
    let mut desk = super::world::ctx(super::world::someone("desk", "desk"));
    let refused = triggered(db, &mut desk, "merchant.risk_review", &estate.number, false);
    assert!(matches!(
        refused,
        Err(Refused::NotPermitted {
            permission: "test_clock",
            ..
        })
    ));
    for (code, number) in [
        ("merchant.no_such_thing", estate.number.as_str()),
        ("merchant.risk_review", "99999999"),
    ] {
        let refused = triggered(db, &mut ctx, code, number, false);
        assert!(matches!(refused, Err(Refused::NotFound { .. })), "{code} {number}");
    }
    triggered(db, &mut ctx, "merchant.risk_review", &estate.number, false).unwrap();
    let twice = triggered(db, &mut ctx, "merchant.risk_review", &estate.number, false);
    assert!(matches!(twice, Err(Refused::Conflict { .. })), "it is under it already");
}
