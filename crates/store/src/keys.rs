//! Keys of terminals, sealed. One current key per terminal and kind, and beside a working key that no message has proven
//! yet the one before it, the *former* one; earlier ones keep their number and check value only.

use crate::{Error, Row, Tx, args};

/// A row of `terminal_keys`.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct KeyRow {
    pub merchant_id: String,
    pub terminal_id: String,
    /// `tmk`, `pik`, `mak` or `tdk`.
    pub kind: String,
    pub version: i64,
    /// The key, sealed; empty once destroyed.
    pub sealed: Vec<u8>,
    /// Check value, eight hex digits.
    pub kcv: String,
    pub fingerprint: String,
    pub created_at: i64,
    /// Of a master key: the component entry it came from, 0 for none.
    pub ceremony: i64,
    /// Of a master key: the check value its device reports; empty until it did.
    pub reported_kcv: String,
}

const COLUMNS: &str =
    "merchant_id, terminal_id, kind, version, sealed, kcv, fingerprint, created_at, ceremony, reported_kcv";

fn read(row: &Row) -> Result<KeyRow, Error> {
    Ok(KeyRow {
        merchant_id: row.take(0)?,
        terminal_id: row.take(1)?,
        kind: row.take(2)?,
        version: row.take(3)?,
        sealed: row.take(4)?,
        kcv: row.take(5)?,
        fingerprint: row.take(6)?,
        created_at: row.take(7)?,
        ceremony: row.take(8)?,
        reported_kcv: row.take(9)?,
    })
}

/// The current key of a kind.
pub fn current(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kind: &str) -> Result<Option<KeyRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminal_keys where merchant_id = $1 and terminal_id = $2 and kind = $3 \
         and state = 'current'"
    );
    tx.maybe(&sql, args![merchant_id, terminal_id, kind])?
        .as_ref()
        .map(read)
        .transpose()
}

/// How many keys of a kind there have been, and how many of them are destroyed: grows whenever one is made or destroyed.
pub fn stamp(tx: &mut Tx<'_>, kind: &str) -> Result<(i64, i64), Error> {
    let row = tx.one(
        "select count(*), count(destroyed_at) from terminal_keys where kind = $1",
        args![kind],
    )?;
    Ok((row.take(0)?, row.take(1)?))
}

/// The highest version of every kind a terminal has had.
pub fn versions(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Vec<(String, i64)>, Error> {
    tx.all(
        "select kind, max(version) from terminal_keys where merchant_id = $1 and terminal_id = $2 group by kind",
        args![merchant_id, terminal_id],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?)))
    .collect()
}

/// Writes a key as the current one of its kind. Retire the one before first: a second current one violates
/// `terminal_keys_current`.
pub fn insert(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), Error> {
    // Two sign-ins at once read the clock before they queue: a later version is never written as made earlier.
    const LATEST: &str = "(select max(k.created_at) from terminal_keys k where k.merchant_id = $1 and k.terminal_id = $2 and k.kind = $3)";
    let sql = format!(
        "insert into terminal_keys ({COLUMNS}, state) values ($1,$2,$3,$4,$5,$6,$7,\
         case when coalesce({LATEST}, $8) > $8 then {LATEST} else $8 end,$9,$10,'current')"
    );
    let args = args![
        &key.merchant_id,
        &key.terminal_id,
        &key.kind,
        key.version,
        &key.sealed,
        &key.kcv,
        &key.fingerprint,
        key.created_at,
        key.ceremony,
        &key.reported_kcv
    ];
    tx.exactly_one(&sql, args)?;
    raise_line(tx, &key.merchant_id, &key.terminal_id)
}

/// Says that a terminal speaks under other keys from here on.
fn raise_line(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.run(
        "update terminals set line_version = line_version + 1 where merchant_id = $1 and id = $2",
        args![merchant_id, terminal_id],
    )?;
    Ok(())
}

