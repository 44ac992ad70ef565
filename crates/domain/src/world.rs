//! The chain of subjects a terminal hangs on, what holds for each of them now, and what carrying out a step does to
//! it. The gate, the plan, the requests and the model checker all ask this one place, so they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{CapabilitySet, Catalog, MerchantKind, Reason};
use crate::stages::{SubjectKind, machine};
use crate::time::Time;

/// One dated cause resting on a subject of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The stop's id; empty in the model checker.
    pub id: String,
    /// Reason code.
    pub reason: String,
    /// The kind of subject it rests on (each kind stands once in a chain).
    pub kind: SubjectKind,
    /// When it takes effect.
    pub starts_at: Time,
    /// When it ends by itself, if it does.
    pub ends_at: Option<Time>,
}

/// What holds for one chain: the stage of each subject that has a life, and the stops not yet lifted.
#[derive(Clone, Debug)]
pub struct World<'c> {
    /// The catalogue everything is read from.
    pub catalog: &'c Catalog,
    /// What the law takes the merchant to be; none where that is unknown: then everything is asked.
    pub kind: Option<MerchantKind>,
    /// Stage by kind; kinds without a life or not in this chain are absent.
    pub stages: BTreeMap<SubjectKind, String>,
    /// Stops in force or announced.
    pub stops: Vec<Stop>,
    /// Steps already carried out in the request at hand.
    pub done: BTreeSet<String>,
}

/// One live cause, as the world sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause<'c> {
    /// The catalogue row.
    pub reason: &'c Reason,
    /// The subject it rests on.
    pub kind: SubjectKind,
    /// Index into [`World::stops`]; none where the stage implies it.
    pub stop: Option<usize>,
    /// The root that explains it, when one does.
    pub hidden_by: Option<&'c str>,
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}
impl Eq for Reason {}

/// What carrying out a step changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Stage moves: kind, event, new stage.
    pub moves: Vec<(SubjectKind, String, String)>,
    /// Reasons whose stop was placed, with the kind they rest on.
    pub placed: Vec<(String, SubjectKind)>,
    /// Ids of the stops that were lifted, symptoms with their roots.
    pub lifted: Vec<Stop>,
}

/// Which alternative of a reason was chosen; a reason not named takes its first.
pub type Choices = BTreeMap<String, usize>;

