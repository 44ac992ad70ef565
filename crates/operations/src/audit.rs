//! The audit log read, sealed into a chain, and verified.

use domain::time::Duration;
pub use store::audit::Filter;
use store::audit::{AuditRow, LinkRow};
use store::{Tx, audit};

use crate::ctx::Ctx;
use crate::jobs;
use crate::refused::Done;
use crate::sealing::sha256;
use crate::views::{AuditView, Page, Paging, SubjectRef};

/// Who seals holds this lease.
const LEASE: &str = "audit.seal";

/// How long a sealer may go silent before another takes over.
const LEASE_FOR: Duration = Duration::seconds(10);

/// How many entries one transaction seals, and how many are read at a time.
const BATCH: i64 = 1000;

/// What the first link follows.
const BEFORE_THE_FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Entries, newest first. Takes the permission `audit_read`.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, filter: &Filter, paging: &Paging) -> Done<Page<AuditView>> {
    ctx.need("audit_read")?;
    let limit = paging.limit.clamp(1, 200);
    let mut rows = audit::list(tx, filter, paging.cursor.as_deref().unwrap_or_default(), limit + 1)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|(row, _)| row.id.clone());
    let data = rows.into_iter().map(view).collect();
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

fn view((row, hash): (AuditRow, String)) -> AuditView {
    AuditView {
        subject: SubjectRef {
            label: row.subject_id.clone(),
            kind: row.subject_kind,
            id: row.subject_id,
        },
        id: row.id,
        seq: row.seq,
        at: row.at,
        actor: row.actor,
        role: row.role,
        merchant_id: row.merchant_id,
        command: row.command,
        reason: row.reason,
        before_digest: row.before_digest,
        after_digest: row.after_digest,
        hash,
    }
}

/// Numbers and chains entries not yet sealed, in order of their ids, up to a thousand; how many. Internal: run by the
/// sealer about once a second. The actor's id names the node: only the holder of the lease seals, others get 0.
pub fn seal(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<u64> {
    if jobs::acquire(tx, LEASE, &ctx.actor.id, LEASE_FOR, ctx.now)?.is_none() {
        return Ok(0);
    }
    let (mut seq, mut previous) = match audit::head(tx)? {
        Some(head) => (head.seq, head.hash),
        None => (0, BEFORE_THE_FIRST.to_owned()),
    };
    let mut sealed = 0;
    for entry in audit::unsealed(tx, BATCH)? {
        seq += 1;
        let digest = digest(&entry);
        let hash = chained(&previous, seq, &digest);
        audit::link(
            tx,
            &LinkRow {
                seq,
                entry_id: entry.id,
                digest,
                previous,
                hash: hash.clone(),
            },
        )?;
        previous = hash;
        sealed += 1;
    }
    Ok(sealed)
}

/// The digest of an entry: SHA-256 of its columns as one JSON array, so that no two entries share a text.
fn digest(entry: &AuditRow) -> String {
    let columns = serde_json::json!([
        entry.id,
        entry.at,
        entry.actor,
        entry.role,
        entry.command,
        entry.merchant_id,
        entry.subject_kind,
        entry.subject_id,
        entry.reason,
        entry.before_digest,
        entry.after_digest,
        entry.details
    ]);
    sha256(columns.to_string().as_bytes())
}

/// The hash of a link: over the one before, its number, and what it seals.
fn chained(previous: &str, seq: i64, digest: &str) -> String {
    sha256(format!("{previous}\n{seq}\n{digest}").as_bytes())
}

/// A head of the chain as it was kept outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its number.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Links walked.
    pub links: i64,
    /// The head, to be kept outside the database.
    pub head: Option<Anchor>,
    /// Entries not yet sealed.
    pub unsealed: i64,
    /// When the oldest of them was written (milliseconds UTC).
    pub oldest_unsealed_at: Option<i64>,
    /// What is wrong, in order of the chain; empty: nothing.
    pub problems: Vec<ChainProblem>,
}

/// One place where the chain and the entries disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainProblem {
    /// The number of the link.
    pub seq: i64,
    /// The entry.
    pub entry: String,
    /// What is wrong.
    pub what: String,
}

/// Walks the whole chain. Any sealed entry or link that was changed, removed, added or swapped shows; a cut end shows
/// only against an [`Anchor`]: see [`verify_against`].
pub fn verify(tx: &mut Tx<'_>) -> Done<ChainReport> {
    verify_against(tx, &[])
}

/// [`verify`], and each of `anchors` must still be a link of the chain.
pub fn verify_against(tx: &mut Tx<'_>, anchors: &[Anchor]) -> Done<ChainReport> {
    let mut report = ChainReport::default();
    let mut before = Anchor {
        seq: 0,
        hash: BEFORE_THE_FIRST.to_owned(),
    };
    let mut missing: Vec<&Anchor> = anchors.iter().collect();
    loop {
        let batch = audit::sealed_after(tx, before.seq, BATCH)?;
        if batch.is_empty() {
            break;
        }
        for (link, entry) in batch {
            report.problems.extend(
                faults(&before, &link, entry.as_ref())
                    .into_iter()
                    .map(|what| ChainProblem {
                        seq: link.seq,
                        entry: link.entry_id.clone(),
                        what: what.to_owned(),
                    }),
            );
            missing.retain(|anchor| anchor.seq != link.seq || anchor.hash != link.hash);
            before = Anchor {
                seq: link.seq,
                hash: link.hash,
            };
            report.links += 1;
        }
    }
    for (entry, seq) in audit::numbered_without_link(tx)? {
        report.problems.push(ChainProblem {
            seq,
            entry,
            what: "an entry has a number but no link".to_owned(),
        });
    }
    for anchor in missing {
        let what = "the chain no longer has the link that was anchored outside".to_owned();
        report.problems.push(ChainProblem {
            seq: anchor.seq,
            entry: String::new(),
            what,
        });
    }
    (report.unsealed, report.oldest_unsealed_at) = audit::tail(tx)?;
    report.head = Some(before).filter(|head| head.seq > 0);
    Ok(report)
}

/// What is wrong with one link.
fn faults(before: &Anchor, link: &LinkRow, entry: Option<&AuditRow>) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if link.seq != before.seq + 1 {
        faults.push("numbers before this link are missing");
    }
    if link.previous != before.hash {
        faults.push("it does not follow the link before");
    }
    if link.hash != chained(&link.previous, link.seq, &link.digest) {
        faults.push("its hash is not that of its contents");
    }
    match entry {
        None => faults.push("its entry is gone"),
        Some(entry) => {
            if entry.seq != Some(link.seq) {
                faults.push("its entry has another number, or none");
            }
            if digest(entry) != link.digest {
                faults.push("its entry was changed");
            }
        }
    }
    faults
}
