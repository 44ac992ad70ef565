//! The plan: the ordered steps that bring capabilities back, computed by carrying them out in a copy of the world, so
//! that what a step itself brings about (a new registration to be acknowledged, a cooling-off) is in the plan too.

use std::collections::BTreeMap;

use crate::catalog::{CapabilitySet, MerchantKind, Step, StepKind};
use crate::stages::SubjectKind;
use crate::time::Time;
use crate::world::{Cause, Choices, World};

/// No plan of a sound catalogue comes near this; beyond it steps bring each other back for ever.
const MOST_STEPS: usize = 40;

/// One step of a plan, with everything the causes that need it ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// Step code.
    pub step: String,
    /// What it is about.
    pub kind: SubjectKind,
    /// The reasons it serves.
    pub serves: Vec<String>,
    /// Documents to bring: the step's own and those the reasons name.
    pub documents: Vec<String>,
    /// Fields to fill in: the step's own and those the reasons name.
    pub fields: Vec<String>,
}

impl PlannedStep {
    /// A step as it stands in its table, serving nothing yet; what the merchant's kind does not have is left out.
    pub fn of(step: &Step, world: &World<'_>) -> Self {
        let mut planned = Self {
            step: step.code.clone(),
            kind: step.subject,
            serves: Vec::new(),
            documents: Vec::new(),
            fields: Vec::new(),
        };
        planned.ask(world, &step.documents, &step.fields);
        planned
    }

    /// Asks for more documents and fields: each once, and only what the merchant's kind has.
    fn ask(&mut self, world: &World<'_>, documents: &[String], fields: &[String]) {
        let has = |kinds: &[MerchantKind]| kinds.is_empty() || world.kind.is_none_or(|kind| kinds.contains(&kind));
        let (of_documents, of_fields) = (&world.catalog.documents, &world.catalog.fields);
        for code in documents {
            if !self.documents.contains(code) && of_documents.get(code).is_none_or(|row| has(&row.kinds)) {
                self.documents.push(code.clone());
            }
        }
        for code in fields {
            if !self.fields.contains(code) && of_fields.get(code).is_none_or(|row| has(&row.kinds)) {
                self.fields.push(code.clone());
            }
        }
    }
}

/// Why a plan could not be finished; never seen with a catalogue that passed the model checker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// All steps of this reason's way out are done and it still blocks.
    StillBlocked(String),
    /// Steps bring each other back.
    Endless,
}

/// The steps, and what no step brings back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order they are done.
    pub steps: Vec<PlannedStep>,
    /// Codes of the final causes among those that block what was asked for.
    pub finals: Vec<String>,
    /// Set when the catalogue has a dead end.
    pub stuck: Option<Stuck>,
    /// The largest number of different people any cause needs at a review.
    pub approvals: u8,
}

/// The plan that brings `wanted` back. What a final cause blocks is left out: nothing is asked in vain.
pub fn plan(world: &World<'_>, wanted: CapabilitySet, choices: &Choices, now: Time) -> Plan {
    let mut world = world.clone();
    let mut plan = Plan {
        approvals: 1,
        ..Plan::default()
    };
    let mut lost = CapabilitySet::EMPTY;
    for cause in world
        .causes()
        .iter()
        .filter(|c| c.reason.r#final && blocks(&world, c, wanted))
    {
        lost = lost.union(world.catalog.blocked_by(&cause.reason.code));
        if cause.hidden_by.is_none() {
            plan.finals.push(cause.reason.code.clone());
        }
    }
    let mut wanted = CapabilitySet(wanted.0 & !lost.0);
    loop {
        let due = due(&world, wanted, choices, &mut plan);
        match due {
            Ok(None) => return plan,
            Ok(Some(step)) => {
                // A plan leaves nothing stopped that its own steps have stopped.
                for (reason, _) in world.carry_out(&step.step, choices, now).placed {
                    let placed = world.catalog.blocked_by(&reason);
                    wanted = wanted.union(CapabilitySet(placed.0 & !lost.0));
                }
                plan.steps.push(step);
            }
            Err(stuck) => {
                plan.stuck = Some(stuck);
                return plan;
            }
        }
        if plan.steps.len() > MOST_STEPS {
            plan.stuck = Some(Stuck::Endless);
            return plan;
        }
    }
}

fn blocks(world: &World<'_>, cause: &Cause<'_>, wanted: CapabilitySet) -> bool {
    world.catalog.blocked_by(&cause.reason.code).touches(wanted)
}

/// The next step by order, merged over all visible causes that block `wanted`; none when nothing blocks it any more.
fn due(
    world: &World<'_>,
    wanted: CapabilitySet,
    choices: &Choices,
    plan: &mut Plan,
) -> Result<Option<PlannedStep>, Stuck> {
    let mut asked: BTreeMap<(u16, String), PlannedStep> = BTreeMap::new();
    let mut unasked = None;
    for cause in world
        .causes()
        .iter()
        .filter(|c| c.hidden_by.is_none() && blocks(world, c, wanted))
    {
        plan.approvals = plan.approvals.max(cause.reason.lift.approvals);
        let way = World::way_out(cause.reason, choices);
        let rest: Vec<&Step> = way
            .iter()
            .filter(|s| !world.done.contains(*s))
            .filter_map(|s| world.catalog.steps.get(s))
            .collect();
        if rest.is_empty() {
            unasked.get_or_insert_with(|| cause.reason.code.clone());
        }
        for step in rest {
            let entry = asked
                .entry((step.order, step.code.clone()))
                .or_insert_with(|| PlannedStep::of(step, world));
            serve(entry, cause, world, way);
        }
    }
    match (asked.into_values().next(), unasked) {
        (Some(step), _) => Ok(Some(step)),
        (None, Some(reason)) => Err(Stuck::StillBlocked(reason)),
        (None, None) => Ok(None),
    }
}

/// Adds a cause to a step: its documents to the first document step of its way, its fields to the first form.
pub fn serve(entry: &mut PlannedStep, cause: &Cause<'_>, world: &World<'_>, way: &[String]) {
    if !entry.serves.contains(&cause.reason.code) {
        entry.serves.push(cause.reason.code.clone());
    }
    let first = |kinds: &[StepKind]| {
        way.iter()
            .find(|s| world.catalog.steps.get(*s).is_some_and(|row| kinds.contains(&row.kind)))
    };
    let takes_documents = first(&[StepKind::Documents]).or_else(|| first(&[StepKind::Form]));
    let takes_fields = first(&[StepKind::Form]).or_else(|| first(&[StepKind::Documents]));
    if takes_documents == Some(&entry.step) {
        entry.ask(world, &cause.reason.documents, &[]);
    }
    if takes_fields == Some(&entry.step) {
        entry.ask(world, &[], &cause.reason.fields);
    }
}
