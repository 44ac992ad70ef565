//! The rules that hold for every message of a terminal. Each finding goes to the rule it breaks and to no other.

use iso8583::crypto::decrypt_pin;
use iso8583::values::{F53, F60, F61, PinForm};
use iso8583::{Frame, Kind, Message, Pan};

use super::report::Rules;
use super::vectors::Words;
use super::{Identity, WorkingKeys};

/// A message that came, and what it was told.
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) trace: u64,
    pub(super) amount: u64,
    pub(super) message: Message,
    pub(super) approved: bool,
    pub(super) reference: String,
    pub(super) authorisation: String,
}

/// What a message is judged by.
pub(super) struct Judge<'a> {
    pub(super) identity: &'a Identity,
    pub(super) keys: Option<&'a WorkingKeys>,
    /// The batch that the host issued; none before a sign-in.
    pub(super) batch: Option<u32>,
    /// The highest trace number of the batch.
    pub(super) last_trace: Option<u64>,
    pub(super) seen: &'a [Seen],
}

type Outcome = Result<(), Words>;

fn wrong(zh: impl Into<String>, en: impl Into<String>) -> Outcome {
    Err(Words::new(zh, en))
}

/// Fields that a reversal copies where its original has them.
const COPIED: &[u8] = &[2, 3, 4, 11, 22, 23, 25, 41, 42, 49, 60];
/// Fields that a reversal leaves out.
const LEFT_OUT: &[u8] = &[26, 35, 36, 37, 52, 53];
/// Kinds that refer to an earlier message by batch and trace.
const REFERRING: &[Kind] = &[Kind::Void, Kind::PreAuthVoid, Kind::Completion, Kind::CompletionVoid];
/// Of these, kinds whose amount is the original's.
const WHOLE: &[Kind] = &[Kind::Void, Kind::PreAuthVoid, Kind::CompletionVoid];

