//! What stands on a transaction's slip. The institution's rules ask for acquirer, merchant name and number, terminal
//! number, masked card, type, time and amount (银发〔2014〕5号); a slip that answers a slip request also carries batch,
//! trace, reference and authorisation numbers and the signature.

use domain::secret::Secret;
use iso8583::Message;
use iso8583::values::ReplyTexts;
use serde_json::Value;
use store::Tx;
use store::transactions::{self, TransactionRow};

use crate::ctx::Ctx;
use crate::explain::{self, Ask, Audience};
use crate::payments::{self, Issued};
use crate::refused::{Done, Refused};
use crate::signatures;
use crate::views::TransactionView;

/// The contactless parameter that says up to how many fen nobody signs.
const NO_SIGNATURE_UP_TO: &str = "FF805D";
/// States in which a payment took effect, so that its holder has something to sign.
const TOOK_EFFECT: &[&str] = &["approved", "voided", "refunded", "reversed"];

/// What stands where the holder signs.
#[derive(Clone)]
pub enum Signing {
    /// Nothing was authorised: nothing is signed.
    Nothing,
    /// The signature as the terminal sent it (field 62, JBIG).
    Signed(Secret<Vec<u8>>),
    /// A line: the paper was signed, or is to be.
    Line,
    /// No signature is asked up to this many fen: contactless, within the limit that terminals download.
    UpTo(i64),
    /// The customer's own phone confirmed it.
    Code,
}

/// A slip. No `Debug`: it may hold a signature.
#[derive(Clone)]
pub struct SlipView {
    /// The transaction.
    pub transaction: TransactionView,
    /// F38, or empty.
    pub authorisation: String,
    /// Full name of the merchant.
    pub merchant_name: String,
    /// Its number.
    pub merchant_number: String,
    /// Name of the shop, or empty.
    pub shop_name: String,
    /// Issuer's name or number, where the network or the terminal gave one.
    pub issuer: String,
    /// Card organisation (63.1), or empty.
    pub organisation: String,
    /// First two digits of F22.
    pub entry: String,
    /// Trace and reference numbers of the transaction that this one refers to.
    pub original: Option<(i64, String)>,
    /// What F39 means, in the asked language.
    pub response: String,
    /// Why, in one sentence, where the explanation code is still alive.
    pub why: String,
    /// Where the holder signs.
    pub signing: Signing,
}

/// A transaction's slip, for whoever may see the transaction.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<SlipView> {
    payments::view(tx, ctx, merchant, id)?;
    let row = transactions::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("transaction", id))?;
    of_row(tx, ctx, &row)
}

/// What a terminal printed: its number, and batch and trace number of what it was about.
pub type Printed<'a> = (&'a str, i64, i64);

/// The slip that a terminal printed. Internal: only the demonstration asks, whose drawn machines anyone may take in hand.
pub fn printed(tx: &mut Tx<'_>, ctx: &mut Ctx, asked: Printed<'_>) -> Done<SlipView> {
    let row = row_of(tx, asked)?.ok_or_else(|| Refused::not_found("slip", asked.2.to_string()))?;
    of_row(tx, ctx, &row)
}

/// Whether there is such a slip. Internal, as [`printed`].
pub fn is_printed(tx: &mut Tx<'_>, asked: Printed<'_>) -> Done<bool> {
    Ok(row_of(tx, asked)?.is_some())
}

fn row_of(tx: &mut Tx<'_>, (number, batch, stan): Printed<'_>) -> Done<Option<TransactionRow>> {
    let Some((merchant, terminal)) = store::chain::terminal_by_number(tx, number)? else {
        return Ok(None);
    };
    let found = transactions::by_trace(tx, (&merchant, &terminal), batch, stan, payments::REQUEST)?;
    Ok(found)
}

