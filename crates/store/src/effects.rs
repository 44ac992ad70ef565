//! The small changes a finished step makes in other records: data corrected, account switched, keys destroyed. Stages
//! and stops are changed elsewhere.

use crate::{Error, Tx, args};

/// Sets a merchant's registered name and the folded form it is searched by.
pub fn rename_merchant(tx: &mut Tx<'_>, merchant_id: &str, name: &str, search_name: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update merchants set name = $2, search_name = $3, version = version + 1 where merchant_id = $1",
        args![merchant_id, name, search_name],
    )
}

/// Counts a change of a merchant's data that is kept elsewhere (sealed values, shops).
pub fn touch_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<(), Error> {
    tx.exactly_one("update merchants set version = version + 1 where merchant_id = $1", args![merchant_id])
}

/// When a merchant became active first.
pub fn activate_merchant(tx: &mut Tx<'_>, merchant_id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update merchants set activated_at = $2 where merchant_id = $1 and activated_at is null",
        args![merchant_id, at],
    )?;
    Ok(())
}

/// Shops of a merchant, oldest first.
pub fn shops_of(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<String>, Error> {
    tx.all("select id from shops where merchant_id = $1 order by id", args![merchant_id])?
        .iter()
        .map(|r| r.take(0))
        .collect()
}

/// Sets a shop's name, address or both; an empty text leaves it.
pub fn correct_shop(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    shop_id: &str,
    name: &str,
    address: &str,
) -> Result<(), Error> {
    tx.exactly_one(
        "update shops set name = case when $3 = '' then name else $3 end, \
         address = case when $4 = '' then address else $4 end where merchant_id = $1 and id = $2",
        args![merchant_id, shop_id, name, address],
    )
}

/// Notes that identity and business of a merchant were verified: a clock of dormancy of all its terminals.
pub fn verified(tx: &mut Tx<'_>, merchant_id: &str, at: i64) -> Result<u64, Error> {
    tx.run("update terminals set verified_at = $2 where merchant_id = $1", args![merchant_id, at])
}

/// Keeps the hash of a terminal's activation code; none and none: the code is used up.
pub fn set_activation(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    hash: Option<&str>,
    expires_at: Option<i64>,
) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set activation_hash = $3, activation_expires_at = $4 where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id, hash, expires_at],
    )
}

/// Hash and end of a terminal's activation code.
pub fn activation(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
) -> Result<(Option<String>, Option<i64>), Error> {
    let row = tx.one(
        "select activation_hash, activation_expires_at from terminals where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )?;
    Ok((row.take(0)?, row.take(1)?))
}

/// Notes when a terminal was opened first, and that its new keys wait for a sign-in.
pub fn open_terminal(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set opened_at = coalesce(opened_at, $3), signed_in = false \
         where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id, at],
    )
}

/// Terminals of a merchant: id and number.
pub fn terminals_of(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<(String, String)>, Error> {
    tx.all("select id, number from terminals where merchant_id = $1 order by number", args![merchant_id])?
        .iter()
        .map(|r| Ok((r.take(0)?, r.take(1)?)))
        .collect()
}

/// Destroys what is kept of a terminal's keys: the sealed bytes are overwritten, the check value stays as proof.
pub fn destroy_keys(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<u64, Error> {
    let nothing: &[u8] = &[];
    tx.run(
        "update terminal_keys set state = 'destroyed', destroyed_at = $3, sealed = $4 \
         where merchant_id = $1 and terminal_id = $2 and state <> 'destroyed'",
        args![merchant_id, terminal_id, at, nothing],
    )
}

/// Signs a terminal out, so that nothing is accepted until it signs in with new keys.
pub fn sign_out(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set signed_in = false where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )
}

/// Writes the first registration of a terminal, not filed yet; nothing where it has one.
pub fn ensure_registration(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    id: &str,
    at: i64,
) -> Result<bool, Error> {
    let rows = tx.run(
        "insert into registrations (merchant_id, id, terminal_id, version, stage, serial, shop_id, \
         settlement_account_id, filed_at, answered_at, answer, created_at) \
         values ($1, $2, $3, 0, 'not_filed', '', '', '', null, null, '', $4) on conflict do nothing",
        args![merchant_id, id, terminal_id, at],
    )?;
    Ok(rows == 1)
}

/// Files registrations with what holds now (serial number, shop, settlement account): those of one terminal, or, with
/// an empty id, of all terminals of a merchant that are filed already. How many.
pub fn file_registrations(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    at: i64,
) -> Result<u64, Error> {
    tx.run(
        "update registrations set version = version + 1, filed_at = $3, answered_at = null, answer = '', \
         shop_id = coalesce((select t.shop_id from terminals t where t.merchant_id = $1 \
           and t.id = registrations.terminal_id), ''), \
         serial = coalesce((select d.serial from devices d join terminals t on t.device_id = d.id \
           where t.merchant_id = $1 and t.id = registrations.terminal_id), ''), \
         settlement_account_id = coalesce((select a.id from settlement_accounts a \
           where a.merchant_id = $1 and a.is_current), '') \
         where merchant_id = $1 and (terminal_id = $2 or ($2 = '' and stage in ('pending', 'accepted')))",
        args![merchant_id, terminal_id, at],
    )
}

/// Registrations of a merchant that were filed and not answered, besides `but`.
pub fn unanswered(tx: &mut Tx<'_>, merchant_id: &str, but: &str) -> Result<i64, Error> {
    tx.one(
        "select count(*) from registrations where merchant_id = $1 and id <> $2 and filed_at is not null \
         and answered_at is null",
        args![merchant_id, but],
    )?
    .take(0)
}

/// A settlement account as the change of one needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AccountRow {
    pub id: String,
    pub version: i64,
    pub bank: String,
    pub stage: String,
    pub is_current: bool,
}