impl Judge<'_> {
    /// Judges the frame.
    pub(super) fn frame(rules: &mut Rules, frame: &Frame) {
        let outcome = match frame.header {
            None => wrong("没有报文头", "the header is missing"),
            Some(_) if frame.tpdu.destination() == [0, 0] && frame.tpdu.source() == [0, 0] => {
                wrong("TPDU 没有地址", "the TPDU holds no address")
            }
            Some(_) => Ok(()),
        };
        rules.note("frame", outcome);
        let Some(header) = frame.header else { return };
        let class = header.application_class();
        let asked = header.processing_request().map(iso8583::ProcessingRequest::digit);
        rules.note(
            "header",
            match (class, asked) {
                (0x60..=0x63, Some(0)) => Ok(()),
                (0x60..=0x63, _) => wrong("处理要求应填 0", "the processing request is not 0"),
                _ => wrong(
                    format!("应用类别为 {class:02X}"),
                    format!("the application class is {class:02X}"),
                ),
            },
        );
    }

    /// Judges a message whose kind is known.
    pub(super) fn message(&self, rules: &mut Rules, kind: Kind, message: &Message) {
        let missing = kind.missing(message);
        rules.note(
            "fields",
            if missing.is_empty() {
                Ok(())
            } else {
                wrong(
                    format!("{}缺少域 {missing:?}", kind.row().zh),
                    format!("{} lacks fields {missing:?}", kind.row().en),
                )
            },
        );
        rules.note("identity", self.numbers(message));
        rules.note("mac", self.mac(kind, message));
        if let Some(outcome) = self.trace(kind, message) {
            rules.note("trace", outcome);
        }
        if let (Some(batch), Some(f60)) = (self.batch, F60::of(message)) {
            let same = f60.batch == batch;
            let told = || {
                wrong(
                    format!("批次号为 {:06}，主机下发的是 {batch:06}", f60.batch),
                    format!("the batch is {:06}; the host issued {batch:06}", f60.batch),
                )
            };
            // A sign-in comes with whatever the terminal had; the answer sets it right.
            if kind != Kind::SignIn {
                rules.note("batch", if same { Ok(()) } else { told() });
            }
        }
        if message.has(22) && message.has(2) && kind != Kind::Reversal {
            rules.note("pin", self.pin(message));
        }
        if REFERRING.contains(&kind) || kind == Kind::Refund {
            rules.note("original", self.original(kind, message));
        }
        if kind == Kind::Reversal {
            self.reversal(rules, message);
        }
    }

    fn numbers(&self, message: &Message) -> Outcome {
        let told = (
            message.text(41).unwrap_or_default(),
            message.text(42).unwrap_or_default(),
        );
        if (told.0.trim_end(), told.1.trim_end()) == (&self.identity.terminal_number, &self.identity.merchant_number) {
            return Ok(());
        }
        wrong(
            format!("终端号 {}、商户号 {}", told.0, told.1),
            format!("terminal {}, merchant {}", told.0, told.1),
        )
    }

    fn mac(&self, kind: Kind, message: &Message) -> Outcome {
        match (kind.row().mac, message.has(64), self.keys) {
            (false, false, _) => Ok(()),
            (false, true, _) => wrong(
                format!("{}不应带 64 域", kind.row().zh),
                format!("{} carries field 64, which it should not", kind.row().en),
            ),
            (true, _, None) => wrong("没有签到就发起交易", "a transaction came before any sign-in"),
            (true, _, Some(keys)) => message.verify(&keys.mac).or_else(|_| {
                wrong(
                    format!("{}的 MAC 不对", kind.row().zh),
                    format!("the MAC of {} is not right", kind.row().en),
                )
            }),
        }
    }

    /// Reversals and signatures carry the trace number of their original.
    fn trace(&self, kind: Kind, message: &Message) -> Option<Outcome> {
        let trace = message.number(11)?;
        if matches!(kind, Kind::Reversal | Kind::Signature) {
            return None;
        }
        let wrapped = |last| last == 999_999 && trace == 1;
        Some(match self.last_trace {
            _ if trace == 0 => wrong("流水号不能为 0", "the trace number is 0"),
            Some(last) if trace <= last && !wrapped(last) => wrong(
                format!("流水号 {trace:06} 不大于上一个 {last:06}"),
                format!("trace {trace:06} does not rise above {last:06}"),
            ),
            _ => Ok(()),
        })
    }

    fn pin(&self, message: &Message) -> Outcome {
        let entered = message.text(22).and_then(|mode| mode.chars().nth(2));
        let form = F53::of(message).map(|f53| f53.pin);
        let Some(block) = message.array::<8>(52) else {
            return match (entered, form) {
                (Some('1'), _) => wrong(
                    "22 域说有密码，却没有 52 域",
                    "field 22 says that a PIN was entered, and field 52 is missing",
                ),
                (_, Some(PinForm::WithPan | PinForm::WithoutPan)) => wrong(
                    "53 域说有密码，却没有 52 域",
                    "field 53 says that there is a PIN, and field 52 is missing",
                ),
                _ => Ok(()),
            };
        };
        if entered != Some('1') || !message.has(26) {
            return wrong(
                "有密码块时，22 域末位应为 1，并须有 26 域",
                "with a PIN block field 22 ends in 1 and field 26 is there",
            );
        }
        let (Some(keys), Some(pan)) = (self.keys, message.pan()) else {
            return wrong(
                "没有密钥或卡号，无法打开密码块",
                "there is no key or no card number to open the PIN block with",
            );
        };
        let pan: Option<&Pan> = (form != Some(PinForm::WithoutPan)).then_some(&pan);
        decrypt_pin(&keys.pin, block, pan).map(|_| ()).or_else(|_| {
            wrong(
                "密码块打不开：密钥、格式或卡号不对",
                "the PIN block does not open: key, format or card number is wrong",
            )
        })
    }

    fn original(&self, kind: Kind, message: &Message) -> Outcome {
        let found = if kind == Kind::Refund {
            let reference = message.text(37).unwrap_or_default();
            self.seen.iter().find(|one| one.approved && one.reference == reference)
        } else {
            let names = F61::of(message);
            let fits = |one: &&Seen| {
                one.approved
                    && names
                        .is_some_and(|names| u64::from(names.trace) == one.trace && Some(names.batch) == batch_of(one))
            };
            self.seen.iter().rev().find(fits)
        };
        let Some(first) = found else {
            let said = message.text(if kind == Kind::Refund { 37 } else { 61 }).unwrap_or("-");
            return wrong(
                format!("{}指的原交易不存在：{said}", kind.row().zh),
                format!("{} names no approved message of this session: {said}", kind.row().en),
            );
        };
        if WHOLE.contains(&kind) && message.number(4) != Some(first.amount) {
            return wrong("金额与原交易不同", "its amount is not the original's");
        }
        let carries = |field: u8, value: &str| {
            !kind.row().mandatory.contains(&field) || message.text(field).map(str::trim_end) == Some(value)
        };
        if !carries(37, &first.reference) || !carries(38, &first.authorisation) {
            return wrong("37 或 38 域不是原交易的", "field 37 or 38 is not the original's");
        }
        Ok(())
    }

    fn reversal(&self, rules: &mut Rules, message: &Message) {
        let trace = message.number(11).unwrap_or(0);
        let undone = self
            .seen
            .iter()
            .rev()
            .find(|one| one.trace == trace && one.kind.row().reversible);
        let Some(first) = undone else {
            let told = wrong(
                format!("冲正的流水号 {trace:06} 没有原交易"),
                format!("the reversal's trace {trace:06} belongs to no message that is reversed"),
            );
            rules.note("reversal_copy", told);
            return;
        };
        let differs: Vec<u8> = COPIED
            .iter()
            .copied()
            .filter(|field| first.message.bytes(*field) != message.bytes(*field))
            .collect();
        let kept: Vec<u8> = LEFT_OUT.iter().copied().filter(|field| message.has(*field)).collect();
        rules.note(
            "reversal_copy",
            if differs.is_empty() && kept.is_empty() {
                Ok(())
            } else {
                wrong(
                    format!("与原交易不同的域 {differs:?}，应去掉的域 {kept:?}"),
                    format!("fields that differ from the original {differs:?}, fields that should be gone {kept:?}"),
                )
            },
        );
        if REFERRING.contains(&first.kind) {
            let names = F61::of(message).map(|names| (u64::from(names.trace), Some(names.batch)));
            rules.note(
                "reversal_names_itself",
                if names == Some((first.trace, batch_of(first))) {
                    Ok(())
                } else {
                    wrong(
                        format!(
                            "61 域应指向 {:06}，实际为 {}",
                            first.trace,
                            message.text(61).unwrap_or("-")
                        ),
                        format!(
                            "field 61 should name {:06} and is {}",
                            first.trace,
                            message.text(61).unwrap_or("-")
                        ),
                    )
                },
            );
        }
    }
}

fn batch_of(one: &Seen) -> Option<u32> {
    F60::of(&one.message).map(|f60| f60.batch)
}
