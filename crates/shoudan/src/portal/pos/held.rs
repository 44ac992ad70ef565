//! The terminals in visitors' hands: each a simulated one with what its screen and printer show. Kept in memory, one
//! visitor's action at a time per terminal; stored beside the demonstration's data, so that trace numbers go on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::names::Lang;
use serde::{Deserialize, Serialize};
use simulators::Terminal;
use simulators::terminal::{Action, Card, Language, Shown, TerminalError};

use super::page::plain;
use super::tap::{Passed, Tap};
use crate::demo;
use crate::portal::words::{Word, pos as w};

/// How long a terminal of the demonstration waits for an answer: longer than the gateway waits for the network.
const PATIENCE_MS: u64 = 35_000;

/// The largest amount there are keys for, fen.
const MOST: i64 = 99_999_999;

/// What the screen says.
#[derive(Clone, Serialize, Deserialize)]
pub enum Said {
    /// Nothing was done yet, or an amount is being keyed in.
    Idle,
    /// The host's answer.
    Host(Box<Shown>),
    /// The terminal's own trouble: what was done, and what came of it.
    Trouble(Action, Trouble),
}

/// A trouble of the terminal's own.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// No answer, or none that can be believed.
    NoAnswer,
    /// There is nothing to void or reverse.
    Nothing,
    /// The terminal cannot send it.
    CannotSend,
}

/// A terminal in hand.
#[derive(Clone, Serialize, Deserialize)]
pub struct Held {
    /// The simulated terminal.
    pub terminal: Terminal,
    /// What the screen says.
    pub said: Said,
    /// What was printed last.
    pub slip: Option<Shown>,
    /// How many slips were printed.
    pub slips: u64,
    /// Index of the card in hand.
    pub card: usize,
    /// Which card paid the sale of a trace number.
    cards: HashMap<u32, usize>,
    /// Fen keyed in.
    pub amount: i64,
    /// The amount as typed could not be read.
    #[serde(skip)]
    pub wrong_amount: bool,
    /// What passed on the line in the last action.
    #[serde(skip)]
    pub passed: Vec<Passed>,
}

/// The terminals in hand, by number.
#[derive(Default)]
pub struct Hands(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Held>>>>);

impl Hands {
    /// Takes a terminal of the seeded world in hand: as it was left, or new. `trace` is where a new one's trace numbers
    /// begin, so that they do not meet those of other programs that drive the same terminal.
    pub fn take(
        &self,
        world: &demo::World,
        of: &demo::Terminal,
        data: &Path,
        trace: u32,
    ) -> Arc<tokio::sync::Mutex<Held>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(of.terminal_number.clone()).or_insert_with(|| {
            let held = kept(&place(data, &of.terminal_number)).unwrap_or_else(|| fresh(of, trace));
            Arc::new(tokio::sync::Mutex::new(held))
        });
        if let Ok(mut held) = held.try_lock() {
            held.terminal.address.clone_from(&world.terminals);
        }
        held.clone()
    }
}

fn fresh(of: &demo::Terminal, trace: u32) -> Held {
    let mut terminal = Terminal::new("", &of.terminal_number, &of.merchant_number, &of.tmk_hex);
    terminal.tpdu.clone_from(&of.tpdu);
    terminal.serial_number.clone_from(&of.serial_number);
    terminal.mac.clone_from(&of.mac);
    terminal.batch = u32::try_from(of.batch).unwrap_or(1);
    terminal.patience_ms = PATIENCE_MS;
    terminal.trace = trace;
    Held {
        terminal,
        said: Said::Idle,
        slip: None,
        slips: 0,
        card: 0,
        cards: HashMap::new(),
        amount: 1_234,
        wrong_amount: false,
        passed: Vec::new(),
    }
}

fn place(data: &Path, number: &str) -> PathBuf {
    data.join("pos").join(format!("{number}.json"))
}

fn kept(path: &Path) -> Option<Held> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Stores a terminal as it is now. A demonstration goes on without, so a full disk only means that trace numbers start
/// anew the next time.
pub fn keep(held: &Held, data: &Path) {
    let path = place(data, &held.terminal.terminal_number);
    let stored = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&path, serde_json::to_vec(held)?));
    if let Err(error) = stored {
        tracing::warn!("{} cannot be stored: {error}", path.display());
    }
}