/// Retires the keys of a kind, the current and the former one, and destroys their bytes; how many there were (0 to 2).
pub fn retire(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kind: &str, at: i64) -> Result<u64, Error> {
    raise_line(tx, merchant_id, terminal_id)?;
    tx.run(
        "update terminal_keys set state = 'retired', sealed = $4, destroyed_at = $5 \
         where merchant_id = $1 and terminal_id = $2 and kind = $3 and state in ('current', 'former')",
        args![merchant_id, terminal_id, kind, Vec::<u8>::new(), at],
    )
}

/// Retires the current key of a kind only; how many there were (0 or 1).
pub fn retire_current(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    kind: &str,
    at: i64,
) -> Result<u64, Error> {
    raise_line(tx, merchant_id, terminal_id)?;
    tx.run(
        "update terminal_keys set state = 'retired', sealed = $4, destroyed_at = $5 \
         where merchant_id = $1 and terminal_id = $2 and kind = $3 and state = 'current'",
        args![merchant_id, terminal_id, kind, Vec::<u8>::new(), at],
    )
}

/// Retires a terminal's former keys and destroys their bytes; how many there were.
pub fn retire_former(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<u64, Error> {
    let retired = tx.run(
        "update terminal_keys set state = 'retired', sealed = $3, destroyed_at = $4 \
         where merchant_id = $1 and terminal_id = $2 and state = 'former'",
        args![merchant_id, terminal_id, Vec::<u8>::new(), at],
    )?;
    if retired > 0 {
        raise_line(tx, merchant_id, terminal_id)?;
    }
    Ok(retired)
}

/// Makes the current key of a kind the former one; a second former one violates `terminal_keys_former`.
pub fn supersede(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kind: &str) -> Result<u64, Error> {
    raise_line(tx, merchant_id, terminal_id)?;
    tx.run(
        "update terminal_keys set state = 'former' \
         where merchant_id = $1 and terminal_id = $2 and kind = $3 and state = 'current'",
        args![merchant_id, terminal_id, kind],
    )
}

/// A terminal's former keys.
pub fn former(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Vec<KeyRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminal_keys where merchant_id = $1 and terminal_id = $2 and state = 'former' order by kind"
    );
    tx.all(&sql, args![merchant_id, terminal_id])?
        .iter()
        .map(read)
        .collect()
}

/// Former keys behind a place in the order of merchant, terminal and kind, up to another; none as the other: to the end.
pub fn former_between(
    tx: &mut Tx<'_>,
    after: (&str, &str, &str),
    until: Option<(&str, &str, &str)>,
) -> Result<Vec<KeyRow>, Error> {
    let (open, until) = (until.is_none(), until.unwrap_or_default());
    let sql = format!(
        "select {COLUMNS} from terminal_keys where state = 'former' and (merchant_id, terminal_id, kind) > ($1, $2, $3) \
         and ($4 or (merchant_id, terminal_id, kind) <= ($5, $6, $7)) order by merchant_id, terminal_id, kind"
    );
    tx.all(&sql, args![after.0, after.1, after.2, open, until.0, until.1, until.2])?
        .iter()
        .map(read)
        .collect()
}

/// Terminals whose former keys are beside a MAC key made at or before a moment: merchant and terminal.
pub fn outlived(tx: &mut Tx<'_>, made: i64, most: i64) -> Result<Vec<(String, String)>, Error> {
    tx.all(
        "select f.merchant_id, f.terminal_id from terminal_keys f \
         join terminal_keys a on a.merchant_id = f.merchant_id and a.terminal_id = f.terminal_id \
           and a.kind = 'mak' and a.state = 'current' \
         where f.state = 'former' and a.created_at <= $1 \
         group by f.merchant_id, f.terminal_id order by f.merchant_id, f.terminal_id limit $2",
        args![made, most],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?)))
    .collect()
}

