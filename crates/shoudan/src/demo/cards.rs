//! The cards of the demonstration: what the simulated card network answers is decided by the card alone.

use domain::cards::{BinMatch, BinTable};
use domain::identifiers::BankCard;
use serde::{Deserialize, Serialize};

/// A card to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCard {
    /// Its number.
    pub pan: String,
    /// Its second track, with `=` between number and expiry.
    pub track2: String,
    /// The PIN to type.
    pub pin: String,
    /// What the network does; see [`OUTCOMES`].
    pub outcome: String,
    /// The code of the network's answer (F39); empty where it does not answer at all.
    pub response_code: String,
}

/// What the network does with a card: outcome, the code it answers with, and the first digits of the card.
///
/// `no_answer`: it never answers, and says to a later reversal that it knows nothing. `late`: it approves, but only after
/// the gateway has given up waiting. Everything else answers at once.
pub const OUTCOMES: &[(&str, &str, &str)] = &[
    ("approved", "00", "622202"),
    ("approved", "00", "622588"),
    ("approved", "00", "622575"),
    ("declined_insufficient_funds", "51", "622700"),
    ("declined_wrong_pin", "55", "622848"),
    ("declined_expired_card", "54", "622208"),
    ("declined_amount_limit", "61", "622260"),
    ("declined_lost_card", "41", "622622"),
    ("no_answer", "", "621700"),
    ("late", "00", "621661"),
];

/// The PIN of every card.
const PIN: &str = "123456";

/// Year and month after which the cards expire, and the service code of a stripe card with PIN.
const EXPIRY_AND_SERVICE: &str = "3512120";

/// The cards of [`OUTCOMES`], in its order.
pub fn cards(bins: &BinTable) -> Vec<TestCard> {
    let made = OUTCOMES.iter().enumerate().filter_map(|(n, (outcome, code, bin))| {
        let pan = number(bins, bin, 1000 + n)?;
        Some(TestCard {
            track2: format!("{pan}={EXPIRY_AND_SERVICE}00000000"),
            pan,
            pin: PIN.to_owned(),
            outcome: (*outcome).to_owned(),
            response_code: (*code).to_owned(),
        })
    });
    made.collect()
}

/// A card number of these first digits: as long as the bank's are, zeros, the `n`, the check digit.
pub fn number(bins: &BinTable, bin: &str, n: usize) -> Option<String> {
    let length = (13..=19).find(|length| {
        let probe = format!("{bin:0<length$}");
        matches!(bins.lookup(&probe), BinMatch::Found(found) if found.prefix == bin)
    })?;
    let body = length - bin.len() - 1;
    (0..10)
        .map(|check| format!("{bin}{n:0>body$}{check}"))
        .find(|pan| BankCard::parse(pan).is_ok())
}
