//! One question, every cause: what works, what does not, why, who must act, and what brings it back. The same answer,
//! cut to the audience, serves the public page, portal, console, API, CLI, slip and hotline.

mod teller;

use std::collections::BTreeSet;

use domain::catalog::{Actor as StepActor, CapabilitySet, Standing};
use domain::gate::{announced, headline, in_force};
use domain::ids::ExplanationCode;
use domain::names::{Lang, Text};
use domain::stages::SubjectKind;
use domain::time::{Duration, Time};
use domain::world::World;
use serde_json::json;
use store::Tx;
use store::codes::CodeRow;

use crate::chain::{self, Chain};
use crate::ctx::Ctx;
use crate::payments::overrides;
use crate::refused::{Done, Refused};
use crate::requests;
use crate::stops::actor_name;
use crate::views::{Explanation, PlanView};
use teller::Teller;

/// Who asks; decides which texts and which particulars are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anyone with a code or serial number: no names, numbers or amounts.
    Public,
    /// The merchant it is about.
    Merchant,
    /// The agent who serves it.
    Agent,
    /// Staff.
    Desk,
}

/// The capability an explanation speaks of when none is named.
pub const DEFAULT_CAPABILITY: &str = "sale";

/// How long a code on a slip resolves.
const CODE_LIFE: Duration = Duration::days(30);

/// How long a refusal that leaves no transaction keeps its code, and how often it is told on the time-line: anyone who
/// knows two numbers can provoke it.
const CODE_KEPT: Duration = Duration::minutes(10);
const TOLD_EVERY: Duration = Duration::minutes(1);

/// A refusal as the terminal hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// F39.
    pub response_code: String,
    /// The headline reason.
    pub reason: String,
    /// The line on the slip, at most 12 bytes GBK.
    pub slip: String,
    /// The code on the slip, `7K3-M9Q`.
    pub explanation_code: String,
    /// Whether the same was put on the time-line within the last minute.
    pub told: bool,
}

/// What is asked beside the subject.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Capability code; none: `sale`.
    pub capability: Option<String>,
    /// A past moment; none: now.
    pub at: Option<Time>,
}

/// Why a blocked capability is refused, with a fresh code that explains it. Internal: the gateway calls it after the
/// gate said no.
pub fn refuse(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    capability: &str,
    transaction: &str,
) -> Done<Refusal> {
    let chain = chain::of_terminal(tx, merchant, terminal)?;
    let world = current(ctx, &chain);
    let bit = ctx
        .catalog()
        .bit(capability)
        .ok_or_else(|| Refused::not_found("capability", capability))?;
    let causes = world.causes();
    let cause = headline(ctx.catalog(), &causes, bit).ok_or_else(|| {
        Refused::Inconsistent(format!(
            "terminal {terminal} was refused «{capability}» without a cause"
        ))
    })?;
    let reason = cause.reason.clone();
    let (code, told) = if transaction == "-" {
        folded(tx, ctx, merchant, terminal, capability, &reason.code)?
    } else {
        let code = issue_code(tx, ctx, merchant, terminal, capability, &reason.code, transaction)?;
        (code, false)
    };
    Ok(Refusal {
        response_code: reason.response_code.clone().unwrap_or_else(|| "97".to_owned()),
        slip: reason.texts(ctx.lang).slip.clone(),
        reason: reason.code,
        explanation_code: code,
        told,
    })
}

/// A refusal for a reason that stops nothing: a limit. With a fresh code that explains it.
pub(crate) fn refuse_for(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (merchant, terminal): (&str, &str),
    capability: &str,
    reason: &str,
    transaction: &str,
) -> Done<Refusal> {
    let reason = ctx.catalog().reasons.get(reason).cloned();
    let reason = reason.ok_or_else(|| Refused::Inconsistent("a limit names no reason of the catalogue".to_owned()))?;
    let code = issue_code(tx, ctx, merchant, terminal, capability, &reason.code, transaction)?;
    Ok(Refusal {
        response_code: reason.response_code.clone().unwrap_or_else(|| "61".to_owned()),
        slip: reason.texts(ctx.lang).slip.clone(),
        reason: reason.code,
        explanation_code: code,
        told: false,
    })
}

