//! Activation by code, the device's own number, and the destruction of keys.

use domain::stages::{SubjectKind, machine};
use domain::time::{Duration, Time};
use serde_json::json;
use store::{Tx, terminals};

use super::super::access;
use super::super::work::Work;
use super::{Checked, Given, tell};
use crate::chain;
use crate::ctx::Ctx;
use crate::keys;
use crate::moves;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};

/// How long an activation code counts.
const CODE_LIFE: Duration = Duration::days(7);

/// Makes a new activation code for a terminal; the one before no longer counts. The code is told to whoever asked,
/// once; only its hash is kept. Who may ask: whoever may carry out the step `request_activation_code`.
pub fn new_activation_code(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<(String, Time)> {
    let chain = chain::of_terminal(tx, merchant, terminal)?;
    access::see(ctx, merchant, &chain.agent)?;
    let by = ctx
        .catalog()
        .steps
        .get("request_activation_code")
        .map(|s| s.by.clone())
        .unwrap_or_default();
    if ctx.actor.role != "system" && ctx.actor.role != "devices" && !access::may_act_as(ctx, &by) {
        return Err(Refused::NotPermitted {
            actor: ctx.actor.id.clone(),
            permission: "act_own",
        });
    }
    issue(
        tx,
        ctx,
        merchant,
        terminal,
        &chain
            .link(SubjectKind::Device)
            .map(|l| l.id.clone())
            .unwrap_or_default(),
    )
}

fn issue(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, device: &str) -> Done<(String, Time)> {
    let code = format!("{:06}", ctx.ids.below(1_000_000));
    let until = ctx.now + CODE_LIFE;
    let hash = ctx.platform.sealer.hash_token(&bound(terminal, &code));
    terminals::set_activation(tx, merchant, terminal, Some((&hash, until.millis())))?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "terminals.activation_code",
            merchant,
            kind: "terminal",
            id: terminal,
            before: String::new(),
            after: hash,
            details: json!({ "expires_at": until.millis() }),
        },
    )?;
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "device.activation_code_issued",
            merchant,
            subject_kind: "device",
            subject: if device.is_empty() { "-" } else { device },
            terminal,
            data: json!({ "expires_at": until.millis() }),
            audit: &audit,
        },
    )?;
    Ok((code, until))
}

/// What is hashed: a code counts for one terminal only.
fn bound(terminal: &str, code: &str) -> String {
    format!("activation/{terminal}/{code}")
}

/// The step «get an activation code»: the code is told once.
pub(super) fn issue_code(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, _: &Given) -> Done<Checked> {
    let terminal = terminal(work, step)?;
    let merchant = work.request.merchant_id.clone();
    let device = work.subject(SubjectKind::Device);
    let (code, until) = issue(tx, ctx, &merchant, &terminal, &device)?;
    let by = ctx.platform.zone.human_by(until, ctx.now, ctx.lang);
    let words = domain::text!(
        format!("激活码 {code}，{by}有效，只显示这一次。"),
        format!("Activation code {code}, valid {by}. It is shown this once.")
    );
    Ok(Checked::Tell(words.get(ctx.lang).to_owned()))
}

/// The step «activate»: the code must be the last one issued for this terminal, and not be over.
pub(super) fn check_code(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, given: &Given) -> Done<Checked> {
    let Some(code) = given.get("activation_code") else {
        return Err(Refused::field(
            "activation_code",
            "required",
            "请填写激活码",
            "enter the activation code",
        ));
    };
    let terminal = terminal(work, step)?;
    let row = terminals::get(tx, &work.request.merchant_id, &terminal)?
        .ok_or_else(|| Refused::not_found("terminal", terminal.as_str()))?;
    let counts = row.activation_expires_at.is_some_and(|at| ctx.now.millis() < at);
    let Some(hash) = row.activation_hash.filter(|_| counts) else {
        return Err(Refused::field(
            "activation_code",
            "expired",
            "激活码已过期或还没有生成，请先获取新的激活码",
            "the code has expired, or none was made yet; get a new one first",
        ));
    };
    if ctx.platform.sealer.hash_token(&bound(&terminal, code)) != hash {
        return Err(Refused::field(
            "activation_code",
            "wrong",
            "激活码不对，请核对是否为这台机具最近一次收到的激活码",
            "this is not the code last issued for this terminal; compare it",
        ));
    }
    Ok(Checked::Fine)
}

