//! A terminal's line to the gateway: signed in or not, its current batch, the keys it speaks under; the batches it has
//! closed, and what it uploaded of them.

use crate::{Error, Row, Tx, args};

/// What the gateway has to know before it believes a message: found by the number in field 41.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LineRow {
    pub merchant_id: String,
    pub terminal_id: String,
    pub merchant_number: String,
    pub mac_algorithm: String,
    pub signed_in: bool,
    pub batch: i64,
    /// Another one means that keys, batch or session changed since.
    pub line_version: i64,
    /// Version and sealed bytes of the current working keys.
    pub mak: Option<(i64, Vec<u8>)>,
    pub pik: Option<(i64, Vec<u8>)>,
    pub tdk: Option<(i64, Vec<u8>)>,
    /// The working keys before, while no message has proven the current ones.
    pub former: Option<FormerRow>,
}

/// Former working keys: version and sealed bytes.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FormerRow {
    /// When the current MAC key took their place.
    pub since: i64,
    pub mak: (i64, Vec<u8>),
    pub pik: Option<(i64, Vec<u8>)>,
    pub tdk: Option<(i64, Vec<u8>)>,
}

fn key(row: &Row, at: usize) -> Result<Option<(i64, Vec<u8>)>, Error> {
    let version: Option<i64> = row.take(at)?;
    let sealed: Option<Vec<u8>> = row.take(at + 1)?;
    Ok(version.zip(sealed))
}

/// The line of a terminal number.
pub fn line(tx: &mut Tx<'_>, terminal_number: &str) -> Result<Option<LineRow>, Error> {
    let row = tx.maybe(
        "select t.merchant_id, t.id, m.number, t.mac_algorithm, t.signed_in, t.batch, t.line_version, \
           a.version, a.sealed, p.version, p.sealed, d.version, d.sealed, f.version, a.created_at \
         from terminal_numbers n \
         join terminals t on t.merchant_id = n.merchant_id and t.id = n.terminal_id \
         join merchants m on m.merchant_id = n.merchant_id \
         left join terminal_keys a on a.merchant_id = t.merchant_id and a.terminal_id = t.id \
           and a.kind = 'mak' and a.state = 'current' \
         left join terminal_keys p on p.merchant_id = t.merchant_id and p.terminal_id = t.id \
           and p.kind = 'pik' and p.state = 'current' \
         left join terminal_keys d on d.merchant_id = t.merchant_id and d.terminal_id = t.id \
           and d.kind = 'tdk' and d.state = 'current' \
         left join terminal_keys f on f.merchant_id = t.merchant_id and f.terminal_id = t.id \
           and f.kind = 'mak' and f.state = 'former' \
         where n.number = $1",
        args![terminal_number],
    )?;
    row.map(|r| {
        let (merchant_id, terminal_id): (String, String) = (r.take(0)?, r.take(1)?);
        let (before, since): (Option<i64>, Option<i64>) = (r.take(13)?, r.take(14)?);
        let former = match before.and(since) {
            Some(since) => former(tx, &merchant_id, &terminal_id, since)?,
            None => None,
        };
        Ok(LineRow {
            merchant_id,
            terminal_id,
            former,
            merchant_number: r.take(2)?,
            mac_algorithm: r.take(3)?,
            signed_in: r.take(4)?,
            batch: r.take(5)?,
            line_version: r.take(6)?,
            mak: key(&r, 7)?,
            pik: key(&r, 9)?,
            tdk: key(&r, 11)?,
        })
    })
    .transpose()
}

fn former(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, since: i64) -> Result<Option<FormerRow>, Error> {
    let mut rows = crate::keys::former(tx, merchant_id, terminal_id)?;
    let mut taken = |kind: &str| {
        let at = rows.iter().position(|row| row.kind == kind)?;
        let row = rows.swap_remove(at);
        Some((row.version, row.sealed))
    };
    let (mak, pik, tdk) = (taken("mak"), taken("pik"), taken("tdk"));
    Ok(mak.map(|mak| FormerRow { since, mak, pik, tdk }))
}

