//! The books follow what took effect, whatever way it came and whatever became of it, and balance at every moment.

use domain::ids::IdSource;
use domain::time::{Date, Duration};
use iso8583::values::F61;
use iso8583::{Kind, Message};
use operations::payments::authorise;
use operations::payments::ledger::{self, Balances};
use operations::payments::notices::{self, Told};
use operations::payments::{self, Begun, NetworkAnswer};
use operations::refused::{Done, Refused};
use operations::reversals::{self, Heard};
use operations::{Actor, Ctx, check};
use store::journal::Ended;
use store::testing::TestDb;
use store::transactions::TransactionRow;
use store::{Db, Engine};

use super::estate::Estate;
use super::payments::{approved, attempt, begin, line, message, pay, reversal, scenes};
use super::world::{count, platform, read, someone, tamper, write};

/// Scenes whose books have begun.
fn begun() -> Vec<(TestDb, Ctx, Estate)> {
    let mut all = scenes();
    for (test, ctx, _) in &mut all {
        write(test.db(), ctx, ledger::start).unwrap();
    }
    all
}

/// What of the books does not hold.
fn amiss(db: &Db, ctx: &Ctx) -> Vec<String> {
    let now = ctx.now;
    let found = read(db, ctx, move |tx, _| check::check(tx, &platform(), now)).unwrap();
    let books = found.into_iter().filter(|v| v.invariant.starts_with("INV-L"));
    books.map(|v| format!("{v:?}")).collect()
}

fn books_of(db: &Db, ctx: &Ctx, merchant: &str, days: (Option<Date>, Option<Date>)) -> Done<Balances> {
    let merchant = merchant.to_owned();
    read(db, ctx, move |tx, ctx| ledger::balances(tx, ctx, &merchant, days))
}

/// Due from the network, payable to the merchant, fee income; after having looked whether the books hold.
fn books(db: &Db, ctx: &Ctx, estate: &Estate) -> [i64; 3] {
    assert_eq!(amiss(db, ctx), Vec::<String>::new());
    let finance = Ctx {
        actor: someone("zhang", "finance"),
        ..ctx.clone()
    };
    let books = books_of(db, &finance, &estate.merchant, (None, None)).unwrap();
    let codes: Vec<_> = books.accounts.iter().map(|row| row.account.as_str()).collect();
    assert_eq!(codes, ["network_due", "merchant_payable", "fee_income"]);
    [0, 1, 2].map(|n| books.accounts[n].closing)
}

/// The entry of a row under a trace number, and its fee.
fn entry(db: &Db, ctx: &Ctx, estate: &Estate, stan: i64, class: &'static str) -> (String, i64) {
    let place = (estate.merchant.clone(), estate.terminal.clone());
    let row = read(db, ctx, move |tx, _| {
        Ok(store::transactions::by_trace(tx, (&place.0, &place.1), 1, stan, class)?)
    });
    let row = row.unwrap().unwrap();
    (row.entry, row.fee)
}

fn finish(db: &Db, ctx: &mut Ctx, estate: &Estate, id: &str, answer: NetworkAnswer) -> String {
    let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), id.to_owned());
    let told = write(db, ctx, move |tx, ctx| {
        payments::finish(tx, ctx, (&merchant, &terminal), &id, &answer)
    });
    told.unwrap().issued.response_code().to_owned()
}

fn reverse(db: &Db, ctx: &mut Ctx, estate: &Estate, original: &Message) -> String {
    let (back, line) = (reversal(ctx, original), line(db, ctx, estate));
    let reversed = write(db, ctx, move |tx, ctx| payments::reverse(tx, ctx, &line, &back));
    reversed.unwrap().issued.response_code().to_owned()
}

/// A message about an earlier one of the same batch.
fn about(kind: Kind, stan: u64, amount: u64, original: u32) -> Message {
    let mut message = message(kind, stan, amount);
    message.set(61, &F61::new(1, original, 302).digits().unwrap()).unwrap();
    message
}

/// A refund of the sale under a trace number.
fn refund(stan: u64, amount: u64, original: u64) -> Message {
    let mut refund = message(Kind::Refund, stan, amount);
    refund.set(37, &format!("{:012}", 700 + original)).unwrap();
    refund.set(61, &F61::new(0, 0, 302).digits().unwrap()).unwrap();
    refund
}

