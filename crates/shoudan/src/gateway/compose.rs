//! Putting answers together: what the request said, what the host issued, the MAC.

use iso8583::crypto::MacKey;
use iso8583::{EncodeError, Kind, Message};
use operations::Ctx;
use operations::payments::{Decline, Issued};
use operations::refused::Refused;

/// Fields of a message that can be answered although its kind is unknown or it cannot be read to the end.
const LEAST: &[u8] = &[11, 41, 42, 60];
/// What the host issues.
const ISSUED: &[u8] = &[12, 13, 15, 37, 38, 39, 44, 63];
/// Kinds whose answers say neither who the acquirer is nor a reference number.
const TERSE: &[Kind] = &[
    Kind::Echo,
    Kind::StatusUpload,
    Kind::ParameterDownload,
    Kind::ParameterEnd,
];

/// The answer to a request of a known kind.
pub(super) fn answer(
    request: &Message,
    kind: Kind,
    issued: &Issued,
    acquirer: &str,
    mak: Option<&MacKey>,
) -> Result<Message, EncodeError> {
    let mut answer = request.answer(kind.row().echoed);
    answer.copy_from(&issued.0, ISSUED);
    if TERSE.contains(&kind) {
        answer.remove(15).remove(37);
    } else {
        answer.set(32, acquirer)?;
    }
    if let Some(mak) = mak.filter(|_| kind.row().mac) {
        answer.seal(mak)?;
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
