//! What happened to one transaction: what it refers to, what refers to it, and every step on its way, in words.

use domain::money::Fen;
use domain::names::Lang;
use serde::Serialize;
use store::transactions::{self, TransactionRow};
use store::{Tx, related, reversals, signatures};
use utoipa::ToSchema;

use super::REVERSAL;
use super::list::{self, allowed};
use crate::ctx::Ctx;
use crate::events::{self, Filter};
use crate::refused::{Done, Refused};
use crate::slips;
use crate::views::{Paging, TransactionView};

/// The most transactions that are shown to refer to one.
const MOST: i64 = 50;
/// How far back a chain of references is followed: a void of a completion of a pre-authorisation.
const DEEPEST: usize = 4;
/// Events that stand on a terminal's time-line and speak of one transaction. They are rare.
const RARE: [&str; 4] = [
    "transaction.unknown",
    "transaction.resolved",
    "reversal.confirmed",
    "notice.refused",
];

/// A transaction that belongs to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Related {
    /// The other one is about this one, not this one about the other.
    pub is_original: bool,
    /// What it is.
    pub transaction: TransactionView,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Moment {
    /// When, milliseconds UTC.
    pub at: i64,
    /// One sentence in the asked language.
    pub text: String,
}

/// The reversal that the card network has to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Owed {
    /// The network has answered it.
    pub confirmed: bool,
    /// How often it was sent without an answer.
    pub attempts: i64,
}

/// One transaction with all that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Story {
    /// The transaction.
    pub transaction: TransactionView,
    /// What its response code means, in the asked language.
    pub meaning: String,
    /// Why it was declined, in one sentence, while its code is alive.
    pub why: String,
    /// F38, or empty.
    pub authorisation: String,
    /// When the card holder's signature arrived.
    pub signed_at: Option<i64>,
    /// The reversal towards the card network, where there is one.
    pub owed: Option<Owed>,
    /// What it refers to, nearest first; then what refers to it, oldest first.
    pub related: Vec<Related>,
    /// What happened, newest first.
    pub moments: Vec<Moment>,
}

/// A transaction's story, for whoever may see the transaction.
pub fn story(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<Story> {
    allowed(tx, ctx, merchant, id)?;
    let row = transactions::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("transaction", id))?;
    let before = originals(tx, &row)?;
    let after = related::to(tx, merchant, id, MOST)?;
    let signed_at = signatures::get(tx, merchant, id)?.map(|signature| signature.received_at);
    let moments = moments(tx, ctx, (&row, signed_at), &after)?;
    let mut all = Vec::new();
    for (rows, is_original) in [(&before, true), (&after, false)] {
        for row in rows {
            all.push(Related {
                is_original,
                transaction: list::known(tx, ctx, row)?,
            });
        }
    }
    let owed = reversals::get(tx, merchant, id)?.map(|reversal| Owed {
        confirmed: reversal.state == "done",
        attempts: reversal.attempts,
    });
    Ok(Story {
        transaction: list::known(tx, ctx, &row)?,
        meaning: slips::meaning(ctx, &row.response_code),
        why: slips::why(tx, ctx, &row.explanation_code)?,
        authorisation: row.auth_code.clone(),
        signed_at,
        owed,
        related: all,
        moments,
    })
}

fn originals(tx: &mut Tx<'_>, row: &TransactionRow) -> Done<Vec<TransactionRow>> {
    let mut found: Vec<TransactionRow> = Vec::new();
    let mut next = row.original_id.clone();
    while let Some(id) = next.take().filter(|_| found.len() < DEEPEST) {
        let Some(first) = transactions::get(tx, &row.merchant_id, &id)? else {
            break;
        };
        next.clone_from(&first.original_id);
        found.push(first);
    }
    Ok(found)
}

fn moments(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (row, signed_at): (&TransactionRow, Option<i64>),
    after: &[TransactionRow],
) -> Done<Vec<Moment>> {
    let say = |zh: String, en: String| if ctx.lang == Lang::Zh { zh } else { en };
    let amount = Fen(row.amount).yuan();
    let name = list::kind_name(ctx, &row.kind);
    let mut all = vec![Moment {
        at: row.received_at,
        text: say(
            format!("终端送来{name}，{amount}"),
            format!("The terminal sent: {name}, {amount}"),
        ),
    }];
    if let Some(at) = row.finished_at {
        let (code, meaning) = (&row.response_code, slips::meaning(ctx, &row.response_code));
        all.push(Moment {
            at,
            text: say(
                format!("回答终端：{code} {meaning}"),
                format!("The terminal was answered: {code} {meaning}"),
            ),
        });
    }
    all.extend(signed_at.map(|at| Moment {
        at,
        text: say(
            "收到持卡人电子签名".to_owned(),
            "The card holder's signature arrived".to_owned(),
        ),
    }));
    for one in after {
        let (name, amount) = (list::kind_name(ctx, &one.kind), Fen(one.amount).yuan());
        let state = list::state_name(ctx, &one.state);
        all.push(Moment {
            at: one.received_at,
            text: if one.message_class == REVERSAL {
                say(
                    format!("终端冲正了这一笔，{amount}"),
                    format!("The terminal reversed it, {amount}"),
                )
            } else {
                format!("{name} {amount} · {state}")
            },
        });
    }
    all.extend(told_of(tx, ctx, row)?);
    // Newest first; what happened in the same millisecond stays in the order of its steps.
    all.sort_by_key(|moment| moment.at);
    all.reverse();
    Ok(all)
}

/// The rare events of its terminal that speak of it.
fn told_of(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow) -> Done<Vec<Moment>> {
    let filter = Filter {
        merchant: row.merchant_id.clone(),
        terminal: row.terminal_id.clone(),
        kinds: RARE.map(str::to_owned).to_vec(),
        after: Some(row.received_at - 1),
        ..Filter::default()
    };
    let most = Paging {
        limit: 200,
        cursor: None,
    };
    let found = events::list(tx, ctx, &filter, &most)?.data.into_iter();
    let of_it = found.filter(|event| event.data.get("transaction").and_then(|id| id.as_str()) == Some(&row.id));
    Ok(of_it
        .map(|event| Moment {
            at: event.at,
            text: event.text,
        })
        .collect())
}
