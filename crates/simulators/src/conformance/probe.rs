//! The kit as a terminal: it leads a host through the dialogues of a profile.

use std::time::Duration;

use iso8583::values::{BalanceFlag, F60, SettlementTotals};
use iso8583::{Frame, Header, Kind, Message, Tpdu};

use super::replies;
use super::report::{Report, Row, Rules, Verdict};
use super::requests::{Done, Sender};
use super::vectors::{Call, Dialogue, HostVectors, VectorError, Words, kind as kind_of};
use super::{Identity, WorkingKeys};

/// A run against one host.
pub struct Run {
    /// Where the host listens, `host:port`.
    pub address: String,
    /// The terminal that the kit plays; the host must know it.
    pub identity: Identity,
    /// Profile.
    pub profile: String,
    /// When it begins, RFC 3339, for the report.
    pub begun: String,
    /// How long to wait for an answer.
    pub patience: Duration,
}

const HEADER: &str = "603100310000";

struct Probe {
    run: Run,
    rules: Rules,
    keys: Option<WorkingKeys>,
    batch: u32,
    trace: u32,
    done: Vec<Done>,
    listed: Vec<u8>,
    /// The last request and its answer, for a repeat.
    last: Option<(Kind, Message, Message)>,
}

/// Plays a profile against a host.
pub async fn probe(run: Run) -> Result<Report, VectorError> {
    let vectors = HostVectors::v1()?;
    let dialogues = vectors.stories(&run.profile)?;
    let mut probe = Probe {
        trace: run.identity.trace,
        rules: Rules::default(),
        keys: None,
        batch: 1,
        done: Vec::new(),
        listed: Vec::new(),
        last: None,
        run,
    };
    let mut rows = Vec::with_capacity(dialogues.len());
    let mut reached = true;
    for dialogue in dialogues {
        rows.push(probe.play(dialogue, &mut reached).await);
    }
    let mut all = probe.rules.rows(&vectors.rule);
    // Downloads are answered without a MAC.
    all.retain(|row| row.verdict != Verdict::NotTested || row.id != "H05");
    all.extend(rows);
    Ok(Report {
        version: vectors.version,
        tested: "host".to_owned(),
        profile: probe.run.profile,
        subject: probe.run.address,
        begun: probe.run.begun,
        passed: all.iter().all(|row| row.verdict == Verdict::Passed),
        vectors: all,
    })
}

impl Probe {
    async fn play(&mut self, dialogue: Dialogue, reached: &mut bool) -> Row {
        let mut found = Vec::new();
        let mut played = *reached;
        for (place, call) in (1..).zip(&dialogue.step) {
            if !*reached {
                break;
            }
            if let Err(wrong) = self.call(call, reached).await {
                let words = Words::new(
                    format!("第 {place} 步：{}", wrong.zh),
                    format!("step {place}: {}", wrong.en),
                );
                found.push(words);
                break;
            }
            played = true;
        }
        Row {
            id: dialogue.id,
            title: dialogue.title,
            source: dialogue.source,
            verdict: match (played, found.is_empty()) {
                (_, false) => Verdict::Failed,
                (true, true) => Verdict::Passed,
                (false, true) => Verdict::NotTested,
            },
            found,
        }
    }

    async fn call(&mut self, call: &Call, reached: &mut bool) -> Result<(), Words> {
        let plain = |error: String| Words::new(error.clone(), error);
        let (kind, request) = if call.send == "repeat" {
            let (kind, request, _) = self.last.clone().ok_or_else(|| plain("nothing to repeat".to_owned()))?;
            (kind, request)
        } else {
            let kind = kind_of(&call.send).ok_or_else(|| plain(call.send.clone()))?;
            if kind != Kind::Reversal || call.twist == "never_sent" {
                self.trace = self.trace % 999_999 + 1;
            }
            let sender = Sender {
                identity: &self.run.identity,
                keys: self.keys.as_ref(),
                batch: self.batch,
                trace: self.trace,
                done: &self.done,
                listed: &self.listed,
            };
            let request = sender.message(kind, call).map_err(|e| plain(e.to_string()))?;
            (kind, request)
        };
        let (frame, answer) = self.exchange(&request).await.inspect_err(|_| {
            // A host that says nothing at all is not asked further; one that is merely silent here is.
            *reached = self.last.is_some();
        })?;
        replies::judge(&mut self.rules, kind, &request, (&frame, &answer), self.keys.as_ref());
        let right = self.right(call, &answer);
        self.remember(kind, call, request, answer);
        right
    }

