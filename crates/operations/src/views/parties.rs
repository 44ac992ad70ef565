//! Merchants, terminals and their transactions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MerchantView {
    /// Id.
    pub id: String,
    /// 15-character number.
    pub number: String,
    /// `micro`, `sole_trader`, `enterprise`.
    pub kind: String,
    /// Registered name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Category code.
    pub mcc: String,
    /// Category in words.
    pub mcc_name: String,
    /// Province code.
    pub province: String,
    /// City.
    pub city: String,
    /// Stage code.
    pub stage: String,
    /// Stage in words.
    pub stage_name: String,
    /// Agent id or `-`.
    pub agent_id: String,
    /// Agent name.
    pub agent_name: String,
    /// Risk level.
    pub risk_level: String,
    /// Masked sensitive values: `(field, masked)`.
    pub masked: Vec<MaskedValue>,
    /// Shops.
    pub shops: Vec<ShopView>,
    /// Current settlement account in words, masked.
    pub settlement_account: Option<SettlementAccountView>,
    /// Contract.
    pub contract: Option<ContractView>,
    /// Number of terminals.
    pub terminals: i64,
    /// When it was created.
    pub created_at: i64,
    /// When it was activated.
    pub activated_at: Option<i64>,
}

/// A sensitive value, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaskedValue {
    /// Field code.
    pub field: String,
    /// Masked value.
    pub masked: String,
}

/// A shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShopView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Stage.
    pub stage: String,
}

/// A settlement account, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettlementAccountView {
    /// Id.
    pub id: String,
    /// Bank name.
    pub bank: String,
    /// `corporate` or `personal`.
    pub account_kind: String,
    /// Masked number.
    pub masked: String,
    /// Stage.
    pub stage: String,
    /// Since when it receives payouts.
    pub effective_at: Option<i64>,
}

/// A contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractView {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Stage.
    pub stage: String,
    /// When signed.
    pub signed_at: Option<i64>,
    /// When it expires.
    pub expires_at: Option<i64>,
}

/// A merchant in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MerchantRow {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Stage.
    pub stage: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended` for taking money.
    pub standing: String,
    /// City.
    pub city: String,
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalView {
    /// Id.
    pub id: String,
    /// 8-character number.
    pub number: String,
    /// Merchant id.
    pub merchant_id: String,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant name.
    pub merchant_name: String,
    /// Shop.
    pub shop: ShopView,
    /// Stage code.
    pub stage: String,
    /// Stage in words.
    pub stage_name: String,
    /// Serial number of its device.
    pub serial: String,
    /// Model name.
    pub model: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended` for selling.
    pub standing: String,
    /// Spare machine: exempt from dormancy.
    pub spare: bool,
    /// Software version.
    pub software: String,
    /// Current batch.
    pub batch: i64,
    /// Signed in.
    pub signed_in: bool,
    /// Last sign-in.
    pub signed_in_at: Option<i64>,
    /// Last sale.
    pub last_sale_at: Option<i64>,
    /// When it was opened.
    pub opened_at: Option<i64>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionView {
    /// Id.
    pub id: String,
    /// Terminal number.
    pub terminal_number: String,
    /// Kind code.
    pub kind: String,
    /// Kind in words.
    pub kind_name: String,
    /// Fen.
    pub amount: i64,
    /// `pending`, `approved`, `declined`, `unknown`, `voided`, `reversed`, `refunded`.
    pub state: String,
    /// State in words.
    pub state_name: String,
    /// F39.
    pub response_code: String,
    /// Reference number.
    pub rrn: String,
    /// Masked card.
    pub masked_card: String,
    /// Trace number.
    pub stan: i64,
    /// Batch.
    pub batch: i64,
    /// Type of card, in words; empty where no card was read.
    pub card_type: String,
    /// What the merchant pays for it, fen; negative where a fee returns.
    pub fee: i64,
    /// Explanation code of a decline that a stop or limit caused.
    pub explanation_code: String,
    /// When it arrived.
    pub at: i64,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Serial number.
    pub serial: String,
    /// Model, in words.
    pub model: String,
    /// Stage code.
    pub stage: String,
    /// Stage in words.
    pub stage_name: String,
    /// Software version.
    pub software: String,
    /// Number of the terminal it serves.
    pub terminal: Option<String>,
}
