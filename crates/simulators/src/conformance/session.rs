//! A session with a terminal: which story stands where, what came, what is answered.

use iso8583::kinds::Side;
use iso8583::values::{BatchUpload, SettlementTotals, Tally};
use iso8583::{Frame, Kind, Message, ProcessingRequest};

use super::answers::Desk;
use super::judge::{Judge, Seen};
use super::report::{MOST, Report, Row, Rules, Verdict};
use super::vectors::{Answer, Rule, Step, Story, Words, kind as kind_of, name};
use super::{Identity, WorkingKeys};

/// A story and how it goes.
struct Played {
    story: Story,
    begun: bool,
    found: Vec<Words>,
    ended: bool,
}

/// A transaction of the batch that counts in a settlement.
struct Counted {
    trace: u64,
    amount: u64,
    side: Side,
}

/// The host's side of a session with one terminal.
pub(super) struct Session {
    identity: Identity,
    rules: Vec<Rule>,
    found: Rules,
    stories: Vec<Played>,
    /// Which story and step is waited for.
    at: (usize, usize),
    desk: Desk,
    keys: Option<WorkingKeys>,
    batch: u32,
    issued: bool,
    last_trace: Option<u64>,
    seen: Vec<Seen>,
    counted: Vec<Counted>,
    uploaded: u64,
}

/// The first batch that the kit issues.
const FIRST_BATCH: u32 = 1;

impl Session {
    pub(super) fn new(identity: Identity, rules: Vec<Rule>, stories: Vec<Story>, clock: (String, String)) -> Self {
        let played = |story| Played {
            story,
            begun: false,
            found: Vec::new(),
            ended: false,
        };
        Self {
            identity,
            rules,
            found: Rules::default(),
            stories: stories.into_iter().map(played).collect(),
            at: (0, 0),
            desk: Desk::new(clock),
            keys: None,
            batch: FIRST_BATCH,
            issued: false,
            last_trace: None,
            seen: Vec::new(),
            counted: Vec::new(),
            uploaded: 0,
        }
    }

    /// Whether every story is over.
    pub(super) fn is_over(&self) -> bool {
        self.at.0 >= self.stories.len()
    }

    /// The story that is waited for, where it has not begun.
    pub(super) fn next_story(&self) -> Option<&Story> {
        self.stories
            .get(self.at.0)
            .filter(|one| !one.begun)
            .map(|one| &one.story)
    }

    /// Takes what a terminal sent; the frame to answer with, if it is answered.
    pub(super) fn take(&mut self, frame: &Frame) -> Option<Frame> {
        Judge::frame(&mut self.found, frame);
        let decoded = Message::decode(&frame.message);
        let known = decoded
            .as_ref()
            .ok()
            .and_then(|message| Some((Kind::of(message)?, message.clone())));
        let Some((kind, message)) = known else {
            let (zh, en) = match &decoded {
                Err(error) => (
                    format!("报文不能解码：{error}"),
                    format!("a message cannot be decoded: {error}"),
                ),
                Ok(message) => (
                    format!("不认识的报文 {}", message.mti()),
                    format!("a message of an unknown kind, type {}", message.mti()),
                ),
            };
            self.found.note("fields", Err(Words::new(zh, en)));
            return None;
        };
        self.judge(kind, &message);
        let step = self.place(kind, &message);
        self.answer(frame, kind, &message, step.as_ref())
    }

    /// What came cannot be cut into frames.
    pub(super) fn bad_frame(&mut self, why: &str) {
        let found = Words::new(
            format!("不能分帧：{why}"),
            format!("it cannot be cut into frames: {why}"),
        );
        self.found.note("frame", Err(found));
    }

    fn judge(&mut self, kind: Kind, message: &Message) {
        let judge = Judge {
            identity: &self.identity,
            keys: self.keys.as_ref(),
            batch: self.issued.then_some(self.batch),
            last_trace: self.last_trace,
            seen: &self.seen,
        };
        judge.message(&mut self.found, kind, message);
        if let Some(trace) = message.number(11).filter(|_| kind != Kind::Reversal) {
            self.last_trace = Some(trace);
        }
    }

