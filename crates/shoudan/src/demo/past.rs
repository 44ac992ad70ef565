//! A year of sales, batch by batch, and the runs of dormancy over the same time.

use domain::ids::TransactionId;
use domain::time::{Duration, Time};
use iso8583::values::{BalanceFlag, SettlementTotals, Tally, Totals};
use operations::payments::Issued;
use operations::refused::{Done, Refused};
use operations::{Actor, dormancy, stops};
use store::batches::BatchRow;
use store::transactions::TransactionRow;
use store::{Tx, history};

use super::Seeder;
use super::cards::{self, OUTCOMES};
use super::situations;
use super::terminals::Known;

/// The longest past of one terminal.
const A_YEAR: i64 = 365;

/// Cards that customers paid with.
const CUSTOMERS: usize = 240;

/// A card as a row shows it.
struct Card {
    masked: String,
    index: String,
    kind: &'static str,
}

/// The sales of every terminal that ever worked.
pub fn sales(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let cards = customers(s);
    let mut sequence = 0;
    for n in 0..s.terminals.len() {
        let Some(terminal) = s.terminals.get(n).cloned() else {
            continue;
        };
        let Some(merchant) = s.merchants.get(terminal.merchant).map(|m| m.id.clone()) else {
            continue;
        };
        let Some((first, last)) = span(s, &terminal) else {
            continue;
        };
        let past = write(tx, s, (&merchant, &terminal.id), (first, last), &cards, &mut sequence)?;
        let signed_in = Some(last.millis() - 3_600_000);
        history::terminal(tx, (&merchant, &terminal.id), Some(last.millis()), signed_in, past)?;
        if let Some(known) = s.terminals.get_mut(n) {
            known.told.batch = past;
        }
    }
    Ok(())
}

/// From when until when a terminal sold; none for one that never did.
fn span(s: &mut Seeder, terminal: &Known) -> Option<(Time, Time)> {
    let never = [
        "registration.not_filed",
        "registration.pending_ack",
        "registration.rejected",
        "device.not_issued",
        "device.not_activated",
        "device.activation_code_expired",
        "merchant.application_incomplete",
        "merchant.application_in_review",
        "merchant.application_rejected",
        "contract.unsigned",
    ];
    if terminal.spare || never.contains(&terminal.reason) {
        return None;
    }
    // What is stopped today was stopped at most ten days ago.
    let idle = match (terminal.idle, situations::stops_a_sale(s, terminal.reason)) {
        (0, true) => 11,
        (idle, _) => idle,
    };
    let last = s.now - Duration::days(idle) - Duration::minutes(20 + s.dice(600));
    let first = terminal.opened.max(last - Duration::days(A_YEAR)) + Duration::hours(2);
    (first < last).then_some((first, last))
}

fn customers(s: &Seeder) -> Vec<Card> {
    let sealer = &s.ctx.platform.sealer;
    let bins = [
        ("622202", "debit"),
        ("622588", "debit"),
        ("622848", "debit"),
        ("622575", "credit"),
        ("622680", "credit"),
        ("622752", "semi_credit"),
        ("620514", "prepaid"),
        ("622700", "debit"),
    ];
    (0..CUSTOMERS)
        .zip(bins.into_iter().cycle())
        .filter_map(|(n, (bin, kind))| {
            let pan = cards::number(&s.bins, bin, 500_000 + n)?;
            Some(Card {
                masked: domain::secret::mask_card(&pan),
                index: sealer.blind("pan", &pan),
                kind,
            })
        })
        .collect()
}

/// Writes the sales of one terminal, spread over some days of its past with a batch each; the number of the batch it is
/// in now.
fn write(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    place: (&str, &str),
    (first, last): (Time, Time),
    cards: &[Card],
    sequence: &mut i64,
) -> Done<i64> {
    let days = (last - first).as_millis() / 86_400_000;
    let batches = (days / 14).clamp(1, 18);
    let (mut rows, mut closed) = (Vec::new(), Vec::new());
    let mut stan = 0;
    for number in 1..=batches {
        let share = (last - first).as_millis() / batches * (batches - number);
        let end = last - Duration::millis(share);
        let count = 2 + s.dice(4);
        let mut batch = Batch {
            place,
            number,
            end,
            count,
            rows: Vec::new(),
        };
        for place in (0..count).rev() {
            stan += 1;
            *sequence += 1;
            let gap = Duration::minutes(place * 35);
            batch.sale(s, end - gap, (stan, *sequence), cards, place == 0)?;
        }
        stan += batch.void(s, stan, sequence)?;
        closed.push(batch.row()?);
        rows.append(&mut batch.rows);
    }
    history::transactions(tx, rows)?;
    history::batches(tx, closed)?;
    Ok(batches + 1)
}

/// A batch of the past.
struct Batch<'a> {
    place: (&'a str, &'a str),
    number: i64,
    end: Time,
    count: i64,
    rows: Vec<TransactionRow>,
}

/// The refusals customers met, as the outcomes of test cards have them.
const REFUSALS: [usize; 3] = [3, 4, 6];

