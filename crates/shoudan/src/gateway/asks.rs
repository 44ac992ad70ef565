//! What terminals are asked to do next, in the sixth digit of the header, and whose clock was noted today.
//!
//! Worked out when a terminal signs in, ends a download or reports its state, and remembered for its further answers: a
//! sale reads nothing for it. What is remembered may be lost; the next sign-in works it out again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::time::Date;
use iso8583::{Kind, Message, ProcessingRequest, codes};
use operations::{clocks, downloads};

use super::Gateway;
use super::messages::Asked;

/// Terminals remembered; beyond, all are forgotten.
const MOST: usize = 200_000;

/// Codes after which a terminal has to sign in before anything else.
const SIGN_IN_AGAIN: &[&str] = &["77", "99", "A0"];

#[derive(Default)]
pub(super) struct Asks {
    /// By terminal number; those that are asked for nothing are not here.
    next: Mutex<HashMap<String, ProcessingRequest>>,
    /// The day of the last note about a clock, by terminal number.
    clocks: Mutex<HashMap<String, Date>>,
}

fn locked<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Asks {
    /// What the header of an answer asks for. A refusal asks for nothing but a sign-in, where that is what is missing.
    pub(super) fn of(&self, answer: &Message) -> ProcessingRequest {
        let code = answer.text(39).unwrap_or_default();
        if SIGN_IN_AGAIN.contains(&code) {
            return ProcessingRequest::SignIn;
        }
        if !codes::find_or_unknown(code).is_accepted() {
            return ProcessingRequest::Nothing;
        }
        let number = answer.text(41).unwrap_or_default();
        locked(&self.next).get(number).copied().unwrap_or_default()
    }

    fn set(&self, number: &str, request: ProcessingRequest) {
        let mut next = locked(&self.next);
        if request == ProcessingRequest::Nothing {
            next.remove(number);
            return;
        }
        if next.len() >= MOST {
            next.clear();
        }
        next.insert(number.to_owned(), request);
    }

    /// Whether a clock has no note of this day yet.
    fn first_today(&self, number: &str, today: Date) -> bool {
        let mut clocks = locked(&self.clocks);
        if clocks.len() >= MOST {
            clocks.clear();
        }
        clocks.insert(number.to_owned(), today) != Some(today)
    }
}

/// Whether what a terminal lacks may be another after this message.
pub(super) fn changes(kind: Kind) -> bool {
    matches!(kind, Kind::SignIn | Kind::SignOff | Kind::StatusUpload)
        || downloads::step_of(kind).is_some_and(|(_, step)| step == downloads::Step::End)
}

/// Works out what a terminal is asked to do next.
pub(super) async fn renew(gateway: &Gateway, asked: &Asked) {
    let ctx = gateway.own_ctx("what a terminal lacks");
    let line = std::sync::Arc::clone(&asked.line);
    let lacks = gateway
        .app
        .read_unsettled(ctx, move |tx, ctx| downloads::lacks(tx, ctx, &line))
        .await;
    match lacks {
        // A terminal that has just signed off knows that it must sign in.
        Ok(_) if asked.kind == Kind::SignOff => gateway.asks.set(&asked.line.number, ProcessingRequest::Nothing),
        Ok(lacks) => gateway.asks.set(&asked.line.number, downloads::next_request(&lacks)),
        Err(error) => tracing::warn!(%error, terminal = asked.line.number, "what a terminal lacks is unknown"),
    }
}

/// Notes a clock that is off, where the message tells it: fields 12 and 13 of a request that happens now.
pub(super) async fn compare_clock(gateway: &Gateway, asked: &Asked) {
    let (Some(time), Some(day)) = (asked.message.text(12), asked.message.text(13)) else {
        return;
    };
    let ctx = gateway.ctx(&asked.line.number, &asked.line.merchant, "clock");
    let Some(seconds) = clocks::drift(&ctx, time, day).filter(|seconds| clocks::is_off(*seconds)) else {
        return;
    };
    let today = ctx.platform.zone.date(ctx.now);
    if !gateway.asks.first_today(&asked.line.number, today) {
        return;
    }
    let line = std::sync::Arc::clone(&asked.line);
    let noted = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| clocks::note(tx, ctx, &line, seconds))
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, terminal = asked.line.number, "a clock that is off was not noted");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(code: &str) -> Message {
        let mut answer = Message::new("0210").unwrap();
        answer.set(39, code).unwrap().set(41, "10000001").unwrap();
        answer
    }

    #[test]
    fn an_accepted_answer_asks_for_what_is_missing_and_a_refusal_does_not() {
        let asks = Asks::default();
        asks.set("10000001", ProcessingRequest::DownloadParameters);
        assert_eq!(asks.of(&answer("00")), ProcessingRequest::DownloadParameters);
        assert_eq!(asks.of(&answer("51")), ProcessingRequest::Nothing);
        assert_eq!(asks.of(&answer("77")), ProcessingRequest::SignIn);
        asks.set("10000001", ProcessingRequest::Nothing);
        assert_eq!(asks.of(&answer("00")), ProcessingRequest::Nothing);
        assert!(locked(&asks.next).is_empty());
    }
}
