//! What must hold between rows, as questions that must have no answer. Each returns up to twenty rows of three texts:
//! which row, what was expected, what was found. Schema rules prevent most of these; the checker does not trust them.

use crate::{Error, Tx, args};

/// A subject's transitions are numbered 1, 2, 3 … and each leaves the stage the one before entered.
pub const TRANSITIONS_CONTINUE: &str = "
    select merchant_id || '/' || subject_kind || '/' || subject_id,
           'number ' || cast(place as text) || ' from ' || coalesce(before, from_stage),
           'number ' || cast(n as text) || ' from ' || from_stage
    from (select merchant_id, subject_kind, subject_id, n, from_stage,
                 row_number() over (partition by merchant_id, subject_kind, subject_id order by n) as place,
                 lag(to_stage) over (partition by merchant_id, subject_kind, subject_id order by n) as before
          from transitions) t
    where n <> place or (before is not null and before <> from_stage)
    order by merchant_id, subject_kind, subject_id, n limit 20";

/// Transitions and events name an audit entry that exists.
pub const TRACE_EXISTS: &str = "
    select what, 'an audit entry', audit_id
    from (select 'transition ' || t.subject_kind || '/' || t.subject_id || '#' || cast(t.n as text) as what, t.audit_id
          from transitions t left join audit_entries a on a.id = t.audit_id where a.id is null
          union all
          select 'event ' || e.id, e.audit_id
          from events e left join audit_entries a on a.id = e.audit_id where a.id is null and e.audit_id <> '-') m
    order by what limit 20";

/// An approved review has as many approvals by different people as it needs.
pub const REVIEWS_BY_ENOUGH: &str = "
    select r.merchant_id || '/' || r.id, cast(r.approvals_needed as text) || ' different people',
           cast(count(distinct d.person_id) as text)
    from reviews r left join review_decisions d
      on d.merchant_id = r.merchant_id and d.review_id = r.id and d.decision = 'approve'
    where r.state = 'approved'
    group by r.merchant_id, r.id, r.approvals_needed
    having count(distinct d.person_id) < r.approvals_needed
    order by r.merchant_id, r.id limit 20";

/// Nobody decides on what they asked for.
pub const REVIEWS_BY_OTHERS: &str = "
    select d.merchant_id || '/' || d.review_id, 'another person than ' || q.opened_by_person, d.person_id
    from review_decisions d
    join reviews r on r.merchant_id = d.merchant_id and r.id = d.review_id
    join requests q on q.merchant_id = r.merchant_id and q.id = r.request_id
    where d.person_id = q.opened_by_person
    order by d.merchant_id, d.review_id limit 20";

/// One open request per subject and kind.
pub const REQUESTS_ONCE: &str = "
    select merchant_id || '/' || kind || '/' || subject_kind || '/' || subject_id, 'one open request',
           cast(count(*) as text)
    from requests where state = 'open' group by merchant_id, kind, subject_kind, subject_id having count(*) > 1
    order by merchant_id, kind limit 20";

/// One open review per request.
pub const REVIEWS_ONCE: &str = "
    select merchant_id || '/' || request_id, 'one open review', cast(count(*) as text)
    from reviews where state = 'open' group by merchant_id, request_id having count(*) > 1
    order by merchant_id, request_id limit 20";

/// One live stop per subject and reason, each ending after it starts, each lifted by someone.
pub const STOPS_WHOLE: &str = "
    select place, expected, found
    from (select merchant_id || '/' || subject_kind || '/' || subject_id || ' ' || reason as place,
                 'one live stop' as expected, cast(count(*) as text) as found
          from stops where lifted_at is null
          group by merchant_id, subject_kind, subject_id, reason having count(*) > 1
          union all
          select merchant_id || '/' || id, 'an end after the start', cast(ends_at as text)
          from stops where ends_at is not null and ends_at <= starts_at and lifted_at is null
          union all
          select merchant_id || '/' || id, 'who lifted it', 'nobody'
          from stops where lifted_at is not null and lifted_by is null) s
    order by place limit 20";

