//! What happens by itself: one round a second, each job in a transaction of its own and under a lease, so that of many
//! nodes one does it. Moving the test clock runs the same rounds, day by day, until nothing is left to do.

use std::time::Duration as StdDuration;

use domain::names::Lang;
use domain::time::{Duration, Span, Time};
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx, audit, dormancy, jobs as leases, network, once, requests, stops, test_clock};
use store::Tx;

use crate::app::App;
use crate::problem::Problem;

/// How long a node may go silent before another takes a job over.
const LEASE: Duration = Duration::seconds(15);

/// How much one transaction does at most.
const AT_ONCE: i64 = 200;

/// A moment is not quiet after so many rounds only if jobs bring each other work without end.
const MOST_ROUNDS: usize = 10_000;

/// The furthest a clock moves at once.
const FURTHEST: Duration = Duration::days(3_660);

/// A job: its name, and what it does in one transaction; how much it did.
struct Job {
    name: &'static str,
    run: fn(&mut Tx<'_>, &mut Ctx) -> Done<u64>,
}

/// In the order in which one brings the next its work.
const JOBS: [Job; 6] = [
    Job { name: "stops", run: |tx, ctx| stops::tick(tx, ctx, AT_ONCE).map(|t| count(&[t.started, t.ended])) },
    Job { name: "dormancy", run: |tx, ctx| dormancy::sweep(tx, ctx, AT_ONCE).map(|s| count(&[s.noticed, s.stopped])) },
    Job {
        name: "network",
        run: |tx, ctx| network::answer_due(tx, ctx, AT_ONCE).map(|a| count(&[a.sent, a.accepted, a.rejected])),
    },
    Job { name: "requests", run: |tx, ctx| requests::tick(tx, ctx, AT_ONCE).map(|t| count(&[t.completed, t.stalled])) },
    Job { name: "idempotency", run: |tx, ctx| once::sweep(tx, ctx.now) },
    Job { name: "seal", run: |tx, ctx| audit::seal(tx, ctx) },
];

fn count(done: &[usize]) -> u64 {
    done.iter().map(|&n| n as u64).sum()
}

/// A round a second until the task is dropped. A job that fails is logged and tried again in the next round.
pub async fn run(app: App) {
    let mut every = tokio::time::interval(StdDuration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let _turn = app.jobs_turn.lock().await;
        round(&app).await;
    }
}

/// Runs rounds until one finds nothing to do.
pub async fn run_to_quiet(app: &App) {
    let _turn = app.jobs_turn.lock().await;
    until_quiet(app).await;
}

async fn until_quiet(app: &App) {
    for _ in 0..MOST_ROUNDS {
        if round(app).await == 0 {
            return;
        }
    }
    tracing::error!("after {MOST_ROUNDS} rounds the jobs still bring each other work");
}

/// Every job once; how much was done.
async fn round(app: &App) -> u64 {
    let mut done = 0;
    for job in &JOBS {
        match run_one(app, job).await {
            Ok(did) => {
                app.metrics.job(job.name, if did == 0 { "idle" } else { "worked" });
                done += did;
            }
            Err(refused) => {
                app.metrics.job(job.name, "failed");
                tracing::error!(job = job.name, "a background job failed and will be tried again: {refused}");
            }
        }
    }
    done
}

async fn run_one(app: &App, job: &Job) -> Done<u64> {
    let now = app.now();
    // The sealer leases by itself, in the name of whoever runs it.
    let leased = job.name != "seal";
    let actor = Actor::system(if leased { job.name } else { &app.node });
    let mut ctx = app.ctx(actor, Lang::default(), job.name);
    (ctx.now, ctx.ids) = (now, app.clock.job_ids(now));
    let (node, lease, run) = (app.node.clone(), format!("job.{}", job.name), job.run);
    let did = app.db.write(move |tx| -> Done<u64> {
        let mut ctx = ctx.clone();
        // In the transaction of the work: while it runs, no other node can take the lease.
        if leased && leases::acquire(tx, &lease, &node, LEASE, ctx.now)?.is_none() {
            return Ok(0);
        }
        run(tx, &mut ctx)
    });
    let did = did.await?;
    if did > 0 {
        app.clock.job_ids_used(now);
    }
    Ok(did)
}

/// How to move the clock.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// By a span of calendar time.
    By(Span),
    /// To a moment.
    To(Time),
}

/// Moves the test clock day by day, so that announced stops, sweeps and waits happen in their order; returns when
/// everything due has happened.
pub async fn move_clock(app: &App, ctx: Ctx, how: Move) -> Result<(), Problem> {
    let _turn = app.jobs_turn.lock().await;
    let zone = app.platform.zone.clone();
    let target = match how {
        Move::By(span) => zone.add(app.now(), span),
        Move::To(to) => to,
    };
    reachable(app, target)?;
    loop {
        let now = app.now();
        let next = zone.add(now, Span::days(1)).min(target);
        if next < now {
            // A running clock went past the target meanwhile.
            break;
        }
        let mut step = ctx.clone();
        step.now = now;
        let set = app.write(step, move |tx, ctx| test_clock::set(tx, ctx, next)).await?;
        app.clock.moved(set.offset);
        until_quiet(app).await;
        if next >= target {
            break;
        }
    }
    Ok(())
}

/// Refuses a target in the past, absurdly far, or beyond the days whose working days are known.
fn reachable(app: &App, target: Time) -> Result<(), Problem> {
    let now = app.now();
    let day = app.platform.zone.date(target).add_days(60);
    let refuse = |code, zh: &str, en: &str| Err(Refused::field("advance", code, zh, en).into());
    if target < now {
        return refuse("backwards", "测试时钟只能往前拨。", "the test clock only goes forward");
    }
    if target > now + FURTHEST || app.platform.calendar.is_working_day(day).is_err() {
        return refuse(
            "range",
            "太远了：工作日历没有覆盖到那一天。",
            "too far: the working-day calendar does not reach that day",
        );
    }
    Ok(())
}
