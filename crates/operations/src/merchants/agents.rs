//! Agents 代理商, who bring and serve merchants. They never approve one.

use domain::ids::{AgentId, AgentNumber};
use domain::stages::SubjectKind;
use store::Tx;
use store::parties::{self, AgentRow};

use super::told;
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::moves;
use crate::refused::{Done, Refused};

/// An agent to be taken on record.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Its number.
    pub number: String,
    /// Registered name.
    pub name: String,
    /// Province, two digits.
    pub province: String,
}

/// Takes an agent on record, `filed`; the move `admit` lets it work.
pub fn create_agent(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewAgent) -> Done<AgentId> {
    ctx.need("manage_merchants")?;
    let number = AgentNumber::parse(&new.number).map_err(|e| {
        Refused::field(
            "number",
            "format",
            "代理商编号为 1 至 20 位字母、数字或短横线。",
            e.to_string(),
        )
    })?;
    if new.name.trim().is_empty() {
        return Err(Refused::field(
            "name",
            "required",
            "请填写代理商名称。",
            "Give the agent's name.",
        ));
    }
    let id: AgentId = ctx.ids.id(ctx.now);
    let row = AgentRow {
        id: id.to_string(),
        number: number.to_string(),
        name: new.name,
        province: new.province,
        stage: domain::stages::AGENT.start.to_owned(),
        created_at: ctx.now.millis(),
    };
    if !parties::insert_agent(tx, &row)? {
        return Err(Refused::field(
            "number",
            "taken",
            "该代理商编号已被使用。",
            "This agent number is taken.",
        ));
    }
    told(tx, ctx, "agent.created", NOBODY, ("agent", &row.id), &row.name)?;
    moves::born(tx, ctx, NOBODY, SubjectKind::Agent, &row.id, &row.stage)?;
    Ok(id)
}
