//! Events are told as sentences, in both languages, to those who may hear them.

use std::collections::BTreeSet;
use std::path::Path;

use domain::names::Lang;
use operations::events::{self, Filter, PLACES, SENTENCES};
use operations::refused::Refused;
use operations::trace::{self, Change, Happened};
use operations::views::{EventView, Paging};
use serde_json::json;
use store::Db;

use super::world::{ctx, databases, read, someone, system, tamper, write};

#[test]
fn every_kind_has_a_sentence_in_both_languages_with_places_that_can_be_filled() {
    let mut kinds = BTreeSet::new();
    for sentence in SENTENCES {
        assert!(kinds.insert(sentence.kind), "«{}» stands twice", sentence.kind);
        let places = |template: &str| -> BTreeSet<String> {
            assert!(!template.trim().is_empty(), "{}", sentence.kind);
            assert_eq!(
                template.matches('[').count(),
                template.matches(']').count(),
                "{template}"
            );
            let parts = template.split('{').skip(1);
            parts.map(|part| part.split_once('}').unwrap().0.to_owned()).collect()
        };
        assert_eq!(places(sentence.zh), places(sentence.en), "{}", sentence.kind);
        for place in places(sentence.zh) {
            assert!(
                PLACES.contains(&place.as_str()),
                "{}: nobody fills {place}",
                sentence.kind
            );
        }
        assert!(
            !sentence.zh.is_ascii() && sentence.en.is_ascii() || sentence.en.contains('→'),
            "{}",
            sentence.kind
        );
    }
}

/// Every kind that the operations write: a text of that form right after `kind:` or handed on to `tell`.
#[test]
fn every_kind_that_the_operations_write_has_a_sentence() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut written = BTreeSet::new();
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("sentences.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let after_kind = text.split("kind: \"").skip(1).filter_map(|rest| rest.split('"').next());
                written.extend(after_kind.filter(|kind| kind.contains('.')).map(str::to_owned));
            }
        }
    }
    assert!(
        written.contains("clock.advanced"),
        "the search finds nothing: {written:?}"
    );
    let missing: Vec<_> = written.iter().filter(|kind| events::sentence(kind).is_none()).collect();
    assert!(missing.is_empty(), "no sentence for {missing:?}");
}

fn tell(db: &Db, ctx: &mut operations::Ctx, happened: impl Fn(&str) -> Happened<'_> + Send + 'static) {
    write(db, ctx, move |tx, ctx| {
        let change = Change {
            command: "test",
            merchant: "mch_1",
            kind: "terminal",
            id: "trm_1",
            before: String::new(),
            after: String::new(),
            details: json!({}),
        };
        let audit = trace::audit(tx, ctx, change)?;
        trace::event(tx, ctx, happened(&audit)).map(|_| ())
    })
    .unwrap();
}

fn about<'a>(kind: &'a str, data: serde_json::Value, audit: &'a str) -> Happened<'a> {
    Happened {
        kind,
        merchant: "mch_1",
        subject_kind: "terminal",
        subject: "trm_1",
        terminal: "trm_1",
        data,
        audit,
    }
}

fn list(db: &Db, ctx: &operations::Ctx, filter: Filter) -> Vec<EventView> {
    read(db, ctx, move |tx, ctx| {
        events::list(tx, ctx, &filter, &Paging::default())
    })
    .unwrap()
    .data
}