/// Claims a master key's fingerprint for a terminal: false where another terminal holds a key with it.
pub fn claim(tx: &mut Tx<'_>, fingerprint: &str, merchant_id: &str, terminal_id: &str) -> Result<bool, Error> {
    tx.run(
        "insert into key_fingerprints (fingerprint, merchant_id, terminal_id) values ($1, $2, $3) \
         on conflict (fingerprint) do nothing",
        args![fingerprint, merchant_id, terminal_id],
    )?;
    let row = tx.one(
        "select merchant_id, terminal_id from key_fingerprints where fingerprint = $1",
        args![fingerprint],
    )?;
    Ok(row.take::<String>(0)? == merchant_id && row.take::<String>(1)? == terminal_id)
}

/// Whether a key of this fingerprint was ever used for anything but `kind`.
pub fn serves_otherwise(tx: &mut Tx<'_>, fingerprint: &str, kind: &str) -> Result<bool, Error> {
    let sql = "select 1 from terminal_keys where fingerprint = $1 and kind <> $2 limit 1";
    Ok(tx.maybe(sql, args![fingerprint, kind])?.is_some())
}

/// Keeps the check value that a device reports for its master key; how many keys it concerns (0 or 1).
pub fn report(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kcv: &str) -> Result<u64, Error> {
    tx.run(
        "update terminal_keys set reported_kcv = $3 \
         where merchant_id = $1 and terminal_id = $2 and kind = 'tmk' and state = 'current'",
        args![merchant_id, terminal_id, kcv],
    )
}

/// Current keys behind a place in their order, to walk over all of them: merchant, terminal, kind.
pub fn current_after(tx: &mut Tx<'_>, after: (&str, &str, &str), most: i64) -> Result<Vec<KeyRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminal_keys k where state = 'current' and (merchant_id, terminal_id, kind) > ($1, $2, $3) \
         and version = (select max(version) from terminal_keys l where l.merchant_id = k.merchant_id \
           and l.terminal_id = k.terminal_id and l.kind = k.kind) \
         order by merchant_id, terminal_id, kind limit $4"
    );
    tx.all(&sql, args![after.0, after.1, after.2, most])?
        .iter()
        .map(read)
        .collect()
}

/// Puts another block in the place of a current or former key's; false where it was changed or destroyed meanwhile.
pub fn replace_block(tx: &mut Tx<'_>, key: &KeyRow, block: &[u8]) -> Result<bool, Error> {
    let changed = tx.run(
        "update terminal_keys set sealed = $6 where merchant_id = $1 and terminal_id = $2 and kind = $3 and version = $4 \
         and sealed = $5 and state in ('current', 'former')",
        args![
            &key.merchant_id,
            &key.terminal_id,
            &key.kind,
            key.version,
            &key.sealed,
            block.to_vec()
        ],
    )?;
    if changed > 0 {
        raise_line(tx, &key.merchant_id, &key.terminal_id)?;
    }
    Ok(changed > 0)
}

/// Terminals whose MAC key was made at or before a moment: merchant and terminal.
pub fn worn(tx: &mut Tx<'_>, made: i64, most: i64) -> Result<Vec<(String, String)>, Error> {
    tx.all(
        "select merchant_id, terminal_id from terminal_keys \
         where state = 'current' and kind = 'mak' and created_at <= $1 order by created_at limit $2",
        args![made, most],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?)))
    .collect()
}

/// Who claimed a fingerprint, if anyone ever did: merchant and terminal.
pub fn claimed_by(tx: &mut Tx<'_>, fingerprint: &str) -> Result<Option<(String, String)>, Error> {
    let sql = "select merchant_id, terminal_id from key_fingerprints where fingerprint = $1";
    tx.maybe(sql, args![fingerprint])?
        .map(|r| Ok((r.take(0)?, r.take(1)?)))
        .transpose()
}

