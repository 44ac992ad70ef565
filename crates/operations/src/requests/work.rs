//! A request at work: its row, its steps, the chain it hangs on, and what it must remember.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, PlanRow, Step, StepKind};
use domain::stages::SubjectKind;
use domain::time::Time;
use domain::world::{Choices, Stop, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;
use store::requests::RequestRow;
use store::steps::StepRow;
use store::stops::StopRow;

use crate::chain::{self, Chain};
use crate::ctx::{Actor, Ctx};
use crate::refused::{self, Done, Refused};

/// The request kind whose steps are computed from the stops in force.
pub(crate) const RESTORATION: &str = "restoration";

/// What a request remembers beside its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Details {
    /// The capabilities to bring back, as bits.
    pub wanted: u64,
    /// Only these were asked for; else whatever else gets blocked on the way is wanted back too.
    pub only: bool,
    /// Causes already taken into the plan: stop ids, and `kind:stage`. Whatever is not here came up later and has its
    /// steps asked anew.
    pub seen: BTreeSet<String>,
    /// Stops that last as long as the request is open.
    pub own_stops: Vec<String>,
    /// The settlement account that is to become the current one.
    pub account: Option<String>,
    /// When it becomes so.
    pub effective_at: Option<i64>,
    /// The small amount sent to a new account, and how often it was answered wrongly.
    pub deposit: Option<Deposit>,
}

/// A small amount sent to an account to prove whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deposit {
    /// Blind index of the account number it went to.
    pub account: String,
    /// The amount in fen, sealed (hexadecimal).
    pub sealed: String,
    /// Wrong answers so far.
    pub wrong: u8,
    /// When it was sent.
    pub at: i64,
}

/// A request with everything it touches.
pub(crate) struct Work {
    pub request: RequestRow,
    pub steps: Vec<StepRow>,
    pub chain: Chain,
    pub details: Details,
    pub choices: Choices,
    /// Other open requests of the merchant; stops they own are left to them.
    pub others: BTreeSet<String>,
    /// Steps that must be taken out of the table when saved.
    pub removed: Vec<StepRow>,
    /// Request and steps as they stand in the tables.
    stored: (RequestRow, Vec<StepRow>),
}

impl Work {
    /// Loads a request, open or not.
    pub(crate) fn load(tx: &mut Tx<'_>, merchant: &str, id: &str) -> Done<Self> {
        let request = store::requests::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("request", id))?;
        Self::of(tx, request)
    }

    /// Loads what belongs to a request row.
    pub(crate) fn of(tx: &mut Tx<'_>, request: RequestRow) -> Done<Self> {
        let steps = store::steps::of_request(tx, &request.merchant_id, &request.id)?;
        let chain = chain_of(tx, &request.merchant_id, &request.subject_kind, &request.subject_id)?;
        let others = store::requests::open_of(tx, &request.merchant_id)?
            .into_iter()
            .map(|r| r.id)
            .filter(|id| *id != request.id)
            .collect();
        let details = parse(&request.details, "request details")?;
        let choices = parse::<BTreeMap<String, usize>>(&request.choices, "request choices")?;
        let stored = (request.clone(), steps.clone());
        Ok(Self {
            request,
            steps,
            chain,
            details,
            choices,
            others,
            removed: Vec::new(),
            stored,
        })
    }

    /// Reads the chain again, after something on it changed.
    pub(crate) fn reload_chain(&mut self, tx: &mut Tx<'_>) -> Done<()> {
        let r = &self.request;
        self.chain = chain_of(tx, &r.merchant_id, &r.subject_kind, &r.subject_id)?;
        Ok(())
    }

    /// Refuses a request that is closed.
    pub(crate) fn need_open(&self) -> Done<()> {
        if self.request.state == "open" {
            Ok(())
        } else {
            let state = refused::state_words(&self.request.state);
            Err(Refused::conflict(
                "request",
                &self.request.id,
                domain::text!(
                    format!("申请已结束（{}）", state.zh),
                    format!("it is closed ({})", state.en),
                ),
            ))
        }
    }

    /// Whether its steps follow from the stops rather than from the table of plans.
    pub(crate) fn is_restoration(&self) -> bool {
        self.request.kind == RESTORATION
    }

    /// The step with this code.
    pub(crate) fn step(&self, code: &str) -> Option<&StepRow> {
        self.steps.iter().find(|s| s.step == code)
    }

    /// The step with this code, to be changed.
    pub(crate) fn step_mut(&mut self, code: &str) -> Done<&mut StepRow> {
        let id = &self.request.id;
        self.steps
            .iter_mut()
            .find(|s| s.step == code)
            .ok_or_else(|| Refused::not_found("step", format!("{id}/{code}")))
    }

    /// Codes of the steps that are done.
    pub(crate) fn done(&self) -> BTreeSet<String> {
        self.steps
            .iter()
            .filter(|s| s.state == "done")
            .map(|s| s.step.clone())
            .collect()
    }

    /// The world of its chain: stops not yet ended and not in the care of another open request.
    pub(crate) fn world<'c>(&self, catalog: &'c Catalog, now: Time, done: BTreeSet<String>) -> World<'c> {
        world_of(&self.chain, catalog, now, done, &self.others)
    }

    /// The review step that is still to come, if the plan has one.
    pub(crate) fn coming_review(&self, catalog: &Catalog) -> Option<&StepRow> {
        self.steps
            .iter()
            .find(|s| s.state != "done" && is_review(catalog, &s.step))
    }

    /// The row of the chain a step of this kind is about; empty where there is none.
    pub(crate) fn subject(&self, kind: SubjectKind) -> String {
        self.chain.link(kind).map(|l| l.id.clone()).unwrap_or_default()
    }

    /// The reasons its steps serve, each once.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let mut all: Vec<String> = self.steps.iter().flat_map(|s| list_of(&s.serves)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether anything differs from what stands in the tables.
    pub(crate) fn is_changed(&self) -> Done<bool> {
        let (request, steps) = &self.stored;
        Ok(self.request != *request
            || self.steps != *steps
            || !self.removed.is_empty()
            || json(&self.details)? != request.details
            || json(&self.choices)? != request.choices)
    }

    /// Writes request and steps. Refused when somebody else changed the request meanwhile.
    pub(crate) fn save(&mut self, tx: &mut Tx<'_>) -> Done<()> {
        self.request.details = json(&self.details)?;
        self.request.choices = json(&self.choices)?;
        match store::requests::save(tx, &self.request) {
            Ok(()) => self.request.version += 1,
            Err(store::Error::NotOne { .. }) => {
                return Err(Refused::conflict(
                    "request",
                    &self.request.id,
                    domain::text!(
                        "他人同时改动了该申请，请重新载入",
                        "somebody else changed it at the same moment; load it again"
                    ),
                ));
            }
            Err(other) => return Err(other.into()),
        }
        for step in self.removed.drain(..) {
            store::steps::put(tx, &step)?;
            store::steps::remove(tx, &step)?;
        }
        for step in &self.steps {
            store::steps::put(tx, step)?;
        }
        self.stored = (self.request.clone(), self.steps.clone());
        Ok(())
    }
}

