//! The seeded world is what it says: every stopped terminal under its reason alone, every other one selling.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use domain::calendar::Calendar;
use domain::catalog::Catalog;
use domain::ids::IdSource;
use domain::names::Lang;
use domain::time::{Date, Duration, Time, Zone};
use operations::explain::{self, Ask, Audience};
use operations::refused::Refused;
use operations::sealing::Sealer;
use operations::{Actor, Ctx, Platform, check};
use store::testing::TestDb;
use store::{Db, args, events};

use super::World;

fn platform() -> Platform {
    Platform {
        catalog: Arc::new(Catalog::embedded().unwrap()),
        calendar: Arc::new(Calendar::parse(include_str!("../../../../catalog/calendar.csv")).unwrap()),
        zone: Zone::default(),
        sealer: Arc::new(Sealer::new([7; 32], [9; 32])),
        keys: Arc::new(operations::key_module::KeyModule::software([8; 32])),
    }
}

const NOW: &str = "2026-11-25T10:00:00+08:00";

fn now() -> Time {
    Time::parse_rfc3339(NOW).unwrap()
}

fn seeded(test: &TestDb) -> World {
    test.db().migrate(store::schema::MIGRATIONS).unwrap();
    super::seed(test.db(), &platform(), 1, now()).unwrap()
}

fn ctx(at: Time) -> Ctx {
    Ctx {
        platform: platform(),
        actor: Actor::system("test"),
        why: String::new(),
        now: at,
        ids: IdSource::seeded(99),
        lang: Lang::Zh,
    }
}

/// The visible causes of a terminal.
fn causes(db: &Db, number: &str) -> Vec<String> {
    let number = number.to_owned();
    let ask =
        move |tx: &mut store::Tx<'_>| explain::by_number(tx, &mut ctx(now()), &number, &Ask::default(), Audience::Desk);
    db.read(ask)
        .wait()
        .unwrap()
        .causes
        .into_iter()
        .map(|c| c.reason)
        .collect()
}

#[test]
fn every_reason_that_stops_a_sale_has_its_terminal_stopped_by_it_alone() {
    for test in store::testing::databases() {
        let world = seeded(&test);
        let catalog = Catalog::embedded().unwrap();
        let sale = catalog.bit("sale").unwrap();
        let mut missing: BTreeSet<&str> = catalog
            .reasons
            .keys()
            .map(String::as_str)
            .filter(|r| catalog.blocked_by(r).has(sale))
            .collect();
        for terminal in &world.terminals_list {
            let found = causes(test.db(), &terminal.terminal_number);
            if let Some(reason) = &terminal.reason {
                assert_eq!(found, std::slice::from_ref(reason), "{}", terminal.terminal_number);
                missing.remove(reason.as_str());
            } else {
                let stops = found.iter().any(|c| catalog.blocked_by(c).has(sale));
                assert!(!stops, "{} is live and under {found:?}", terminal.terminal_number);
            }
        }
        let of_everyone: BTreeSet<&str> = [
            "platform.maintenance",
            "platform.upgrade",
            "platform.incident",
            "network.line_down",
        ]
        .into();
        let by_sign_in: BTreeSet<&str> = ["device.sign_in_required"].into();
        assert_eq!(
            missing,
            &of_everyone | &by_sign_in,
            "only what would stop everybody, or a sign-in ends, is left out"
        );
    }
}

