//! Reviews and the decisions of the people who make them. A review is decided once; a decision is never altered.

use crate::{Error, Row, Tx, args};

/// A row of `reviews`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ReviewRow {
    pub merchant_id: String,
    pub id: String,
    pub request_id: String,
    pub step: String,
    pub role: String,
    pub approvals_needed: i64,
    pub state: String,
    pub payload_hash: String,
    pub request_version: i64,
    pub opened_at: i64,
    pub promise_by: Option<i64>,
    pub decided_at: Option<i64>,
}

/// A row of `review_decisions`. `items` is a JSON list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DecisionRow {
    pub merchant_id: String,
    pub review_id: String,
    pub person_id: String,
    pub user_id: String,
    pub decision: String,
    pub items: String,
    pub remark: String,
    pub at: i64,
}

const COLUMNS: &str = "merchant_id, id, request_id, step, role, approvals_needed, state, payload_hash, \
                       request_version, opened_at, promise_by, decided_at";
const DECISION: &str = "merchant_id, review_id, person_id, user_id, decision, items, remark, at";

fn read(row: &Row) -> Result<ReviewRow, Error> {
    Ok(ReviewRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        request_id: row.take(2)?,
        step: row.take(3)?,
        role: row.take(4)?,
        approvals_needed: row.take(5)?,
        state: row.take(6)?,
        payload_hash: row.take(7)?,
        request_version: row.take(8)?,
        opened_at: row.take(9)?,
        promise_by: row.take(10)?,
        decided_at: row.take(11)?,
    })
}

/// Writes a new review; a second open one of the same request violates `reviews_open`.
pub fn insert(tx: &mut Tx<'_>, review: &ReviewRow) -> Result<(), Error> {
    let sql = format!("insert into reviews ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)");
    let args = args![
        &review.merchant_id,
        &review.id,
        &review.request_id,
        &review.step,
        &review.role,
        review.approvals_needed,
        &review.state,
        &review.payload_hash,
        review.request_version,
        review.opened_at,
        review.promise_by,
        review.decided_at
    ];
    tx.exactly_one(&sql, args)
}

/// One review.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<ReviewRow>, Error> {
    let sql = format!("select {COLUMNS} from reviews where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// The open review of a request.
pub fn open_of(tx: &mut Tx<'_>, merchant_id: &str, request_id: &str) -> Result<Option<ReviewRow>, Error> {
    let sql = format!("select {COLUMNS} from reviews where merchant_id = $1 and request_id = $2 and state = 'open'");
    tx.maybe(&sql, args![merchant_id, request_id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Holds an open review until the end of the transaction, so that a neighbour's decision is either seen or waits.
/// [`Error::NotOne`] when it is decided.
pub fn hold(tx: &mut Tx<'_>, review: &ReviewRow) -> Result<(), Error> {
    tx.exactly_one(
        "update reviews set state = 'open' where merchant_id = $1 and id = $2 and state = 'open'",
        args![&review.merchant_id, &review.id],
    )
}

/// Decides an open review. [`Error::NotOne`] when it was decided before.
pub fn close(tx: &mut Tx<'_>, review: &ReviewRow, state: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update reviews set state = $3, decided_at = $4 where merchant_id = $1 and id = $2 and state = 'open'",
        args![&review.merchant_id, &review.id, state, at],
    )
}

/// Keeps a person's decision; `false` where this person has decided on this review before.
pub fn decide(tx: &mut Tx<'_>, decision: &DecisionRow) -> Result<bool, Error> {
    let sql =
        format!("insert into review_decisions ({DECISION}) values ($1,$2,$3,$4,$5,$6,$7,$8) on conflict do nothing");
    let args = args![
        &decision.merchant_id,
        &decision.review_id,
        &decision.person_id,
        &decision.user_id,
        &decision.decision,
        &decision.items,
        &decision.remark,
        decision.at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// The decisions on a review, oldest first, each with the display name of the user who made it.
pub fn decisions(tx: &mut Tx<'_>, merchant_id: &str, review_id: &str) -> Result<Vec<(DecisionRow, String)>, Error> {
    let columns = DECISION
        .split(", ")
        .map(|c| format!("d.{}", c.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!(
        "select {columns}, coalesce(u.display_name, d.user_id) from review_decisions d \
         left join users u on u.id = d.user_id where d.merchant_id = $1 and d.review_id = $2 \
         order by d.at, d.person_id"
    );
    tx.all(&sql, args![merchant_id, review_id])?
        .iter()
        .map(|row| {
            let decision = DecisionRow {
                merchant_id: row.take(0)?,
                review_id: row.take(1)?,
                person_id: row.take(2)?,
                user_id: row.take(3)?,
                decision: row.take(4)?,
                items: row.take(5)?,
                remark: row.take(6)?,
                at: row.take(7)?,
            };
            Ok((decision, row.take(8)?))
        })
        .collect()
}

/// Which reviews a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this merchant.
    pub merchant_id: String,
    /// Only reviews of this role.
    pub role: String,
    /// Only this state; empty: open.
    pub state: String,
}

/// A page of reviews, the soonest promise first: those after (`promise_by`, `id`). At most `limit`.
pub fn queue(tx: &mut Tx<'_>, filter: &Filter, after: (i64, &str), limit: i64) -> Result<Vec<ReviewRow>, Error> {
    // The largest promise sorts last, so that a review without one waits at the end.
    let sql = format!(
        "select {COLUMNS} from reviews where ($1 = '' or merchant_id = $1) and ($2 = '' or role = $2) \
         and state = $3 and (coalesce(promise_by, {max}), id) > ($4, $5) \
         order by coalesce(promise_by, {max}), id limit $6",
        max = i64::MAX
    );
    let state = if filter.state.is_empty() {
        "open"
    } else {
        filter.state.as_str()
    };
    let args = args![&filter.merchant_id, &filter.role, state, after.0, after.1, limit];
    tx.all(&sql, args)?.iter().map(read).collect()
}

/// Notes that the request an open review is about has a new version, with the same evidence.
pub fn restamp(tx: &mut Tx<'_>, review: &ReviewRow, version: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update reviews set request_version = $3 where merchant_id = $1 and id = $2 and state = 'open'",
        args![&review.merchant_id, &review.id, version],
    )
}
