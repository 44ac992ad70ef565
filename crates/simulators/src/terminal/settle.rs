//! Batch settlement and upload, the terminal's side.

use iso8583::values::{
    BalanceFlag, BatchItem, BatchUpload, SettlementTotals, Tally, Totals, batch_end, operator_field,
};
use iso8583::{Message, Pan};

use super::{Action, Logged, OPERATOR, Shown, Terminal, TerminalError};

/// Codes of 60.3.
const SETTLE: u16 = 201;
const END_UNBALANCED: u16 = 202;
const END_BALANCED: u16 = 207;

impl Terminal {
    /// What the terminal believes of its batch.
    pub fn totals(&self) -> Totals {
        let tally = |actions: &[Action]| {
            let entries: Vec<&Logged> = self
                .log
                .iter()
                .filter(|entry| actions.contains(&entry.action))
                .collect();
            Tally {
                amount: entries
                    .iter()
                    .map(|entry| i64::try_from(entry.amount).unwrap_or(0))
                    .sum(),
                count: u16::try_from(entries.len()).unwrap_or(999).min(999),
            }
        };
        Totals {
            debit: tally(&[
                Action::Sale,
                Action::QrSale,
                Action::Completion,
                Action::OfflineSale,
                Action::Adjust,
            ]),
            credit: tally(&[Action::Void, Action::Refund, Action::CompletionVoid]),
            ..Totals::default()
        }
    }

    /// Settles the batch, uploads it where the totals differ, and begins the next one.
    pub async fn settle(&mut self) -> Result<Shown, TerminalError> {
        self.settle_debt().await?;
        let mut request = self.management("0500", SETTLE)?;
        let totals = SettlementTotals {
            domestic: self.totals(),
            ..SettlementTotals::default()
        };
        request
            .set(48, &totals.digits()?)?
            .set(49, "156")?
            .set_bytes(63, &operator_field(OPERATOR))?;
        let answer = self.exchange(&request).await?;
        let mut shown = Shown::of(Action::Settle, &request, &answer);
        if !shown.approved {
            return Ok(shown);
        }
        let theirs = answer.text(48).and_then(|digits| SettlementTotals::parse(digits).ok());
        let theirs = theirs.ok_or(TerminalError::BadReply("its totals cannot be read"))?;
        let balanced = theirs.domestic.flag == BalanceFlag::Balanced;
        shown.totals = Some(theirs.domestic.into());
        let uploaded = if balanced { 0 } else { self.upload().await? };
        let end = if balanced { END_BALANCED } else { END_UNBALANCED };
        self.upload_message(&batch_end(uploaded)?, end).await?;
        self.batch = self.batch % 999_999 + 1;
        self.log.clear();
        Ok(shown)
    }

    async fn upload(&mut self) -> Result<u16, TerminalError> {
        let mut items = Vec::with_capacity(self.log.len());
        for entry in &self.log {
            items.push(BatchItem {
                foreign: false,
                trace: entry.trace,
                pan: Pan::parse(&entry.pan).map_err(|e| TerminalError::CannotSend(e.to_string()))?,
                amount: i64::try_from(entry.amount).unwrap_or(0),
            });
        }
        for part in items.chunks(BatchUpload::MOST) {
            self.upload_message(&BatchUpload(part.to_vec()).digits()?, SETTLE)
                .await?;
        }
        Ok(u16::try_from(items.len()).unwrap_or(u16::MAX))
    }

    async fn upload_message(&mut self, field_48: &str, code: u16) -> Result<Message, TerminalError> {
        let mut request = self.management("0320", code)?;
        request.set(48, field_48)?;
        let answer = self.exchange(&request).await?;
        if answer.text(39) == Some("00") {
            Ok(answer)
        } else {
            Err(TerminalError::BadReply("the upload was refused"))
        }
    }
}