/// A terminal, batch, trace number and message class stand for one transaction.
pub const TRANSACTIONS_ONCE: &str = "
    select merchant_id || '/' || terminal_id || ' batch ' || cast(batch as text) || ' trace ' || cast(stan as text)
             || ' ' || message_class, 'one transaction', cast(count(*) as text)
    from transactions group by merchant_id, terminal_id, batch, stan, message_class having count(*) > 1
    order by merchant_id, terminal_id limit 20";

/// An approved transaction has its one answer: the code 00, the bytes that were sent, the moment.
pub const APPROVALS_ANSWERED: &str = "
    select merchant_id || '/' || id, 'code 00, an answer and its time',
           'code ' || response_code || case when answer is null then ', no answer' else '' end
             || case when finished_at is null then ', no time' else '' end
    from transactions
    where state = 'approved' and (response_code <> '00' or answer is null or finished_at is null)
    order by merchant_id, id limit 20";

/// One open batch per terminal.
pub const BATCHES_ONCE: &str = "
    select merchant_id || '/' || terminal_id, 'one open batch', cast(count(*) as text)
    from terminal_batches where state = 'open' group by merchant_id, terminal_id having count(*) > 1
    order by merchant_id, terminal_id limit 20";

/// One current key per terminal and kind, and none that is destroyed.
pub const KEYS_CURRENT_ONCE: &str = "
    select place, expected, found
    from (select merchant_id || '/' || terminal_id || ' ' || kind as place, 'one current key' as expected,
                 cast(count(*) as text) as found
          from terminal_keys where state = 'current' group by merchant_id, terminal_id, kind having count(*) > 1
          union all
          select merchant_id || '/' || terminal_id || ' ' || kind, 'a key that is not destroyed', 'destroyed'
          from terminal_keys where state = 'current' and destroyed_at is not null) k
    order by place limit 20";

/// No two terminals ever had the same key.
pub const KEYS_UNLIKE: &str = "
    select min(terminal_id) || ' and ' || max(terminal_id), 'different ' || kind || ' keys', 'the same'
    from terminal_keys group by kind, fingerprint having count(distinct terminal_id) > 1
    order by kind, fingerprint limit 20";

/// The look-up of terminal numbers and the terminals agree, both ways.
pub const NUMBERS_AGREE: &str = "
    select place, expected, found
    from (select t.number as place, t.merchant_id || '/' || t.id as expected,
                 coalesce(n.merchant_id || '/' || n.terminal_id, 'nothing') as found
          from terminals t left join terminal_numbers n on n.number = t.number
          where n.number is null or n.merchant_id <> t.merchant_id or n.terminal_id <> t.id
          union all
          select n.number, 'a terminal', 'none'
          from terminal_numbers n left join terminals t on t.merchant_id = n.merchant_id and t.id = n.terminal_id
          where t.id is null) n
    order by place limit 20";

/// A subject's events are numbered 1, 2, 3 …
pub const EVENTS_NUMBERED: &str = "
    select merchant_id || '/' || subject_kind || '/' || subject_id, 'event ' || cast(place as text),
           'event ' || cast(sequence as text)
    from (select merchant_id, subject_kind, subject_id, sequence,
                 row_number() over (partition by merchant_id, subject_kind, subject_id order by sequence) as place
          from events) e
    where sequence <> place order by merchant_id, subject_kind, subject_id, sequence limit 20";

/// Every event has its line in the outbox, and every line its event.
pub const EVENTS_HANDED_ON: &str = "
    select id, expected, found
    from (select e.id as id, 'a line in the outbox' as expected, 'none' as found
          from events e left join outbox o on o.merchant_id = e.merchant_id and o.event_id = e.id
          where o.event_id is null
          union all
          select o.event_id, 'an event', 'none'
          from outbox o left join events e on e.merchant_id = o.merchant_id and e.id = o.event_id
          where e.id is null) x
    order by id limit 20";

