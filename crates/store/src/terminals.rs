//! Terminals: the acceptance point of a shop, whichever device serves it. `terminal_numbers` finds one by its number,
//! for every merchant at once.

use std::collections::BTreeMap;

use crate::{Error, Given, Kind, Row, Tx, args, given};

/// A row of `terminals`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TerminalRow {
    pub merchant_id: String,
    pub id: String,
    pub number: String,
    pub shop_id: String,
    /// `-` where no device serves it.
    pub device_id: String,
    pub stage: String,
    /// Kept for when another fails: exempt from dormancy.
    pub spare: bool,
    /// `ecb`, `cbc`, `x9.19` …, as `iso8583` names them.
    pub mac_algorithm: String,
    pub tpdu: String,
    /// When it entered the network.
    pub opened_at: Option<i64>,
    pub last_sale_at: Option<i64>,
    /// When its merchant's identity and business were last verified for it.
    pub verified_at: Option<i64>,
    pub signed_in: bool,
    pub signed_in_at: Option<i64>,
    pub batch: i64,
    pub software: String,
    pub activation_hash: Option<String>,
    pub activation_expires_at: Option<i64>,
    pub created_at: i64,
}

const COLUMNS: &str = "t.merchant_id, t.id, t.number, t.shop_id, t.device_id, t.stage, t.spare, t.mac_algorithm, t.tpdu, \
                       t.opened_at, t.last_sale_at, t.verified_at, t.signed_in, t.signed_in_at, t.batch, t.software, \
                       t.activation_hash, t.activation_expires_at, t.created_at";

fn read(row: &Row) -> Result<TerminalRow, Error> {
    Ok(TerminalRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        number: row.take(2)?,
        shop_id: row.take(3)?,
        device_id: row.take(4)?,
        stage: row.take(5)?,
        spare: row.take(6)?,
        mac_algorithm: row.take(7)?,
        tpdu: row.take(8)?,
        opened_at: row.take(9)?,
        last_sale_at: row.take(10)?,
        verified_at: row.take(11)?,
        signed_in: row.take(12)?,
        signed_in_at: row.take(13)?,
        batch: row.take(14)?,
        software: row.take(15)?,
        activation_hash: row.take(16)?,
        activation_expires_at: row.take(17)?,
        created_at: row.take(18)?,
    })
}

fn rows(rows: &[Row]) -> Result<Vec<TerminalRow>, Error> {
    rows.iter().map(read).collect()
}

/// Writes a new terminal and its number; false if another terminal has the number.
pub fn insert(tx: &mut Tx<'_>, terminal: &TerminalRow) -> Result<bool, Error> {
    let free = tx.run(
        "insert into terminal_numbers (number, merchant_id, terminal_id) values ($1, $2, $3) on conflict do nothing",
        args![&terminal.number, &terminal.merchant_id, &terminal.id],
    )?;
    if free == 0 {
        return Ok(false);
    }
    tx.exactly_one(
        "insert into terminals (merchant_id, id, number, shop_id, device_id, stage, spare, mac_algorithm, tpdu, \
           opened_at, last_sale_at, verified_at, signed_in, signed_in_at, batch, software, activation_hash, \
           activation_expires_at, created_at) \
         values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)",
        args![
            &terminal.merchant_id,
            &terminal.id,
            &terminal.number,
            &terminal.shop_id,
            &terminal.device_id,
            &terminal.stage,
            terminal.spare,
            &terminal.mac_algorithm,
            &terminal.tpdu,
            terminal.opened_at,
            terminal.last_sale_at,
            terminal.verified_at,
            terminal.signed_in,
            terminal.signed_in_at,
            terminal.batch,
            &terminal.software,
            &terminal.activation_hash,
            terminal.activation_expires_at,
            terminal.created_at
        ],
    )?;
    Ok(true)
}

