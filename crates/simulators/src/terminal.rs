//! A POS terminal: what stands on a counter, without the plastic. It signs in, sells, voids, reverses what it got no answer
//! for, settles and uploads; it keeps its keys, trace number, batch and log as a terminal does, and can be stored and woken.

mod errands;
mod keys;
mod payments;
mod settle;
mod shown;

pub use errands::Listed;
pub use shown::{Action, Language, Shown};

use std::time::Duration;

use iso8583::values::{F53, F60, F61, PinForm, SignInRequest, operator_field};
use iso8583::{Frame, Header, Kind, Message, Pan, Tpdu};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use keys::Keys;

/// Why the terminal has nothing to show but an error of its own.
#[derive(Debug, Error)]
pub enum TerminalError {
    /// No answer came. Where the request may have arrived, a reversal goes out before the next transaction.
    #[error("no answer from the acquirer ({0}); check the line, then try again")]
    NoReply(#[from] std::io::Error),
    /// An answer came that cannot be believed; it counts as none.
    #[error("the answer does not belong to the request: {0}")]
    BadReply(&'static str),
    /// The terminal cannot send this.
    #[error("the terminal cannot send this: {0}")]
    CannotSend(String),
    /// The log has no approved sale with this trace number.
    #[error("no approved sale with trace number {0:06} in this batch")]
    NoSuchSale(u32),
}

impl From<iso8583::EncodeError> for TerminalError {
    fn from(error: iso8583::EncodeError) -> Self {
        Self::CannotSend(error.to_string())
    }
}

/// A card that is swiped, for tests and demonstrations. No `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    /// Card number.
    pub pan: String,
    /// Track 2, with `=` or `D`.
    pub track2: String,
    /// PIN that the holder enters; none: the holder enters none.
    pub pin: Option<String>,
}

/// A transaction in the terminal's log.
#[derive(Clone, Serialize, Deserialize)]
pub struct Logged {
    /// Trace number.
    pub trace: u32,
    /// What it was.
    pub action: Action,
    /// Fen.
    pub amount: u64,
    /// Reference number.
    pub reference: String,
    /// Authorisation code, or empty.
    pub authorisation: String,
    /// Local date, MMDD, or empty.
    pub date: String,
    /// Whether a void or reversal has undone it.
    pub undone: bool,
    pan: String,
}

/// A terminal. Everything it remembers can be stored; it holds keys and test cards, so store it nowhere else but in a
/// demonstration.
#[derive(Clone, Serialize, Deserialize)]
pub struct Terminal {
    /// The acquirer's terminal gateway, `host:port`.
    pub address: String,
    /// Transport address, ten digits.
    pub tpdu: String,
    /// F41.
    pub terminal_number: String,
    /// F42.
    pub merchant_number: String,
    /// Serial number of the device.
    pub serial_number: String,
    /// Master key, 32 hex digits.
    pub master_key: String,
    /// MAC algorithm: `ecb`, `x9.9`, `x9.19`, `sm4-ecb`.
    pub mac: String,
    /// Batch number.
    pub batch: u32,
    /// Last trace number used.
    pub trace: u32,
    /// Whether the last sign-in was accepted.
    pub signed_in: bool,
    /// Approved transactions of this batch.
    pub log: Vec<Logged>,
    /// How long it waits for an answer, milliseconds.
    pub patience_ms: u64,
    /// Code of its sign-in (60.3): 1 single-length keys, 3 double-length ones, 4 with a track key, 6 SM4.
    #[serde(default = "usual_sign_in")]
    pub sign_in_code: u16,
    /// Whether it also checks the MAC of refusals, and keeps a reversal that arrived damaged. Known terminals do neither, so
    /// that who can change bits on their line can make an approval look refused.
    #[serde(default)]
    pub careful: bool,
    /// What the host asked for last, in digit 6 of the header.
    #[serde(default)]
    pub asked_for: u8,
    keys: Option<Keys>,
    /// A reversal that is still to be sent, without its MAC, hex.
    unanswered: Option<String>,
}

const HEADER: &str = "603100310000";
const OPERATOR: &str = "01";
/// Sign-in with double-length keys.
const SIGN_IN_CODE: u16 = 3;

fn usual_sign_in() -> u16 {
    SIGN_IN_CODE
}

/// Why a reversal goes out (F39): no answer, or one whose MAC is wrong.
const NO_ANSWER: &str = "98";
const BAD_MAC: &str = "A0";
const WRONG_MAC: &str = "its MAC is wrong";

/// What a reversal leaves out of the message it reverses.
const NOT_IN_REVERSALS: [u8; 7] = [26, 35, 36, 37, 52, 53, 63];

/// How a host answers what it could not read, or believe.
const DAMAGED: [&str; 6] = ["03", "12", "30", "40", "97", "A0"];

impl Terminal {
    /// A terminal as it leaves the workshop: numbers and master key, nothing else.
    pub fn new(address: &str, terminal_number: &str, merchant_number: &str, master_key: &str) -> Self {
        Self {
            address: address.to_owned(),
            tpdu: "6000030000".to_owned(),
            terminal_number: terminal_number.to_owned(),
            merchant_number: merchant_number.to_owned(),
            serial_number: terminal_number.to_owned(),
            master_key: master_key.to_owned(),
            mac: "ecb".to_owned(),
            batch: 1,
            trace: 0,
            signed_in: false,
            log: Vec::new(),
            patience_ms: 30_000,
            sign_in_code: SIGN_IN_CODE,
            careful: false,
            asked_for: 0,
            keys: None,
            unanswered: None,
        }
    }

