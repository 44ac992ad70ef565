//! What is not told to whom, and who counts as the same person.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use operations::Actor;
use operations::explain::{self, Ask, Audience};
use operations::people::{self, NewUser};
use operations::refused::Refused;
use operations::requests::{self, Open};
use operations::stops::{self, Place};
use operations::views::Paging;

use super::story::{M, Story, T, owner};
use super::world::someone;

/// An account of staff, as the actor who uses it.
fn account(story: &mut Story, login: &'static str, role: &'static str, person: &'static str) -> Actor {
    let id = story
        .act(Actor::system("test"), move |tx, ctx| {
            let new = NewUser {
                login,
                display_name: login,
                role,
                merchant: "-",
                agent: "-",
                person: Some(person),
                password_hash: "-",
                totp_secret: Some(Secret::new(vec![1; 20])),
            };
            people::create_user(tx, ctx, new)
        })
        .unwrap();
    Actor {
        id,
        person: person.into(),
        ..someone(login, role)
    }
}

/// Places a stop by hand; its id.
fn placed(story: &mut Story, actor: &Actor, kind: SubjectKind, id: &str, reason: &str) -> String {
    let place = Place {
        merchant: M.into(),
        kind,
        id: id.into(),
        reason: reason.into(),
        starts_at: None,
        ends_at: None,
        details: serde_json::json!({}),
    };
    story
        .act(actor.clone(), move |tx, ctx| stops::place(tx, ctx, place.clone()))
        .unwrap()
        .id
}

#[test]
fn another_merchants_terminal_is_not_there_and_its_owner_is_not_named() {
    Story::on_each(|story| {
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..owner()
        };
        let asked = story.act(stranger, |tx, ctx| {
            explain::by_number(tx, ctx, "10000001", &Ask::default(), Audience::Merchant)
        });
        let told = asked.unwrap_err().to_string();
        assert!(told.contains("10000001"), "{told}");
        assert!(!told.contains(M), "{told}");
    });
}

#[test]
fn what_staff_wrote_about_a_stop_stays_with_staff() {
    Story::on_each(|story| {
        let (nia, otto) = (
            account(story, "nia", "devices", "per_nia"),
            account(story, "otto", "devices", "per_otto"),
        );
        let stop = placed(story, &nia, SubjectKind::Device, "dev_1", "device.fault.ped");
        let lifted = stop.clone();
        story
            .act(otto.clone(), move |tx, ctx| {
                stops::lift(tx, ctx, M, &lifted, "the neighbour's complaint was wrong")
            })
            .unwrap();
        let list = |story: &mut Story, actor| {
            let filter = store::stops::Filter {
                merchant_id: M.into(),
                ..Default::default()
            };
            let page = story
                .act(actor, move |tx, ctx| stops::list(tx, ctx, &filter, &Paging::default()))
                .unwrap();
            page.data.into_iter().find(|view| view.id == stop).unwrap()
        };
        let own = list(story, owner());
        assert_eq!(
            (own.placed_by.as_str(), own.placed_why.as_str(), own.lifted_why.as_str()),
            ("", "", "")
        );
        assert_eq!(list(story, otto).lifted_why, "the neighbour's complaint was wrong");
    });
}

#[test]
fn whoever_placed_a_stop_lifts_it_under_no_other_login() {
    Story::on_each(|story| {
        let (first, second) = (
            account(story, "nia", "devices", "per_nia"),
            account(story, "nia.2", "devices", "per_nia"),
        );
        let stop = placed(story, &first, SubjectKind::Device, "dev_1", "device.fault.ped");
        let by_second = stop.clone();
        let own = story.act(second, move |tx, ctx| stops::lift(tx, ctx, M, &by_second, "repaired"));
        assert!(matches!(own, Err(Refused::SamePerson(_))), "{own:?}");
        let otto = account(story, "otto", "devices", "per_otto");
        story
            .act(otto, move |tx, ctx| stops::lift(tx, ctx, M, &stop, "repaired"))
            .unwrap();
        assert!(story.sells());
    });
}

#[test]
fn whoever_placed_a_stop_hears_the_appeal_under_no_other_login() {
    Story::on_each(|story| {
        let (first, second) = (
            account(story, "rita", "risk", "per_rita"),
            account(story, "rita.2", "reviewer", "per_rita"),
        );
        placed(story, &first, SubjectKind::Merchant, M, "merchant.risk_review");
        let open = Open {
            kind: "appeal".into(),
            merchant: M.into(),
            subject_kind: "merchant".into(),
            subject_id: M.into(),
            choices: [("merchant.risk_review".to_owned(), 0)].into(),
            ..Open::default()
        };
        let request = story
            .act(owner(), move |tx, ctx| requests::open(tx, ctx, open.clone()))
            .unwrap();
        story.attach_all(owner(), &request, "state_appeal");
        let request = story
            .submit(
                owner(),
                &request.id,
                "state_appeal",
                &[("explanation_text", "当天有团体用餐，附订单")],
            )
            .unwrap();
        assert!(story.review(someone("rolf", "reviewer"), &request.id).may_decide);
        assert!(!story.review(second, &request.id).may_decide);
        assert!(!story.may("sale"), "{T} stays stopped");
    });
}
