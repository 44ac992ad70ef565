//! A year of sales in the hours shops are open, batch by batch, and the runs of dormancy over the same time.

use domain::cards::CardType;
use domain::fees::Agreed;
use domain::ids::TransactionId;
use domain::limits::Entry;
use domain::money::Fen;
use domain::time::{Duration, Time};
use iso8583::values::{BalanceFlag, SettlementTotals, Tally, Totals};
use operations::payments::{Issued, ledger, limits};
use operations::refused::{Done, Refused};
use operations::trace::{self, Happened};
use operations::{Actor, dormancy, stops};
use serde_json::{Value, json};
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

/// When shops of a category sell, in minutes of the local day: from, until. Others sell at [`USUAL`] times.
const HOURS: [(&str, i64, i64); 8] = [
    ("5812", 11 * 60, 20 * 60 + 30),
    ("5813", 16 * 60, 20 * 60 + 30),
    ("5814", 10 * 60 + 30, 19 * 60),
    ("7011", 12 * 60, 20 * 60 + 30),
    ("7299", 10 * 60 + 30, 17 * 60 + 30),
    ("7538", 10 * 60 + 30, 18 * 60),
    ("7997", 14 * 60, 20 * 60 + 30),
    ("8299", 10 * 60 + 30, 18 * 60),
];

/// From 10:30 until 20:30.
const USUAL: (i64, i64) = (10 * 60 + 30, 20 * 60 + 30);

/// By this minute of the day every shop has settled.
const ALL_SETTLED: i64 = 21 * 60 + 30;

/// So many days back every day has its sales; before that one day in two weeks stands for them.
const DAILY: i64 = 21;

/// So many days back events tell of it too, so that time-lines live; sales further back are rows only.
const TOLD: i64 = 4;

/// A day on which a terminal sold.
struct Day {
    /// Midnight it began at.
    start: Time,
    /// Minutes after midnight at which the first sale may be, and the last.
    hours: (i64, i64),
    /// How many sales.
    count: i64,
    /// Events tell of it.
    told: bool,
}

impl Day {
    fn minute(&self, minute: i64) -> Time {
        self.start + Duration::minutes(minute)
    }
}

/// The sales of every terminal that ever worked.
pub fn sales(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let cards = customers(s);
    let mut sequence = 0;
    for n in 0..s.terminals.len() {
        let Some(terminal) = s.terminals.get(n).cloned() else {
            continue;
        };
        let Some(merchant) = s.merchants.get(terminal.merchant).cloned() else {
            continue;
        };
        let days = days(s, &terminal, merchant.trade.mcc);
        let place = (merchant.id.as_str(), terminal.id.as_str());
        let Some(line) = write(tx, s, place, &days, &cards, &mut sequence)? else {
            continue;
        };
        // Who sold yesterday is still signed in, with nothing yet in the batch that the settlement opened.
        let recent = days.last().is_some_and(|day| day.told);
        history::terminal(
            tx,
            place,
            (line.sold.millis(), line.signed_in.millis(), recent),
            line.batch,
        )?;
        if recent {
            store::batches::open(tx, place.0, place.1, line.batch, line.settled)?;
        }
        if let Some(known) = s.terminals.get_mut(n) {
            known.told.batch = line.batch;
        }
    }
    Ok(())
}

/// The days on which a terminal sold, oldest first; none for one that never did.
fn days(s: &mut Seeder, terminal: &Known, mcc: &str) -> Vec<Day> {
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
        return Vec::new();
    }
    // What is stopped today was stopped at most ten days ago.
    let idle = match (terminal.idle, situations::stops_a_sale(s, terminal.reason)) {
        (0, true) => 11,
        (idle, _) => idle,
    };
    let zone = s.ctx.platform.zone.clone();
    let today = zone.date(s.now);
    // The past ends with an evening on which everybody has settled.
    let settled = s.now >= zone.start_of(today) + Duration::minutes(ALL_SETTLED);
    let first = zone.date(terminal.opened).add_days(1);
    let hours = HOURS
        .iter()
        .find(|row| row.0 == mcc)
        .map_or(USUAL, |row| (row.1, row.2));
    let mut back = idle + i64::from(!settled);
    let mut days = Vec::new();
    while back <= idle + A_YEAR {
        let date = today.add_days(-i32::try_from(back).unwrap_or(0));
        if date < first {
            break;
        }
        days.push(Day {
            start: zone.start_of(date),
            hours,
            count: if date.is_weekend() {
                4 + s.dice(4)
            } else {
                2 + s.dice(3)
            },
            told: back <= TOLD,
        });
        back += if back < DAILY { 1 } else { 10 + s.dice(8) };
    }
    days.reverse();
    days
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

/// Where a terminal stands after its past.
struct Line {
    sold: Time,
    signed_in: Time,
    settled: i64,
    batch: i64,
}