fn completion(kind: Kind, stan: u64, amount: u64) -> Message {
    let mut completion = message(kind, stan, amount);
    completion.set(38, "A1B2C3").unwrap();
    completion.set(61, &F61::new(0, 0, 302).digits().unwrap()).unwrap();
    completion
}

fn notice(db: &Db, ctx: &mut Ctx, estate: &Estate, message: &Message) -> String {
    let (attempt, line, message) = (attempt(ctx, message), line(db, ctx, estate), message.clone());
    let taken = write(db, ctx, move |tx, ctx| {
        notices::take(tx, ctx, &line, &attempt, Told::default(), &message)
    });
    taken.unwrap().response_code().to_owned()
}

#[test]
fn a_sale_is_posted_when_it_is_approved_and_posted_back_by_what_undoes_it() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 100_000);
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &sale) else {
            panic!()
        };
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0], "not before it is approved");
        assert_eq!(finish(db, &mut ctx, &estate, &up.id, approved()), "00");
        let (name, fee) = entry(db, &ctx, &estate, 1, payments::REQUEST);
        assert_eq!(name, "sale.1");
        assert!(fee > 0, "an agreement is in force");
        assert_eq!(books(db, &ctx, &estate), [100_000, 100_000 - fee, fee]);

        let void = about(Kind::Void, 2, 100_000, 1);
        assert_eq!(pay(db, &mut ctx, &estate, &void).0, "00");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0], "the void returns the fee");
        assert_eq!(reverse(db, &mut ctx, &estate, &void), "00");
        let (name, _) = entry(db, &ctx, &estate, 2, payments::REVERSAL);
        assert_eq!(name, "void.1.reversal");
        assert_eq!(
            books(db, &ctx, &estate),
            [100_000, 100_000 - fee, fee],
            "the sale stands again"
        );
        assert_eq!(reverse(db, &mut ctx, &estate, &sale), "00");
        assert_eq!(reverse(db, &mut ctx, &estate, &sale), "00", "a repeat");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0]);
    }
}

#[test]
fn refunds_in_parts_return_the_fee_in_parts() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        assert_eq!(pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 100_000)).0, "00");
        let (_, fee) = entry(db, &ctx, &estate, 1, payments::REQUEST);
        ctx.now = ctx.now + Duration::days(3);
        assert_eq!(pay(db, &mut ctx, &estate, &refund(2, 33_333, 1)).0, "00");
        let (name, back) = entry(db, &ctx, &estate, 2, payments::REQUEST);
        assert_eq!(name, "refund.1");
        assert_eq!(books(db, &ctx, &estate), [66_667, 66_667 - fee - back, fee + back]);
        assert_eq!(pay(db, &mut ctx, &estate, &refund(3, 66_667, 1)).0, "00");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0]);
    }
}

#[test]
fn what_never_took_effect_is_not_posted_whoever_undoes_it() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        let asked = |ctx: &mut Ctx, stan| match begin(db, ctx, &estate, &message(Kind::Sale, stan, 1000)) {
            Begun::Ask(up) => up.id,
            other => panic!("{other:?}"),
        };
        let declined = NetworkAnswer::Declined { code: "51".into() };
        let unknown = NetworkAnswer::Unknown { why: "silence".into() };
        let first = asked(&mut ctx, 1);
        assert_eq!(finish(db, &mut ctx, &estate, &first, declined), "51");
        // Unknown, and the network answers the reversal.
        let second = asked(&mut ctx, 2);
        assert_eq!(finish(db, &mut ctx, &estate, &second, unknown.clone()), "98");
        let now = ctx.now.millis();
        let row = read(db, &ctx, move |tx, _| Ok(store::reversals::due(tx, now, 10)?.remove(0)));
        let row = row.unwrap();
        write(db, &mut ctx, move |tx, ctx| {
            reversals::heard(tx, ctx, &row, &Heard::Answered("00".into()))
        })
        .unwrap();
        // Unknown, and the terminal reverses it too.
        let third = asked(&mut ctx, 3);
        assert_eq!(finish(db, &mut ctx, &estate, &third, unknown), "98");
        assert_eq!(reverse(db, &mut ctx, &estate, &message(Kind::Sale, 3, 1000)), "00");
        // Reversed by the terminal before the network approved.
        let fourth = asked(&mut ctx, 4);
        assert_eq!(reverse(db, &mut ctx, &estate, &message(Kind::Sale, 4, 1000)), "00");
        assert_eq!(finish(db, &mut ctx, &estate, &fourth, approved()), "98");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0]);
        let none = (String::new(), 0);
        assert_eq!(entry(db, &ctx, &estate, 3, payments::REVERSAL), none);
        assert_eq!(entry(db, &ctx, &estate, 4, payments::REVERSAL), none);
        assert_eq!(count(db, "volumes"), 0);
    }
}

