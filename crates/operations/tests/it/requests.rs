//! Requests from the first step to the last: what a merchant supplies, what reviewers decide, and what the gate says
//! afterwards.

use std::collections::BTreeMap;

use domain::secret::SecretString;
use domain::stages::SubjectKind;
use domain::time::{Duration, Time};
use operations::refused::{Done, Refused};
use operations::requests::{self, Attach, Choose, Open, Submit};
use operations::reviews::{self, Decide, Decision, Item};
use operations::stops::{self, Place};
use operations::views::{RequestView, ReviewView, StepView};
use operations::{Actor, Ctx, check, gates, keys, network, private};
use serde_json::json;
use store::Db;
use store::testing::TestDb;

use super::gate::HEALTHY;
use super::world::{self, someone};

pub const M: &str = "mch_1";
pub const T: &str = "trm_1";

/// A healthy merchant on one database, and a clock.
pub struct Story {
    test: TestDb,
    pub now: Time,
    ids: domain::ids::IdSource,
}

impl Story {
    /// The same story on every database.
    pub fn on_each(tell: impl Fn(&mut Story)) {
        for test in world::databases() {
            world::tamper(test.db(), HEALTHY);
            let system = world::system();
            let mut story = Story {
                test,
                now: system.now,
                ids: system.ids,
            };
            story
                .act(Actor::system("story"), |tx, ctx| {
                    for (field, value) in [("account_number", "6222020000000000000"), ("account_holder", "李四")] {
                        let masked = private::mask(field, value);
                        let value = SecretString::from(value);
                        private::put(tx, ctx, M, "settlement_account", "sac_1", field, &value, &masked)?;
                    }
                    Ok(())
                })
                .unwrap();
            tell(&mut story);
            story.holds();
        }
    }

    pub fn db(&self) -> &Db {
        self.test.db()
    }

    pub fn act<T: Send + 'static>(
        &mut self,
        actor: Actor,
        change: impl Fn(&mut store::Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    ) -> Done<T> {
        let mut ctx = Ctx {
            now: self.now,
            ids: self.ids.clone(),
            ..world::ctx(actor)
        };
        let result = world::write(self.test.db(), &mut ctx, change);
        self.ids = ctx.ids;
        result
    }

    pub fn stop(&mut self, kind: SubjectKind, id: &str, reason: &str, details: serde_json::Value) {
        let place = Place {
            merchant: M.into(),
            kind,
            id: id.into(),
            reason: reason.into(),
            starts_at: None,
            ends_at: None,
            details,
        };
        self.act(Actor::system("rule"), move |tx, ctx| {
            stops::place(tx, ctx, place.clone())
        })
        .unwrap();
    }

    pub fn open(&mut self, actor: Actor, kind: &str, subject: (&str, &str)) -> Done<RequestView> {
        let command = Open {
            kind: kind.into(),
            merchant: M.into(),
            subject_kind: subject.0.into(),
            subject_id: subject.1.into(),
            ..Open::default()
        };
        self.act(actor, move |tx, ctx| requests::open(tx, ctx, command.clone()))
    }

    fn restore(&mut self) -> RequestView {
        self.open(owner(), "restoration", ("terminal", T)).unwrap()
    }

    pub fn submit(&mut self, actor: Actor, request: &str, step: &str, fields: &[(&str, &str)]) -> Done<RequestView> {
        let command = Submit {
            merchant: M.into(),
            request: request.into(),
            step: step.into(),
            fields: fields.iter().map(|(f, v)| ((*f).to_owned(), (*v).to_owned())).collect(),
            confirm: true,
        };
        self.act(actor, move |tx, ctx| requests::submit(tx, ctx, command.clone()))
    }

    fn attach(&mut self, actor: Actor, request: &str, step: &str, kind: &str) {
        let command = Attach {
            merchant: M.into(),
            request: request.into(),
            step: step.into(),
            kind: kind.into(),
            file_name: format!("{kind}.pdf"),
            bytes: format!("%PDF-1.4 {kind}").into_bytes(),
        };
        self.act(actor, move |tx, ctx| requests::attach(tx, ctx, command.clone()))
            .unwrap();
    }

    pub fn attach_all(&mut self, actor: Actor, view: &RequestView, step: &str) {
        for document in &of(view, step).documents {
            self.attach(actor.clone(), &view.id, step, &document.code);
        }
    }

    pub fn view(&mut self, actor: Actor, request: &str) -> RequestView {
        let id = request.to_owned();
        self.act(actor, move |tx, ctx| requests::view(tx, ctx, M, &id)).unwrap()
    }

    pub fn review(&mut self, actor: Actor, request: &str) -> ReviewView {
        let view = self.view(owner(), request);
        let id = view
            .review
            .clone()
            .unwrap_or_else(|| panic!("no review is open: {:?}", states(&view)));
        self.act(actor, move |tx, ctx| reviews::view(tx, ctx, M, &id)).unwrap()
    }

