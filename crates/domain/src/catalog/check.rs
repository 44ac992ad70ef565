//! Checks across tables: every code a row names exists, every text is there in both languages, every terminal
//! refusal has its answer code, every step is asked for by something. What it cannot see (dead ends) the model checker
//! of [`crate::model`] finds.

use std::collections::BTreeSet;

use super::load::{Place, Places, Problem};
use super::types::{CapabilityGroup, Reason, Step, StepKind, Tables, Words};
use super::{CapabilitySet, downloads, postings, prices};
use crate::access::PERMISSIONS;
use crate::stages::{MACHINES, SubjectKind, machine};

/// F63.2 gives the acquirer 20 bytes: the line, a space and the seven characters of the explanation code.
const SLIP_BYTES: usize = 12;

struct Checker<'a> {
    tables: &'a Tables,
    places: &'a Places,
    problems: Vec<Problem>,
}

/// All problems of the tables, in row order.
pub(super) fn check(tables: &Tables, places: &Places) -> Vec<Problem> {
    let mut checker = Checker {
        tables,
        places,
        problems: Vec::new(),
    };
    checker.capabilities();
    for reason in tables.reasons.values() {
        checker.reason(reason);
    }
    for step in tables.steps.values() {
        checker.step(step);
    }
    checker.plans();
    checker.stages();
    checker.roles_and_rungs();
    checker.names();
    let mut problems = checker.problems;
    problems.extend(downloads::check(tables, places));
    problems.extend(prices::check(tables, places));
    problems.extend(postings::check(tables, places));
    problems
}

/// The capability set that `blocks` names; unknown entries are left out (the checker reports them).
pub(super) fn expand(tables: &Tables, blocks: &[String]) -> CapabilitySet {
    let mut set = CapabilitySet::EMPTY;
    for entry in blocks {
        if let Some(group) = entry.strip_prefix('@') {
            for c in tables.capabilities.values().filter(|c| group_code(c.group) == group) {
                set = set.with(c.bit);
            }
        } else if let Some(c) = tables.capabilities.get(entry) {
            set = set.with(c.bit);
        }
    }
    set
}

fn group_code(group: CapabilityGroup) -> &'static str {
    match group {
        CapabilityGroup::Collect => "collect",
        CapabilityGroup::Undo => "undo",
        CapabilityGroup::Settle => "settle",
        CapabilityGroup::Device => "device",
        CapabilityGroup::Manage => "manage",
        CapabilityGroup::Inform => "inform",
    }
}

