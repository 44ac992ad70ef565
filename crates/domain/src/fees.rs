//! What a sale costs whom: the merchant's fee by agreement, the issuer's and the network's by the regulated tariff, and
//! what is left for the acquirer. Rounded half up to the fen, once per transaction and party.

use crate::cards::CardType;
use crate::csv::{self, CsvError};
use crate::money::{Fen, MoneyError, Ppm, Rounding};
use crate::names::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod standard;

pub use standard::{Agreed, Channel, FeeRow, OnRefund};

/// How one fee is computed: rate × amount + fixed, not below the minimum, not above the cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeePlan {
    /// The rate.
    pub rate_ppm: Ppm,
    /// Added to every transaction, in fen.
    pub fixed: Fen,
    /// The least, in fen. Not charged on an amount of zero.
    pub minimum: Option<Fen>,
    /// The most, in fen. Wins over the minimum.
    pub cap: Option<Fen>,
}

impl FeePlan {
    /// Nothing is charged.
    pub const FREE: Self = Self {
        rate_ppm: Ppm(0),
        fixed: Fen(0),
        minimum: None,
        cap: None,
    };

    /// A rate alone.
    pub const fn rate(rate_ppm: Ppm) -> Self {
        Self { rate_ppm, ..Self::FREE }
    }

    /// A rate up to a cap.
    pub const fn capped(rate_ppm: Ppm, cap: Fen) -> Self {
        Self {
            cap: Some(cap),
            ..Self::rate(rate_ppm)
        }
    }

    /// The fee on `amount`.
    pub fn fee(&self, amount: Fen) -> Result<Fen, MoneyError> {
        self.scaled_fee(amount, Ppm::ONE, true)
    }

    /// The fee with the rate scaled by `factor`, rounded once, and the cap scaled too if `scale_cap`.
    fn scaled_fee(&self, amount: Fen, factor: Ppm, scale_cap: bool) -> Result<Fen, MoneyError> {
        if amount == Fen::ZERO {
            return Ok(Fen::ZERO);
        }
        let rated = self.rate_ppm.of_scaled(amount, factor, Rounding::HalfUp)?;
        let mut fee = rated.checked_add(self.fixed)?;
        if let Some(minimum) = self.minimum {
            fee = fee.max(minimum);
        }
        if let Some(cap) = self.cap {
            let cap = if scale_cap { factor.of(cap)? } else { cap };
            fee = fee.min(cap);
        }
        Ok(fee)
    }
}

/// The fee class of a merchant, from its category code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeClass {
    /// 标准类.
    Standard,
    /// 优惠类: supermarkets, warehouse stores, utilities, fuel, transport tickets.
    Discount,
    /// 减免类: non-profit medicine, education, welfare, elderly care, charity. The category alone is not enough: proof of
    /// the non-profit status is needed.
    Exempt,
}

impl FeeClass {
    fn from_code(code: &str) -> Option<Self> {
        match code {
            "standard" => Some(Self::Standard),
            "discount" => Some(Self::Discount),
            "exempt" => Some(Self::Exempt),
            _ => None,
        }
    }
}

/// What issuer and network take for one kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardTariff {
    /// 发卡行服务费.
    pub issuer: FeePlan,
    /// The acquirer's half of the 网络服务费.
    pub network: FeePlan,
    /// What the standard class pays of both; 900 000 under the relief of 2021, where the cap stays.
    pub standard_factor: Ppm,
}

/// The regulated part of the price, as data: an institution may replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Debit cards.
    pub debit: CardTariff,
    /// Credit and semi-credit cards.
    pub credit: CardTariff,
    /// Prepaid cards. The regulation does not name them; by default as debit.
    pub prepaid: CardTariff,
    /// What the discount class pays.
    pub discount_factor: Ppm,
    /// Whether the discount class's caps shrink with its rates. The sources disagree.
    pub discount_scales_cap: bool,
}

impl Tariff {
    /// The ceilings of 发改价格〔2016〕557号 in force since 2016-09-06, the discount class at 78% of them.
    pub const REGULATED: Self = {
        let network = FeePlan::capped(Ppm(325), Fen(325));
        let debit = CardTariff {
            issuer: FeePlan::capped(Ppm(3_500), Fen(1_300)),
            network,
            standard_factor: Ppm::ONE,
        };
        Self {
            debit,
            credit: CardTariff {
                issuer: FeePlan::rate(Ppm(4_500)),
                network,
                standard_factor: Ppm::ONE,
            },
            prepaid: debit,
            discount_factor: Ppm(780_000),
            discount_scales_cap: true,
        }
    };

