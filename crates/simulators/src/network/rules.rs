//! Rules: which messages meet which delay, outcome or fault. The first rule that fits a message applies to it.
//!
//! As JSON, a sale of 100.00 by card …0018 that is approved and whose answer is lost, and one sale in a hundred slow:
//!
//! ```json
//! {"seed": 7, "rules": [
//!   {"when": {"kind": "sale", "amount": [10000, 10000], "card": "0018"}, "fault": {"do": "lose_answer"}},
//!   {"when": {"kind": "sale", "ppm": 10000}, "latency": {"shape": "uniform", "from_ms": 900, "to_ms": 3000}}
//! ]}
//! ```

use std::time::Duration;

use iso8583::{Kind, Message, codes};
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::script::Outcome;

/// Everything about the network's behaviour that may change while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Play {
    /// Of all chance in it.
    pub seed: u64,
    /// The first that fits applies.
    pub rules: Vec<Rule>,
    /// How long every answer takes for which no rule says otherwise.
    pub latency: Latency,
    /// Whether an amount from 9,900.01 to 9,900.99 is refused with its last two digits as code, where that is a code of
    /// the protocol: 9,900.51 is refused with 51.
    pub declines_by_amount: bool,
    /// Times, counted from the moment this play was set, at which the network is out.
    pub outages: Vec<Window>,
    /// `YYYY-MM-DD`; another one than before closes the day before: see [`crate::Network::cut_over`].
    pub business_date: Option<String>,
    /// How many lines in a million of the clearing file are wrong.
    pub differences_ppm: u32,
}

/// An outage for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Milliseconds.
    pub from_ms: u64,
    /// Milliseconds.
    pub to_ms: u64,
    /// In what way it is out.
    pub outage: Outage,
}

/// In what way a network is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Nobody listens; open connections are closed.
    Refuse,
    /// Connections are accepted and reset, open ones too.
    Reset,
    /// Connections stay open, and nothing is read or written: the other side is half-open.
    Freeze,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Which messages.
    pub when: When,
    /// How long the answer takes.
    pub latency: Option<Latency>,
    /// What becomes of the request, instead of what the card's row says.
    pub outcome: Option<Outcome>,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// Which messages: all that is given must fit. Ranges include both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Type, such as `0200`.
    pub mti: Option<String>,
    /// Kind by its English name, such as `sale`, `void`, `reversal`.
    pub kind: Option<String>,
    /// F4, fen.
    pub amount: Option<(u64, u64)>,
    /// F11.
    pub trace: Option<(u64, u64)>,
    /// The beginning or the end of the card number.
    pub card: Option<String>,
    /// F41.
    pub terminal: Option<String>,
    /// Milliseconds since the play was set.
    pub time_ms: Option<(u64, u64)>,
    /// The first to the last of the messages that fit all of the above, counted from 1.
    pub nth: Option<(u64, u64)>,
    /// Only each so-many-th of them.
    pub every: Option<u64>,
    /// Only so many in a million of them, by the seed.
    pub ppm: Option<u32>,
}

/// How long an answer takes, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// Milliseconds.
        ms: u64,
    },
    /// Anything between two, alike.
    Uniform {
        /// At least.
        from_ms: u64,
        /// At most.
        to_ms: u64,
    },
    /// Mostly short; some in a million long.
    Tail {
        /// Mostly.
        ms: u64,
        /// Long.
        tail_ms: u64,
        /// How many in a million are long.
        ppm: u32,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed { ms: 0 }
    }
}

impl Latency {
    fn draw(&self, chance: &mut Chance) -> Duration {
        Duration::from_millis(match *self {
            Self::Fixed { ms } => ms,
            Self::Uniform { from_ms, to_ms } => chance.between(from_ms, to_ms),
            Self::Tail { ms, tail_ms, ppm } => {
                if chance.happens(ppm) {
                    tail_ms
                } else {
                    ms
                }
            }
        })
    }
}

