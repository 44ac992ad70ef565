//! What belongs to a transaction and comes after it: the card holder's signature, and what the chip made of the issuer's
//! script.

use domain::secret::Secret;
use iso8583::tlv;
use iso8583::values::{F61, read_receipt};
use iso8583::{Message, Pan};
use serde_json::{Map, Value};
use store::Tx;
use store::signatures::SignatureRow;
use store::transactions::{self, TransactionRow};

use crate::ctx::Ctx;
use crate::payments::{self, Decline, Issued, REQUEST, Ruling};
use crate::refused::{Done, Refused};
use crate::sealing::{hex, sha256};
use crate::session::Line;

/// Tags of field 55: result of the issuer's script, terminal verification results.
const SCRIPT_RESULT: u32 = 0xDF31;
const VERIFICATION: u32 = 0x95;
/// What stands in a picture's name, so that it opens nowhere else.
fn place(merchant: &str, transaction: &str) -> String {
    format!("signatures/{merchant}/{transaction}")
}

/// A signature, without the card number.
#[derive(Clone)]
pub struct Signature {
    /// 60.2 and F11 of the transaction that was signed.
    pub trace: (i64, i64),
    /// F37.
    pub reference: String,
    /// F4, fen.
    pub amount: i64,
    /// Keyed index of the card.
    pub card_index: String,
    /// F62: the picture (JBIG).
    pub picture: Secret<Vec<u8>>,
    /// F55: what stands above it, in names and values.
    pub receipt: Vec<(&'static str, String)>,
}

impl Signature {
    /// Reads a message. None where the picture or a field that names the transaction is missing, or the receipt cannot be
    /// read (answer 30).
    pub fn read(ctx: &Ctx, message: &Message, pan: Option<&Pan>, batch: i64) -> Option<Self> {
        let number = |field| message.number(field).and_then(|n| i64::try_from(n).ok());
        let picture = message.bytes(62).filter(|picture| !picture.is_empty())?;
        Some(Self {
            trace: (batch, number(11)?),
            reference: message.text(37)?.trim_end().to_owned(),
            amount: number(4)?,
            card_index: ctx.platform.sealer.blind("pan", pan?.expose()),
            picture: Secret::new(picture.to_vec()),
            receipt: message.bytes(55).map_or(Ok(Vec::new()), read_receipt).ok()?,
        })
    }
}

/// Keeps a signature under its transaction, sealed. The same once more changes nothing; another one is refused.
pub fn keep(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, signature: &Signature) -> Done<Ruling<Issued>> {
    payments::authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    let (batch, stan) = signature.trace;
    let key = (line.merchant.as_str(), line.terminal.as_str());
    let found = transactions::by_trace(tx, key, batch, stan, REQUEST)?;
    let row = match found {
        Some(row) if took_effect(&row) && row.rrn == signature.reference => row,
        _ => return Ok(Err(Decline::code(ctx, "25"))),
    };
    if row.card_index != signature.card_index {
        return Ok(Err(Decline::code(ctx, "14")));
    }
    if row.amount != signature.amount {
        return Ok(Err(Decline::code(ctx, "64")));
    }
    let picture = signature.picture.expose();
    let receipt: Map<String, Value> = signature
        .receipt
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    let kept = SignatureRow {
        merchant_id: row.merchant_id.clone(),
        sealed: ctx
            .platform
            .sealer
            .seal(picture, ctx.ids.bytes(), &place(&row.merchant_id, &row.id)),
        size: i64::try_from(picture.len()).unwrap_or(i64::MAX),
        sha256: sha256(picture),
        receipt: Value::Object(receipt).to_string(),
        received_at: ctx.now.millis(),
        transaction_id: row.id,
    };
    if !store::signatures::insert(tx, &kept)? {
        let first = store::signatures::get(tx, &kept.merchant_id, &kept.transaction_id)?;
        if first.is_some_and(|first| first.sha256 != kept.sha256) {
            return Ok(Err(Decline::code(ctx, "94")));
        }
    }
    Ok(Ok(Issued::code(ctx, "00")?))
}

/// The picture of a transaction's signature with what stood above it (JSON). Internal: its doors check who asks.
pub fn picture(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    merchant: &str,
    transaction: &str,
) -> Done<Option<(Secret<Vec<u8>>, String)>> {
    store::signatures::get(tx, merchant, transaction)?
        .map(|row| {
            let picture = ctx.platform.sealer.open(&row.sealed, &place(merchant, transaction))?;
            Ok((picture, row.receipt))
        })
        .transpose()
}

fn took_effect(row: &TransactionRow) -> bool {
    matches!(row.state.as_str(), "approved" | "voided" | "refunded")
}

/// Keeps what the chip made of the issuer's script, under the transaction that F61 names.
pub fn keep_script(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, message: &Message) -> Done<Ruling<()>> {
    payments::authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    let (Some(names), Some(data)) = (F61::of(message), message.bytes(55)) else {
        return Ok(Err(Decline::code(ctx, "30")));
    };
    if tlv::parse(data).is_err() {
        return Ok(Err(Decline::code(ctx, "30")));
    }
    let key = (line.merchant.as_str(), line.terminal.as_str());
    let Some(row) = transactions::by_trace(tx, key, names.batch.into(), names.trace.into(), REQUEST)? else {
        return Ok(Err(Decline::code(ctx, "25")));
    };
    let value = |tag| tlv::find(data, tag).map(hex).unwrap_or_default();
    store::signatures::insert_script(
        tx,
        (&row.merchant_id, &row.id),
        &value(SCRIPT_RESULT),
        &value(VERIFICATION),
        ctx.now.millis(),
    )?;
    Ok(Ok(()))
}

/// What the chip made of a transaction's script and the verification results, hex.
pub fn script(tx: &mut Tx<'_>, merchant: &str, transaction: &str) -> Done<Option<(String, String)>> {
    store::signatures::script(tx, merchant, transaction).map_err(Refused::from)
}
