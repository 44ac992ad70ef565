//! What a list is narrowed to must be there for whoever asks.

use operations::narrowed;
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx};

use super::story::{M, Story, T, owner};
use super::world::someone;

/// A question about one thing.
type Look = fn(&mut store::Tx<'_>, &mut Ctx) -> Done<()>;

/// What is not there, by a check; nothing where it passes.
fn missing(story: &mut Story, actor: &Actor, check: fn(&mut store::Tx<'_>, &mut Ctx) -> Done<()>) -> Option<String> {
    match story.act(actor.clone(), check) {
        Ok(()) => None,
        Err(Refused::NotFound { what, key }) => Some(format!("{what} {key}")),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_is_not_there_or_another_merchants_is_named_instead_of_an_empty_list() {
    Story::on_each(|story| {
        let staff = someone("anna", "reviewer");
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..someone("stranger", "owner")
        };
        let there: [fn(&mut store::Tx<'_>, &mut Ctx) -> Done<()>; 5] = [
            |tx, ctx| narrowed::merchant(tx, ctx, M),
            |tx, ctx| narrowed::thing(tx, ctx, M, "terminal", T),
            |tx, ctx| narrowed::thing(tx, ctx, "", "shop", "shp_1"),
            |tx, ctx| narrowed::subject(tx, ctx, M, "terminal", T),
            |tx, ctx| narrowed::subject(tx, ctx, "", "", T),
        ];
        for check in there {
            assert_eq!(missing(story, &staff, check), None);
            assert_eq!(missing(story, &owner(), check), None);
            let told = missing(story, &stranger, check);
            assert!(told.is_some(), "a stranger learns nothing");
        }
        let not_there: [(Look, &str); 6] = [
            (|tx, ctx| narrowed::merchant(tx, ctx, "mch_none"), "merchant mch_none"),
            (
                |tx, ctx| narrowed::thing(tx, ctx, "", "terminal", "trm_none"),
                "terminal trm_none",
            ),
            (
                |tx, ctx| narrowed::thing(tx, ctx, "mch_2", "terminal", T),
                "terminal trm_1",
            ),
            (
                |tx, ctx| narrowed::subject(tx, ctx, "", "teapot", T),
                "subject kind teapot",
            ),
            (|_, _| narrowed::turn("teapot"), "actor teapot"),
            (
                |_, _| narrowed::word("state", "shut", |state| state == "open"),
                "state shut",
            ),
        ];
        for (check, named) in not_there {
            assert_eq!(missing(story, &staff, check).as_deref(), Some(named));
        }
        // What is not given narrows nothing.
        assert_eq!(missing(story, &staff, |tx, ctx| narrowed::merchant(tx, ctx, "")), None);
        assert_eq!(
            missing(story, &staff, |tx, ctx| narrowed::subject(tx, ctx, "", "", "")),
            None
        );
        assert_eq!(missing(story, &staff, |_, _| narrowed::turn("merchant")), None);
    });
}