    pub fn decide(
        &mut self,
        actor: Actor,
        review: &ReviewView,
        decision: Decision,
        items: &[(&str, &str)],
    ) -> Done<ReviewView> {
        let command = decision_on(review, decision, items);
        self.act(actor, move |tx, ctx| reviews::decide(tx, ctx, command.clone()))
    }

    fn approve(&mut self, name: &str, role: &str, request: &str) -> ReviewView {
        let review = self.review(someone(name, role), request);
        self.decide(someone(name, role), &review, Decision::Approve, &[])
            .unwrap()
    }

    pub fn event(&mut self, kind: &str, id: &str, event: &str) {
        let (kind, id, event) = (kind.to_owned(), id.to_owned(), event.to_owned());
        self.act(Actor::system("gateway"), move |tx, ctx| {
            requests::event_step(tx, ctx, M, &kind, &id, &event)
        })
        .unwrap();
    }

    pub fn tick(&mut self) -> requests::Ticked {
        self.act(Actor::system("clock"), |tx, ctx| {
            stops::tick(tx, ctx, 100)?;
            requests::tick(tx, ctx, 100)
        })
        .unwrap()
    }

    /// The clearing organisation answers what was filed.
    pub fn network_answers(&mut self) {
        self.now = self.now + network::ANSWERS_AFTER;
        self.act(Actor::system("network"), |tx, ctx| network::answer_due(tx, ctx, 100))
            .unwrap();
        self.now = self.now + network::ANSWERS_AFTER;
        self.act(Actor::system("network"), |tx, ctx| network::answer_due(tx, ctx, 100))
            .unwrap();
    }

    pub fn sells(&mut self) -> bool {
        self.may("sale")
    }

    pub fn may(&mut self, capability: &'static str) -> bool {
        self.act(Actor::system("gateway"), move |tx, ctx| {
            gates::may(tx, ctx, M, T, capability)
        })
        .unwrap()
    }

    pub fn holds(&mut self) {
        let ctx = Ctx {
            now: self.now,
            ..world::system()
        };
        let wrong = world::read(self.db(), &ctx, |tx, ctx| check::check(tx, &ctx.platform, ctx.now)).unwrap();
        let wrong: Vec<_> = wrong.into_iter().filter(|v| v.invariant != "INV-S01").collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    fn events(&mut self, kind: &'static str) -> i64 {
        self.db()
            .read(move |tx| {
                tx.one("select count(*) from events where kind = $1", store::args![kind])?
                    .take(0)
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap()
    }
}

pub fn owner() -> Actor {
    Actor {
        merchant: M.into(),
        ..someone("owner", "owner")
    }
}

fn of<'v>(view: &'v RequestView, step: &str) -> &'v StepView {
    view.steps
        .iter()
        .find(|s| s.step == step)
        .unwrap_or_else(|| panic!("no step {step} in {:?}", states(view)))
}

pub fn states(view: &RequestView) -> Vec<(&str, &str)> {
    view.steps.iter().map(|s| (s.step.as_str(), s.state.as_str())).collect()
}

fn decision_on(review: &ReviewView, decision: Decision, items: &[(&str, &str)]) -> Decide {
    Decide {
        merchant: M.into(),
        review: review.id.clone(),
        decision,
        items: items
            .iter()
            .map(|(code, remark)| Item {
                code: (*code).to_owned(),
                returned: true,
                remark: (*remark).to_owned(),
            })
            .collect(),
        remark: if decision == Decision::Approve {
            String::new()
        } else {
            "请照执照改正".into()
        },
        request_version: review.request.version,
    }
}

fn fields_of(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Invalid(errors) => errors.into_iter().map(|e| e.field).collect(),
        other => panic!("{other}"),
    }
}

const DATA: [(&str, &str); 4] = [
    ("merchant_name", "上海好味面馆有限公司"),
    ("shop_address", "上海市黄浦区某路 8 号"),
    ("contact_name", "王五"),
    ("contact_phone", "13800000000"),
];

