//! The steps of requests: each asked once per request.

use crate::{Error, Row, Tx, args};

/// A row of `steps`. `serves`, `documents` and `fields` are JSON lists of codes; `evidence` is a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StepRow {
    pub merchant_id: String,
    pub request_id: String,
    pub step: String,
    pub position: i64,
    pub subject_kind: String,
    pub subject_id: String,
    pub state: String,
    pub serves: String,
    pub documents: String,
    pub fields: String,
    pub evidence: String,
    pub remark: String,
    pub promise_by: Option<i64>,
    pub done_at: Option<i64>,
    pub done_by: Option<String>,
}

const COLUMNS: &str = "merchant_id, request_id, step, position, subject_kind, subject_id, state, serves, documents, \
                       fields, evidence, remark, promise_by, done_at, done_by";

fn read(row: &Row) -> Result<StepRow, Error> {
    Ok(StepRow {
        merchant_id: row.take(0)?,
        request_id: row.take(1)?,
        step: row.take(2)?,
        position: row.take(3)?,
        subject_kind: row.take(4)?,
        subject_id: row.take(5)?,
        state: row.take(6)?,
        serves: row.take(7)?,
        documents: row.take(8)?,
        fields: row.take(9)?,
        evidence: row.take(10)?,
        remark: row.take(11)?,
        promise_by: row.take(12)?,
        done_at: row.take(13)?,
        done_by: row.take(14)?,
    })
}

/// The steps of a request in their order.
pub fn of_request(tx: &mut Tx<'_>, merchant_id: &str, request_id: &str) -> Result<Vec<StepRow>, Error> {
    let sql = format!("select {COLUMNS} from steps where merchant_id = $1 and request_id = $2 order by position, step");
    tx.all(&sql, args![merchant_id, request_id])?.iter().map(read).collect()
}

/// Writes a step as it now is, new or not.
pub fn put(tx: &mut Tx<'_>, step: &StepRow) -> Result<(), Error> {
    let sql = format!(
        "insert into steps ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) \
         on conflict (merchant_id, request_id, step) do update set position = excluded.position, \
         subject_kind = excluded.subject_kind, subject_id = excluded.subject_id, state = excluded.state, \
         serves = excluded.serves, documents = excluded.documents, fields = excluded.fields, \
         evidence = excluded.evidence, remark = excluded.remark, promise_by = excluded.promise_by, \
         done_at = excluded.done_at, done_by = excluded.done_by"
    );
    let args = args![
        &step.merchant_id,
        &step.request_id,
        &step.step,
        step.position,
        &step.subject_kind,
        &step.subject_id,
        &step.state,
        &step.serves,
        &step.documents,
        &step.fields,
        &step.evidence,
        &step.remark,
        step.promise_by,
        step.done_at,
        &step.done_by
    ];
    tx.exactly_one(&sql, args)
}

/// Takes away a step that nobody has started.
pub fn remove(tx: &mut Tx<'_>, step: &StepRow) -> Result<(), Error> {
    tx.exactly_one(
        "delete from steps where merchant_id = $1 and request_id = $2 and step = $3 and state = 'todo'",
        args![&step.merchant_id, &step.request_id, &step.step],
    )
}
