//! What may be taken, with one card, by one merchant, by one identity; what it costs; and that the counters follow.

use domain::cards::CardType;
use domain::secret::Secret;
use domain::time::Duration;
use iso8583::values::{F61, KeyLayout};
use iso8583::{Kind, Message, Pan};
use operations::explain::{self, Ask, Audience};
use operations::payments::limits;
use operations::payments::{self, Attempt, Begun, NetworkAnswer, rule};
use operations::refused::{Done, Refused};
use operations::views::Explanation;
use operations::{Ctx, check, keys, session};
use store::Db;
use store::testing::TestDb;
use store::transactions::TransactionRow;

use super::estate::{self, Estate};
use super::payments::{approved, line, message, reversal, scenes, state};
use super::world::{ctx, platform, read, someone, tamper, write};

pub const CREDIT: &str = "6225750000000006";
const OTHER_CREDIT: &str = "6225750000000014";
const DEBIT: &str = "6217000000000000018";

/// A message whose card came in by its chip.
fn by_chip(kind: Kind, stan: u64, amount: u64) -> Message {
    let mut message = message(kind, stan, amount);
    message.set(22, "051").unwrap();
    message
}

pub fn attempt(ctx: &Ctx, message: &Message, card: &str) -> Attempt {
    let pan = Pan::parse(card).ok();
    let stan = u32::try_from(message.number(11).unwrap()).unwrap();
    let rrn = format!("{:012}", 700 + stan);
    let rule = rule(Kind::of(message).unwrap()).unwrap();
    Attempt::read(ctx, rule, message, pan.as_ref(), (&rrn, 9000 + stan)).unwrap()
}

/// Carries a message through: the code of its answer, and the code that explains a refusal.
fn pay(db: &Db, ctx: &mut Ctx, estate: &Estate, message: &Message, card: &str) -> (String, String) {
    answered(db, ctx, estate, message, card, &approved())
}

fn answered(
    db: &Db,
    ctx: &mut Ctx,
    estate: &Estate,
    message: &Message,
    card: &str,
    answer: &NetworkAnswer,
) -> (String, String) {
    let (attempt, line) = (attempt(ctx, message, card), line(db, ctx, estate));
    let begun = write(db, ctx, move |tx, ctx| payments::begin(tx, ctx, &line, &attempt)).unwrap();
    let issued = match begun {
        Begun::Ask(up) => {
            let (merchant, terminal, answer) = (estate.merchant.clone(), estate.terminal.clone(), answer.clone());
            let end = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| {
                payments::finish(tx, ctx, (&merchant, &terminal), &up.id, &answer)
            };
            write(db, ctx, end).unwrap().issued
        }
        Begun::Told(issued) => issued,
        Begun::Waits(id) => panic!("{id} is still open"),
    };
    let code = issued.response_code().to_owned();
    let last = transaction(db, ctx, estate, message.number(11).unwrap());
    (code, last.explanation_code)
}

fn transaction(db: &Db, ctx: &Ctx, estate: &Estate, stan: u64) -> TransactionRow {
    let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
    let stan = i64::try_from(stan).unwrap();
    let found = read(db, ctx, move |tx, _| {
        Ok(store::transactions::by_trace(
            tx,
            (&merchant, &terminal),
            1,
            stan,
            payments::REQUEST,
        )?)
    });
    found.unwrap().unwrap()
}

fn explained(db: &Db, ctx: &Ctx, code: &str) -> Explanation {
    let code = code.to_owned();
    let ctx = Ctx {
        actor: operations::Actor::public(),
        ..ctx.clone()
    };
    read(db, &ctx, move |tx, ctx| {
        explain::by_code(tx, &mut ctx.clone(), &code, &Ask::default(), Audience::Public)
    })
    .unwrap()
}

/// Another merchant, of the same owner, with a terminal that has signed in.
fn another(db: &Db, ctx: &mut Ctx, n: usize) -> Estate {
    let estate = write(db, ctx, move |tx, ctx| {
        let estate = estate::build(tx, ctx, n)?;
        let key = Secret::new(*b"another key, 16b");
        keys::install_master(tx, ctx, &estate.merchant, &estate.terminal, &key)?;
        Ok(estate)
    })
    .unwrap();
    let speaking = line(db, ctx, &estate);
    write(db, ctx, move |tx, ctx| {
        session::sign_in(tx, ctx, &speaking, KeyLayout::Double, "000000000001")
    })
    .unwrap()
    .ok()
    .unwrap();
    estate
}

/// Scenes in which counting has begun.
fn counted() -> Vec<(TestDb, Ctx, Estate)> {
    let mut all = scenes();
    for (test, ctx, _) in &mut all {
        write(test.db(), ctx, limits::start).unwrap();
    }
    all
}

