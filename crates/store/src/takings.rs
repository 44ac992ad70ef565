//! What a merchant took, summed over a span of time.

use crate::{Error, Tx, args};

/// Sum and count of one kind of transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindSum {
    /// Kind code.
    pub kind: String,
    /// Fen.
    pub sum: i64,
    /// How many.
    pub count: i64,
}

/// What counts: requests that were approved, whatever became of them since. A void or refund has a row of its own.
const COUNTED: &str = "message_class = 'request' and state in ('approved', 'voided', 'refunded')";

/// Sum and count per kind of what counts from the id `from` until before the id `until`: ids sort by the time of their
/// making.
pub fn sums(tx: &mut Tx<'_>, merchant_id: &str, from: &str, until: &str) -> Result<Vec<KindSum>, Error> {
    let sql = format!(
        "select kind, cast(sum(amount) as bigint), count(*) from transactions \
         where merchant_id = $1 and id >= $2 and id < $3 and {COUNTED} group by kind order by kind"
    );
    let rows = tx.all(&sql, args![merchant_id, from, until])?;
    rows.iter()
        .map(|r| {
            Ok(KindSum {
                kind: r.take(0)?,
                sum: r.take(1)?,
                count: r.take(2)?,
            })
        })
        .collect()
}

/// When the newest of what counts before the id `before` was received; none: there is none.
pub fn newest_before(tx: &mut Tx<'_>, merchant_id: &str, before: &str) -> Result<Option<i64>, Error> {
    let sql = format!(
        "select received_at from transactions where merchant_id = $1 and id < $2 and {COUNTED} \
         order by id desc limit 1"
    );
    tx.maybe(&sql, args![merchant_id, before])?
        .map(|r| r.take(0))
        .transpose()
}