    fn fail(&mut self, story: usize, zh: impl Into<String>, en: impl Into<String>) {
        if let Some(one) = self.stories.get_mut(story)
            && one.found.len() < MOST
        {
            one.begun = true;
            one.found.push(Words::new(zh, en));
        }
    }

    fn step(&self, (story, step): (usize, usize)) -> Option<&Step> {
        self.stories.get(story)?.story.step.get(step)
    }

    fn fits(&self, at: (usize, usize), kind: Kind, message: &Message, exactly: bool) -> bool {
        self.step(at).is_some_and(|step| {
            let amount = step.amount.is_none_or(|amount| message.number(4) == Some(amount));
            kind_of(&step.expect) == Some(kind) && (amount || !exactly)
        })
    }

    /// Finds the step that a message answers, and says what is wrong where it is not the one that was waited for.
    fn place(&mut self, kind: Kind, message: &Message) -> Option<Step> {
        let (story, step) = self.at;
        let begun = self.stories.get(story).is_some_and(|one| one.begun);
        let repeated = step > 0 && kind == Kind::BatchUpload && self.fits((story, step - 1), kind, message, false);
        if repeated {
            return self.step((story, step - 1)).cloned();
        }
        if self.fits(self.at, kind, message, true) {
            return self.enter(self.at, kind, message);
        }
        let came = (kind.row().zh, kind.row().en);
        if !begun && kind == Kind::Reversal {
            // The story before ended with a valid answer.
            self.fail(
                story.saturating_sub(1),
                "不该冲正却发来冲正",
                "a reversal came although nothing had to be reversed",
            );
            return None;
        }
        let within = (step + 1..self.stories.get(story)?.story.step.len()).map(|later| (story, later));
        let later = (story + 1..self.stories.len()).map(|later| (later, 0));
        let found = within
            .filter(|_| begun)
            .chain(later)
            .find(|at| self.fits(*at, kind, message, true));
        if let Some(at) = found {
            if begun {
                let waited = self.waited();
                self.fail(
                    story,
                    format!("应为{}，收到{}", waited.zh, came.0),
                    format!("{} was due, and {} came", waited.en, came.1),
                );
            }
            return self.enter(at, kind, message);
        }
        if self.fits(self.at, kind, message, false) {
            let due = self.step(self.at).and_then(|step| step.amount).unwrap_or(0);
            let told = message.number(4).unwrap_or(0);
            self.fail(
                story,
                format!("金额应为 {due} 分，4 域为 {told}"),
                format!("the amount is {told} fen in field 4; {due} was asked for"),
            );
            return self.enter(self.at, kind, message);
        }
        if begun {
            let waited = self.waited();
            self.fail(
                story,
                format!("应为{}，收到{}", waited.zh, came.0),
                format!("{} was due, and {} came", waited.en, came.1),
            );
        }
        None
    }

    fn waited(&self) -> Words {
        match self.step(self.at).and_then(|step| kind_of(&step.expect)) {
            Some(kind) => Words::new(kind.row().zh, kind.row().en),
            None => Words::new("无", "nothing"),
        }
    }

