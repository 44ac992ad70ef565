//! What happened, numbered per subject, and the outbox that hands it on.

use crate::transactions::{self, TransactionRow};
use crate::{Error, Row, Tx, Value, args};

/// A row of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EventRow {
    pub merchant_id: String,
    pub id: String,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: String,
    /// 1, 2, 3 … within the subject; 0 for a payment, whose own row is the event.
    pub sequence: i64,
    /// The terminal on whose time-line it shows, or `-`.
    pub terminal_id: String,
    pub at: i64,
    /// JSON.
    pub data: String,
    /// The audit entry of the same change, or `-`.
    pub audit_id: String,
}

/// Which events a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this merchant (or `-`).
    pub merchant_id: String,
    /// Only of this terminal's time-line: what shows on it, and what its merchant, of which it is a part, lived through.
    pub terminal_id: String,
    /// Only of this kind of subject.
    pub subject_kind: String,
    /// Only of this subject.
    pub subject_id: String,
    /// Only of these kinds; none: all. At most eight count.
    pub kinds: Vec<String>,
    /// Not of these kinds. At most eight count.
    pub without: Vec<String>,
    /// Only those later than this moment.
    pub after: Option<i64>,
}

const COLUMNS: &str = "merchant_id, id, kind, subject_kind, subject_id, sequence, terminal_id, at, data, audit_id";

fn read(row: &Row) -> Result<EventRow, Error> {
    Ok(EventRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        kind: row.take(2)?,
        subject_kind: row.take(3)?,
        subject_id: row.take(4)?,
        sequence: row.take(5)?,
        terminal_id: row.take(6)?,
        at: row.take(7)?,
        data: row.take(8)?,
        audit_id: row.take(9)?,
    })
}

/// Writes an event under the next number of its subject, which it fills in, and its line in the outbox.
///
/// Writers of one subject queue at its first event, so that numbers are given in the order of commits without a gap.
pub fn append(tx: &mut Tx<'_>, event: &mut EventRow) -> Result<(), Error> {
    let insert = format!(
        "insert into events ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) \
         on conflict (merchant_id, subject_kind, subject_id, sequence) do nothing"
    );
    let subject = args![&event.merchant_id, &event.subject_kind, &event.subject_id];
    loop {
        let queued = tx.run(
            "update events set audit_id = audit_id \
             where merchant_id = $1 and subject_kind = $2 and subject_id = $3 and sequence = 1",
            subject.clone(),
        )? > 0;
        let last: i64 = tx
            .one(
                "select coalesce(max(sequence), 0) from events \
                 where merchant_id = $1 and subject_kind = $2 and subject_id = $3",
                subject.clone(),
            )?
            .take(0)?;
        if last > 0 && !queued {
            // The first event was committed between the two questions: its line is to be joined now.
            continue;
        }
        event.sequence = last + 1;
        if tx.run(&insert, values(event))? == 1 {
            break;
        }
        // Another writer's event came first and is the one to queue at: once around.
        if queued {
            return Err(Error::NotOne { sql: insert, rows: 0 });
        }
    }
    tx.exactly_one(
        "insert into outbox (merchant_id, event_id, kind, due_at, attempts) values ($1,$2,$3,$4,0)",
        args![&event.merchant_id, &event.id, &event.kind, event.at],
    )
}

fn values(event: &EventRow) -> Vec<Value> {
    args![
        &event.merchant_id,
        &event.id,
        &event.kind,
        &event.subject_kind,
        &event.subject_id,
        event.sequence,
        &event.terminal_id,
        event.at,
        &event.data,
        &event.audit_id
    ]
}

/// What all terminals of a merchant stand on: its events belong to each one's time-line.
const SHARED: &str = "'merchant','shop','contract','settlement_account','request'";