/// The part of a line that a concurrent message of the same terminal may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether the terminal is signed in.
    pub signed_in: bool,
    /// Its batch.
    pub batch: i64,
    /// Version of the current MAC key, 0 for none.
    pub mak: i64,
    /// Version of the former MAC key, 0 for none.
    pub former_mak: i64,
}

impl Standing {
    /// Whether a message that verified under the MAC key of this version (0: it could not be verified) may be dealt with.
    pub fn believes(&self, version: i64) -> bool {
        version == self.mak || version > 0 && version == self.former_mak
    }
}

/// How a terminal's line stands.
pub fn standing(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Standing, Error> {
    let row = tx.one(
        "select t.signed_in, t.batch, coalesce(a.version, 0), coalesce(f.version, 0) from terminals t \
         left join terminal_keys a on a.merchant_id = t.merchant_id and a.terminal_id = t.id and a.kind = 'mak' \
           and a.state = 'current' \
         left join terminal_keys f on f.merchant_id = t.merchant_id and f.terminal_id = t.id and f.kind = 'mak' \
           and f.state = 'former' \
         where t.merchant_id = $1 and t.id = $2",
        args![merchant_id, terminal_id],
    )?;
    Ok(Standing {
        signed_in: row.take(0)?,
        batch: row.take(1)?,
        mak: row.take(2)?,
        former_mak: row.take(3)?,
    })
}

/// Takes the row lock of a terminal, so that two messages that change its session follow one another.
pub fn hold(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set batch = batch where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )
}

/// Writes that a terminal signed in.
pub fn sign_in(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set signed_in = true, signed_in_at = $3, line_version = line_version + 1 \
         where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id, at],
    )
}

/// Writes that a terminal signed off.
pub fn sign_off(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set signed_in = false, line_version = line_version + 1 where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )
}

/// Keeps new payments out of a batch that is about to be closed: to them the terminal is not signed in. Whether it was the
/// batch of a terminal that is signed in.
pub fn pause(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, batch: i64) -> Result<bool, Error> {
    let paused = tx.run(
        "update terminals set signed_in = false, line_version = line_version + 1 \
         where merchant_id = $1 and id = $2 and batch = $3 and signed_in",
        args![merchant_id, terminal_id, batch],
    )?;
    Ok(paused == 1)
}

/// Lets payments in again after [`pause`].
pub fn resume(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set signed_in = true, line_version = line_version + 1 where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )
}

/// Moves a terminal on to its next batch; [`Error::NotOne`] where it is not in batch `from` any more.
pub fn advance(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, from: i64, to: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set batch = $4, line_version = line_version + 1 \
         where merchant_id = $1 and id = $2 and batch = $3",
        args![merchant_id, terminal_id, from, to],
    )
}

/// A row of `terminal_batches`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BatchRow {
    pub merchant_id: String,
    pub terminal_id: String,
    pub number: i64,
    /// `open` or `closed`.
    pub state: String,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    /// None where the terminal signed off without settling.
    pub balanced: Option<bool>,
    /// Field 48 of the settlement as the terminal sent it, and as the host answered.
    pub terminal_totals: String,
    pub host_totals: String,
}

const COLUMNS: &str = "merchant_id, terminal_id, number, state, opened_at, closed_at, balanced, terminal_totals, \
                       host_totals";

fn read(row: &Row) -> Result<BatchRow, Error> {
    Ok(BatchRow {
        merchant_id: row.take(0)?,
        terminal_id: row.take(1)?,
        number: row.take(2)?,
        state: row.take(3)?,
        opened_at: row.take(4)?,
        closed_at: row.take(5)?,
        balanced: row.take(6)?,
        terminal_totals: row.take(7)?,
        host_totals: row.take(8)?,
    })
}

/// One batch.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, number: i64) -> Result<Option<BatchRow>, Error> {
    let sql =
        format!("select {COLUMNS} from terminal_batches where merchant_id = $1 and terminal_id = $2 and number = $3");
    tx.maybe(&sql, args![merchant_id, terminal_id, number])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The batches of a terminal, newest first.
pub fn list(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, limit: i64) -> Result<Vec<BatchRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminal_batches where merchant_id = $1 and terminal_id = $2 \
         order by opened_at desc, number desc limit $3"
    );
    tx.all(&sql, args![merchant_id, terminal_id, limit])?
        .iter()
        .map(read)
        .collect()
}

