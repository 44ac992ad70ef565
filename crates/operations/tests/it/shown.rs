//! What people and programs are shown of payments, limits and agreements.

use domain::time::Duration;
use iso8583::values::F61;
use iso8583::{Kind, Message};
use operations::payments::limits::{self, LimitView};
use operations::payments::{self, Begun, Story, reverse};
use operations::refused::{Done, Refused};
use operations::views::Paging;
use operations::{Ctx, agreements, requests};
use store::Db;

use super::estate::{self, Estate};
use super::payments::{approved, begin, line, message, pay, reversal, scenes};
use super::story::{Story as Tale, owner as owner_of_story};
use super::world::{at, ctx, databases, read, someone, system, write};

fn owner(estate: &Estate, now: &Ctx) -> Ctx {
    let mut owner = ctx(someone("ow", "owner"));
    owner.actor.merchant.clone_from(&estate.merchant);
    owner.now = now.now;
    owner
}

fn staff(role: &str, now: &Ctx) -> Ctx {
    let mut staff = ctx(someone(role, role));
    staff.now = now.now;
    staff.ids = domain::ids::IdSource::seeded(role.bytes().map(u64::from).sum());
    staff
}

// Stories ----------------------------------------------------------------------------------------------------------------

fn told(db: &Db, by: &Ctx, estate: &Estate, id: &str) -> Done<Story> {
    let (merchant, id) = (estate.merchant.clone(), id.to_owned());
    read(db, by, move |tx, ctx| {
        payments::story(tx, &mut ctx.clone(), &merchant, &id)
    })
}

/// Carries a void of the sale with trace number `of` through; its id.
fn voided(db: &Db, ctx: &mut Ctx, estate: &Estate, (stan, of): (u64, u32)) -> String {
    let mut void = message(Kind::Void, stan, 100);
    void.set(61, &F61::new(1, of, 0).digits().unwrap()).unwrap();
    let Begun::Ask(up) = begin(db, ctx, estate, &void) else {
        panic!("the void was not asked upstream")
    };
    let (merchant, terminal, id) = (estate.merchant.clone(), estate.terminal.clone(), up.id.clone());
    write(db, ctx, move |tx, ctx| {
        payments::finish(tx, ctx, (&merchant, &terminal), &up.id, &approved())
    })
    .unwrap();
    id
}

#[test]
fn a_transaction_tells_what_belongs_with_it_and_what_happened_to_whoever_may_see_it() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale: Message = message(Kind::Sale, 1, 100);
        let (_, sold) = pay(db, &mut ctx, &estate, &sale);
        let void = voided(db, &mut ctx, &estate, (2, 1));

        let desk = staff("desk", &ctx);
        let of_sale = told(db, &desk, &estate, &sold).unwrap();
        assert_eq!(of_sale.transaction.state, "voided");
        assert_eq!(of_sale.meaning, "交易成功");
        let [related] = of_sale.related.as_slice() else {
            panic!("{:?}", of_sale.related)
        };
        assert!(!related.is_original && related.transaction.id == void);
        let of_void = told(db, &desk, &estate, &void).unwrap();
        assert!(of_void.related[0].is_original && of_void.related[0].transaction.id == sold);

        // The newest first: the void came after the answer to the sale.
        let moments: Vec<&str> = of_sale.moments.iter().map(|moment| moment.text.as_str()).collect();
        assert!(moments[0].starts_with("消费撤销"), "{moments:?}");
        assert!(moments.last().unwrap().starts_with("终端送来消费"), "{moments:?}");

        assert!(told(db, &owner(&estate, &ctx), &estate, &sold).is_ok());
        let mut stranger = owner(&estate, &ctx);
        "mch_other".clone_into(&mut stranger.actor.merchant);
        assert!(matches!(
            told(db, &stranger, &estate, &sold),
            Err(Refused::NotFound { .. })
        ));
    }
}

#[test]
fn a_reversed_sale_tells_of_the_reversal_that_the_network_is_owed() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        let sale = message(Kind::Sale, 1, 100);
        let (_, sold) = pay(db, &mut ctx, &estate, &sale);
        let (attempt, speaking) = (reversal(&ctx, &sale), line(db, &ctx, &estate));
        write(db, &mut ctx, move |tx, ctx| reverse(tx, ctx, &speaking, &attempt)).unwrap();
        let story = told(db, &owner(&estate, &ctx), &estate, &sold).unwrap();
        assert_eq!(story.transaction.state, "reversed");
        let owed = story.owed.unwrap();
        assert!(!owed.confirmed && owed.attempts == 0);
        assert_eq!(story.related[0].transaction.kind, "reversal");
        assert!(
            story.moments[0].text.starts_with("终端冲正了这一笔"),
            "{:?}",
            story.moments
        );
    }
}

// Limits -----------------------------------------------------------------------------------------------------------------

fn limits_seen(db: &Db, by: &Ctx, estate: &Estate, terminal: bool) -> Vec<LimitView> {
    let (merchant, terminal) = (estate.merchant.clone(), terminal.then(|| estate.terminal.clone()));
    read(db, by, move |tx, ctx| {
        limits::look(tx, ctx, &merchant, terminal.as_deref())
    })
    .unwrap()
}

fn limit(all: &[LimitView], code: &str) -> LimitView {
    all.iter().find(|limit| limit.code == code).unwrap().clone()
}

fn set(db: &Db, by: &mut Ctx, estate: &Estate, terminal: bool, most: Option<i64>) -> Done<()> {
    let (merchant, terminal) = (estate.merchant.clone(), terminal.then(|| estate.terminal.clone()));
    write(db, by, move |tx, ctx| {
        limits::set_override(tx, ctx, (&merchant, terminal.as_deref()), "merchant_day", most)
    })
}

