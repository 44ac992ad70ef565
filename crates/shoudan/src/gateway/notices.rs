//! What terminals tell afterwards: notices of what they did on their own, results of scripts, signatures. The host answers
//! at once; the card network is told of notices here, in the background, until it answers.

use std::sync::Arc;
use std::time::Duration;

use iso8583::values::{F53, PinForm};
use iso8583::{EncodeError, Message, Pan};
use operations::payments::notices::{self, Due, Told};
use operations::payments::{Attempt, Decline, Issued, Rule};
use operations::refused::{Done, Refused};
use operations::reversals::Heard;
use operations::signatures::{self, Signature};

use super::Gateway;
use super::messages::{Asked, Said, declined, said};
use super::numbers::Drawn;
use super::session::unfit;
use crate::connectors::network::Outcome;

/// What goes on as the terminal sent it.
const CARRIED: &[u8] = &[3, 4, 14, 22, 23, 25, 38, 41, 42, 49, 55, 60];
/// How many notices are told at once.
const ROUND: i64 = 32;

fn refused(gateway: &Gateway, asked: &Asked, code: &str) -> Done<Said> {
    declined(gateway, asked, &Decline::code(&gateway.own_ctx("declined"), code))
}

/// A completion, an offline sale, an adjustment or a tip that the terminal made on its own.
pub(super) async fn take(gateway: &Gateway, asked: &Asked, rule: &'static Rule) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, rule.code);
    let drawn = gateway.numbers.draw(ctx.now);
    let Some(pan) = asked.message.pan() else {
        return refused(gateway, asked, "30");
    };
    let numbers = (drawn.rrn.as_str(), drawn.stan);
    let Some(attempt) = Attempt::read(&ctx, rule, &asked.message, Some(&pan), numbers) else {
        return refused(gateway, asked, "30");
    };
    let onward = onward(asked, &pan, &drawn, &gateway.settings.acquirer).map_err(unfit)?;
    let told = Told {
        made_on: asked.message.text(13).and_then(|day| day.parse().ok()),
        added: asked
            .message
            .text(48)
            .filter(|tip| tip.len() == 12)
            .and_then(|tip| tip.parse().ok()),
    };
    let line = Arc::clone(&asked.line);
    let card = attempt.card_index.clone();
    let issued = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| {
            notices::take(tx, ctx, &line, &attempt, told, &onward)
        })
        .await;
    gateway.used.doubt(&asked.line, &card);
    match issued {
        Ok(issued) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        // Whether it was kept is unknown, or its original just changed: the terminal sends it again.
        Err(Refused::Store(store::Error::Unknown(_)) | Refused::Conflict { .. }) => Ok(Said::Nothing),
        Err(error) => Err(error),
    }
}

/// The message that the card network gets.
fn onward(asked: &Asked, pan: &Pan, drawn: &Drawn, acquirer: &str) -> Result<Message, EncodeError> {
    let mut message = Message::of_type(asked.message.mti());
    message
        .copy_from(&asked.message, CARRIED)
        .set(2, pan.expose())?
        .set_number(11, drawn.stan.into())?
        .set(37, &drawn.rrn)?
        .set(32, acquirer)?
        .set(53, &F53::triple_des(PinForm::None, false).digits())?;
    Ok(message)
}

/// The result of an issuer's script.
pub(super) async fn script(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    if asked.line.mak.is_none() {
        return refused(gateway, asked, "77");
    }
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "script result");
    let (line, message) = (Arc::clone(&asked.line), asked.message.clone());
    let kept = gateway
        .app
        .write_unsettled(ctx.clone(), move |tx, ctx| {
            signatures::keep_script(tx, ctx, &line, &message)
        })
        .await?;
    match kept {
        Ok(()) => {
            let issued = Issued::code(&ctx, "00")?.with(37, asked.message.text(37).unwrap_or_default())?;
            said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line))
        }
        Err(decline) => declined(gateway, asked, &decline),
    }
}

/// A card holder's signature.
pub(super) async fn signature(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    if asked.line.mak.is_none() {
        return refused(gateway, asked, "77");
    }
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "electronic signature");
    let Some(signature) = Signature::read(&ctx, &asked.message, asked.message.pan().as_ref(), asked.batch) else {
        return refused(gateway, asked, "30");
    };
    let line = Arc::clone(&asked.line);
    let kept = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| signatures::keep(tx, ctx, &line, &signature))
        .await?;
    match kept {
        Ok(issued) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        Err(decline) => declined(gateway, asked, &decline),
    }
}

/// Tells the card network of notices that are due, as long as the gateway runs.
pub(super) async fn forever(gateway: Arc<Gateway>) {
    let every = gateway.settings.resolve_every.max(Duration::from_millis(20));
    loop {
        tokio::time::sleep(every).await;
        if !gateway.connector.is_connected() {
            continue;
        }
        if let Err(error) = round(&gateway).await {
            tracing::error!(%error, "telling the card network of notices failed");
        }
    }
}

async fn round(gateway: &Gateway) -> Done<()> {
    let ctx = gateway.own_ctx("notices");
    let due = gateway
        .app
        .read_unsettled(ctx, |tx, ctx| notices::due(tx, ctx, ROUND))
        .await?;
    let mut calls = tokio::task::JoinSet::new();
    for Due { row, message } in due {
        let connector = gateway.connector.clone();
        calls.spawn(async move {
            let heard = match Message::decode(message.expose()) {
                Ok(message) => heard(connector.call(&message).await),
                Err(error) => Heard::Nothing(format!("it cannot be read: {error}")),
            };
            (row, heard)
        });
    }
    while let Some(done) = calls.join_next().await {
        if let Ok((row, heard)) = done {
            let ctx = gateway.own_ctx("notice");
            gateway
                .app
                .write_unsettled(ctx, move |tx, ctx| notices::heard(tx, ctx, &row, &heard))
                .await?;
        }
    }
    Ok(())
}

/// What the network's answer means for a notice. A centre in trouble is asked again.
fn heard(outcome: Outcome) -> Heard {
    match outcome {
        Outcome::Refused(why) => Heard::Nothing(why.to_owned()),
        Outcome::Unknown(why) => Heard::Nothing(why),
        Outcome::Done(answer) => {
            let code = answer.text(39).unwrap_or_default().to_owned();
            match code.as_str() {
                "30" | "68" | "90" | "91" | "92" | "96" | "98" | "A0" => Heard::Nothing(format!("code {code}")),
                _ => Heard::Answered(code),
            }
        }
    }
}