#[test]
fn codes_become_titles_when_read_and_missing_facts_leave_no_hole() {
    for test in databases() {
        let mut ctx = system();
        let catalog = ctx.catalog();
        let tampered = catalog.reasons["device.tampered"].clone();
        let sign_in = catalog.steps["sign_in_terminal"].clone();
        let now = ctx.now.millis();
        tell(test.db(), &mut ctx, |a| {
            about(
                "stop.started",
                json!({ "reason": "device.tampered", "ends_at": null }),
                a,
            )
        });
        tell(test.db(), &mut ctx, move |a| {
            about(
                "stop.announced",
                json!({ "reason": "device.tampered", "starts_at": now + 86_400_000 }),
                a,
            )
        });
        tell(test.db(), &mut ctx, |a| {
            about("request.step_completed", json!({ "step": "sign_in_terminal" }), a)
        });
        tell(test.db(), &mut ctx, |a| {
            about("terminal.declined", json!({ "amount": 1234, "response_code": "97" }), a)
        });
        tell(test.db(), &mut ctx, |a| {
            about("terminal.stage_changed", json!({ "from": "draft", "to": "live" }), a)
        });
        tell(test.db(), &mut ctx, |a| {
            about("stop.cleared", json!({ "reason": "gone.from.catalogue" }), a)
        });

        let mut said: Vec<String> = list(
            test.db(),
            &ctx,
            Filter {
                merchant: "mch_1".to_owned(),
                ..Filter::default()
            },
        )
        .into_iter()
        .map(|event| event.text)
        .collect();
        said.reverse();
        assert_eq!(said[0], format!("停用生效：{}", tampered.zh.title));
        assert_eq!(
            said[1],
            format!("预告停用：{}，周二 3月3日 10:00 起生效", tampered.zh.title)
        );
        assert_eq!(said[2], format!("步骤完成：{}", sign_in.zh.title));
        assert_eq!(said[3], "交易被拒，¥12.34，应答码 97");
        assert_eq!(said[5], "停用解除：gone.from.catalogue");
        let stage = |code: &str| {
            let key = (domain::stages::SubjectKind::Terminal, code.to_owned());
            ctx.catalog().stages[&key].name.clone()
        };
        assert_eq!(
            said[4],
            format!("终端阶段：{} → {}", stage("draft").zh, stage("live").zh)
        );

        ctx.lang = Lang::En;
        let english = list(
            test.db(),
            &ctx,
            Filter {
                merchant: "mch_1".to_owned(),
                ..Filter::default()
            },
        );
        assert_eq!(english[2].text, "Declined, ¥12.34, response code 97");
        assert_eq!(english[5].text, format!("Stopped: {}", tampered.en.title));
    }
}

#[test]
fn a_subject_is_called_by_its_name_and_by_its_id_when_it_is_gone() {
    for test in databases() {
        let mut ctx = system();
        tell(test.db(), &mut ctx, |a| about("dormancy.woken", json!({}), a));
        let filter = || Filter {
            terminal: "trm_1".to_owned(),
            merchant: "mch_1".to_owned(),
            ..Filter::default()
        };
        assert_eq!(list(test.db(), &ctx, filter())[0].subject.label, "trm_1");
        tamper(
            test.db(),
            &[
                "insert into terminals (merchant_id, id, number, shop_id, device_id, stage, spare, mac_algorithm, tpdu, \
                 signed_in, batch, software, created_at) \
               values ('mch_1', 'trm_1', '10000017', 's', '-', 'live', false, 'ecb', '6000000000', false, 1, '1', 1)",
            ],
        );
        let told = list(test.db(), &ctx, filter()).remove(0);
        assert_eq!(told.subject.label, "10000017");
        assert!(told.text.contains("10000017"), "{}", told.text);
    }
}

#[test]
fn a_merchant_hears_of_itself_only_and_not_the_institutions_remarks() {
    for test in databases() {
        let mut system = system();
        let merchants = "insert into merchants (merchant_id, number, kind, name, short_name, search_name, uscc, mcc, province, \
                           city, region_id, agent_id, stage, version, risk_level, created_at) \
                         values ('mch_1', '898310058120001', 'micro', '面馆', '面馆', '面馆', '-', '5812', '31', '上海', '-', \
                           'agt_1', 'active', 1, 'low', 1)";
        test.db()
            .write(move |tx| tx.run(merchants, store::args![]))
            .wait()
            .unwrap();
        tell(test.db(), &mut system, |a| {
            about(
                "stop.cleared",
                json!({ "reason": "device.tampered", "why": "called the police" }),
                a,
            )
        });
        let owner = |merchant: &str| {
            let mut actor = someone("ow", "owner");
            merchant.clone_into(&mut actor.merchant);
            ctx(actor)
        };
        let heard = list(test.db(), &owner("mch_1"), Filter::default());
        assert_eq!(heard.len(), 1);
        assert_eq!((heard[0].data.get("why"), heard[0].actor.as_str()), (None, ""));
        assert!(!heard[0].text.contains("police"));

        let staff = list(test.db(), &ctx(someone("de", "desk")), Filter::default());
        assert!(staff[0].text.contains("called the police"), "{}", staff[0].text);
        assert_eq!(staff[0].actor, "system:test");

        let mut agent = someone("ag", "agent");
        "agt_1".clone_into(&mut agent.agent);
        let of_mch_1 = || Filter {
            merchant: "mch_1".to_owned(),
            ..Filter::default()
        };
        assert_eq!(list(test.db(), &ctx(agent.clone()), of_mch_1()).len(), 1);
        "agt_2".clone_into(&mut agent.agent);
        for stranger in [owner("mch_2"), ctx(agent)] {
            let refused = read(test.db(), &stranger, move |tx, ctx| {
                events::list(tx, ctx, &of_mch_1(), &Paging::default())
            });
            assert!(matches!(refused, Err(Refused::NotFound { what: "merchant", .. })));
        }
        let all = read(test.db(), &owner("-"), |tx, ctx| {
            events::list(tx, ctx, &Filter::default(), &Paging::default())
        });
        assert!(matches!(all, Err(Refused::NotPermitted { .. })));
    }
}