#[test]
fn wrong_data_are_returned_item_by_item_corrected_approved_and_the_sale_comes_back() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        assert!(!story.sells());
        let request = story.restore();
        assert_eq!(
            states(&request),
            [("correct_data", "now"), ("wait_for_review", "later")]
        );
        assert!(of(&request, "correct_data").mine && request.waiting_on == "merchant");

        let wrong = story.submit(
            owner(),
            &request.id,
            "correct_data",
            &[("contact_phone", "12345"), ("pin", "1")],
        );
        let mut told = fields_of(wrong.unwrap_err());
        told.sort();
        assert_eq!(
            told,
            ["contact_name", "contact_phone", "merchant_name", "pin", "shop_address"]
        );

        let request = story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        assert_eq!(
            states(&request),
            [("correct_data", "submitted"), ("wait_for_review", "now")]
        );
        assert_eq!(request.waiting_on, "reviewer");
        assert_eq!(of(&request, "correct_data").fields[3].value, "138****0000");

        let review = story.review(someone("anna", "reviewer"), &request.id);
        assert!(review.may_decide && review.approvals_needed == 1, "{}", review.why_not);
        assert!(
            review.consequences[0].starts_with("恢复：刷卡消费"),
            "{:?}",
            review.consequences
        );
        assert!(
            review
                .consequences
                .iter()
                .any(|c| c.contains("商户注册名称改为「上海好味面馆有限公司」"))
        );
        let items = [("contact_phone", "无法接通，请换一个号码")];
        story
            .decide(someone("anna", "reviewer"), &review, Decision::Return, &items)
            .unwrap();

        let request = story.view(owner(), &request.id);
        assert_eq!(
            states(&request),
            [("correct_data", "returned"), ("wait_for_review", "later")]
        );
        assert_eq!(of(&request, "correct_data").fields[3].remark, "无法接通，请换一个号码");
        assert!(!story.sells());
        // The returned field must be given anew; the others stand.
        let again = story.submit(owner(), &request.id, "correct_data", &[]).unwrap_err();
        assert_eq!(fields_of(again), ["contact_phone"]);
        let corrected = [("contact_phone", "13900000001")];
        let request = story.submit(owner(), &request.id, "correct_data", &corrected).unwrap();
        story.approve("anna", "reviewer", &request.id);

        let request = story.view(owner(), &request.id);
        assert_eq!((request.state.as_str(), request.waiting_on.as_str()), ("done", ""));
        assert!(story.sells());
        let (name, phone) = story
            .act(Actor::system("story"), |tx, ctx| {
                let row = store::parties::merchant(tx, M)?.unwrap();
                Ok((
                    row.name,
                    private::open_for_use(tx, ctx, M, "merchant", M, "contact_phone")?,
                ))
            })
            .unwrap();
        assert_eq!(
            (name.as_str(), phone.unwrap().expose().as_str()),
            ("上海好味面馆有限公司", "13900000001")
        );
        for (kind, times) in [
            ("request.opened", 1),
            ("request.step_returned", 1),
            ("review.decided", 2),
            ("request.completed", 1),
        ] {
            assert_eq!(story.events(kind), times, "{kind}");
        }
    });
}

#[test]
fn a_risk_stop_takes_two_people_and_racing_reviewers_give_one_decision() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.risk_review", json!({}));
        let request = story.restore();
        let text = [("explanation_text", "当天有团体用餐，附订单")];
        let request = story.submit(owner(), &request.id, "answer_inquiry", &text).unwrap();
        assert_eq!(request.waiting_on, "risk");
        let review = story.review(someone("rita", "risk"), &request.id);
        assert_eq!((review.role.as_str(), review.approvals_needed), ("risk", 2));
        let other_role = story.decide(someone("anna", "reviewer"), &review, Decision::Approve, &[]);
        assert!(matches!(other_role, Err(Refused::NotPermitted { .. })));

        story
            .decide(someone("rita", "risk"), &review, Decision::Approve, &[])
            .unwrap();
        assert!(!story.sells(), "one of two does not lift it");
        let again = story.decide(someone("rita", "risk"), &review, Decision::Approve, &[]);
        assert!(matches!(again, Err(Refused::SamePerson(_))));
        // The same person under another login is the same person.
        let second_login = Actor {
            id: "usr_rita2".into(),
            ..someone("rita", "risk")
        };
        assert!(matches!(
            story.decide(second_login, &review, Decision::Approve, &[]),
            Err(Refused::SamePerson(_))
        ));

        // Two people decide at the same moment: exactly one decision stands.
        let (db, now) = (story.db().clone(), story.now);
        let racers = [("rolf", Decision::Approve), ("rosa", Decision::Refuse)].map(|(name, decision)| {
            let command = decision_on(&review, decision, &[]);
            let seed = u64::try_from(name.len()).unwrap() + u64::from(name.as_bytes()[1]) * 1000;
            let ctx = Ctx {
                now,
                ids: domain::ids::IdSource::seeded(seed),
                ..world::ctx(someone(name, "risk"))
            };
            db.write(move |tx| reviews::decide(tx, &mut ctx.clone(), command.clone()))
        });
        let results: Vec<Done<ReviewView>> = racers.into_iter().map(store::Answer::wait).collect();
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
        let request = story.view(owner(), &request.id);
        let approved = results[0].is_ok();
        assert_eq!(request.state, if approved { "done" } else { "refused" });
        assert_eq!(story.sells(), approved);
        assert_eq!(world::count(story.db(), "reviews"), 1);
    });
}

