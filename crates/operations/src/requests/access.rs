//! Who may see a request, and who may carry out a step.

use domain::catalog::Step;

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};

/// Refuses an actor who may not know this merchant's requests.
pub(crate) fn see(ctx: &Ctx, merchant: &str, agent: &str) -> Done<()> {
    if is_program(ctx) && ctx.may("api_read") {
        return Ok(());
    }
    if ctx.actor.role == "system" && (ctx.actor.merchant == NOBODY || ctx.actor.merchant == merchant) {
        return Ok(());
    }
    ctx.need_merchant(merchant, agent, "read_own", "read_all")
}

/// Whether [`see`] would let the actor pass.
pub(crate) fn sees(ctx: &Ctx, merchant: &str, agent: &str) -> bool {
    see(ctx, merchant, agent).is_ok()
}

/// Whether the actor's role is among `roles`. A program with a platform-wide key acts for the owner.
pub(crate) fn may_act_as(ctx: &Ctx, roles: &[String]) -> bool {
    let role = ctx.actor.role.as_str();
    roles.iter().any(|r| r == role) || (is_program(ctx) && ctx.may("api_write") && roles.iter().any(|r| r == "owner"))
}

/// Refuses an actor who may not carry out a step of this merchant.
pub(crate) fn carry(ctx: &Ctx, merchant: &str, agent: &str, step: &Step) -> Done<()> {
    see(ctx, merchant, agent)?;
    if may_act_as(ctx, &step.by) {
        Ok(())
    } else {
        Err(Refused::NotPermitted {
            actor: ctx.actor.id.clone(),
            permission: "act_own",
        })
    }
}

fn is_program(ctx: &Ctx) -> bool {
    ctx.actor.role == "developer" && ctx.actor.merchant == NOBODY
}
