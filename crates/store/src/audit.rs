//! The audit log: entries, written with the change they tell of, and the chain that numbers and seals them.

use crate::{Error, Row, Tx, args};

/// A row of `audit_entries`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AuditRow {
    pub id: String,
    pub at: i64,
    pub actor: String,
    pub role: String,
    pub command: String,
    pub merchant_id: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub reason: String,
    pub before_digest: String,
    pub after_digest: String,
    pub details: String,
    /// Its number in the chain, once sealed.
    pub seq: Option<i64>,
}

/// A row of `audit_chain`: the seal of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// The entry it seals.
    pub entry_id: String,
    /// Digest of the entry's canonical text.
    pub digest: String,
    /// Hash of the link before; of the first, 64 zeros.
    pub previous: String,
    /// Hash over the three before.
    pub hash: String,
}

/// Which entries a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this merchant (or `-`).
    pub merchant_id: String,
    /// Only of this kind of subject.
    pub subject_kind: String,
    /// Only of this subject.
    pub subject_id: String,
    /// Only by this actor.
    pub actor: String,
    /// Only this command.
    pub command: String,
}

const COLUMNS: &str = "id, at, actor, role, command, merchant_id, subject_kind, subject_id, reason, before_digest, \
                       after_digest, details, seq";

fn read(row: &Row) -> Result<AuditRow, Error> {
    Ok(AuditRow {
        id: row.take(0)?,
        at: row.take(1)?,
        actor: row.take(2)?,
        role: row.take(3)?,
        command: row.take(4)?,
        merchant_id: row.take(5)?,
        subject_kind: row.take(6)?,
        subject_id: row.take(7)?,
        reason: row.take(8)?,
        before_digest: row.take(9)?,
        after_digest: row.take(10)?,
        details: row.take(11)?,
        seq: row.take(12)?,
    })
}

fn read_link(row: &Row, from: usize) -> Result<LinkRow, Error> {
    Ok(LinkRow {
        seq: row.take(from)?,
        entry_id: row.take(from + 1)?,
        digest: row.take(from + 2)?,
        previous: row.take(from + 3)?,
        hash: row.take(from + 4)?,
    })
}

/// Writes an entry, not yet sealed.
pub fn insert(tx: &mut Tx<'_>, entry: &AuditRow) -> Result<(), Error> {
    tx.exactly_one(
        &format!("insert into audit_entries ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,null)"),
        args![
            &entry.id,
            entry.at,
            &entry.actor,
            &entry.role,
            &entry.command,
            &entry.merchant_id,
            &entry.subject_kind,
            &entry.subject_id,
            &entry.reason,
            &entry.before_digest,
            &entry.after_digest,
            &entry.details
        ],
    )
}

/// Entries not yet sealed, in order of their ids, at most `limit`.
pub fn unsealed(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<AuditRow>, Error> {
    let sql = format!("select {COLUMNS} from audit_entries where seq is null order by id limit $1");
    tx.all(&sql, args![limit])?.iter().map(read).collect()
}

/// How many entries are not yet sealed, and when the oldest of them was written.
pub fn tail(tx: &mut Tx<'_>) -> Result<(i64, Option<i64>), Error> {
    let row = tx.one("select count(*), min(at) from audit_entries where seq is null", args![])?;
    Ok((row.take(0)?, row.take(1)?))
}

/// The newest link of the chain.
pub fn head(tx: &mut Tx<'_>) -> Result<Option<LinkRow>, Error> {
    let sql = "select seq, entry_id, digest, previous, hash from audit_chain order by seq desc limit 1";
    tx.maybe(sql, args![])?.map(|row| read_link(&row, 0)).transpose()
}

/// Appends a link and gives its entry its number; fails if either was done before.
pub fn link(tx: &mut Tx<'_>, link: &LinkRow) -> Result<(), Error> {
    tx.exactly_one(
        "insert into audit_chain (seq, entry_id, digest, previous, hash) values ($1,$2,$3,$4,$5)",
        args![link.seq, &link.entry_id, &link.digest, &link.previous, &link.hash],
    )?;
    tx.exactly_one(
        "update audit_entries set seq = $2 where id = $1 and seq is null",
        args![&link.entry_id, link.seq],
    )
}

/// Links after `seq` with the entries they seal, in order, at most `limit`. An entry that is gone is none.
pub fn sealed_after(tx: &mut Tx<'_>, seq: i64, limit: i64) -> Result<Vec<(LinkRow, Option<AuditRow>)>, Error> {
    let sql = "select e.id, e.at, e.actor, e.role, e.command, e.merchant_id, e.subject_kind, e.subject_id, e.reason, \
                 e.before_digest, e.after_digest, e.details, e.seq, c.seq, c.entry_id, c.digest, c.previous, c.hash \
               from audit_chain c left join audit_entries e on e.id = c.entry_id \
               where c.seq > $1 order by c.seq limit $2";
    tx.all(sql, args![seq, limit])?
        .iter()
        .map(|row| {
            let entry = if row.take::<Option<String>>(0)?.is_some() {
                Some(read(row)?)
            } else {
                None
            };
            Ok((read_link(row, 13)?, entry))
        })
        .collect()
}

/// Entries that claim a number but have no link, at most 20: `(id, seq)`.
pub fn numbered_without_link(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    let sql = "select e.id, e.seq from audit_entries e left join audit_chain c on c.entry_id = e.id \
               where e.seq is not null and c.entry_id is null order by e.seq limit 20";
    tx.all(sql, args![])?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Entries with the hash of their link (empty until sealed), newest first, before the entry `before` (empty: from the
/// newest), at most `limit`.
pub fn list(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<(AuditRow, String)>, Error> {
    // `~` sorts after every character of an id.
    let before = if before.is_empty() { "~" } else { before };
    let sql = "select e.id, e.at, e.actor, e.role, e.command, e.merchant_id, e.subject_kind, e.subject_id, e.reason, \
                 e.before_digest, e.after_digest, e.details, e.seq, coalesce(c.hash, '') \
               from audit_entries e left join audit_chain c on c.entry_id = e.id \
               where e.id < $1 and ($2 = '' or e.merchant_id = $2) and ($3 = '' or e.subject_kind = $3) \
                 and ($4 = '' or e.subject_id = $4) and ($5 = '' or e.actor = $5) and ($6 = '' or e.command = $6) \
               order by e.id desc limit $7";
    tx.all(
        sql,
        args![
            before,
            &filter.merchant_id,
            &filter.subject_kind,
            &filter.subject_id,
            &filter.actor,
            &filter.command,
            limit
        ],
    )?
    .iter()
    .map(|row| Ok((read(row)?, row.take(13)?)))
    .collect()
}

/// Who made the change of an entry: actor and role.
pub fn actor(tx: &mut Tx<'_>, id: &str) -> Result<Option<(String, String)>, Error> {
    tx.maybe("select actor, role from audit_entries where id = $1", args![id])?
        .map(|row| Ok((row.take(0)?, row.take(1)?)))
        .transpose()
}
