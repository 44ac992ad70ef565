//! Merchants, terminals and the search box.

use std::collections::BTreeSet;

use domain::time::Duration;
use operations::merchants::{self, NewMerchant};
use operations::refused::{Done, Refused};
use operations::terminals::{self, NewDevice, NewTerminal};
use operations::views::{Hit, Paging};
use operations::{Actor, Ctx, explain, search};
use store::Db;

use super::estate::{self, noodle_shop, sound};
use super::world::{count, ctx, databases, read, someone, system, write};

fn take_on(db: &Db, ctx: &mut Ctx, new: NewMerchant) -> Done<String> {
    write(db, ctx, move |tx, ctx| {
        merchants::create(tx, ctx, new.clone()).map(|id| id.to_string())
    })
}

fn wrong_fields(refused: Done<String>) -> BTreeSet<String> {
    match refused {
        Err(Refused::Invalid(errors)) => {
            assert!(
                errors
                    .iter()
                    .all(|e| !e.zh.is_empty() && !e.en.is_empty() && e.zh != e.en)
            );
            errors.into_iter().map(|e| e.field).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_merchant_is_born_with_its_shop_contract_and_account() {
    for test in databases() {
        let db = test.db();
        let mut desk = ctx(someone("desk", "desk"));
        let id = take_on(db, &mut desk, sound()).unwrap();
        let of = id.clone();
        let mut asks = desk.clone();
        let view = read(db, &desk, move |tx, _| merchants::view(tx, &mut asks, &of)).unwrap();
        assert_eq!(view.number, "822584058120001", "acquirer, city, category, sequence");
        assert_eq!(
            (view.stage.as_str(), view.mcc_name.as_str()),
            ("applying", "就餐场所和餐馆")
        );
        assert_eq!(view.shops.len(), 1);
        assert_eq!(view.contract.unwrap().stage, "draft");
        let account = view.settlement_account.unwrap();
        assert_eq!(
            (account.stage.as_str(), account.account_kind.as_str()),
            ("missing", "personal")
        );
        assert_eq!(account.masked, "622202*********0000");
        let phone = view.masked.iter().find(|m| m.field == "contact_phone").unwrap();
        assert_eq!(phone.masked, "138****0001");
        let second = take_on(db, &mut desk, sound()).unwrap();
        let mut asks = desk.clone();
        let view = read(db, &desk, move |tx, _| merchants::view(tx, &mut asks, &second)).unwrap();
        assert_eq!(view.number, "822584058120002");
        // Every life begins with a first transition.
        assert_eq!(count(db, "transitions"), 8);
    }
}

#[test]
fn every_wrong_field_is_told_at_once_and_nothing_is_kept() {
    for test in databases() {
        let db = test.db();
        let mut desk = ctx(someone("desk", "desk"));
        let wrong = NewMerchant {
            name: "面".into(),
            uscc: Some("91110108551385082P".into()),
            mcc: "0001".into(),
            province: "99".into(),
            city_code: "12".into(),
            representative_id: "31010119900307000X".into(),
            contact_phone: "12800000000".into(),
            address: "路".into(),
            account: noodle_shop().account.map(|a| merchants::NewAccount {
                number: "6222020000000000001".into(),
                ..a
            }),
            ..noodle_shop()
        };
        let told = wrong_fields(take_on(db, &mut desk, wrong));
        let expected = [
            "name",
            "uscc",
            "mcc",
            "province",
            "city_code",
            "representative_id",
            "contact_phone",
            "address",
            "account_number",
        ];
        assert_eq!(told, expected.map(str::to_owned).into());
        assert_eq!((count(db, "merchants"), count(db, "audit_entries")), (0, 0));
    }
}

#[test]
fn the_kind_decides_which_code_a_merchant_has() {
    let test = store::testing::sqlite();
    let db = test.db();
    db.migrate(store::schema::MIGRATIONS).unwrap();
    let mut desk = ctx(someone("desk", "desk"));
    let company_code = Some("91110108551385082Q".to_owned());
    for (new, field) in [
        (
            NewMerchant {
                kind: "micro".into(),
                ..sound()
            },
            "uscc",
        ),
        (
            NewMerchant {
                uscc: company_code.clone(),
                ..sound()
            },
            "uscc",
        ),
        (
            NewMerchant {
                kind: "enterprise".into(),
                ..sound()
            },
            "uscc",
        ),
        (NewMerchant { uscc: None, ..sound() }, "uscc"),
        (
            NewMerchant {
                kind: "shop".into(),
                ..sound()
            },
            "kind",
        ),
    ] {
        assert_eq!(wrong_fields(take_on(db, &mut desk, new)), [field.to_owned()].into());
    }
    take_on(
        db,
        &mut desk,
        NewMerchant {
            kind: "micro".into(),
            uscc: None,
            ..sound()
        },
    )
    .unwrap();
    take_on(
        db,
        &mut desk,
        NewMerchant {
            kind: "enterprise".into(),
            uscc: company_code,
            ..sound()
        },
    )
    .unwrap();
}

#[test]
fn takings_go_to_a_debit_card_only() {
    let test = store::testing::sqlite();
    let db = test.db();
    db.migrate(store::schema::MIGRATIONS).unwrap();
    let mut desk = ctx(someone("desk", "desk"));
    let with = |number: &str| NewMerchant {
        account: sound().account.map(|a| merchants::NewAccount {
            number: number.into(),
            ..a
        }),
        ..sound()
    };
    // 622575 is a credit card of 16 digits; 622588 a debit card of 16, not 19.
    for number in ["6225750000000003", "6225880000000000001"] {
        let luhn = (0..10).map(|last| format!("{}{last}", &number[..number.len() - 1]));
        let number = luhn
            .into_iter()
            .find(|n| domain::identifiers::BankCard::parse(n).is_ok())
            .unwrap();
        assert_eq!(
            wrong_fields(take_on(db, &mut desk, with(&number))),
            ["account_number".to_owned()].into(),
            "{number}"
        );
    }
}

#[test]
fn an_agent_brings_and_sees_its_own_merchants_only() {
    for test in databases() {
        let db = test.db();
        let mut ctx_system = system();
        let first = write(db, &mut ctx_system, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let second = write(db, &mut ctx_system, |tx, ctx| estate::build(tx, ctx, 2)).unwrap();
        let mut agent = Ctx {
            actor: Actor {
                agent: first.agent.clone(),
                ..someone("agent", "agent")
            },
            ..ctx_system.clone()
        };
        let own = NewMerchant {
            agent: first.agent.clone(),
            ..sound()
        };
        take_on(db, &mut agent, own).unwrap();
        let foreign = NewMerchant {
            agent: second.agent.clone(),
            ..sound()
        };
        assert!(matches!(
            take_on(db, &mut agent, foreign),
            Err(Refused::NotPermitted { .. })
        ));
        let list = |mut ctx: Ctx| {
            read(db, &system(), move |tx, _| {
                merchants::list(tx, &mut ctx, &merchants::Filter::default(), &Paging::default())
            })
            .unwrap()
            .data
        };
        assert_eq!(list(agent.clone()).len(), 2);
        let owner = ctx(Actor {
            merchant: second.merchant.clone(),
            ..someone("owner", "owner")
        });
        let rows = list(owner.clone());
        assert_eq!((rows.len(), rows[0].standing.as_str()), (1, "works"));
        assert_eq!(list(ctx(someone("desk", "desk"))).len(), 3);
        for (mut asks, id) in [(agent, second.merchant.clone()), (owner, first.merchant.clone())] {
            let refused = read(db, &system(), move |tx, _| merchants::view(tx, &mut asks, &id));
            assert!(
                matches!(refused, Err(Refused::NotFound { .. })),
                "it does not even exist for them"
            );
        }
    }
}

#[test]
fn lists_go_page_by_page_and_search_by_the_beginning_of_a_name() {
    for test in databases() {
        let db = test.db();
        let mut desk = ctx(someone("desk", "desk"));
        for name in [
            "Ａmoy Noodle",
            "阿明 牛肉面（南山）",
            "阿明水果",
            "益康堂大药房",
            "阿芳花店",
        ] {
            take_on(
                db,
                &mut desk,
                NewMerchant {
                    name: name.into(),
                    ..sound()
                },
            )
            .unwrap();
            desk.now = desk.now + Duration::minutes(1);
        }
        let page = |name: &str, limit: i64, cursor: Option<String>| {
            let (mut ctx, filter) = (
                desk.clone(),
                merchants::Filter {
                    name: name.into(),
                    ..Default::default()
                },
            );
            read(db, &desk, move |tx, _| {
                merchants::list(tx, &mut ctx, &filter, &Paging { limit, cursor })
            })
            .unwrap()
        };
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = page("", 2, cursor);
            seen.extend(page.data.into_iter().map(|m| m.name));
            cursor = page.next_cursor;
            if !page.has_more {
                break;
            }
        }
        assert_eq!(seen.len(), 5);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 5, "nothing twice");
        let names = |typed: &str| {
            page(typed, 50, None)
                .data
                .into_iter()
                .map(|m| m.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("阿明牛肉面(南"), ["阿明 牛肉面（南山）"]);
        assert_eq!(names("阿明").len(), 2);
        assert_eq!(names("amoy"), ["Ａmoy Noodle"]);
        assert!(names("牛肉").is_empty());
    }
}

fn place(
    db: &Db,
    ctx: &mut Ctx,
    merchant: &str,
    shop: &str,
    serial: Option<&str>,
    number: Option<&str>,
) -> Done<String> {
    let new = NewTerminal {
        merchant: merchant.into(),
        shop: shop.into(),
        serial: serial.map(str::to_owned),
        number: number.map(str::to_owned),
        spare: false,
        mac: "ecb".into(),
    };
    write(db, ctx, move |tx, ctx| {
        terminals::create(tx, ctx, new.clone()).map(|id| id.to_string())
    })
}

#[test]
fn a_terminal_takes_a_device_from_stock_once() {
    for test in databases() {
        let db = test.db();
        let mut ctx_system = system();
        let estate = write(db, &mut ctx_system, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let mut devices = Ctx {
            actor: someone("devices", "devices"),
            ..ctx_system.clone()
        };
        let taken = place(
            db,
            &mut devices,
            &estate.merchant,
            &estate.shop,
            Some(&estate.serial),
            None,
        );
        assert!(matches!(taken, Err(Refused::Conflict { what: "device", .. })));
        let unknown = place(db, &mut devices, &estate.merchant, &estate.shop, Some("NOBODY1"), None);
        assert!(matches!(unknown, Err(Refused::NotFound { what: "device", .. })));
        let number = place(
            db,
            &mut devices,
            &estate.merchant,
            &estate.shop,
            None,
            Some(&estate.number),
        );
        assert!(
            matches!(number, Err(Refused::Invalid(_))),
            "another terminal has the number"
        );
        let nowhere = place(db, &mut devices, &estate.merchant, "shp_none", None, None);
        assert!(matches!(nowhere, Err(Refused::NotFound { what: "shop", .. })));
        let mut clerk = ctx(Actor {
            merchant: estate.merchant.clone(),
            ..someone("clerk", "clerk")
        });
        let refused = place(db, &mut clerk, &estate.merchant, &estate.shop, None, None);
        assert!(matches!(refused, Err(Refused::NotPermitted { .. })));
        place(db, &mut devices, &estate.merchant, &estate.shop, None, None).unwrap();
        let twice = {
            let model = store_model(db);
            let new = NewDevice {
                serial: estate.serial.clone(),
                model,
                software: "1".into(),
                warranty_until: None,
            };
            write(db, &mut devices, move |tx, ctx| {
                terminals::receive(tx, ctx, new.clone()).map(|_| ())
            })
        };
        assert!(
            matches!(twice, Err(Refused::Invalid(_))),
            "a serial number is received once"
        );
    }
}

fn store_model(db: &Db) -> String {
    db.read(|tx| Ok::<_, store::Error>(store::devices::models(tx)?.remove(0).id))
        .wait()
        .unwrap()
}

#[test]
fn a_terminal_is_found_by_number_and_serial_and_shown_with_its_standing() {
    for test in databases() {
        let db = test.db();
        let mut ctx_system = system();
        let estate = write(db, &mut ctx_system, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let (number, serial) = (estate.number.clone(), estate.serial.clone());
        let found = read(db, &ctx_system, move |tx, _| {
            Ok((
                terminals::by_number(tx, &number)?,
                terminals::by_serial(tx, &serial.to_lowercase())?,
            ))
        })
        .unwrap();
        let expected = terminals::Found {
            merchant: estate.merchant.clone(),
            terminal: estate.terminal.clone(),
        };
        assert_eq!(found, (Some(expected.clone()), Some(expected)));
        let mut desk = ctx(someone("desk", "desk"));
        let place = estate.clone();
        let view = read(db, &system(), move |tx, _| {
            terminals::view(tx, &mut desk, &place.merchant, &place.terminal)
        })
        .unwrap();
        assert_eq!(
            (view.standing.as_str(), view.stage.as_str(), view.serial),
            ("works", "live", estate.serial)
        );
        assert!(view.opened_at.is_some());
        let mut stranger = ctx(Actor {
            merchant: "mch_other".into(),
            ..someone("owner", "owner")
        });
        let refused = read(db, &system(), move |tx, _| {
            terminals::view(tx, &mut stranger, &estate.merchant, &estate.terminal)
        });
        assert!(matches!(refused, Err(Refused::NotFound { what: "terminal", .. })));
    }
}

fn searched(db: &Db, actor: Actor, typed: &str) -> Done<Vec<Hit>> {
    let typed = typed.to_owned();
    read(db, &ctx(actor), move |tx, ctx| search::search(tx, ctx, &typed))
}

#[test]
fn one_box_finds_everything() {
    for test in databases() {
        let db = test.db();
        let mut ctx_system = system();
        let estate = write(db, &mut ctx_system, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let place = estate.clone();
        let code = write(db, &mut ctx_system, move |tx, ctx| {
            operations::trigger::reason(tx, ctx, "merchant.risk_review", &place.number, false)?;
            Ok(explain::refuse(tx, ctx, &place.merchant, &place.terminal, "sale", "-")?.explanation_code)
        })
        .unwrap();
        let terminal = format!("/console/terminals/{}", estate.number);
        let merchant = format!("/console/merchants/{}", estate.merchant);
        let uscc = sound().uscc.unwrap();
        for (typed, kind, href) in [
            (estate.number.as_str(), "terminal", terminal.as_str()),
            (&estate.serial, "device", &terminal),
            (&estate.merchant_number, "merchant", &merchant),
            (&estate.merchant, "merchant", &merchant),
            (&uscc, "merchant", &merchant),
            ("深圳市 南山区", "merchant", &merchant),
            ("+86 138-0000-0001", "person", &merchant),
            ("陈小明", "person", &merchant),
            (&estate::resident_id("440305198505120"), "person", &merchant),
            ("6222020000000000000", "person", &merchant),
            (&code.to_lowercase(), "code", &format!("/e/{code}")),
        ] {
            let hits = searched(db, someone("desk", "desk"), typed).unwrap();
            let hit = hits.first().unwrap_or_else(|| panic!("{typed}: nothing found"));
            assert_eq!((hit.kind.as_str(), hit.href.as_str()), (kind, href), "{typed}");
        }
        for typed in ["", "   ", "没有这家店", "999999999", "req_00000000000000000000000000"] {
            assert!(
                searched(db, someone("desk", "desk"), typed).unwrap().is_empty(),
                "{typed}"
            );
        }
        let refused = searched(db, someone("owner", "owner"), "陈小明");
        assert!(matches!(
            refused,
            Err(Refused::NotPermitted {
                permission: "search",
                ..
            })
        ));
    }
}
