//! Handing a merchant to another agent, or to none.

use domain::stages::SubjectKind;
use serde_json::json;
use store::Tx;
use store::parties::{self, AgentRow};

use super::super::evidence;
use super::super::work::Work;
use super::{Checked, Given};
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::gates;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// The number of the agent who takes over; blank where the institution serves the merchant itself.
pub(super) const FIELD: &str = "service_agent";

/// The stage of an agent who may serve merchants.
const WORKS: &str = "active";

/// Only another agent who works with us, and is under no stop, can take over.
pub(super) fn check(tx: &mut Tx<'_>, _: &mut Ctx, work: &mut Work, _: &str, given: &Given) -> Done<Checked> {
    let Some(number) = given.get(FIELD) else {
        return Ok(Checked::Fine);
    };
    let Some(agent) = by_number(tx, number)? else {
        return Err(Refused::field(
            FIELD,
            "unknown",
            "没有这个编号的代理商",
            "there is no agent with this number",
        ));
    };
    let stopped = store::stops::live(tx, NOBODY)?
        .iter()
        .any(|s| s.subject_kind == SubjectKind::Agent.code() && s.subject_id == agent.id);
    if agent.stage != WORKS || stopped || agent.id == work.chain.agent {
        return Err(Refused::field(
            FIELD,
            "not_active",
            "这家代理商不能接手：须为合作中且未停用的另一家",
            "this agent cannot take over; name another one that works with us and is under no stop",
        ));
    }
    Ok(Checked::Fine)
}

/// Hands the merchant over before the step is carried out, so that what rests on the former agent concerns it no more and
/// stays in force for the others that agent served.
pub(super) fn hand_over(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    let next = match evidence::find(ctx, work, FIELD)? {
        Some(number) => by_number(tx, number.expose())?.map(|agent| agent.id),
        None => None,
    };
    let next = next.unwrap_or_else(|| NOBODY.to_owned());
    parties::set_agent(tx, &merchant, &next)?;
    gates::forget(tx, SubjectKind::Merchant, &merchant)?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: "merchants.assign_agent",
            merchant: &merchant,
            kind: SubjectKind::Merchant.code(),
            id: &merchant,
            before: work.chain.agent.clone(),
            after: next.clone(),
            details: json!({ "request": work.request.id, "agent": next }),
        },
    )?;
    Ok(())
}

fn by_number(tx: &mut Tx<'_>, number: &str) -> Done<Option<AgentRow>> {
    Ok(parties::agents(tx)?.into_iter().find(|agent| agent.number == number))
}