pub(super) fn terminal(work: &Work, step: &str) -> Done<String> {
    work.chain.terminal.clone().ok_or_else(|| {
        Refused::conflict(
            "step",
            step,
            domain::text!(
                "该步骤针对一台终端，请为该终端提出申请",
                "it concerns one terminal; open the request for that terminal"
            ),
        )
    })
}

/// The code is used up, and the terminal is open.
pub(super) fn activated(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let Some(terminal) = work.chain.terminal.clone() else {
        return Ok(());
    };
    let merchant = work.request.merchant_id.clone();
    terminals::set_activation(tx, &merchant, &terminal, None)?;
    terminals::set_opened(tx, &merchant, &terminal, ctx.now.millis())?;
    terminals::set_signed_off(tx, &merchant, &terminal)?;
    let device = work.subject(SubjectKind::Device);
    tell(
        tx,
        ctx,
        work,
        "device.activated",
        (SubjectKind::Device, &device),
        json!({}),
    )
}

/// The serial number typed must be the device's own.
pub(super) fn check_serial(_: &mut Tx<'_>, _: &mut Ctx, work: &mut Work, _: &str, given: &Given) -> Done<Checked> {
    let own = work
        .chain
        .link(SubjectKind::Device)
        .map(|l| l.label.clone())
        .unwrap_or_default();
    match given.get("serial_number") {
        Some(typed) if !own.is_empty() && !typed.eq_ignore_ascii_case(&own) => Err(Refused::field(
            "serial_number",
            "other_device",
            "这不是本终端绑定的机具，请核对机身标签上的序列号",
            "this is not the device of this terminal; compare the label on it",
        )),
        _ => Ok(Checked::Fine),
    }
}

/// Every terminal of a merchant: id and number.
pub(crate) fn all_of(tx: &mut Tx<'_>, merchant: &str) -> Done<Vec<(String, String)>> {
    let filter = terminals::Filter {
        merchant_id: merchant.to_owned(),
        ..Default::default()
    };
    Ok(terminals::list(tx, &filter, ("", ""), i64::MAX)?
        .into_iter()
        .map(|t| (t.id, t.number))
        .collect())
}

/// Destroys the keys of the terminal, or of every terminal of a merchant that closes.
pub(super) fn destroy_keys(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    for (id, _) in all_of(tx, &merchant)? {
        if work.chain.terminal.as_ref().is_some_and(|t| *t != id) {
            continue;
        }
        keys::destroy(tx, ctx, &merchant, &id)?;
        terminals::set_signed_off(tx, &merchant, &id)?;
        store::effects::close_empty_batch(tx, &merchant, &id, ctx.now.millis())?;
    }
    Ok(())
}

/// Withdraws every terminal of a merchant that closed, with its registration; devices are taken back.
pub(super) fn withdraw_all(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    const MOVES: [(SubjectKind, &str); 3] = [
        (SubjectKind::Terminal, "withdraw"),
        (SubjectKind::Registration, "withdraw"),
        (SubjectKind::Device, "take_back"),
    ];
    for (id, _) in all_of(tx, merchant)? {
        let chain = chain::of_terminal(tx, merchant, &id)?;
        for (kind, event) in MOVES {
            let Some(link) = chain.link(kind).filter(|l| !l.id.is_empty()) else {
                continue;
            };
            let stage = link.stage.as_deref().unwrap_or_default();
            if machine(kind).is_some_and(|m| m.next(stage, event).is_ok()) {
                moves::apply(tx, ctx, merchant, kind, &link.id, event)?;
            }
        }
    }
    Ok(())
}
