//! Download dialogues and reports of state.

use std::sync::Arc;

use operations::downloads::{self, Download, Step};
use operations::health;
use operations::payments::Issued;
use operations::refused::Done;

use super::messages::{Asked, Said, declined, said};
use super::session::unfit;
use super::{Gateway, compose};

/// One message of a download dialogue.
pub(super) async fn talk(gateway: &Gateway, asked: &Asked, download: &'static Download, step: Step) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, asked.kind.row().en);
    let line = Arc::clone(&asked.line);
    if step == Step::End {
        let noted = gateway
            .app
            .write_unsettled(ctx.clone(), move |tx, ctx| {
                downloads::taken_over(tx, ctx, &line, download)
            })
            .await?;
        return match noted {
            Ok(()) => said(gateway, &asked.message, asked.kind, &Issued::code(&ctx, "00")?, None),
            Err(decline) => declined(gateway, asked, &decline),
        };
    }
    let wanted = asked.message.bytes(62).map(<[u8]>::to_vec);
    let given = gateway
        .app
        .write_unsettled(ctx.clone(), move |tx, ctx| {
            downloads::give(tx, ctx, &line, (download, step), wanted.as_deref())
        })
        .await?;
    let body = match given {
        Ok(body) => body,
        Err(decline) => return declined(gateway, asked, &decline),
    };
    let issued = Issued::code(&ctx, "00")?;
    let mut answer =
        compose::answer(&asked.message, asked.kind, &issued, &gateway.settings.acquirer, None).map_err(unfit)?;
    answer.set_bytes(62, &body).map_err(unfit)?;
    Ok(Said::Answer(answer))
}

/// A report of state.
pub(super) async fn status(gateway: &Gateway, asked: &Asked) -> Done<Said> {
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "status upload");
    let line = Arc::clone(&asked.line);
    let report = asked.message.bytes(62).map(<[u8]>::to_vec);
    let noted = gateway
        .app
        .write_unsettled(ctx.clone(), move |tx, ctx| {
            health::report(tx, ctx, &line, report.as_deref())
        })
        .await?;
    match noted {
        Ok(()) => said(gateway, &asked.message, asked.kind, &Issued::code(&ctx, "00")?, None),
        Err(decline) => declined(gateway, asked, &decline),
    }
}
