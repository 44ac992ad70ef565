//! What may be asked for: only what the tables open to this role, about a subject in a stage that leads there.

use domain::stages::SubjectKind;
use operations::requests::{self, Open};
use operations::stops::{self, Place};
use operations::{Actor, Ctx};
use serde_json::json;
use store::Db;

use super::estate::{self, Estate};
use super::world::{databases, read, someone, system, write};

fn own(estate: &Estate, role: &str) -> Actor {
    Actor {
        merchant: estate.merchant.clone(),
        ..someone("chen", role)
    }
}

/// Kinds offered to a role beside the terminal, or beside the merchant.
fn offered(db: &Db, ctx: &Ctx, estate: &Estate, role: &str, terminal: bool) -> Vec<String> {
    let ctx = Ctx {
        actor: own(estate, role),
        ..ctx.clone()
    };
    let estate = estate.clone();
    let offers = read(db, &ctx, move |tx, ctx| {
        let mut ctx = ctx.clone();
        requests::offers(
            tx,
            &mut ctx,
            &estate.merchant,
            terminal.then_some(estate.terminal.as_str()),
        )
    });
    offers.unwrap().into_iter().map(|offer| offer.kind).collect()
}

fn stopped(db: &Db, ctx: &mut Ctx, estate: &Estate) {
    let place = Place {
        merchant: estate.merchant.clone(),
        kind: SubjectKind::Merchant,
        id: estate.merchant.clone(),
        reason: "merchant.licence_expired".into(),
        starts_at: None,
        ends_at: None,
        details: json!({}),
    };
    write(db, ctx, move |tx, ctx| stops::place(tx, ctx, place.clone())).unwrap();
}

#[test]
fn a_healthy_terminal_can_be_moved_replaced_or_given_up_but_not_restored_or_activated() {
    for test in databases() {
        let mut ctx = system();
        let estate = write(test.db(), &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        assert_eq!(
            offered(test.db(), &ctx, &estate, "owner", true),
            ["relocation", "replacement", "deactivation"]
        );
        assert_eq!(offered(test.db(), &ctx, &estate, "clerk", true), Vec::<String>::new());
        let merchant = offered(test.db(), &ctx, &estate, "owner", false);
        assert_eq!(
            merchant,
            [
                "information_change",
                "limit_increase",
                "pause",
                "settlement_account_change",
                "closure"
            ]
        );
    }
}

#[test]
fn a_stopped_terminal_is_offered_its_restoration_first_until_one_is_under_way() {
    for test in databases() {
        let mut ctx = system();
        let estate = write(test.db(), &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        stopped(test.db(), &mut ctx, &estate);
        assert_eq!(offered(test.db(), &ctx, &estate, "owner", true)[0], "restoration");
        assert_eq!(offered(test.db(), &ctx, &estate, "clerk", true), ["restoration"]);
        let open = Open {
            kind: "restoration".into(),
            merchant: estate.merchant.clone(),
            subject_kind: "terminal".into(),
            subject_id: estate.terminal.clone(),
            ..Open::default()
        };
        ctx.actor = own(&estate, "owner");
        write(test.db(), &mut ctx, move |tx, ctx| {
            requests::open(tx, ctx, open.clone())
        })
        .unwrap();
        assert!(!offered(test.db(), &ctx, &estate, "owner", true).contains(&"restoration".to_owned()));
    }
}
