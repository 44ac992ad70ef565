//! Many payments in one transaction, as the authoriser keeps them; and what is told of them once they are folded.

use std::sync::Arc;

use iso8583::Kind;
use operations::payments::authorise::{self, Committed};
use operations::payments::{self, Begun, NetworkAnswer};
use operations::refused::Refused;
use operations::{Ctx, batches};
use store::Db;
use store::journal::{Ended, Entry};
use store::transactions::TransactionRow;

use super::estate::Estate;
use super::payments::{attempt, line, message, scenes};
use super::world::{read, write};

/// A sale as the gateway hands it to the authoriser.
fn entry(db: &Db, ctx: &mut Ctx, estate: &Estate, stan: i64, amount: u64) -> Entry {
    let attempt = attempt(ctx, &message(Kind::Sale, stan.unsigned_abs(), amount));
    let line = line(db, ctx, estate);
    authorise::entry(ctx, &line, &attempt, stan).expect("a plain sale")
}

fn commit(db: &Db, entries: Vec<Entry>, ended: Vec<Ended>) -> Committed {
    let mut committed: Committed = db
        .write(move |tx| -> Result<_, Refused> { authorise::commit(tx, &entries, &ended) })
        .wait()
        .unwrap();
    committed.appended.sort_unstable();
    committed.ended.sort_unstable();
    committed
}

fn approved(ctx: &Ctx, entry: &Entry) -> (Ended, TransactionRow) {
    let answer = authorise::approval(ctx, &entry.row.rrn, "A1B2C3", "")
        .unwrap()
        .to_bytes()
        .unwrap();
    let at = ctx.now.millis();
    let ended = Ended {
        place: entry.place,
        state: "approved",
        response_code: "00".to_owned(),
        auth_code: "A1B2C3".to_owned(),
        answer: answer.clone(),
        at,
    };
    let row = TransactionRow {
        state: "approved".to_owned(),
        response_code: "00".to_owned(),
        auth_code: "A1B2C3".to_owned(),
        answer: Some(answer),
        finished_at: Some(at),
        ..(*entry.row).clone()
    };
    (ended, row)
}

fn states(db: &Db) -> Vec<(i64, String)> {
    db.read(|tx| -> Result<_, Refused> {
        let rows = tx.all("select stan, state from transactions order by stan", vec![])?;
        rows.iter().map(|row| Ok((row.take(0)?, row.take(1)?))).collect()
    })
    .wait()
    .unwrap()
}

fn in_journal(db: &Db) -> i64 {
    db.read(|tx| -> Result<i64, Refused> { Ok(tx.one("select count(*) from journal", vec![])?.take(0)?) })
        .wait()
        .unwrap()
}

#[test]
fn what_ends_is_folded_once_and_told_on_the_time_line() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let entries: Vec<Entry> = (1..=5).map(|stan| entry(db, &mut ctx, &estate, stan, 100)).collect();
        assert_eq!(commit(db, entries.clone(), vec![]).appended, [1, 2, 3, 4, 5]);
        let (ended, rows): (Vec<_>, Vec<_>) = entries.iter().take(3).map(|e| approved(&ctx, e)).unzip();
        assert_eq!(commit(db, vec![], ended.clone()).ended, [1, 2, 3]);
        assert!(commit(db, vec![], ended).ended.is_empty(), "an end is written once");
        let rows: Vec<_> = (1..=3).zip(rows).collect();
        let again = rows.clone();
        assert_eq!(
            write(db, &mut ctx, move |tx, ctx| authorise::fold(tx, ctx, &rows)).unwrap(),
            3
        );
        assert_eq!(
            write(db, &mut ctx, move |tx, ctx| authorise::fold(tx, ctx, &again)).unwrap(),
            0
        );
        write(db, &mut ctx, |tx, _| authorise::forget(tx, &[1, 2, 3])).unwrap();
        assert_eq!(in_journal(db), 2, "what is pending stays");
        let approved = |stan| (stan, "approved".to_owned());
        assert_eq!(states(db), [approved(1), approved(2), approved(3)]);
        let wanted = store::events::Filter {
            kinds: vec!["terminal.sold".to_owned()],
            ..Default::default()
        };
        let told = read(db, &ctx, move |tx, _| Ok(store::events::list(tx, &wanted, "", 10)?)).unwrap();
        let sold = told.iter().filter(|event| event.terminal_id == estate.terminal).count();
        assert_eq!(sold, 3);
    }
}