/// What goes wrong with a request or its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The request never arrives: the network knows nothing of it.
    LoseRequest,
    /// It is carried out and never answered.
    LoseAnswer,
    /// It is carried out and answered this much later than it would be.
    Late {
        /// Milliseconds.
        ms: u64,
    },
    /// It is answered more than once.
    Duplicate {
        /// How often beside the first.
        copies: u32,
        /// Milliseconds between them.
        ms: u64,
    },
    /// The answer names another trace number (11).
    OtherTrace,
    /// The answer names another reference number (37).
    OtherReference,
    /// The answer and the next one that meets this fault change places: each has the other's trace number, reference
    /// number, terminal and merchant.
    Swap,
    /// The answer names another amount (4).
    OtherAmount,
    /// The answer names another terminal (41).
    OtherTerminal,
    /// The answer names another currency (49).
    OtherCurrency,
    /// The answer is of a type that answers something else (0630).
    OtherType,
    /// The answer's code is none of the protocol's (`ZZ`).
    UnknownCode,
    /// The answer approves part of the amount (code 10).
    PartOfAmount,
    /// The authorisation number holds bytes that are no text.
    BadText,
    /// A frame without a message in it comes instead of the answer.
    Malformed,
    /// Random bytes come instead of the answer.
    Garbage {
        /// How many.
        bytes: usize,
    },
    /// The answer stops after so many bytes, and the connection is closed.
    Cut {
        /// Bytes of the frame, length included.
        at: usize,
    },
    /// A frame of 65,535 bytes comes instead of the answer.
    Huge,
    /// The answer comes byte by byte.
    Drip {
        /// Milliseconds between two bytes.
        ms: u64,
    },
    /// The answer has a wrong MAC.
    WrongMac,
    /// The connection is closed instead of an answer; the request has been carried out.
    Close,
    /// The connection is reset instead of an answer; the request has been carried out.
    Reset,
}

/// The rules at work: counters and chance.
pub(crate) struct Rules {
    pub(crate) play: Play,
    counts: Vec<u64>,
    chance: Chance,
}

/// What the rules say about one message.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) wait: Duration,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) fault: Option<Fault>,
}

impl Rules {
    pub(crate) fn new(play: Play) -> Self {
        Self {
            counts: vec![0; play.rules.len()],
            chance: Chance::seeded(play.seed),
            play,
        }
    }

    pub(crate) fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// What the first rule that fits says; `since` is the time since the play was set.
    pub(crate) fn judge(&mut self, request: &Message, kind: Option<Kind>, since: Duration) -> Verdict {
        let outcome = self.by_amount(request, kind);
        for (rule, count) in self.play.rules.iter().zip(&mut self.counts) {
            if !rule.when.fits(request, kind, since) {
                continue;
            }
            *count += 1;
            if !rule.when.is_turn(*count, &mut self.chance) {
                continue;
            }
            let latency = rule.latency.as_ref().unwrap_or(&self.play.latency);
            return Verdict {
                wait: latency.draw(&mut self.chance),
                outcome: rule.outcome.clone().or(outcome),
                fault: rule.fault.clone(),
            };
        }
        Verdict {
            wait: self.play.latency.draw(&mut self.chance),
            outcome,
            fault: None,
        }
    }

    fn by_amount(&self, request: &Message, kind: Option<Kind>) -> Option<Outcome> {
        let wanted = self.play.declines_by_amount && kind.is_some_and(|kind| kind != Kind::Reversal);
        let cents = request.number(4).filter(|_| wanted)?.checked_sub(990_000)?;
        let code = format!("{cents:02}");
        let row = codes::find(&code).filter(|row| code.len() == 2 && !row.is_accepted())?;
        Some(Outcome::Decline {
            code: row.code.to_owned(),
        })
    }
}

impl When {
    fn fits(&self, request: &Message, kind: Option<Kind>, since: Duration) -> bool {
        let within = |range: Option<(u64, u64)>, value: Option<u64>| {
            range.is_none_or(|(from, to)| value.is_some_and(|value| (from..=to).contains(&value)))
        };
        let card = |part: &String| {
            let pan = request.pan();
            pan.is_some_and(|pan| pan.expose().starts_with(part.as_str()) || pan.expose().ends_with(part.as_str()))
        };
        let named = |kind: Kind, name: &String| kind.row().en == name;
        self.mti.as_ref().is_none_or(|mti| request.mti().as_str() == mti)
            && self
                .kind
                .as_ref()
                .is_none_or(|name| kind.is_some_and(|kind| named(kind, name)))
            && within(self.amount, request.number(4))
            && within(self.trace, request.number(11))
            && within(self.time_ms, u64::try_from(since.as_millis()).ok())
            && self
                .terminal
                .as_ref()
                .is_none_or(|terminal| request.text(41) == Some(terminal))
            && self.card.as_ref().is_none_or(card)
    }

    fn is_turn(&self, count: u64, chance: &mut Chance) -> bool {
        self.nth.is_none_or(|(from, to)| (from..=to).contains(&count))
            && self.every.is_none_or(|every| count.is_multiple_of(every.max(1)))
            && self.ppm.is_none_or(|ppm| chance.happens(ppm))
    }
}
