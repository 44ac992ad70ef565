//! Carrying out a step by hand: what was typed is checked all at once, what is asked must be there, and then the step
//! is done or goes to review.

use std::collections::BTreeMap;

use domain::catalog::{Catalog, Step, StepKind};
use serde_json::json;
use store::Tx;

use crate::ctx::Ctx;
use crate::refused::{Done, FieldError, Refused};
use crate::requests::access;
use crate::requests::carry::{carry_out, happened};
use crate::requests::due::{REVIEW_ORDER, due};
use crate::requests::effects::{self, Checked};
use crate::requests::evidence::{Evidence, give};
use crate::requests::fields;
use crate::requests::replan::replan;
use crate::requests::views::request_view;
use crate::requests::work::{Work, list_of, step_row};
use crate::trace::{self, Change};
use crate::views::RequestView;

/// Longest name under a signature, in characters.
const MOST_NAME: usize = 60;

/// A step carried out.
#[derive(Clone, Debug, Default)]
pub struct Submit {
    /// Merchant id.
    pub merchant: String,
    /// Request id.
    pub request: String,
    /// Step code.
    pub step: String,
    /// Values by field code. A field given before need not be given again.
    pub fields: Vec<(String, String)>,
    /// «I have read this and confirm it», for signatures and confirmations.
    pub confirm: bool,
    /// The name typed under a signature; empty: that of the login.
    pub signature: String,
}

/// Carries out a step. Wrong values and missing documents are told all at once; nothing is then changed.
pub fn submit(tx: &mut Tx<'_>, ctx: &mut Ctx, command: Submit) -> Done<RequestView> {
    let mut work = Work::load(tx, &command.merchant, &command.request)?;
    let catalog = ctx.platform.catalog.clone();
    let row = step_row(&catalog, &command.step)?;
    access::see(ctx, &command.merchant, &work.chain.agent)
        .map_err(|_| Refused::not_found("request", &command.request))?;
    access::carry(ctx, &command.merchant, &work.chain.agent, row)?;
    work.need_open()?;
    is_turn(&work, &catalog, row, ctx)?;
    let mut given = read(tx, ctx, &work, row, &command)?;
    if row.kind == StepKind::Signature {
        given.insert(effects::SIGNATURE.to_owned(), signer(tx, ctx, &command)?);
    }
    let once = match effects::check(tx, ctx, &mut work, &command.step, &given)? {
        Checked::Fine => None,
        Checked::Tell(words) => Some(words),
        Checked::Wait(remark) => {
            // Not finished, but something was done that must be remembered (a small amount sent, a wrong answer).
            keep(ctx, &mut work, &command, &given)?;
            remark.clone_into(&mut work.step_mut(&command.step)?.remark);
            told(tx, ctx, &work, &command)?;
            work.save(tx)?;
            return request_view(tx, ctx, &work);
        }
    };
    keep(ctx, &mut work, &command, &given)?;
    if goes_to_review(ctx, &work, &catalog, row, &command.step) {
        let step = work.step_mut(&command.step)?;
        step.state = "submitted".into();
        step.remark = String::new();
        let audit = told(tx, ctx, &work, &command)?;
        happened(
            tx,
            ctx,
            &work,
            "request.step_submitted",
            json!({ "step": command.step }),
            &audit,
        )?;
    } else {
        told(tx, ctx, &work, &command)?;
        carry_out(tx, ctx, &mut work, &command.step)?;
    }
    replan(tx, ctx, &mut work)?;
    let mut view = request_view(tx, ctx, &work)?;
    if let Some(words) = once
        && let Some(step) = view.steps.iter_mut().find(|s| s.step == command.step)
    {
        step.remark = words;
    }
    Ok(view)
}

/// Whoever signs: the name typed, or the one the login is in; empty where neither is known.
fn signer(tx: &mut Tx<'_>, ctx: &Ctx, command: &Submit) -> Done<String> {
    let typed = command.signature.trim();
    if !typed.is_empty() {
        return Ok(typed.chars().take(MOST_NAME).collect());
    }
    Ok(store::users::get(tx, &ctx.actor.id)?.map_or_else(String::new, |user| user.display_name))
}

/// Refuses a step whose turn it is not, or that nobody carries out by hand.
fn is_turn(work: &Work, catalog: &Catalog, row: &Step, ctx: &Ctx) -> Done<()> {
    let step = work
        .step(&row.code)
        .ok_or_else(|| Refused::not_found("step", &row.code))?;
    let refused = |zh: &str, en: &str| Err(Refused::conflict("step", &row.code, domain::text!(zh, en)));
    if row.kind == StepKind::Review {
        return refused("由审核人在审核队列中决定", "reviewers decide it in the review queue");
    }
    if !due(catalog, &work.steps).contains(&row.code) {
        let (zh, en) = match step.state.as_str() {
            "done" => ("该步骤已完成", "it is done"),
            "submitted" => ("已提交，正在审核", "it was submitted and is being judged"),
            _ => (
                "还没轮到该步骤，之前的步骤尚未完成",
                "its turn has not come; the steps before it are not done",
            ),
        };
        return refused(zh, en);
    }
    let staff = ctx.catalog().roles.get(&ctx.actor.role).is_some_and(|r| r.staff);
    if row.event.is_some() && list_of(&step.fields).is_empty() && !staff {
        return refused(
            "终端或对方办完后，该步骤会自动完成",
            "it completes by itself when the terminal or the other party has done it",
        );
    }
    Ok(())
}