    /// Takes a step: its own expectations, then on to the next one.
    fn enter(&mut self, (story, step): (usize, usize), kind: Kind, message: &Message) -> Option<Step> {
        let taken = self.step((story, step)).cloned()?;
        if let Some(one) = self.stories.get_mut(story) {
            one.begun = true;
        }
        if let Some(reason) = &taken.reason {
            let told = message.text(39).unwrap_or("-").to_owned();
            if told != *reason {
                self.fail(
                    story,
                    format!("冲正原因为 {told}，应为 {reason}"),
                    format!("the reversal's reason is {told}; {reason} was due"),
                );
            }
        }
        if taken.totals {
            self.compare_totals(story, message);
        }
        if kind == Kind::BatchUpload {
            let items = message.text(48).and_then(|digits| BatchUpload::parse(digits).ok());
            self.uploaded += items.map_or(0, |items| u64::try_from(items.0.len()).unwrap_or(0));
        }
        if taken.items {
            let told = message.text(48).and_then(|digits| digits.parse::<u64>().ok());
            let (due, came) = (u64::try_from(self.counted.len()).unwrap_or(0), self.uploaded);
            if told != Some(came) || came != due {
                self.fail(
                    story,
                    format!("应上送 {due} 笔，收到 {came} 笔，结束报文写 {}", told.unwrap_or(0)),
                    format!(
                        "{due} items were due, {came} came, and the end says {}",
                        told.unwrap_or(0)
                    ),
                );
            }
        }
        let last = self
            .stories
            .get(story)
            .is_none_or(|one| step + 1 >= one.story.step.len());
        if last {
            if let Some(one) = self.stories.get_mut(story) {
                one.ended = true;
            }
            self.at = (story + 1, 0);
        } else {
            self.at = (story, step + 1);
        }
        Some(taken)
    }

    fn totals(&self) -> SettlementTotals {
        let tally = |side: Side| {
            let these = || self.counted.iter().filter(|one| one.side == side);
            Tally {
                amount: these().map(|one| i64::try_from(one.amount).unwrap_or(0)).sum(),
                count: u16::try_from(these().count()).unwrap_or(999),
            }
        };
        let mut totals = SettlementTotals::default();
        (totals.domestic.debit, totals.domestic.credit) = (tally(Side::Debit), tally(Side::Credit));
        totals
    }

    fn compare_totals(&mut self, story: usize, message: &Message) {
        let told = message.text(48).and_then(|digits| SettlementTotals::parse(digits).ok());
        let own = self.totals().domestic;
        let same = told.is_some_and(|told| (told.domestic.debit, told.domestic.credit) == (own.debit, own.credit));
        if !same {
            let written = |t: Option<iso8583::values::Totals>| {
                t.map_or("-".to_owned(), |t| {
                    format!(
                        "{}/{} {}/{}",
                        t.debit.amount, t.debit.count, t.credit.amount, t.credit.count
                    )
                })
            };
            let (own, told) = (written(Some(own)), written(told.map(|told| told.domestic)));
            self.fail(
                story,
                format!("48 域为 {told}，应为 {own}（借记金额/笔数 贷记金额/笔数）"),
                format!("field 48 says {told}; {own} was due (debit amount/count, credit amount/count)"),
            );
        }
    }

    fn answer(&mut self, frame: &Frame, kind: Kind, message: &Message, step: Option<&Step>) -> Option<Frame> {
        let how = step.map_or(Answer::Approve, Step::answer);
        let ask = step
            .and_then(|step| ProcessingRequest::from_digit(step.ask))
            .unwrap_or_default();
        let mut answer = self.compose(kind, message, &how)?;
        let approved = answer.text(39) == Some("00");
        if let (true, Some(keys)) = (kind.row().mac, self.keys.as_ref()) {
            answer.seal(&keys.mac).ok()?;
        }
        if how == Answer::WrongMac {
            let turned = answer
                .array::<8>(64)?
                .map(|character| if character == b'0' { b'1' } else { b'0' });
            answer.set_bytes(64, &turned).ok()?;
        }
        let taken = approved && !matches!(how, Answer::Silence | Answer::WrongMac);
        self.remember(kind, message, &answer, taken);
        (how != Answer::Silence).then_some(())?;
        Some(frame.reply(answer.encode().ok()?, ask))
    }