impl<'c> World<'c> {
    /// Every live cause, root first (by kind, then by code), symptoms marked with their root.
    pub fn causes(&self) -> Vec<Cause<'c>> {
        let catalog: &'c Catalog = self.catalog;
        let mut causes: Vec<Cause<'c>> = Vec::new();
        for (i, stop) in self.stops.iter().enumerate() {
            if let Some(reason) = catalog.reasons.get(&stop.reason) {
                causes.push(Cause {
                    reason,
                    kind: stop.kind,
                    stop: Some(i),
                    hidden_by: None,
                });
            }
        }
        for (kind, stage) in &self.stages {
            if let Some(reason) = catalog.implied(*kind, stage)
                && !causes.iter().any(|c| c.reason.code == reason.code)
            {
                causes.push(Cause {
                    reason,
                    kind: *kind,
                    stop: None,
                    hidden_by: None,
                });
            }
        }
        causes.sort_by(|a, b| (a.kind, &a.reason.code, a.stop).cmp(&(b.kind, &b.reason.code, b.stop)));
        let all: Vec<&'c Reason> = causes.iter().map(|c| c.reason).collect();
        let hidden = |symptom: &Reason| all.iter().any(|root| self.explains(root, symptom));
        for cause in &mut causes {
            // A root that is itself a symptom passes what it explains on to the one above it.
            let explaining = || all.iter().filter(|root| self.explains(root, cause.reason));
            let root = explaining().find(|root| !hidden(root)).or_else(|| explaining().next());
            cause.hidden_by = root.map(|r| r.code.as_str());
        }
        causes
    }

    /// A root explains a symptom only as far as it blocks all that the symptom blocks; otherwise hiding the symptom
    /// would hide a capability that lifting the root does not bring back.
    fn explains(&self, root: &Reason, symptom: &Reason) -> bool {
        let (by_root, by_symptom) = (
            self.catalog.blocked_by(&root.code),
            self.catalog.blocked_by(&symptom.code),
        );
        by_symptom.meet(by_root) == by_symptom && self.catalog.hides(&root.code, &symptom.code)
    }

    /// Everything that is blocked now.
    pub fn blocked(&self) -> CapabilitySet {
        self.causes().iter().fold(CapabilitySet::EMPTY, |set, c| {
            set.union(self.catalog.blocked_by(&c.reason.code))
        })
    }

    /// The way out of `reason` under `choices`.
    pub fn way_out<'r>(reason: &'r Reason, choices: &Choices) -> &'r [String] {
        let chosen = choices.get(&reason.code).and_then(|i| reason.ways_out.get(*i));
        chosen.or_else(|| reason.ways_out.first()).map_or(&[], Vec::as_slice)
    }

    /// Marks `step` as done and applies what follows: its stage moves, the stops it places, the stops it lifts.
    pub fn carry_out(&mut self, step: &str, choices: &Choices, now: Time) -> Effects {
        let mut effects = Effects::default();
        self.done.insert(step.to_owned());
        if let Some(row) = self.catalog.steps.get(step) {
            for kind in &row.renews {
                self.renew(*kind);
            }
            for name in &row.moves {
                self.apply_move(name, choices, &mut effects);
            }
            for code in &row.places {
                self.place(code, choices, now, &mut effects);
            }
        }
        self.lift_finished(choices, &mut effects);
        effects
    }

    /// Puts another subject of a kind into the chain, at the start of its life; stops resting on the former go with it.
    fn renew(&mut self, kind: SubjectKind) {
        if let Some(machine) = machine(kind) {
            self.stages.insert(kind, machine.start.to_owned());
        }
        self.stops.retain(|stop| stop.kind != kind);
    }

    /// Fires `machine.event` where the stage has that edge; entering a stage that implies a reason asks its steps anew.
    fn apply_move(&mut self, name: &str, choices: &Choices, effects: &mut Effects) {
        let Some((of, event)) = name.split_once('.') else {
            return;
        };
        let Some(kind) = SubjectKind::parse(of) else {
            return;
        };
        let (Some(machine), Some(stage)) = (machine(kind), self.stages.get(&kind)) else {
            return;
        };
        let Ok(to) = machine.next(stage, event) else {
            return;
        };
        self.stages.insert(kind, to.to_owned());
        effects.moves.push((kind, event.to_owned(), to.to_owned()));
        if let Some(reason) = self.catalog.implied(kind, to) {
            self.forget(reason, choices);
        }
    }

    fn place(&mut self, code: &str, choices: &Choices, now: Time, effects: &mut Effects) {
        let Some(reason) = self.catalog.reasons.get(code) else {
            return;
        };
        if self.stops.iter().any(|s| s.reason == code) {
            return;
        }
        self.stops.push(Stop {
            id: String::new(),
            reason: code.to_owned(),
            kind: reason.subject,
            starts_at: now,
            ends_at: None,
        });
        effects.placed.push((code.to_owned(), reason.subject));
        self.forget(reason, choices);
    }

    fn forget(&mut self, reason: &Reason, choices: &Choices) {
        for step in Self::way_out(reason, choices) {
            self.done.remove(step);
        }
    }

    /// Lifts every stop one of whose alternatives is wholly done, and with it the symptoms it explains.
    fn lift_finished(&mut self, choices: &Choices, effects: &mut Effects) {
        let finished: Vec<&'c Reason> = self
            .causes()
            .iter()
            .filter(|c| c.stop.is_some() && !c.reason.r#final)
            .filter(|c| self.is_way_done(c.reason, choices))
            .map(|c| c.reason)
            .collect();
        let catalog = self.catalog;
        let gone: Vec<bool> = self
            .stops
            .iter()
            .map(|stop| {
                finished.iter().any(|root| root.code == stop.reason)
                    || catalog
                        .reasons
                        .get(&stop.reason)
                        .is_some_and(|symptom| finished.iter().any(|root| self.explains(root, symptom)))
            })
            .collect();
        let mut flags = gone.into_iter();
        let (lifted, kept): (Vec<Stop>, Vec<Stop>) = self.stops.drain(..).partition(|_| flags.next().unwrap_or(false));
        self.stops = kept;
        effects.lifted.extend(lifted);
    }

    fn is_way_done(&self, reason: &Reason, choices: &Choices) -> bool {
        let way = Self::way_out(reason, choices);
        let done = |way: &[String]| !way.is_empty() && way.iter().all(|s| self.done.contains(s));
        done(way) || reason.ways_out.iter().any(|w| done(w))
    }
}