impl Held {
    /// A key of the pad: digits go in from the right, as on a real machine.
    pub fn press(&mut self, key: &str) {
        let times = |n: i64, more: i64| n.saturating_mul(more);
        let next = match key {
            "cancel" => 0,
            "clear" => self.amount / 10,
            "00" => times(self.amount, 100),
            digit => digit.parse::<u8>().map_or(self.amount, |d| {
                times(self.amount, 10).saturating_add(i64::from(d.min(9)))
            }),
        };
        if next <= MOST {
            self.amount = next;
        }
        self.said = Said::Idle;
    }

    /// What a key-loading device does: the machine is this one and holds this key. One it did not hold before takes a
    /// sign-in first.
    pub fn load(&mut self, serial: &str, key: &str) {
        serial.clone_into(&mut self.terminal.serial_number);
        if self.terminal.master_key != key {
            key.clone_into(&mut self.terminal.master_key);
            self.terminal.signed_in = false;
        }
    }

    /// Takes over the amount as typed.
    pub fn typed(&mut self, text: &str) {
        match domain::money::Fen::parse_typed(text) {
            Ok(amount) if (0..=MOST).contains(&amount.0) => {
                self.amount = amount.0;
                self.wrong_amount = false;
            }
            _ => self.wrong_amount = true,
        }
    }

    /// Does what a button asks, over the wire.
    pub async fn act(&mut self, what: &str, cards: &[demo::TestCard]) {
        let Some(action) = action(what) else { return };
        let gateway = self.terminal.address.clone();
        let tap = match Tap::open(gateway.clone()).await {
            Ok(tap) => tap,
            Err(error) => {
                tracing::warn!("the line of the virtual POS cannot be tapped: {error}");
                self.said = Said::Trouble(action, Trouble::NoAnswer);
                return;
            }
        };
        self.terminal.address.clone_from(&tap.address);
        let done = self.send(action, cards).await;
        self.terminal.address = gateway;
        self.passed = tap.passed();
        match done {
            Ok(shown) => self.show(action, shown),
            Err(error) => self.said = Said::Trouble(action, trouble(&error)),
        }
    }

    async fn send(&mut self, action: Action, cards: &[demo::TestCard]) -> Result<Shown, TerminalError> {
        let last = self
            .terminal
            .log
            .iter()
            .rev()
            .find(|one| one.action == Action::Sale && !one.undone)
            .map(|one| one.trace);
        let used = last
            .and_then(|trace| self.cards.get(&trace).copied())
            .unwrap_or(self.card);
        let index = if matches!(action, Action::Void | Action::Reversal) {
            used
        } else {
            self.card
        };
        let card = cards.get(index).map(|card| Card {
            pan: card.pan.clone(),
            track2: card.track2.clone(),
            pin: Some(card.pin.clone()).filter(|pin| !pin.is_empty()),
        });
        let no_card = || TerminalError::CannotSend("there is no such test card".to_owned());
        let nothing = TerminalError::NoSuchSale(self.terminal.trace);
        let shown = match action {
            Action::SignIn => self.terminal.sign_in().await?,
            Action::Settle => self.terminal.settle().await?,
            Action::Echo => self.terminal.echo().await?,
            Action::Balance => self.terminal.balance(&card.ok_or_else(no_card)?).await?,
            Action::Void => {
                self.terminal
                    .void(&card.ok_or_else(no_card)?, last.ok_or(nothing)?)
                    .await?
            }
            Action::Reversal => self.terminal.reverse_last(&card.ok_or_else(no_card)?).await?,
            _ => {
                let amount = u64::try_from(self.amount).unwrap_or(0);
                self.terminal.sale(&card.ok_or_else(no_card)?, amount).await?
            }
        };
        if shown.action == Action::Sale && shown.approved {
            self.cards.insert(shown.trace, index);
        }
        Ok(shown)
    }

    fn show(&mut self, action: Action, shown: Shown) {
        let paper = matches!(action, Action::Sale | Action::Void | Action::Reversal | Action::Settle);
        if paper || shown.explanation_code.is_some() {
            self.slip = Some(shown.clone());
            self.slips += 1;
        }
        self.said = Said::Host(Box::new(shown));
    }

