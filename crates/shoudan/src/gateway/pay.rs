//! Messages with a card: begin in one transaction, ask the network outside any, finish in a second, answer.

use std::time::{Duration, Instant};

use iso8583::Message;
use operations::payments::{self, Attempt, Begun, Decline, Issued, NetworkAnswer, ReversalAttempt, Rule, Upstream};
use operations::refused::{Done, Refused};
use operations::session;

use super::card::Card;
use super::messages::{Asked, Said, declined, said};
use super::numbers::Drawn;
use super::session::unfit;
use super::{Gateway, compose, upstream};

/// How often a repeat looks whether the first has its answer.
const LOOK: Duration = Duration::from_millis(50);
/// How much longer than the network's time-out a repeat waits.
const GRACE: Duration = Duration::from_secs(2);

fn refused(gateway: &Gateway, asked: &Asked, code: &str) -> Done<Said> {
    declined(gateway, asked, &Decline::code(&gateway.own_ctx("declined"), code))
}

/// Sale, void, refund, pre-authorisation and their kin.
pub(super) async fn pay(gateway: &Gateway, asked: &Asked, rule: &'static Rule) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, rule.code);
    let drawn = gateway.numbers.draw(ctx.now);
    let card = Card::read(&asked.message, &asked.line, &gateway.settings.zone_key).map_err(unfit)?;
    let numbers = (drawn.rrn.as_str(), drawn.stan);
    let Some(mut attempt) = Attempt::read(&ctx, rule, &asked.message, card.pan.as_ref(), numbers) else {
        return refused(gateway, asked, "30");
    };
    attempt.pin_readable = card.readable;
    let key = (asked.line.terminal.clone(), attempt.batch, attempt.stan);
    let line = asked.line.clone();
    let begun = gateway
        .app
        .write(ctx.clone(), move |tx, ctx| payments::begin(tx, ctx, &line, &attempt))
        .await?;
    match begun {
        Begun::Told(issued) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        Begun::Waits(id) => wait(gateway, asked, &id).await,
        Begun::Ask(up) => {
            let outcome = if gateway.overtaken.has(&key) {
                NetworkAnswer::Declined { code: "94".to_owned() }
            } else {
                ask(gateway, asked, &card, &drawn, &up).await
            };
            drop(card);
            finish(gateway, asked, &up.id, outcome).await
        }
    }
}

async fn ask(gateway: &Gateway, asked: &Asked, card: &Card, drawn: &Drawn, up: &Upstream) -> NetworkAnswer {
    let acquirer = &gateway.settings.acquirer;
    match upstream::request(asked, card, drawn.stan, acquirer, up.original.as_ref()) {
        Ok(request) => upstream::judged(gateway.connector.call(&request).await),
        // Nothing has left.
        Err(error) => {
            tracing::error!(%error, "a request to the network cannot be written");
            NetworkAnswer::Declined { code: "96".to_owned() }
        }
    }
}

/// Writes the end, then answers. Where it is unknown whether the end was kept, the row is looked at; where that fails too,
/// nothing is answered and the terminal reverses.
async fn finish(gateway: &Gateway, asked: &Asked, id: &str, answer: NetworkAnswer) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "outcome");
    let (merchant, key) = (asked.line.merchant.clone(), id.to_owned());
    let told = gateway
        .app
        .write(ctx, move |tx, ctx| payments::finish(tx, ctx, &merchant, &key, &answer))
        .await;
    match told {
        Ok(told) => {
            if told.reversal_queued {
                gateway.reversal_queued.notify_one();
            }
            said(gateway, &asked.message, asked.kind, &told.issued, Some(&asked.line))
        }
        Err(error) => {
            tracing::error!(%error, transaction = id, "the outcome of a payment was not written");
            match look(gateway, asked, id).await {
                Ok(Some(issued)) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
                _ => Ok(Said::Nothing),
            }
        }
    }
}