#[test]
fn the_world_is_as_large_as_promised_and_its_rows_agree() {
    let test = store::testing::sqlite();
    let world = seeded(&test);
    let live = world.terminals_list.iter().filter(|t| t.situation == "live").count();
    assert!(world.merchants.len() >= 40 && live >= 20 && world.terminals_list.len() >= 80);
    for kind in ["micro", "sole_trader", "enterprise"] {
        assert!(world.merchants.iter().any(|m| m.kind == kind), "{kind}");
    }
    let owners = world.accounts.iter().filter(|a| a.role == "owner").count();
    assert_eq!(owners, world.merchants.len());
    assert!(
        world
            .accounts
            .iter()
            .filter(|a| a.role == "reviewer")
            .all(|a| a.totp_secret.is_some())
    );
    assert_eq!(world.api_keys[0].scope, "write");
    let keys: BTreeSet<&str> = world.terminals_list.iter().map(|t| t.tmk_hex.as_str()).collect();
    assert_eq!(keys.len(), world.terminals_list.len(), "one key, one terminal");
    let count = |table: &'static str| {
        let sql = format!("select count(*) from {table}");
        test.db()
            .read(move |tx| tx.one(&sql, args![])?.take::<i64>(0))
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap()
    };
    assert!(count("transactions") > 2000, "{}", count("transactions"));
    let earned = test
        .db()
        .read(|tx| {
            tx.one(
                "select cast(sum(credit) as bigint) from volumes where account = 'fee_income'",
                args![],
            )?
            .take::<i64>(0)
        })
        .wait()
        .map_err(|e: store::Error| e);
    assert!(earned.unwrap() > 100_000, "a year of fees is in the books");
    let waiting = test
        .db()
        .read(|tx| {
            tx.one("select count(*) from reviews where state = 'open'", args![])?
                .take::<i64>(0)
        })
        .wait()
        .map_err(|e: store::Error| e);
    assert_eq!(waiting.unwrap(), 2, "two requests wait for a reviewer");
    let violations = test
        .db()
        .read(|tx| check::check(tx, &platform(), now()))
        .wait()
        .map_err(|e: Refused| e)
        .unwrap();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn the_same_seed_and_moment_give_the_same_world() {
    let (one, two) = (store::testing::sqlite(), store::testing::sqlite());
    assert_eq!(seeded(&one), seeded(&two));
    let log = |test: &TestDb| {
        let rows = test.db().read(|tx| {
            tx.all(
                "select id, kind, data, at from events order by merchant_id, id",
                args![],
            )
        });
        rows.wait().map_err(|e: store::Error| e).unwrap()
    };
    assert_eq!(log(&one), log(&two));
}

