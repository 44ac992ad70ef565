//! Messages with a card: begin in one transaction, ask the network outside any, finish in a second, answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use iso8583::Message;
use operations::Ctx;
use operations::key_module::Fault;
use operations::payments::authorise;
use operations::payments::{
    self, Attempt, Begun, Decline, Hold, Issued, NetworkAnswer, Reserved, ReversalAttempt, Rule, Upstream,
};
use operations::refused::{Done, Refused};
use operations::session::{self, Line};
use store::journal::{Ended, Entry};

use super::card::{Card, aside};
use super::messages::{Asked, Said, declined, said};
use super::numbers::Drawn;
use super::session::unfit;
use super::{Gateway, compose, overtaken, upstream};

/// How often a repeat looks whether the first has its answer.
const LOOK: Duration = Duration::from_millis(50);
/// How much longer than the network's time-out a repeat waits.
const GRACE: Duration = Duration::from_secs(2);
/// Readings of counters that something else may overtake.
const READINGS: usize = 4;

fn refused(gateway: &Gateway, asked: &Asked, code: &str) -> Done<Said> {
    declined(gateway, asked, &Decline::code(&gateway.own_ctx("declined"), code))
}

/// Sale, void, refund, pre-authorisation and their kin.
pub(super) async fn pay(gateway: &Gateway, asked: &Asked, rule: &'static Rule) -> Done<Said> {
    let mut ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, rule.code);
    let drawn = gateway.numbers.draw(ctx.now);
    let card = Card::read(&asked.message, &asked.line, &gateway.settings.zone_key).map_err(unfit)?;
    let numbers = (drawn.rrn.as_str(), drawn.stan);
    let Some(mut attempt) = Attempt::read(&ctx, rule, &asked.message, card.pan.as_ref(), numbers) else {
        return refused(gateway, asked, "30");
    };
    attempt.pin_readable = card.readable;
    ctx.ids = gateway.app.clock.ids();
    let (hold, together) = reserve(gateway, &ctx, &asked.line, &mut attempt).await?;
    let entry = authorise::entry(&mut ctx, &asked.line, &attempt, drawn.place).filter(|_| together);
    if let Some(entry) = entry {
        if gateway.authoriser.append(entry.clone()).await? {
            let said = among_many(gateway, asked, &card, &drawn, entry).await;
            return settled(said, hold);
        }
        gateway.lines.forget(&asked.line.number);
    }
    let Some(line) = present(gateway, &ctx, asked, rule).await? else {
        return alone(gateway, asked, card, &drawn, (attempt, hold)).await;
    };
    hold.into_iter().for_each(Hold::give_back);
    attempt.over = None;
    let (hold, _) = reserve(gateway, &ctx, &line, &mut attempt).await?;
    let asked = Asked {
        message: asked.message.clone(),
        kind: asked.kind,
        line,
        batch: asked.batch,
    };
    alone(gateway, &asked, card, &drawn, (attempt, hold)).await
}

/// The line with the limits that hold now, where those that were remembered with it do not hold any more; it is forgotten
/// then. A payment that goes among many need not ask: its commit compares the line's version.
async fn present(gateway: &Gateway, ctx: &Ctx, asked: &Asked, rule: &Rule) -> Done<Option<Arc<Line>>> {
    if !rule.stands_alone() {
        return Ok(None);
    }
    let line = &asked.line;
    let (merchant, terminal) = (line.merchant.clone(), line.terminal.clone());
    let terms = gateway.app.read_unsettled(ctx.clone(), move |tx, ctx| {
        payments::limits::terms(tx, ctx, &merchant, &terminal)
    });
    let terms = terms.await?;
    if terms.limits == line.terms.limits {
        return Ok(None);
    }
    gateway.lines.forget(&line.number);
    let mut line = Line::clone(line);
    line.terms = Arc::new(terms);
    Ok(Some(Arc::new(line)))
}

