//! What a payment costs its merchant. Nothing is charged without an agreement in force; what undoes a payment gives its
//! fee back as the agreement says.

use domain::cards::CardType;
use domain::fees::{OnRefund, Refundable};
use domain::limits::Entry;
use domain::money::Fen;
use store::Tx;
use store::transactions::{self, TransactionRow};

use super::begin::Attempt;
use super::limits::{Terms, is_counted};
use super::rules::Amount;
use crate::refused::{Done, Refused};

/// What a payment that takes money costs; nothing for any other, and nothing where the amount is beyond arithmetic (such
/// a payment does not pass the limits).
pub(super) fn of(terms: &Terms, attempt: &Attempt) -> i64 {
    if !is_counted(attempt.rule) {
        return 0;
    }
    let fee = terms.agreed.fee(Fen(attempt.amount), attempt.card, attempt.entry());
    fee.map_or(0, |fee| fee.0)
}

/// The fee of a payment that undoes another, wholly or in part: what returns to the merchant, as a negative number. None
/// where it undoes nothing.
pub(super) fn returned(
    tx: &mut Tx<'_>,
    terms: &Terms,
    attempt: &Attempt,
    original: &TransactionRow,
) -> Done<Option<i64>> {
    if attempt.rule.turns.is_none() {
        return Ok(None);
    }
    if attempt.rule.amount == Amount::Same {
        return Ok(Some(-original.fee));
    }
    let card = CardType::from_code(&original.card_type).unwrap_or(CardType::Unknown);
    let row = terms.agreed.row(card, Entry::of(&original.entry_mode));
    if row.is_none_or(|row| row.on_refund == OnRefund::Kept) {
        return Ok(Some(0));
    }
    let before = transactions::about(tx, &original.merchant_id, original)?;
    let refundable = Refundable {
        amount: Fen(original.amount),
        fee: Fen(original.fee),
        refunded: Fen(before.iter().map(|refund| refund.amount).sum()),
        fee_returned: Fen(before.iter().map(|refund| -refund.fee).sum()),
    };
    let share = refundable
        .fee_share(Fen(attempt.amount))
        .map_err(|error| Refused::Inconsistent(format!("the fee of a refund of {}: {error}", original.id)))?;
    Ok(Some(-share.0))
}