#[test]
fn the_file_is_read_as_it_was_written() {
    let test = store::testing::sqlite();
    let world = seeded(&test);
    let path = std::env::temp_dir().join(format!("world-{}.json", std::process::id()));
    world.write(&path).unwrap();
    assert_eq!(World::read(&path).unwrap(), world);
    let text = std::fs::read_to_string(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds passwords and keys");
    std::fs::remove_file(&path).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in [
        "http",
        "terminals",
        "accounts",
        "api_keys",
        "merchants",
        "terminals_list",
        "test_cards",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["terminals_list"][0]["mac"], "ecb");
    assert!(
        json["test_cards"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["outcome"] == "approved")
    );
}

#[test]
fn nothing_of_the_past_lies_in_the_future() {
    let test = store::testing::sqlite();
    seeded(&test);
    let limit = (now() + Duration::minutes(60)).millis();
    for (table, column) in [
        ("events", "at"),
        ("audit_entries", "at"),
        ("transitions", "at"),
        ("transactions", "received_at"),
    ] {
        let sql = format!("select count(*) from {table} where {column} > $1");
        let late: i64 = test
            .db()
            .read(move |tx| tx.one(&sql, args![limit])?.take(0))
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(late, 0, "{table}");
    }
}

#[test]
fn live_terminals_sold_on_every_day_of_three_weeks_while_their_shops_were_open() {
    let test = store::testing::sqlite();
    let world = seeded(&test);
    let zone = Zone::default();
    let sold: Vec<(String, i64)> = test
        .db()
        .read(|tx| {
            tx.all(
                "select t.number, x.received_at from transactions x join terminals t on t.merchant_id = x.merchant_id \
                 and t.id = x.terminal_id where x.kind = 'sale'",
                args![],
            )?
            .iter()
            .map(|r| Ok((r.take(0)?, r.take(1)?)))
            .collect()
        })
        .wait()
        .map_err(|e: store::Error| e)
        .unwrap();
    let mut days: BTreeMap<&str, BTreeSet<Date>> = BTreeMap::new();
    for (number, at) in &sold {
        let at = Time::from_millis(*at);
        assert!(
            ((10, 30)..=(20, 30)).contains(&zone.clock(at)),
            "{number} sold at {}",
            zone.rfc3339(at)
        );
        days.entry(number).or_default().insert(zone.date(at));
    }
    let today = zone.date(now());
    let daily = |number: &str| {
        let of = days.get(number);
        (1..=20).all(|back| of.is_some_and(|of| of.contains(&today.add_days(-back))))
    };
    let busy: Vec<_> = world
        .terminals_list
        .iter()
        .filter(|t| daily(&t.terminal_number))
        .collect();
    assert!(busy.len() >= 30, "{}", busy.len());
    assert!(busy.iter().all(|t| t.situation == "live"));

    for terminal in busy {
        let (merchant, id) = place(&test, &terminal.terminal_number);
        let (row, batches, told) = test
            .db()
            .read(move |tx| {
                let row = store::terminals::get(tx, &merchant, &id)?.unwrap();
                let batches = store::batches::list(tx, &merchant, &id, 100)?;
                let filter = events::Filter {
                    merchant_id: merchant,
                    terminal_id: id,
                    ..events::Filter::default()
                };
                Ok((row, batches, events::list(tx, &filter, "", 100)?))
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        let signed_in = Time::from_millis(row.signed_in_at.unwrap());
        assert!(row.signed_in && zone.date(signed_in) == today.add_days(-1) && row.batch == terminal.batch);
        let last_sale = Time::from_millis(row.last_sale_at.unwrap());
        assert!(signed_in < last_sale && zone.date(last_sale) == zone.date(signed_in));
        let (current, past) = batches.split_first().unwrap();
        assert_eq!((current.number, current.state.as_str()), (row.batch, "open"));
        assert!(
            past.iter()
                .all(|b| b.state == "closed" && zone.clock(Time::from_millis(b.closed_at.unwrap())) < (21, 30))
        );
        for back in 1..=3 {
            let on: BTreeSet<&str> = told
                .iter()
                .filter(|e| zone.date(Time::from_millis(e.at)) == today.add_days(-back))
                .map(|e| e.kind.as_str())
                .collect();
            for kind in ["terminal.signed_in", "terminal.sold", "terminal.settled"] {
                assert!(
                    on.contains(kind),
                    "{} {back} days ago: {on:?}",
                    terminal.terminal_number
                );
            }
        }
    }
}

/// Merchant and id of a terminal number.
fn place(test: &TestDb, number: &str) -> (String, String) {
    let number = number.to_owned();
    let found = test
        .db()
        .read(move |tx| store::terminals::by_number(tx, &number))
        .wait();
    found.map_err(|e: store::Error| e).unwrap().unwrap()
}

#[test]
fn a_master_key_loaded_later_is_told_to_whoever_drives_the_terminal() {
    let test = store::testing::sqlite();
    let world = seeded(&test);
    let first = world.clone();
    let look = |world: World, last| {
        let looked = test
            .db()
            .read(move |tx| super::machines::look(tx, &ctx(now()), world, last));
        looked.wait().unwrap()
    };
    let (stamp, seen) = look(world.clone(), None).unwrap();
    assert_eq!(seen, world, "as it was seeded");
    assert!(look(world.clone(), Some(stamp)).is_none(), "nothing happened since");

    let number = world.terminals_list[0].terminal_number.clone();
    let key = domain::secret::Secret::new(*b"Qv3m-Z8x!pL2s~Yt");
    let loaded = test.db().write(move |tx| {
        let (merchant, terminal) = operations::terminals::by_number(tx, &number)?
            .map(|found| (found.merchant, found.terminal))
            .unwrap();
        operations::keys::install_master(tx, &mut ctx(now()), &merchant, &terminal, &key)
    });
    loaded.wait().unwrap();
    let (_, seen) = look(world, Some(stamp)).unwrap();
    let changed: Vec<usize> = (0..first.terminals_list.len())
        .filter(|&n| seen.terminals_list[n] != first.terminals_list[n])
        .collect();
    assert_eq!(changed, [0]);
    assert_ne!(seen.terminals_list[0].tmk_hex, first.terminals_list[0].tmk_hex);
    assert_eq!(
        seen.terminals_list[0].serial_number,
        first.terminals_list[0].serial_number
    );
}
