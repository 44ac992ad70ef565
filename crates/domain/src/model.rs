//! The model checker: proves over a whole catalogue that there is no dead end. It starts from every reachable
//! condition (each reason alone, every pair, every combination of stages with one stop of each shape), asks for the
//! plan, carries it out step by step in the same [`World`] the product uses, and reports the path that shows a fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{CapabilitySet, Catalog, Reason};
use crate::plan::{Plan, Stuck, plan};
use crate::stages::{MACHINES, SubjectKind};
use crate::time::Time;
use crate::world::{Choices, Stop, World};

/// Evidence is never asked after this order (the review stands at 250).
const REVIEW_ORDER: u16 = 250;

/// The stage of each machine in which nothing is wrong.
const HEALTHY: [(SubjectKind, &str); 8] = [
    (SubjectKind::Agent, "active"),
    (SubjectKind::Merchant, "active"),
    (SubjectKind::Contract, "in_force"),
    (SubjectKind::SettlementAccount, "verified"),
    (SubjectKind::Shop, "open"),
    (SubjectKind::Terminal, "live"),
    (SubjectKind::Registration, "accepted"),
    (SubjectKind::Device, "in_service"),
];

/// A condition a chain can be in: a stop of a reason, or a stage that implies one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A stop of this reason.
    Stop(String),
    /// A machine in this stage.
    Stage(SubjectKind, String),
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stop(reason) => write!(f, "stop {reason}"),
            Self::Stage(kind, stage) => write!(f, "{} is {stage}", kind.code()),
        }
    }
}

/// What is wrong, and the path that shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}\n    from: {}\n    path: {}", start.join(" + "), if path.is_empty() { "(no step)".to_owned() } else { path.join(" → ") })]
pub struct Finding {
    /// The conditions it starts from.
    pub start: Vec<String>,
    /// The steps carried out.
    pub path: Vec<String>,
    /// The fault.
    pub fault: Fault,
}

/// The faults the checker looks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// All steps are done and the capability is still blocked.
    #[error("dead end: every step of «{0}» is done and it still blocks")]
    DeadEnd(String),
    /// Steps bring each other back without end.
    #[error("limbo: the steps bring each other back without end")]
    Limbo,
    /// The same thing is asked twice.
    #[error("duplicate step: «{0}» is asked twice")]
    AskedTwice(String),
    /// Evidence would be asked after the review that should have judged it.
    #[error("late evidence: «{0}» is asked after the review")]
    LateEvidence(String),
    /// A step is asked after one that comes later in the order.
    #[error("wrong order: «{0}» comes after a later step")]
    Backwards(String),
    /// A step needs a capability that is still stopped when its turn comes.
    #[error("blocked by itself: «{step}» needs «{capability}», which is still stopped then")]
    OutOfReach {
        /// The step.
        step: String,
        /// The capability it uses.
        capability: String,
    },
    /// Causes hide each other so that none is shown.
    #[error("hidden by each other: no cause is shown")]
    NothingShown,
    /// A final reason without an appeal.
    #[error("final without appeal: «{0}»")]
    NoAppeal(String),
}

/// What was explored and found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Worlds explored.
    pub worlds: usize,
    /// Steps carried out over all of them.
    pub steps: usize,
    /// Faults, the shortest start first; at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
}

/// More findings than this only repeat themselves.
pub const MOST_FINDINGS: usize = 50;

/// How far to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Each condition alone.
    Singles,
    /// And every pair of conditions.
    Pairs,
    /// And every combination of stages; with one stop of each shape where at most two stages are amiss.
    Everything,
}

/// Explores the catalogue.
pub fn check(catalog: &Catalog, depth: Depth) -> Report {
    let mut report = Report::default();
    let conditions = conditions(catalog);
    for condition in &conditions {
        explore(catalog, std::slice::from_ref(condition), &mut report);
    }
    if depth < Depth::Pairs {
        return report;
    }
    for (i, first) in conditions.iter().enumerate() {
        for second in &conditions[i + 1..] {
            explore(catalog, &[first.clone(), second.clone()], &mut report);
        }
    }
    if depth == Depth::Everything {
        explore_stages(catalog, &mut report);
    }
    report
}

