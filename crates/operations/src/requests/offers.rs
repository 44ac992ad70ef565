//! What may be asked for now: kinds of request that this actor may open about a subject as it stands. A question; the
//! operation that opens one checks everything again.

use std::collections::BTreeSet;

use domain::catalog::{Catalog, PlanRow, StepKind};
use domain::gate::in_force;
use domain::stages::{SubjectKind, machine};
use domain::world::World;
use store::Tx;

use super::access;
use super::open::{Open, may_now};
use super::work::{RESTORATION, world_of};
use crate::chain::{self, Chain};
use crate::ctx::Ctx;
use crate::refused::Done;
use crate::views::SubjectRef;

/// A kind of request that may be opened now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Kind code.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// One sentence: what it does and when.
    pub about: String,
    /// What it would be about.
    pub subject: SubjectRef,
    /// It ends something.
    pub grave: bool,
}

/// Subjects whose requests are offered beside the merchant, and those beside a terminal.
const OF_MERCHANT: &[SubjectKind] = &[
    SubjectKind::Merchant,
    SubjectKind::Contract,
    SubjectKind::SettlementAccount,
];
const OF_TERMINAL: &[SubjectKind] = &[
    SubjectKind::Shop,
    SubjectKind::Terminal,
    SubjectKind::Registration,
    SubjectKind::Device,
];

/// What may be asked for about a terminal and what belongs to it, or, without one, about the merchant; what ends
/// something comes last.
pub fn offers(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: Option<&str>) -> Done<Vec<Offer>> {
    let chain = match terminal {
        Some(terminal) => chain::of_terminal(tx, merchant, terminal)?,
        None => chain::of_merchant(tx, merchant)?,
    };
    access::see(ctx, merchant, &chain.agent)?;
    let catalog = ctx.platform.catalog.clone();
    let open = store::requests::open_of(tx, merchant)?;
    let others: BTreeSet<String> = open.iter().map(|r| r.id.clone()).collect();
    let world = world_of(&chain, &catalog, ctx.now, BTreeSet::new(), &others);
    let now = World {
        stops: in_force(&world.stops, ctx.now),
        ..world
    };
    let mut offers = Vec::new();
    for row in catalog
        .plans
        .values()
        .filter(|row| access::may_act_as(ctx, &row.opened_by))
    {
        let Some((kind, id)) = subject(&chain, row, terminal.is_some()) else {
            continue;
        };
        let under_way =
            |r: &store::requests::RequestRow| r.kind == row.code && r.subject_kind == kind.code() && r.subject_id == id;
        if open.iter().any(under_way) || !fits(&catalog, &chain, row, &now) || stopped(ctx, &catalog, &chain, row) {
            continue;
        }
        offers.push(Offer {
            kind: row.code.clone(),
            name: row.name.get(ctx.lang).to_owned(),
            about: row.about.get(ctx.lang).to_owned(),
            subject: SubjectRef {
                kind: kind.code().to_owned(),
                label: chain.label(kind, ctx.lang),
                id,
            },
            grave: ends(row),
        });
    }
    // Restoration first, an ending last; the rest by code.
    offers.sort_by_key(|o| (o.grave, o.kind != RESTORATION));
    Ok(offers)
}

/// Whether a kind ends something when it completes.
pub fn ends(row: &PlanRow) -> bool {
    !row.moves.is_empty()
}

/// The subject a kind would be about here; none where it is about something else or that does not exist.
fn subject(chain: &Chain, row: &PlanRow, terminal: bool) -> Option<(SubjectKind, String)> {
    let kind = if row.code == RESTORATION && !terminal {
        SubjectKind::Merchant
    } else {
        row.subject
    };
    let here = if terminal { OF_TERMINAL } else { OF_MERCHANT };
    let id = chain
        .link(kind)
        .map(|link| link.id.clone())
        .filter(|id| !id.is_empty())?;
    here.contains(&kind).then_some((kind, id))
}

/// Whether the subject is in a state in which this kind makes sense: a restoration where something is stopped, an
/// appeal where a decision may be disputed; else the first stage move the kind leads to on its own subject must be one
/// the stage has, and a kind without one is for subjects at work.
fn fits(catalog: &Catalog, chain: &Chain, row: &PlanRow, now: &World<'_>) -> bool {
    match row.code.as_str() {
        RESTORATION => now.causes().iter().any(|c| c.hidden_by.is_none() && !c.reason.r#final),
        "appeal" => now.causes().iter().any(|c| c.reason.appealable),
        _ => {
            let stage = chain
                .link(row.subject)
                .and_then(|link| link.stage.clone())
                .unwrap_or_default();
            match first_move(catalog, row) {
                Some(event) => machine(row.subject).is_some_and(|m| m.next(&stage, &event).is_ok()),
                None => catalog
                    .stages
                    .get(&(row.subject, stage))
                    .is_none_or(|s| s.implies.is_none()),
            }
        }
    }
}

/// The first move of the kind on its own subject. A review moves whatever it decides on and says nothing of the kind, and
/// so does a step about a subject that an earlier step puts in another's place.
fn first_move(catalog: &Catalog, row: &PlanRow) -> Option<String> {
    let mut renewed: Vec<SubjectKind> = Vec::new();
    let mut moves: Vec<&String> = Vec::new();
    for step in row.steps.iter().filter_map(|code| catalog.steps.get(code)) {
        if step.kind != StepKind::Review && !renewed.contains(&step.subject) {
            moves.extend(&step.moves);
        }
        renewed.extend(&step.renews);
    }
    moves.extend(&row.moves);
    let own = moves
        .into_iter()
        .filter_map(|name| name.split_once('.'))
        .find(|(kind, _)| *kind == row.subject.code());
    own.map(|(_, event)| event.to_owned())
}

/// Whether the capability this kind needs is stopped.
fn stopped(ctx: &Ctx, catalog: &Catalog, chain: &Chain, row: &PlanRow) -> bool {
    may_now(
        ctx,
        catalog,
        chain,
        &Open {
            kind: row.code.clone(),
            ..Open::default()
        },
    )
    .is_err()
}
