//! Keys of the merchant's own programs.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use domain::catalog::Role;
use operations::people::{self, KeyView, NewKey};
use operations::refused::Refused;

use super::form::Typed;
use super::visit::{Visit, came_back, shown};
use crate::doors::{Access, Doors};
use crate::portal::components::Choice;
use crate::portal::merchant::{self, Programs};
use crate::portal::paths;
use crate::portal::words::merchant as w;
use crate::problem::Problem;

/// Whoever manages the merchant's people, in person: a key makes no keys.
const MANAGES: Access = Access::Session(&["manage_own_users"]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::PROGRAMS, MANAGES, page)
        .door(Method::POST, paths::PROGRAMS, MANAGES, make)
        .door(Method::POST, "/m/me/keys/{key}/off", MANAGES, switch_off)
}

/// The keys there are, and the roles one may have.
async fn look(visit: &Visit) -> Result<Programs, Problem> {
    let merchant = visit.merchant();
    let keys = visit.read(move |tx, ctx| people::api_keys(tx, ctx, &merchant)).await?;
    let (all, lang) = (&visit.app.platform.catalog.roles, visit.caller.lang);
    let called = |code: &str| {
        all.get(code)
            .map_or_else(|| code.to_owned(), |role| role.name.get(lang).to_owned())
    };
    let choice = |role: &Role| {
        let acts = role.permissions.iter().any(|permission| permission == "api_write");
        let about = if acts { w::KEY_ACTS } else { w::KEY_READS };
        Choice {
            value: role.code.clone(),
            name: role.name.get(lang).to_owned(),
            about: about.get(lang).to_owned(),
        }
    };
    Ok(Programs {
        keys: keys
            .into_iter()
            .map(|key| KeyView {
                role: called(&key.role),
                ..key
            })
            .collect(),
        roles: all
            .values()
            .filter(|role| people::is_for_programs(role))
            .map(choice)
            .collect(),
        ..Programs::default()
    })
}

async fn page(visit: Visit) -> Result<Response, Problem> {
    let data = look(&visit).await?;
    Ok(shown(merchant::programs(&visit.page(), &data)))
}

async fn make(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let given = (typed.get("name").to_owned(), typed.get("role").to_owned());
    let (merchant, user, (name, role)) = (visit.merchant(), visit.caller.actor.id.clone(), given.clone());
    let made = visit.write("made in the portal", move |tx, ctx| {
        let new = NewKey {
            name: &name,
            role: &role,
            merchant: &merchant,
            user: &user,
        };
        people::create_api_key(tx, ctx, new)
    });
    match made.await {
        // Shown in the answer itself: it is kept nowhere, so no later page could show it.
        Ok((_, key)) => {
            let data = Programs {
                made: Some(key.into_exposed()),
                ..look(&visit).await?
            };
            Ok(shown(merchant::programs(&visit.page(), &data)))
        }
        Err(Refused::Invalid(wrong)) => {
            let data = Programs {
                typed: given,
                errors: visit.errors(wrong),
                ..look(&visit).await?
            };
            Ok(came_back(merchant::programs(&visit.page(), &data)))
        }
        Err(other) => Err(other.into()),
    }
}

async fn switch_off(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    visit
        .write("switched off in the portal", move |tx, ctx| {
            people::disable_api_key(tx, ctx, &merchant, &id)
        })
        .await?;
    Ok(Redirect::to(paths::PROGRAMS).into_response())
}
