//! Reviews: someone who neither asked nor supplied anything decides on everything supplied, item by item. Where two
//! must agree, two different people do. However many decide at once, a review is decided once.

mod consequences;
mod outcome;
mod who;

use domain::catalog::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;
use store::documents::DocumentRow;
pub use store::reviews::Filter;
use store::reviews::{DecisionRow, ReviewRow};

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::requests::{self, Work};
use crate::trace::{self, Change, Happened};
use crate::views::{DecisionView, Page, Paging, ReviewView};
use consequences::consequences;
use outcome::{approve, send_back};
use who::{PERMISSIONS, WhyNot, permission_for, why_not};

/// Whether reviews of this role exist.
pub fn is_role(code: &str) -> bool {
    PERMISSIONS.iter().any(|(role, _)| *role == code)
}

/// The states of a review.
pub const STATES: [&str; 4] = ["open", "approved", "returned", "refused"];

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// All of it is right.
    Approve,
    /// Some items must be corrected; names them.
    Return,
    /// It ends here.
    Refuse,
}

impl Decision {
    /// The code kept and shown.
    pub fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Return => "return",
            Self::Refuse => "refuse",
        }
    }
}

/// What a reviewer says about one item: a step, a document kind or a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Step, document or field code.
    pub code: String,
    /// It must be supplied again.
    pub returned: bool,
    /// Why, for whoever supplies it.
    pub remark: String,
}

/// One person's decision on a review.
#[derive(Clone, Debug)]
pub struct Decide {
    /// Merchant id.
    pub merchant: String,
    /// Review id.
    pub review: String,
    /// The decision.
    pub decision: Decision,
    /// Judgement of single items; a return names at least one.
    pub items: Vec<Item>,
    /// In words; needed to return or refuse.
    pub remark: String,
    /// The version of the request the decision was made on.
    pub request_version: i64,
}

/// Reviews by promise, the soonest first, without steps and consequences. Staff only; without a role in the filter,
/// those of every role the asker may decide for (an auditor: all).
pub fn queue(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<ReviewView>> {
    ctx.need("read_all")?;
    let limit = usize::try_from(paging.limit.clamp(1, 200)).unwrap_or(50);
    let mine: Vec<&str> = PERMISSIONS
        .iter()
        .filter(|(_, p)| ctx.may(p))
        .map(|(role, _)| *role)
        .collect();
    let mut at = paging
        .cursor
        .as_deref()
        .and_then(position)
        .unwrap_or((i64::MIN, String::new()));
    let (mut data, mut has_more) = (Vec::new(), false);
    'pages: loop {
        let rows = store::reviews::queue(tx, filter, (at.0, &at.1), 100)?;
        let last = rows.len() < 100;
        for row in rows {
            let mark = (row.promise_by.unwrap_or(i64::MAX), row.id.clone());
            if filter.role.is_empty() && !mine.is_empty() && !mine.contains(&row.role.as_str()) {
                at = mark;
                continue;
            }
            if data.len() == limit {
                has_more = true;
                break 'pages;
            }
            let work = Work::load(tx, &row.merchant_id, &row.request_id)?;
            let mut view = view_of(tx, ctx, &work, &row)?;
            view.request.steps.clear();
            data.push(view);
            at = mark;
        }
        if last {
            break;
        }
    }
    let next_cursor = has_more.then(|| format!("{}:{}", at.0, at.1));
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

fn position(cursor: &str) -> Option<(i64, String)> {
    let (promise, id) = cursor.split_once(':')?;
    Some((promise.parse().ok()?, id.to_owned()))
}

/// One review with the request, its evidence, and what approving it would change. Staff only.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, review: &str) -> Done<ReviewView> {
    ctx.need("read_all")?;
    let row = store::reviews::get(tx, merchant, review)?.ok_or_else(|| Refused::not_found("review", review))?;
    let work = Work::load(tx, merchant, &row.request_id)?;
    let mut view = view_of(tx, ctx, &work, &row)?;
    if row.state == "open" {
        let known = requests::on_record(tx, &work)?;
        for field in view.request.steps.iter_mut().flat_map(|step| &mut step.fields) {
            field.on_record = known.get(&field.code).cloned().unwrap_or_default();
        }
        view.consequences = consequences(ctx, &work, &row, &known);
    }
    Ok(view)
}