#[test]
fn a_terminal_stopped_for_disuse_proves_itself_is_registered_anew_and_signs_in() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Terminal, T, "merchant.dormant_stopped", json!({}));
        assert!(!story.sells() && !story.may("sign_in"));
        let mut request = story.restore();
        assert_eq!(
            request.steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(),
            [
                "verify_identity",
                "verify_business",
                "wait_for_review",
                "re_register_terminal",
                "wait_for_network",
                "sign_in_terminal"
            ]
        );
        // Evidence comes in any order; nothing is asked twice.
        for step in ["verify_business", "verify_identity"] {
            assert_eq!(of(&request, step).state, "now");
            let missing = story.submit(owner(), &request.id, step, &[]).unwrap_err();
            assert_eq!(fields_of(missing).len(), of(&request, step).documents.len());
            story.attach_all(owner(), &request, step);
            request = story.submit(owner(), &request.id, step, &[]).unwrap();
        }
        story.approve("anna", "reviewer", &request.id);
        // The system files the registration by itself; the network answers; the terminal signs in.
        assert_eq!(story.tick().completed, 1);
        assert_eq!(
            states(&story.view(owner(), &request.id))[3..5],
            [("re_register_terminal", "done"), ("wait_for_network", "now")]
        );
        story.network_answers();
        assert!(story.may("sign_in") && !story.sells());
        story.event("terminal", T, "terminal.signed_in");
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let verified = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::terminals::get(tx, M, T)?.unwrap().verified_at)
            })
            .unwrap();
        assert!(verified.is_some(), "the verification is a clock of dormancy");
    });
}

/// Opens a change, proves the new account by the small amount, and brings it to its review.
fn change_account(story: &mut Story) -> RequestView {
    let request = story
        .open(owner(), "settlement_account_change", ("settlement_account", "sac_1"))
        .unwrap();
    assert!(!story.may("settlement_account_change"), "one change at a time");
    story.attach_all(owner(), &request, "verify_identity");
    story.submit(owner(), &request.id, "verify_identity", &[]).unwrap();
    let account = [
        ("account_holder", "王五"),
        ("account_number", "6222020000000000018"),
        ("account_bank", "某某银行上海分行"),
    ];
    story.attach_all(owner(), &request, "prove_account_ownership");
    let request = story
        .submit(owner(), &request.id, "prove_account_ownership", &account)
        .unwrap();
    let step = of(&request, "prove_account_ownership");
    assert!(step.state == "now" && step.remark.contains("不足一元"), "{step:?}");
    let id = request.id.clone();
    let sent = story
        .act(Actor::system("bank"), move |tx, ctx| {
            requests::micro_deposit(tx, ctx, M, &id)
        })
        .unwrap()
        .unwrap();
    let wrong = domain::money::Fen(sent.0 % 99 + 1).to_string();
    let request = story
        .submit(
            owner(),
            &request.id,
            "prove_account_ownership",
            &[("verification_amount", wrong.as_str())],
        )
        .unwrap();
    assert!(
        of(&request, "prove_account_ownership")
            .remark
            .contains("还可以填写 4 次")
    );
    let request = story
        .submit(
            owner(),
            &request.id,
            "prove_account_ownership",
            &[("verification_amount", sent.to_string().as_str())],
        )
        .unwrap();
    assert_eq!(of(&request, "prove_account_ownership").state, "submitted");
    // Holder, number and bank stand in the step before: they are not asked again.
    assert!(of(&request, "change_settlement_account").fields.is_empty());
    story.attach_all(owner(), &request, "change_settlement_account");
    story
        .submit(owner(), &request.id, "change_settlement_account", &[])
        .unwrap()
}

fn current(story: &mut Story) -> String {
    story
        .act(Actor::system("story"), |tx, _| {
            Ok(store::parties::current_account(tx, M)?.unwrap().id)
        })
        .unwrap()
}

#[test]
fn a_new_settlement_account_cools_off_and_takes_over_at_a_boundary() {
    Story::on_each(|story| {
        let request = change_account(story);
        let review = story.review(someone("anna", "reviewer"), &request.id);
        assert_eq!(review.approvals_needed, 2);
        let money = review
            .consequences
            .iter()
            .find(|c| c.contains("款项转入 某某银行上海分行 622202*********0018"));
        assert!(money.is_some(), "{:?}", review.consequences);
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        assert_eq!(current(story), "sac_1", "it cools off first");
        assert!(!story.may("payout_d0") && story.may("payout_t1") && story.sells());
        assert_eq!(story.tick().completed, 0);
        let early = story.submit(someone("finn", "finance"), &request.id, "make_account_effective", &[]);
        assert!(matches!(early, Err(Refused::Conflict { .. })));

        // 10:00 on Monday plus 24 hours, then the next midnight.
        story.now = world::at("2026-03-04T00:00:00+08:00");
        story.tick();
        let new = current(story);
        assert_ne!(new, "sac_1");
        assert!(story.may("payout_d0") && story.may("settlement_account_change"));
        let request = story.view(owner(), &request.id);
        assert_eq!(of(&request, "report_change").state, "now");
        story.network_answers();
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let told = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::registrations::of_terminal(tx, M, T)?.unwrap())
            })
            .unwrap();
        assert_eq!((told.settlement_account_id, told.stage.as_str()), (new, "accepted"));
    });
}

