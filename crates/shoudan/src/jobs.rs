//! What happens by itself: one round a second, each job in a transaction of its own and under a lease, so that of many
//! nodes one does it. Moving the test clock runs the same rounds, day by day, until nothing is left to do.

use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

use domain::names::Lang;
use domain::time::{Duration, Span, Time};
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx, audit, dormancy, jobs, keys, network, once, requests, stops, test_clock};
use store::Tx;

use crate::app::App;
use crate::problem::Problem;

/// How long a node may go silent before another takes a job over.
const LEASE: Duration = Duration::seconds(15);

/// A lease that runs out sooner than this is taken anew.
const RENEWED: Duration = Duration::seconds(5);

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
const JOBS: [Job; 7] = [
    Job {
        name: "stops",
        run: |tx, ctx| stops::tick(tx, ctx, AT_ONCE).map(|t| count(&[t.started, t.ended])),
    },
    Job {
        name: "dormancy",
        run: |tx, ctx| dormancy::sweep(tx, ctx, AT_ONCE).map(|s| count(&[s.noticed, s.stopped])),
    },
    Job {
        name: "network",
        run: |tx, ctx| network::answer_due(tx, ctx, AT_ONCE).map(|a| count(&[a.sent, a.accepted, a.rejected])),
    },
    Job {
        name: "requests",
        run: |tx, ctx| requests::tick(tx, ctx, AT_ONCE).map(|t| count(&[t.completed, t.stalled])),
    },
    Job {
        name: "keys",
        run: |tx, ctx| keys::sweep(tx, ctx, AT_ONCE),
    },
    Job {
        name: "idempotency",
        run: |tx, ctx| once::sweep(tx, ctx.now),
    },
    Job { name: SEAL, run: seal },
];

/// The job that seals the audit log.
const SEAL: &str = "seal";

fn seal(tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<u64> {
    if store::audit::unsealed(tx, 1)?.is_empty() {
        Ok(0)
    } else {
        audit::seal(tx, ctx)
    }
}

fn count(done: &[usize]) -> u64 {
    done.iter().map(|&n| n as u64).sum()
}

/// The leases this process holds: for each job its token, and until when.
#[derive(Default)]
pub(crate) struct Leases(BTreeMap<&'static str, (i64, Time)>);

/// A round a second until the task is dropped. A job that fails is logged and tried again in the next round.
pub async fn run(app: App) {
    let mut every = tokio::time::interval(StdDuration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let mut leases = app.jobs_turn.lock().await;
        round(&app, &mut leases).await;
    }
}

/// Runs rounds until one finds nothing to do.
pub async fn run_to_quiet(app: &App) {
    let mut leases = app.jobs_turn.lock().await;
    until_quiet(app, &mut leases).await;
}

async fn until_quiet(app: &App, leases: &mut Leases) {
    for _ in 0..MOST_ROUNDS {
        if round(app, leases).await == 0 {
            return;
        }
    }
    tracing::error!("after {MOST_ROUNDS} rounds the jobs still bring each other work");
}

/// Every job once; how much was done.
async fn round(app: &App, leases: &mut Leases) -> u64 {
    let mut done = 0;
    for job in &JOBS {
        match run_one(app, job, leases).await {
            Ok(did) => {
                app.metrics.job(job.name, if did == 0 { "idle" } else { "worked" });
                done += did;
            }
            Err(refused) => {
                leases.0.remove(job.name);
                app.metrics.job(job.name, "failed");
                tracing::error!(
                    job = job.name,
                    "a background job failed and will be tried again: {refused}"
                );
            }
        }
    }
    done
}

/// Runs a job in one transaction. The lease is taken in it, or, where it was taken lately, fenced: nothing is kept if
/// another node holds it by now. A round that finds nothing to do writes nothing.
async fn run_one(app: &App, job: &Job, leases: &mut Leases) -> Done<u64> {
    let now = app.now();
    let held = leases
        .0
        .get(job.name)
        .filter(|(_, until)| now + RENEWED < *until)
        .map(|(token, _)| *token);
    // Whoever seals must be known by the node's name: the sealer has a lease of its own.
    let mut ctx = app.ctx(
        Actor::system(if job.name == SEAL { &app.node } else { job.name }),
        Lang::default(),
        job.name,
    );
    (ctx.now, ctx.ids) = (now, app.clock.job_ids(now));
    let (node, lease, run) = (app.node.clone(), format!("job.{}", job.name), job.run);
    let ran = app.db.write(move |tx| -> Done<(u64, Option<i64>)> {
        let mut ctx = ctx.clone();
        let token = match held {
            Some(token) => token,
            None => match jobs::acquire(tx, &lease, &node, LEASE, ctx.now)? {
                Some(token) => token,
                None => return Ok((0, None)),
            },
        };
        let did = run(tx, &mut ctx)?;
        if did > 0 {
            jobs::fence(tx, &lease, token, ctx.now)?;
        }
        Ok((did, Some(token)))
    });
    let (did, token) = ran.await?;
    if let (Some(token), None) = (token, held) {
        leases.0.insert(job.name, (token, now + LEASE));
    }
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
    let mut leases = app.jobs_turn.lock().await;
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
        until_quiet(app, &mut leases).await;
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

#[cfg(test)]
mod tests;