    const fn card(&self, card: CardType) -> &CardTariff {
        match card {
            CardType::Debit => &self.debit,
            CardType::Credit
            | CardType::SemiCredit
            | CardType::PublicService
            | CardType::Foreign
            | CardType::Unknown => &self.credit,
            CardType::Prepaid => &self.prepaid,
        }
    }

    /// What the issuer and the network take of a sale of `amount`.
    fn taken(&self, amount: Fen, card: CardType, class: FeeClass) -> Result<(Fen, Fen), MoneyError> {
        let tariff = self.card(card);
        let (factor, scale_cap) = match class {
            FeeClass::Standard => (tariff.standard_factor, false),
            FeeClass::Discount => (self.discount_factor, self.discount_scales_cap),
            FeeClass::Exempt => return Ok((Fen::ZERO, Fen::ZERO)),
        };
        Ok((
            tariff.issuer.scaled_fee(amount, factor, scale_cap)?,
            tariff.network.scaled_fee(amount, factor, scale_cap)?,
        ))
    }
}

/// One sale's fees. `merchant = issuer + network + acquirer` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSplit {
    /// What the merchant pays.
    pub merchant: Fen,
    /// The issuing bank's part.
    pub issuer: Fen,
    /// The card network's part (the acquirer's half).
    pub network: Fen,
    /// What is left for the acquirer; negative where the agreement is cheaper than the tariff.
    pub acquirer: Fen,
}

/// Splits the fee of one sale.
pub fn split(
    amount: Fen,
    card: CardType,
    class: FeeClass,
    plan: &FeePlan,
    tariff: &Tariff,
) -> Result<FeeSplit, MoneyError> {
    let merchant = plan.fee(amount)?;
    let (issuer, network) = tariff.taken(amount, card, class)?;
    Ok(FeeSplit {
        merchant,
        issuer,
        network,
        acquirer: merchant.checked_sub(issuer)?.checked_sub(network)?,
    })
}

/// A sale with what was already refunded of it and of its fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refundable {
    /// What was sold for.
    pub amount: Fen,
    /// The fee on it.
    pub fee: Fen,
    /// What was refunded so far.
    pub refunded: Fen,
    /// The fee returned so far.
    pub fee_returned: Fen,
}

/// Why a refund is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// Nothing or less than nothing is to be refunded.
    #[error("a refund must be of at least 0.01 yuan")]
    NotPositive,
    /// More than is left.
    #[error("only {left} yuan of this sale is left to refund")]
    MoreThanLeft {
        /// What is left.
        left: Fen,
    },
    /// The arithmetic does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Refundable {
    /// The part of the fee that returns with a refund of `refund`: its share of the fee, never more than is left of it;
    /// the refund that empties the sale returns all that is left. Whether fees return at all is the agreement's matter.
    pub fn fee_share(&self, refund: Fen) -> Result<Fen, RefundError> {
        let left = self.amount.checked_sub(self.refunded)?;
        let fee_left = self.fee.checked_sub(self.fee_returned)?;
        if refund <= Fen::ZERO {
            return Err(RefundError::NotPositive);
        }
        if refund > left {
            return Err(RefundError::MoreThanLeft { left });
        }
        if refund == left {
            return Ok(fee_left);
        }
        let share = self.fee.share(refund, self.amount, Rounding::HalfUp)?;
        Ok(share.min(fee_left))
    }
}

/// One merchant category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// What it is called.
    pub name: Text,
    /// Its fee class.
    pub class: FeeClass,
}

/// The merchant categories by their four-digit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(BTreeMap<String, Category>);

impl Categories {
    /// Reads `code,zh,en,fee_class`.
    pub fn parse(text: &str) -> Result<Self, CsvError> {
        let mut categories = BTreeMap::new();
        for row in csv::rows(text, ["code", "zh", "en", "fee_class"])? {
            let [code, zh, en, class] = &row.values;
            if code.len() != 4 || !code.bytes().all(|b| b.is_ascii_digit()) {
                return Err(row.wrong(0, "must be four digits; a leading zero counts"));
            }
            let name = Text::new(zh, en);
            if let Some(lang) = name.missing() {
                return Err(row.wrong(
                    if zh.is_empty() { 1 } else { 2 },
                    format!("says nothing in {}", lang.tag()),
                ));
            }
            let class =
                FeeClass::from_code(class).ok_or_else(|| row.wrong(3, "must be `standard`, `discount` or `exempt`"))?;
            if categories.insert(code.clone(), Category { name, class }).is_some() {
                return Err(row.wrong(0, "stands in the table twice"));
            }
        }
        Ok(Self(categories))
    }

    /// The category of a code.
    pub fn get(&self, code: &str) -> Option<&Category> {
        self.0.get(code)
    }

    /// All categories by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Category)> {
        self.0.iter().map(|(code, category)| (code.as_str(), category))
    }
}

#[cfg(test)]
mod tests;