/// Every master key there ever was is claimed for its terminal, so that no other can get it.
pub const MASTERS_CLAIMED: &str = "
    select k.merchant_id || '/' || k.terminal_id || ' version ' || cast(k.version as text), 'claimed by its terminal',
           coalesce(f.merchant_id || '/' || f.terminal_id, 'by nobody')
    from terminal_keys k left join key_fingerprints f on f.fingerprint = k.fingerprint
    where k.kind = 'tmk' and (f.terminal_id is null or f.terminal_id <> k.terminal_id or f.merchant_id <> k.merchant_id)
    order by k.merchant_id, k.terminal_id, k.version limit 20";

/// Versions follow the order of time, the current key is the last one, and of the others no byte is left.
pub const VERSIONS_INCREASE: &str = "
    select place, expected, found
    from (select merchant_id || '/' || terminal_id || ' ' || kind || ' ' || cast(version as text) as place,
                 'made after version ' || cast(version - 1 as text) as expected, cast(created_at as text) as found
          from (select merchant_id, terminal_id, kind, version, created_at,
                       lag(created_at) over (partition by merchant_id, terminal_id, kind order by version) as before
                from terminal_keys) t
          where before > created_at
          union all
          select k.merchant_id || '/' || k.terminal_id || ' ' || k.kind || ' ' || cast(k.version as text),
                 'current: the last version', 'a later one exists'
          from terminal_keys k
          where k.state = 'current' and exists (select 1 from terminal_keys l where l.merchant_id = k.merchant_id
            and l.terminal_id = k.terminal_id and l.kind = k.kind and l.version > k.version)
          union all
          select merchant_id || '/' || terminal_id || ' ' || kind || ' ' || cast(version as text),
                 'nothing left of a destroyed key', cast(length(sealed) as text) || ' bytes'
          from terminal_keys where state not in ('current', 'former') and length(sealed) > 0) v
    order by place limit 20";

/// A former key is a working key, older than the current one of its kind, beside a current MAC key: there is no way back
/// to it, and it does not outlive a sign-off.
pub const FORMER_BESIDE_NEWER: &str = "
    select f.merchant_id || '/' || f.terminal_id || ' ' || f.kind || ' ' || cast(f.version as text),
           'a working key before a current one', 'current: version ' || coalesce(cast(c.version as text), '-')
             || ', MAC key: ' || coalesce(cast(a.version as text), '-')
    from terminal_keys f
    left join terminal_keys c on c.merchant_id = f.merchant_id and c.terminal_id = f.terminal_id and c.kind = f.kind
      and c.state = 'current'
    left join terminal_keys a on a.merchant_id = f.merchant_id and a.terminal_id = f.terminal_id and a.kind = 'mak'
      and a.state = 'current'
    where f.state = 'former'
      and (f.kind = 'tmk' or length(f.sealed) = 0 or a.version is null or c.version < f.version)
    order by f.merchant_id, f.terminal_id, f.kind limit 20";

/// A master key that was entered as components has two people, two sessions and two check values behind it.
pub const COMPONENTS_APART: &str = "
    select k.merchant_id || '/' || k.terminal_id || ' version ' || cast(k.version as text),
           'two components by two people in two sessions, with check values',
           cast(count(c.part) as text) || ' by ' || cast(count(distinct c.person_id) as text) || ' in '
             || cast(count(distinct c.session_hash) as text)
    from terminal_keys k left join key_components c
      on c.merchant_id = k.merchant_id and c.terminal_id = k.terminal_id and c.ceremony = k.ceremony and c.kcv <> ''
    where k.kind = 'tmk' and k.ceremony > 0
    group by k.merchant_id, k.terminal_id, k.version
    having count(c.part) <> 2 or count(distinct c.person_id) <> 2 or count(distinct c.session_hash) <> 2
    order by k.merchant_id, k.terminal_id limit 20";

