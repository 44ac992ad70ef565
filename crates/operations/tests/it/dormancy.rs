//! A terminal without a sale: told, verified again, stopped; and what starts its clock anew.

use domain::stages::SubjectKind;
use domain::time::{Span, Time};
use operations::dormancy::{self, Swept};
use operations::explain::{self, Ask, Audience};
use operations::{Ctx, moves, stops, terminals};
use store::{Db, args};

use super::estate::{self, Estate};
use super::world::{at, count, databases, read, system, write};

/// A healthy terminal that entered the network, and sold last, at these moments.
fn idle_since(db: &Db, ctx: &mut Ctx, opened: &str, sold: Option<&str>) -> Estate {
    ctx.now = at(opened);
    let estate = write(db, ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
    if let Some(sold) = sold {
        sell(db, ctx, &estate, sold);
    }
    estate
}

fn sell(db: &Db, ctx: &mut Ctx, estate: &Estate, when: &str) {
    ctx.now = at(when);
    let estate = estate.clone();
    write(db, ctx, move |tx, ctx| {
        terminals::note_sale(tx, ctx, &estate.merchant, &estate.terminal, ctx.now)
    })
    .unwrap();
}

fn sweep(db: &Db, ctx: &mut Ctx, when: &str) -> Swept {
    ctx.now = at(when);
    let swept = write(db, ctx, |tx, ctx| dormancy::sweep(tx, ctx, 100)).unwrap();
    write(db, ctx, |tx, ctx| stops::tick(tx, ctx, 100)).unwrap();
    swept
}

/// Causes in force and causes announced with their start, as the merchant would read them.
fn told(db: &Db, ctx: &Ctx, estate: &Estate) -> (Vec<String>, Vec<(String, Option<i64>)>) {
    let (estate, mut ctx) = (estate.clone(), ctx.clone());
    let told = read(db, &system(), move |tx, _| {
        explain::by_number(tx, &mut ctx, &estate.number, &Ask::default(), Audience::Desk)
    })
    .unwrap();
    let now = told.causes.into_iter().map(|c| c.reason).collect();
    (now, told.warnings.into_iter().map(|c| (c.reason, c.since)).collect())
}

fn events(db: &Db, kind: &'static str) -> i64 {
    let asked = db.read(move |tx| {
        tx.one("select count(*) from events where kind = $1", args![kind])?
            .take(0)
    });
    asked.wait().map_err(|e: store::Error| e).unwrap()
}

/// A cause announced for a moment.
fn coming(reason: &str, when: &str) -> (String, Option<i64>) {
    (reason.to_owned(), Some(at(when).millis()))
}

const NOTHING: Swept = Swept { noticed: 0, stopped: 0 };
const ONE_NOTICED: Swept = Swept { noticed: 1, stopped: 0 };
const ONE_STOPPED: Swept = Swept { noticed: 0, stopped: 1 };

#[test]
fn the_ladder_from_notice_to_stop() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        // 31 August and three months is 30 November.
        let estate = idle_since(
            db,
            &mut ctx,
            "2025-08-01T09:00:00+08:00",
            Some("2025-08-31T12:00:00+08:00"),
        );
        assert_eq!(
            sweep(db, &mut ctx, "2025-11-15T11:59:59+08:00"),
            NOTHING,
            "fifteen days before, not earlier"
        );
        assert_eq!(sweep(db, &mut ctx, "2025-11-15T12:00:00+08:00"), ONE_NOTICED);
        let announced = coming("merchant.dormant_recheck", "2025-11-30T12:00:00+08:00");
        assert_eq!(told(db, &ctx, &estate), (vec![], vec![announced]));
        assert_eq!(events(db, "dormancy.noticed"), 1);

        sweep(db, &mut ctx, "2025-11-30T12:00:00+08:00");
        assert_eq!(told(db, &ctx, &estate).0, ["merchant.dormant_recheck"]);

        assert_eq!(
            sweep(db, &mut ctx, "2026-01-29T12:00:00+08:00"),
            ONE_NOTICED,
            "thirty days before 28 February"
        );
        let announced = coming("device.dormant_stopped", "2026-02-28T12:00:00+08:00");
        assert_eq!(told(db, &ctx, &estate).1, [announced]);
        assert_eq!(
            sweep(db, &mut ctx, "2026-03-01T12:00:00+08:00"),
            NOTHING,
            "it was announced before"
        );
        assert_eq!(
            told(db, &ctx, &estate).0,
            ["device.dormant_stopped"],
            "the longer rung hides the shorter"
        );

        assert_eq!(sweep(db, &mut ctx, "2026-08-01T12:00:00+08:00"), ONE_NOTICED);
        sweep(db, &mut ctx, "2026-08-31T12:00:00+08:00");
        assert_eq!(
            told(db, &ctx, &estate),
            (vec!["merchant.dormant_stopped".to_owned()], vec![])
        );
    }
}

#[test]
fn a_run_again_at_the_same_time_changes_no_row() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        idle_since(
            db,
            &mut ctx,
            "2025-08-01T09:00:00+08:00",
            Some("2025-08-31T12:00:00+08:00"),
        );
        let when = "2025-11-20T08:00:00+08:00";
        assert_eq!(sweep(db, &mut ctx, when), ONE_NOTICED);
        let rows = |db| ["stops", "events", "audit_entries", "outbox"].map(|table| count(db, table));
        let before = rows(db);
        assert_eq!(sweep(db, &mut ctx, when), NOTHING);
        assert_eq!(rows(db), before);
    }
}