    /// Whether a reversal is waiting to be sent.
    pub fn owes_a_reversal(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Signs in: new working keys, the host's batch number.
    pub async fn sign_in(&mut self) -> Result<Shown, TerminalError> {
        let mut request = self.management("0800", self.sign_in_code)?;
        let identity = SignInRequest {
            certificate: "0001".to_owned(),
            serial: self.serial_number.clone(),
        };
        request
            .set_bytes(62, &identity.to_bytes()?)?
            .set_bytes(63, &operator_field(OPERATOR))?;
        let answer = self.exchange(&request).await?;
        let shown = Shown::of(Action::SignIn, &request, &answer);
        self.signed_in = shown.approved;
        if shown.approved {
            self.keys = Some(Keys::open(&self.master_key, &answer, self.sign_in_code)?);
            let batch = F60::of(&answer).map_or(self.batch, |f60| f60.batch);
            if batch != self.batch {
                self.batch = batch;
                self.log.clear();
            }
        }
        Ok(shown)
    }

    /// Signs off.
    pub async fn sign_off(&mut self) -> Result<Shown, TerminalError> {
        let request = self.management("0820", 2)?;
        let answer = self.exchange(&request).await?;
        let shown = Shown::of(Action::SignOff, &request, &answer);
        if shown.approved {
            self.signed_in = false;
        }
        Ok(shown)
    }

    /// Tests the line.
    pub async fn echo(&mut self) -> Result<Shown, TerminalError> {
        let mut request = self.management("0820", 301)?;
        request.remove(11);
        let answer = self.exchange(&request).await?;
        Ok(Shown::of(Action::Echo, &request, &answer))
    }

    /// Downloads parameters and says that they have arrived.
    pub async fn download_parameters(&mut self) -> Result<Shown, TerminalError> {
        let mut request = self.management("0800", 360)?;
        request.remove(11);
        let answer = self.exchange(&request).await?;
        let shown = Shown::of(Action::Download, &request, &answer);
        if !shown.approved {
            return Ok(shown);
        }
        let mut end = self.management("0800", 361)?;
        end.remove(11);
        let answer = self.exchange(&end).await?;
        Ok(Shown::of(Action::Download, &end, &answer))
    }

    /// Sells for `amount` fen.
    pub async fn sale(&mut self, card: &Card, amount: u64) -> Result<Shown, TerminalError> {
        let mut request = self.card_request("0200", "000000", 22, card)?;
        request.set_number(4, amount)?;
        self.financial(Action::Sale, request, card, true).await
    }

    /// Asks for the balance of a card.
    pub async fn balance(&mut self, card: &Card) -> Result<Shown, TerminalError> {
        let request = self.card_request("0200", "310000", 1, card)?;
        self.financial(Action::Balance, request, card, false).await
    }

    /// Voids the sale of this batch that has the trace number.
    pub async fn void(&mut self, card: &Card, trace: u32) -> Result<Shown, TerminalError> {
        let sold = |entry: &&Logged| entry.trace == trace && entry.action == Action::Sale;
        let original = self
            .log
            .iter()
            .find(sold)
            .cloned()
            .ok_or(TerminalError::NoSuchSale(trace))?;
        let mut request = self.card_request("0200", "200000", 23, card)?;
        let date = original.date.parse().unwrap_or(0);
        request
            .set_number(4, original.amount)?
            .set(37, &original.reference)?
            .set(61, &F61::new(self.batch, trace, date).digits()?)?;
        if !original.authorisation.is_empty() {
            request.set(38, &original.authorisation)?;
        }
        let shown = self.financial(Action::Void, request, card, true).await?;
        if shown.approved {
            self.undo(trace);
        }
        Ok(shown)
    }

    /// Refunds `amount` fen of the sale with the reference number, made on `date` (MMDD).
    pub async fn refund(
        &mut self,
        card: &Card,
        amount: u64,
        reference: &str,
        date: &str,
    ) -> Result<Shown, TerminalError> {
        let mut request = self.card_request("0220", "200000", 25, card)?;
        let names = F61::new(0, 0, date.parse().unwrap_or(0));
        request
            .set_number(4, amount)?
            .set(37, reference)?
            .set(61, &names.digits()?)?
            .set_bytes(63, b"CUP")?;
        self.financial(Action::Refund, request, card, false).await
    }

    /// Reverses the last transaction as if its answer had not come.
    pub async fn reverse_last(&mut self, card: &Card) -> Result<Shown, TerminalError> {
        let last = self
            .log
            .last()
            .filter(|entry| entry.action == Action::Sale && !entry.undone)
            .cloned();
        let entry = last.ok_or(TerminalError::NoSuchSale(self.trace))?;
        let mut request = self.card_request("0200", "000000", 22, card)?;
        self.trace = entry.trace.max(self.trace.saturating_sub(1));
        request
            .set_number(4, entry.amount)?
            .set_number(11, entry.trace.into())?;
        let reversal = Self::reversal_of(&request, NO_ANSWER)?;
        let shown = self.send_reversal(&reversal).await?;
        if shown.approved {
            self.log.retain(|other| other.trace != entry.trace);
        }
        Ok(shown)
    }

    /// Sends the reversal that is owed, if one is.
    pub async fn settle_debt(&mut self) -> Result<Option<Shown>, TerminalError> {
        let Some(bytes) = self.unanswered.as_deref().and_then(keys::from_hex) else {
            return Ok(None);
        };
        let reversal = Message::decode(&bytes).map_err(|e| TerminalError::CannotSend(e.to_string()))?;
        let shown = self.send_reversal(&reversal).await?;
        if self.careful && DAMAGED.contains(&shown.code.as_str()) {
            return Err(TerminalError::BadReply("the reversal arrived damaged"));
        }
        self.unanswered = None;
        Ok(Some(shown))
    }

    async fn send_reversal(&mut self, reversal: &Message) -> Result<Shown, TerminalError> {
        let mut request = reversal.clone();
        self.seal(&mut request)?;
        let answer = self.exchange(&request).await?;
        Ok(Shown::of(Action::Reversal, &request, &answer))
    }

    /// The reversal of a request, with the reason in F39.
    fn reversal_of(request: &Message, reason: &str) -> Result<Message, TerminalError> {
        let mut reversal = request.clone().with_mti(Message::new("0400")?.mti());
        for number in NOT_IN_REVERSALS {
            reversal.remove(number);
        }
        reversal.remove(64).set(39, reason)?;
        if request.has(61) {
            // A reversed void names itself, not what it voided.
            let own = F60::of(request).map_or(0, |f60| f60.batch);
            let trace = request.number(11).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            reversal.set(61, &F61::new(own, trace, 0).digits()?)?;
        }
        Ok(reversal)
    }

    /// Sends a transaction: a reversal that is owed goes first; without a believable answer one is owed.
    async fn financial(
        &mut self,
        action: Action,
        mut request: Message,
        card: &Card,
        reversible: bool,
    ) -> Result<Shown, TerminalError> {
        self.settle_debt().await?;
        self.seal(&mut request)?;
        let answer = match self.exchange(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                // Where nobody listens the request has certainly not left.
                let left =
                    !matches!(&error, TerminalError::NoReply(e) if e.kind() == std::io::ErrorKind::ConnectionRefused);
                if reversible && left {
                    let reason = match error {
                        TerminalError::BadReply(WRONG_MAC) => BAD_MAC,
                        _ => NO_ANSWER,
                    };
                    self.unanswered = Some(keys::to_hex(&Self::reversal_of(&request, reason)?.encode()?));
                }
                return Err(error);
            }
        };
        let shown = Shown::of(action, &request, &answer);
        if shown.approved && action != Action::Balance {
            self.log.push(Logged {
                trace: shown.trace,
                action,
                amount: shown.amount,
                reference: shown.reference.clone(),
                authorisation: shown.authorisation.clone(),
                date: shown.date.clone(),
                undone: false,
                pan: card.pan.clone(),
            });
        }
        Ok(shown)
    }