fn view_of(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, row: &ReviewRow) -> Done<ReviewView> {
    let decisions = store::reviews::decisions(tx, &row.merchant_id, &row.id)?;
    let people: Vec<&str> = decisions.iter().map(|(d, _)| d.person_id.as_str()).collect();
    let why_not = why_not(tx, ctx, work, row, &people)?;
    Ok(ReviewView {
        id: row.id.clone(),
        request: requests::request_view(tx, ctx, work)?,
        role: row.role.clone(),
        state: row.state.clone(),
        approvals_needed: row.approvals_needed,
        decisions: decisions
            .into_iter()
            .map(|(d, by)| DecisionView {
                by,
                decision: d.decision,
                remark: d.remark,
                at: d.at,
            })
            .collect(),
        opened_at: row.opened_at,
        promise_by: row.promise_by,
        consequences: Vec::new(),
        may_decide: why_not.is_none(),
        why_not: why_not.map(|why| why.words(ctx.lang).to_owned()).unwrap_or_default(),
    })
}

/// Decides on a review. The last approval needed carries out everything that was judged; a return sends the named
/// items back; a refusal ends the request. A decision made on an older version, or on evidence that changed, is refused.
pub fn decide(tx: &mut Tx<'_>, ctx: &mut Ctx, command: Decide) -> Done<ReviewView> {
    let id = &command.review;
    let review = store::reviews::get(tx, &command.merchant, id)?.ok_or_else(|| Refused::not_found("review", id))?;
    let mut work = Work::load(tx, &command.merchant, &review.request_id)?;
    ctx.need(permission_for(&review.role))?;
    let decided = |e| match e {
        store::Error::NotOne { .. } => Refused::conflict(
            "review",
            id,
            domain::text!("刚刚已有人作出决定", "somebody decided it a moment ago"),
        ),
        other => Refused::from(other),
    };
    if review.state == "open" {
        store::reviews::hold(tx, &review).map_err(decided)?;
    }
    let before = store::reviews::decisions(tx, &command.merchant, id)?;
    let people: Vec<&str> = before.iter().map(|(d, _)| d.person_id.as_str()).collect();
    if let Some(why) = why_not(tx, ctx, &work, &review, &people)? {
        return Err(why.refused(ctx, &review));
    }
    let catalog = ctx.platform.catalog.clone();
    let documents = store::documents::of_request(tx, &command.merchant, &review.request_id)?;
    is_what_was_seen(&work, &review, &documents, &catalog, command.request_version)?;
    complete(&command)?;
    keep(tx, ctx, &command, &review)?;
    match command.decision {
        Decision::Approve => {
            let agreed = i64::try_from(before.iter().filter(|(d, _)| d.decision == "approve").count()).unwrap_or(0) + 1;
            if agreed < review.approvals_needed {
                let remaining = review.approvals_needed - agreed;
                tell(
                    tx,
                    ctx,
                    &work,
                    &review,
                    "review.approval_given",
                    json!({ "remaining": remaining }),
                )?;
            } else {
                store::reviews::close(tx, &review, "approved", ctx.now.millis()).map_err(decided)?;
                tell(
                    tx,
                    ctx,
                    &work,
                    &review,
                    "review.decided",
                    json!({ "decision": "approve", "remark": command.remark }),
                )?;
                approve(tx, ctx, &mut work, &review, &documents, &catalog)?;
            }
        }
        Decision::Return => {
            store::reviews::close(tx, &review, "returned", ctx.now.millis()).map_err(decided)?;
            tell(
                tx,
                ctx,
                &work,
                &review,
                "review.decided",
                json!({ "decision": "return", "remark": command.remark }),
            )?;
            send_back(tx, ctx, &mut work, &review, &documents, &catalog, &command)?;
        }
        Decision::Refuse => {
            store::reviews::close(tx, &review, "refused", ctx.now.millis()).map_err(decided)?;
            tell(
                tx,
                ctx,
                &work,
                &review,
                "review.decided",
                json!({ "decision": "refuse", "remark": command.remark }),
            )?;
            requests::refuse(tx, ctx, &mut work, &command.remark)?;
        }
    }
    let row = store::reviews::get(tx, &command.merchant, id)?.ok_or_else(|| Refused::not_found("review", id))?;
    let work = Work::load(tx, &command.merchant, &row.request_id)?;
    view_of(tx, ctx, &work, &row)
}