fn nothing_amiss(db: &Db, ctx: &Ctx) {
    let now = ctx.now;
    let found = read(db, ctx, move |tx, _| check::check(tx, &platform(), now)).unwrap();
    let about = |v: &&check::Violation| matches!(v.invariant.as_str(), "INV-T09" | "INV-L10" | "INV-T05");
    let found: Vec<_> = found.iter().filter(about).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_credit_of_one_identity_is_limited_over_all_its_micro_merchants() {
    for (test, mut ctx, first) in counted() {
        let db = test.db();
        let second = another(db, &mut ctx, 2);
        tamper(db, &["update merchants set kind = 'micro', uscc = '-'"]);
        let sale = |stan, fen| by_chip(Kind::Sale, stan, fen);
        assert_eq!(pay(db, &mut ctx, &first, &sale(1, 60_000), CREDIT).0, "00");
        let (code, explanation) = pay(db, &mut ctx, &second, &sale(1, 40_001), OTHER_CREDIT);
        assert_eq!(code, "61", "the other merchant's takings count");
        assert_eq!(
            pay(db, &mut ctx, &second, &sale(2, 40_000), OTHER_CREDIT).0,
            "00",
            "what is left may be taken"
        );
        assert_eq!(
            pay(db, &mut ctx, &second, &sale(3, 100_000), DEBIT).0,
            "00",
            "debit cards are not limited so"
        );

        let shown = explained(db, &ctx, &explanation);
        assert_eq!(
            shown.causes.iter().map(|c| c.reason.as_str()).collect::<Vec<_>>(),
            ["limit.micro_credit"]
        );
        assert!(shown.capabilities.iter().all(|c| c.works), "nothing is stopped");
        assert!(shown.headline.contains("这笔交易"), "{}", shown.headline);
        assert_eq!(shown.causes[0].ways_out[0][0].step, "wait_until");
        let midnight = domain::time::Time::parse_rfc3339("2026-03-03T00:00:00+08:00").unwrap();
        assert_eq!(shown.causes[0].ends_at, Some(midnight.millis()));

        let mut void = by_chip(Kind::Void, 2, 60_000);
        void.set(61, &F61::new(1, 1, 302).digits().unwrap()).unwrap();
        assert_eq!(pay(db, &mut ctx, &first, &void, CREDIT).0, "00");
        assert_eq!(
            pay(db, &mut ctx, &first, &sale(3, 100), CREDIT).0,
            "61",
            "a void gives none of it back"
        );
        nothing_amiss(db, &ctx);

        ctx.now = ctx.now + Duration::days(1);
        assert_eq!(
            pay(db, &mut ctx, &first, &sale(4, 100_000), CREDIT).0,
            "00",
            "a new day"
        );
        assert!(
            explained(db, &ctx, &explanation).causes.is_empty(),
            "and the cause has gone"
        );
        for day in 0..8_u64 {
            ctx.now = ctx.now + Duration::days(1);
            assert_eq!(pay(db, &mut ctx, &first, &sale(10 + day, 100_000), CREDIT).0, "00");
        }
        ctx.now = ctx.now + Duration::days(1);
        let (code, explanation) = pay(db, &mut ctx, &first, &sale(30, 100), CREDIT);
        assert_eq!(code, "61", "ten thousand in the month");
        assert_eq!(
            explained(db, &ctx, &explanation).causes[0].reason,
            "limit.micro_credit_month"
        );
        nothing_amiss(db, &ctx);
    }
}

#[test]
fn a_micro_merchant_takes_no_stripe_and_is_told_what_to_do() {
    for (test, mut ctx, estate) in counted() {
        let db = test.db();
        tamper(db, &["update merchants set kind = 'micro', uscc = '-'"]);
        let (code, explanation) = pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 100), DEBIT);
        assert_eq!(code, "57");
        let shown = explained(db, &ctx, &explanation);
        assert_eq!(shown.causes[0].reason, "limit.stripe");
        assert!(shown.causes[0].text.contains("芯片"), "{}", shown.causes[0].text);
        assert_eq!(pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 2, 100), DEBIT).0, "00");
        let sale = attempt(&ctx, &message(Kind::Sale, 3, 100), DEBIT);
        let speaking = line(db, &ctx, &estate);
        assert!(
            payments::authorise::entry(&mut ctx, &speaking, &sale, 1).is_none(),
            "nor among many"
        );
    }
}

#[test]
fn a_card_is_taken_as_often_a_day_as_risk_allows() {
    for (test, mut ctx, estate) in counted() {
        let db = test.db();
        let set = |who: &str, limit: &'static str, most: i64| -> Done<()> {
            let (merchant, mut actor) = (estate.merchant.clone(), self::ctx(someone(who, who)));
            write(db, &mut actor, move |tx, ctx| {
                limits::set_override(tx, ctx, (&merchant, None), limit, Some(most))
            })
        };
        write(db, &mut ctx, |tx, _| {
            let twenty = "insert into limit_overrides select merchant_id, '-', 'card_count', 20, 'x', 1 from merchants";
            Ok(tx.run(twenty, vec![])?)
        })
        .unwrap();
        for stan in 1..=20 {
            assert_eq!(
                pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, stan, 100), CREDIT).0,
                "00"
            );
        }
        assert_eq!(
            pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 21, 100), CREDIT).0,
            "65"
        );
        assert_eq!(
            pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 22, 100), OTHER_CREDIT).0,
            "00"
        );
        let again = by_chip(Kind::Sale, 20, 100);
        assert_eq!(
            pay(db, &mut ctx, &estate, &again, CREDIT).0,
            "00",
            "a repeat hears the first answer"
        );

        assert!(matches!(
            set("desk", "card_count", 30),
            Err(Refused::NotPermitted { .. })
        ));
        assert!(
            set("risk", "micro_credit_day", 30).is_err(),
            "regulation is not negotiable"
        );
        assert!(
            set("risk", "terminal_day", 30).is_err(),
            "what is not counted cannot be limited"
        );
        set("risk", "card_count", 21).unwrap();
        assert_eq!(
            pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 23, 100), CREDIT).0,
            "00"
        );
        assert_eq!(
            pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 24, 100), CREDIT).0,
            "65"
        );
        let audited = read(db, &ctx, |tx, _| {
            Ok(tx
                .one(
                    "select count(*) from audit_entries where command = 'limits.set'",
                    vec![],
                )?
                .take::<i64>(0)?)
        });
        assert_eq!(audited.unwrap(), 1);
        nothing_amiss(db, &ctx);
    }
}

