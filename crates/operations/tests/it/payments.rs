//! Payments as operations: days that pass, keys that are told apart, and nothing of a card that stays behind.

use domain::secret::Secret;
use domain::time::Duration;
use iso8583::values::{F60, F61, KeyLayout};
use iso8583::{Kind, Message, Pan};
use operations::payments::{self, Attempt, Begun, NetworkAnswer, ReversalAttempt, rule};
use operations::refused::Refused;
use operations::reversals::{self, Heard, UnderWay};
use operations::session::{self, Line};
use operations::{Ctx, keys};
use store::Db;

use super::estate::{self, Estate};
use super::world::{databases, read, system, tamper, write};

const CARD: &str = "6217000000000000018";

/// An estate whose terminal has signed in, at every database.
pub fn scenes() -> Vec<(store::testing::TestDb, Ctx, Estate)> {
    databases()
        .into_iter()
        .map(|test| {
            let mut ctx = system();
            let estate = write(test.db(), &mut ctx, |tx, ctx| {
                let estate = estate::build(tx, ctx, 1)?;
                keys::install_master(
                    tx,
                    ctx,
                    &estate.merchant,
                    &estate.terminal,
                    &Secret::new(*b"a key of a story"),
                )?;
                Ok(estate)
            })
            .unwrap();
            let line = line(test.db(), &ctx, &estate);
            let signed_in = write(test.db(), &mut ctx, move |tx, ctx| {
                session::sign_in(tx, ctx, &line, KeyLayout::Double, "000000000001")
            });
            assert!(signed_in.unwrap().is_ok(), "a healthy terminal signs in");
            (test, ctx, estate)
        })
        .collect()
}

pub fn line(db: &Db, ctx: &Ctx, estate: &Estate) -> Line {
    let (number, merchant) = (estate.number.clone(), estate.merchant_number.clone());
    read(db, ctx, move |tx, ctx| session::line(tx, ctx, &number, &merchant))
        .unwrap()
        .ok()
        .unwrap()
}

/// A message of a kind, under a trace number.
pub fn message(kind: Kind, stan: u64, amount: u64) -> Message {
    let iso8583::kinds::Key::Financial {
        processing,
        condition,
        transaction,
        ..
    } = kind.row().key
    else {
        panic!()
    };
    let mut message = Message::new(kind.row().request).unwrap();
    message
        .set(2, CARD)
        .unwrap()
        .set(3, &format!("{processing}0000"))
        .unwrap()
        .set_number(4, amount)
        .unwrap();
    message
        .set_number(11, stan)
        .unwrap()
        .set(22, "022")
        .unwrap()
        .set(25, condition)
        .unwrap();
    message
        .set(60, &F60::transaction(transaction, 1).digits().unwrap())
        .unwrap();
    message
}

/// A message as the gateway reads it.
pub fn attempt(ctx: &Ctx, message: &Message) -> Attempt {
    let pan = Pan::parse(CARD).ok();
    let kind = Kind::of(message).unwrap();
    let stan = u32::try_from(message.number(11).unwrap()).unwrap();
    let rrn = format!("{:012}", 700 + stan);
    Attempt::read(ctx, rule(kind).unwrap(), message, pan.as_ref(), (&rrn, 9000 + stan)).unwrap()
}

pub fn begin(db: &Db, ctx: &mut Ctx, estate: &Estate, message: &Message) -> Begun {
    let attempt = attempt(ctx, message);
    let line = line(db, ctx, estate);
    write(db, ctx, move |tx, ctx| payments::begin(tx, ctx, &line, &attempt)).unwrap()
}

fn finish(db: &Db, ctx: &mut Ctx, estate: &Estate, id: &str, answer: NetworkAnswer) -> String {
    let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), id.to_owned());
    let told = write(db, ctx, move |tx, ctx| {
        payments::finish(tx, ctx, (&merchant, &terminal), &id, &answer)
    })
    .unwrap();
    told.issued.response_code().to_owned()
}

pub fn approved() -> NetworkAnswer {
    NetworkAnswer::Approved {
        auth_code: "A1B2C3".into(),
        additional: String::new(),
    }
}

/// Carries a message through with the network's approval; its code, and the id where the network was asked.
pub fn pay(db: &Db, ctx: &mut Ctx, estate: &Estate, message: &Message) -> (String, String) {
    match begin(db, ctx, estate, message) {
        Begun::Ask(up) => (finish(db, ctx, estate, &up.id, approved()), up.id),
        Begun::Told(issued) => (issued.response_code().to_owned(), String::new()),
        Begun::Waits(id) => panic!("{id} is still open"),
    }
}