#[test]
fn a_day_missed_by_the_runs_is_made_up_at_once() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = idle_since(db, &mut ctx, "2025-08-01T09:00:00+08:00", None);
        assert_eq!(
            sweep(db, &mut ctx, "2025-12-01T09:00:00+08:00"),
            ONE_STOPPED,
            "it never sold: counted from its entry"
        );
        assert_eq!(told(db, &ctx, &estate).0, ["merchant.dormant_recheck"]);
        assert_eq!(events(db, "dormancy.recheck_due"), 1);
    }
}

#[test]
fn a_sale_cancels_what_was_announced() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = idle_since(
            db,
            &mut ctx,
            "2025-08-01T09:00:00+08:00",
            Some("2025-08-31T12:00:00+08:00"),
        );
        sweep(db, &mut ctx, "2025-11-20T08:00:00+08:00");
        sell(db, &mut ctx, &estate, "2025-11-21T18:00:00+08:00");
        assert_eq!(told(db, &ctx, &estate), (vec![], vec![]));
        assert_eq!((events(db, "stop.cancelled"), events(db, "dormancy.woken")), (1, 1));
        assert_eq!(
            sweep(db, &mut ctx, "2026-02-05T08:00:00+08:00"),
            NOTHING,
            "the clock started anew"
        );
        assert_eq!(sweep(db, &mut ctx, "2026-02-07T08:00:00+08:00"), ONE_NOTICED);
    }
}

#[test]
fn a_verification_resets_three_months_and_nothing_else() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = idle_since(
            db,
            &mut ctx,
            "2025-08-01T09:00:00+08:00",
            Some("2025-08-31T12:00:00+08:00"),
        );
        ctx.now = at("2025-11-10T09:00:00+08:00");
        let place = estate.clone();
        write(db, &mut ctx, move |tx, ctx| {
            terminals::note_verified(tx, ctx, &place.merchant, &place.terminal)
        })
        .unwrap();
        assert_eq!(sweep(db, &mut ctx, "2025-12-15T09:00:00+08:00"), NOTHING);
        assert_eq!(
            sweep(db, &mut ctx, "2026-01-29T12:00:00+08:00"),
            Swept { noticed: 2, stopped: 0 }
        );
        let warned = told(db, &ctx, &estate).1;
        assert!(warned.contains(&coming("merchant.dormant_recheck", "2026-02-10T09:00:00+08:00")));
        assert!(warned.contains(&coming("device.dormant_stopped", "2026-02-28T12:00:00+08:00")));
    }
}

#[test]
fn a_terminal_woken_from_a_stop_has_that_rungs_time_again() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = idle_since(
            db,
            &mut ctx,
            "2025-08-01T09:00:00+08:00",
            Some("2025-08-31T12:00:00+08:00"),
        );
        sweep(db, &mut ctx, "2026-03-01T09:00:00+08:00");
        let number = estate.number.clone();
        let back = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| {
            operations::trigger::reason(tx, ctx, "device.dormant_stopped", &number, true)
        };
        write(db, &mut ctx, back).unwrap();
        assert_eq!(told(db, &ctx, &estate), (vec![], vec![]), "its symptom went with it");
        assert_eq!(
            sweep(db, &mut ctx, "2026-03-02T09:00:00+08:00"),
            NOTHING,
            "not stopped again the next day"
        );
        assert_eq!(
            sweep(db, &mut ctx, "2026-05-18T09:00:00+08:00"),
            ONE_NOTICED,
            "three months after the verification"
        );
    }
}

#[test]
fn spare_withdrawn_and_closed_are_left_alone() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = idle_since(db, &mut ctx, "2025-08-01T09:00:00+08:00", None);
        super::world::tamper(db, &["update terminals set spare = true"]);
        assert_eq!(sweep(db, &mut ctx, "2026-09-01T09:00:00+08:00"), NOTHING);
        super::world::tamper(db, &["update terminals set spare = false"]);
        let place = estate.clone();
        write(db, &mut ctx, move |tx, ctx| {
            moves::apply(
                tx,
                ctx,
                &place.merchant,
                SubjectKind::Terminal,
                &place.terminal,
                "withdraw",
            )
        })
        .unwrap();
        assert_eq!(sweep(db, &mut ctx, "2026-09-01T09:00:00+08:00"), NOTHING);
        let place = estate.clone();
        write(db, &mut ctx, move |tx, ctx| {
            moves::apply(
                tx,
                ctx,
                &place.merchant,
                SubjectKind::Terminal,
                &place.terminal,
                "reopen",
            )?;
            moves::apply(
                tx,
                ctx,
                &place.merchant,
                SubjectKind::Merchant,
                &place.merchant,
                "clear_out",
            )
        })
        .unwrap();
        assert_eq!(sweep(db, &mut ctx, "2026-09-01T09:00:00+08:00"), NOTHING);
    }
}

#[test]
fn only_due_rows_are_looked_at() {
    let test = store::testing::sqlite();
    let db = test.db();
    db.migrate(store::schema::MIGRATIONS).unwrap();
    let plan: Vec<String> = db
        .read(|tx| {
            let rows = tx.all(
                "explain query plan select t.id from terminals t where t.stage = 'live' and not t.spare \
                 and coalesce(t.last_sale_at, t.opened_at) <= $1 order by coalesce(t.last_sale_at, t.opened_at)",
                args![1],
            )?;
            rows.iter()
                .map(|row| row.take::<String>(3))
                .collect::<Result<Vec<_>, store::Error>>()
        })
        .wait()
        .unwrap();
    assert!(plan.iter().any(|step| step.contains("terminals_idle")), "{plan:?}");
}

#[test]
fn the_clock_counts_local_days() {
    let zone = domain::time::Zone::default();
    let since = Time::parse_rfc3339("2026-01-31T23:30:00+08:00").unwrap();
    let later = zone.add(since, Span::months(1));
    assert_eq!(zone.rfc3339(later), "2026-02-28T23:30:00+08:00");
}
