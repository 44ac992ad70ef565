//! Messages without a card: sign-in and off, line test, downloads, settlement, upload.

use std::time::Duration;

use iso8583::values::{BatchUpload, F60, KeyLayout, SettlementTotals};
use operations::key_module::Fault;
use operations::payments::{Decline, Issued, Ruling};
use operations::refused::{Done, Refused};
use operations::{Ctx, batches, session};
use store::Engine;

use super::messages::{Asked, Said, declined, said};
use super::{Gateway, compose};

/// How often a settlement looks whether another copy of it is through, and how long it waits in between.
const LOOKS: usize = 5;
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn unfit(error: impl Into<Fault>) -> Refused {
    error.into().into()
}

fn code(gateway: &Gateway, asked: &Asked, code: &str) -> Done<Said> {
    declined(gateway, asked, &Decline::code(&gateway.own_ctx("declined"), code))
}

fn ruled(gateway: &Gateway, asked: &Asked, ruling: Ruling<Issued>) -> Done<Said> {
    match ruling {
        Ok(issued) => said(gateway, &asked.message, asked.kind, &issued, Some(&asked.line)),
        Err(decline) => declined(gateway, asked, &decline),
    }
}

pub(super) async fn sign_in(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let layout = F60::of(&asked.message)
        .and_then(|f60| f60.network_code)
        .and_then(KeyLayout::from_code);
    let Some(layout) = layout else {
        return code(gateway, asked, "40");
    };
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "sign-in");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let line = asked.line.clone();
    let ruling = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| session::sign_in(tx, ctx, &line, layout, &rrn))
        .await?;
    let signed_in = match ruling {
        Ok(signed_in) => signed_in,
        Err(decline) => return declined(gateway, asked, &decline),
    };
    let acquirer = &gateway.settings.acquirer;
    let mut answer = compose::answer(&asked.message, asked.kind, &signed_in.issued, acquirer, None).map_err(unfit)?;
    let batch = u32::try_from(signed_in.batch).map_err(|e| Refused::Inconsistent(e.to_string()))?;
    answer
        .set_batch(batch)
        .and_then(|m| m.set_bytes(62, &signed_in.keys))
        .map_err(unfit)?;
    Ok(Said::Answer(answer))
}

/// Keeps payments out of a batch that is to be closed. SQLite has one writer: there nothing comes between.
async fn pause(gateway: &Gateway, asked: &Asked) -> Done<(i64, bool)> {
    if gateway.app.db.engine() == Engine::Sqlite {
        return Ok((asked.batch, false));
    }
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "closing");
    let (line, batch) = (asked.line.clone(), asked.batch);
    let paused = gateway
        .app
        .write_unsettled(ctx, move |tx, _| batches::pause(tx, &line, batch))
        .await?;
    Ok((asked.batch, paused))
}

pub(super) async fn sign_off(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let batch = pause(gateway, asked).await?;
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "sign-off");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let line = asked.line.clone();
    let ruling = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| session::sign_off(tx, ctx, &line, batch, &rrn))
        .await?;
    ruled(gateway, asked, ruling)
}

/// A message that asks for nothing but to be heard.
pub(super) fn noted(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let issued = Issued::code(&gateway.own_ctx("noted"), "00")?;
    said(gateway, &asked.message, asked.kind, &issued, None)
}

pub(super) async fn settle(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let totals = asked
        .message
        .text(48)
        .and_then(|digits| SettlementTotals::parse(digits).ok());
    let Some(totals) = totals else {
        return code(gateway, asked, "30");
    };
    let mut tries = 0;
    let ruling = loop {
        let batch = pause(gateway, asked).await?;
        let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "settlement");
        let rrn = gateway.numbers.draw(ctx.now).rrn;
        let line = asked.line.clone();
        let settle = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| batches::settle(tx, ctx, &line, batch, &totals, &rrn);
        let ruling = gateway.app.write_unsettled(ctx, settle).await?;
        // Not signed in: another copy of this settlement may be between its two transactions.
        let between = !batch.1 && matches!(&ruling, Err(decline) if decline.code == "77");
        if !between || tries == LOOKS || gateway.app.db.engine() == Engine::Sqlite {
            break ruling;
        }
        tries += 1;
        tokio::time::sleep(LOOK).await;
    };
    let settled = match ruling {
        Ok(settled) => settled,
        Err(decline) => return declined(gateway, asked, &decline),
    };
    let acquirer = &gateway.settings.acquirer;
    let mut answer = compose::answer(&asked.message, asked.kind, &settled.issued, acquirer, None).map_err(unfit)?;
    answer.remove(63).set(48, &settled.totals).map_err(unfit)?;
    Ok(Said::Answer(answer))
}

pub(super) async fn upload(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let items = asked
        .message
        .text(48)
        .and_then(|digits| BatchUpload::parse(digits).ok());
    let Some(items) = items else {
        return code(gateway, asked, "30");
    };
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "batch upload");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let (line, batch) = (asked.line.clone(), asked.batch);
    let ruling = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| batches::upload(tx, ctx, &line, batch, &items, &rrn))
        .await?;
    ruled(gateway, asked, ruling)
}

pub(super) async fn upload_chip(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let number = |field| {
        asked
            .message
            .number(field)
            .and_then(|n| i64::try_from(n).ok())
            .unwrap_or(0)
    };
    let item = (number(11), number(4));
    let card = asked.message.pan().map(|pan| pan.masked()).unwrap_or_default();
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "batch upload");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let (line, batch) = (asked.line.clone(), asked.batch);
    let ruling = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| {
            batches::upload_chip(tx, ctx, &line, batch, item, card.clone(), &rrn)
        })
        .await?;
    ruled(gateway, asked, ruling)
}

pub(super) async fn upload_end(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "end of batch upload");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let (line, batch) = (asked.line.clone(), asked.batch);
    let ruling = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| batches::upload_ended(tx, ctx, &line, batch, &rrn))
        .await?;
    ruled(gateway, asked, ruling)
}