    async fn exchange(&self, request: &Message) -> Result<(Frame, Message), Words> {
        let none = |why: String| Words::new(format!("没有应答：{why}"), format!("no answer: {why}"));
        let tpdu = Tpdu::from_hex(&self.run.identity.tpdu).map_err(|e| none(e.to_string()))?;
        let frame = Frame {
            tpdu,
            header: Header::from_hex(HEADER),
            message: request.encode().map_err(|e| none(e.to_string()))?,
        };
        let reply = crate::wire::exchange(&self.run.address, &frame, self.run.patience).await;
        let reply = reply.map_err(|e| none(e.to_string()))?;
        let answer = Message::decode(&reply.message).map_err(|e| {
            Words::new(
                format!("应答不能解码：{e}"),
                format!("the answer cannot be decoded: {e}"),
            )
        })?;
        Ok((reply, answer))
    }

    /// Whether an answer is one of those that are right.
    fn right(&self, call: &Call, answer: &Message) -> Result<(), Words> {
        let code = answer.text(39).unwrap_or("-");
        if !call.answers.iter().any(|right| right == code) {
            let due = call.answers.join(" / ");
            return Err(Words::new(
                format!("{} 应答 {code}，应为 {due}", call.send),
                format!("{} was answered {code}; {due} was due", call.send),
            ));
        }
        let lacks: Vec<u8> = call
            .brings
            .iter()
            .copied()
            .filter(|field| !answer.has(*field))
            .collect();
        if !lacks.is_empty() {
            return Err(Words::new(
                format!("应答缺少域 {lacks:?}"),
                format!("the answer lacks fields {lacks:?}"),
            ));
        }
        let first = self.last.as_ref().and_then(|(_, _, answer)| answer.text(37));
        if call.same && code == "00" && answer.text(37) != first {
            return Err(Words::new(
                "参考号变了：记了第二笔",
                "the reference number is another: a second sale was made",
            ));
        }
        let flag = |answer: &Message| {
            let totals = SettlementTotals::parse(answer.text(48)?).ok()?;
            Some(match totals.domestic.flag {
                BalanceFlag::NotCompared => 0,
                BalanceFlag::Balanced => 1,
                BalanceFlag::Unbalanced => 2,
                BalanceFlag::Error => 3,
            })
        };
        match call.flag {
            Some(due) if flag(answer) != Some(due) => Err(Words::new(
                format!("对账标志为 {:?}，应为 {due}", flag(answer)),
                format!("the flag of the totals is {:?}; {due} was due", flag(answer)),
            )),
            _ => Ok(()),
        }
    }

    fn remember(&mut self, kind: Kind, call: &Call, request: Message, answer: Message) {
        let approved = answer.text(39) == Some("00") && call.send != "repeat";
        if kind == Kind::SignIn && approved && call.twist.is_empty() {
            self.keys = replies::keys(&mut self.rules, &self.run.identity, &answer);
            let batch = F60::of(&answer).map_or(self.batch, |f60| f60.batch);
            if batch != self.batch {
                self.batch = batch;
                self.done.clear();
            }
        }
        if let (Some(listed), true) = (answer.bytes(62), approved) {
            self.listed = listed.to_vec();
        }
        if kind == Kind::Reversal && approved && call.twist.is_empty() {
            if let Some(last) = self.done.last_mut() {
                last.undone = true;
            }
        } else if kind.row().mac && approved {
            self.done.push(Done {
                kind,
                request: request.clone(),
                answer: answer.clone(),
                undone: false,
            });
        }
        if call.send != "repeat" {
            self.last = Some((kind, request, answer));
        }
    }
}