/// Takes a payment's part of its limits; and whether it may be judged among others. One beyond its limits is so marked.
async fn reserve(gateway: &Gateway, ctx: &Ctx, line: &Arc<Line>, attempt: &mut Attempt) -> Done<(Option<Hold>, bool)> {
    if gateway.settings.beside_others {
        let bounded = line
            .terms
            .limits
            .counted
            .iter()
            .any(|bounded| bounded.is_for(&attempt.sale()));
        return Ok((None, !bounded));
    }
    let period = payments::limits::period(ctx, ctx.now);
    for _ in 0..READINGS {
        match gateway.used.reserve(line, attempt, period) {
            Reserved::Free => return Ok((None, true)),
            Reserved::Held(hold) => return Ok((Some(hold), true)),
            Reserved::Over(reason) => {
                attempt.over = Some(reason);
                return Ok((None, false));
            }
            Reserved::Unread(generation) => {
                let (line, attempt) = (Arc::clone(line), attempt.clone());
                let read =
                    move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| payments::limits::standing(tx, ctx, &line, &attempt);
                let read = gateway.app.read_unsettled(ctx.clone(), read).await?;
                gateway.used.learn(generation, period, read);
            }
        }
    }
    // Voids and reversals without end: let the database judge.
    Ok((None, false))
}

/// What was refused gives its part of the limits back.
fn settled(said: Done<Said>, hold: Option<Hold>) -> Done<Said> {
    if let (Ok(Said::Answer(answer)), Some(hold)) = (&said, hold)
        && answer.text(39) != Some("00")
    {
        hold.give_back();
    }
    said
}

/// A payment that the authoriser keeps among others.
async fn among_many(gateway: &Gateway, asked: &Asked, card: &Card, drawn: &Drawn, entry: Entry) -> Done<Said> {
    let Entry { place, row, .. } = entry;
    let key = (row.terminal_id.clone(), row.batch, row.stan);
    let up = Upstream {
        id: row.id.clone(),
        original: None,
    };
    let answer = outcome(gateway, asked, card, drawn, &key, &up).await;
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "outcome");
    let mut fee = row.fee;
    let (state, code, auth_code, issued) = match &answer {
        NetworkAnswer::Approved { auth_code, additional } => {
            let issued = authorise::approval(&ctx, &row.rrn, auth_code, additional)?;
            ("approved", "00", auth_code.as_str(), issued)
        }
        NetworkAnswer::Declined { code } => {
            let issued = authorise::denial(&ctx, &row.rrn, code)?;
            fee = 0;
            ("declined", code.as_str(), "", issued)
        }
        NetworkAnswer::Unknown { .. } => return finish(gateway, asked, &up.id, answer).await,
    };
    // Its commit is long over, so that nobody else holds it.
    let mut row = Arc::unwrap_or_clone(row);
    row.fee = fee;
    let bytes = issued.to_bytes()?;
    let at = ctx.now.millis();
    let ended = Ended {
        place,
        state,
        response_code: code.to_owned(),
        auth_code: auth_code.to_owned(),
        answer: bytes.clone(),
        at,
    };
    state.clone_into(&mut row.state);
    code.clone_into(&mut row.response_code);
    auth_code.clone_into(&mut row.auth_code);
    (row.answer, row.finished_at) = (Some(bytes), Some(at));
    match gateway.authoriser.end(ended, row).await {
        Ok(true) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        Ok(false) => finish(gateway, asked, &up.id, answer).await,
        Err(error) => unwritten(gateway, asked, &up.id, &error).await,
    }
}

/// A payment that is looked at alone: it refers to another, repeats one, or is refused.
async fn alone(
    gateway: &Gateway,
    asked: &Asked,
    card: Card,
    drawn: &Drawn,
    (attempt, hold): (Attempt, Option<Hold>),
) -> Done<Said> {
    let (undoes, index) = (attempt.rule.turns.is_some(), attempt.card_index.clone());
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, attempt.rule.code);
    let key = (asked.line.terminal.clone(), attempt.batch, attempt.stan);
    let line = Arc::clone(&asked.line);
    let begun = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| payments::begin(tx, ctx, &line, &attempt))
        .await?;
    match begun {
        // Refused, or a repeat: the first has its part of the limits.
        Begun::Told(issued) => {
            hold.into_iter().for_each(Hold::give_back);
            said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line))
        }
        Begun::Waits(id) => {
            hold.into_iter().for_each(Hold::give_back);
            wait(gateway, asked, &id).await
        }
        Begun::Ask(up) => {
            let answer = outcome(gateway, asked, &card, drawn, &key, &up).await;
            drop(card);
            let said = settled(finish(gateway, asked, &up.id, answer).await, hold);
            if undoes {
                gateway.used.doubt(&asked.line, &index);
            }
            said
        }
    }
}