    fn undo(&mut self, trace: u32) {
        for entry in self.log.iter_mut().filter(|entry| entry.trace == trace) {
            entry.undone = true;
        }
    }

    fn card_request(
        &mut self,
        mti: &str,
        processing: &str,
        transaction: u8,
        card: &Card,
    ) -> Result<Message, TerminalError> {
        let pan = Pan::parse(&card.pan).map_err(|e| TerminalError::CannotSend(e.to_string()))?;
        let (mode, form) = match card.pin {
            Some(_) => ("021", PinForm::WithPan),
            None => ("022", PinForm::None),
        };
        let trace = self.next_trace();
        let mut request = Message::new(mti)?;
        self.address_to(&mut request)?;
        request
            .set(2, &card.pan)?
            .set(3, processing)?
            .set_number(11, trace.into())?
            .set(22, mode)?
            .set(25, "00")?
            .set(35, &card.track2)?
            .set(49, "156")?
            .set(53, &F53::triple_des(form, false).digits())?
            .set(60, &F60::transaction(transaction, self.batch).digits()?)?
            .set_bytes(63, &operator_field(OPERATOR))?;
        if let (Some(pin), Some(keys)) = (&card.pin, &self.keys) {
            request.set(26, "12")?.set_bytes(52, &keys.pin_block(pin, &pan)?)?;
        }
        Ok(request)
    }

