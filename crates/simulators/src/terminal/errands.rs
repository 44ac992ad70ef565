//! What a terminal does beside selling: downloads, reports of its state, results of scripts, signatures.

use iso8583::tlv::{self, Tag};
use iso8583::values::downloads::{self, Answered};
use iso8583::values::{F60, F61};
use iso8583::{Message, Pan};

use super::{Action, Card, Logged, Shown, Terminal, TerminalError};

fn cannot(error: impl std::fmt::Display) -> TerminalError {
    TerminalError::CannotSend(error.to_string())
}

const UNREADABLE: TerminalError = TerminalError::BadReply("what it brings cannot be read");

/// Codes (60.3) of a download dialogue with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Keys of certification authorities: 372, 370, 371.
    PublicKeys,
    /// Chip applications: 382, 380, 381.
    ChipApplications,
}

impl Listed {
    fn codes(self) -> (u16, u16, u16) {
        match self {
            Self::PublicKeys => (372, 370, 371),
            Self::ChipApplications => (382, 380, 381),
        }
    }
}

/// Tags that name a key or an application: provider or identifier, index.
const NAMES: [u32; 2] = [0x9F06, 0x9F22];

impl Terminal {
    async fn manage(&mut self, mti: &str, code: u16, body: Option<&[u8]>) -> Result<(Shown, Message), TerminalError> {
        let mut request = self.management(mti, code)?;
        request.remove(11);
        if let Some(body) = body {
            request.set_bytes(62, body)?;
        }
        let answer = self.exchange(&request).await?;
        Ok((Shown::of(Action::Download, &request, &answer), answer))
    }

    /// Downloads a list that begins with a query, item by item; each item's data objects.
    pub async fn download_listed(&mut self, what: Listed) -> Result<(Shown, Vec<Vec<u8>>), TerminalError> {
        let (query, body, end) = what.codes();
        let mut names: Vec<Vec<u8>> = Vec::new();
        loop {
            let (shown, answer) = self.manage("0820", query, Some(&downloads::query(names.len()))).await?;
            if !shown.approved {
                return Ok((shown, Vec::new()));
            }
            let bytes = answer.bytes(62).unwrap_or_default();
            let (answered, list) = Answered::parse(bytes).map_err(|_| UNREADABLE)?;
            let before = names.len();
            names.extend(groups(list)?);
            if answered != Answered::More || names.len() == before {
                break;
            }
        }
        let mut items = Vec::with_capacity(names.len());
        for name in names {
            let (shown, answer) = self.manage("0800", body, Some(&name)).await?;
            if !shown.approved {
                return Ok((shown, items));
            }
            let (_, item) = Answered::parse(answer.bytes(62).unwrap_or_default()).map_err(|_| UNREADABLE)?;
            items.push(item.to_vec());
        }
        let (shown, _) = self.manage("0800", end, None).await?;
        Ok((shown, items))
    }

    /// Downloads what comes without a query, such as 394 and 395; the bytes as they came.
    pub async fn download_plain(&mut self, body: u16, end: u16) -> Result<(Shown, Vec<u8>), TerminalError> {
        let (shown, answer) = self.manage("0800", body, Some(&downloads::query(0))).await?;
        if !shown.approved {
            return Ok((shown, Vec::new()));
        }
        let bytes = answer.bytes(62).unwrap_or_default().to_vec();
        let (shown, _) = self.manage("0800", end, None).await?;
        Ok((shown, bytes))
    }

    /// Does what the host asked for last, in digit 6 of the header, until it asks for nothing more; how many errands.
    pub async fn run_errands(&mut self) -> Result<usize, TerminalError> {
        for errand in 0..12 {
            let shown = match self.asked_for {
                1 => self.download_parameters().await?,
                2 => self.report_status("11111").await?,
                3 => self.sign_in().await?,
                4 => self.download_listed(Listed::PublicKeys).await?.0,
                5 => self.download_listed(Listed::ChipApplications).await?.0,
                6 => self.download_plain(364, 365).await?.0,
                7 => self.download_plain(390, 391).await?.0,
                9 => self.download_plain(394, 395).await?.0,
                _ => return Ok(errand),
            };
            if !shown.approved {
                return Ok(errand);
            }
        }
        Ok(12)
    }

    /// Reports its state: one flag per part, from 01 on.
    pub async fn report_status(&mut self, flags: &str) -> Result<Shown, TerminalError> {
        let flags: Vec<String> = (1..)
            .zip(flags.chars())
            .map(|(tag, flag)| format!("{tag:02}{flag}"))
            .collect();
        let report = format!("{}1260511.0", flags.concat());
        let mut request = self.management("0820", 362)?;
        request.remove(11).set_bytes(62, report.as_bytes())?;
        let answer = self.exchange(&request).await?;
        Ok(Shown::of(Action::Status, &request, &answer))
    }

    fn logged(&self, trace: u32) -> Result<Logged, TerminalError> {
        let found = self.log.iter().find(|entry| entry.trace == trace);
        found.cloned().ok_or(TerminalError::NoSuchSale(trace))
    }