#[test]
fn a_change_that_cools_off_can_be_undone() {
    Story::on_each(|story| {
        let request = change_account(story);
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        assert!(!story.may("payout_d0"));
        let id = request.id.clone();
        let closed = story
            .act(owner(), move |tx, ctx| {
                requests::withdraw(tx, ctx, M, &id, "不是我提的")
            })
            .unwrap();
        assert_eq!(closed.state, "withdrawn");
        assert!(story.may("payout_d0") && story.may("settlement_account_change"));
        story.now = story.now + Duration::days(10);
        story.tick();
        assert_eq!(current(story), "sac_1");
        assert_eq!(story.events("settlement_account.undone"), 1);
    });
}

#[test]
fn a_reserve_is_not_shaken_off_by_changing_the_account() {
    Story::on_each(|story| {
        let request = change_account(story);
        story.stop(
            SubjectKind::SettlementAccount,
            "sac_1",
            "settlement.reserve_held",
            json!({ "amount": 500_000 }),
        );
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        story.now = story.now + Duration::days(3);
        story.tick();
        assert_ne!(current(story), "sac_1");
        assert!(!story.may("payout_t1"), "the reserve rests on the new account now");
    });
}

#[test]
fn a_device_is_activated_by_its_code() {
    Story::on_each(|story| {
        world::tamper(
            story.db(),
            &[
                "update devices set stage = 'delivered'",
                "update terminals set stage = 'draft', opened_at = null",
            ],
        );
        let request = story.restore();
        assert_eq!(
            states(&request),
            [("activate_device", "now"), ("sign_in_terminal", "later")]
        );
        let none = story.submit(
            owner(),
            &request.id,
            "activate_device",
            &[("activation_code", "123456")],
        );
        assert_eq!(fields_of(none.unwrap_err()), ["activation_code"]);
        let (code, until) = story
            .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
            .unwrap();
        assert_eq!(until, story.now + Duration::days(7));
        let other = if code == "000000" { "000001" } else { "000000" };
        let wrong = story.submit(owner(), &request.id, "activate_device", &[("activation_code", other)]);
        assert_eq!(fields_of(wrong.unwrap_err()), ["activation_code"]);
        story.now = story.now + Duration::days(7);
        let late = story.submit(owner(), &request.id, "activate_device", &[("activation_code", &code)]);
        assert_eq!(fields_of(late.unwrap_err()), ["activation_code"]);

        let (code, _) = story
            .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
            .unwrap();
        let kept: i64 = story
            .db()
            .read({
                let code = code.clone();
                move |tx| {
                    tx.one(
                        "select count(*) from terminals where activation_hash like '%' || $1 || '%'",
                        store::args![code],
                    )?
                    .take(0)
                }
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(kept, 0, "only a hash is kept");
        let request = story
            .submit(owner(), &request.id, "activate_device", &[("activation_code", &code)])
            .unwrap();
        assert_eq!(of(&request, "sign_in_terminal").state, "now");
        story.event("terminal", T, "terminal.signed_in");
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
    });
}

#[test]
fn a_terminal_with_an_open_batch_is_not_withdrawn_until_it_is_settled() {
    Story::on_each(|story| {
        story
            .act(Actor::system("story"), |tx, ctx| {
                keys::install_master(tx, ctx, M, T, &domain::secret::Secret::new([0x31; 16])).map(|_| ())
            })
            .unwrap();
        world::tamper(
            story.db(),
            &[
                "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
                 values ('mch_1', 'trm_1', 1, 'open', 1, '', '')",
                "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
                 response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
                 answer, explanation_code, upstream_stan, received_at, finished_at) values ('mch_1', 'pay_1', 'trm_1', 1, 7, \
                 '0200', 'sale', 1234, 'approved', '00', 'r', 'a', '622202******0005', 'x', 'debit', '021', null, 'h', \
                 null, '', null, 1, 1)",
            ],
        );
        let refused = story.open(owner(), "deactivation", ("terminal", T)).unwrap_err();
        let Refused::Invalid(told) = refused else {
            panic!("{refused}")
        };
        assert_eq!(told[0].field, "open_batch");
        assert!(
            told[0].zh.contains("10000001") && told[0].en.contains("settle it"),
            "{told:?}"
        );

        world::tamper(
            story.db(),
            &[
                "update terminal_batches set state = 'closed', closed_at = 2",
                "update transactions set state = 'voided'",
            ],
        );
        let request = story.open(owner(), "deactivation", ("terminal", T)).unwrap();
        let fields = [("request_reason", "门店搬迁"), ("effective_on", "2026-03-20")];
        story
            .submit(owner(), &request.id, "confirm_deactivation", &fields)
            .unwrap();
        story.approve("anna", "reviewer", &request.id);
        assert!(story.sells(), "nothing stops before the keys are gone");
        story
            .submit(someone("dora", "devices"), &request.id, "destroy_keys", &[])
            .unwrap();
        let request = story
            .submit(owner(), &request.id, "return_device", &[("serial_number", "SN999999")])
            .unwrap_err();
        assert_eq!(fields_of(request), ["serial_number"]);
        let open = story
            .act(owner(), |tx, _| Ok(store::requests::open_of(tx, M)?.pop().unwrap().id))
            .unwrap();
        // The merchant says it is on its way; the device team accepts it.
        let request = story.submit(owner(), &open, "return_device", &[("serial_number", "SN1")]);
        let request = request.unwrap();
        assert_eq!(request.waiting_on, "devices");
        let review = story.review(someone("dora", "devices"), &request.id);
        assert!(!review.may_decide, "who supplied a part of it does not judge it");
        story.approve("dirk", "devices", &request.id);
        assert_eq!(story.view(owner(), &request.id).state, "done");
        assert!(!story.sells() && !story.may("sign_in"));
        let left: i64 = story
            .db()
            .read(|tx| {
                tx.one(
                    "select count(*) from terminal_keys where state = 'current' or length(sealed) > 0",
                    store::args![],
                )?
                .take(0)
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(left, 0, "keys are destroyed");
        let stage = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::terminals::get(tx, M, T)?.unwrap().stage)
            })
            .unwrap();
        assert_eq!(stage, "withdrawn");
    });
}

