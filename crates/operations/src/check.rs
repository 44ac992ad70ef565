//! Everything that must hold between the stored rows, as one list. `shoudan check` runs it; the tests break each row
//! of it once to see that it shows.

mod keys;
mod ledger;
mod limits;

use domain::ids::IdSource;
use domain::names::Lang;
use domain::stages::{MACHINES, SubjectKind, machine};
use domain::time::Time;
use serde::Serialize;
use store::{Tx, invariants as questions};
use utoipa::ToSchema;

use crate::ctx::{Actor, Ctx, Platform};
use crate::refused::{Done, Refused};
use crate::{audit, events, gates};

/// One thing that should hold and does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Violation {
    /// The invariant, e.g. `INV-S01`.
    pub invariant: String,
    /// Which rows.
    pub key: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// One rule about the rows.
pub struct Invariant {
    /// Stable id; several rows may share one.
    pub id: &'static str,
    /// What holds, as a sentence.
    pub title: &'static str,
    /// How it is tested.
    pub test: Test,
}

/// How an invariant is tested.
pub enum Test {
    /// A question that must have no answer: which row, expected, found.
    Rows(&'static str),
    /// A calculation.
    Code(fn(&mut Tx<'_>, &Ctx) -> Done<Vec<Finding>>),
}

/// Which row, what was expected, what was found.
pub type Finding = (String, String, String);

/// Everything that is checked.
#[rustfmt::skip]
pub const INVARIANTS: &[Invariant] = &[
    Invariant { id: "INV-A01", title: "the audit chain is whole",                                  test: Test::Code(audit_chain) },
    Invariant { id: "INV-A02", title: "transitions and events name the audit entry of their change", test: Test::Rows(questions::TRACE_EXISTS) },
    Invariant { id: "INV-A05", title: "tokens and keys are stored as hashes",                      test: Test::Rows(questions::TOKENS_HASHED) },
    Invariant { id: "INV-S01", title: "stage histories are continuous",                            test: Test::Rows(questions::TRANSITIONS_CONTINUE) },
    Invariant { id: "INV-S01", title: "every move is one its machine permits",                     test: Test::Code(moves_permitted) },
    Invariant { id: "INV-S01", title: "a stage is the one last entered",                           test: Test::Code(stages_last_entered) },
    Invariant { id: "INV-S03", title: "an approved review has enough different people behind it",  test: Test::Rows(questions::REVIEWS_BY_ENOUGH) },
    Invariant { id: "INV-S03", title: "nobody decides on what they asked for",                     test: Test::Rows(questions::REVIEWS_BY_OTHERS) },
    Invariant { id: "INV-S04", title: "one open request per subject and kind",                     test: Test::Rows(questions::REQUESTS_ONCE) },
    Invariant { id: "INV-S04", title: "one open review per request",                               test: Test::Rows(questions::REVIEWS_ONCE) },
    Invariant { id: "INV-S07", title: "terminal numbers lead to their terminals",                  test: Test::Rows(questions::NUMBERS_AGREE) },
    Invariant { id: "INV-E01", title: "stops are single, end after they start, and are lifted by someone", test: Test::Rows(questions::STOPS_WHOLE) },
    Invariant { id: "INV-E02", title: "live stops name reasons of the catalogue",                  test: Test::Code(reasons_known) },
    Invariant { id: "INV-G01", title: "a gate row that holds is what its rows say",                test: Test::Code(gates_recomputed) },
    Invariant { id: "INV-T01", title: "an approved transaction has its answer",                    test: Test::Rows(questions::APPROVALS_ANSWERED) },
    Invariant { id: "INV-T02", title: "what is unknown has a reversal on its way",                test: Test::Rows(store::transactions::UNKNOWN_RESOLVED) },
    Invariant { id: "INV-T04", title: "a reversal is one of a transaction",                        test: Test::Rows(store::reversals::OF_SOMETHING) },
    Invariant { id: "INV-T05", title: "nothing gives back more than its original",                test: Test::Rows(store::transactions::WITHIN_ORIGINAL) },
    Invariant { id: "INV-T07", title: "what is undone is undone once",                            test: Test::Rows(store::transactions::UNDONE_ONCE) },
    Invariant { id: "INV-T03", title: "a trace number stands for one transaction",                 test: Test::Rows(questions::TRANSACTIONS_ONCE) },
    Invariant { id: "INV-T03", title: "a payment stands in the journal or among the transactions",  test: Test::Rows(store::journal::IN_ONE_PLACE) },
    Invariant { id: "INV-T09", title: "counters stand for what was taken",                         test: Test::Code(limits::counters) },
    Invariant { id: "INV-L03", title: "volumes are what the entries add up to",                    test: Test::Code(ledger::volumes) },
    Invariant { id: "INV-L04", title: "accounts balance, each merchant's on each day",             test: Test::Rows(store::ledger::BALANCED) },
    Invariant { id: "INV-L07", title: "every entry names a template",                              test: Test::Code(ledger::templates) },
    Invariant { id: "INV-L08", title: "what took effect has one entry, and nothing else has",      test: Test::Code(ledger::entries) },
    Invariant { id: "INV-L10", title: "nothing is charged without an agreement",                   test: Test::Rows(store::fees::CONSENTED) },
    Invariant { id: "INV-L10", title: "fees are due for what took effect, and return at most once", test: Test::Rows(store::fees::DUE) },
    Invariant { id: "INV-B04", title: "nothing takes effect in a closed batch",                    test: Test::Rows(store::batches::NOTHING_AFTER_CLOSE) },
    Invariant { id: "INV-T15", title: "a notice to the network tells of something approved",        test: Test::Rows(store::notices::NOTICES_WHOLE) },
    Invariant { id: "INV-B03", title: "one open batch per terminal",                               test: Test::Rows(questions::BATCHES_ONCE) },
    Invariant { id: "INV-K01", title: "no two terminals share a key",                              test: Test::Rows(questions::KEYS_UNLIKE) },
    Invariant { id: "INV-K01", title: "every master key is claimed for its terminal",              test: Test::Rows(store::keys::MASTERS_CLAIMED) },
    Invariant { id: "INV-K01", title: "no terminal ever held a key that everyone knows",           test: Test::Code(keys::unknown) },
    Invariant { id: "INV-K02", title: "versions of keys increase, and destroyed ones stay so",     test: Test::Rows(store::keys::VERSIONS_INCREASE) },
    Invariant { id: "INV-K02", title: "a former key stands beside a newer one",                    test: Test::Rows(store::keys::FORMER_BESIDE_NEWER) },
    Invariant { id: "INV-K03", title: "components of a master key come from two people",           test: Test::Rows(store::keys::COMPONENTS_APART) },
    Invariant { id: "INV-K03", title: "no terminal is signed in whose device reports another key", test: Test::Rows(store::keys::DEVICES_AGREE) },
    Invariant { id: "INV-K04", title: "stored keys authenticate for their place and use",          test: Test::Code(keys::authentic) },
    Invariant { id: "INV-K05", title: "nothing is left of keys of what is gone",                   test: Test::Rows(store::keys::GONE_WITHOUT_KEYS) },
    Invariant { id: "INV-K06", title: "no working key outlives its time",                          test: Test::Code(keys::fresh) },
    Invariant { id: "INV-K07", title: "no key serves two purposes",                                test: Test::Rows(store::keys::ONE_PURPOSE) },
    Invariant { id: "INV-K02", title: "one current key per terminal and kind",                     test: Test::Rows(questions::KEYS_CURRENT_ONCE) },
    Invariant { id: "INV-J02", title: "events are numbered without a gap",                         test: Test::Rows(questions::EVENTS_NUMBERED) },
    Invariant { id: "INV-J02", title: "every event has its line in the outbox",                    test: Test::Rows(questions::EVENTS_HANDED_ON) },
    Invariant { id: "INV-J04", title: "lease tokens only grow",                                    test: Test::Rows(questions::LEASES_FENCED) },
    Invariant { id: "INV-E03", title: "every event can be read out",                               test: Test::Code(events_have_sentences) },
];

/// Runs every invariant; what does not hold, in the order of the list. Internal: its doors check who asks. Runs in a
/// read, so that all of it sees one picture.
pub fn check(tx: &mut Tx<'_>, platform: &Platform, now: Time) -> Done<Vec<Violation>> {
    let ctx = Ctx {
        platform: platform.clone(),
        actor: Actor::system("check"),
        why: "check".to_owned(),
        now,
        ids: IdSource::seeded(0),
        lang: Lang::default(),
    };
    let mut violations = Vec::new();
    for invariant in INVARIANTS {
        let found = match invariant.test {
            Test::Rows(question) => questions::ask(tx, question)?,
            Test::Code(test) => test(tx, &ctx)?,
        };
        violations.extend(found.into_iter().map(|(key, expected, found)| Violation {
            invariant: invariant.id.to_owned(),
            key,
            expected,
            found,
        }));
    }
    Ok(violations)
}

/// More entries waiting for their seal than this means that no sealer runs.
const LONGEST_UNSEALED_TAIL: i64 = 10_000;

fn audit_chain(tx: &mut Tx<'_>, _: &Ctx) -> Done<Vec<Finding>> {
    let report = audit::verify(tx)?;
    let mut found: Vec<Finding> = report
        .problems
        .into_iter()
        .map(|problem| {
            (
                format!("link {} {}", problem.seq, problem.entry),
                "an unbroken chain".to_owned(),
                problem.what,
            )
        })
        .collect();
    if report.unsealed > LONGEST_UNSEALED_TAIL {
        let expected = format!("at most {LONGEST_UNSEALED_TAIL} entries waiting for their seal");
        found.push(("the end of the chain".to_owned(), expected, report.unsealed.to_string()));
    }
    Ok(found)
}

/// The event under which a subject enters its first stage, from nowhere.
const BIRTH: &str = "create";

fn moves_permitted(tx: &mut Tx<'_>, _: &Ctx) -> Done<Vec<Finding>> {
    let mut found = Vec::new();
    for [kind, from, event, to] in questions::moves_made(tx)? {
        let Some(machine) = SubjectKind::parse(&kind).and_then(machine) else {
            found.push((
                kind.clone(),
                "a kind with stages".to_owned(),
                format!("{from} {event} {to}"),
            ));
            continue;
        };
        let born = event == BIRTH && from == to && machine.stages().contains(&to.as_str());
        let permitted = machine
            .rows
            .iter()
            .any(|row| row.0 == from && row.1 == event && row.2 == to);
        if !born && !permitted {
            found.push((kind, machine.open(&from).join(", "), format!("{from} {event} {to}")));
        }
    }
    Ok(found)
}

fn stages_last_entered(tx: &mut Tx<'_>, _: &Ctx) -> Done<Vec<Finding>> {
    let mut found = Vec::new();
    for machine in MACHINES {
        let kind = machine.of.code();
        let astray = questions::stages_astray(tx, kind, machine.start)?;
        found.extend(
            astray
                .into_iter()
                .map(|(id, expected, is)| (format!("{kind} {id}"), expected, is)),
        );
    }
    Ok(found)
}

fn reasons_known(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let mut used = questions::reasons_used(tx)?;
    used.retain(|reason| !ctx.catalog().reasons.contains_key(reason));
    Ok(used
        .into_iter()
        .map(|reason| (reason, "a reason of the catalogue".to_owned(), "unknown".to_owned()))
        .collect())
}

fn gates_recomputed(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let mut found = Vec::new();
    for (merchant, terminal, blocked) in store::gates::holding(tx, ctx.now.millis())? {
        let expected = match gates::recompute(tx, ctx, &merchant, &terminal) {
            Ok(gate) => gate.blocked.0.to_string(),
            Err(Refused::NotFound { .. }) => "no row: there is no such terminal".to_owned(),
            Err(other) => return Err(other),
        };
        if expected != blocked.to_string() {
            found.push((format!("{merchant}/{terminal}"), expected, blocked.to_string()));
        }
    }
    Ok(found)
}

fn events_have_sentences(tx: &mut Tx<'_>, _: &Ctx) -> Done<Vec<Finding>> {
    let mut kinds = questions::event_kinds(tx)?;
    kinds.retain(|kind| events::sentence(kind).is_none());
    Ok(kinds
        .into_iter()
        .map(|kind| (kind, "a sentence in both languages".to_owned(), "none".to_owned()))
        .collect())
}