#[test]
fn a_sale_costs_what_was_agreed_and_gives_it_back_when_undone() {
    for (test, mut ctx, estate) in counted() {
        let db = test.db();
        let fee = |ctx: &Ctx, stan| transaction(db, ctx, &estate, stan).fee;
        pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 1, 100_000), DEBIT);
        pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 2, 8_888), CREDIT);
        let row = transaction(db, &ctx, &estate, 2);
        assert_eq!((row.card_type.as_str(), row.fee), ("credit", 53));
        assert_eq!(fee(&ctx, 1), 500);
        let declined = NetworkAnswer::Declined { code: "51".to_owned() };
        answered(
            db,
            &mut ctx,
            &estate,
            &by_chip(Kind::Sale, 3, 100_000),
            DEBIT,
            &declined,
        );
        assert_eq!(fee(&ctx, 3), 0, "what was refused costs nothing");

        let mut void = by_chip(Kind::Void, 4, 8_888);
        void.set(61, &F61::new(1, 2, 302).digits().unwrap()).unwrap();
        assert_eq!(pay(db, &mut ctx, &estate, &void, CREDIT).0, "00");
        assert_eq!(fee(&ctx, 4), -53);
        for (stan, amount, back) in [(5, 33_333, -167), (6, 33_333, -167), (7, 33_334, -166)] {
            let mut refund = by_chip(Kind::Refund, stan, amount);
            refund.set(37, "000000000701").unwrap();
            refund.set(61, &F61::new(0, 0, 302).digits().unwrap()).unwrap();
            assert_eq!(pay(db, &mut ctx, &estate, &refund, DEBIT).0, "00");
            assert_eq!(fee(&ctx, stan), back, "the last takes the rest");
        }
        nothing_amiss(db, &ctx);
        tamper(db, &["update contracts set signed_at = null"]);
        pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 8, 100_000), DEBIT);
        assert_eq!(fee(&ctx, 8), 0, "nothing was agreed to");
    }
}

#[test]
fn a_reversed_sale_was_never_taken() {
    for (test, mut ctx, estate) in counted() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 20_000_000 - 5_000_000);
        tamper(
            db,
            &["insert into limit_overrides select merchant_id, '-', 'card_single', 100000000, 'x', 1 from merchants"],
        );
        assert_eq!(pay(db, &mut ctx, &estate, &sale, DEBIT).0, "00");
        let more = message(Kind::Sale, 2, 6_000_000);
        assert_eq!(
            pay(db, &mut ctx, &estate, &more, DEBIT).0,
            "61",
            "two hundred thousand a day"
        );
        let (back, speaking) = (reversal(&ctx, &sale), line(db, &ctx, &estate));
        write(db, &mut ctx, move |tx, ctx| {
            payments::reverse(tx, ctx, &speaking, &back)
        })
        .unwrap();
        let id = transaction(db, &ctx, &estate, 1).id;
        assert_eq!(state(db, &ctx, &estate, &id), "reversed");
        assert_eq!(
            pay(db, &mut ctx, &estate, &message(Kind::Sale, 3, 6_000_000), DEBIT).0,
            "00"
        );
        nothing_amiss(db, &ctx);
    }
}

#[test]
fn counting_begins_with_what_was_taken_before() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        pay(db, &mut ctx, &estate, &by_chip(Kind::Sale, 1, 100), CREDIT);
        tamper(db, &["delete from counters"]);
        nothing_amiss(db, &ctx);
        write(db, &mut ctx, limits::start).unwrap();
        nothing_amiss(db, &ctx);
        let rows = read(db, &ctx, |tx, _| Ok(store::counters::since(tx, 20_260_301)?)).unwrap();
        let stands: Vec<_> = rows
            .iter()
            .map(|r| (r.scope.as_str(), r.period, r.amount, r.count))
            .collect();
        assert_eq!(stands, [("card", 20_260_302, 100, 1), ("merchant", 20_260_302, 100, 1)]);
        assert_eq!(transaction(db, &ctx, &estate, 1).card_type, CardType::Credit.code());
    }
}