#[test]
fn whoever_asked_or_supplied_anything_does_not_decide() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story
            .open(someone("dana", "desk"), "restoration", ("terminal", T))
            .unwrap();
        story
            .submit(someone("dana", "desk"), &request.id, "correct_data", &DATA)
            .unwrap();
        // The person of the desk also has a reviewer's login.
        let review = story.review(someone("dana", "reviewer"), &request.id);
        assert!(!review.may_decide && !review.why_not.is_empty());
        let own = story.decide(someone("dana", "reviewer"), &review, Decision::Approve, &[]);
        assert!(matches!(own, Err(Refused::SamePerson(_))));
        assert!(!story.sells());
        story.approve("anna", "reviewer", &request.id);
        assert!(story.sells());
    });
}

#[test]
fn a_decision_on_what_was_not_seen_is_refused() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let seen = story.review(someone("anna", "reviewer"), &request.id);
        story
            .decide(
                someone("anna", "reviewer"),
                &seen,
                Decision::Return,
                &[("contact_phone", "空号")],
            )
            .unwrap();
        story
            .submit(
                owner(),
                &request.id,
                "correct_data",
                &[("contact_phone", "13900000001")],
            )
            .unwrap();
        let late = story.decide(someone("boris", "reviewer"), &seen, Decision::Approve, &[]);
        assert!(
            matches!(late, Err(Refused::Conflict { what: "review", .. })),
            "{late:?}"
        );
        // A new review, but an old version in the hand.
        let mut review = story.review(someone("boris", "reviewer"), &request.id);
        review.request.version -= 1;
        let late = story.decide(someone("boris", "reviewer"), &review, Decision::Approve, &[]);
        assert!(
            matches!(late, Err(Refused::Conflict { what: "review", .. })),
            "{late:?}"
        );
        // Evidence changed behind the engine's back.
        review.request.version += 1;
        world::tamper(
            story.db(),
            &["update steps set evidence = '{}' where step = 'correct_data'"],
        );
        let tampered = story.decide(someone("boris", "reviewer"), &review, Decision::Approve, &[]);
        assert!(
            matches!(tampered, Err(Refused::Conflict { what: "review", .. })),
            "{tampered:?}"
        );
        assert!(!story.sells());
    });
}

#[test]
fn a_stop_that_comes_during_a_review_is_not_lifted_by_it() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let seen = story.review(someone("anna", "reviewer"), &request.id);
        assert_eq!(seen.approvals_needed, 1);
        let place = Place {
            merchant: M.into(),
            kind: SubjectKind::Merchant,
            id: M.into(),
            reason: "merchant.risk_review".into(),
            starts_at: None,
            ends_at: None,
            details: json!({}),
        };
        story
            .act(someone("rita", "risk"), move |tx, ctx| {
                stops::place(tx, ctx, place.clone())
            })
            .unwrap();
        let request = story.view(owner(), &request.id);
        assert_eq!(
            states(&request),
            [
                ("correct_data", "submitted"),
                ("answer_inquiry", "now"),
                ("wait_for_review", "later")
            ]
        );
        assert!(request.review.is_none(), "the review waits for all evidence");
        assert!(
            story
                .decide(someone("anna", "reviewer"), &seen, Decision::Approve, &[])
                .is_err()
        );
        story
            .submit(owner(), &request.id, "answer_inquiry", &[("explanation_text", "说明")])
            .unwrap();
        let review = story.review(someone("rolf", "risk"), &request.id);
        assert_eq!((review.role.as_str(), review.approvals_needed), ("risk", 2));
        story.approve("rolf", "risk", &request.id);
        story.approve("rosa", "risk", &request.id);
        assert!(story.sells());
    });
}