/// Refuses a decision on something else than what lies before the reviewers now.
fn is_what_was_seen(
    work: &Work,
    review: &ReviewRow,
    documents: &[DocumentRow],
    catalog: &Catalog,
    version: i64,
) -> Done<()> {
    work.need_open()?;
    if version != work.request.version || review.request_version != work.request.version {
        return Err(Refused::conflict(
            "review",
            &review.id,
            domain::text!(
                format!(
                    "申请此后有变动（现为第 {} 版），请重新阅读后再决定",
                    work.request.version
                ),
                format!(
                    "the request changed since (now version {}); read it again before deciding",
                    work.request.version
                ),
            ),
        ));
    }
    if requests::payload(work, documents, catalog, &review.step) != review.payload_hash {
        return Err(Refused::conflict(
            "review",
            &review.id,
            domain::text!(
                "材料与提交审核时不一致，请重新阅读",
                "the evidence is not what was submitted for this review; read it again"
            ),
        ));
    }
    Ok(())
}

fn complete(command: &Decide) -> Done<()> {
    let returned: Vec<&Item> = command.items.iter().filter(|i| i.returned).collect();
    let refused = |field: &str, zh: &str, en: &str| Err(Refused::field(field, "required", zh, en));
    match command.decision {
        Decision::Return if returned.is_empty() => {
            refused("items", "请选出要退回的项目", "choose the items to send back")
        }
        Decision::Return if returned.iter().any(|i| i.remark.trim().is_empty()) && command.remark.trim().is_empty() => {
            refused(
                "remark",
                "请写明哪里不对、怎样改正",
                "say what is wrong and how to put it right",
            )
        }
        Decision::Refuse if command.remark.trim().is_empty() => {
            refused("remark", "请写明不通过的理由", "say why it is refused")
        }
        Decision::Approve if !returned.is_empty() => Err(Refused::field(
            "items",
            "contradicts",
            "有项目被标为退回，不能同时通过",
            "items are marked as sent back; it cannot be approved at once",
        )),
        _ => Ok(()),
    }
}

/// Keeps the decision; a person decides once on a review.
fn keep(tx: &mut Tx<'_>, ctx: &mut Ctx, command: &Decide, review: &ReviewRow) -> Done<()> {
    let items = serde_json::to_string(&command.items).map_err(|e| Refused::Inconsistent(e.to_string()))?;
    let decision = DecisionRow {
        merchant_id: command.merchant.clone(),
        review_id: command.review.clone(),
        person_id: ctx.actor.person.clone(),
        user_id: ctx.actor.id.clone(),
        decision: command.decision.code().to_owned(),
        items,
        remark: command.remark.clone(),
        at: ctx.now.millis(),
    };
    if !store::reviews::decide(tx, &decision)? {
        return Err(WhyNot::DecidedBefore.refused(ctx, review));
    }
    Ok(())
}

/// The steps a review decides about.
fn judged(work: &Work, catalog: &Catalog, step: &str) -> Vec<String> {
    requests::judged_by(work, catalog, step)
        .into_iter()
        .map(|s| s.step.clone())
        .collect()
}

fn tell(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &Work,
    review: &ReviewRow,
    kind: &'static str,
    mut data: serde_json::Value,
) -> Done<()> {
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "reviews.decide",
            merchant: &review.merchant_id,
            kind: "review",
            id: &review.id,
            before: review.state.clone(),
            after: review.payload_hash.clone(),
            details: json!({ "request": review.request_id, "event": kind, "data": data, "version": work.request.version }),
        },
    )?;
    if let Some(map) = data.as_object_mut() {
        map.retain(|_, value| value.as_str() != Some(""));
        map.insert("request".into(), json!(work.request.kind));
    }
    trace::event(
        tx,
        ctx,
        Happened {
            kind,
            merchant: &review.merchant_id,
            subject_kind: "request",
            subject: &review.request_id,
            terminal: work.chain.terminal.as_deref().unwrap_or("-"),
            data,
            audit: &audit,
        },
    )?;
    Ok(())
}