    fn compose(&mut self, kind: Kind, message: &Message, how: &Answer) -> Option<Message> {
        match (kind, how) {
            (_, Answer::Decline(code)) => self.desk.answer(kind, message, code).ok(),
            (Kind::SignIn, how) => {
                if *how == Answer::NextBatch {
                    self.batch += 1;
                    (self.last_trace, self.issued) = (None, true);
                    self.counted.clear();
                }
                let (answer, keys) = self.desk.sign_in(&self.identity, message, self.batch).ok()?;
                (self.keys, self.issued) = (Some(keys), true);
                Some(answer)
            }
            (Kind::Settle, how) => self
                .desk
                .settled(message, self.totals(), *how != Answer::Unbalanced)
                .ok(),
            _ => self.desk.answer(kind, message, "00").ok(),
        }
    }

    fn remember(&mut self, kind: Kind, message: &Message, answer: &Message, approved: bool) {
        let (trace, amount) = (message.number(11).unwrap_or(0), message.number(4).unwrap_or(0));
        let side = kind.row().side;
        if approved && side != Side::Neither {
            self.counted.push(Counted { trace, amount, side });
        }
        if kind == Kind::Reversal {
            self.counted.retain(|one| one.trace != trace);
        }
        if matches!(kind, Kind::BatchEndBalanced | Kind::BatchEndUnbalanced) {
            // The terminal goes on to the next batch by itself.
            self.counted.clear();
            self.uploaded = 0;
            self.batch = self.batch % 999_999 + 1;
        }
        if kind.row().mac && kind != Kind::Reversal {
            self.seen.push(Seen {
                kind,
                trace,
                amount,
                message: message.clone(),
                approved,
                reference: answer.text(37).unwrap_or_default().trim_end().to_owned(),
                authorisation: answer.text(38).unwrap_or_default().trim_end().to_owned(),
            });
        }
    }

    /// Nothing came for too long, or the session was ended: the story under way has failed.
    pub(super) fn gave_up(&mut self) {
        let begun = self.stories.get(self.at.0).is_some_and(|one| one.begun && !one.ended);
        if begun {
            let waited = self.waited();
            self.fail(
                self.at.0,
                format!("没有等到{}", waited.zh),
                format!("{} did not come", waited.en),
            );
        }
    }

    /// What was found so far.
    pub(super) fn report(&self, version: u32, profile: &str, begun: &str) -> Report {
        let mut vectors = self.found.rows(&self.rules);
        // A profile asks only for what its stories can touch.
        let touched = |row: &Row| row.verdict != Verdict::NotTested || self.applies(&row.id);
        vectors.retain(touched);
        vectors.extend(self.stories.iter().map(|one| Row {
            id: one.story.id.clone(),
            title: one.story.title.clone(),
            source: one.story.source.clone(),
            verdict: match (one.found.is_empty(), one.ended) {
                (false, _) => Verdict::Failed,
                (true, true) => Verdict::Passed,
                (true, false) => Verdict::NotTested,
            },
            found: one.found.clone(),
        }));
        let serial = &self.identity.serial_number;
        Report {
            version,
            tested: "terminal".to_owned(),
            profile: profile.to_owned(),
            subject: format!("{} {serial}", self.identity.terminal_number)
                .trim_end()
                .to_owned(),
            begun: begun.to_owned(),
            passed: vectors.iter().all(|row| row.verdict == Verdict::Passed),
            vectors,
        }
    }

    /// Whether a rule can be touched by the stories that are played.
    fn applies(&self, rule: &str) -> bool {
        let check = self
            .rules
            .iter()
            .find(|one| one.id == rule)
            .map(|one| one.check.as_str());
        let expects = |kinds: &[Kind]| {
            let steps = self.stories.iter().flat_map(|one| &one.story.step);
            steps
                .into_iter()
                .any(|step| kinds.iter().any(|kind| step.expect == name(*kind)))
        };
        match check {
            Some("original") => expects(&[Kind::Void, Kind::PreAuthVoid, Kind::Completion, Kind::Refund]),
            Some("reversal_copy" | "reversal_names_itself") => expects(&[Kind::Reversal]),
            _ => true,
        }
    }
}
