//! Leases pass on with a higher token, and a job is done once.

use domain::time::Duration;
use operations::jobs::{self, ATTEMPTS, NewJob};
use operations::refused::Refused;
use store::Db;

use super::world::{databases, system, write};

fn enqueue(db: &Db, ctx: &mut operations::Ctx, dedupe: &'static str) -> bool {
    write(db, ctx, move |tx, ctx| {
        let job = NewJob {
            bucket: 0,
            kind: "sweep",
            dedupe,
            payload: serde_json::json!({}),
            run_at: ctx.now,
        };
        jobs::enqueue(tx, ctx, job)
    })
    .unwrap()
}

fn claim(db: &Db, ctx: &mut operations::Ctx, holder: &'static str) -> Option<store::jobs::JobRow> {
    write(db, ctx, move |tx, ctx| {
        jobs::claim(tx, "sweep", holder, Duration::seconds(30), ctx.now)
    })
    .unwrap()
}

#[test]
fn a_lease_is_one_nodes_until_it_runs_out_and_the_late_one_is_fenced_off() {
    for test in databases() {
        let mut ctx = system();
        let ttl = Duration::seconds(10);
        let acquire = |ctx: &mut operations::Ctx, holder: &'static str| {
            write(test.db(), ctx, move |tx, ctx| {
                jobs::acquire(tx, "seal", holder, ttl, ctx.now)
            })
            .unwrap()
        };
        let fence = |ctx: &mut operations::Ctx, token: i64| {
            write(test.db(), ctx, move |tx, ctx| jobs::fence(tx, "seal", token, ctx.now))
        };
        assert_eq!(acquire(&mut ctx, "one"), Some(1));
        assert_eq!(acquire(&mut ctx, "two"), None);
        ctx.now = ctx.now + Duration::seconds(5);
        assert_eq!(acquire(&mut ctx, "one"), Some(1), "renewed in time: the same token");
        ctx.now = ctx.now + Duration::seconds(9);
        assert_eq!(acquire(&mut ctx, "two"), None, "the renewal counts");
        fence(&mut ctx, 1).unwrap();
        ctx.now = ctx.now + Duration::seconds(1);
        assert_eq!(acquire(&mut ctx, "two"), Some(2));
        assert!(matches!(
            fence(&mut ctx, 1),
            Err(Refused::Conflict { what: "lease", .. })
        ));
        fence(&mut ctx, 2).unwrap();
        ctx.now = ctx.now + Duration::seconds(11);
        assert_eq!(
            acquire(&mut ctx, "two"),
            Some(3),
            "late to renew: what it wrote in between may be another's"
        );
        assert!(write(test.db(), &mut ctx, |tx, _| jobs::release(tx, "seal", 3)).unwrap());
        assert_eq!(acquire(&mut ctx, "one"), Some(4));
    }
}

#[test]
fn the_same_job_is_taken_once_even_after_it_was_done() {
    for test in databases() {
        let mut ctx = system();
        assert!(enqueue(test.db(), &mut ctx, "2026-03-02"));
        assert!(!enqueue(test.db(), &mut ctx, "2026-03-02"));
        let job = claim(test.db(), &mut ctx, "one").unwrap();
        assert!(claim(test.db(), &mut ctx, "two").is_none());
        write(test.db(), &mut ctx, move |tx, _| jobs::finish(tx, &job)).unwrap();
        assert!(!enqueue(test.db(), &mut ctx, "2026-03-02"));
        assert!(enqueue(test.db(), &mut ctx, "2026-03-03"));
    }
}

#[test]
fn of_many_claimers_each_job_goes_to_one() {
    for test in databases() {
        let mut ctx = system();
        for dedupe in ["a", "b", "c"] {
            assert!(enqueue(test.db(), &mut ctx, dedupe));
        }
        let now = ctx.now;
        let claimed: Vec<_> = (0..12)
            .map(|_| {
                test.db()
                    .write(move |tx| jobs::claim(tx, "sweep", "node", Duration::seconds(30), now))
            })
            .collect();
        let mut got: Vec<String> = claimed
            .into_iter()
            .filter_map(|a| a.wait().unwrap())
            .map(|job| job.id)
            .collect();
        // A claimer that lost a race got nothing and comes again.
        while let Some(job) = claim(test.db(), &mut ctx, "node") {
            got.push(job.id);
        }
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 3);
    }
}

#[test]
fn a_silent_holder_loses_the_job_and_cannot_end_it_any_more() {
    for test in databases() {
        let mut ctx = system();
        enqueue(test.db(), &mut ctx, "a");
        let first = claim(test.db(), &mut ctx, "one").unwrap();
        ctx.now = ctx.now + Duration::seconds(30);
        let second = claim(test.db(), &mut ctx, "two").unwrap();
        assert_eq!(
            (second.id.as_str(), second.lease_token, second.attempts),
            (first.id.as_str(), 2, 2)
        );
        let late = write(test.db(), &mut ctx, move |tx, _| jobs::finish(tx, &first));
        assert!(matches!(late, Err(Refused::Conflict { what: "job", .. })));
        write(test.db(), &mut ctx, move |tx, _| jobs::finish(tx, &second)).unwrap();
    }
}

#[test]
fn a_failing_job_comes_back_after_longer_and_longer_pauses_and_is_then_set_aside() {
    for test in databases() {
        let mut ctx = system();
        enqueue(test.db(), &mut ctx, "a");
        let mut pauses = Vec::new();
        for attempt in 1..=ATTEMPTS {
            let job = claim(test.db(), &mut ctx, "one").unwrap();
            assert_eq!(job.attempts, attempt);
            let failed_at = ctx.now;
            let again = write(test.db(), &mut ctx, move |tx, ctx| {
                jobs::fail(tx, &job, "no answer", ctx.now)
            })
            .unwrap();
            assert_eq!(again, attempt < ATTEMPTS);
            if again {
                while claimable_after(test.db(), ctx.now) {
                    ctx.now = ctx.now + Duration::seconds(1);
                }
                pauses.push((ctx.now - failed_at).as_millis() / 1000);
            }
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256]);
        ctx.now = ctx.now + Duration::days(1);
        assert!(claim(test.db(), &mut ctx, "one").is_none());
    }
}

/// Whether the only job is due later than `now`.
fn claimable_after(db: &Db, now: domain::time::Time) -> bool {
    db.read(move |tx| tx.one("select run_at from jobs", store::args![])?.take::<i64>(0))
        .wait()
        .map(|run_at| run_at > now.millis())
        .map_err(|e: store::Error| e)
        .unwrap()
}