/// One terminal.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<TerminalRow>, Error> {
    let sql = format!("select {COLUMNS} from terminals t where t.merchant_id = $1 and t.id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// Merchant and id of the terminal with this number.
pub fn by_number(tx: &mut Tx<'_>, number: &str) -> Result<Option<(String, String)>, Error> {
    crate::chain::terminal_by_number(tx, number)
}

/// The highest terminal number in use that begins so.
pub fn highest_number(tx: &mut Tx<'_>, prefix: &str) -> Result<Option<String>, Error> {
    tx.one(
        "select max(number) from terminal_numbers where number >= $1 and number < $2",
        args![prefix, format!("{prefix}~")],
    )?
    .take(0)
}

/// How many terminals a merchant has.
pub fn count(tx: &mut Tx<'_>, merchant_id: &str) -> Result<i64, Error> {
    tx.one(
        "select count(*) from terminals where merchant_id = $1",
        args![merchant_id],
    )?
    .take(0)
}

/// Which terminals a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Filter {
    pub merchant_id: String,
    pub agent_id: String,
    pub shop_id: String,
    pub stage: String,
}

/// A page of terminals in the order of merchant and id: those after the key `after` (empty: from the first).
pub fn list(tx: &mut Tx<'_>, filter: &Filter, after: (&str, &str), limit: i64) -> Result<Vec<TerminalRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminals t join merchants m on m.merchant_id = t.merchant_id \
         where (t.merchant_id, t.id) > ($1, $2) and ($3 = '' or t.merchant_id = $3) and ($4 = '' or m.agent_id = $4) \
         and ($5 = '' or t.shop_id = $5) and ($6 = '' or t.stage = $6) order by t.merchant_id, t.id limit $7"
    );
    let args = args![
        after.0,
        after.1,
        &filter.merchant_id,
        &filter.agent_id,
        &filter.shop_id,
        &filter.stage,
        limit
    ];
    rows(&tx.all(&sql, args)?)
}

/// Gives a terminal another device, or none (`-`).
pub fn set_device(tx: &mut Tx<'_>, merchant_id: &str, id: &str, device_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set device_id = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, device_id],
    )
}

/// Moves a terminal to another shop of its merchant.
pub fn set_shop(tx: &mut Tx<'_>, merchant_id: &str, id: &str, shop_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set shop_id = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, shop_id],
    )
}

/// Notes when a terminal entered the network, unless it has been in it before.
pub fn set_opened(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update terminals set opened_at = $3 where merchant_id = $1 and id = $2 and opened_at is null",
        args![merchant_id, id, at],
    )?;
    Ok(())
}

/// Notes a sale, unless a later one is noted already.
pub fn set_sold(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update terminals set last_sale_at = $3 where merchant_id = $1 and id = $2 \
         and (last_sale_at is null or last_sale_at < $3)",
        args![merchant_id, id, at],
    )?;
    Ok(())
}

/// Notes the sales of many terminals: merchant, terminal, moment, and the beginning of that day; of each day the first.
/// What those were idle since until now whose row was written: their last sale, or their entry to the network.
pub fn set_all_sold(
    tx: &mut Tx<'_>,
    sold: &[(&str, &str, i64, i64)],
) -> Result<BTreeMap<(String, String), Option<i64>>, Error> {
    const GIVEN: &[(&str, Kind)] = &[
        ("merchant_id", Kind::Text),
        ("id", Kind::Text),
        ("at", Kind::Int),
        ("day", Kind::Int),
    ];
    let rows: Vec<Vec<Given<'_>>> = sold.iter().map(|(m, t, at, day)| given![*m, *t, *at, *day]).collect();
    let before = tx.given(
        GIVEN,
        "select t.merchant_id, t.id, coalesce(t.last_sale_at, t.opened_at) from given g \
         join terminals t on t.merchant_id = g.merchant_id and t.id = g.id \
         where t.last_sale_at is null or t.last_sale_at < g.day",
        &rows,
    )?;
    if before.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<Vec<Given<'_>>> = sold.iter().map(|(m, t, at, day)| given![*at, *day, *m, *t]).collect();
    tx.change_each(
        &[
            ("at", Kind::Int),
            ("day", Kind::Int),
            ("merchant_id", Kind::Text),
            ("id", Kind::Text),
        ],
        "update terminals set last_sale_at = {at} {given} where terminals.merchant_id = {merchant_id} \
         and terminals.id = {id} and (terminals.last_sale_at is null or terminals.last_sale_at < {day})",
        &rows,
    )?;
    before
        .iter()
        .map(|row| Ok(((row.take(0)?, row.take(1)?), row.take(2)?)))
        .collect()
}

