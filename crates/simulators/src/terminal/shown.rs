//! What stands on the screen and on the slip.

use iso8583::Message;
use iso8583::codes::find_or_unknown;
use iso8583::values::{Balance, BalanceFlag, F60, ReplyTexts, Totals};
use serde::{Deserialize, Serialize};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sign-in 签到.
    SignIn,
    /// Sign-off 签退.
    SignOff,
    /// Line test 回响测试.
    Echo,
    /// Parameter download 参数下载.
    Download,
    /// Sale 消费.
    Sale,
    /// Void 消费撤销.
    Void,
    /// Refund 退货.
    Refund,
    /// Balance 余额查询.
    Balance,
    /// Reversal 冲正.
    Reversal,
    /// Settlement 批结算.
    Settle,
    /// Report of state 状态上送.
    Status,
    /// Sale by a scanned code 扫码消费.
    QrSale,
    /// Pre-authorisation 预授权.
    PreAuth,
    /// Its void 预授权撤销.
    PreAuthVoid,
    /// Completion 预授权完成.
    Completion,
    /// Its void 预授权完成撤销.
    CompletionVoid,
    /// Sale without a line 离线消费.
    OfflineSale,
    /// What is added to a sale afterwards 调整.
    Adjust,
    /// Load of electronic cash 圈存.
    Load,
    /// Its void 充值撤销.
    LoadVoid,
    /// Result of an issuer's script 脚本通知.
    Script,
    /// Signature of the card holder 电子签名.
    Signature,
}

impl Action {
    /// What it is called on the screen, Chinese and English.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::SignIn => ("签到", "Sign-in"),
            Self::SignOff => ("签退", "Sign-off"),
            Self::Echo => ("线路测试", "Line test"),
            Self::Download => ("参数下载", "Parameter download"),
            Self::Sale => ("消费", "Sale"),
            Self::Void => ("消费撤销", "Void"),
            Self::Refund => ("退货", "Refund"),
            Self::Balance => ("余额查询", "Balance"),
            Self::Reversal => ("冲正", "Reversal"),
            Self::Settle => ("批结算", "Settlement"),
            Self::Status => ("状态上送", "Report of state"),
            Self::QrSale => ("扫码消费", "Sale by code"),
            Self::PreAuth => ("预授权", "Pre-authorisation"),
            Self::PreAuthVoid => ("预授权撤销", "Pre-authorisation void"),
            Self::Completion => ("预授权完成", "Completion"),
            Self::CompletionVoid => ("预授权完成撤销", "Completion void"),
            Self::OfflineSale => ("离线消费", "Offline sale"),
            Self::Adjust => ("调整", "Adjustment"),
            Self::Load => ("圈存", "Load"),
            Self::LoadVoid => ("充值撤销", "Load void"),
            Self::Script => ("脚本通知", "Script result"),
            Self::Signature => ("电子签名", "Signature"),
        }
    }
}

/// The language of screen and slip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Totals of a settlement as the host has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownTotals {
    /// Fen and count of what the merchant gets.
    pub debit: (i64, u16),
    /// Fen and count of what it gives back.
    pub credit: (i64, u16),
    /// Whether the terminal's totals agree.
    pub balanced: bool,
}

impl From<Totals> for ShownTotals {
    fn from(totals: Totals) -> Self {
        Self {
            debit: (totals.debit.amount, totals.debit.count),
            credit: (totals.credit.amount, totals.credit.count),
            balanced: totals.flag == BalanceFlag::Balanced,
        }
    }
}

/// The outcome of one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What was done.
    pub action: Action,
    /// Whether the host accepted it.
    pub approved: bool,
    /// F39.
    pub code: String,
    /// What the acquirer adds (F63.2).
    pub text: String,
    /// The explanation code at the end of that text, `7K3-M9Q`.
    pub explanation_code: Option<String>,
    /// Fen; 0 where there is none.
    pub amount: u64,
    /// First six and last four digits.
    pub masked_card: String,
    /// F11.
    pub trace: u32,
    /// 60.2.
    pub batch: u32,
    /// F37.
    pub reference: String,
    /// F38.
    pub authorisation: String,
    /// F13, MMDD.
    pub date: String,
    /// F12, hhmmss.
    pub time: String,
    /// F41.
    pub terminal_number: String,
    /// F42.
    pub merchant_number: String,
    /// Balance of the card, fen.
    pub balance: Option<i64>,
    /// The host's totals after a settlement.
    pub totals: Option<ShownTotals>,
}