/// Lease tokens only grow: one claim, one number; who runs a job is named.
pub const LEASES_FENCED: &str = "
    select place, expected, found
    from (select 'job ' || id as place, 'as many tokens as attempts' as expected,
                 cast(lease_token as text) || ' for ' || cast(attempts as text) as found
          from jobs where lease_token <> attempts
          union all
          select 'job ' || id, 'who runs it', 'nobody' from jobs where state = 'running' and lease_holder = ''
          union all
          select 'lease ' || name, 'a token from 1 and a holder', cast(token as text) || ' ' || holder
          from leases where token < 1 or holder = '') l
    order by place limit 20";

/// Tokens are kept as 64 hexadecimal digits of a hash, never in clear.
pub const TOKENS_HASHED: &str = "
    select place, 'a hash of 64 digits', cast(length(token) as text) || ' characters'
    from (select 'session of ' || user_id as place, token_hash as token from sessions
          union all
          select 'key ' || id, key_hash from api_keys) t
    where length(token) <> 64 or token <> lower(token) order by place limit 20";

/// Asks one of the questions of this file: which row, expected, found.
pub fn ask(tx: &mut Tx<'_>, question: &str) -> Result<Vec<(String, String, String)>, Error> {
    tx.all(question, args![])?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect()
}

/// The kinds of move that occur: subject kind, from, event, to.
pub fn moves_made(tx: &mut Tx<'_>) -> Result<Vec<[String; 4]>, Error> {
    let sql = "select distinct subject_kind, from_stage, event, to_stage from transitions order by 1, 2, 3, 4";
    tx.all(sql, args![])?
        .iter()
        .map(|row| Ok([row.take(0)?, row.take(1)?, row.take(2)?, row.take(3)?]))
        .collect()
}

/// Where each kind of subject keeps its stage: kind, table, id column.
const STAGES: &[(&str, &str, &str)] = &[
    ("merchant", "merchants", "merchant_id"),
    ("agent", "agents", "id"),
    ("contract", "contracts", "id"),
    ("settlement_account", "settlement_accounts", "id"),
    ("shop", "shops", "id"),
    ("terminal", "terminals", "id"),
    ("registration", "registrations", "id"),
    ("device", "devices", "id"),
];

/// Subjects of a kind whose stage is not the one their last transition entered, or, without any, not `start`: id,
/// expected, found. A device's history has a part for each merchant it was with; the newest of them counts.
pub fn stages_astray(tx: &mut Tx<'_>, kind: &str, start: &str) -> Result<Vec<(String, String, String)>, Error> {
    let Some((_, table, id)) = STAGES.iter().find(|row| row.0 == kind) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "select s.{id}, coalesce(l.to_stage, $2), s.stage
         from {table} s left join (
           select subject_id, to_stage, row_number() over (partition by subject_id order by at desc, audit_id desc) as place
           from (select subject_id, to_stage, at, audit_id,
                        row_number() over (partition by subject_id, merchant_id order by n desc) as newest
                 from transitions where subject_kind = $1) of_one_merchant
           where newest = 1) l
         on l.subject_id = s.{id} and l.place = 1
         where s.stage <> coalesce(l.to_stage, $2) order by s.{id} limit 20"
    );
    tx.all(&sql, args![kind, start])?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect()
}

/// Every reason that a live stop names.
pub fn reasons_used(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    let sql = "select distinct reason from stops where lifted_at is null order by 1";
    tx.all(sql, args![])?.iter().map(|row| row.take(0)).collect()
}

/// Every kind of event that occurs.
pub fn event_kinds(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    tx.all("select distinct kind from events order by 1", args![])?
        .iter()
        .map(|row| row.take(0))
        .collect()
}
