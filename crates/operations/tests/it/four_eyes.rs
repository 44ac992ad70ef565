//! Two pairs of eyes: whoever stopped a merchant is not one of those who let it work again, whichever way they came in.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use operations::Actor;
use operations::people::{self, NewKey, NewUser};
use operations::refused::Refused;
use operations::reviews::Decision;
use operations::stops::{self, Place};
use serde_json::json;

use super::story::{M, Story, owner};
use super::world::someone;

/// A member of staff with an account.
fn staff(story: &mut Story, login: &'static str, role: &'static str) -> Actor {
    let (id, person) = story
        .act(Actor::system("story"), move |tx, ctx| {
            let new = NewUser {
                login,
                display_name: login,
                role,
                merchant: "-",
                agent: "-",
                person: None,
                password_hash: "x",
                totp_secret: Some(Secret::new(vec![3; 20])),
            };
            let id = people::create_user(tx, ctx, new)?;
            let person = store::users::get(tx, &id)?.unwrap().person_id;
            Ok((id, person))
        })
        .unwrap();
    Actor {
        id,
        person,
        ..someone(login, role)
    }
}

/// The risk desk holds the merchant, for somebody.
fn held_by(story: &mut Story, actor: &Actor) -> String {
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
        .act(actor.clone(), move |tx, ctx| stops::place(tx, ctx, place.clone()))
        .unwrap();
    let request = story.restore();
    let text = [("explanation_text", "当天有团体用餐，附订单")];
    story.submit(owner(), &request.id, "answer_inquiry", &text).unwrap();
    request.id
}

#[test]
fn whoever_placed_a_stop_does_not_approve_the_restoration_that_lifts_it() {
    Story::on_each(|story| {
        let rita = staff(story, "rita", "risk");
        let request = held_by(story, &rita);
        let review = story.review(rita.clone(), &request);
        assert!(
            !review.may_decide && review.why_not.contains("由您下达"),
            "{}",
            review.why_not
        );
        let own = story.decide(rita, &review, Decision::Approve, &[]);
        assert!(matches!(own, Err(Refused::SamePerson(_))), "{own:?}");
        story.approve("rolf", "risk", &request);
        assert!(!story.sells(), "one of two");
        story.approve("rosa", "risk", &request);
        assert!(story.sells());
    });
}

#[test]
fn a_key_acts_for_the_person_who_answers_for_it() {
    Story::on_each(|story| {
        let rita = staff(story, "rita", "risk");
        let user = rita.id.clone();
        let key = story
            .act(Actor::system("story"), move |tx, ctx| {
                let new = NewKey {
                    name: "watch",
                    role: "risk",
                    merchant: "-",
                    user: &user,
                };
                let (_, key) = people::create_api_key(tx, ctx, new)?;
                Ok(people::api_key(tx, ctx, key.expose())?.unwrap())
            })
            .unwrap();
        let request = held_by(story, &key);
        let review = story.review(rita.clone(), &request);
        let own = story.decide(rita, &review, Decision::Approve, &[]);
        assert!(matches!(own, Err(Refused::SamePerson(_))), "{own:?}");
        // Who places with a key lifts in person no more than with the key.
        story.approve("rolf", "risk", &request);
        story.approve("rosa", "risk", &request);
        assert!(story.sells());
    });
}