    fn management(&mut self, mti: &str, code: u16) -> Result<Message, TerminalError> {
        let trace = self.next_trace();
        let mut request = Message::new(mti)?;
        self.address_to(&mut request)?;
        request
            .set_number(11, trace.into())?
            .set(60, &F60::management(self.batch, code).digits()?)?;
        Ok(request)
    }

    fn address_to(&self, request: &mut Message) -> Result<(), TerminalError> {
        request.set(41, &self.terminal_number)?.set(42, &self.merchant_number)?;
        Ok(())
    }

    fn next_trace(&mut self) -> u32 {
        self.trace = self.trace % 999_999 + 1;
        self.trace
    }

    /// Puts the MAC on. A terminal that has never signed in has no key, and sends eight characters of nothing.
    fn seal(&self, request: &mut Message) -> Result<(), TerminalError> {
        match &self.keys {
            Some(keys) => request.seal(&keys.mac(&self.mac)?)?,
            None => request.set_bytes(64, b"00000000")?,
        };
        Ok(())
    }

    /// Sends a request and checks what comes back as a terminal does.
    async fn exchange(&mut self, request: &Message) -> Result<Message, TerminalError> {
        let tpdu = Tpdu::from_hex(&self.tpdu).map_err(|e| TerminalError::CannotSend(e.to_string()))?;
        let frame = Frame {
            tpdu,
            header: Header::from_hex(HEADER),
            message: request.encode()?,
        };
        let patience = Duration::from_millis(self.patience_ms);
        let reply = crate::wire::exchange(&self.address, &frame, patience).await?;
        let answer = Message::decode(&reply.message).map_err(|_| TerminalError::BadReply("it cannot be read"))?;
        self.believable(request, &answer)?;
        let asked = reply.header.and_then(Header::processing_request);
        self.asked_for = asked.unwrap_or_default().digit();
        Ok(answer)
    }

    fn believable(&self, request: &Message, answer: &Message) -> Result<(), TerminalError> {
        if answer.mti() != request.mti().response() {
            return Err(TerminalError::BadReply("its type is another"));
        }
        let approved = answer.text(39) == Some("00");
        let echoed: &[u8] = if approved { &[4, 11, 41, 42] } else { &[11, 41] };
        let kind = Kind::of(request);
        let sent_back = |number: u8| kind.is_none_or(|kind| kind.row().echoed.contains(&number));
        if echoed
            .iter()
            .filter(|number| sent_back(**number))
            .any(|number| request.has(*number) && request.bytes(*number) != answer.bytes(*number))
        {
            return Err(TerminalError::BadReply("its amount or numbers differ"));
        }
        let protected = kind.is_some_and(|kind| kind.row().mac);
        let checked = approved || self.careful && answer.has(64);
        if let (true, true, Some(keys)) = (checked, protected, &self.keys) {
            answer
                .verify(&keys.mac(&self.mac)?)
                .map_err(|_| TerminalError::BadReply(WRONG_MAC))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