/// How many bytes a slip text takes in GBK: one per ASCII character, two per other.
fn slip_bytes(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

impl Checker<'_> {
    fn at(&mut self, row: &str, key: &str, what: String) {
        let problem = self.places.get(row).map_or_else(
            || Problem {
                file: "?".into(),
                line: 0,
                key: format!("{row}, {key}"),
                what: what.clone(),
            },
            |place: &Place| place.problem(row, key, what.clone()),
        );
        self.problems.push(problem);
    }

    fn known<'b>(&mut self, row: &str, key: &str, codes: impl IntoIterator<Item = &'b String>, in_table: Table) {
        for code in codes {
            if !in_table.has(self.tables, code) {
                self.at(
                    row,
                    key,
                    format!(
                        "«{code}» is not in {}; correct the code or add the row",
                        in_table.name()
                    ),
                );
            }
        }
    }

    fn filled(&mut self, row: &str, key: &str, text: &str) {
        if text.trim().is_empty() {
            self.at(row, key, "the text is empty; write it".to_owned());
        }
    }

    fn words(&mut self, row: &str, key: &str, words: &Words) {
        for (lang, text) in [("Chinese", &words.zh), ("English", &words.en)] {
            if text.trim().is_empty() {
                self.at(row, key, format!("the {lang} text is empty; write it"));
            }
        }
    }

    fn capabilities(&mut self) {
        let mut bits = BTreeSet::new();
        for c in self.tables.capabilities.values() {
            let row = format!("capability {}", c.code);
            if c.bit > 62 {
                self.at(&row, "bit", format!("{} is above 62, the last bit there is", c.bit));
            }
            if !bits.insert(c.bit) {
                self.at(&row, "bit", format!("bit {} belongs to another capability", c.bit));
            }
        }
    }

    fn reason(&mut self, reason: &Reason) {
        let row = format!("reason {}", reason.code);
        for entry in &reason.blocks {
            let known = match entry.strip_prefix('@') {
                Some(group) => self.tables.capabilities.values().any(|c| group_code(c.group) == group),
                None => self.tables.capabilities.contains_key(entry),
            };
            if !known {
                self.at(
                    &row,
                    "blocks",
                    format!("«{entry}» is neither a capability nor an @group"),
                );
            }
        }
        let blocked = expand(self.tables, &reason.blocks);
        let always = self.tables.capabilities.values().filter(|c| c.always);
        for c in always
            .filter(|c| blocked.has(c.bit))
            .map(|c| c.code.clone())
            .collect::<Vec<_>>()
        {
            self.at(
                &row,
                "blocks",
                format!("«{c}» survives every stop and cannot be blocked"),
            );
        }
        let asks_terminal = self.tables.capabilities.values().any(|c| {
            blocked.has(c.bit)
                && matches!(
                    c.group,
                    CapabilityGroup::Collect | CapabilityGroup::Undo | CapabilityGroup::Device
                )
        });
        match &reason.response_code {
            Some(code) => self.known(&row, "response_code", [code], Table::ResponseCodes),
            None if asks_terminal => {
                self.at(
                    &row,
                    "response_code",
                    "a terminal can be refused for this: name the F39 it is answered".into(),
                );
            }
            None => {}
        }
        self.known(&row, "place", &reason.place, Table::Roles);
        self.known(&row, "by", &reason.lift.by, Table::Roles);
        self.known(&row, "ways_out", reason.ways_out.iter().flatten(), Table::Steps);
        self.known(&row, "documents", &reason.documents, Table::Documents);
        self.known(&row, "fields", &reason.fields, Table::Fields);
        if !(1..=2).contains(&reason.lift.approvals) {
            self.at(&row, "approvals", "1, or 2 where two pairs of eyes are needed".into());
        }
        self.hidden(&row, reason);
        if reason.r#final && !reason.ways_out.is_empty() {
            self.at(
                &row,
                "ways_out",
                "a final reason asks for nothing; remove its ways out".into(),
            );
        }
        if reason.r#final && !reason.appealable {
            self.at(&row, "appealable", "a final reason must be open to an appeal".into());
        }
        if !reason.r#final && reason.ways_out.is_empty() {
            self.at(
                &row,
                "ways_out",
                "a dead end: give at least one way out, or make it final".into(),
            );
        }
        if reason.ways_out.iter().any(Vec::is_empty) {
            self.at(&row, "ways_out", "an alternative without steps".into());
        }
        for way in &reason.ways_out {
            for (i, step) in way
                .iter()
                .enumerate()
                .filter(|(i, step)| way.iter().take(*i).any(|before| before == *step))
            {
                self.at(
                    &row,
                    "ways_out",
                    format!("«{step}» stands twice in one alternative, again at place {}", i + 1),
                );
            }
        }
        self.reason_texts(&row, reason);
    }

    fn hidden(&mut self, row: &str, reason: &Reason) {
        for hidden in &reason.hides {
            let known = if hidden.ends_with('.') {
                self.tables.reasons.keys().any(|r| r.starts_with(hidden.as_str()))
            } else {
                self.tables.reasons.contains_key(hidden)
            };
            if !known {
                self.at(row, "hides", format!("«{hidden}» is no reason and no prefix of one"));
            }
        }
    }

    fn reason_texts(&mut self, row: &str, reason: &Reason) {
        for (lang, texts) in [("zh", &reason.zh), ("en", &reason.en)] {
            for (key, text) in [
                ("title", &texts.title),
                ("public", &texts.public),
                ("merchant", &texts.merchant),
                ("agent", &texts.agent),
                ("desk", &texts.desk),
                ("slip", &texts.slip),
            ] {
                self.filled(row, &format!("{lang}.{key}"), text);
            }
            if slip_bytes(&texts.slip) > SLIP_BYTES {
                let what = format!(
                    "«{}» takes {} bytes on the slip; at most {SLIP_BYTES}",
                    texts.slip,
                    slip_bytes(&texts.slip)
                );
                self.at(row, &format!("{lang}.slip"), what);
            }
        }
        self.words(row, "ground", &reason.ground.source);
    }

    fn step(&mut self, step: &Step) {
        let row = format!("step {}", step.code);
        self.known(&row, "by", &step.by, Table::Roles);
        self.known(&row, "accepted_by", step.accepted_by.iter(), Table::Roles);
        self.known(&row, "documents", &step.documents, Table::Documents);
        self.known(&row, "fields", &step.fields, Table::Fields);
        self.known(&row, "places", &step.places, Table::Reasons);
        self.moves(&row, &step.moves);
        if let Some(code) = step
            .uses
            .as_ref()
            .filter(|c| !self.tables.capabilities.contains_key(*c))
        {
            self.at(&row, "uses", format!("«{code}» is no capability"));
        }
        let promises = [
            step.promise.working_days.is_some(),
            step.promise.minutes.is_some(),
            step.promise.until_stop_ends,
        ];
        if promises.into_iter().filter(|p| *p).count() != 1 {
            self.at(
                &row,
                "promise",
                "promise exactly one of working_days, minutes, until_stop_ends".into(),
            );
        }
        if step.by.is_empty() && step.event.is_none() && step.kind != StepKind::Wait {
            self.at(&row, "by", "nobody may carry it out and no event completes it".into());
        }
        for (lang, texts) in [("zh", &step.zh), ("en", &step.en)] {
            for (key, text) in [
                ("title", &texts.title),
                ("why", &texts.why),
                ("how", &texts.how),
                ("after", &texts.after),
            ] {
                self.filled(&row, &format!("{lang}.{key}"), text);
            }
        }
        let asked = self
            .tables
            .reasons
            .values()
            .any(|r| r.ways_out.iter().flatten().any(|s| *s == step.code))
            || self.tables.plans.values().any(|p| p.steps.contains(&step.code));
        if !asked {
            self.at(
                &row,
                "code",
                "unreachable: no reason and no plan asks for this step".into(),
            );
        }
    }

    fn moves(&mut self, row: &str, moves: &[String]) {
        for name in moves {
            let edge = name
                .split_once('.')
                .and_then(|(of, event)| Some((machine(SubjectKind::parse(of)?)?, event)));
            if !edge.is_some_and(|(m, event)| m.rows.iter().any(|r| r.1 == event)) {
                self.at(
                    row,
                    "moves",
                    format!("«{name}» is not machine.event of any stage table"),
                );
            }
        }
    }

    fn plans(&mut self) {
        let tables = self.tables;
        for plan in tables.plans.values() {
            let row = format!("plan {}", plan.code);
            self.known(&row, "steps", &plan.steps, Table::Steps);
            self.known(&row, "opened_by", &plan.opened_by, Table::Roles);
            self.known(&row, "places", &plan.places, Table::Reasons);
            self.moves(&row, &plan.moves);
            self.words(&row, "name", &plan.name);
            self.words(&row, "about", &plan.about);
        }
    }

    fn stages(&mut self) {
        let tables = self.tables;
        for row in tables.stages.values() {
            let id = format!("stage {}.{}", row.machine.code(), row.stage);
            if !machine(row.machine).is_some_and(|m| m.stages().contains(&row.stage.as_str())) {
                self.at(&id, "stage", "no such stage in the machine's table".into());
            }
            self.known(&id, "implies", row.implies.iter(), Table::Reasons);
            self.words(&id, "name", &row.name);
        }
        for machine in MACHINES {
            for stage in machine.stages() {
                if !tables.stages.contains_key(&(machine.of, stage.to_owned())) {
                    self.problems.push(Problem {
                        file: "stages.toml".into(),
                        line: 1,
                        key: format!("stage {}.{stage}", machine.of.code()),
                        what: "the stage has no row; name it in both languages".into(),
                    });
                }
            }
        }
    }

    fn roles_and_rungs(&mut self) {
        let tables = self.tables;
        for role in tables.roles.values() {
            let row = format!("role {}", role.code);
            for permission in &role.permissions {
                if !PERMISSIONS.contains(&permission.as_str()) {
                    self.at(
                        &row,
                        "permissions",
                        format!("«{permission}» is not a permission this program asks for"),
                    );
                }
            }
            self.words(&row, "name", &role.name);
        }
        for rung in &tables.dormancy {
            let row = format!("rung {}", rung.reason);
            self.known(&row, "reason", [&rung.reason], Table::Reasons);
        }
    }

    fn names(&mut self) {
        let tables = self.tables;
        for (row, name) in tables
            .capabilities
            .values()
            .flat_map(|c| {
                [
                    (format!("capability {}", c.code), &c.name),
                    (format!("capability {}", c.code), &c.can),
                ]
            })
            .chain(tables.documents.values().flat_map(|d| {
                [
                    (format!("document {}", d.code), &d.name),
                    (format!("document {}", d.code), &d.hint),
                ]
            }))
            .chain(tables.fields.values().flat_map(|f| {
                [
                    (format!("field {}", f.code), &f.name),
                    (format!("field {}", f.code), &f.hint),
                ]
            }))
            .chain(tables.response_codes.values().flat_map(|c| {
                [
                    (format!("response_code {}", c.code), &c.display),
                    (format!("response_code {}", c.code), &c.meaning),
                ]
            }))
        {
            self.words(&row, "name", name);
        }
    }
}

#[derive(Clone, Copy)]
enum Table {
    Reasons,
    Steps,
    Documents,
    Fields,
    Roles,
    ResponseCodes,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Reasons => "the reasons",
            Self::Steps => "steps.toml",
            Self::Documents => "documents.toml",
            Self::Fields => "fields.toml",
            Self::Roles => "roles.toml",
            Self::ResponseCodes => "response_codes.toml",
        }
    }

    fn has(self, tables: &Tables, code: &str) -> bool {
        match self {
            Self::Reasons => tables.reasons.contains_key(code),
            Self::Steps => tables.steps.contains_key(code),
            Self::Documents => tables.documents.contains_key(code),
            Self::Fields => tables.fields.contains_key(code),
            Self::Roles => tables.roles.contains_key(code),
            Self::ResponseCodes => tables.response_codes.contains_key(code),
        }
    }
}
