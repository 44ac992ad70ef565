//! The teller of the stories about requests: one healthy merchant on each database, a clock, and people who act.

use domain::secret::SecretString;
use domain::stages::SubjectKind;
use domain::time::Time;
use operations::refused::{Done, Refused};
use operations::requests::{self, Attach, Open, Submit};
use operations::reviews::{self, Decide, Decision, Item};
use operations::stops::{self, Place};
use operations::terminals::{self, NewDevice, NewModel};
use operations::views::{RequestView, ReviewView, StepView};
use operations::{Actor, Ctx, check, gates, network, private};
use store::Db;
use store::devices::DeviceRow;
use store::testing::TestDb;

use super::gate::HEALTHY;
use super::world::{self, someone};

pub const M: &str = "mch_1";
pub const T: &str = "trm_1";

/// A master key.
pub const KEY: [u8; 16] = [
    0x8f, 0x31, 0x5b, 0xc4, 0x07, 0xe2, 0x99, 0x16, 0x6d, 0xa3, 0x40, 0xfe, 0x25, 0x78, 0xb1, 0x0c,
];

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

    pub fn restore(&mut self) -> RequestView {
        self.open(owner(), "restoration", ("terminal", T)).unwrap()
    }

    pub fn submit(&mut self, actor: Actor, request: &str, step: &str, fields: &[(&str, &str)]) -> Done<RequestView> {
        let command = Submit {
            merchant: M.into(),
            request: request.into(),
            step: step.into(),
            fields: fields.iter().map(|(f, v)| ((*f).to_owned(), (*v).to_owned())).collect(),
            confirm: true,
            signature: "李四".into(),
        };
        self.act(actor, move |tx, ctx| requests::submit(tx, ctx, command.clone()))
    }

    pub fn attach(&mut self, actor: Actor, request: &str, step: &str, kind: &str) {
        let command = Attach {
            merchant: M.into(),
            request: request.into(),
            step: step.into(),
            kind: kind.into(),
            file_name: format!("{kind}.pdf"),
            bytes: format!("%PDF-1.4 {kind}\nstartxref\n0\n%%EOF\n").into_bytes(),
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

    pub fn approve(&mut self, name: &str, role: &str, request: &str) -> ReviewView {
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

    /// The device that serves the terminal.
    pub fn device(&mut self) -> DeviceRow {
        self.act(Actor::system("story"), |tx, _| {
            let terminal = store::terminals::get(tx, M, T)?.unwrap();
            Ok(store::devices::get(tx, &terminal.device_id)?.unwrap())
        })
        .unwrap()
    }

    /// A device as it stands on record.
    pub fn device_with(&mut self, serial: &str) -> DeviceRow {
        let serial = serial.to_owned();
        self.act(Actor::system("story"), move |tx, _| {
            Ok(store::devices::by_serial(tx, &serial)?.unwrap())
        })
        .unwrap()
    }

    /// Receives one more device, of a model nothing is wrong with, into stock; its serial number.
    pub fn in_stock(&mut self) -> String {
        self.act(someone("dora", "devices"), |tx, ctx| {
            let code = format!("M{}", ctx.ids.below(1 << 40));
            let model = NewModel {
                name_zh: "型号".into(),
                name_en: "Model".into(),
                form: "smart".into(),
                minimum_software: "1.0".into(),
                certified_until: None,
                code,
            };
            let device = NewDevice {
                serial: format!("SN{}", ctx.ids.below(1 << 40)),
                model: terminals::create_model(tx, ctx, model)?.to_string(),
                software: "1.0".into(),
                warranty_until: None,
            };
            terminals::receive(tx, ctx, device.clone())?;
            Ok(device.serial)
        })
        .unwrap()
    }

    /// The serial number of the device that has to come back: one replaced, else the one that serves.
    pub fn serial_to_send_back(&mut self) -> String {
        let replaced = self
            .act(
                Actor::system("story"),
                |tx, _| Ok(store::devices::in_hand(tx, M)?.pop()),
            )
            .unwrap();
        replaced.map_or_else(|| self.device().serial, |device| device.serial)
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

    pub fn events(&mut self, kind: &'static str) -> i64 {
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

pub fn of<'v>(view: &'v RequestView, step: &str) -> &'v StepView {
    view.steps
        .iter()
        .find(|s| s.step == step)
        .unwrap_or_else(|| panic!("no step {step} in {:?}", states(view)))
}

pub fn states(view: &RequestView) -> Vec<(&str, &str)> {
    view.steps.iter().map(|s| (s.step.as_str(), s.state.as_str())).collect()
}

pub fn decision_on(review: &ReviewView, decision: Decision, items: &[(&str, &str)]) -> Decide {
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

pub fn fields_of(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Invalid(errors) => errors.into_iter().map(|e| e.field).collect(),
        other => panic!("{other}"),
    }
}

pub const DATA: [(&str, &str); 4] = [
    ("merchant_name", "上海好味面馆有限公司"),
    ("shop_address", "上海市黄浦区某路 8 号"),
    ("contact_name", "王五"),
    ("contact_phone", "13800000000"),
];
