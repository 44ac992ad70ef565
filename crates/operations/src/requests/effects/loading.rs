//! A new master key for a terminal, and what the machine in the shop then holds.

use domain::secret::Secret;
use serde_json::json;
use store::{Tx, devices, terminals};

use super::super::evidence::{Evidence, Given as Kept};
use super::super::work::Work;
use super::{Checked, Given, device, tell};
use crate::chain;
use crate::ctx::Ctx;
use crate::keys::{self, KeyKind};
use crate::refused::{Done, Refused};
use crate::sealing::hex;
use domain::stages::SubjectKind;

/// Makes a master key and installs it. Its check value, and the key under the key module's own, are told to whoever
/// loads it and kept as evidence; the key itself leaves only towards the machine.
pub(super) fn load(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, _: &Given) -> Done<Checked> {
    let terminal = device::terminal(work, step)?;
    let merchant = work.request.merchant_id.clone();
    let key = Secret::new(ctx.ids.bytes::<16>());
    let check = keys::install_master(tx, ctx, &merchant, &terminal, &key)?;
    terminals::set_signed_off(tx, &merchant, &terminal)?;
    let row = store::keys::current(tx, &merchant, &terminal, KeyKind::Tmk.code())?.ok_or_else(|| {
        Refused::Inconsistent(format!(
            "terminal {terminal} has no master key right after one was loaded"
        ))
    })?;
    let block = hex(&row.sealed);
    let kept = work.step_mut(step)?;
    let mut evidence = Evidence::of(kept);
    for (code, shown) in [("key_check_value", &check), ("key_block", &block)] {
        let shown = shown.clone();
        evidence.fields.insert(
            code.to_owned(),
            Kept {
                shown,
                ..Kept::default()
            },
        );
    }
    evidence.keep(kept)?;
    let data = json!({ "check": check });
    tell(
        tx,
        ctx,
        work,
        "terminal.keys_loaded",
        (SubjectKind::Terminal, &terminal),
        data,
    )?;
    let words = domain::text!(
        format!("新主密钥已生成并装载，校验值 {check}。请在 POS 上核对一致后签到。密钥块：{block}"),
        format!(
            "A new master key is made and loaded, check value {check}. Compare it on the terminal, then sign in. \
             Key block: {block}"
        )
    );
    Ok(Checked::Tell(words.get(ctx.lang).to_owned()))
}

/// A machine as it stands in the shop.
pub struct Machine {
    /// Serial number of the device that serves the terminal; empty where there is none.
    pub serial: String,
    /// Its master key; none where none was loaded or it was destroyed.
    pub master_key: Option<Secret<Vec<u8>>>,
}

/// Grows whenever a master key of any terminal is made or destroyed, which a replaced device always brings with it.
pub fn machines_stamp(tx: &mut Tx<'_>) -> Done<(i64, i64)> {
    Ok(store::keys::stamp(tx, KeyKind::Tmk.code())?)
}

/// What the machine of a terminal is and holds, as a key-loading device would leave it. Internal: for the drawn terminals
/// of a demonstration, which have no key-loading device; a real machine's key never comes this way.
pub fn machine_of(tx: &mut Tx<'_>, ctx: &Ctx, number: &str) -> Done<Machine> {
    let (merchant, terminal) =
        terminals::by_number(tx, number)?.ok_or_else(|| Refused::not_found("terminal", number))?;
    let row = terminals::get(tx, &merchant, &terminal)?.ok_or_else(|| Refused::not_found("terminal", number))?;
    let serial = match row.device_id.as_str() {
        chain::NOBODY => None,
        id => devices::get(tx, id)?.map(|d| d.serial),
    };
    let master_key = store::keys::current(tx, &merchant, &terminal, KeyKind::Tmk.code())?
        .map(|key| keys::open(ctx, (&merchant, &terminal), KeyKind::Tmk, (key.version, &key.sealed)))
        .transpose()?;
    Ok(Machine {
        serial: serial.unwrap_or_default(),
        master_key,
    })
}