/// What the network says; it is not asked where the terminal has reversed the payment before it came.
async fn outcome(
    gateway: &Gateway,
    asked: &Asked,
    card: &Card,
    drawn: &Drawn,
    key: &overtaken::Key,
    up: &Upstream,
) -> NetworkAnswer {
    if gateway.overtaken.has(key) {
        return NetworkAnswer::Declined { code: "94".to_owned() };
    }
    ask(gateway, asked, card, drawn, up).await
}

async fn ask(gateway: &Gateway, asked: &Asked, card: &Card, drawn: &Drawn, up: &Upstream) -> NetworkAnswer {
    let acquirer = &gateway.settings.acquirer;
    match upstream::request(asked, card, drawn, acquirer, up.original.as_ref()) {
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
    let (line, key) = (Arc::clone(&asked.line), id.to_owned());
    let told = gateway.app.write_unsettled(ctx, move |tx, ctx| {
        payments::finish(tx, ctx, (&line.merchant, &line.terminal), &key, &answer)
    });
    match told.await {
        Ok(told) => {
            if told.reversal_queued {
                gateway.reversal_queued.notify_one();
            }
            said(gateway, &asked.message, asked.kind, &told.issued, Some(&asked.line))
        }
        Err(error) => unwritten(gateway, asked, id, &error).await,
    }
}

/// It is unknown whether the end was kept: the row says, or nothing is said.
async fn unwritten(gateway: &Gateway, asked: &Asked, id: &str, error: &Refused) -> Done<Said> {
    tracing::error!(%error, transaction = id, "the outcome of a payment was not written");
    match look(gateway, asked, id).await {
        Ok(Some(issued)) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        _ => Ok(Said::Nothing),
    }
}

async fn look(gateway: &Gateway, asked: &Asked, id: &str) -> Done<Option<Issued>> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "outcome");
    let (merchant, id) = (asked.line.merchant.clone(), id.to_owned());
    gateway
        .app
        .read_unsettled(ctx, move |tx, ctx| payments::look(tx, ctx, &merchant, &id))
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
        .write_unsettled(ctx.clone(), move |tx, ctx| session::may(tx, ctx, &line, "balance"))
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
    let request = upstream::request(asked, &card, &drawn, acquirer, None).map_err(unfit)?;
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

fn sealed(answer: &mut Message, balance: Option<&[u8]>, asked: &Asked) -> Result<(), Fault> {
    if let Some(balance) = balance {
        answer.set_bytes(54, balance)?;
    }
    if let Some(mak) = &asked.line.mak {
        aside(mak.blocks(), || mak.seal(answer))?;
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
    let card = attempt.card_index.clone();
    let key = (asked.line.terminal.clone(), attempt.batch, attempt.stan);
    gateway.overtaken.note(key.clone());
    let reversed = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| payments::reverse(tx, ctx, &line, &attempt))
        .await;
    let reversed = match reversed {
        Ok(reversed) => reversed,
        // Nothing is said where nothing is known, or the transaction just changed: the terminal asks again.
        Err(Refused::Store(store::Error::Unknown(_)) | Refused::Conflict { .. }) => return Ok(Said::Nothing),
        Err(error) => return Err(error),
    };
    if reversed.found {
        gateway.used.doubt(&asked.line, &card);
        gateway.overtaken.found(&key);
        gateway.reversal_queued.notify_one();
    }
    said(gateway, &asked.message, asked.kind, &reversed.issued, Some(&asked.line))
}