impl Shown {
    pub(super) fn of(action: Action, request: &Message, answer: &Message) -> Self {
        let text = |number| answer.text(number).unwrap_or_default().trim_end().to_owned();
        let code = text(39);
        let said = answer.bytes(63).map(ReplyTexts::parse).unwrap_or_default().acquirer;
        let balance = answer
            .bytes(54)
            .and_then(|bytes| Balance::parse(bytes).ok())
            .map(|b| b.amount);
        Self {
            action,
            approved: find_or_unknown(&code).is_accepted(),
            explanation_code: explanation_code(&said),
            text: said,
            amount: request.number(4).unwrap_or(0),
            masked_card: request.pan().map(|pan| pan.masked()).unwrap_or_default(),
            trace: request.number(11).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            batch: F60::of(answer).or(F60::of(request)).map_or(0, |f60| f60.batch),
            reference: text(37),
            authorisation: text(38),
            date: text(13),
            time: text(12),
            terminal_number: request.text(41).unwrap_or_default().to_owned(),
            merchant_number: request.text(42).unwrap_or_default().to_owned(),
            balance,
            totals: None,
            code,
        }
    }

    /// The lines of the screen, at most four.
    pub fn screen(&self, language: Language) -> Vec<String> {
        let (zh, en) = self.action.names();
        let mut lines = vec![language.pick(zh, en).to_owned()];
        if self.approved {
            lines.push(language.pick("成功", "Approved").to_owned());
            match (self.balance, self.totals) {
                (Some(balance), _) => lines.push(yuan(balance)),
                (None, Some(totals)) => {
                    let verdict = if totals.balanced {
                        ("对账平", "Balanced")
                    } else {
                        ("对账不平，已上送", "Not balanced, uploaded")
                    };
                    lines.push(language.pick(verdict.0, verdict.1).to_owned());
                }
                (None, None) if self.amount > 0 => lines.push(yuan_of(self.amount)),
                (None, None) => {}
            }
            return lines;
        }
        let row = find_or_unknown(&self.code);
        lines.push(format!("{} {}", self.code, language.pick(row.zh, row.en)));
        if let Some(code) = &self.explanation_code {
            lines.push(self.text.trim_end_matches(code.as_str()).trim_end().to_owned());
            lines.push(format!("{} {code}", language.pick("原因码", "Code")));
        } else if !self.text.is_empty() && self.text != row.zh {
            lines.push(self.text.clone());
        }
        lines
    }

    /// The lines of the slip.
    pub fn slip(&self, language: Language, merchant_name: &str) -> Vec<String> {
        let (zh, en) = self.action.names();
        let line = |zh: &str, en: &str, value: &str| format!("{}: {value}", language.pick(zh, en));
        let mut lines = vec![
            merchant_name.to_owned(),
            line("商户编号", "Merchant", &self.merchant_number),
            line("终端号", "Terminal", &self.terminal_number),
            line("交易类型", "Transaction", language.pick(zh, en)),
        ];
        let stamp = [&self.date, &self.time].map(String::as_str).join(" ");
        let optional = [
            ("卡号", "Card", self.masked_card.clone()),
            ("批次号", "Batch", format!("{:06}", self.batch)),
            ("流水号", "Trace", format!("{:06}", self.trace)),
            ("授权码", "Authorisation", self.authorisation.clone()),
            ("参考号", "Reference", self.reference.clone()),
            ("日期时间", "Date, time", stamp.trim().to_owned()),
            (
                "金额",
                "Amount",
                if self.amount > 0 {
                    format!("RMB {}", yuan_of(self.amount))
                } else {
                    String::new()
                },
            ),
        ];
        lines.extend(
            optional
                .iter()
                .filter(|row| !row.2.is_empty())
                .map(|(zh, en, value)| line(zh, en, value)),
        );
        if !self.approved {
            let row = find_or_unknown(&self.code);
            lines.push(line(
                "未成功",
                "Not approved",
                &format!("{} {}", self.code, language.pick(row.zh, row.en)),
            ));
            lines.extend((!self.text.is_empty()).then(|| self.text.clone()));
        }
        lines
    }
}

/// Crockford's base 32, as codes on slips have it.
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code that stands at the end of a text: three characters, a hyphen, three characters.
fn explanation_code(text: &str) -> Option<String> {
    let last = text.trim_end().rsplit(' ').next()?;
    let (first, second) = last.split_once('-')?;
    let fits = |part: &str| part.len() == 3 && part.chars().all(|c| ALPHABET.contains(c));
    (fits(first) && fits(second)).then(|| last.to_owned())
}

fn yuan_of(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}", yuan_of(fen.unsigned_abs()))
}
