//! Response codes (field 39): class, meaning, and what a terminal shows.
//!
//! Codes and classes are those that two terminal programs and further public lists agree on; 45, A1, A3 and A7 come from one.
//! The wording is our own; the Chinese one fits the twenty GBK bytes of a text in field 63.

/// What a terminal or its operator is to do about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A: accepted.
    Accepted,
    /// B: refused, may be tried again.
    Retry,
    /// C: refused, not to be tried again.
    Refused,
    /// D: the operator has to act.
    Act,
    /// E: a fault of the centre, not to be tried again.
    Centre,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseCode {
    /// Two characters of field 39.
    pub code: &'static str,
    /// What to do about it.
    pub class: Class,
    /// What it means.
    pub meaning: &'static str,
    /// Text for the terminal in Chinese, at most ten characters.
    pub zh: &'static str,
    /// Text for the terminal in English.
    pub en: &'static str,
}

/// The row of a code, if there is one.
pub fn find(code: &str) -> Option<&'static ResponseCode> {
    let place = CODES.binary_search_by(|row| row.code.cmp(code)).ok()?;
    CODES.get(place)
}

/// The row of a code; for codes without one a refusal that says no more than that.
pub fn find_or_unknown(code: &str) -> &'static ResponseCode {
    find(code).unwrap_or(&UNKNOWN)
}

/// What a terminal shows for a code that it does not know.
pub static UNKNOWN: ResponseCode = row(
    "??",
    Class::Refused,
    "unknown response code",
    "交易失败",
    "Transaction failed",
);

const fn row(
    code: &'static str,
    class: Class,
    meaning: &'static str,
    zh: &'static str,
    en: &'static str,
) -> ResponseCode {
    ResponseCode {
        code,
        class,
        meaning,
        zh,
        en,
    }
}

use Class::{Accepted as A, Act as D, Centre as E, Refused as C, Retry as B};

