//! What the model checker proves on paper, carried out for real: whatever stands in the way of a terminal, the request
//! opened for it, worked through step by step by those whose turn it is, brings everything back.

use std::collections::BTreeSet;

use domain::catalog::{FieldCheck, StepKind};
use domain::gate::in_force;
use domain::stages::SubjectKind;
use domain::time::Duration;
use operations::requests::{self, Choose};
use operations::reviews::Decision;
use operations::stops::{self, Place};
use operations::views::{RequestView, StepView};
use operations::{Actor, chain, gates};
use serde_json::json;

use super::story::{M, Story, T, owner, states};
use super::world::{self, someone};

/// Whoever holds the first of these roles that exists for this merchant.
fn with_role(role: &str, name: &str) -> Actor {
    match role {
        "owner" => owner(),
        "clerk" => Actor {
            merchant: M.into(),
            ..someone("clerk", "clerk")
        },
        "agent" => Actor {
            agent: "agt_1".into(),
            ..someone("agent", "agent")
        },
        "system" => Actor::system("story"),
        other => someone(name, other),
    }
}

/// One value that passes the check of a field.
fn value(story: &mut Story, request: &str, field: &str) -> String {
    let check = world::platform().catalog.fields[field].check;
    match (field, check) {
        ("verification_amount", _) => {
            let id = request.to_owned();
            let sent = story
                .act(Actor::system("bank"), move |tx, ctx| {
                    requests::micro_deposit(tx, ctx, M, &id)
                })
                .unwrap();
            sent.map(|fen| fen.to_string()).unwrap_or_default()
        }
        (_, FieldCheck::ActivationCode) => {
            story
                .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
                .unwrap()
                .0
        }
        ("new_serial_number", _) => story.in_stock(),
        ("serial_number", _) => story.serial_to_send_back(),
        // Served by the institution itself.
        ("service_agent", _) => String::new(),
        (_, FieldCheck::Text) => "说明".into(),
        (_, FieldCheck::Mobile) => "13800000000".into(),
        (_, FieldCheck::ResidentId) => "11010519491231002X".into(),
        (_, FieldCheck::Uscc) => "91310000MA1FL0000N".into(),
        (_, FieldCheck::BankAccount) => "6222020000000000018".into(),
        (_, FieldCheck::Serial) => "SN1".into(),
        (_, FieldCheck::Date) => "2027-01-01".into(),
        (_, FieldCheck::Amount) => "300.00".into(),
    }
}