impl Batch<'_> {
    /// One sale; the last of a batch is always approved.
    fn sale(
        &mut self,
        s: &mut Seeder,
        at: Time,
        (stan, sequence): (i64, i64),
        cards: &[Card],
        approved: bool,
    ) -> Done<()> {
        let refused = (!approved && s.dice(14) == 0)
            .then(|| s.pick(&REFUSALS).copied())
            .flatten();
        let code = refused.and_then(|n| OUTCOMES.get(n)).map_or("00", |o| o.1);
        let Some(card) = s.pick(cards) else { return Ok(()) };
        let entry = s.pick(&["021", "051", "071", "071"]).copied().unwrap_or("051");
        let amount = 100 * (8 + s.dice(240)) + 10 * s.dice(10);
        let row = row(s, self, ("sale", code), at, (stan, sequence))?;
        self.rows.push(TransactionRow {
            amount,
            masked_card: card.masked.clone(),
            card_index: card.index.clone(),
            card_type: card.kind.to_owned(),
            entry_mode: entry.to_owned(),
            ..row
        });
        Ok(())
    }

    /// Now and then the first sale of a batch was a mistake; how many voids there were.
    fn void(&mut self, s: &mut Seeder, stan: i64, sequence: &mut i64) -> Done<i64> {
        let wrong = s.dice(11) == 0;
        let Some(original) = self.rows.first().filter(|r| wrong && r.state == "approved").cloned() else {
            return Ok(0);
        };
        // The void comes before the last sale's end, so that the last thing a terminal did is a sale.
        let at = Time::from_millis(original.received_at) + Duration::minutes(2);
        if at >= self.end {
            return Ok(0);
        }
        *sequence += 1;
        let void = row(s, self, ("void", "00"), at, (stan + 1, *sequence))?;
        self.rows.push(TransactionRow {
            amount: original.amount,
            original_id: Some(original.id.clone()),
            masked_card: original.masked_card,
            card_index: original.card_index,
            card_type: original.card_type,
            entry_mode: original.entry_mode,
            ..void
        });
        if let Some(first) = self.rows.first_mut() {
            "voided".clone_into(&mut first.state);
        }
        Ok(1)
    }

    /// The batch as it was settled, both sides alike.
    fn row(&self) -> Done<BatchRow> {
        let sum = |kind: &str| {
            let counted = self
                .rows
                .iter()
                .filter(|r| r.kind == kind && matches!(r.state.as_str(), "approved" | "voided"));
            counted.fold(Tally::default(), |t, r| Tally {
                amount: t.amount + r.amount,
                count: t.count + 1,
            })
        };
        let totals = |flag| SettlementTotals {
            domestic: Totals {
                debit: sum("sale"),
                credit: sum("void"),
                flag,
            },
            foreign: Totals {
                flag,
                ..Totals::default()
            },
        };
        let digits = |flag| totals(flag).digits().map_err(|e| Refused::Inconsistent(e.to_string()));
        let opened = self.end - Duration::minutes(35 * self.count);
        Ok(BatchRow {
            merchant_id: self.place.0.to_owned(),
            terminal_id: self.place.1.to_owned(),
            number: self.number,
            state: "closed".to_owned(),
            opened_at: opened.millis(),
            closed_at: Some((self.end + Duration::minutes(30)).millis()),
            balanced: Some(true),
            terminal_totals: digits(BalanceFlag::NotCompared)?,
            host_totals: digits(BalanceFlag::Balanced)?,
        })
    }
}

/// An ended transaction without its card.
fn row(
    s: &mut Seeder,
    batch: &Batch<'_>,
    (kind, code): (&str, &str),
    at: Time,
    (stan, sequence): (i64, i64),
) -> Done<TransactionRow> {
    s.ctx.now = at;
    let id: TransactionId = s.ctx.ids.id(at);
    let approved = code == "00";
    let date = s.ctx.platform.zone.date(at);
    let rrn = format!(
        "{:02}{:02}{:02}{:06}",
        date.year() % 100,
        date.month(),
        date.day(),
        sequence % 1_000_000
    );
    let auth_code = if approved {
        format!("{:06}", s.dice(1_000_000))
    } else {
        String::new()
    };
    let issued = if approved {
        Issued::approved(&s.ctx, code)?
    } else {
        Issued::code(&s.ctx, code)?
    };
    let answer = issued.with(37, &rrn)?.with(38, &auth_code)?.to_bytes()?;
    Ok(TransactionRow {
        merchant_id: batch.place.0.to_owned(),
        id: id.to_string(),
        terminal_id: batch.place.1.to_owned(),
        batch: batch.number,
        stan,
        message_class: "request".to_owned(),
        kind: kind.to_owned(),
        amount: 0,
        state: if approved { "approved" } else { "declined" }.to_owned(),
        response_code: code.to_owned(),
        rrn,
        auth_code,
        masked_card: String::new(),
        card_index: String::new(),
        card_type: String::new(),
        entry_mode: String::new(),
        original_id: None,
        request_hash: operations::sealing::sha256(id.as_str().as_bytes()),
        answer: Some(answer),
        explanation_code: String::new(),
        upstream_stan: Some(sequence % 1_000_000),
        received_at: at.millis(),
        finished_at: Some(at.millis() + 400 + s.dice(900)),
    })
}

/// The weekly runs of dormancy of the past, each at its own time, and what came into force between them.
pub fn dormancy(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    for week in (0..=60).rev() {
        s.act(
            &Actor::system("dormancy"),
            s.now - Duration::days(7 * week),
            "the weekly run",
        );
        dormancy::sweep(tx, &mut s.ctx, 1000)?;
        stops::tick(tx, &mut s.ctx, 1000)?;
    }
    Ok(())
}