    /// Tells what the chip made of the issuer's script for the payment with the trace number.
    pub async fn tell_script(&mut self, trace: u32, result: &[u8]) -> Result<Shown, TerminalError> {
        let original = self.logged(trace)?;
        let mut data = Vec::new();
        for (tag, value) in [(0xDF31, result), (0x95, &[0; 5][..])] {
            let tag = Tag::new(tag).ok_or(UNREADABLE)?;
            tlv::push(&mut data, tag, value).map_err(cannot)?;
        }
        let mut request = self.about_card("0620", &original)?;
        let date = original.date.parse().unwrap_or(0);
        request
            .set(3, "000000")?
            .set(22, "051")?
            .set(23, "001")?
            .set(49, "156")?
            .set_bytes(55, &data)?
            .set(60, &F60::management(self.batch, 951).digits()?)?
            .set(61, &F61::new(self.batch, trace, date).digits()?)?;
        let trace = self.next_trace();
        request.set_number(11, trace.into())?;
        self.seal(&mut request)?;
        let answer = self.exchange(&request).await?;
        Ok(Shown::of(Action::Script, &request, &answer))
    }

    /// Sends the signature under the payment with the trace number: a JBIG picture.
    pub async fn sign_slip(&mut self, trace: u32, picture: &[u8]) -> Result<Shown, TerminalError> {
        let original = self.logged(trace)?;
        let mut request = self.about_card("0820", &original)?;
        let f60 = F60 {
            transaction_type: 7,
            ..F60::management(self.batch, 800)
        };
        request
            .set_number(11, trace.into())?
            .set(60, &f60.digits()?)?
            .set_bytes(62, picture)?;
        self.seal(&mut request)?;
        let answer = self.exchange(&request).await?;
        Ok(Shown::of(Action::Signature, &request, &answer))
    }

    /// Card, amount and reference number of an earlier payment.
    fn about_card(&self, mti: &str, original: &Logged) -> Result<Message, TerminalError> {
        let pan = Pan::parse(&original.pan).map_err(cannot)?;
        let mut request = Message::new(mti)?;
        self.address_to(&mut request)?;
        request
            .set(2, pan.expose())?
            .set_number(4, original.amount)?
            .set(37, &original.reference)?;
        Ok(request)
    }

    /// A sale that the terminal made without a line, told afterwards.
    pub async fn offline_sale(&mut self, card: &Card, amount: u64) -> Result<Shown, TerminalError> {
        let mut request = self.card_request("0220", "000000", 30, &without_pin(card))?;
        request.set_number(4, amount)?.remove(35);
        self.financial(Action::OfflineSale, request, card, false).await
    }

    /// A sale that the chip approved by itself, told afterwards.
    pub async fn chip_sale(&mut self, card: &Card, amount: u64) -> Result<Shown, TerminalError> {
        let mut request = self.card_request("0200", "000000", 36, &without_pin(card))?;
        let mut data = Vec::new();
        let approved = Tag::new(0x8A).ok_or(UNREADABLE)?;
        tlv::push(&mut data, approved, b"Y1").map_err(cannot)?;
        request
            .set_number(4, amount)?
            .set(22, "071")?
            .set_bytes(55, &data)?
            .remove(35);
        self.financial(Action::OfflineSale, request, card, false).await
    }

    /// Adds `amount` to the payment with the trace number: a tip, or an adjustment of an offline sale.
    pub async fn adjust(&mut self, card: &Card, trace: u32, amount: u64) -> Result<Shown, TerminalError> {
        let original = self.logged(trace)?;
        let kind = if original.action == Action::OfflineSale { 32 } else { 34 };
        let mut request = self.card_request("0220", "000000", kind, &without_pin(card))?;
        let date = original.date.parse().unwrap_or(0);
        request
            .set_number(4, original.amount.saturating_add(amount))?
            .set(48, &format!("{amount:012}"))?
            .set(61, &F61::new(self.batch, trace, date).digits()?)?
            .remove(35);
        let shown = self.financial(Action::Adjust, request, card, false).await?;
        // The log keeps what was added, as the host's totals do.
        if let Some(entry) = self
            .log
            .last_mut()
            .filter(|entry| shown.approved && entry.trace == shown.trace)
        {
            entry.amount = amount;
        }
        Ok(shown)
    }
}

/// The same card where nobody asks for a PIN.
pub(super) fn without_pin(card: &Card) -> Card {
    Card {
        pin: None,
        ..card.clone()
    }
}

/// Data objects in groups that each begin with a name, as requests for one item have them.
fn groups(list: &[u8]) -> Result<Vec<Vec<u8>>, TerminalError> {
    let mut groups: Vec<Vec<u8>> = Vec::new();
    for object in tlv::parse(list).map_err(|_| UNREADABLE)? {
        let number = object.tag.number();
        if NAMES.first() == Some(&number) {
            groups.push(Vec::new());
        }
        let (Some(group), true) = (groups.last_mut(), NAMES.contains(&number)) else {
            continue;
        };
        tlv::push(group, object.tag, object.value).map_err(cannot)?;
    }
    Ok(groups)
}