    /// The lines of the screen.
    pub fn screen(&self, lang: Lang) -> Vec<String> {
        let say = |word: Word| word.get(lang).to_owned();
        match &self.said {
            Said::Host(shown) => shown.screen(language(lang)),
            Said::Idle => {
                let first = if self.terminal.signed_in {
                    w::WELCOME
                } else {
                    w::SIGN_IN_FIRST
                };
                vec![say(first), say(w::READY), plain(self.amount)]
            }
            Said::Trouble(action, trouble) => {
                let (zh, en) = action.names();
                let mut lines = vec![if lang == Lang::Zh { zh } else { en }.to_owned(), say(trouble.word())];
                if self.terminal.owes_a_reversal() {
                    lines.push(say(w::OWES));
                }
                lines
            }
        }
    }

    /// The lines of the slip, as far as one was printed.
    pub fn printed(&self, lang: Lang, merchant: &str) -> Option<(Vec<String>, Option<String>)> {
        let shown = self.slip.as_ref()?;
        Some((shown.slip(language(lang), merchant), shown.explanation_code.clone()))
    }
}

/// The screen and the slip speak the page's language.
fn language(lang: Lang) -> Language {
    match lang {
        Lang::Zh => Language::Zh,
        Lang::En => Language::En,
    }
}

fn trouble(error: &TerminalError) -> Trouble {
    match error {
        TerminalError::NoReply(_) | TerminalError::BadReply(_) => Trouble::NoAnswer,
        TerminalError::NoSuchSale(_) => Trouble::Nothing,
        TerminalError::CannotSend(_) => Trouble::CannotSend,
    }
}

impl Trouble {
    const fn word(self) -> Word {
        match self {
            Self::NoAnswer => w::NO_ANSWER,
            Self::Nothing => w::NOTHING_TO_UNDO,
            Self::CannotSend => w::CANNOT_SEND,
        }
    }
}

/// What each button does.
fn action(what: &str) -> Option<Action> {
    const ACTIONS: [(&str, Action); 7] = [
        ("sign_in", Action::SignIn),
        ("sale", Action::Sale),
        ("void", Action::Void),
        ("reverse", Action::Reversal),
        ("settle", Action::Settle),
        ("echo", Action::Echo),
        ("balance", Action::Balance),
    ];
    ACTIONS
        .iter()
        .find(|(code, _)| *code == what)
        .map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Held {
        let of = demo::Terminal {
            terminal_number: "10000001".into(),
            merchant_number: "826331058120163".into(),
            serial_number: "SD1".into(),
            tpdu: "6000030000".into(),
            tmk_hex: "00112233445566778899AABBCCDDEEFF".into(),
            mac: "ecb".into(),
            batch: 7,
            situation: "live".into(),
            reason: None,
        };
        fresh(&of, 41)
    }

    #[test]
    fn digits_go_in_from_the_right_and_stop_at_the_largest_amount() {
        let mut held = held();
        for key in ["cancel", "1", "2", "3", "4"] {
            held.press(key);
        }
        assert_eq!(held.amount, 1_234);
        held.press("clear");
        assert_eq!(held.amount, 123);
        for _ in 0..9 {
            held.press("00");
        }
        assert!(held.amount <= MOST);
        held.press("junk");
        assert_eq!(held.screen(Lang::Zh).first().map(String::as_str), Some("请先签到"));
    }

    #[test]
    fn an_amount_that_cannot_be_read_changes_nothing() {
        let mut held = held();
        held.typed("12,34");
        assert!(held.wrong_amount);
        assert_eq!(held.amount, 1_234);
        held.typed("56.78");
        assert!(!held.wrong_amount);
        assert_eq!(held.amount, 5_678);
    }

    #[tokio::test]
    async fn without_a_gateway_the_screen_says_that_nobody_answered() {
        let mut held = held();
        // Nothing listens on the discard port of this machine.
        held.terminal.address = "127.0.0.1:9".into();
        held.act("echo", &[]).await;
        assert_eq!(held.screen(Lang::En), ["Line test", "No answer"]);
        held.act("void", &[]).await;
        assert!(held.screen(Lang::En).contains(&"Cannot send this".to_owned()));
    }

    #[test]
    fn a_stored_terminal_wakes_with_its_trace_number() {
        let dir = std::env::temp_dir().join(format!("shoudan-pos-{}", std::process::id()));
        keep(&held(), &dir);
        let woken = kept(&place(&dir, "10000001")).map(|held| held.terminal.trace);
        let _ = std::fs::remove_dir_all(&dir);
        assert_eq!(woken, Some(41));
    }
}