/// No terminal is signed in whose device reports another master key than ours.
pub const DEVICES_AGREE: &str = "
    select t.merchant_id || '/' || t.id, k.kcv, k.reported_kcv
    from terminals t join terminal_keys k on k.merchant_id = t.merchant_id and k.terminal_id = t.id
      and k.kind = 'tmk' and k.state = 'current'
    where t.signed_in and k.reported_kcv <> '' and k.reported_kcv <> k.kcv
    order by t.merchant_id, t.id limit 20";

/// No key is left of a terminal that is withdrawn, or whose device is lost or was given back.
pub const GONE_WITHOUT_KEYS: &str = "
    select t.merchant_id || '/' || t.id || ' ' || k.kind, 'destroyed', k.state || ', terminal ' || t.stage || ', device '
             || coalesce(d.stage, '-')
    from terminals t
    join terminal_keys k on k.merchant_id = t.merchant_id and k.terminal_id = t.id
      and k.state in ('current', 'former')
    left join devices d on d.id = t.device_id
    where t.stage = 'withdrawn' or d.stage in ('lost', 'returned', 'retired')
    order by t.merchant_id, t.id, k.kind limit 20";

/// No key ever served two purposes.
pub const ONE_PURPOSE: &str = "
    select min(merchant_id || '/' || terminal_id), 'one purpose', min(kind) || ' and ' || max(kind)
    from terminal_keys group by fingerprint having count(distinct kind) > 1 order by fingerprint limit 20";

/// A row of `key_components`.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ComponentRow {
    pub merchant_id: String,
    pub terminal_id: String,
    /// Counts a terminal's component entries, from 1.
    pub ceremony: i64,
    /// 1 or 2.
    pub part: i64,
    pub person_id: String,
    pub user_id: String,
    pub session_hash: String,
    pub kcv: String,
    /// The component, sealed; empty once the key is made.
    pub sealed: Vec<u8>,
    pub entered_at: i64,
}

/// Writes a component; false where that part is there already.
pub fn enter_component(tx: &mut Tx<'_>, row: &ComponentRow) -> Result<bool, Error> {
    let written = tx.run(
        "insert into key_components (merchant_id, terminal_id, ceremony, part, person_id, user_id, session_hash, kcv, \
           sealed, entered_at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) on conflict do nothing",
        args![
            &row.merchant_id,
            &row.terminal_id,
            row.ceremony,
            row.part,
            &row.person_id,
            &row.user_id,
            &row.session_hash,
            &row.kcv,
            &row.sealed,
            row.entered_at
        ],
    )?;
    Ok(written > 0)
}

/// The components of a terminal's last entry, by part, and whether it is over (the key made, or given up).
pub fn last_components(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
) -> Result<Vec<(ComponentRow, bool)>, Error> {
    tx.all(
        "select merchant_id, terminal_id, ceremony, part, person_id, user_id, session_hash, kcv, sealed, entered_at, \
           destroyed_at is not null \
         from key_components where merchant_id = $1 and terminal_id = $2 and ceremony = \
           (select max(ceremony) from key_components where merchant_id = $1 and terminal_id = $2) order by part",
        args![merchant_id, terminal_id],
    )?
    .iter()
    .map(|r| {
        let row = ComponentRow {
            merchant_id: r.take(0)?,
            terminal_id: r.take(1)?,
            ceremony: r.take(2)?,
            part: r.take(3)?,
            person_id: r.take(4)?,
            user_id: r.take(5)?,
            session_hash: r.take(6)?,
            kcv: r.take(7)?,
            sealed: r.take(8)?,
            entered_at: r.take(9)?,
        };
        Ok((row, r.take(10)?))
    })
    .collect()
}

/// Destroys the bytes of a terminal's components.
pub fn destroy_components(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<u64, Error> {
    tx.run(
        "update key_components set sealed = $3, destroyed_at = $4 \
         where merchant_id = $1 and terminal_id = $2 and destroyed_at is null",
        args![merchant_id, terminal_id, Vec::<u8>::new(), at],
    )
}
