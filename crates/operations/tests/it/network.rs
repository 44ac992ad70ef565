//! The clearing organisation's side of a registration, as far as it is played here.

use domain::stages::SubjectKind;
use operations::network::{self, Answered, Verdict};
use operations::refused::Refused;
use operations::{Ctx, moves};
use store::Db;

use super::estate;
use super::world::{databases, read, system, write};

fn answer_due(db: &Db, ctx: &mut Ctx) -> Answered {
    write(db, ctx, |tx, ctx| network::answer_due(tx, ctx, 100)).unwrap()
}

#[test]
fn the_clearing_organisation_answers_after_a_while() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let place = estate.clone();
        write(db, &mut ctx, move |tx, ctx| {
            network::file(tx, ctx, &place.merchant, &place.terminal)
        })
        .unwrap();
        assert_eq!(answer_due(db, &mut ctx), Answered::default(), "not at once");
        ctx.now = ctx.now + network::ANSWERS_AFTER;
        assert_eq!(
            answer_due(db, &mut ctx),
            Answered {
                accepted: 1,
                ..Answered::default()
            }
        );
        assert_eq!(answer_due(db, &mut ctx), Answered::default());
        let id = estate.registration.clone();
        let again = write(db, &mut ctx, move |tx, ctx| {
            network::answer(tx, ctx, &estate.merchant, &id, Verdict::Accepted, "")
        });
        assert!(
            matches!(again, Err(Refused::Conflict { .. })),
            "an answer without a filing"
        );
    }
}

#[test]
fn a_registration_that_a_step_moved_on_is_sent_and_answered() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let estate = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let place = estate.clone();
        write(db, &mut ctx, move |tx, ctx| {
            moves::apply(
                tx,
                ctx,
                &place.merchant,
                SubjectKind::Registration,
                &place.registration,
                "refile",
            )
        })
        .unwrap();
        assert_eq!(
            answer_due(db, &mut ctx),
            Answered {
                sent: 1,
                ..Answered::default()
            }
        );
        ctx.now = ctx.now + network::ANSWERS_AFTER;
        assert_eq!(
            answer_due(db, &mut ctx),
            Answered {
                accepted: 1,
                ..Answered::default()
            }
        );
    }
}

#[test]
fn a_serial_number_registered_elsewhere_is_refused() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        let first = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let second = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 2)).unwrap();
        let (id, serial) = (second.registration.clone(), first.serial.clone());
        // The first terminal's device was handed to the second without telling anybody.
        db.write(move |tx| {
            tx.run(
                "update registrations set serial = $2 where id = $1",
                store::args![&id, &serial],
            )?;
            tx.run(
                "update devices set serial = serial || 'X' where serial = $1",
                store::args![&serial],
            )
        })
        .wait()
        .map_err(|e: store::Error| e)
        .unwrap();
        let place = second.clone();
        let serial = first.serial.clone();
        write(db, &mut ctx, move |tx, ctx| {
            tx.run(
                "update devices set serial = $2 where id = $1",
                store::args![&place.device, &serial],
            )?;
            network::file(tx, ctx, &place.merchant, &place.terminal)
        })
        .unwrap();
        ctx.now = ctx.now + network::ANSWERS_AFTER;
        assert_eq!(
            answer_due(db, &mut ctx),
            Answered {
                rejected: 1,
                ..Answered::default()
            }
        );
        let stage = read(db, &ctx, move |tx, _| {
            Ok(store::moves::stage(
                tx,
                "registration",
                &second.merchant,
                &second.registration,
            )?)
        });
        assert_eq!(stage.unwrap().as_deref(), Some("rejected"));
    }
}