#[test]
fn a_held_amount_is_posted_when_it_is_completed() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        assert_eq!(pay(db, &mut ctx, &estate, &message(Kind::PreAuth, 1, 10_000)).0, "00");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0]);
        assert_eq!(
            pay(db, &mut ctx, &estate, &completion(Kind::Completion, 2, 9_000)).0,
            "00"
        );
        let (_, fee) = entry(db, &ctx, &estate, 2, payments::REQUEST);
        assert_eq!(books(db, &ctx, &estate), [9_000, 9_000 - fee, fee]);
        let void = about(Kind::CompletionVoid, 3, 9_000, 2);
        assert_eq!(pay(db, &mut ctx, &estate, &void).0, "00");
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0]);
    }
}

#[test]
fn what_was_done_offline_is_posted_when_it_is_told() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        assert_eq!(
            notice(db, &mut ctx, &estate, &message(Kind::OfflineSale, 1, 10_000)),
            "00"
        );
        let (_, sale) = entry(db, &ctx, &estate, 1, payments::REQUEST);
        assert_eq!(books(db, &ctx, &estate), [10_000, 10_000 - sale, sale]);
        let adjusted = about(Kind::OfflineAdjust, 2, 500, 1);
        assert_eq!(notice(db, &mut ctx, &estate, &adjusted), "00");
        let (name, added) = entry(db, &ctx, &estate, 2, payments::REQUEST);
        assert_eq!(name, "offline_adjust.1");
        let fees = sale + added;
        assert_eq!(books(db, &ctx, &estate), [10_500, 10_500 - fees, fees]);
    }
}

/// Sales appended together, and ended so.
fn folded(db: &Db, ctx: &mut Ctx, estate: &Estate, stans: std::ops::Range<u64>) -> Vec<(i64, TransactionRow)> {
    let line = line(db, ctx, estate);
    let entries: Vec<_> = stans
        .map(|stan| {
            let attempt = attempt(ctx, &message(Kind::Sale, stan, 1_000 * stan));
            authorise::entry(ctx, &line, &attempt, i64::try_from(stan).unwrap()).unwrap()
        })
        .collect();
    let rows: Vec<(i64, TransactionRow)> = entries
        .iter()
        .map(|entry| {
            let answer = authorise::approval(ctx, &entry.row.rrn, "A1B2C3", "").unwrap();
            let row = TransactionRow {
                state: "approved".to_owned(),
                response_code: "00".to_owned(),
                auth_code: "A1B2C3".to_owned(),
                answer: Some(answer.to_bytes().unwrap()),
                finished_at: Some(ctx.now.millis()),
                ..(*entry.row).clone()
            };
            (entry.place, row)
        })
        .collect();
    let ended: Vec<_> = rows
        .iter()
        .map(|(place, row)| Ended {
            place: *place,
            state: "approved",
            response_code: row.response_code.clone(),
            auth_code: row.auth_code.clone(),
            answer: row.answer.clone().unwrap(),
            at: ctx.now.millis(),
        })
        .collect();
    let commit = move |tx: &mut store::Tx<'_>| -> Result<_, Refused> {
        authorise::commit(tx, &entries, &[])?;
        authorise::commit(tx, &[], &ended)
    };
    assert_eq!(db.write(commit).wait().unwrap().ended.len(), rows.len());
    rows
}

#[test]
fn many_sales_are_one_row_of_each_account_when_they_are_folded() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        let rows = folded(db, &mut ctx, &estate, 1..21);
        let again = rows.clone();
        assert_eq!(books(db, &ctx, &estate), [0, 0, 0], "not in the journal");
        write(db, &mut ctx, move |tx, ctx| authorise::fold(tx, ctx, &rows)).unwrap();
        write(db, &mut ctx, move |tx, ctx| authorise::fold(tx, ctx, &again)).unwrap();
        assert_eq!(count(db, "volumes"), 3);
        let fees: i64 = (1..21)
            .map(|stan| entry(db, &ctx, &estate, stan, payments::REQUEST).1)
            .sum();
        assert_eq!(books(db, &ctx, &estate), [210_000, 210_000 - fees, fees]);
        // What another process left behind, or a message looks at, comes the same way.
        folded(db, &mut ctx, &estate, 21..23);
        let later = ctx.now + Duration::hours(1);
        write(db, &mut ctx, move |tx, ctx| {
            authorise::fold_left(tx, ctx, (0, 100), later, 100)
        })
        .unwrap();
        folded(db, &mut ctx, &estate, 23..24);
        assert_eq!(pay(db, &mut ctx, &estate, &about(Kind::Void, 24, 23_000, 23)).0, "00");
        assert_eq!(books(db, &ctx, &estate)[0], 210_000 + 21_000 + 22_000);
    }
}

