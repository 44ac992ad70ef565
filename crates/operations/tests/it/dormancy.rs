//! A terminal without a sale: told, verified again, stopped; and what starts its clock anew.

use domain::stages::SubjectKind;
use domain::time::{Span, Time};
use operations::dormancy::{self, Swept};
use operations::explain::{self, Ask, Audience};
use operations::requests::{self, Open, Submit};
use operations::{Actor, Ctx, moves, stops, terminals};
use store::{Db, args};

use super::estate::{self, Estate};
use super::world::{at, count, databases, read, someone, system, write};

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

/// The owner plans a pause until the morning of a day, through the request for it.
fn pause(db: &Db, ctx: &mut Ctx, estate: &Estate, when: &str, until: &str) -> Result<(), operations::Refused> {
    let before = ctx.actor.clone();
    ctx.now = at(when);
    ctx.actor = Actor {
        merchant: estate.merchant.clone(),
        ..someone("chen", "owner")
    };
    let (merchant, until) = (estate.merchant.clone(), until.to_owned());
    let paused = write(db, ctx, move |tx, ctx| {
        let open = Open {
            kind: "pause".into(),
            merchant: merchant.clone(),
            subject_kind: "merchant".into(),
            subject_id: merchant.clone(),
            ..Open::default()
        };
        let request = requests::open(tx, ctx, open)?;
        let submit = Submit {
            merchant: merchant.clone(),
            request: request.id,
            step: "plan_pause".into(),
            fields: vec![("pause_until".into(), until.clone())],
            ..Submit::default()
        };
        requests::submit(tx, ctx, submit).map(|_| ())
    });
    ctx.actor = before;
    paused
}

#[test]
fn a_season_the_owner_planned_to_be_closed_does_not_count_as_disuse() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let sold = Some("2025-09-30T18:00:00+08:00");
        let estate = idle_since(db, &mut ctx, "2025-05-01T09:00:00+08:00", sold);
        // A beach bar closes from October to April. One month of disuse had passed when the pause began.
        pause(db, &mut ctx, &estate, "2025-10-31T18:00:00+08:00", "2026-04-01").unwrap();
        assert_eq!(told(db, &ctx, &estate).0, ["merchant.paused_by_owner"]);
        for month in ["2025-12-20", "2026-01-15", "2026-03-31"] {
            assert_eq!(
                sweep(db, &mut ctx, &format!("{month}T08:00:00+08:00")),
                NOTHING,
                "{month}"
            );
        }
        sweep(db, &mut ctx, "2026-04-01T00:00:00+08:00");
        assert_eq!(told(db, &ctx, &estate), (vec![], vec![]), "open again by itself");
        assert_eq!(sweep(db, &mut ctx, "2026-05-10T08:00:00+08:00"), NOTHING);
        // 30 September, the 151 days and six hours of the pause, and three months: 1 June, told fifteen days ahead.
        assert_eq!(sweep(db, &mut ctx, "2026-05-17T08:00:00+08:00"), ONE_NOTICED);
        let (_, coming) = told(db, &ctx, &estate);
        assert_eq!(
            coming,
            [self::coming("merchant.dormant_recheck", "2026-06-01T00:00:00+08:00")]
        );
    }
}

#[test]
fn the_last_limit_of_the_law_runs_through_a_pause() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let sold = Some("2025-03-01T12:00:00+08:00");
        let estate = idle_since(db, &mut ctx, "2025-02-01T09:00:00+08:00", sold);
        pause(db, &mut ctx, &estate, "2025-05-01T09:00:00+08:00", "2026-04-30").unwrap();
        assert_eq!(sweep(db, &mut ctx, "2026-01-29T12:00:00+08:00"), NOTHING);
        assert_eq!(
            sweep(db, &mut ctx, "2026-01-30T12:00:00+08:00"),
            ONE_NOTICED,
            "thirty days ahead"
        );
        let (_, coming) = told(db, &ctx, &estate);
        assert_eq!(
            coming,
            [self::coming("merchant.dormant_stopped", "2026-03-01T12:00:00+08:00")]
        );
    }
}

#[test]
fn what_was_announced_is_called_off_by_a_pause_and_a_pause_has_its_bounds() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let sold = Some("2025-08-31T12:00:00+08:00");
        let estate = idle_since(db, &mut ctx, "2025-08-01T09:00:00+08:00", sold);
        assert_eq!(sweep(db, &mut ctx, "2025-11-20T12:00:00+08:00"), ONE_NOTICED);
        for until in ["2025-11-20", "2027-01-01"] {
            let refused = pause(db, &mut ctx, &estate, "2025-11-20T13:00:00+08:00", until);
            assert!(
                matches!(refused, Err(operations::Refused::Invalid(_))),
                "{until}: {refused:?}"
            );
        }
        pause(db, &mut ctx, &estate, "2025-11-20T13:00:00+08:00", "2026-03-01").unwrap();
        assert_eq!(events(db, "stop.cancelled"), 1);
        assert_eq!(sweep(db, &mut ctx, "2025-12-05T12:00:00+08:00"), NOTHING);
        assert_eq!(
            told(db, &ctx, &estate),
            (vec!["merchant.paused_by_owner".to_owned()], vec![])
        );
        let twice = pause(db, &mut ctx, &estate, "2025-12-06T13:00:00+08:00", "2026-03-01");
        assert!(matches!(twice, Err(operations::Refused::Conflict { .. })), "{twice:?}");
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