/// As a process that died between folding and taking out of the journal leaves it to the next one.
#[test]
fn what_was_folded_and_is_still_in_the_journal_is_not_folded_again() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let entries: Vec<Entry> = (1..=3).map(|stan| entry(db, &mut ctx, &estate, stan, 100)).collect();
        commit(db, entries.clone(), vec![]);
        let (ended, rows): (Vec<_>, Vec<_>) = entries.iter().map(|e| approved(&ctx, e)).unzip();
        commit(db, vec![], ended);
        let first: Vec<_> = (1..=2).zip(rows).collect();
        write(db, &mut ctx, move |tx, ctx| authorise::fold(tx, ctx, &first)).unwrap();
        let counted = |db: &Db| -> i64 {
            let sum = "select cast(coalesce(sum(amount), 0) as bigint) from counters";
            let asked = db.read(move |tx| -> Result<i64, Refused> { Ok(tx.one(sum, vec![])?.take(0)?) });
            asked.wait().unwrap()
        };
        let each = counted(db) / 2;
        assert!(each > 0);
        let later = ctx.now + domain::time::Duration::hours(1);
        write(db, &mut ctx, move |tx, ctx| {
            authorise::fold_left(tx, ctx, (0, i64::MAX), later, 100)
        })
        .unwrap();
        assert_eq!((in_journal(db), counted(db)), (0, 3 * each));
        assert_eq!(states(db).len(), 3);
    }
}

#[test]
fn a_repeat_is_not_kept_whether_the_first_is_folded_or_not() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let first = entry(db, &mut ctx, &estate, 7, 100);
        let repeat = |place| Entry {
            place,
            row: Arc::new(TransactionRow {
                id: format!("pay_{place}"),
                ..(*first.row).clone()
            }),
            ..first.clone()
        };
        assert_eq!(commit(db, vec![first.clone()], vec![]).appended, [7]);
        assert!(
            commit(db, vec![repeat(8)], vec![]).appended.is_empty(),
            "beside it in the journal"
        );
        let (ended, row) = approved(&ctx, &first);
        commit(db, vec![], vec![ended]);
        write(db, &mut ctx, move |tx, ctx| {
            authorise::fold(tx, ctx, &[(7, row.clone())])
        })
        .unwrap();
        assert!(
            commit(db, vec![repeat(10)], vec![]).appended.is_empty(),
            "whether the journal still has the first or not"
        );
        write(db, &mut ctx, |tx, _| authorise::forget(tx, &[7])).unwrap();
        assert!(
            commit(db, vec![repeat(9)], vec![]).appended.is_empty(),
            "after it was folded"
        );
        assert_eq!(in_journal(db), 0, "nothing of a repeat is left");
    }
}

#[test]
fn a_terminal_that_is_stopped_or_speaks_otherwise_is_looked_at_alone() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = entry(db, &mut ctx, &estate, 1, 100);
        for (what, back) in [
            (
                "update gates set blocked = 1 * 9223372036854775807",
                "update gates set blocked = 0",
            ),
            (
                "update gates set valid_until = 1",
                "update gates set valid_until = null",
            ),
            (
                "update gate_epoch set epoch = epoch + 1",
                "update gates set epoch = epoch + 1",
            ),
            (
                "update terminals set line_version = line_version + 1",
                "update terminals set line_version = line_version - 1",
            ),
            (
                "update terminals set batch = batch + 1",
                "update terminals set batch = batch - 1",
            ),
            (
                "update terminals set signed_in = false",
                "update terminals set signed_in = true",
            ),
        ] {
            let run = |sql: &'static str| {
                db.write(move |tx| -> Result<_, Refused> { Ok(tx.run(sql, vec![])?) })
                    .wait()
                    .unwrap()
            };
            run(what);
            assert!(commit(db, vec![sale.clone()], vec![]).appended.is_empty(), "{what}");
            run(back);
        }
        assert_eq!(commit(db, vec![sale], vec![]).appended, [1], "and else it is kept");
    }
}

