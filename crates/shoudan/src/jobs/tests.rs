//! A year on the test clock: what becomes due happens, and happens the same way twice.

use domain::names::Lang;
use domain::secret::Secret;
use domain::time::Span;
use operations::views::Paging;
use operations::{Actor, events, trigger};
use tokio::runtime::Runtime;

use super::{Move, move_clock, run_to_quiet};
use crate::app::{App, Options};
use crate::clock::Kind;
use crate::config::Keys;
use crate::demo;
use crate::portal::sample::HOUSE;

fn open(clock: Kind) -> App {
    let app = App::open(Options {
        database: "sqlite::memory:".to_owned(),
        data: None,
        catalog: None,
        clock,
        seed: 5,
        demo: true,
        keys: Keys {
            data: Secret::new([1; 32]),
            index: Secret::new([2; 32]),
        },
        origin: "http://127.0.0.1".to_owned(),
        institution: HOUSE,
    });
    app.unwrap()
}

/// Every event of a world that lived so, newest first, as JSON.
fn lived() -> Vec<String> {
    let app = open(Kind::Frozen);
    let world = demo::seed(&app.db, &app.platform, 5, app.now()).unwrap();
    let number = world.terminals_list[0].terminal_number.clone();
    Runtime::new().unwrap().block_on(async {
        let system = |why: &str| app.ctx(Actor::system("test"), Lang::En, why);
        run_to_quiet(&app).await;
        let provoked = number.clone();
        app.write(system("try"), move |tx, ctx| {
            trigger::reason(tx, ctx, "device.fault.card_reader", &provoked, false)
        })
        .await
        .unwrap();
        move_clock(&app, system("test clock"), Move::By(Span::days(100)))
            .await
            .unwrap();
        let restored = number.clone();
        app.write(system("try"), move |tx, ctx| {
            trigger::reason(tx, ctx, "device.fault.card_reader", &restored, true)
        })
        .await
        .unwrap();
        run_to_quiet(&app).await;
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let paging = Paging { limit: 200, cursor };
            let page = app
                .read(system(""), move |tx, ctx| {
                    events::list(tx, ctx, &events::Filter::default(), &paging)
                })
                .await;
            let page = page.unwrap();
            all.extend(page.data.iter().map(|event| serde_json::to_string(event).unwrap()));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return all;
            }
        }
    })
}

#[test]
fn the_same_seed_and_steps_give_the_same_log_byte_for_byte() {
    let (first, second) = (lived(), lived());
    let noticed = first.iter().filter(|event| event.contains("dormancy.")).count();
    assert!(
        first.len() > 500 && noticed > 0,
        "{} events, {noticed} of dormancy",
        first.len()
    );
    assert_eq!(first, second);
}

#[test]
fn a_test_clock_goes_neither_back_nor_where_no_working_days_are_known() {
    let app = open(Kind::Frozen);
    let ctx = app.ctx(Actor::system("test"), Lang::En, "test clock");
    let before = app.now();
    let refused = |how| {
        Runtime::new()
            .unwrap()
            .block_on(move_clock(&app, ctx.clone(), how))
            .unwrap_err()
    };
    assert_eq!(
        refused(Move::To(before - domain::time::Duration::days(1))).code(),
        "parameter_invalid"
    );
    assert_eq!(refused(Move::By(Span::days(3_000))).code(), "parameter_invalid");
    assert_eq!(app.now(), before);
}

#[test]
fn who_may_not_move_the_clock_does_not_move_it() {
    let app = open(Kind::Movable);
    let ctx = app.ctx(Actor::public(), Lang::En, "test clock");
    let refused = Runtime::new()
        .unwrap()
        .block_on(move_clock(&app, ctx, Move::By(Span::days(1))))
        .unwrap_err();
    assert_eq!((refused.code(), app.clock.offset()), ("not_permitted", 0));
}