/// The chain a request on this subject hangs on: down to the terminal where the subject has one.
pub(crate) fn chain_of(tx: &mut Tx<'_>, merchant: &str, kind: &str, id: &str) -> Done<Chain> {
    match kind {
        "terminal" => chain::of_terminal(tx, merchant, id),
        "device" | "registration" | "shop" => {
            let under = store::chain::terminals_under(tx, kind, id, "", 1)?;
            match under.into_iter().find(|(owner, _, _)| owner == merchant) {
                Some((_, terminal, _)) => chain::of_terminal(tx, merchant, &terminal),
                None => Err(Refused::not_found("subject", format!("{kind} {id}"))),
            }
        }
        _ => chain::of_merchant(tx, merchant),
    }
}

/// As [`Work::world`], for a chain that has no request yet.
pub(crate) fn world_of<'c>(
    chain: &Chain,
    catalog: &'c Catalog,
    now: Time,
    done: BTreeSet<String>,
    others: &BTreeSet<String>,
) -> World<'c> {
    let mut world = chain.world(catalog, done);
    world
        .stops
        .retain(|s| s.ends_at.is_none_or(|end| now < end) && !owned(chain, s, others));
    world
}

/// Whether a stop lasts as long as one of these requests.
fn owned(chain: &Chain, stop: &Stop, others: &BTreeSet<String>) -> bool {
    chain
        .stop(&stop.id)
        .and_then(owner)
        .is_some_and(|request| others.contains(&request))
}

/// The request in whose care a stop is.
pub(crate) fn owner(row: &StopRow) -> Option<String> {
    let details: Value = serde_json::from_str(&row.details).ok()?;
    Some(details.get("request")?.as_str()?.to_owned())
}

/// How a cause is remembered in [`Details::seen`].
pub(crate) fn cause_keys(world: &World<'_>) -> BTreeSet<String> {
    world
        .causes()
        .iter()
        .map(|cause| match cause.stop.and_then(|i| world.stops.get(i)) {
            Some(stop) => stop.id.clone(),
            None => stage_key(cause.kind, world.stages.get(&cause.kind).map_or("", String::as_str)),
        })
        .collect()
}

/// A stage-implied cause in [`Details::seen`].
pub(crate) fn stage_key(kind: SubjectKind, stage: &str) -> String {
    format!("{}:{stage}", kind.code())
}

/// The catalogue row of a step of a request.
pub(crate) fn step_row<'c>(catalog: &'c Catalog, code: &str) -> Done<&'c Step> {
    catalog
        .steps
        .get(code)
        .ok_or_else(|| Refused::Inconsistent(format!("the catalogue has no step «{code}» any more")))
}

/// The catalogue row of a request kind.
pub(crate) fn plan_row<'c>(catalog: &'c Catalog, kind: &str) -> Done<&'c PlanRow> {
    catalog
        .plans
        .get(kind)
        .ok_or_else(|| Refused::not_found("request kind", kind))
}

/// Whether a step is decided by reviewers.
pub(crate) fn is_review(catalog: &Catalog, code: &str) -> bool {
    catalog.steps.get(code).is_some_and(|s| s.kind == StepKind::Review)
}

/// A JSON list of codes as kept in a column.
pub(crate) fn list_of(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// A value as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Done<String> {
    serde_json::to_string(value).map_err(|e| Refused::Inconsistent(e.to_string()))
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str, what: &str) -> Done<T> {
    serde_json::from_str(text).map_err(|e| Refused::Inconsistent(format!("{what}: {e}")))
}

/// Does `act` as the system, for what follows from a rule and not from a person's wish; the reason names the request.
pub(crate) fn as_system<T>(ctx: &mut Ctx, request: &str, act: impl FnOnce(&mut Ctx) -> Done<T>) -> Done<T> {
    let actor = std::mem::replace(&mut ctx.actor, Actor::system("requests"));
    let why = std::mem::replace(&mut ctx.why, format!("request {request}"));
    let result = act(ctx);
    ctx.actor = actor;
    ctx.why = why;
    result
}