/// Every condition one at a time: stages that imply a reason, and stops of the reasons that no stage implies.
pub fn conditions(catalog: &Catalog) -> Vec<Condition> {
    let implied: BTreeSet<&str> = catalog.stages.values().filter_map(|s| s.implies.as_deref()).collect();
    let stops = catalog
        .reasons
        .keys()
        .filter(|code| !implied.contains(code.as_str()))
        .cloned()
        .map(Condition::Stop);
    let stages = catalog
        .stages
        .values()
        .filter(|s| s.implies.is_some())
        .map(|s| Condition::Stage(s.machine, s.stage.clone()));
    stops.chain(stages).collect()
}

/// The world in which nothing is wrong.
pub fn healthy(catalog: &Catalog) -> World<'_> {
    World {
        catalog,
        kind: None,
        stages: HEALTHY
            .into_iter()
            .map(|(kind, stage)| (kind, stage.to_owned()))
            .collect(),
        stops: Vec::new(),
        done: BTreeSet::new(),
    }
}

fn start<'c>(catalog: &'c Catalog, conditions: &[Condition]) -> Option<World<'c>> {
    let mut world = healthy(catalog);
    let mut set: BTreeMap<SubjectKind, &str> = BTreeMap::new();
    for condition in conditions {
        match condition {
            Condition::Stop(code) => world.stops.push(stop(catalog.reasons.get(code)?)),
            Condition::Stage(kind, stage) => {
                if set.insert(*kind, stage).is_some() {
                    return None;
                }
                world.stages.insert(*kind, stage.clone());
            }
        }
    }
    Some(world)
}

fn stop(reason: &Reason) -> Stop {
    Stop {
        id: String::new(),
        reason: reason.code.clone(),
        kind: reason.subject,
        starts_at: Time::default(),
        ends_at: None,
    }
}

fn explore(catalog: &Catalog, conditions: &[Condition], report: &mut Report) {
    let Some(world) = start(catalog, conditions) else {
        return;
    };
    let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    for choices in all_choices(&world) {
        judge(&world, &names, &choices, report);
    }
}

/// Every combination of alternatives of the causes at the start.
fn all_choices(world: &World<'_>) -> Vec<Choices> {
    let mut all = vec![Choices::new()];
    for cause in world.causes() {
        let ways = cause.reason.ways_out.len();
        all = all
            .into_iter()
            .flat_map(|choices| {
                (0..ways.max(1)).map(move |way| {
                    let mut next = choices.clone();
                    next.insert(cause.reason.code.clone(), way);
                    next
                })
            })
            .collect();
    }
    all
}

/// Exhaustive over the stages of all machines, bare and with one stop of each shape (final, reviewed, timed, …).
fn explore_stages(catalog: &Catalog, report: &mut Report) {
    let extra: Vec<Option<Condition>> = std::iter::once(None)
        .chain(shapes(catalog).into_iter().map(|code| Some(Condition::Stop(code))))
        .collect();
    let mut combos: Vec<Vec<Condition>> = vec![Vec::new()];
    for machine in MACHINES {
        combos = combos
            .into_iter()
            .flat_map(|combo| {
                machine.stages().into_iter().map(move |stage| {
                    let mut next = combo.clone();
                    next.push(Condition::Stage(machine.of, stage.to_owned()));
                    next
                })
            })
            .collect();
    }
    for combo in &combos {
        let amiss = combo.iter().filter(|c| !is_healthy(c)).count();
        for extra in &extra {
            if extra.is_some() && amiss > 2 {
                continue;
            }
            let mut conditions = combo.clone();
            conditions.extend(extra.clone());
            let Some(world) = start(catalog, &conditions) else {
                continue;
            };
            let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
            judge(&world, &names, &Choices::new(), report);
        }
    }
}

