//! Messages without a card: sign-in and off, line test, downloads, settlement, upload.

use iso8583::values::{BatchUpload, F60, KeyLayout, SettlementTotals};
use operations::key_module::Fault;
use operations::payments::{Decline, Issued, Ruling};
use operations::refused::{Done, Refused};
use operations::{batches, session};

use super::messages::{Asked, Said, declined, said};
use super::{Gateway, compose};

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
        .write(ctx, move |tx, ctx| session::sign_in(tx, ctx, &line, layout, &rrn))
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

pub(super) async fn sign_off(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "sign-off");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let (line, batch) = (asked.line.clone(), asked.batch);
    let ruling = gateway
        .app
        .write(ctx, move |tx, ctx| session::sign_off(tx, ctx, &line, batch, &rrn))
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
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "settlement");
    let rrn = gateway.numbers.draw(ctx.now).rrn;
    let (line, batch) = (asked.line.clone(), asked.batch);
    let ruling = gateway
        .app
        .write(ctx, move |tx, ctx| {
            batches::settle(tx, ctx, &line, batch, &totals, &rrn)
        })
        .await?;
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
        .write(ctx, move |tx, ctx| batches::upload(tx, ctx, &line, batch, &items, &rrn))
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
        .write(ctx, move |tx, ctx| {
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
        .write(ctx, move |tx, ctx| batches::upload_ended(tx, ctx, &line, batch, &rrn))
        .await?;
    ruled(gateway, asked, ruling)
}
