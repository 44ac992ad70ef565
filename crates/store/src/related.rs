//! Transactions that belong together: what refers to one, whatever became of it.

use crate::transactions::{COLUMNS, TransactionRow, read};
use crate::{Error, Tx, args};

/// How much of an id says its kind and its moment: `pay_` and ten characters.
const MOMENT: usize = 14;

/// Every transaction that refers to one: voids, refunds, completions, adjustments, the terminal's reversal; oldest first,
/// at most `limit`. Ids begin with their moment, so what came before its millisecond is not looked at.
pub fn to(tx: &mut Tx<'_>, merchant_id: &str, id: &str, limit: i64) -> Result<Vec<TransactionRow>, Error> {
    let moment = id.get(..MOMENT).unwrap_or_default();
    let sql = format!(
        "select {COLUMNS} from transactions where merchant_id = $1 and id >= $4 and original_id = $2 order by id limit $3"
    );
    tx.all(&sql, args![merchant_id, id, limit, moment])?
        .iter()
        .map(read)
        .collect()
}
