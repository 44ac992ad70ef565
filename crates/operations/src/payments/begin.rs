//! The first transaction of a payment: is it new, is it allowed, and to what does it refer? What comes out of it is either
//! a row that waits for the card network, or the answer.

use domain::cards::CardType;
use domain::ids::TransactionId;
use iso8583::values::{F60, F61};
use iso8583::{Message, Pan};
use serde_json::json;
use store::Tx;
use store::transactions::{End, TransactionRow};

use super::answers::{Decline, Issued};
use super::rules::Rule;
use super::{REQUEST, answers, authorise};
use super::{fees, limits, originals};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::sealing::sha256;
use crate::session::Line;
use crate::trace::{self, Happened};
use crate::{explain, gates};

/// A financial message, without anything that must not be kept.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What it is.
    pub rule: &'static Rule,
    /// 60.2.
    pub batch: i64,
    /// F11.
    pub stan: i64,
    /// F4, fen.
    pub amount: i64,
    /// First six and last four digits.
    pub masked_card: String,
    /// Keyed index of the card or the scanned code.
    pub card_index: String,
    /// F22.
    pub entry_mode: String,
    /// Digest of what makes this message the same as another.
    pub fingerprint: String,
    /// F61: the message it refers to.
    pub original: Option<F61>,
    /// F37 of the request: the reference number it refers to.
    pub reference: String,
    /// F38 of the request: the authorisation it refers to.
    pub authorisation: String,
    /// Reference number drawn for it.
    pub rrn: String,
    /// Trace number drawn for it on the way to the network.
    pub upstream_stan: u32,
    /// False where its PIN block does not open.
    pub pin_readable: bool,
    /// Type of card, by its first digits.
    pub card: CardType,
    /// The reason of a limit that it would break, where that is known already.
    pub over: Option<String>,
}

impl Attempt {
    /// Reads a message. `pan` is its card number, in the clear, which stays outside. None where fields that the kind
    /// needs cannot be read (answer 30).
    pub fn read(
        ctx: &Ctx,
        rule: &'static Rule,
        message: &Message,
        pan: Option<&Pan>,
        (rrn, upstream_stan): (&str, u32),
    ) -> Option<Self> {
        let number = |field| message.number(field).and_then(|n| i64::try_from(n).ok());
        let text = |field| message.text(field).unwrap_or_default().trim_end().to_owned();
        let f60 = F60::of(message)?;
        let sealer = &ctx.platform.sealer;
        let (masked_card, card_index) = match pan {
            Some(pan) => (pan.masked(), sealer.blind("pan", pan.expose())),
            None => (String::new(), sealer.blind("scanned", &message.chinese(59)?)),
        };
        let (stan, amount) = (number(11)?, number(4)?);
        let entry_mode = text(22);
        let content = [
            rule.code,
            &amount.to_string(),
            &card_index,
            &entry_mode,
            &text(61),
            &text(37),
            &text(38),
        ];
        Some(Self {
            rule,
            batch: i64::from(f60.batch),
            stan,
            amount,
            masked_card,
            fingerprint: sha256(content.join("|").as_bytes()),
            card_index,
            entry_mode,
            original: F61::of(message),
            reference: text(37),
            authorisation: text(38),
            rrn: rrn.to_owned(),
            upstream_stan,
            pin_readable: true,
            card: pan.map_or(CardType::Unknown, |pan| ctx.catalog().bins.card_type(pan.expose())),
            over: None,
        })
    }

    pub(super) fn row(&self, ctx: &Ctx, line: &Line, id: &str) -> TransactionRow {
        TransactionRow {
            merchant_id: line.merchant.clone(),
            id: id.to_owned(),
            terminal_id: line.terminal.clone(),
            batch: self.batch,
            stan: self.stan,
            message_class: REQUEST.to_owned(),
            kind: self.rule.code.to_owned(),
            amount: self.amount,
            state: "pending".to_owned(),
            response_code: String::new(),
            rrn: self.rrn.clone(),
            auth_code: String::new(),
            masked_card: self.masked_card.clone(),
            card_index: self.card_index.clone(),
            card_type: self.card.code().to_owned(),
            entry_mode: self.entry_mode.clone(),
            original_id: None,
            request_hash: self.fingerprint.clone(),
            answer: None,
            explanation_code: String::new(),
            upstream_stan: Some(i64::from(self.upstream_stan)),
            received_at: ctx.now.millis(),
            finished_at: None,
            fee: fees::of(&line.terms, self),
            event: String::new(),
            entry: String::new(),
        }
    }
}

/// What the network has to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The transaction that waits for the answer.
    pub id: String,
    /// The one it refers to.
    pub original: Option<OriginalUpstream>,
}

/// How the network knows the transaction that another refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalUpstream {
    /// Its batch.
    pub batch: i64,
    /// Its trace number on the way to the network.
    pub stan: i64,
    /// Its local date, MMDD.
    pub date: String,
    /// Its authorisation code.
    pub auth_code: String,
    /// Its reference number.
    pub rrn: String,
}

/// How a payment begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new and allowed: ask the network, then [`super::finish`].
    Ask(Upstream),
    /// It is answered already: refused, or a repeat.
    Told(Issued),
    /// It repeats one that has no answer yet: wait for that one (its id). Never ask the network a second time.
    Waits(String),
}