#[test]
fn lists_are_filtered_and_paged_and_a_merchants_time_line_leaves_single_sales_out() {
    for test in databases() {
        let mut ctx = system();
        for kind in [
            "terminal.signed_in",
            "terminal.sold",
            "terminal.sold",
            "terminal.settled",
        ] {
            ctx.now = ctx.now + domain::time::Duration::seconds(1);
            tell(test.db(), &mut ctx, move |a| {
                about(kind, json!({ "amount": 1, "batch": 1 }), a)
            });
        }
        let since = ctx.now.millis() - 2000;
        let kinds = |filter: Filter| -> Vec<String> {
            list(test.db(), &ctx, filter)
                .into_iter()
                .map(|event| event.kind)
                .collect()
        };
        let sold = vec!["terminal.sold".to_owned()];
        assert_eq!(
            kinds(Filter {
                kinds: sold.clone(),
                ..Filter::default()
            })
            .len(),
            2
        );
        assert_eq!(
            kinds(Filter {
                without: sold,
                ..Filter::default()
            }),
            ["terminal.settled", "terminal.signed_in"]
        );
        assert_eq!(
            kinds(Filter {
                after: Some(since),
                ..Filter::default()
            }),
            ["terminal.settled", "terminal.sold"]
        );
        assert!(
            kinds(Filter {
                subject: "trm_2".to_owned(),
                ..Filter::default()
            })
            .is_empty()
        );

        let of = |kind: &'static str, id: &'static str, limit: i64, cursor: Option<String>| {
            read(test.db(), &ctx, move |tx, ctx| {
                events::timeline(tx, ctx, "mch_1", kind, id, &Paging { limit, cursor })
            })
            .unwrap()
        };
        assert_eq!(of("merchant", "mch_1", 50, None).data.len(), 2);
        let first = of("terminal", "trm_1", 3, None);
        assert_eq!((first.data.len(), first.has_more), (3, true));
        let last = of("terminal", "trm_1", 3, first.next_cursor);
        assert_eq!(
            (last.data[0].kind.as_str(), last.has_more),
            ("terminal.signed_in", false)
        );
    }
}

#[test]
fn a_terminals_time_line_shows_what_its_merchant_lived_through_and_nothing_of_other_terminals() {
    for test in databases() {
        let mut ctx = system();
        // Whom it is about, and the terminal on whose time-line it shows.
        let rows = [
            ("stop.started", "merchant", "mch_1", "-"),
            ("request.opened", "request", "req_1", "-"),
            ("request.opened", "request", "req_2", "trm_2"),
            ("terminal.sold", "terminal", "trm_1", "trm_1"),
            ("terminal.sold", "terminal", "trm_2", "trm_2"),
            ("user.logged_in", "user", "usr_1", "-"),
        ];
        for (kind, subject_kind, subject, terminal) in rows {
            ctx.now = ctx.now + domain::time::Duration::seconds(1);
            tell(test.db(), &mut ctx, move |audit| Happened {
                subject_kind,
                subject,
                terminal,
                ..about(kind, json!({ "reason": "merchant.data_mismatch", "amount": 1 }), audit)
            });
        }
        let shown = read(test.db(), &ctx, |tx, ctx| {
            events::timeline(tx, ctx, "mch_1", "terminal", "trm_1", &Paging::default())
        });
        let shown: Vec<String> = shown.unwrap().data.into_iter().map(|event| event.kind).collect();
        assert_eq!(shown, ["terminal.sold", "request.opened", "stop.started"]);
    }
}