/// Opens a batch, unless it is there; whether it was opened now.
pub fn open(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, number: i64, at: i64) -> Result<bool, Error> {
    let opened = tx.run(
        "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
         values ($1, $2, $3, 'open', $4, '', '') on conflict (merchant_id, terminal_id, number) do nothing",
        args![merchant_id, terminal_id, number, at],
    )?;
    Ok(opened == 1)
}

/// Closes an open batch with both sides' totals. `balanced` is none where nothing was compared. The settlement read the
/// clock before it had its turn: what ended in the batch meanwhile ended before it was closed.
pub fn close(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id, number): (&str, &str, i64),
    at: i64,
    balanced: Option<bool>,
    terminal_totals: &str,
    host_totals: &str,
) -> Result<(), Error> {
    const LAST: &str = "(select max(x.finished_at) from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
                        and x.batch = $3)";
    let sql = format!(
        "update terminal_batches set state = 'closed', \
         closed_at = case when coalesce({LAST}, $4) > $4 then {LAST} else $4 end, balanced = $5, terminal_totals = $6, \
         host_totals = $7 where merchant_id = $1 and terminal_id = $2 and number = $3 and state = 'open'"
    );
    tx.exactly_one(
        &sql,
        args![
            merchant_id,
            terminal_id,
            number,
            at,
            balanced,
            terminal_totals,
            host_totals
        ],
    )
}

/// A row of `upload_items`: a transaction as the terminal remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct UploadRow {
    pub merchant_id: String,
    pub terminal_id: String,
    pub batch: i64,
    pub stan: i64,
    pub masked_card: String,
    pub amount: i64,
    /// `match`, `amount_differs` or `terminal_only`.
    pub outcome: String,
    pub at: i64,
}

/// Writes an uploaded item; a repeat of it changes nothing.
pub fn insert_upload(tx: &mut Tx<'_>, item: &UploadRow) -> Result<bool, Error> {
    let written = tx.run(
        "insert into upload_items (merchant_id, terminal_id, batch, stan, masked_card, amount, outcome, at) \
         values ($1,$2,$3,$4,$5,$6,$7,$8) on conflict (merchant_id, terminal_id, batch, stan) do nothing",
        args![
            &item.merchant_id,
            &item.terminal_id,
            item.batch,
            item.stan,
            &item.masked_card,
            item.amount,
            &item.outcome,
            item.at
        ],
    )?;
    Ok(written == 1)
}

/// What a terminal uploaded of a batch, by trace number.
pub fn uploads(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, batch: i64) -> Result<Vec<UploadRow>, Error> {
    tx.all(
        "select merchant_id, terminal_id, batch, stan, masked_card, amount, outcome, at from upload_items \
         where merchant_id = $1 and terminal_id = $2 and batch = $3 order by stan",
        args![merchant_id, terminal_id, batch],
    )?
    .iter()
    .map(|r| {
        Ok(UploadRow {
            merchant_id: r.take(0)?,
            terminal_id: r.take(1)?,
            batch: r.take(2)?,
            stan: r.take(3)?,
            masked_card: r.take(4)?,
            amount: r.take(5)?,
            outcome: r.take(6)?,
            at: r.take(7)?,
        })
    })
    .collect()
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// Nothing takes effect in a batch that was closed before: its totals stand without it.
pub const NOTHING_AFTER_CLOSE: &str = "
    select x.merchant_id || '/' || x.id, 'an end before batch ' || cast(b.number as text) || ' was closed',
           'approved ' || cast(x.finished_at - b.closed_at as text) || ' ms later, received '
             || cast(x.received_at - b.closed_at as text) || ' ms later'
    from terminal_batches b join transactions x on x.merchant_id = b.merchant_id and x.terminal_id = b.terminal_id
      and x.batch = b.number
    where b.closed_at is not null and x.message_class = 'request' and x.state in ('approved', 'voided', 'refunded')
      and (x.finished_at > b.closed_at or x.received_at > b.closed_at)
    order by x.merchant_id, x.id limit 20";