fn is_healthy(condition: &Condition) -> bool {
    matches!(condition, Condition::Stage(kind, stage) if HEALTHY.iter().any(|h| h.0 == *kind && h.1 == stage))
}

/// One stop reason per shape: what it rests on, whether it is final, its first step.
fn shapes(catalog: &Catalog) -> Vec<String> {
    let mut seen = BTreeSet::new();
    catalog
        .reasons
        .values()
        .filter(|r| {
            !catalog
                .stages
                .values()
                .any(|s| s.implies.as_deref() == Some(r.code.as_str()))
        })
        .filter(|r| seen.insert((r.subject, r.r#final)))
        .map(|r| r.code.clone())
        .collect()
}

/// Plans for all that is blocked, and for each blocked capability alone, and judges each plan.
fn judge(world: &World<'_>, names: &[String], choices: &Choices, report: &mut Report) {
    report.worlds += 1;
    let causes = world.causes();
    if !causes.is_empty() && causes.iter().all(|c| c.hidden_by.is_some()) {
        find(report, names, &[], Fault::NothingShown);
    }
    for cause in causes.iter().filter(|c| c.reason.r#final && !c.reason.appealable) {
        find(report, names, &[], Fault::NoAppeal(cause.reason.code.clone()));
    }
    let plan = plan(world, world.blocked(), choices, Time::default());
    report.steps += plan.steps.len();
    if let Some(fault) = fault_of(world, &plan, choices) {
        let path: Vec<String> = plan.steps.iter().map(|s| s.step.clone()).collect();
        find(report, names, &path, fault);
    }
}

fn find(report: &mut Report, names: &[String], path: &[String], fault: Fault) {
    let known = report.findings.iter().any(|f| f.fault == fault);
    if !known && report.findings.len() < MOST_FINDINGS {
        report.findings.push(Finding {
            start: names.to_vec(),
            path: path.to_vec(),
            fault,
        });
    }
}

fn fault_of(world: &World<'_>, plan: &Plan, choices: &Choices) -> Option<Fault> {
    match &plan.stuck {
        Some(Stuck::StillBlocked(reason)) => return Some(Fault::DeadEnd(reason.clone())),
        Some(Stuck::Endless) => return Some(Fault::Limbo),
        None => {}
    }
    let mut seen = BTreeSet::new();
    let (mut last, mut reviewed) = (0, false);
    for planned in &plan.steps {
        let order = world.catalog.steps.get(&planned.step).map_or(0, |s| s.order);
        if !seen.insert(&planned.step) {
            return Some(Fault::AskedTwice(planned.step.clone()));
        }
        if reviewed && order < REVIEW_ORDER {
            return Some(Fault::LateEvidence(planned.step.clone()));
        }
        if order < last {
            return Some(Fault::Backwards(planned.step.clone()));
        }
        reviewed |= order == REVIEW_ORDER;
        last = order;
    }
    still_blocked(world, plan, choices)
}

/// Carries the plan out in a fresh copy and looks whether anything that no final cause blocks is still blocked.
fn still_blocked(world: &World<'_>, plan: &Plan, choices: &Choices) -> Option<Fault> {
    let mut world = world.clone();
    for step in &plan.steps {
        let row = world.catalog.steps.get(&step.step);
        if let Some(capability) = row.and_then(|r| r.uses.as_ref())
            && world
                .catalog
                .bit(capability)
                .is_some_and(|bit| world.blocked().has(bit))
        {
            return Some(Fault::OutOfReach {
                step: step.step.clone(),
                capability: capability.clone(),
            });
        }
        world.carry_out(&step.step, choices, Time::default());
    }
    let causes = world.causes();
    let lost = causes
        .iter()
        .filter(|c| c.reason.r#final)
        .fold(CapabilitySet::EMPTY, |set, c| {
            set.union(world.catalog.blocked_by(&c.reason.code))
        });
    causes
        .iter()
        .find(|c| !c.reason.r#final && world.catalog.blocked_by(&c.reason.code).0 & !lost.0 != 0)
        .map(|c| Fault::DeadEnd(c.reason.code.clone()))
}