/// Events, newest first, before the event `before` (empty: from the newest), at most `limit`: those with a row of their
/// own, and payments whose row is the event.
pub fn list(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<EventRow>, Error> {
    let mut events = written(tx, filter, before, limit)?;
    if matches!(filter.subject_kind.as_str(), "" | "terminal") {
        events.extend(payments(tx, filter, before, limit)?);
        events.sort_by(|a, b| b.id.cmp(&a.id));
        events.truncate(usize::try_from(limit).unwrap_or(0));
    }
    Ok(events)
}

/// What ids of payments and of their events begin with.
const PAYMENT: &str = "pay_";
const EVENT: &str = "evt_";

fn payments(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<EventRow>, Error> {
    let before = before
        .strip_prefix(EVENT)
        .map_or_else(|| "~".to_owned(), |rest| format!("{PAYMENT}{rest}"));
    let mut args = args![
        before,
        &filter.merchant_id,
        &filter.terminal_id,
        &filter.subject_id,
        filter.after.unwrap_or(i64::MIN),
        limit
    ];
    let merchant = if filter.merchant_id.is_empty() {
        "$2 = ''"
    } else {
        "merchant_id = $2"
    };
    let kinds =
        among(&mut args, "and event in", &filter.kinds) + &among(&mut args, "and event not in", &filter.without);
    let sql = format!(
        "select {} from transactions where id < $1 and {merchant} and event <> '' and ($3 = '' or terminal_id = $3) \
           and ($4 = '' or terminal_id = $4) and finished_at > $5{kinds} order by id desc limit $6",
        transactions::COLUMNS
    );
    let rows = tx.all(&sql, args)?;
    rows.iter()
        .map(|row| Ok(of_payment(transactions::read(row)?)))
        .collect()
}

/// The event that a payment's row is. Codes and numbers only stand in it, so nothing has to be escaped.
fn of_payment(row: TransactionRow) -> EventRow {
    let data = if row.event == "terminal.declined" {
        format!(
            r#"{{"amount":{},"code":"","reason":"","response_code":"{}","transaction":"{}"}}"#,
            row.amount, row.response_code, row.id
        )
    } else {
        format!(
            r#"{{"amount":{},"kind":"{}","rrn":"{}","transaction":"{}"}}"#,
            row.amount, row.kind, row.rrn, row.id
        )
    };
    EventRow {
        id: format!("{EVENT}{}", row.id.strip_prefix(PAYMENT).unwrap_or(&row.id)),
        merchant_id: row.merchant_id,
        kind: row.event,
        subject_kind: "terminal".to_owned(),
        subject_id: row.terminal_id.clone(),
        sequence: 0,
        terminal_id: row.terminal_id,
        at: row.finished_at.unwrap_or(row.received_at),
        data,
        audit_id: "-".to_owned(),
    }
}

fn written(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<EventRow>, Error> {
    // `~` sorts after every character of an id.
    let before = if before.is_empty() { "~" } else { before };
    let mut args = args![
        before,
        &filter.merchant_id,
        &filter.terminal_id,
        &filter.subject_kind,
        &filter.subject_id,
        filter.after.unwrap_or(i64::MIN),
        limit
    ];
    // The merchant is compared plainly where it is given, so that the primary key serves.
    let merchant = if filter.merchant_id.is_empty() {
        "$2 = ''"
    } else {
        "merchant_id = $2"
    };
    let kinds = among(&mut args, "and kind in", &filter.kinds) + &among(&mut args, "and kind not in", &filter.without);
    let sql = format!(
        "select {COLUMNS} from events where id < $1 and {merchant} \
           and ($3 = '' or terminal_id = $3 or ($2 <> '' and terminal_id = '-' and subject_kind in ({SHARED}))) \
           and ($4 = '' or subject_kind = $4) and ($5 = '' or subject_id = $5) and at > $6{kinds} \
         order by id desc limit $7"
    );
    tx.all(&sql, args)?.iter().map(read).collect()
}

/// A condition on a list of texts, or nothing for an empty list.
fn among(args: &mut Vec<Value>, condition: &str, texts: &[String]) -> String {
    let mut places: Vec<String> = Vec::new();
    for text in texts.iter().take(8) {
        args.push(text.into());
        places.push(format!("${}", args.len()));
    }
    if places.is_empty() {
        String::new()
    } else {
        format!(" {condition} ({})", places.join(", "))
    }
}

/// Where a subject's name for people stands, by kind. `$1` is the merchant, `$2` the id.
const LABELS: &[(&str, &str)] = &[
    (
        "merchant",
        "select short_name from merchants where merchant_id = $1 and merchant_id = $2",
    ),
    (
        "terminal",
        "select number from terminals where merchant_id = $1 and id = $2",
    ),
    ("shop", "select name from shops where merchant_id = $1 and id = $2"),
    (
        "contract",
        "select number from contracts where merchant_id = $1 and id = $2",
    ),
    (
        "settlement_account",
        "select bank from settlement_accounts where merchant_id = $1 and id = $2",
    ),
    (
        "registration",
        "select serial from registrations where merchant_id = $1 and id = $2",
    ),
    (
        "device",
        "select serial from devices where cast($1 as text) is not null and id = $2",
    ),
    (
        "model",
        "select name_zh from models where cast($1 as text) is not null and id = $2",
    ),
    (
        "agent",
        "select name from agents where cast($1 as text) is not null and id = $2",
    ),
    (
        "user",
        "select display_name from users where cast($1 as text) is not null and id = $2",
    ),
    (
        "request",
        "select kind from requests where merchant_id = $1 and id = $2",
    ),
];

/// What people call a subject: a number, serial or name. None for kinds without one and for rows that are gone.
pub fn label(tx: &mut Tx<'_>, merchant_id: &str, kind: &str, id: &str) -> Result<Option<String>, Error> {
    match LABELS.iter().find(|(of, _)| *of == kind) {
        None => Ok(None),
        Some((_, sql)) => tx
            .maybe(sql, args![merchant_id, id])?
            .map(|row| row.take(0))
            .transpose(),
    }
}

/// A line of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct OutboxRow {
    pub merchant_id: String,
    pub event_id: String,
    pub kind: String,
    pub due_at: i64,
    pub attempts: i64,
}

/// What is due to be handed on, oldest first, at most `limit`.
pub fn due(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<OutboxRow>, Error> {
    let sql = "select merchant_id, event_id, kind, due_at, attempts from outbox \
               where due_at <= $1 order by due_at, event_id limit $2";
    tx.all(sql, args![now, limit])?
        .iter()
        .map(|row| {
            Ok(OutboxRow {
                merchant_id: row.take(0)?,
                event_id: row.take(1)?,
                kind: row.take(2)?,
                due_at: row.take(3)?,
                attempts: row.take(4)?,
            })
        })
        .collect()
}

/// The place of an event that is kept in the outbox after being handed on: due never again.
const HANDED_ON: i64 = i64::MAX;

/// Marks a line as handed on. It stays, as proof that every event had exactly one.
pub fn handed_on(tx: &mut Tx<'_>, line: &OutboxRow) -> Result<(), Error> {
    put_off(tx, line, HANDED_ON)
}

/// Puts a line off to another try.
pub fn put_off(tx: &mut Tx<'_>, line: &OutboxRow, due_at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update outbox set due_at = $3, attempts = attempts + 1 \
         where merchant_id = $1 and event_id = $2 and attempts = $4",
        args![&line.merchant_id, &line.event_id, due_at, line.attempts],
    )
}