/// The live code of a terminal and reason, or a fresh one; and whether the time-line has a line of it that is recent.
fn folded(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    capability: &str,
    reason: &str,
) -> Done<(String, bool)> {
    let now = ctx.now.millis();
    let before = store::refusals::get(tx, (merchant, terminal), capability, reason)?;
    // A clock that was set back makes nothing last longer.
    let told = before
        .as_ref()
        .filter(|row| row.told_at <= now && now < row.told_at + TOLD_EVERY.as_millis());
    let (told_at, since_told) = told.map_or((now, 0), |row| (row.told_at, row.since_told + 1));
    let kept = before
        .as_ref()
        .filter(|row| now < row.code_until && row.code_until <= now + CODE_KEPT.as_millis());
    let (code, code_until) = if let Some(row) = kept {
        (row.code.clone(), row.code_until)
    } else {
        let code = issue_code(tx, ctx, merchant, terminal, capability, reason, "-")?;
        (code, now + CODE_KEPT.as_millis())
    };
    let row = store::refusals::RefusalRow {
        merchant_id: merchant.to_owned(),
        terminal_id: terminal.to_owned(),
        capability: capability.to_owned(),
        reason: reason.to_owned(),
        code: code.clone(),
        code_until,
        told_at,
        since_told,
    };
    store::refusals::put(tx, &row)?;
    Ok((code, told.is_some()))
}

/// Draws a code until one is free; six characters hold a thousand million, so the second try is rare.
#[allow(clippy::too_many_arguments)]
fn issue_code(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    capability: &str,
    reason: &str,
    transaction: &str,
) -> Done<String> {
    for _ in 0..8 {
        let code = ExplanationCode::random(&mut ctx.ids);
        let row = CodeRow {
            code: code.as_str().to_owned(),
            merchant_id: merchant.to_owned(),
            terminal_id: terminal.to_owned(),
            capability: capability.to_owned(),
            reason: reason.to_owned(),
            transaction_id: transaction.to_owned(),
            at: ctx.now.millis(),
            expires_at: (ctx.now + CODE_LIFE).millis(),
        };
        if store::codes::insert(tx, &row)? {
            return Ok(code.to_string());
        }
    }
    Err(Refused::Inconsistent(
        "no free explanation code after eight draws".into(),
    ))
}

/// Resolves a code from a slip. Speaks of now, so that a cause that has gone is seen to have gone.
pub fn by_code(tx: &mut Tx<'_>, ctx: &mut Ctx, code: &str, ask: &Ask, audience: Audience) -> Done<Explanation> {
    let parsed = ExplanationCode::parse(code).map_err(|e| {
        Refused::field(
            "code",
            "format",
            "请输入小票上的 6 位原因码，例如 7K3-M9Q",
            e.to_string(),
        )
    })?;
    let row = store::codes::get(tx, parsed.as_str())?
        .filter(|row| ctx.now.millis() < row.expires_at)
        .ok_or_else(|| Refused::not_found("explanation code", parsed.to_string()))?;
    let ask = Ask {
        capability: ask.capability.clone().or_else(|| Some(row.capability.clone())),
        at: ask.at,
    };
    let mut explanation = match overrides::as_stop(ctx, &row) {
        Some(limit) if ask.at.is_none() => {
            let mut chain = chain::of_terminal(tx, &row.merchant_id, &row.terminal_id)?;
            chain.stops.push(limit);
            let told = explain(tx, ctx, &chain, &ask, audience, SubjectKind::Terminal)?;
            refused_once(ctx, told, &row.reason)
        }
        _ => terminal(tx, ctx, &row.merchant_id, &row.terminal_id, &ask, audience)?,
    };
    explanation.explanation_code = Some(parsed.to_string());
    Ok(explanation)
}