#[test]
fn the_books_begin_with_what_took_effect_before() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 100_000));
        pay(db, &mut ctx, &estate, &message(Kind::Sale, 2, 50_000));
        pay(db, &mut ctx, &estate, &about(Kind::Void, 3, 50_000, 2));
        assert_eq!(reverse(db, &mut ctx, &estate, &about(Kind::Void, 3, 50_000, 2)), "00");
        let sale = message(Kind::Sale, 4, 7_000);
        pay(db, &mut ctx, &estate, &sale);
        assert_eq!(reverse(db, &mut ctx, &estate, &sale), "00");
        let stood = books(db, &ctx, &estate);
        assert_eq!(stood[0], 150_000);
        tamper(
            db,
            &[
                "delete from settings where key = 'ledger'",
                "update transactions set entry = ''",
                "delete from volumes",
            ],
        );
        assert_eq!(
            amiss(db, &ctx),
            Vec::<String>::new(),
            "nothing is said before they begin"
        );
        write(db, &mut ctx, ledger::start).unwrap();
        assert_eq!(books(db, &ctx, &estate), stood);
        write(db, &mut ctx, ledger::start).unwrap();
        assert_eq!(books(db, &ctx, &estate), stood, "they begin once");
    }
}

#[test]
fn balances_are_asked_for_days_and_only_by_those_who_may_see_the_merchant() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 10_000));
        ctx.now = ctx.now + Duration::days(2);
        pay(db, &mut ctx, &estate, &refund(2, 4_000, 1));
        let day = |d| Some(Date::new(2026, 3, d).unwrap());
        let owner = Ctx {
            actor: Actor {
                merchant: estate.merchant.clone(),
                ..someone("li", "owner")
            },
            ..ctx.clone()
        };
        let due = |from, until| {
            let books = books_of(db, &owner, &estate.merchant, (from, until)).unwrap();
            let row = &books.accounts[0];
            (row.opening, row.debit, row.credit, row.closing)
        };
        assert_eq!(due(None, None), (0, 10_000, 4_000, 6_000), "this month");
        assert_eq!(due(day(2), day(3)), (0, 10_000, 0, 10_000));
        assert_eq!(due(day(3), day(4)), (10_000, 0, 4_000, 6_000));
        assert_eq!(due(day(5), day(9)), (6_000, 0, 0, 6_000));
        let stranger = Ctx {
            actor: Actor {
                merchant: "mch_another".to_owned(),
                ..someone("he", "owner")
            },
            ..ctx.clone()
        };
        let refused = books_of(db, &stranger, &estate.merchant, (None, None));
        assert!(matches!(refused, Err(Refused::NotFound { .. })), "{refused:?}");
    }
}

/// Whether terminals reverse such a message: a refund they send once.
fn is_reversed(message: &Message) -> bool {
    Kind::of(message) != Some(Kind::Refund)
}