/// Notes a verification, unless a later one is noted already.
pub fn set_verified(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update terminals set verified_at = $3 where merchant_id = $1 and id = $2 \
         and (verified_at is null or verified_at < $3)",
        args![merchant_id, id, at],
    )?;
    Ok(())
}

/// Notes that a terminal is no longer signed in.
pub fn set_signed_off(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set signed_in = false, line_version = line_version + 1 where merchant_id = $1 and id = $2",
        args![merchant_id, id],
    )
}

/// Keeps the hash of an activation code and until when it counts, or forgets both.
pub fn set_activation(tx: &mut Tx<'_>, merchant_id: &str, id: &str, code: Option<(&str, i64)>) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set activation_hash = $3, activation_expires_at = $4 where merchant_id = $1 and id = $2",
        args![merchant_id, id, code.map(|c| c.0), code.map(|c| c.1)],
    )
}

/// Since when a terminal has been idle: its last sale, else its entry to the network. The index `terminals_idle` is on
/// this expression, word for word.
const IDLE_SINCE: &str = "coalesce(t.last_sale_at, t.opened_at)";

/// A rung of the dormancy ladder, as its query needs it.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Rung<'a> {
    pub reason: &'a str,
    /// Terminals idle since this moment or longer are candidates.
    pub horizon: i64,
    /// Whether a verification after the horizon is as good as a sale.
    pub reset_by_verification: bool,
    /// The reason of the owner's planned pauses, whose time does not count; empty: it does.
    pub pause: &'a str,
}

/// Live terminals of active merchants that a rung reaches: not spare, idle since the horizon not counting planned pauses,
/// in none now, and without a stop of its reason, live or lifted after the horizon. The longest idle first.
pub fn idle(tx: &mut Tx<'_>, rung: &Rung<'_>, limit: i64) -> Result<Vec<TerminalRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminals t join merchants m on m.merchant_id = t.merchant_id \
         where t.stage = 'live' and not t.spare and {IDLE_SINCE} <= $1 and m.stage = 'active' \
         and (not $2 or coalesce(t.verified_at, 0) <= $1) \
         and not exists (select 1 from stops s where s.merchant_id = t.merchant_id and s.subject_kind = 'terminal' \
           and s.subject_id = t.id and s.reason = $3 and (s.lifted_at is null or s.lifted_at > $1)) \
         and not exists (select 1 from stops s where s.merchant_id = t.merchant_id and s.subject_kind = 'merchant' \
           and s.reason = $4 and s.lifted_at is null and s.ends_at is not null) \
         and {IDLE_SINCE} + cast(coalesce((select sum(s.lifted_at - \
             case when s.starts_at > {IDLE_SINCE} then s.starts_at else {IDLE_SINCE} end) \
           from stops s where s.merchant_id = t.merchant_id and s.subject_kind = 'merchant' and s.reason = $4 \
           and s.ends_at is not null and s.lifted_at > s.starts_at and s.lifted_at > {IDLE_SINCE}), 0) as bigint) <= $1 \
         order by {IDLE_SINCE}, t.merchant_id, t.id limit $5"
    );
    let args = args![rung.horizon, rung.reset_by_verification, rung.reason, rung.pause, limit];
    rows(&tx.all(&sql, args)?)
}

/// How long, after `since`, a merchant was under stops of this reason that had an end set in advance and are over
/// (milliseconds).
pub fn paused(tx: &mut Tx<'_>, merchant_id: &str, reason: &str, since: i64) -> Result<i64, Error> {
    tx.one(
        "select cast(coalesce(sum(lifted_at - case when starts_at > $3 then starts_at else $3 end), 0) as bigint) \
         from stops where merchant_id = $1 and subject_kind = 'merchant' and reason = $2 and ends_at is not null \
         and lifted_at > starts_at and lifted_at > $3",
        args![merchant_id, reason, since],
    )?
    .take(0)
}

/// When a stop of this reason was last lifted from a terminal.
pub fn last_lifted(tx: &mut Tx<'_>, merchant_id: &str, id: &str, reason: &str) -> Result<Option<i64>, Error> {
    tx.one(
        "select max(lifted_at) from stops where merchant_id = $1 and subject_kind = 'terminal' and subject_id = $2 \
         and reason = $3",
        args![merchant_id, id, reason],
    )?
    .take(0)
}
