//! Somebody at a counter: sells, voids, settles and signs in as chance has it, and keeps what the terminal printed.

use simulators::Terminal;
use simulators::terminal::{Action, Shown, TerminalError};

use super::scene::{GOOD, POOR, card};
use crate::mutate::Chance;

/// A slip of an approved sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    pub batch: i64,
    pub trace: i64,
    pub amount: i64,
    pub reference: String,
    pub authorisation: String,
    /// A void of it was approved.
    pub undone: bool,
}

/// A clerk with a terminal.
pub struct Clerk {
    pub terminal: Terminal,
    pub papers: Vec<Paper>,
    pub chance: Chance,
    /// Answers by what was done and their code, `no answer` where none came.
    pub seen: std::collections::BTreeMap<String, usize>,
    /// What was done, in order: trace number, deed and code.
    pub history: Vec<String>,
    /// No two sales of a terminal have the same amount, so that an amount tells a sale.
    next_amount: u64,
}

impl Clerk {
    pub fn at(terminal: Terminal, seed: u64) -> Self {
        Self {
            terminal,
            papers: Vec::new(),
            chance: Chance::seeded(seed),
            seen: std::collections::BTreeMap::new(),
            history: Vec::new(),
            next_amount: 101,
        }
    }

    pub fn number(&self) -> &str {
        &self.terminal.terminal_number
    }

    /// One thing that a clerk does.
    pub async fn step(&mut self) {
        if !self.terminal.signed_in {
            let shown = self.terminal.sign_in().await;
            self.note("sign in", shown);
            return;
        }
        match self.chance.below(20) {
            0 => {
                let shown = self.terminal.sign_in().await;
                self.note("sign in", shown);
            }
            1 => {
                let shown = self.terminal.settle().await;
                self.note("settle", shown);
            }
            2 => {
                let shown = self.terminal.echo().await;
                self.note("echo", shown);
            }
            3..=6 => self.void().await,
            _ => self.sell().await,
        }
    }

    async fn sell(&mut self) {
        let card = card(if self.chance.below(10) == 0 { POOR } else { GOOD });
        let amount = self.next_amount;
        self.next_amount += 1;
        let shown = self.terminal.sale(&card, amount).await;
        if let Some(shown) = self.note("sell", shown)
            && shown.approved
        {
            self.papers.push(Paper {
                batch: shown.batch.into(),
                trace: shown.trace.into(),
                amount: i64::try_from(shown.amount).unwrap(),
                reference: shown.reference,
                authorisation: shown.authorisation,
                undone: false,
            });
        }
    }

    async fn void(&mut self) {
        let sold = self
            .terminal
            .log
            .iter()
            .filter(|entry| entry.action == Action::Sale && !entry.undone);
        let traces: Vec<u32> = sold.map(|entry| entry.trace).collect();
        if traces.is_empty() {
            return self.sell().await;
        }
        let trace = traces[self.chance.below(traces.len())];
        let batch = i64::from(self.terminal.batch);
        let shown = self.terminal.void(&card(GOOD), trace).await;
        if self.note("void", shown).is_some_and(|shown| shown.approved) {
            let mine = |paper: &&mut Paper| paper.trace == i64::from(trace) && paper.batch == batch;
            self.papers.iter_mut().find(mine).expect("it was printed").undone = true;
        }
    }

    /// Pays what is owed, on a line that works; false where it could not.
    pub async fn comes_clean(&mut self) -> bool {
        for _ in 0..200 {
            if !self.terminal.signed_in {
                let shown = self.terminal.sign_in().await;
                self.note("sign in", shown);
            } else if !self.terminal.owes_a_reversal() {
                return true;
            } else {
                let shown = self.terminal.settle_debt().await;
                self.note("reverse", shown.map(|shown| shown.expect("one was owed")));
            }
            if self.terminal.owes_a_reversal() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        false
    }

    fn note(&mut self, what: &str, shown: Result<Shown, TerminalError>) -> Option<Shown> {
        let code = match &shown {
            Ok(shown) => shown.code.clone(),
            Err(TerminalError::NoReply(_)) => "no answer".to_owned(),
            Err(TerminalError::BadReply(why)) => format!("not believed, {why}"),
            Err(error) => error.to_string(),
        };
        // Keys or batch are not the host's any more.
        if ["A0", "77", "89", "97"].contains(&code.as_str()) || code.ends_with("arrived damaged") {
            self.terminal.signed_in = false;
        }
        let owing = if self.terminal.owes_a_reversal() { ", owes" } else { "" };
        let reference = shown.as_ref().map(|shown| shown.reference.as_str()).unwrap_or_default();
        self.history
            .push(format!("{:06} {what} {code} {reference}{owing}", self.terminal.trace));
        *self.seen.entry(format!("{what}: {code}")).or_default() += 1;
        shown.ok()
    }
}