#[test]
fn one_request_of_a_kind_is_open_for_a_subject() {
    Story::on_each(|story| {
        assert!(
            story.open(owner(), "restoration", ("terminal", T)).is_err(),
            "nothing is blocked"
        );
        story.stop(
            SubjectKind::Contract,
            "ctr_1",
            "contract.fees_overdue",
            json!({ "amount": 30_000 }),
        );
        let request = story.restore();
        let Err(Refused::Conflict { key, why, .. }) = story.open(owner(), "restoration", ("terminal", T)) else {
            panic!("a second one was opened")
        };
        assert_eq!(key, request.id);
        assert!(why.contains("商户"), "{why}");
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..someone("stranger", "owner")
        };
        assert!(matches!(
            story.open(stranger, "restoration", ("terminal", T)),
            Err(Refused::NotFound { .. })
        ));
        let request = story.submit(owner(), &request.id, "pay_arrears", &[]).unwrap();
        assert_eq!(request.state, "done");
        assert!(story.sells());
        assert_eq!(story.events("payment.received"), 1);
    });
}

#[test]
fn another_way_out_changes_the_steps_and_time_completes_one() {
    Story::on_each(|story| {
        let place = Place {
            merchant: M.into(),
            kind: SubjectKind::Merchant,
            id: M.into(),
            reason: "merchant.limit_reached".into(),
            starts_at: None,
            ends_at: Some(story.now + Duration::hours(14)),
            details: json!({}),
        };
        story
            .act(Actor::system("rule"), move |tx, ctx| {
                stops::place(tx, ctx, place.clone())
            })
            .unwrap();
        let request = story.restore();
        assert_eq!(states(&request), [("wait_until", "now")]);
        assert_eq!(
            of(&request, "wait_until").promise_by,
            Some((story.now + Duration::hours(14)).millis())
        );
        let (id, reason) = (request.id.clone(), "merchant.limit_reached");
        let chosen = story
            .act(owner(), move |tx, ctx| {
                let choose = |alternative| Choose {
                    merchant: M.into(),
                    request: id.clone(),
                    reason: reason.into(),
                    alternative,
                };
                let other = requests::choose(tx, ctx, choose(1))?;
                requests::choose(tx, ctx, choose(0))?;
                Ok(other)
            })
            .unwrap();
        assert_eq!(
            states(&chosen),
            [("request_limit", "now"), ("wait_for_review", "later")]
        );
        story.now = story.now + Duration::hours(13);
        assert_eq!(story.tick(), requests::Ticked::default());
        story.now = story.now + Duration::hours(1);
        story.tick();
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
    });
}

#[test]
fn a_promise_that_passes_is_told_once() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        story.restore();
        assert_eq!(story.tick().stalled, 0);
        story.now = story.now + Duration::days(8);
        assert_eq!(story.tick().stalled, 1);
        assert_eq!(story.tick().stalled, 0);
        assert_eq!(story.events("request.stalled"), 1);
    });
}

#[test]
fn a_refused_request_ends_and_the_stop_stays() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let review = story.review(someone("anna", "reviewer"), &request.id);
        story
            .decide(someone("anna", "reviewer"), &review, Decision::Refuse, &[])
            .unwrap();
        let request = story.view(owner(), &request.id);
        assert_eq!(
            (request.state.as_str(), request.closed_why.as_str()),
            ("refused", "请照执照改正")
        );
        assert!(!story.sells());
        // The way back stays open: another request can be made.
        assert_eq!(story.restore().state, "open");
    });
}

