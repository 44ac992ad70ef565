//! One row per kind of financial message that the gateway carries.

use iso8583::Kind;
use iso8583::kinds::Side;

/// Which earlier transaction a message must refer to, and how it names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// None.
    Nothing,
    /// By batch and trace (61.1, 61.2), of the same day.
    Trace(&'static [&'static str]),
    /// By card and reference number (field 37), at most 30 days old; less than the whole may be given back.
    Reference(&'static [&'static str]),
    /// By card and authorisation code (field 38), at most 29 days old.
    Authorisation(&'static [&'static str]),
}

/// How much a message that refers to another may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Exactly the original's.
    Same,
    /// At most what is left of the original.
    Rest,
    /// At most 115 % of the original.
    Tolerated,
    /// Any: what it adds to the original is its own.
    Added,
    /// As `Added`, within what the terminals' parameters allow as a tip.
    Tip,
}

/// How a kind of message is dealt with.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The message.
    pub kind: Kind,
    /// How it is written in rows and JSON.
    pub code: &'static str,
    /// Name for people, Chinese then English.
    pub names: (&'static str, &'static str),
    /// The capability it takes.
    pub capability: &'static str,
    /// What it refers to.
    pub original: Names,
    /// How much it may be about.
    pub amount: Amount,
    /// The state its approval brings its original to.
    pub turns: Option<&'static str>,
    /// The event its approval is.
    pub event: &'static str,
}

impl Rule {
    /// Whether the terminal did it on its own and tells it afterwards: see [`super::notices`].
    pub fn is_notice(&self) -> bool {
        let kinds = [
            Kind::CompletionNotice,
            Kind::OfflineSale,
            Kind::ChipOffline,
            Kind::OfflineAdjust,
            Kind::TipAdjust,
        ];
        kinds.contains(&self.kind)
    }

    /// Whether it refers to no earlier transaction.
    pub fn stands_alone(&self) -> bool {
        self.original == Names::Nothing
    }
}

const SALES: &[&str] = &["sale", "qr_sale"];
const REFUNDABLE: &[&str] = &["sale", "qr_sale", "completion", "completion_notice", "offline_sale"];
const HELD: &[&str] = &["preauth"];
const COMPLETED: &[&str] = &["completion", "completion_notice"];
const OFFLINE: &[&str] = &["offline_sale"];
const TIPPED: &[&str] = &["sale", "completion", "offline_sale"];
const CASH_LOADS: &[&str] = &["load_cash"];

macro_rules! rules {
    ($($kind:ident $code:literal $zh:literal $en:literal $capability:literal $original:expr, $amount:ident, $turns:expr, $event:literal;)*) => {
        &[$(Rule {
            kind: Kind::$kind, code: $code, names: ($zh, $en), capability: $capability, original: $original,
            amount: Amount::$amount, turns: $turns, event: $event,
        }),*]
    };
}

/// Kinds without a row are answered 40. A balance enquiry is no transaction and stands apart.
#[rustfmt::skip]
pub const RULES: &[Rule] = rules! {
    Sale           "sale"            "消费"           "Sale"                       "sale"             Names::Nothing, Same, None, "terminal.sold";
    QrSale         "qr_sale"         "扫码消费"       "Sale by scanned code"       "qr_scanned"       Names::Nothing, Same, None, "terminal.sold";
    Void           "void"            "消费撤销"       "Void"                       "void"             Names::Trace(SALES), Same, Some("voided"), "terminal.voided";
    Refund         "refund"          "退货"           "Refund"                     "refund"           Names::Reference(REFUNDABLE), Rest, Some("refunded"), "terminal.refunded";
    PreAuth        "preauth"         "预授权"         "Pre-authorisation"          "preauth"          Names::Nothing, Same, None, "terminal.preauthorised";
    PreAuthVoid    "preauth_void"    "预授权撤销"     "Pre-authorisation void"     "preauth"          Names::Authorisation(HELD), Same, Some("voided"), "terminal.voided";
    Completion     "completion"      "预授权完成"     "Completion"                 "preauth_complete" Names::Authorisation(HELD), Tolerated, None, "terminal.completed";
    CompletionVoid "completion_void" "预授权完成撤销" "Completion void"            "preauth_complete" Names::Trace(COMPLETED), Same, Some("voided"), "terminal.voided";
    LoadSpecified  "load_specified"  "指定账户圈存"   "Load from the account"      "sale"             Names::Nothing, Same, None, "terminal.loaded";
    LoadCash       "load_cash"       "现金充值"       "Load with cash"             "sale"             Names::Nothing, Same, None, "terminal.loaded";
    LoadOther      "load_other"      "非指定账户圈存" "Load from another account"  "sale"             Names::Nothing, Same, None, "terminal.loaded";
    LoadCashVoid   "load_cash_void"  "现金充值撤销"   "Void of a cash load"        "void"             Names::Trace(CASH_LOADS), Same, Some("voided"), "terminal.voided";
    // Notices: see `notices`. The network is told afterwards.
    CompletionNotice "completion_notice" "预授权完成通知" "Completion notice"      "preauth_complete" Names::Authorisation(HELD), Tolerated, None, "terminal.completed";
    OfflineSale    "offline_sale"    "离线消费"       "Offline sale"               "offline_sale"     Names::Nothing, Same, None, "terminal.sold";
    ChipOffline    "chip_offline"    "电子现金消费"   "Offline sale by chip"       "offline_sale"     Names::Nothing, Same, None, "terminal.sold";
    OfflineAdjust  "offline_adjust"  "离线调整"       "Offline adjustment"         "offline_sale"     Names::Trace(OFFLINE), Added, None, "terminal.adjusted";
    TipAdjust      "tip_adjust"      "小费调整"       "Tip"                        "sale"             Names::Trace(TIPPED), Tip, None, "terminal.adjusted";
};

/// The rule of a kind.
pub fn rule(kind: Kind) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.kind == kind)
}

/// The rule of a code in a row.
pub fn by_code(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// On which side of a settlement the transactions of a code count.
pub fn side(code: &str) -> Side {
    by_code(code).map_or(Side::Neither, |rule| rule.kind.row().side)
}
