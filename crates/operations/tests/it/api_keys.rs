//! Keys of programs: seen and switched off by whoever makes them, and no wider than a merchant.

use operations::people::{self, NewKey};
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx};
use store::Db;

use super::people::user;
use super::world::{ctx, databases, read, someone, write};

/// Somebody who manages a merchant's own people.
fn owner_of(merchant: &str) -> Ctx {
    let mut owner = ctx(someone("ow", "owner"));
    merchant.clone_into(&mut owner.actor.merchant);
    owner.ids = domain::ids::IdSource::seeded(80);
    owner
}

fn made(db: &Db, by: &mut Ctx, role: &'static str, user: &str) -> Done<(String, String)> {
    let user = user.to_owned();
    let made = write(db, by, move |tx, ctx| {
        let new = NewKey {
            name: "till",
            role,
            merchant: "mch_1",
            user: &user,
        };
        people::create_api_key(tx, ctx, new)
    });
    made.map(|(id, key)| (id, key.into_exposed()))
}

fn acting(db: &Db, ctx: &Ctx, key: &str) -> Actor {
    let key = key.to_owned();
    let actor = read(db, ctx, move |tx, ctx| people::api_key(tx, ctx, &key));
    actor.unwrap().unwrap()
}

#[test]
fn an_owner_gives_a_program_what_programs_may_have_and_nothing_wider() {
    for test in databases() {
        let db = test.db();
        let id = user(db, "wang", "owner");
        let mut owner = owner_of("mch_1");
        for role in ["owner", "clerk"] {
            assert!(
                matches!(made(db, &mut owner, role, &id), Err(Refused::Invalid(_))),
                "{role} is for people"
            );
        }
        for role in ["administrator", "risk", "agent", "system"] {
            assert!(made(db, &mut owner, role, &id).is_err(), "{role} is not the merchant's");
        }
        let (_, reads) = made(db, &mut owner, "reader", &id).unwrap();
        let (_, acts) = made(db, &mut owner, "developer", &id).unwrap();
        let of = |key: &str| Ctx {
            actor: acting(db, &owner, key),
            ..owner.clone()
        };
        let (reader, developer) = (of(&reads), of(&acts));
        assert!(reader.may("read_own") && !reader.may("act_own") && !reader.may("read_all"));
        assert!(developer.may("read_own") && developer.may("act_own") && !developer.may("read_all"));
        assert!(
            !developer.may("test_clock"),
            "the clock is everybody's, and the role is one merchant's here"
        );
        assert!(!developer.may("manage_own_users"), "a key makes no keys");
        let mut stranger = owner_of("mch_2");
        assert!(made(db, &mut stranger, "reader", &id).is_err());
    }
}

#[test]
fn keys_are_listed_without_the_key_and_switched_off_for_good() {
    for test in databases() {
        let db = test.db();
        let owner = user(db, "wang", "owner");
        let mut manager = owner_of("mch_1");
        let (id, key) = made(db, &mut manager, "developer", &owner).unwrap();
        let list = |ctx: &Ctx| read(db, ctx, |tx, ctx| people::api_keys(tx, ctx, "mch_1"));
        let seen = list(&manager).unwrap();
        assert_eq!(
            (seen.len(), seen[0].id.as_str(), seen[0].name.as_str()),
            (1, id.as_str(), "till")
        );
        assert!(!format!("{seen:?}").contains(key.as_str()));
        assert!(matches!(list(&owner_of("mch_2")), Err(Refused::NotPermitted { .. })));
        let off = id.clone();
        write(db, &mut manager, move |tx, ctx| {
            people::disable_api_key(tx, ctx, "mch_1", &off)
        })
        .unwrap();
        assert!(list(&manager).unwrap()[0].disabled_at.is_some());
        let again = write(db, &mut manager, move |tx, ctx| {
            people::disable_api_key(tx, ctx, "mch_1", &id)
        });
        assert!(matches!(again, Err(Refused::Conflict { .. })));
    }
}
