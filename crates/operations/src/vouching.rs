//! Whether the device at the other end of a line is the one a terminal number belongs to: its certificate names a serial
//! number, and the terminal's device has one.

use serde_json::json;
use store::Tx;

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::trace::{self, Change, Happened};

/// The device a terminal number is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Merchant id.
    pub merchant: String,
    /// Terminal id.
    pub terminal: String,
    /// Serial number of the device; `-` where none is bound.
    pub serial: String,
    /// Code of its model; `-` where none is bound.
    pub model: String,
}

/// The device bound to a terminal number; none where there is no such terminal.
pub fn bound(tx: &mut Tx<'_>, number: &str) -> Done<Option<Bound>> {
    let Some((merchant, terminal)) = store::chain::terminal_by_number(tx, number)? else {
        return Ok(None);
    };
    let chain = store::chain::of_terminal(tx, &merchant, &terminal)?;
    let part = chain.and_then(|chain| chain.terminal);
    let (serial, model) = part.map_or((None, None), |part| (part.serial, part.model_id));
    let model = match model {
        Some(id) => store::devices::model(tx, &id)?.map(|model| model.code),
        None => None,
    };
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    Ok(Some(Bound {
        merchant,
        terminal,
        serial: or_none(serial),
        model: or_none(model),
    }))
}

/// Notes that somebody with the certificate of the device `presented`, at the address `source`, spoke under the number of
/// another device's terminal.
pub fn impersonated(tx: &mut Tx<'_>, ctx: &mut Ctx, bound: &Bound, presented: &str, source: &str) -> Done<()> {
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "gateway.refuse_identity",
            merchant: &bound.merchant,
            kind: "terminal",
            id: &bound.terminal,
            before: String::new(),
            after: String::new(),
            details: json!({ "bound": bound.serial, "presented": presented, "source": source }),
        },
    )?;
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "terminal.identity_refused",
            merchant: &bound.merchant,
            subject_kind: "terminal",
            subject: &bound.terminal,
            terminal: &bound.terminal,
            data: json!({ "response_code": "97" }),
            audit: &audit,
        },
    )?;
    Ok(())
}
