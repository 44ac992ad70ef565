//! Putting answers together: what the request said, what the host issued, the MAC.

use iso8583::{Kind, Message};
use operations::Ctx;
use operations::downloads::step_of;
use operations::key_module::{Fault, MacHandle};
use operations::payments::{Decline, Issued};
use operations::refused::Refused;

use super::card::aside;

/// Fields of a message that can be answered although its kind is unknown or it cannot be read to the end.
const LEAST: &[u8] = &[3, 11, 41, 42, 60];
/// What the host issues.
const ISSUED: &[u8] = &[12, 13, 15, 37, 38, 39, 44, 63];

/// Whether answers of a kind say neither who the acquirer is nor a reference number.
fn is_terse(kind: Kind) -> bool {
    matches!(kind, Kind::Echo | Kind::StatusUpload) || step_of(kind).is_some()
}

/// The answer to a request of a known kind.
pub(super) fn answer(
    request: &Message,
    kind: Kind,
    issued: &Issued,
    acquirer: &str,
    mak: Option<&MacHandle>,
) -> Result<Message, Fault> {
    let mut answer = request.answer(kind.row().echoed);
    answer.copy_from(&issued.0, ISSUED);
    if is_terse(kind) {
        answer.remove(15).remove(37);
    } else if kind == Kind::Signature {
        answer.remove(12).remove(13);
    } else {
        answer.set(32, acquirer)?;
    }
    if let Some(mak) = mak.filter(|_| kind.row().mac) {
        aside(mak.blocks(), || mak.seal(&mut answer))?;
    }
    Ok(answer)
}

/// The answer to a message that is refused before anything else is known of it.
pub(super) fn bare(ctx: &Ctx, request: &Message, code: &str) -> Result<Message, Refused> {
    let issued = Issued::declined(ctx, &Decline::code(ctx, code))?;
    let mut answer = request.answer(LEAST);
    answer.copy_from(&issued.0, ISSUED);
    Ok(answer)
}
