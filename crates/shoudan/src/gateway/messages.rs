//! Which message is it, who sends it, and who deals with it.

use std::sync::Arc;

use iso8583::values::F60;
use iso8583::{Frame, Kind, Message};
use operations::downloads::step_of;
use operations::payments::{Decline, Issued, rule};
use operations::refused::{Done, Refused};
use operations::session::Line;

use super::{Gateway, asks, compose, downloads, lines, notices, pay, session};

/// Fields whose text is looked up or kept: reference number, authorisation, reason, terminal, merchant. No database takes
/// the character U+0000.
const LOOKED_UP: &[u8] = &[37, 38, 39, 41, 42];

/// The type of reversals; see [`super::doubts`].
const REVERSAL: &str = "0400";

/// What is done about a message.
pub(super) enum Said {
    /// This is answered.
    Answer(Message),
    /// Nothing may be answered: whether a change was kept is unknown, and the terminal must ask again.
    Nothing,
}

/// A request with what is known of it: kind, and the terminal it comes from.
pub(super) struct Asked {
    pub(super) message: Message,
    pub(super) kind: Kind,
    pub(super) line: Arc<Line>,
    /// 60.2.
    pub(super) batch: i64,
}

/// The frame that answers a frame; none where the connection is to be closed instead.
pub(super) async fn answer(gateway: &Arc<Gateway>, frame: &Frame) -> Option<Frame> {
    let (message, error) = Message::decode_partly(&frame.message);
    let message = message.filter(|message| !message.mti().is_response() && message.has(41))?;
    let kind = Kind::of(&message);
    let code = match (&error, kind) {
        (Some(error), _) => {
            tracing::debug!(%error, "a malformed message");
            Some("30")
        }
        (None, None) => Some(unknown(&message)),
        (None, Some(kind)) if !kind.missing(&message).is_empty() => Some("30"),
        (None, Some(_)) => None,
    };
    let said = match (code, kind) {
        (None, Some(kind)) => deal(gateway, &message, kind).await,
        (code, _) => refuse(gateway, &message, code.unwrap_or("12")),
    };
    let name = counted(error.is_some(), kind, code);
    let answer = match said {
        Ok(Said::Answer(answer)) => answer,
        Ok(Said::Nothing) => return None,
        Err(error) => {
            tracing::error!(%error, kind = name, "a terminal's message failed");
            let ctx = gateway.own_ctx("failed");
            compose::bare(&ctx, &message, "96").ok()?
        }
    };
    let told = answer.text(39).unwrap_or("-");
    gateway.app.metrics.gateway(name, told);
    if message.mti() == REVERSAL && !gateway.doubts.may_tell(message.text(41).unwrap_or_default(), told) {
        return None;
    }
    Some(frame.reply(answer.encode().ok()?, gateway.asks.of(&answer)))
}

/// 40 for a combination that a known type of message does not have here, 12 for a type that does not exist.
fn unknown(message: &Message) -> &'static str {
    let known = iso8583::kinds::KINDS.iter().any(|row| message.mti() == row.request);
    if known { "40" } else { "12" }
}

/// How a message is counted: by its kind, or by why it has none.
fn counted(malformed: bool, kind: Option<Kind>, code: Option<&str>) -> &'static str {
    match (malformed, kind, code) {
        (true, ..) => "malformed",
        (_, Some(_), Some(_)) => "incomplete",
        (_, Some(kind), None) => kind.row().en,
        (_, None, Some("12")) => "unknown type",
        (_, None, _) => "unknown kind",
    }
}

fn refuse(gateway: &Gateway, message: &Message, code: &str) -> Done<Said> {
    let ctx = gateway.own_ctx("refused");
    compose::bare(&ctx, message, code).map(Said::Answer)
}

async fn deal(gateway: &Arc<Gateway>, message: &Message, kind: Kind) -> Done<Said> {
    let number = message.text(41).unwrap_or_default().to_owned();
    let merchant_number = message.text(42).unwrap_or_default().to_owned();
    let Some(batch) = F60::of(message).map(|f60| i64::from(f60.batch)) else {
        return refuse(gateway, message, "30");
    };
    if LOOKED_UP
        .iter()
        .any(|field| message.text(*field).is_some_and(|text| text.contains('\0')))
    {
        return refuse(gateway, message, "30");
    }
    let ctx = gateway.ctx(&number, "-", kind.row().en);
    let line = match lines::speaker(gateway, &ctx, message, kind, (&number, &merchant_number)).await? {
        Ok(line) => line,
        Err(decline) => {
            let issued = Issued::declined(&ctx, &decline)?;
            return said(gateway, message, kind, &issued, None);
        }
    };
    let asked = Asked {
        message: message.clone(),
        kind,
        line,
        batch,
    };
    asks::compare_clock(gateway, &asked).await;
    let said = answer_kind(gateway, &asked).await;
    if matches!(kind, Kind::SignIn | Kind::SignOff | Kind::Settle) {
        // What is remembered of the line is from before.
        gateway.lines.forget(&asked.line.number);
    }
    if asks::changes(kind) && said.is_ok() {
        asks::renew(gateway, &asked).await;
    }
    said
}

async fn answer_kind(gateway: &Arc<Gateway>, asked: &Asked) -> Done<Said> {
    if let Some((download, step)) = step_of(asked.kind) {
        return downloads::talk(gateway, asked, download, step).await;
    }
    match asked.kind {
        Kind::SignIn => session::sign_in(gateway, asked).await,
        Kind::SignOff => session::sign_off(gateway, asked).await,
        Kind::Echo => session::noted(gateway, asked),
        Kind::StatusUpload => downloads::status(gateway, asked).await,
        Kind::ScriptNotice => notices::script(gateway, asked).await,
        Kind::Signature => notices::signature(gateway, asked).await,
        Kind::Settle => session::settle(gateway, asked).await,
        Kind::BatchUpload => session::upload(gateway, asked).await,
        Kind::BatchChipDetail | Kind::BatchChipFailed | Kind::BatchNotice => session::upload_chip(gateway, asked).await,
        Kind::BatchEndBalanced | Kind::BatchEndUnbalanced => session::upload_end(gateway, asked).await,
        Kind::Balance => pay::balance(gateway, asked).await,
        Kind::Reversal => pay::reverse(gateway, asked).await,
        kind => match rule(kind) {
            Some(rule) if rule.is_notice() => notices::take(gateway, asked, rule).await,
            Some(rule) => pay::pay(gateway, asked, rule).await,
            None => refuse(gateway, &asked.message, "40"),
        },
    }
}

/// Composes an answer.
pub(super) fn said(
    gateway: &Gateway,
    message: &Message,
    kind: Kind,
    issued: &Issued,
    line: Option<&Line>,
) -> Done<Said> {
    let mak = line.and_then(|line| line.mak.as_ref());
    compose::answer(message, kind, issued, &gateway.settings.acquirer, mak)
        .map(Said::Answer)
        .map_err(Refused::from)
}

/// Composes a refusal.
pub(super) fn declined(gateway: &Gateway, asked: &Asked, decline: &Decline) -> Done<Said> {
    let issued = Issued::declined(&gateway.own_ctx("declined"), decline)?;
    said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line))
}