/// Words an explanation whose one cause refused a payment and stopped nothing.
fn refused_once(ctx: &Ctx, told: Explanation, reason: &str) -> Explanation {
    let alone = told.causes.iter().all(|cause| cause.reason == reason);
    let Some(title) = told.causes.first().map(|cause| cause.title.clone()).filter(|_| alone) else {
        return told;
    };
    let headline = match ctx.lang {
        Lang::Zh => format!("这笔交易没有成功，因为{title}。这台 POS 没有停用。"),
        Lang::En => format!("This payment was not made: {title}. The terminal is not stopped."),
    };
    Explanation { headline, ..told }
}

/// Explains a terminal by its 8-character number.
pub fn by_number(tx: &mut Tx<'_>, ctx: &mut Ctx, number: &str, ask: &Ask, audience: Audience) -> Done<Explanation> {
    let unknown = || Refused::not_found("terminal", number);
    let (merchant, id) = store::chain::terminal_by_number(tx, number)?.ok_or_else(unknown)?;
    terminal(tx, ctx, &merchant, &id, ask, audience).map_err(|refused| match refused {
        // Another's: told without the id of whoever has it.
        Refused::NotFound { what: "merchant", .. } => unknown(),
        other => other,
    })
}

/// Explains the terminal a device is bound to, by its serial number.
pub fn by_serial(tx: &mut Tx<'_>, ctx: &mut Ctx, serial: &str, ask: &Ask, audience: Audience) -> Done<Explanation> {
    let (_, merchant, id) =
        store::chain::device_by_serial(tx, serial)?.ok_or_else(|| Refused::not_found("device", serial))?;
    if id == chain::NOBODY {
        return Err(Refused::conflict(
            "device",
            serial,
            domain::text!(
                "这台机具属于本机构，但尚未绑定终端",
                "it is ours but not bound to a terminal yet"
            ),
        ));
    }
    terminal(tx, ctx, &merchant, &id, ask, audience)
}

/// Explains a terminal by id. Merchants and agents only their own.
pub fn terminal(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    id: &str,
    ask: &Ask,
    audience: Audience,
) -> Done<Explanation> {
    let chain = match ask.at {
        Some(at) => chain::at(tx, merchant, Some(id), at)?,
        None => chain::of_terminal(tx, merchant, id)?,
    };
    explain(tx, ctx, &chain, ask, audience, SubjectKind::Terminal)
}

/// Explains a merchant as a whole, by id.
pub fn merchant(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str, ask: &Ask, audience: Audience) -> Done<Explanation> {
    let chain = match ask.at {
        Some(at) => chain::at(tx, id, None, at)?,
        None => chain::of_merchant(tx, id)?,
    };
    explain(tx, ctx, &chain, ask, audience, SubjectKind::Merchant)
}

/// The platform as a whole, for anyone: what stops at everybody's terminal now, and what is announced.
pub fn platform(tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<Explanation> {
    let chain = chain::of_platform(tx)?;
    explain(
        tx,
        ctx,
        &chain,
        &Ask::default(),
        Audience::Public,
        SubjectKind::Platform,
    )
}

/// `works`, or the gravest standing of the causes that block a capability; used by lists.
pub fn standing(ctx: &Ctx, chain: &Chain, capability: &str) -> &'static str {
    let world = current(ctx, chain);
    let Some(bit) = ctx.catalog().bit(capability) else {
        return "works";
    };
    let gravest = world
        .causes()
        .iter()
        .filter(|c| ctx.catalog().blocked_by(&c.reason.code).has(bit))
        .map(|c| c.reason.standing)
        .max();
    standing_code(gravest)
}