/// Writes the days of one terminal, a batch each: signed in before the shop opens, settled after it closes. None if
/// there are none.
fn write(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    place: (&str, &str),
    days: &[Day],
    cards: &[Card],
    sequence: &mut i64,
) -> Done<Option<Line>> {
    let (mut rows, mut closed, mut line) = (Vec::new(), Vec::new(), None);
    let agreed = limits::terms(tx, &s.ctx, place.0, place.1)?.agreed;
    let mut stan = 0;
    for (number, day) in (1..).zip(days) {
        let signed_in = day.minute(day.hours.0 - 10 - s.dice(25));
        let mut batch = Batch {
            place,
            agreed: &agreed,
            number,
            opened: signed_in,
            settled: day.minute(day.hours.1 + 10 + s.dice(40)),
            rows: Vec::new(),
        };
        let (open, share) = (day.hours.0, (day.hours.1 - day.hours.0) / day.count);
        for nth in 0..day.count {
            stan += 1;
            *sequence += 1;
            let at = day.minute(open + nth * share + s.dice(share - 5)) + Duration::millis(s.dice(60_000));
            batch.sale(s, at, (stan, *sequence), cards, nth + 1 == day.count)?;
        }
        stan += batch.void(s, stan, sequence)?;
        let sold = batch.rows.iter().map(|row| row.received_at).max().unwrap_or_default();
        line = Some(Line {
            sold: Time::from_millis(sold),
            signed_in,
            settled: batch.settled.millis(),
            batch: number + 1,
        });
        if day.told {
            batch.tell(tx, s)?;
        }
        closed.push(batch.row()?);
        rows.append(&mut batch.rows);
    }
    history::transactions(tx, rows)?;
    history::batches(tx, closed)?;
    Ok(line)
}

/// A batch of the past.
struct Batch<'a> {
    place: (&'a str, &'a str),
    /// What its merchant pays for a sale.
    agreed: &'a Agreed,
    number: i64,
    opened: Time,
    settled: Time,
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
        let kind = CardType::from_code(card.kind).unwrap_or(CardType::Unknown);
        let fee = match self.agreed.fee(Fen(amount), kind, Entry::of(entry)) {
            Ok(fee) if row.state == "approved" => fee.0,
            _ => 0,
        };
        self.rows.push(TransactionRow {
            amount,
            fee,
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
        // The slots of two sales lie five minutes apart, so the void comes before the next one. Of one sale alone it
        // would be the last thing the terminal did, which is to be a sale.
        let at = Time::from_millis(original.received_at) + Duration::minutes(2);
        if self.rows.len() < 2 {
            return Ok(0);
        }
        *sequence += 1;
        let void = row(s, self, ("void", "00"), at, (stan + 1, *sequence))?;
        self.rows.push(TransactionRow {
            amount: original.amount,
            fee: -original.fee,
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

    /// What the gateway would have told of the day: sign-in, every transaction in its order, settlement.
    fn tell(&self, tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
        let batch = self.number;
        self.event(tx, s, self.opened, "terminal.signed_in", json!({ "batch": batch }))?;
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.received_at);
        for row in rows {
            let (kind, data) = if row.state == "declined" {
                let data = json!({ "amount": row.amount, "response_code": row.response_code });
                ("terminal.declined", data)
            } else {
                let data = json!({
                    "kind": row.kind, "amount": row.amount, "rrn": row.rrn, "transaction": row.id,
                });
                let kind = if row.kind == "void" {
                    "terminal.voided"
                } else {
                    "terminal.sold"
                };
                (kind, data)
            };
            let at = Time::from_millis(row.finished_at.unwrap_or(row.received_at));
            self.event(tx, s, at, kind, data)?;
        }
        let data = json!({ "batch": batch, "balance": "balanced" });
        self.event(tx, s, self.settled, "terminal.settled", data)
    }

    fn event(&self, tx: &mut Tx<'_>, s: &mut Seeder, at: Time, kind: &str, data: Value) -> Done<()> {
        s.act(&Actor::system("gateway"), at, "");
        let (merchant, terminal) = self.place;
        let happened = Happened {
            kind,
            merchant,
            subject_kind: "terminal",
            subject: terminal,
            terminal,
            data,
            audit: "-",
        };
        trace::event(tx, &mut s.ctx, happened)?;
        Ok(())
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
        Ok(BatchRow {
            merchant_id: self.place.0.to_owned(),
            terminal_id: self.place.1.to_owned(),
            number: self.number,
            state: "closed".to_owned(),
            opened_at: self.opened.millis(),
            closed_at: Some(self.settled.millis()),
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
        fee: 0,
        event: String::new(),
        entry: String::new(),
    })
}

/// The books of that year.
pub fn books(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    ledger::start(tx, &mut s.ctx)
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