/// The reversal of a message, as the gateway reads it.
pub fn reversal(ctx: &Ctx, original: &Message) -> ReversalAttempt {
    let mut message = original.clone().with_mti(Message::new("0400").unwrap().mti());
    message.set(39, "98").unwrap();
    let pan = Pan::parse(CARD).ok();
    ReversalAttempt::read(ctx, &message, pan.as_ref(), "000000000777").unwrap()
}

fn reverse(db: &Db, ctx: &mut Ctx, estate: &Estate, original: &Message) -> String {
    let attempt = reversal(ctx, original);
    let line = line(db, ctx, estate);
    let reversed = write(db, ctx, move |tx, ctx| payments::reverse(tx, ctx, &line, &attempt)).unwrap();
    reversed.issued.response_code().to_owned()
}

pub fn state(db: &Db, ctx: &Ctx, estate: &Estate, id: &str) -> String {
    let (merchant, id) = (estate.merchant.clone(), id.to_owned());
    read(db, ctx, move |tx, _| {
        Ok(store::transactions::get(tx, &merchant, &id)?.unwrap().state)
    })
    .unwrap()
}

#[test]
fn yesterdays_sale_is_neither_voided_nor_reversed_but_refunded_for_thirty_days() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 1000);
        let (code, id) = pay(db, &mut ctx, &estate, &sale);
        assert_eq!(code, "00");
        let sold_at = ctx.now;
        ctx.now = sold_at + Duration::days(1);
        let mut void = message(Kind::Void, 2, 1000);
        void.set(61, &F61::new(1, 1, 302).digits().unwrap()).unwrap();
        assert_eq!(pay(db, &mut ctx, &estate, &void).0, "25");
        assert_eq!(reverse(db, &mut ctx, &estate, &sale), "25");
        let refund = |stan, amount| {
            let mut refund = message(Kind::Refund, stan, amount);
            refund
                .set(37, "000000000701")
                .unwrap()
                .set(61, &F61::new(0, 0, 302).digits().unwrap())
                .unwrap();
            refund
        };
        ctx.now = sold_at + Duration::days(30);
        assert_eq!(pay(db, &mut ctx, &estate, &refund(3, 400)).0, "00");
        ctx.now = sold_at + Duration::days(31);
        assert_eq!(pay(db, &mut ctx, &estate, &refund(4, 400)).0, "22");
        assert_eq!(state(db, &ctx, &estate, &id), "approved", "part of it is left");
    }
}

#[test]
fn a_pre_authorisation_lives_twenty_nine_days() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let held_at = ctx.now;
        assert_eq!(pay(db, &mut ctx, &estate, &message(Kind::PreAuth, 1, 1000)).0, "00");
        let completion = |stan| {
            let mut completion = message(Kind::Completion, stan, 1000);
            completion
                .set(38, "A1B2C3")
                .unwrap()
                .set(61, &F61::new(0, 0, 302).digits().unwrap())
                .unwrap();
            completion
        };
        ctx.now = held_at + Duration::days(30);
        assert_eq!(pay(db, &mut ctx, &estate, &completion(2)).0, "22");
        ctx.now = held_at + Duration::days(29);
        assert_eq!(pay(db, &mut ctx, &estate, &completion(3)).0, "00");
    }
}

#[test]
fn an_outcome_that_comes_after_the_reversal_does_not_revive_the_sale() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 1000);
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &sale) else {
            panic!()
        };
        assert!(matches!(begin(db, &mut ctx, &estate, &sale), Begun::Waits(id) if id == up.id));
        assert_eq!(reverse(db, &mut ctx, &estate, &sale), "00");
        assert_eq!(finish(db, &mut ctx, &estate, &up.id, approved()), "98");
        assert_eq!(state(db, &ctx, &estate, &up.id), "reversed");
        let due = read(db, &ctx, |tx, ctx| reversals::due(tx, ctx, 10, &UnderWay::new()))
            .unwrap()
            .due;
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].row.last_answer, "approved late, authorisation A1B2C3");
    }
}