#[test]
fn a_payment_moved_away_while_the_network_was_asked_ends_where_it_is() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = entry(db, &mut ctx, &estate, 1, 100);
        commit(db, vec![sale.clone()], vec![]);
        // A repeat comes meanwhile and has to wait for the first.
        assert!(
            matches!(super::payments::begin(db, &mut ctx, &estate, &message(Kind::Sale, 1, 100)), Begun::Waits(id) if id == sale.row.id)
        );
        let (ended, _) = approved(&ctx, &sale);
        assert!(commit(db, vec![], vec![ended]).ended.is_empty());
        let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), sale.row.id.clone());
        let answer = NetworkAnswer::Approved {
            auth_code: "A1B2C3".to_owned(),
            additional: String::new(),
        };
        let told = write(db, &mut ctx, move |tx, ctx| {
            payments::finish(tx, ctx, (&merchant, &terminal), &id, &answer)
        })
        .unwrap();
        assert_eq!(told.issued.response_code(), "00");
        assert_eq!(states(db), [(1, "approved".to_owned())]);
    }
}

#[test]
fn an_approval_after_the_batch_was_settled_takes_no_effect_and_is_reversed() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = entry(db, &mut ctx, &estate, 1, 100);
        commit(db, vec![sale.clone()], vec![]);
        let speaking = line(db, &ctx, &estate);
        let batch = speaking.batch;
        let settled = write(db, &mut ctx, move |tx, ctx| {
            batches::settle(
                tx,
                ctx,
                &speaking,
                (batch, false),
                &iso8583::values::SettlementTotals::default(),
                "000000000042",
            )
        })
        .unwrap();
        assert!(settled.is_ok());
        let (ended, _) = approved(&ctx, &sale);
        assert!(commit(db, vec![], vec![ended]).ended.is_empty());
        let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), sale.row.id.clone());
        let answer = NetworkAnswer::Approved {
            auth_code: "A1B2C3".to_owned(),
            additional: String::new(),
        };
        let told = write(db, &mut ctx, move |tx, ctx| {
            payments::finish(tx, ctx, (&merchant, &terminal), &id, &answer)
        })
        .unwrap();
        assert_eq!(told.issued.response_code(), "98");
        assert!(told.reversal_queued);
        assert_eq!(states(db), [(1, "unknown".to_owned())]);
    }
}

#[test]
fn what_a_process_left_behind_is_folded_and_given_up() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let entries: Vec<Entry> = (1..=3).map(|stan| entry(db, &mut ctx, &estate, stan, 100)).collect();
        commit(db, entries.clone(), vec![]);
        let (ended, _) = approved(&ctx, &entries[0]);
        commit(db, vec![], vec![ended]);
        let later = ctx.now + domain::time::Duration::minutes(5);
        ctx.now = later;
        let folded = write(db, &mut ctx, move |tx, ctx| {
            authorise::fold_left(tx, ctx, (0, i64::MAX), later, 100)
        });
        assert_eq!(folded.unwrap(), 3);
        assert_eq!(
            write(db, &mut ctx, move |tx, ctx| operations::reversals::recover(
                tx, ctx, later, 100
            ))
            .unwrap(),
            2
        );
        let states: Vec<String> = states(db).into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, ["approved", "unknown", "unknown"]);
    }
}