#[test]
fn a_merchant_applies_is_sent_back_once_and_becomes_active() {
    Story::on_each(|story| {
        world::tamper(
            story.db(),
            &[
                "update merchants set stage = 'applying', activated_at = null",
                "update contracts set stage = 'draft'",
                "update settlement_accounts set is_current = false",
            ],
        );
        let mut request = story.open(owner(), "onboarding", ("merchant", M)).unwrap();
        assert_eq!(
            of(&request, "submit_application").state,
            "later",
            "it waits for the rest"
        );
        for step in ["supply_documents", "verify_identity", "verify_business"] {
            story.attach_all(owner(), &request, step);
            request = story.submit(owner(), &request.id, step, &[]).unwrap();
        }
        let values = BTreeMap::from([
            ("uscc", "91310000MA1FL0000N"),
            ("representative_name", "王五"),
            ("representative_id", "11010519491231002X"),
            ("contact_phone", "13800000000"),
        ]);
        let asked: Vec<(&str, &str)> = of(&request, "correct_data")
            .fields
            .iter()
            .map(|f| {
                (
                    f.code.as_str(),
                    *values.get(f.code.as_str()).unwrap_or(&"上海好味面馆有限公司"),
                )
            })
            .collect();
        assert!(asked.len() >= 7, "{asked:?}");
        let id = request.id.clone();
        story.submit(owner(), &id, "correct_data", &asked).unwrap();
        let account = [
            ("account_holder", "王五"),
            ("account_number", "6222020000000000018"),
            ("account_bank", "某某银行上海分行"),
        ];
        story.attach_all(owner(), &request, "prove_account_ownership");
        story.submit(owner(), &id, "prove_account_ownership", &account).unwrap();
        let of_request = id.clone();
        let sent = story
            .act(Actor::system("bank"), move |tx, ctx| {
                requests::micro_deposit(tx, ctx, M, &of_request)
            })
            .unwrap()
            .unwrap()
            .to_string();
        story
            .submit(
                owner(),
                &id,
                "prove_account_ownership",
                &[("verification_amount", sent.as_str())],
            )
            .unwrap();
        story.submit(owner(), &id, "submit_application", &[]).unwrap();
        assert_eq!(stage(story), "in_review");
        let review = story.review(someone("anna", "reviewer"), &id);
        story
            .decide(
                someone("anna", "reviewer"),
                &review,
                Decision::Return,
                &[("business_licence", "看不清")],
            )
            .unwrap();
        assert_eq!(stage(story), "applying");
        let back = story.view(owner(), &id);
        let open: Vec<_> = states(&back)
            .into_iter()
            .filter(|s| !matches!(s.1, "submitted" | "later"))
            .collect();
        assert_eq!(open, [("supply_documents", "returned")]);
        story.attach(owner(), &id, "supply_documents", "business_licence");
        story.submit(owner(), &id, "supply_documents", &[]).unwrap();
        story.submit(owner(), &id, "submit_application", &[]).unwrap();
        let review = story.review(someone("anna", "reviewer"), &id);
        let mut who = ["anna", "boris", "carl"].into_iter();
        for _ in 0..review.approvals_needed {
            story.approve(who.next().unwrap(), "reviewer", &id);
        }
        assert_eq!(stage(story), "active");
        story.submit(owner(), &id, "sign_contract", &[]).unwrap();
        story.tick();
        assert_eq!(story.view(owner(), &id).state, "done");
        assert_ne!(current(story), "sac_1");
        assert!(story.may("payout_t1"));
    });
}

fn stage(story: &mut Story) -> String {
    story
        .act(Actor::system("story"), |tx, _| {
            Ok(store::parties::merchant(tx, M)?.unwrap().stage)
        })
        .unwrap()
}

#[test]
fn only_pictures_and_pdf_are_taken_and_only_those_who_may_read_them() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.licence_expired", json!({}));
        let request = story.restore();
        let attach = |bytes: &[u8]| Attach {
            merchant: M.into(),
            request: request.id.clone(),
            step: "supply_documents".into(),
            kind: "business_licence".into(),
            file_name: "../执照.svg".into(),
            bytes: bytes.to_vec(),
        };
        for wrong in [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            Vec::new(),
            vec![b'%'; requests::MOST_BYTES + 1],
        ] {
            let command = attach(&wrong);
            let refused = story
                .act(owner(), move |tx, ctx| requests::attach(tx, ctx, command.clone()))
                .unwrap_err();
            assert_eq!(fields_of(refused), ["file"]);
        }
        let command = attach(b"\x89PNG\r\n\x1a\nlicence");
        let kept = story
            .act(owner(), move |tx, ctx| requests::attach(tx, ctx, command.clone()))
            .unwrap();
        assert_eq!(
            (kept.file_name.as_str(), kept.media_type.as_str()),
            ("执照.svg", "image/png")
        );
        let clear: i64 = story
            .db()
            .read(|tx| {
                let all = tx
                    .one("select sealed from documents", store::args![])?
                    .take::<Vec<u8>>(0)?;
                Ok::<_, store::Error>(i64::from(all.windows(7).any(|w| w == b"licence")))
            })
            .wait()
            .unwrap();
        assert_eq!(clear, 0, "the content is sealed");
        let id = kept.id.clone();
        let (_, bytes) = story
            .act(someone("anna", "reviewer"), move |tx, ctx| {
                requests::document(tx, ctx, M, &id)
            })
            .unwrap();
        assert!(bytes.ends_with(b"licence"));
        let id = kept.id;
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..someone("stranger", "owner")
        };
        let hidden = story.act(stranger, move |tx, ctx| requests::document(tx, ctx, M, &id));
        assert!(matches!(hidden, Err(Refused::NotFound { .. })));
    });
}
