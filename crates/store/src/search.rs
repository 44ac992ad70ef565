//! Look-ups by one exact value over all merchants, for the search box.

use crate::{Error, Tx, args};

/// Merchant, kind and state of the request with this id.
pub fn request(tx: &mut Tx<'_>, id: &str) -> Result<Option<(String, String, String)>, Error> {
    tx.maybe("select merchant_id, kind, state from requests where id = $1", args![id])?
        .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .transpose()
}