fn standing_code(standing: Option<Standing>) -> &'static str {
    match standing {
        None => "works",
        Some(Standing::Waiting) => "waiting",
        Some(Standing::Limited) => "limited",
        Some(Standing::Stopped) => "stopped",
        Some(Standing::Ended) => "ended",
    }
}

fn current<'c>(ctx: &'c Ctx, chain: &Chain) -> World<'c> {
    let world = chain.world(ctx.catalog(), BTreeSet::new());
    let stops = in_force(&world.stops, ctx.now);
    World { stops, ..world }
}

/// An audience that may not see this merchant is told that there is none.
fn admit(ctx: &Ctx, chain: &Chain, audience: Audience) -> Done<()> {
    match audience {
        Audience::Public => Ok(()),
        Audience::Desk => ctx.need("read_all"),
        Audience::Merchant | Audience::Agent => {
            ctx.need_merchant(&chain.merchant, &chain.agent, "read_own", "read_all")
        }
    }
}

fn explain(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    chain: &Chain,
    ask: &Ask,
    audience: Audience,
    about: SubjectKind,
) -> Done<Explanation> {
    admit(ctx, chain, audience)?;
    let capability = ask.capability.clone().unwrap_or_else(|| DEFAULT_CAPABILITY.to_owned());
    let bit = ctx.catalog().bit(&capability).ok_or_else(|| {
        Refused::field(
            "capability",
            "unknown",
            format!("没有「{capability}」这项功能"),
            format!("there is no capability «{capability}»"),
        )
    })?;
    let at = ask.at.unwrap_or(ctx.now);
    let tables = ctx.platform.catalog.clone();
    let all = chain.world(&tables, BTreeSet::new());
    let now = World {
        stops: in_force(&all.stops, at),
        ..all.clone()
    };
    let coming = announced(&all.stops, at);
    let causes = now.causes();
    let plan = if ask.at.is_some() {
        PlanView::default()
    } else {
        requests::plan_view(tx, ctx, chain, &all_wanted(&now, &all), wanted(&now, bit))?
    };
    let teller = Teller { ctx, chain, audience };
    let cause_views = causes
        .iter()
        .filter(|c| c.hidden_by.is_none())
        .map(|c| teller.cause(&now, c, &causes, &plan))
        .collect::<Vec<_>>();
    let warnings = teller.warnings(&all, &coming, &plan);
    let blocked = now.blocked();
    let grave = causes
        .iter()
        .filter(|c| tables.blocked_by(&c.reason.code).has(bit))
        .map(|c| c.reason.standing)
        .max();
    Ok(Explanation {
        subject: teller.subject(about),
        merchant: teller.subject(SubjectKind::Merchant),
        headline: teller.headline(&causes, bit, &capability, about, &coming),
        standing: standing_code(grave).to_owned(),
        capability,
        capabilities: teller.capabilities(blocked),
        causes: cause_views,
        plan,
        warnings,
        chain: teller.links(&causes),
        explanation_code: None,
        at: at.millis(),
    })
}

/// The world a plan is made for: what is in force, or, when nothing is, what is announced (so that the plan says what
/// prevents it).
fn all_wanted<'c>(now: &World<'c>, all: &World<'c>) -> World<'c> {
    if now.causes().is_empty() {
        all.clone()
    } else {
        now.clone()
    }
}

/// What the plan should bring back: everything that is blocked; the asked capability at least.
fn wanted(now: &World<'_>, bit: u8) -> CapabilitySet {
    now.blocked().with(bit)
}

/// The name of an actor code from the step table.
pub fn actor_text(code: &str) -> Text {
    serde_json::from_value::<StepActor>(json!(code)).map_or_else(
        |_| Text::new(code, code),
        |actor| Text::new(actor_name(actor, Lang::Zh), actor_name(actor, Lang::En)),
    )
}

/// The same in the asked language.
pub fn actor_words(ctx: &Ctx, code: &str) -> String {
    actor_text(code).get(ctx.lang).to_owned()
}
