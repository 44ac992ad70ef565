//! What a merchant took, day by day: by the local day, and without what was declined.

use domain::ids::TransactionId;
use domain::time::Date;
use operations::Ctx;
use operations::takings::{self, Day};
use store::Db;
use store::transactions::{TransactionRow, insert};

use super::estate::{self, Estate};
use super::world::{at, databases, read, someone, system, write};

/// Kind, state, fen, when.
type Row = (&'static str, &'static str, i64, &'static str);

/// Two days, of which midnight in Shanghai is 16:00 UTC; the void gives the second sale back a day later.
const ROWS: [Row; 7] = [
    ("sale", "approved", 2_600, "2026-11-23T15:59:59Z"),
    ("sale", "voided", 4_850, "2026-11-23T16:00:00Z"),
    ("sale", "declined", 99_900, "2026-11-24T02:00:00Z"),
    ("preauth", "approved", 50_000, "2026-11-24T03:00:00Z"),
    ("qr_sale", "approved", 1_000, "2026-11-24T15:00:00Z"),
    ("void", "approved", 4_850, "2026-11-24T16:30:00Z"),
    ("sale", "approved", 300, "2026-11-24T17:00:00Z"),
];

fn took(db: &Db, ctx: &mut Ctx) -> Estate {
    let estate = write(db, ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
    let of = estate.clone();
    write(db, ctx, move |tx, _| {
        for (n, (kind, state, amount, when)) in (1..).zip(ROWS) {
            assert!(insert(tx, &row(&of, n, (kind, state, amount, when)))?);
        }
        Ok(())
    })
    .unwrap();
    ctx.now = at("2026-11-25T02:00:00Z");
    estate
}

fn row(of: &Estate, n: i64, (kind, state, amount, when): Row) -> TransactionRow {
    TransactionRow {
        merchant_id: of.merchant.clone(),
        id: TransactionId::new(at(when), n.to_be_bytes().repeat(2)[6..].try_into().unwrap())
            .as_str()
            .to_owned(),
        terminal_id: of.terminal.clone(),
        batch: 1,
        stan: n,
        message_class: "request".into(),
        kind: kind.into(),
        amount,
        state: state.into(),
        response_code: "00".into(),
        rrn: format!("{n:012}"),
        auth_code: String::new(),
        masked_card: String::new(),
        card_index: String::new(),
        card_type: String::new(),
        entry_mode: String::new(),
        original_id: None,
        request_hash: String::new(),
        answer: None,
        explanation_code: String::new(),
        upstream_stan: None,
        received_at: at(when).millis(),
        finished_at: None,
        fee: 0,
        event: String::new(),
        entry: String::new(),
    }
}

/// Day of the month, sales, given back, number of sales.
fn told(days: &[Day]) -> Vec<(u8, i64, i64, i64)> {
    days.iter().map(|d| (d.date.day(), d.sales, d.back, d.count)).collect()
}

#[test]
fn a_sale_counts_on_its_local_day_and_a_void_on_the_day_it_was_made() {
    for test in databases() {
        let mut ctx = system();
        let estate = took(test.db(), &mut ctx);
        let merchant = estate.merchant.clone();
        let week = read(test.db(), &ctx, move |tx, ctx| takings::last(tx, ctx, &merchant, 3)).unwrap();
        assert_eq!(told(&week), [(23, 2_600, 0, 1), (24, 5_850, 0, 2), (25, 300, 4_850, 1)]);
        assert_eq!(week.iter().map(Day::net).collect::<Vec<_>>(), [2_600, 5_850, -4_550]);
    }
}

#[test]
fn statements_go_back_page_by_page_over_days_on_which_something_was_taken() {
    for test in databases() {
        let mut ctx = system();
        let estate = took(test.db(), &mut ctx);
        let page = |before: Option<Date>| {
            let merchant = estate.merchant.clone();
            read(test.db(), &ctx, move |tx, ctx| {
                takings::days(tx, ctx, &merchant, before, 2)
            })
            .unwrap()
        };
        let (first, more) = page(None);
        assert_eq!(
            (told(&first).len(), first[0].date.day(), first[1].date.day(), more),
            (2, 25, 24, true)
        );
        let (second, more) = page(Some(first[1].date));
        assert_eq!((told(&second), more), (vec![(23, 2_600, 0, 1)], false));
    }
}

#[test]
fn another_merchants_takings_are_not_there() {
    for test in databases() {
        let mut ctx = system();
        let estate = took(test.db(), &mut ctx);
        ctx.actor = someone("stranger", "owner");
        ctx.actor.merchant = "mch_other".into();
        let refused = read(test.db(), &ctx, move |tx, ctx| {
            takings::last(tx, ctx, &estate.merchant, 1)
        })
        .unwrap_err();
        assert!(matches!(refused, operations::Refused::NotFound { .. }), "{refused}");
    }
}