/// All codes, rising.
#[rustfmt::skip]
pub static CODES: &[ResponseCode] = &[
    row("00", A, "approved", "交易成功", "Approved"),
    row("01", C, "call the issuer", "请联系发卡行", "Call your bank"),
    row("02", C, "call the issuer, special condition", "请联系发卡行", "Call your bank"),
    row("03", C, "merchant not registered or not valid", "商户未登记或无效", "Merchant not registered"),
    row("04", D, "pick up the card", "请收回此卡", "Keep the card"),
    row("05", C, "do not honour", "发卡行未批准", "Declined by the bank"),
    row("06", E, "error", "处理出错", "Processing error"),
    row("07", D, "pick up the card, special condition", "请收回此卡", "Keep the card"),
    row("09", B, "request in progress", "处理中请重试", "In progress, try again"),
    row("10", A, "approved for part of the amount", "已批准部分金额", "Approved in part"),
    row("11", A, "approved, important customer", "交易成功", "Approved"),
    row("12", C, "invalid transaction", "无效交易", "Invalid transaction"),
    row("13", B, "invalid amount", "金额无效请重试", "Invalid amount"),
    row("14", B, "invalid card number", "卡号无效", "Invalid card number"),
    row("15", C, "no such issuer", "此卡无法受理", "Card not accepted"),
    row("19", C, "enter the transaction again", "交易失败", "Transaction failed"),
    row("20", C, "invalid reply", "发卡行应答无效", "Invalid reply of the bank"),
    row("21", C, "no action taken; card not initialised or dormant", "卡未启用或已休眠", "Card not in use"),
    row("22", C, "suspected wrong operation: terminal and centre differ", "操作有误", "Wrong operation"),
    row("23", C, "fee not acceptable", "手续费有误", "Fee not acceptable"),
    row("25", C, "original transaction not found", "未找到原交易", "Original not found"),
    row("30", C, "format error", "报文格式错误", "Format error"),
    row("31", C, "bank not supported", "不受理该行卡", "Bank not supported"),
    row("33", D, "expired card", "卡已过期", "Card expired"),
    row("34", D, "suspected fraud", "可疑卡请收回", "Suspected fraud"),
    row("35", D, "pick up the card, contact the acquirer", "请收回此卡", "Keep the card"),
    row("36", D, "restricted card", "此卡受限请换卡", "Card restricted"),
    row("37", D, "pick up the card, call the acquirer's security", "请收回此卡", "Keep the card"),
    row("38", D, "PIN tries exceeded", "密码错误次数超限", "Too many PIN tries"),
    row("39", C, "no credit account", "无此信用账户", "No credit account"),
    row("40", C, "function not supported", "不支持该交易", "Not supported"),
    row("41", D, "lost card", "挂失卡请收回", "Lost card"),
    row("42", B, "no such account", "无此账户", "No such account"),
    row("43", D, "stolen card", "被盗卡请收回", "Stolen card"),
    row("44", C, "no investment account", "无此投资账户", "No investment account"),
    row("45", C, "fall-back to the stripe not allowed", "请插芯片卡", "Use the chip"),
    row("51", C, "insufficient funds", "余额不足", "Insufficient funds"),
    row("52", C, "no current account", "无此支票账户", "No current account"),
    row("53", C, "no savings account", "无此储蓄账户", "No savings account"),
    row("54", C, "expired card", "卡已过期", "Card expired"),
    row("55", C, "wrong PIN", "密码错误请重试", "Wrong PIN"),
    row("56", C, "no record of the card", "无此卡记录", "No record of the card"),
    row("57", C, "transaction not permitted to this card", "此卡不能做该交易", "Not permitted to the card"),
    row("58", C, "transaction not permitted to terminal or merchant", "终端不能做该交易", "Terminal not permitted"),
    row("59", C, "failed check, suspected fraud", "核验未通过", "Check failed"),
    row("60", C, "contact the acquirer", "请联系收单机构", "Contact the acquirer"),
    row("61", C, "amount over the limit", "金额超限", "Over the limit"),
    row("62", C, "restricted card", "此卡受限", "Card restricted"),
    row("63", C, "security violation", "违反安全规定", "Security violation"),
    row("64", C, "amount differs from the original", "与原交易金额不符", "Amount differs"),
    row("65", C, "count over the limit", "交易次数超限", "Too many transactions"),
    row("66", C, "contact the acquirer", "请联系收单机构", "Contact the acquirer"),
    row("67", C, "pick up the card", "请收回此卡", "Keep the card"),
    row("68", C, "reply too late", "应答超时请重试", "Reply too late"),
    row("75", C, "PIN tries exceeded", "密码错误次数超限", "Too many PIN tries"),
    row("77", D, "batch differs, or not signed in", "请重新签到", "Sign in again"),
    row("79", C, "offline totals do not balance", "请重传脱机交易", "Send offline data again"),
    row("90", C, "day cut-over in progress", "系统日切请稍后", "Day change, try later"),
    row("91", C, "issuer not reachable", "发卡行无法连通", "Bank not reachable"),
    row("92", C, "line to the issuer disturbed", "发卡行线路异常", "Line to bank disturbed"),
    row("93", C, "violation of rules", "交易违规", "Violation of rules"),
    row("94", C, "duplicate transaction", "重复交易", "Duplicate transaction"),
    row("95", C, "reconciliation difference", "对账不平", "Totals differ"),
    row("96", C, "system malfunction", "系统异常请稍后", "System error, try later"),
    row("97", D, "terminal not registered, or stopped", "终端未登记或停用", "Terminal not registered"),
    row("98", E, "no reply from the issuer", "发卡行超时", "No reply of the bank"),
    row("99", B, "PIN block cannot be read", "密码校验错请签到", "PIN error, sign in again"),
    row("A0", B, "MAC does not match", "报文校验错请签到", "MAC error, sign in again"),
    row("A1", C, "transfer currencies differ", "转账币种不符", "Currencies differ"),
    row("A2", A, "approved with a defect", "成功请向发卡行确认", "Approved, ask your bank"),
    row("A3", C, "wrong account for a transfer", "转入账户有误", "Wrong account"),
    row("A4", A, "approved with a defect", "成功请向发卡行确认", "Approved, ask your bank"),
    row("A5", A, "approved with a defect", "成功请向发卡行确认", "Approved, ask your bank"),
    row("A6", A, "approved with a defect", "成功请向发卡行确认", "Approved, ask your bank"),
    row("A7", C, "security processing failed", "安全处理失败", "Security error"),
];

impl ResponseCode {
    /// Whether the transaction counts as done.
    pub fn is_accepted(&self) -> bool {
        self.class == Class::Accepted
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::values::text;

    #[test]
    fn codes_rise_and_every_one_is_found() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        for row in CODES {
            assert_eq!(find(row.code), Some(row));
        }
        assert_eq!(find("ZZ"), None);
        assert_eq!(find_or_unknown("ZZ").zh, "交易失败");
    }

    #[test]
    fn texts_fit_their_place_in_field_63() {
        for row in CODES {
            assert!(
                row.en.is_ascii() && row.en.len() <= 25 && !row.zh.is_empty(),
                "{}",
                row.code
            );
            assert!(text::encode(row.zh).len() <= 20, "{}: {}", row.code, row.zh);
            assert_eq!(text::decode(&text::encode(row.zh)), row.zh);
        }
    }

    #[test]
    fn what_is_accepted_is_known_to_the_letter() {
        let accepted: Vec<_> = CODES
            .iter()
            .filter(|row| row.is_accepted())
            .map(|row| row.code)
            .collect();
        assert_eq!(accepted, ["00", "10", "11", "A2", "A4", "A5", "A6"]);
    }

    #[test]
    fn the_refusals_that_send_a_terminal_to_sign_in_need_its_operator_or_a_retry() {
        assert_eq!(find("77").unwrap().class, Class::Act);
        assert_eq!(find("97").unwrap().class, Class::Act);
        assert_eq!(find("A0").unwrap().class, Class::Retry);
        assert_eq!(find("98").unwrap().class, Class::Centre);
    }
}