/// Begins a payment. The caller has verified the MAC under the key of `line`, where it has one.
pub fn begin(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, attempt: &Attempt) -> Done<Begun> {
    let standing = store::batches::standing(tx, &line.merchant, &line.terminal)?;
    if !standing.believes(line.mak_version) {
        // Its keys ended while this message was under way.
        return unrecorded(ctx, "A0");
    }
    authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    let seated = standing.signed_in && standing.mak > 0 && standing.batch == attempt.batch;
    let id: TransactionId = ctx.ids.id(ctx.now);
    let row = attempt.row(ctx, line, id.as_str());
    if seated && !store::transactions::insert(tx, &row)? {
        return repeated(tx, ctx, &row);
    }
    if !gates::may(tx, ctx, &line.merchant, &line.terminal, attempt.rule.capability)? {
        let about = if seated { row.id.as_str() } else { "-" };
        let refusal = explain::refuse(tx, ctx, &line.merchant, &line.terminal, attempt.rule.capability, about)?;
        let decline = Decline::stopped(refusal);
        return refuse(tx, ctx, &row, &decline, seated);
    }
    if !seated {
        return unrecorded(ctx, "77");
    }
    if attempt.amount <= 0 {
        return refuse(tx, ctx, &row, &Decline::code(ctx, "13"), true);
    }
    let original = match originals::find(tx, ctx, &row, attempt)? {
        Ok(original) => original,
        Err(code) => return refuse(tx, ctx, &row, &Decline::code(ctx, code), true),
    };
    if !attempt.pin_readable {
        return refuse(tx, ctx, &row, &Decline::code(ctx, "99"), true);
    }
    if let Some(reason) = limits::objection(tx, ctx, line, attempt, &row)? {
        let place = (line.merchant.as_str(), line.terminal.as_str());
        let refusal = explain::refuse_for(tx, ctx, place, attempt.rule.capability, &reason, &row.id)?;
        return refuse(tx, ctx, &row, &Decline::stopped(refusal), true);
    }
    if let Some(original) = &original {
        if let Some(fee) = fees::returned(tx, &line.terms, attempt, original)? {
            store::fees::set(tx, &row.merchant_id, &row.id, fee)?;
        }
        store::transactions::link(tx, &row.merchant_id, &row.id, &original.id)?;
    }
    let original = original.map(|o| OriginalUpstream {
        batch: o.batch,
        stan: o.upstream_stan.unwrap_or(o.stan),
        date: answers::clock(&ctx.platform.zone, domain::time::Time::from_millis(o.received_at)).1,
        auth_code: o.auth_code,
        rrn: o.rrn,
    });
    Ok(Begun::Ask(Upstream { id: row.id, original }))
}

fn unrecorded(ctx: &Ctx, code: &str) -> Done<Begun> {
    Ok(Begun::Told(Issued::declined(ctx, &Decline::code(ctx, code))?))
}

/// The answer to a message whose trace number is taken.
fn repeated(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow) -> Done<Begun> {
    let key = (row.merchant_id.as_str(), row.terminal_id.as_str());
    let first = store::transactions::by_trace(tx, key, row.batch, row.stan, REQUEST)?
        .ok_or_else(|| Refused::Inconsistent(format!("trace {} is taken by nobody", row.stan)))?;
    if first.request_hash != row.request_hash {
        return unrecorded(ctx, "94");
    }
    match again(ctx, &first)? {
        Some(issued) => Ok(Begun::Told(issued)),
        None => Ok(Begun::Waits(first.id)),
    }
}

/// What the repeat of a transaction is answered; none while the first has no answer. What was reversed is not approved
/// again.
pub(super) fn again(ctx: &Ctx, first: &TransactionRow) -> Done<Option<Issued>> {
    let undone = first.state == "reversed" && matches!(first.response_code.as_str(), "00" | "");
    match &first.answer {
        _ if undone => Issued::declined(ctx, &Decline::code(ctx, "94")).map(Some),
        Some(answer) => Issued::from_bytes(answer).map(Some),
        None => Ok(None),
    }
}

/// Ends a row with a refusal, where it has one, and tells it.
fn refuse(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, decline: &Decline, recorded: bool) -> Done<Begun> {
    let issued = Issued::declined(ctx, decline)?;
    if recorded {
        let answer = issued.to_bytes()?;
        let end = End {
            state: "declined",
            response_code: &decline.code,
            auth_code: "",
            answer: &answer,
            explanation_code: &decline.explanation_code,
            at: ctx.now.millis(),
            entry: "",
        };
        if !store::transactions::finish(tx, &row.merchant_id, &row.id, &end)? {
            return Err(Refused::Inconsistent(format!("transaction {} ended twice", row.id)));
        }
    }
    if recorded || !decline.told {
        tell_declined(tx, ctx, row, decline)?;
    }
    Ok(Begun::Told(issued))
}

/// Puts a decline on the terminal's time-line.
pub(super) fn tell_declined(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, decline: &Decline) -> Done<()> {
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "terminal.declined",
            merchant: &row.merchant_id,
            subject_kind: "terminal",
            subject: &row.terminal_id,
            terminal: &row.terminal_id,
            data: json!({
                "amount": row.amount, "response_code": decline.code, "reason": decline.reason,
                "code": decline.explanation_code, "transaction": row.id,
            }),
            audit: "-",
        },
    )?;
    Ok(())
}