/// Does what a step asks, as whoever may do it.
fn carry(story: &mut Story, request: &RequestView, step: &StepView) {
    let row = world::platform().catalog.steps[&step.step].clone();
    match row.kind {
        StepKind::Review => return approve(story, request),
        StepKind::Network => return story.network_answers(),
        StepKind::Wait => {
            if let Some(at) = step
                .promise_by
                .map(domain::time::Time::from_millis)
                .filter(|_| row.promise.until_stop_ends)
            {
                story.now = at.max(story.now);
                story.tick();
            } else {
                // An operator ends what the platform or a partner caused.
                let serves = step.serves.clone();
                story
                    .act(Actor::system("story"), move |tx, ctx| {
                        for stop in store::stops::live(tx, "-")?
                            .into_iter()
                            .chain(store::stops::live(tx, M)?)
                        {
                            if serves.contains(&stop.reason) {
                                stops::end(tx, ctx, &stop, "it is over")?;
                            }
                        }
                        requests::refresh(tx, ctx, M)
                    })
                    .unwrap();
                story.tick();
            }
            return;
        }
        _ => {}
    }
    if let Some(event) = &row.event
        && step.fields.is_empty()
        && row.actor == domain::catalog::Actor::Terminal
    {
        return story.event("terminal", T, event);
    }
    if ["re_register_terminal", "make_account_effective"].contains(&step.step.as_str()) {
        story.now = story.now + Duration::days(3);
        story.tick();
        return;
    }
    let role = row
        .by
        .iter()
        .find(|r| *r != "system")
        .unwrap_or_else(|| panic!("nobody may do {}", step.step));
    if !step.documents.is_empty() {
        story.attach_all(with_role(role, "staff"), request, &step.step);
    }
    for _ in 0..2 {
        let fields: Vec<(String, String)> = step
            .fields
            .iter()
            .map(|f| (f.code.clone(), value(story, &request.id, &f.code)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let given: Vec<(&str, &str)> = fields.iter().map(|(f, v)| (f.as_str(), v.as_str())).collect();
        let view = story
            .submit(with_role(role, "staff"), &request.id, &step.step, &given)
            .unwrap_or_else(|e| panic!("{}: {e:?}", step.step));
        // A small amount is sent first, and answered then.
        if !view
            .steps
            .iter()
            .any(|s| s.step == step.step && s.state == "now" && s.remark.contains("一元"))
        {
            return;
        }
    }
}

fn approve(story: &mut Story, request: &RequestView) {
    for name in ["anna", "boris"] {
        let view = story.view(owner(), &request.id);
        let Some(id) = view.review else { return };
        let role = story
            .act(Actor::system("story"), move |tx, _| {
                Ok(store::reviews::get(tx, M, &id)?.unwrap().role)
            })
            .unwrap();
        let review = story.review(someone(name, &role), &request.id);
        story
            .decide(someone(name, &role), &review, Decision::Approve, &[])
            .unwrap();
    }
}

/// Works a request through; the codes of the steps that were carried out.
fn work_through(story: &mut Story, request: &RequestView) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    for _ in 0..60 {
        let view = story.view(owner(), &request.id);
        if view.state != "open" {
            assert_eq!(view.state, "done", "{:?}", states(&view));
            return done;
        }
        if let Some(step) = view.steps.iter().find(|s| s.state == "now").cloned() {
            done.push(step.step.clone());
            carry(story, &view, &step);
        } else {
            approve(story, &view);
        }
    }
    panic!("no end: {:?}", states(&story.view(owner(), &request.id)))
}

/// What is blocked now for reasons other than final ones.
fn blocked(story: &mut Story) -> (u64, BTreeSet<String>) {
    story
        .act(Actor::system("story"), |tx, ctx| {
            let bits = gates::recompute(tx, ctx, M, T)?.blocked.0;
            let chain = chain::of_terminal(tx, M, T)?;
            let world = chain.world(&ctx.platform.catalog, BTreeSet::new());
            let now = domain::world::World {
                stops: in_force(&world.stops, ctx.now),
                ..world
            };
            Ok((bits, now.causes().iter().map(|c| c.reason.code.clone()).collect()))
        })
        .unwrap()
}

/// Ids of the chain; the settlement account is whichever is current.
fn id_of(story: &mut Story, kind: SubjectKind) -> String {
    let fixed = match kind {
        SubjectKind::Platform => "platform",
        SubjectKind::Network => "network",
        SubjectKind::Region => "31",
        SubjectKind::Agent => "agt_1",
        SubjectKind::Merchant => M,
        SubjectKind::Contract => "ctr_1",
        SubjectKind::SettlementAccount => {
            return story
                .act(Actor::system("story"), |tx, _| {
                    Ok(store::parties::current_account(tx, M)?.unwrap().id)
                })
                .unwrap();
        }
        SubjectKind::Shop => "shp_1",
        SubjectKind::Terminal => T,
        SubjectKind::Registration => "reg_1",
        SubjectKind::Device => return story.device().id,
        SubjectKind::Model => return story.device().model_id,
    };
    fixed.to_owned()
}

/// Places a stop of a reason, as the rule that finds it would; those that wait for a date get one.
fn place(story: &mut Story, reason: &str) {
    let row = world::platform().catalog.reasons[reason].clone();
    let waits = row
        .ways_out
        .iter()
        .any(|way| way.iter().any(|s| s == "wait_until" || s == "wait_for_window"));
    let place = Place {
        merchant: if row.subject.of_merchant() {
            M.into()
        } else {
            "-".into()
        },
        kind: row.subject,
        id: id_of(story, row.subject),
        reason: reason.into(),
        starts_at: None,
        ends_at: waits.then(|| story.now + Duration::days(2)),
        details: json!({ "amount": 30_000 }),
    };
    story
        .act(Actor::system("rule"), move |tx, ctx| {
            stops::place(tx, ctx, place.clone())
        })
        .unwrap();
}

/// Every reason that is not final and no stage implies, with each of its ways out.
fn ways() -> Vec<(String, usize)> {
    let catalog = world::platform().catalog;
    let implied: BTreeSet<&str> = catalog.stages.values().filter_map(|s| s.implies.as_deref()).collect();
    catalog
        .reasons
        .values()
        .filter(|r| !r.r#final && !implied.contains(r.code.as_str()) && !catalog.blocked_by(&r.code).is_empty())
        .flat_map(|r| (0..r.ways_out.len()).map(move |way| (r.code.clone(), way)))
        .collect()
}

#[test]
fn every_way_out_of_every_stop_carried_out_brings_everything_back() {
    let ways = ways();
    assert!(ways.len() > 50, "{}", ways.len());
    Story::on_each(|story| {
        for (reason, way) in &ways {
            assert_eq!(blocked(story).0, 0, "before {reason}");
            place(story, reason);
            assert_ne!(blocked(story).0, 0, "{reason}");
            let request = story
                .open(owner(), "restoration", ("terminal", T))
                .unwrap_or_else(|e| panic!("{reason}: {e}"));
            if *way > 0 {
                let command = Choose {
                    merchant: M.into(),
                    request: request.id.clone(),
                    reason: reason.clone(),
                    alternative: *way,
                };
                story
                    .act(owner(), move |tx, ctx| requests::choose(tx, ctx, command.clone()))
                    .unwrap();
            }
            let done = work_through(story, &request);
            let once: BTreeSet<&String> = done.iter().collect();
            assert!(!done.is_empty(), "{reason}");
            // A step may be looked at twice while it waits (a file on its way, a small amount), never asked thrice.
            assert!(done.len() <= once.len() + 2, "{reason}: {done:?}");
            let (bits, causes) = blocked(story);
            assert_eq!((bits, causes), (0, BTreeSet::new()), "{reason}, way {way}: {done:?}");
            story.now = story.now + Duration::hours(1);
        }
    });
}

#[test]
fn every_stage_that_stands_in_the_way_is_left_again() {
    let catalog = world::platform().catalog;
    let stages: Vec<(SubjectKind, String)> = catalog
        .stages
        .values()
        .filter(|s| {
            s.implies
                .as_ref()
                .is_some_and(|r| !catalog.reasons[r].r#final && !catalog.blocked_by(r).is_empty())
        })
        .map(|s| (s.machine, s.stage.clone()))
        .collect();
    assert!(stages.len() > 12, "{stages:?}");
    for (kind, stage) in stages {
        Story::on_each(|story| {
            let sql = match kind {
                SubjectKind::Merchant => "update merchants set stage = $1",
                SubjectKind::Contract => "update contracts set stage = $1",
                SubjectKind::SettlementAccount => "update settlement_accounts set stage = $1",
                SubjectKind::Shop => "update shops set stage = $1",
                SubjectKind::Terminal => "update terminals set stage = $1",
                SubjectKind::Registration => "update registrations set stage = $1",
                SubjectKind::Device => "update devices set stage = $1",
                _ => "update agents set stage = $1",
            };
            let to = stage.clone();
            story
                .db()
                .write(move |tx| tx.run(sql, store::args![&to]).map(|_| ()))
                .wait()
                .unwrap();
            let (before, causes) = blocked(story);
            assert_ne!(before, 0, "{kind:?} {stage}");
            let request = story
                .open(owner(), "restoration", ("terminal", T))
                .unwrap_or_else(|e| panic!("{kind:?} {stage}: {e}"));
            let done = work_through(story, &request);
            assert_eq!(
                blocked(story),
                (0, BTreeSet::new()),
                "{kind:?} {stage} {causes:?}: {done:?}"
            );
        });
    }
}

#[test]
fn two_stops_at_once_are_cleared_by_one_request() {
    let ways = ways();
    let mut dice = domain::ids::IdSource::seeded(7);
    let mut draw = || ways[usize::try_from(dice.below(ways.len() as u64)).unwrap()].0.clone();
    let pairs: Vec<(String, String)> = (0..60).map(|_| (draw(), draw())).filter(|(a, b)| a != b).collect();
    Story::on_each(|story| {
        for (first, second) in &pairs {
            place(story, first);
            place(story, second);
            let request = story
                .open(owner(), "restoration", ("terminal", T))
                .unwrap_or_else(|e| panic!("{first} + {second}: {e}"));
            let documents: Vec<&String> = request
                .steps
                .iter()
                .flat_map(|s| s.documents.iter().map(|d| &d.code))
                .collect();
            let once: BTreeSet<&&String> = documents.iter().collect();
            assert_eq!(
                once.len(),
                documents.len(),
                "{first} + {second}: asked twice: {documents:?}"
            );
            let done = work_through(story, &request);
            let (bits, causes) = blocked(story);
            assert_eq!((bits, causes), (0, BTreeSet::new()), "{first} + {second}: {done:?}");
            story.now = story.now + Duration::hours(1);
        }
    });
}