/// The values of the step: newly given, checked and in one spelling, over those given before. All that is wrong is
/// told at once.
fn read(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, row: &Step, command: &Submit) -> Done<BTreeMap<String, String>> {
    let step = work
        .step(&row.code)
        .ok_or_else(|| Refused::not_found("step", &row.code))?;
    let before = Evidence::of(step);
    let asked = list_of(&step.fields);
    let mut wrong = Vec::new();
    let mut given = BTreeMap::new();
    for (code, _) in command.fields.iter().filter(|(code, _)| !asked.contains(code)) {
        wrong.push(FieldError::new(
            code,
            "not_asked",
            "这一步没有要求这一项",
            "this step does not ask for this",
        ));
    }
    for code in &asked {
        let Some(field) = ctx.catalog().fields.get(code) else {
            continue;
        };
        let typed = command
            .fields
            .iter()
            .rev()
            .find(|(c, _)| c == code)
            .map(|(_, v)| v.trim())
            .unwrap_or_default();
        if typed.is_empty() {
            let had = before.fields.get(code).is_some_and(|g| g.remark.is_empty());
            if !had && !effects::may_be_blank(code) {
                wrong.push(fields::missing(field));
            }
            continue;
        }
        match fields::check(ctx, field, typed) {
            Ok(value) => {
                given.insert(code.clone(), value);
            }
            Err(error) => wrong.push(error),
        }
    }
    wrong.extend(missing_papers(tx, ctx, work, &list_of(&step.documents))?);
    if matches!(row.kind, StepKind::Signature | StepKind::Confirm) && !command.confirm {
        wrong.push(FieldError::new(
            "confirm",
            "required",
            "请先阅读并勾选确认",
            "read it and tick the confirmation",
        ));
    }
    if wrong.is_empty() {
        Ok(given)
    } else {
        Err(Refused::Invalid(wrong))
    }
}

/// Documents that are asked and of which none is there that was not returned.
fn missing_papers(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, asked: &[String]) -> Done<Vec<FieldError>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let there = store::documents::of_request(tx, &work.request.merchant_id, &work.request.id)?;
    let missing = asked
        .iter()
        .filter(|code| !there.iter().any(|d| d.kind == **code && d.state != "returned"));
    Ok(missing
        .filter_map(|code| ctx.catalog().documents.get(code))
        .map(|row| {
            FieldError::new(
                &row.code,
                "document_missing",
                format!("请上传：{}。{}", row.name.zh, row.hint.zh),
                format!("upload: {}. {}", row.name.en, row.hint.en),
            )
        })
        .collect())
}

/// Keeps what was given as evidence, sealed where sensitive.
fn keep(ctx: &mut Ctx, work: &mut Work, command: &Submit, given: &BTreeMap<String, String>) -> Done<()> {
    let (id, person, now) = (ctx.actor.id.clone(), ctx.actor.person.clone(), ctx.now.millis());
    let step = work.step_mut(&command.step)?;
    let mut evidence = Evidence::of(step);
    for (code, value) in given {
        let value = give(ctx, step, code, value);
        evidence.fields.insert(code.clone(), value);
    }
    evidence.confirmed |= command.confirm;
    evidence.by = id;
    evidence.people.insert(person);
    evidence.at = now;
    evidence.keep(step)
}

/// Whether what was supplied is judged before the step counts as done: by the review that is still to come, or by the
/// role that accepts it. A mere confirmation has nothing to judge; a role accepts its own work.
fn goes_to_review(ctx: &Ctx, work: &Work, catalog: &Catalog, row: &Step, code: &str) -> bool {
    let Some(step) = work.step(code) else { return false };
    if work.coming_review(catalog).is_some() && step.position < REVIEW_ORDER {
        let papers = !list_of(&step.documents).is_empty() || !list_of(&step.fields).is_empty();
        return papers || row.kind != StepKind::Confirm;
    }
    row.accepted_by.as_ref().is_some_and(|role| *role != ctx.actor.role)
}

fn told(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, command: &Submit) -> Done<String> {
    let step = work.step(&command.step).map(|s| s.evidence.clone()).unwrap_or_default();
    let given: Vec<&str> = command.fields.iter().map(|(code, _)| code.as_str()).collect();
    trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.submit",
            merchant: &command.merchant,
            kind: "request",
            id: &command.request,
            before: work.request.version.to_string(),
            after: step,
            details: json!({ "step": command.step, "fields": given, "confirm": command.confirm }),
        },
    )
}