#[test]
fn a_reversal_is_sent_again_after_longer_and_longer_pauses() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &message(Kind::Sale, 1, 1000)) else {
            panic!()
        };
        let unknown = NetworkAnswer::Unknown {
            why: "no answer in time".into(),
        };
        assert_eq!(finish(db, &mut ctx, &estate, &up.id, unknown), "98");
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let row = read(db, &ctx, |tx, ctx| reversals::due(tx, ctx, 10, &UnderWay::new()))
                .unwrap()
                .due
                .remove(0)
                .row;
            write(db, &mut ctx, move |tx, ctx| {
                reversals::heard(tx, ctx, &row, &Heard::Nothing("no line".into()))
            })
            .unwrap();
            let (merchant, id) = (estate.merchant.clone(), up.id.clone());
            let next = read(db, &ctx, move |tx, _| {
                Ok(store::reversals::get(tx, &merchant, &id)?.unwrap().next_at)
            })
            .unwrap();
            pauses.push(next - ctx.now.millis());
            ctx.now = domain::time::Time::from_millis(next);
        }
        for (pause, seconds) in pauses.iter().zip([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
            // A fifth more or less, so that those that failed together come again apart.
            assert!(
                (seconds * 800..=seconds * 1200).contains(pause),
                "{pause} ms where {seconds} s are due"
            );
        }
        let uneven = pauses.iter().filter(|pause| **pause % 1000 != 0).count();
        assert!(uneven > 5, "chance has a part in it: {pauses:?}");
        let backlog = read(db, &ctx, |tx, ctx| reversals::backlog(tx, ctx.now)).unwrap();
        assert_eq!((backlog.waiting, backlog.most_attempts), (1, 10));
        assert!(backlog.is_long(), "{backlog:?}");
        let row = read(db, &ctx, |tx, ctx| reversals::due(tx, ctx, 10, &UnderWay::new()))
            .unwrap()
            .due
            .remove(0)
            .row;
        write(db, &mut ctx, move |tx, ctx| {
            reversals::heard(tx, ctx, &row, &Heard::Answered("00".into()))
        })
        .unwrap();
        assert_eq!(state(db, &ctx, &estate, &up.id), "reversed");
        let backlog = read(db, &ctx, |tx, ctx| reversals::backlog(tx, ctx.now)).unwrap();
        assert_eq!((backlog.waiting, backlog.oldest), (0, None));
    }
}

#[test]
fn only_what_has_been_pending_for_long_is_given_up() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &message(Kind::Sale, 1, 1000)) else {
            panic!()
        };
        let recover =
            |ctx: &mut Ctx, before| write(db, ctx, move |tx, ctx| reversals::recover(tx, ctx, before, 10)).unwrap();
        let now = ctx.now;
        assert_eq!(recover(&mut ctx, now), 0);
        assert_eq!(recover(&mut ctx, now + Duration::millis(1)), 1);
        assert_eq!(state(db, &ctx, &estate, &up.id), "unknown");
        assert_eq!(finish(db, &mut ctx, &estate, &up.id, approved()), "98");
    }
}

#[test]
fn one_master_key_serves_one_terminal() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let other = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 2)).unwrap();
        let refused = write(db, &mut ctx, move |tx, ctx| {
            keys::install_master(
                tx,
                ctx,
                &other.merchant,
                &other.terminal,
                &Secret::new(*b"a key of a story"),
            )
        });
        assert!(matches!(refused, Err(Refused::Conflict { what: "key", .. })));
        let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
        write(db, &mut ctx, move |tx, ctx| {
            keys::destroy(tx, ctx, &merchant, &terminal)
        })
        .unwrap();
        let line = line(db, &ctx, &estate);
        assert!(line.mak.is_none());
        let refused = write(db, &mut ctx, move |tx, ctx| {
            session::sign_in(tx, ctx, &line, KeyLayout::Double, "000000000002")
        });
        assert_eq!(
            refused.unwrap().err().unwrap().code,
            "96",
            "without a master key there are no working keys"
        );
    }
}

#[test]
fn a_sealed_key_that_was_moved_from_its_place_does_not_open() {
    for (test, ctx, estate) in scenes() {
        let db = test.db();
        tamper(
            db,
            &["update terminal_keys set version = version + 1 where kind = 'mak'"],
        );
        let (number, merchant) = (estate.number.clone(), estate.merchant_number.clone());
        let opened = read(db, &ctx, move |tx, ctx| session::line(tx, ctx, &number, &merchant));
        assert!(matches!(opened, Err(Refused::Keys(_))));
    }
}

#[test]
fn no_column_keeps_a_card_number() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        assert_eq!(pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 1000)).0, "00");
        let found = read(db, &ctx, |tx, _| {
            let rows = tx.all(
                "select masked_card, card_index, request_hash, answer, rrn from transactions",
                vec![],
            )?;
            let events = tx.all("select data from events", vec![])?;
            Ok(rows
                .iter()
                .flat_map(|row| (0..5).map(move |i| row.take::<store::Value>(i)))
                .chain(events.iter().map(|row| row.take(0)))
                .collect::<Result<Vec<_>, _>>()?)
        })
        .unwrap();
        let digits: Vec<u8> = CARD.bytes().collect();
        let packed: Vec<u8> = digits
            .chunks(2)
            .filter(|pair| pair.len() == 2)
            .map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0'))
            .collect();
        for value in found {
            let bytes = match value {
                store::Value::Text(text) => text.into_bytes(),
                store::Value::Blob(bytes) => bytes,
                _ => continue,
            };
            for secret in [&digits, &packed] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_slice()));
            }
        }
    }
}