#[test]
fn limits_are_shown_with_what_is_used_and_who_set_ones_own() {
    for (test, mut ctx, estate) in scenes() {
        let db = test.db();
        write(db, &mut ctx, limits::start).unwrap();
        pay(db, &mut ctx, &estate, &message(Kind::Sale, 1, 12_345));
        let mut risk = staff("risk", &ctx);
        "case 7".clone_into(&mut risk.why);
        let before = limit(&limits_seen(db, &risk, &estate, false), "merchant_day");
        assert_eq!((before.used, before.own), (Some(12_345), None));
        let standard = before.standard;
        assert_eq!(before.most, standard);

        set(db, &mut risk, &estate, false, Some(50_000)).unwrap();
        set(db, &mut risk, &estate, true, Some(20_000)).unwrap();
        let merchant = limit(&limits_seen(db, &risk, &estate, false), "merchant_day");
        let own = merchant.own.unwrap();
        assert_eq!((merchant.most, merchant.standard), (Some(50_000), standard));
        assert_eq!(
            (own.set_by.as_str(), own.why.as_str()),
            (risk.actor.id.as_str(), "case 7")
        );
        let terminal = limit(&limits_seen(db, &risk, &estate, true), "merchant_day");
        assert_eq!(terminal.most, Some(20_000), "the terminal's own wins");
        assert!(terminal.own.unwrap().of_terminal);

        let seen = limit(&limits_seen(db, &owner(&estate, &ctx), &estate, false), "merchant_day");
        let own = seen.own.unwrap();
        assert_eq!(
            (own.set_by.as_str(), own.why.as_str()),
            ("", ""),
            "the merchant reads the limit only"
        );

        set(db, &mut risk, &estate, false, None).unwrap();
        let after = limit(&limits_seen(db, &risk, &estate, false), "merchant_day");
        assert_eq!((after.most, after.own), (standard, None));
        assert!(matches!(
            set(db, &mut risk, &estate, false, None),
            Err(Refused::Conflict { .. })
        ));
        let fixed = limits_seen(db, &risk, &estate, false);
        assert!(
            fixed.iter().all(|one| one.code != "terminal_day"),
            "what is not counted is not shown"
        );
        let mut wordless = staff("risk", &ctx);
        wordless.why.clear();
        assert!(matches!(
            set(db, &mut wordless, &estate, false, Some(1)),
            Err(Refused::Invalid(_))
        ));
        for most in [-1, i64::MAX] {
            assert!(matches!(
                set(db, &mut risk, &estate, false, Some(most)),
                Err(Refused::Invalid(_))
            ));
        }
    }
}

// Agreements -------------------------------------------------------------------------------------------------------------

#[test]
fn an_agreement_says_the_same_on_every_day_and_what_payments_cost() {
    for test in databases() {
        let db = test.db();
        let mut ctx = system();
        ctx.now = at("2026-03-02T23:59:00+08:00");
        let estate = write(db, &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        let text = |ctx: &Ctx| {
            let merchant = estate.merchant.clone();
            let shown = read(db, ctx, move |tx, _| requests::agreement(tx, &merchant)).unwrap();
            (shown.text.clone(), shown.digest())
        };
        let evening = text(&ctx);
        ctx.now = ctx.now + Duration::days(400);
        assert_eq!(text(&ctx), evening, "midnight changes nothing that was shown");

        let seen = |by: &Ctx| {
            let merchant = estate.merchant.clone();
            read(db, by, move |tx, ctx| agreements::view(tx, ctx, &merchant))
        };
        let shown = seen(&owner(&estate, &ctx)).unwrap();
        assert_eq!(shown.stage, "in_force");
        assert!(shown.signed_at.is_some() && shown.expires_at > shown.signed_at);
        assert_eq!(shown.digest, evening.1);
        let debit = shown
            .prices
            .iter()
            .find(|price| price.code == "debit_standard")
            .unwrap();
        assert_eq!(
            (debit.rate_ppm, debit.cap, debit.returned_on_refund),
            (5_000, Some(2_000), true)
        );
        let mut stranger = owner(&estate, &ctx);
        "mch_other".clone_into(&mut stranger.actor.merchant);
        assert!(matches!(seen(&stranger), Err(Refused::NotFound { .. })));
    }
}

// Requests ---------------------------------------------------------------------------------------------------------------

#[test]
fn closed_requests_fill_pages_of_their_own() {
    Tale::on_each(|story| {
        let mut closed = Vec::new();
        for _ in 0..3 {
            let request = story
                .open(owner_of_story(), "information_change", ("merchant", "mch_1"))
                .unwrap();
            let id = request.id.clone();
            story
                .act(owner_of_story(), move |tx, ctx| {
                    requests::withdraw(tx, ctx, "mch_1", &id, "not now").map(drop)
                })
                .unwrap();
            closed.insert(0, request.id);
        }
        let open = story
            .open(owner_of_story(), "information_change", ("merchant", "mch_1"))
            .unwrap();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let paging = Paging { limit: 1, cursor };
            let page = story
                .act(owner_of_story(), move |tx, ctx| {
                    let filter = requests::Filter {
                        state: "closed".into(),
                        ..Default::default()
                    };
                    requests::list(tx, ctx, &filter, &paging)
                })
                .unwrap();
            assert_eq!(
                page.data.len(),
                1,
                "no page is empty because open ones were left out afterwards"
            );
            seen.extend(page.data.into_iter().map(|row| row.id));
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, closed);
        assert!(!seen.contains(&open.id));
    });
}