/// A day of a merchant by dice: whatever terminals send, in any order, and whatever the network says.
fn story(db: &Db, ctx: &mut Ctx, estate: &Estate, seed: u64) {
    let mut dice = IdSource::seeded(seed);
    let mut sent: Vec<Message> = Vec::new();
    for stan in 1..=70_u64 {
        let amount = 100 + dice.below(90_000);
        let before = usize::try_from(dice.below(sent.len().max(1) as u64)).unwrap();
        let before = sent
            .get(before)
            .cloned()
            .unwrap_or_else(|| message(Kind::Sale, stan, amount));
        let (first, of) = (before.number(11).unwrap(), before.number(4).unwrap());
        let next = match dice.below(12) {
            0..=4 => message(Kind::Sale, stan, amount),
            5 => message(Kind::PreAuth, stan, amount),
            6 => completion(Kind::Completion, stan, amount),
            7 => about(Kind::Void, stan, of, u32::try_from(first).unwrap()),
            8 => refund(stan, 1 + of / 3, first),
            9 => {
                notice(db, ctx, estate, &message(Kind::OfflineSale, stan, amount));
                continue;
            }
            _ => {
                if is_reversed(&before) {
                    reverse(db, ctx, estate, &before);
                }
                continue;
            }
        };
        if let Begun::Ask(up) = begin(db, ctx, estate, &next) {
            if dice.below(8) == 0 && is_reversed(&next) {
                reverse(db, ctx, estate, &next);
            }
            let answer = match dice.below(8) {
                0 => NetworkAnswer::Unknown { why: "silence".into() },
                1 => NetworkAnswer::Declined { code: "51".into() },
                _ => approved(),
            };
            finish(db, ctx, estate, &up.id, answer);
        }
        sent.push(next);
        ctx.now = ctx.now + Duration::minutes(15);
    }
}

#[test]
fn whatever_happens_the_volumes_are_what_the_entries_add_up_to() {
    for seed in 1..=3 {
        for (test, mut ctx, estate) in begun() {
            if test.engine() == Engine::Postgres && seed > 1 {
                continue;
            }
            let db = test.db();
            story(db, &mut ctx, &estate, seed);
            let [due, payable, income] = books(db, &ctx, &estate);
            assert_eq!(due, payable + income, "seed {seed}");
            assert!(due > 0, "seed {seed}: something stands");
            for kind in ["sale.1", "sale.1.reversal", "void.1", "refund.1", "offline_sale.1"] {
                let sql = format!("transactions where entry = '{kind}'");
                let posted = read(db, &ctx, move |tx, _| {
                    Ok(tx.one(&format!("select count(*) from {sql}"), vec![])?.take::<i64>(0)?)
                });
                assert!(posted.unwrap() > 0, "seed {seed}: no {kind}");
            }
            // Were one fen more or one row less in the books, it would show.
            for broken in [
                &["update volumes set debit = debit + 1, credit = credit + 1 where account = 'fee_income'"]
                    as &[&str],
                &[
                    "update transactions set entry = '' where entry = 'void.1' and stan = (select min(stan) from transactions where entry = 'void.1')",
                ],
                &["update transactions set amount = amount + 1 where entry = 'sale.1.reversal'"],
            ] {
                assert!(shows(db, broken), "seed {seed}: {broken:?}");
            }
            assert_eq!(amiss(db, &ctx), Vec::<String>::new());
        }
    }
}

/// Whether the books no longer hold when these have run; they are taken back.
fn shows(db: &Db, statements: &[&str]) -> bool {
    let statements: Vec<String> = statements.iter().map(|sql| (*sql).to_owned()).collect();
    let now = super::world::at("2026-03-03T12:00:00+08:00");
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = std::sync::Arc::clone(&seen);
    let undone = db
        .write(move |tx| -> Result<(), Refused> {
            for sql in &statements {
                tx.run(sql, vec![])?;
            }
            let found = check::check(tx, &platform(), now)?;
            let books = found
                .iter()
                .any(|v| matches!(v.invariant.as_str(), "INV-L03" | "INV-L08"));
            told.store(books, std::sync::atomic::Ordering::SeqCst);
            Err(Refused::Inconsistent("taken back".to_owned()))
        })
        .wait();
    assert!(undone.is_err());
    seen.load(std::sync::atomic::Ordering::SeqCst)
}

#[test]
fn a_day_is_the_local_one_on_which_a_payment_was_received() {
    for (test, mut ctx, estate) in begun() {
        let db = test.db();
        ctx.now = super::world::at("2026-03-02T23:59:59+08:00");
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &message(Kind::Sale, 1, 10_000)) else {
            panic!()
        };
        ctx.now = ctx.now + Duration::seconds(3);
        assert_eq!(finish(db, &mut ctx, &estate, &up.id, approved()), "00");
        assert_eq!(books(db, &ctx, &estate)[0], 10_000);
        let finance = Ctx {
            actor: someone("zhang", "finance"),
            ..ctx.clone()
        };
        let second = Some(Date::new(2026, 3, 2).unwrap());
        let of_day = books_of(db, &finance, &estate.merchant, (second, second)).unwrap();
        assert_eq!(of_day.accounts[0].debit, 10_000);
    }
}
