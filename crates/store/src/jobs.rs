//! Work to be done later, exactly once per dedupe key, by whoever holds its lease.

use crate::{Error, Row, Tx, args};

/// A row of `jobs`. States: `queued`, `running`, `done`, `failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct JobRow {
    pub bucket: i64,
    pub id: String,
    pub kind: String,
    pub dedupe: String,
    pub payload: String,
    pub run_at: i64,
    pub state: String,
    /// How often it was started.
    pub attempts: i64,
    pub lease_holder: String,
    /// Grows with every claim; whoever ends the job must name it.
    pub lease_token: i64,
    pub lease_until: i64,
    pub last_error: String,
    pub created_at: i64,
}

const COLUMNS: &str = "bucket, id, kind, dedupe, payload, run_at, state, attempts, lease_holder, lease_token, \
                       lease_until, last_error, created_at";

fn read(row: &Row) -> Result<JobRow, Error> {
    Ok(JobRow {
        bucket: row.take(0)?,
        id: row.take(1)?,
        kind: row.take(2)?,
        dedupe: row.take(3)?,
        payload: row.take(4)?,
        run_at: row.take(5)?,
        state: row.take(6)?,
        attempts: row.take(7)?,
        lease_holder: row.take(8)?,
        lease_token: row.take(9)?,
        lease_until: row.take(10)?,
        last_error: row.take(11)?,
        created_at: row.take(12)?,
    })
}

/// Puts a job in line; false if one with the same bucket, kind and dedupe key exists, done or not.
pub fn enqueue(tx: &mut Tx<'_>, job: &JobRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into jobs ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,'queued',0,'',0,0,'',$7) \
         on conflict (bucket, kind, dedupe) do nothing"
    );
    let args = args![
        job.bucket,
        &job.id,
        &job.kind,
        &job.dedupe,
        &job.payload,
        job.run_at,
        job.created_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// Claims the job that has been due longest: queued, or running under a lease that has run out. Two claimers cannot
/// get the same one: the second finds the token changed, and gets nothing this time.
pub fn claim(tx: &mut Tx<'_>, kind: &str, holder: &str, now: i64, until: i64) -> Result<Option<JobRow>, Error> {
    let due = "select bucket, id, lease_token from jobs where kind = $1 \
                 and ((state = 'queued' and run_at <= $2) or (state = 'running' and lease_until <= $2)) \
               order by run_at, bucket, id limit 1";
    let Some(row) = tx.maybe(due, args![kind, now])? else {
        return Ok(None);
    };
    let (bucket, id, token): (i64, String, i64) = (row.take(0)?, row.take(1)?, row.take(2)?);
    let sql = format!(
        "update jobs set state = 'running', attempts = attempts + 1, lease_holder = $4, lease_token = lease_token + 1, \
           lease_until = $5 where bucket = $1 and id = $2 and lease_token = $3 returning {COLUMNS}"
    );
    tx.maybe(&sql, args![bucket, id, token, holder, until])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Ends a job as done; fails if its lease passed to another.
pub fn finish(tx: &mut Tx<'_>, job: &JobRow) -> Result<(), Error> {
    tx.exactly_one(
        "update jobs set state = 'done', lease_until = 0, last_error = '' \
         where bucket = $1 and id = $2 and lease_token = $3 and state = 'running'",
        args![job.bucket, &job.id, job.lease_token],
    )
}

/// Puts a job back in line for `run_at`, or, with none, ends it as failed; fails if its lease passed to another.
pub fn fail(tx: &mut Tx<'_>, job: &JobRow, error: &str, run_at: Option<i64>) -> Result<(), Error> {
    let state = if run_at.is_some() { "queued" } else { "failed" };
    tx.exactly_one(
        "update jobs set state = $4, run_at = $5, lease_until = 0, last_error = $6 \
         where bucket = $1 and id = $2 and lease_token = $3 and state = 'running'",
        args![
            job.bucket,
            &job.id,
            job.lease_token,
            state,
            run_at.unwrap_or(job.run_at),
            error
        ],
    )
}

/// One job.
pub fn get(tx: &mut Tx<'_>, bucket: i64, id: &str) -> Result<Option<JobRow>, Error> {
    let sql = format!("select {COLUMNS} from jobs where bucket = $1 and id = $2");
    tx.maybe(&sql, args![bucket, id])?.as_ref().map(read).transpose()
}

/// How many jobs wait or run, and since when the oldest waits.
pub fn waiting(tx: &mut Tx<'_>) -> Result<(i64, Option<i64>), Error> {
    let row = tx.one(
        "select count(*), min(run_at) from jobs where state in ('queued', 'running')",
        args![],
    )?;
    Ok((row.take(0)?, row.take(1)?))
}
