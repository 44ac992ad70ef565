//! Payments beside sale, void and refund: by scanned code, pre-authorisations, loads.

use iso8583::Message;
use iso8583::values::{CodeData, CodeKind, F60, F61};

use super::errands::without_pin;
use super::{Action, Card, Logged, Shown, Terminal, TerminalError};

impl Terminal {
    /// Sells by the code on a customer's phone.
    pub async fn scanned_sale(&mut self, code: &str, amount: u64) -> Result<Shown, TerminalError> {
        let trace = self.next_trace();
        let data = CodeData {
            kind: CodeKind::Scanned,
            value: code.to_owned(),
        };
        let mut request = Message::new("0200")?;
        self.address_to(&mut request)?;
        request
            .set(3, "000000")?
            .set_number(4, amount)?
            .set_number(11, trace.into())?
            .set(22, "032")?
            .set(25, "00")?
            .set(49, "156")?
            .set(59, &data.text()?)?
            .set(60, &F60::transaction(22, self.batch).digits()?)?;
        let nobody = Card {
            pan: String::new(),
            track2: String::new(),
            pin: None,
        };
        self.financial(Action::QrSale, request, &nobody, true).await
    }

    /// Holds `amount` fen of a card.
    pub async fn preauth(&mut self, card: &Card, amount: u64) -> Result<Shown, TerminalError> {
        let mut request = self.card_request("0100", "030000", 10, card)?;
        request.set(25, "06")?.set_number(4, amount)?;
        self.financial(Action::PreAuth, request, card, true).await
    }

    /// Lets go of what was held.
    pub async fn preauth_void(&mut self, card: &Card, trace: u32) -> Result<Shown, TerminalError> {
        let held = self.entry(trace, Action::PreAuth)?;
        let mut request = self.card_request("0100", "200000", 11, card)?;
        request.set_number(4, held.amount)?;
        self.name(&mut request, &held)?;
        self.financial(Action::PreAuthVoid, request, card, true).await
    }

    /// Takes `amount` of what was held; `notice`: without asking, told afterwards.
    pub async fn complete(
        &mut self,
        card: &Card,
        trace: u32,
        amount: u64,
        notice: bool,
    ) -> Result<Shown, TerminalError> {
        let held = self.entry(trace, Action::PreAuth)?;
        let mut request = if notice {
            self.card_request("0220", "000000", 24, &without_pin(card))?
        } else {
            self.card_request("0200", "000000", 20, card)?
        };
        request.set_number(4, amount)?;
        self.name(&mut request, &held)?;
        self.financial(Action::Completion, request, card, !notice).await
    }

    /// Voids a completion of this batch.
    pub async fn completion_void(&mut self, card: &Card, trace: u32) -> Result<Shown, TerminalError> {
        let done = self.entry(trace, Action::Completion)?;
        let mut request = self.card_request("0200", "200000", 21, card)?;
        request.set_number(4, done.amount)?.set(37, &done.reference)?;
        self.name(&mut request, &done)?;
        self.financial(Action::CompletionVoid, request, card, true).await
    }

    /// Loads electronic cash: 45 from the specified account, 46 with cash, 47 from another account.
    pub async fn load(&mut self, card: &Card, amount: u64, kind: u8) -> Result<Shown, TerminalError> {
        let processing = match kind {
            45 => "600000",
            46 => "630000",
            _ => "620000",
        };
        let mut request = self.card_request("0200", processing, kind, card)?;
        request.set(25, "91")?.set_number(4, amount)?;
        self.financial(Action::Load, request, card, true).await
    }

    /// Voids a load with cash.
    pub async fn load_void(&mut self, card: &Card, trace: u32) -> Result<Shown, TerminalError> {
        let loaded = self.entry(trace, Action::Load)?;
        let mut request = self.card_request("0200", "170000", 51, card)?;
        request.set(25, "91")?.set_number(4, loaded.amount)?;
        self.name(&mut request, &loaded)?;
        self.financial(Action::LoadVoid, request, card, true).await
    }

    fn entry(&self, trace: u32, action: Action) -> Result<Logged, TerminalError> {
        let fits = |entry: &&Logged| entry.trace == trace && entry.action == action;
        self.log
            .iter()
            .find(fits)
            .cloned()
            .ok_or(TerminalError::NoSuchSale(trace))
    }

    /// Says which earlier message a request is about, and that it belongs to a pre-authorisation unless it says otherwise.
    fn name(&self, request: &mut Message, original: &Logged) -> Result<(), TerminalError> {
        let date = original.date.parse().unwrap_or(0);
        if request.text(25) == Some("00") {
            request.set(25, "06")?;
        }
        request.set(61, &F61::new(self.batch, original.trace, date).digits()?)?;
        if !original.authorisation.is_empty() {
            request.set(38, &original.authorisation)?;
        }
        Ok(())
    }
}
