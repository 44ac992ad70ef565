//! What a merchant has agreed to pay, and the fees on its transactions.

use crate::{Error, Tx, args};

/// What prices and limits of a merchant rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Kind of merchant.
    pub kind: String,
    /// Category code.
    pub mcc: String,
    /// When the contract in force was signed; none without one: then nothing may be charged.
    pub signed_at: Option<i64>,
    /// Keyed index of the identity it stands on.
    pub identity: Option<String>,
}

/// The standing of a merchant.
pub fn standing(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Option<Standing>, Error> {
    tx.maybe(
        "select m.kind, m.mcc, (select max(c.signed_at) from contracts c where c.merchant_id = m.merchant_id \
             and c.stage = 'in_force'), p.blind_index \
         from merchants m left join private_values p on p.merchant_id = m.merchant_id and p.owner_kind = 'merchant' \
           and p.owner_id = m.merchant_id and p.field = 'representative_id' \
         where m.merchant_id = $1",
        args![merchant_id],
    )?
    .map(|row| {
        Ok(Standing {
            kind: row.take(0)?,
            mcc: row.take(1)?,
            signed_at: row.take(2)?,
            identity: row.take(3)?,
        })
    })
    .transpose()
}

/// Writes the fee of a pending transaction.
pub fn set(tx: &mut Tx<'_>, merchant_id: &str, id: &str, fee: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update transactions set fee = $3 where merchant_id = $1 and id = $2 and state = 'pending'",
        args![merchant_id, id, fee],
    )
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// A fee is charged only under an agreement that was signed before.
pub const CONSENTED: &str = "
    select x.merchant_id || '/' || x.id, 'no fee without a signed agreement', cast(x.fee as text)
    from transactions x
    where x.fee > 0 and not exists (select 1 from contracts c where c.merchant_id = x.merchant_id
      and c.signed_at is not null and c.signed_at <= x.received_at)
    order by x.merchant_id, x.id limit 20";

/// What took no effect costs nothing; what undoes a transaction gives back no more than its fee.
pub const DUE: &str = "
    select place, expected, found
    from (select x.merchant_id || '/' || x.id as place, 'no fee' as expected, cast(x.fee as text) as found
          from transactions x where x.fee <> 0 and (x.state in ('declined', 'unknown') or x.message_class = 'reversal')
          union all
          select x.merchant_id || '/' || x.id, 'at most ' || cast(x.fee as text), cast(-sum(v.fee) as text)
          from transactions v join transactions x on x.merchant_id = v.merchant_id and x.id = v.original_id
          where v.state = 'approved' and v.fee < 0
          group by x.merchant_id, x.id, x.fee having -sum(v.fee) > x.fee) f
    order by place limit 20";
