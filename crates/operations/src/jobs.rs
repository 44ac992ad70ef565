//! Who alone may do a thing for a while (leases with a fencing token), and work to be done later (jobs).

use domain::ids::JobId;
use domain::time::{Duration, Time};
use serde_json::Value;
use store::jobs::JobRow;
use store::{Tx, jobs, leases};

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};

/// A job that fails this often is set aside for people.
pub const ATTEMPTS: i64 = 10;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::hours(1);

/// Takes the lease `name` for `holder` until `ttl` from now; its token, or nothing while another holds it. The token
/// grows with every change of hands: hand it to [`fence`] in each transaction the lease is meant to protect.
pub fn acquire(tx: &mut Tx<'_>, name: &str, holder: &str, ttl: Duration, now: Time) -> Done<Option<i64>> {
    Ok(leases::acquire(tx, name, holder, now.millis(), (now + ttl).millis())?)
}

/// Refuses a holder whose lease has run out or passed to another.
pub fn fence(tx: &mut Tx<'_>, name: &str, token: i64, now: Time) -> Done<()> {
    if leases::holds(tx, name, token, now.millis())? {
        Ok(())
    } else {
        Err(Refused::conflict(
            "lease",
            name,
            domain::text!(
                "租约已到期或已归另一节点，请重新获取",
                "it has run out or passed to another node; take it again"
            ),
        ))
    }
}

/// Gives a lease back early; whether it was still held.
pub fn release(tx: &mut Tx<'_>, name: &str, token: i64) -> Done<bool> {
    Ok(leases::release(tx, name, token)?)
}

/// A job to be put in line.
pub struct NewJob<'a> {
    /// The shard it runs in; 0 where there is one.
    pub bucket: i64,
    /// What is to be done.
    pub kind: &'a str,
    /// What makes it the same job: a second one of equal bucket, kind and key is not taken, even after the first ran.
    pub dedupe: &'a str,
    /// What it needs to know.
    pub payload: Value,
    /// Not before this moment.
    pub run_at: Time,
}

/// Puts a job in line, in the transaction of the change that asks for it; false if it is known already.
pub fn enqueue(tx: &mut Tx<'_>, ctx: &mut Ctx, job: NewJob<'_>) -> Done<bool> {
    let id: JobId = ctx.ids.id(ctx.now);
    let row = JobRow {
        bucket: job.bucket,
        id: id.to_string(),
        kind: job.kind.to_owned(),
        dedupe: job.dedupe.to_owned(),
        payload: job.payload.to_string(),
        run_at: job.run_at.millis(),
        state: "queued".to_owned(),
        attempts: 0,
        lease_holder: String::new(),
        lease_token: 0,
        lease_until: 0,
        last_error: String::new(),
        created_at: ctx.now.millis(),
    };
    Ok(jobs::enqueue(tx, &row)?)
}

/// Claims the job of a kind that has been due longest, for `ttl`. A job whose holder went silent is claimed again
/// under a higher token.
pub fn claim(tx: &mut Tx<'_>, kind: &str, holder: &str, ttl: Duration, now: Time) -> Done<Option<JobRow>> {
    Ok(jobs::claim(tx, kind, holder, now.millis(), (now + ttl).millis())?)
}

/// Ends a claimed job, in the transaction of its effects: if another has claimed it meanwhile, both are refused.
pub fn finish(tx: &mut Tx<'_>, job: &JobRow) -> Done<()> {
    jobs::finish(tx, job).map_err(|error| passed_on(error, job))
}

/// How many jobs wait, and since when the oldest could have run.
pub fn waiting(tx: &mut Tx<'_>) -> Done<(i64, Option<Time>)> {
    let (count, oldest) = jobs::waiting(tx)?;
    Ok((count, oldest.map(Time::from_millis)))
}

/// Notes why a claimed job failed and puts it back in line after a pause that doubles; after [`ATTEMPTS`] it is set
/// aside as `failed`. True if it will be tried again.
pub fn fail(tx: &mut Tx<'_>, job: &JobRow, error: &str, now: Time) -> Done<bool> {
    let again = job.attempts < ATTEMPTS;
    let doublings = u32::try_from(job.attempts.clamp(1, 12) - 1).unwrap_or(0);
    let pause = Duration::seconds(1 << doublings).min(LONGEST_PAUSE);
    let run_at = again.then(|| (now + pause).millis());
    jobs::fail(tx, job, error, run_at).map_err(|error| passed_on(error, job))?;
    Ok(again)
}

fn passed_on(error: store::Error, job: &JobRow) -> Refused {
    match error {
        store::Error::NotOne { .. } => Refused::conflict(
            "job",
            job.id.as_str(),
            domain::text!(
                "租约已到期，任务已由另一节点领取；本次作废",
                "its lease ran out and another has claimed it; drop this run"
            ),
        ),
        other => other.into(),
    }
}
