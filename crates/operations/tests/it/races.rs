//! Two messages about one payment at the same moment: the second is held back until the first is kept, and sees it.

use std::sync::mpsc;
use std::time::Duration;

use iso8583::Kind;
use iso8583::values::F61;
use operations::Ctx;
use operations::payments::{self, Begun};
use operations::refused::Done;
use operations::reversals::{self, UnderWay};
use store::{Db, Tx};

use super::payments::{approved, attempt, begin, line, message, pay, reversal, scenes, state};
use super::world::{read, system};

/// Runs `second` while `first` has done its work but not committed it; on an engine with one writer they follow one
/// another anyway.
fn while_open<A: Send + 'static, B: Send + 'static>(
    db: &Db,
    ctx: &Ctx,
    first: impl Fn(&mut Tx<'_>, &mut Ctx) -> Done<A> + Send + 'static,
    second: impl Fn(&mut Tx<'_>, &mut Ctx) -> Done<B> + Send + 'static,
) -> (Done<A>, Done<B>) {
    let (done, worked) = mpsc::channel();
    let with = |seed| Ctx {
        now: ctx.now,
        ids: domain::ids::IdSource::seeded(seed),
        ..system()
    };
    let (one, other) = (with(71), with(72));
    let first = db.write(move |tx| {
        let result = first(tx, &mut one.clone())?;
        let _ = done.send(());
        // Long enough for the second to get as far as it can.
        std::thread::sleep(Duration::from_millis(300));
        Ok::<_, operations::Refused>(result)
    });
    worked.recv().unwrap();
    let second = db.write(move |tx| second(tx, &mut other.clone()));
    (first.wait(), second.wait())
}

#[test]
fn a_sale_that_is_just_being_voided_is_not_reversed() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 1000);
        assert_eq!(pay(db, &mut ctx, &estate, &sale).0, "00");
        let mut void = message(Kind::Void, 2, 1000);
        void.set(61, &F61::new(1, 1, 302).digits().unwrap()).unwrap();
        let (line, void, back) = (line(db, &ctx, &estate), attempt(&ctx, &void), reversal(&ctx, &sale));
        let same = line.clone();
        let (begun, reversed) = while_open(
            db,
            &ctx,
            move |tx, ctx| payments::begin(tx, ctx, &line, &void),
            move |tx, ctx| payments::reverse(tx, ctx, &same, &back),
        );
        assert!(matches!(begun, Ok(Begun::Ask(_))), "{begun:?}");
        assert_eq!(reversed.unwrap().issued.response_code(), "25");
    }
}

#[test]
fn an_approval_at_the_moment_of_the_reversal_is_noted_and_does_not_revive_the_sale() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 1000);
        let Begun::Ask(up) = begin(db, &mut ctx, &estate, &sale) else {
            panic!()
        };
        let (line, back) = (line(db, &ctx, &estate), reversal(&ctx, &sale));
        let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), up.id.clone());
        let (reversed, told) = while_open(
            db,
            &ctx,
            move |tx, ctx| payments::reverse(tx, ctx, &line, &back),
            move |tx, ctx| payments::finish(tx, ctx, (&merchant, &terminal), &id, &approved()),
        );
        assert_eq!(reversed.unwrap().issued.response_code(), "00");
        assert_eq!(told.unwrap().issued.response_code(), "98");
        assert_eq!(state(db, &ctx, &estate, &up.id), "reversed");
        let due = read(db, &ctx, |tx, ctx| reversals::due(tx, ctx, 10, &UnderWay::new()))
            .unwrap()
            .due;
        assert_eq!(due[0].row.last_answer, "approved late, authorisation A1B2C3");
    }
}