fn account(row: &crate::Row) -> Result<AccountRow, Error> {
    Ok(AccountRow {
        id: row.take(0)?,
        version: row.take(1)?,
        bank: row.take(2)?,
        stage: row.take(3)?,
        is_current: row.take(4)?,
    })
}

/// The account that receives payouts now.
pub fn current_account(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Option<AccountRow>, Error> {
    let sql = "select id, version, bank, stage, is_current from settlement_accounts \
               where merchant_id = $1 and is_current";
    tx.maybe(sql, args![merchant_id])?.as_ref().map(account).transpose()
}

/// One account.
pub fn get_account(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<AccountRow>, Error> {
    let sql = "select id, version, bank, stage, is_current from settlement_accounts where merchant_id = $1 and id = $2";
    tx.maybe(sql, args![merchant_id, id])?.as_ref().map(account).transpose()
}

/// Writes the next version of a merchant's account: missing until verified, not current, effective at `effective_at`.
pub fn propose_account(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    id: &str,
    bank: &str,
    account_kind: &str,
    effective_at: i64,
    at: i64,
) -> Result<(), Error> {
    tx.exactly_one(
        "insert into settlement_accounts (merchant_id, id, version, bank, account_kind, stage, is_current, \
         effective_at, created_at) values ($1, $2, (select coalesce(max(version), 0) + 1 from settlement_accounts \
         where merchant_id = $1), $3, $4, 'missing', false, $5, $6)",
        args![merchant_id, id, bank, account_kind, effective_at, at],
    )
}

/// Makes an account the current one in place of `old` (empty: there was none).
pub fn switch_account(tx: &mut Tx<'_>, merchant_id: &str, old: &str, new: &str, at: i64) -> Result<(), Error> {
    if !old.is_empty() {
        tx.exactly_one(
            "update settlement_accounts set is_current = false where merchant_id = $1 and id = $2 and is_current",
            args![merchant_id, old],
        )?;
    }
    tx.exactly_one(
        "update settlement_accounts set is_current = true, effective_at = $3 \
         where merchant_id = $1 and id = $2 and not is_current",
        args![merchant_id, new, at],
    )
}

/// Writes a merchant's first agreement as a draft.
pub fn draft_contract(tx: &mut Tx<'_>, merchant_id: &str, id: &str, number: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "insert into contracts (merchant_id, id, number, terms_version, stage, signed_at, expires_at, created_at) \
         values ($1, $2, $3, '1', 'draft', null, null, $4)",
        args![merchant_id, id, number, at],
    )
}

/// Notes when an agreement was signed and until when it runs.
pub fn sign_contract(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    id: &str,
    at: i64,
    expires_at: i64,
) -> Result<(), Error> {
    tx.exactly_one(
        "update contracts set signed_at = $3, expires_at = $4 where merchant_id = $1 and id = $2",
        args![merchant_id, id, at, expires_at],
    )
}

/// What stands in the way of withdrawing a terminal: how many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blockers {
    /// Transactions in the batch that is open.
    pub batch: i64,
    /// Transactions whose outcome is not known, or reversals not confirmed.
    pub unknown: i64,
    /// Pre-authorisations neither completed nor cancelled.
    pub holds: i64,
    /// Other open requests about this terminal.
    pub requests: i64,
}

/// Counts the [`Blockers`] of a terminal. `request` is the one that asks and does not count.
pub fn blockers(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    request: &str,
) -> Result<Blockers, Error> {
    let mut count = |sql: &str, more: Option<&str>| -> Result<i64, Error> {
        let mut values = args![merchant_id, terminal_id];
        values.extend(more.map(crate::Value::from));
        tx.one(sql, values)?.take(0)
    };
    Ok(Blockers {
        batch: count(
            "select count(*) from transactions x join terminal_batches b on b.merchant_id = x.merchant_id \
             and b.terminal_id = x.terminal_id and b.number = x.batch and b.state = 'open' \
             where x.merchant_id = $1 and x.terminal_id = $2 and x.state in ('approved', 'pending', 'unknown')",
            None,
        )?,
        unknown: count(
            "select count(*) from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
             and (x.state in ('pending', 'unknown') or exists (select 1 from upstream_reversals u \
             where u.merchant_id = x.merchant_id and u.transaction_id = x.id and u.state = 'queued'))",
            None,
        )?,
        holds: count(
            "select count(*) from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
             and x.kind = 'preauth' and x.state = 'approved' and not exists (select 1 from transactions y \
             where y.merchant_id = x.merchant_id and y.original_id = x.id and y.state = 'approved')",
            None,
        )?,
        requests: count(
            "select count(*) from requests where merchant_id = $1 and subject_kind = 'terminal' \
             and subject_id = $2 and state = 'open' and id <> $3",
            Some(request),
        )?,
    })
}

/// Marks an open batch without transactions as closed, so that a withdrawn terminal leaves none open.
pub fn close_empty_batch(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<u64, Error> {
    tx.run(
        "update terminal_batches set state = 'closed', closed_at = $3, balanced = true \
         where merchant_id = $1 and terminal_id = $2 and state = 'open' and not exists \
         (select 1 from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
          and x.batch = terminal_batches.number and x.state in ('approved', 'pending', 'unknown'))",
        args![merchant_id, terminal_id, at],
    )
}