fn of_row(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow) -> Done<SlipView> {
    let (merchant, id) = (row.merchant_id.as_str(), row.id.as_str());
    let transaction = payments::known(tx, ctx, row)?;
    let missing = || Refused::not_found("transaction", id);
    let chain = match store::chain::of_terminal(tx, merchant, &row.terminal_id)? {
        Some(chain) => chain,
        None => store::chain::of_merchant(tx, merchant)?.ok_or_else(missing)?,
    };
    let answer = row.answer.as_deref().map(Issued::from_bytes).transpose()?;
    let answer = answer.as_ref().map(|issued| &issued.0);
    let original = match &row.original_id {
        Some(id) => transactions::get(tx, merchant, id)?.map(|first| (first.stan, first.rrn)),
        None => None,
    };
    let signature = signatures::picture(tx, ctx, merchant, id)?;
    let receipt = signature.as_ref().map(|(_, receipt)| receipt.as_str());
    Ok(SlipView {
        authorisation: row.auth_code.clone(),
        merchant_name: chain.merchant_name,
        merchant_number: chain.merchant_number,
        shop_name: chain.terminal.and_then(|part| part.shop_name).unwrap_or_default(),
        issuer: issuer(answer, receipt),
        organisation: answer.map(organisation).unwrap_or_default(),
        entry: row.entry_mode.get(..2).unwrap_or_default().to_owned(),
        original,
        response: meaning(ctx, &row.response_code),
        why: why(tx, ctx, &row.explanation_code)?,
        signing: signing(ctx, row, signature.map(|(picture, _)| picture)),
        transaction,
    })
}

/// The signature as it was received, for whoever may see the transaction.
pub fn signature(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<Secret<Vec<u8>>> {
    payments::view(tx, ctx, merchant, id)?;
    let found = signatures::picture(tx, ctx, merchant, id)?;
    found
        .map(|(picture, _)| picture)
        .ok_or_else(|| Refused::not_found("signature", id))
}

/// F44: the issuer's number in the first eleven characters; a receipt may name it.
fn issuer(answer: Option<&Message>, receipt: Option<&str>) -> String {
    let named = receipt
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|told| told.get("issuer")?.as_str().map(str::to_owned));
    let numbered = || answer?.text(44)?.get(..11).map(|number| number.trim().to_owned());
    named.or_else(numbered).unwrap_or_default()
}

fn organisation(answer: &Message) -> String {
    answer
        .bytes(63)
        .map(|bytes| ReplyTexts::parse(bytes).organisation)
        .unwrap_or_default()
}

/// What F39 means, in the asked language.
pub(crate) fn meaning(ctx: &Ctx, code: &str) -> String {
    let row = ctx.catalog().response_codes.get(code);
    row.map(|row| row.display.get(ctx.lang).to_owned()).unwrap_or_default()
}

/// The explanation's headline. A code that has run out explains nothing any more; the slip keeps the code.
pub(crate) fn why(tx: &mut Tx<'_>, ctx: &mut Ctx, code: &str) -> Done<String> {
    if code.is_empty() {
        return Ok(String::new());
    }
    match explain::by_code(tx, ctx, code, &Ask::default(), Audience::Public) {
        Ok(told) => Ok(told.causes.first().map_or(told.headline, |cause| cause.title.clone())),
        Err(Refused::NotFound { .. }) => Ok(String::new()),
        Err(other) => Err(other),
    }
}

fn signing(ctx: &Ctx, row: &TransactionRow, signature: Option<Secret<Vec<u8>>>) -> Signing {
    let limit = no_signature_up_to(ctx);
    match (signature, row.entry_mode.get(..2)) {
        _ if !TOOK_EFFECT.contains(&row.state.as_str()) => Signing::Nothing,
        (Some(picture), _) => Signing::Signed(picture),
        (None, Some("03")) => Signing::Code,
        (None, Some("07")) if row.amount <= limit => Signing::UpTo(limit),
        (None, _) => Signing::Line,
    }
}

fn no_signature_up_to(ctx: &Ctx) -> i64 {
    let row = ctx.catalog().downloads.contactless.get(NO_SIGNATURE_UP_TO);
    row.and_then(|row| row.value.parse().ok()).unwrap_or(0)
}