async fn look(gateway: &Gateway, asked: &Asked, id: &str) -> Done<Option<Issued>> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "outcome");
    let (merchant, id) = (asked.line.merchant.clone(), id.to_owned());
    gateway
        .app
        .read(ctx, move |tx, ctx| payments::look(tx, ctx, &merchant, &id))
        .await
}

/// Waits for the answer of the message that this one repeats. The network is asked once only.
async fn wait(gateway: &Gateway, asked: &Asked, id: &str) -> Done<Said> {
    let until = Instant::now() + gateway.connector.timeout() + GRACE;
    while Instant::now() < until {
        if let Some(issued) = look(gateway, asked, id).await? {
            return said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line));
        }
        tokio::time::sleep(LOOK).await;
    }
    refused(gateway, asked, "98")
}

/// Balance enquiry: no transaction, nothing to reverse.
pub(super) async fn balance(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "balance");
    let line = asked.line.clone();
    let may = gateway
        .app
        .write(ctx.clone(), move |tx, ctx| session::may(tx, ctx, &line, "balance"))
        .await?;
    if let Err(decline) = may {
        return declined(gateway, asked, &decline);
    }
    if !asked.line.signed_in || asked.line.mak.is_none() || asked.batch != asked.line.batch {
        return refused(gateway, asked, "77");
    }
    let card = Card::read(&asked.message, &asked.line, &gateway.settings.zone_key).map_err(unfit)?;
    if !card.readable {
        return refused(gateway, asked, "99");
    }
    let drawn = gateway.numbers.draw(ctx.now);
    let acquirer = &gateway.settings.acquirer;
    let request = upstream::request(asked, &card, drawn.stan, acquirer, None).map_err(unfit)?;
    let outcome = gateway.connector.call(&request).await;
    let balance = match &outcome {
        crate::connectors::network::Outcome::Done(answer) => answer.bytes(54).map(<[u8]>::to_vec),
        _ => None,
    };
    let issued = match upstream::judged(outcome) {
        NetworkAnswer::Approved { .. } => Issued::approved(&ctx, "00")?.with(37, &drawn.rrn)?,
        NetworkAnswer::Declined { code } => return refused(gateway, asked, &code),
        NetworkAnswer::Unknown { .. } => return refused(gateway, asked, "98"),
    };
    let mut answer = compose::answer(&asked.message, asked.kind, &issued, acquirer, None).map_err(unfit)?;
    answer.remove(15);
    sealed(&mut answer, balance.as_deref(), asked).map_err(unfit)?;
    Ok(Said::Answer(answer))
}

fn sealed(answer: &mut Message, balance: Option<&[u8]>, asked: &Asked) -> Result<(), iso8583::EncodeError> {
    if let Some(balance) = balance {
        answer.set_bytes(54, balance)?;
    }
    if let Some(mak) = &asked.line.mak {
        answer.seal(mak)?;
    }
    Ok(())
}

/// A terminal's reversal.
pub(super) async fn reverse(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    if asked.line.mak.is_none() {
        return refused(gateway, asked, "77");
    }
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "reversal");
    let drawn = gateway.numbers.draw(ctx.now);
    let pan = asked.message.pan();
    let Some(attempt) = ReversalAttempt::read(&ctx, &asked.message, pan.as_ref(), &drawn.rrn) else {
        return refused(gateway, asked, "40");
    };
    let line = asked.line.clone();
    let key = (asked.line.terminal.clone(), attempt.batch, attempt.stan);
    gateway.overtaken.note(key.clone());
    let reversed = gateway
        .app
        .write(ctx, move |tx, ctx| payments::reverse(tx, ctx, &line, &attempt))
        .await;
    let reversed = match reversed {
        Ok(reversed) => reversed,
        // Nothing is said where nothing is known, or the transaction just changed: the terminal asks again.
        Err(Refused::Store(store::Error::Unknown(_)) | Refused::Conflict { .. }) => return Ok(Said::Nothing),
        Err(error) => return Err(error),
    };
    if reversed.found {
        gateway.overtaken.found(&key);
        gateway.reversal_queued.notify_one();
    }
    said(gateway, &asked.message, asked.kind, &reversed.issued, Some(&asked.line))
}
