//! The person, the merchant, and who else can sign in for it.

use axum::extract::Path;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::secret::SecretString;
use operations::people::{self, NewUser, UserView};
use operations::refused::{Done, Refused};
use operations::{Ctx, Tx, merchants, requests};

use super::OWN;
use super::form::Typed;
use super::login::{hashed, verified};
use super::visit::{Visit, came_back, shown};
use crate::doors::{self, Access, Doors};
use crate::portal::components::Choice;
use crate::portal::merchant::{self, Me, NewPerson, OnePerson, Person};
use crate::portal::paths;
use crate::portal::words::merchant as w;
use crate::problem::Problem;

/// Whoever manages the merchant's people.
const MANAGES: Access = Access::Session(&["manage_own_users"]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::ME, OWN, me)
        .door(Method::GET, paths::PASSWORD, OWN, password)
        .door(Method::POST, paths::PASSWORD, OWN, change_password)
        .door(Method::GET, paths::NEW_PERSON, MANAGES, new_person)
        .door(Method::POST, paths::NEW_PERSON, MANAGES, add_person)
        .door(Method::GET, "/m/me/people/{person}", MANAGES, person)
        .door(Method::POST, "/m/me/people/{person}", MANAGES, reset_password)
        .door(Method::POST, "/m/me/people/{person}/close", MANAGES, close)
}

async fn me(visit: Visit) -> Result<Response, Problem> {
    let (merchant, user) = (visit.merchant(), visit.caller.user.clone());
    let data = visit.read(move |tx, ctx| look(tx, ctx, &merchant, user)).await?;
    Ok(shown(merchant::me(&visit.page(), &data)))
}

fn look(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, user: Option<UserView>) -> Done<Me> {
    let manages = ctx.may("manage_own_users");
    let me = ctx.actor.id.clone();
    let all = if manages {
        people::list(tx, ctx, merchant)?
    } else {
        user.into_iter().collect()
    };
    let people = all.into_iter().filter(|one| !one.disabled).map(|one| Person {
        you: one.id == me,
        href: (manages && one.id != me).then(|| paths::person(&one.id)),
        name: one.display_name,
        login: one.login,
        role: one.role_name,
        second_factor: one.second_factor,
    });
    let offers = requests::offers(tx, ctx, merchant, None)?;
    let change = offers.iter().find(|offer| offer.kind == "information_change");
    Ok(Me {
        people: people.collect(),
        merchant: merchants::view(tx, ctx, merchant)?,
        add_person: manages.then(|| paths::NEW_PERSON.to_owned()),
        change: change.map(|offer| paths::new_request(&offer.kind, &offer.subject.id)),
    })
}

async fn password(visit: Visit) -> Response {
    shown(merchant::password(&visit.page(), &[]))
}

async fn change_password(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let old = SecretString::new(typed.get("old").to_owned());
    if !verified(&visit, old).await? {
        let wrong = vec![("old".to_owned(), visit.page().say(w::OLD_WRONG).to_owned())];
        return Ok(came_back(merchant::password(&visit.page(), &wrong)));
    }
    let hash = match hashed(&visit.app, SecretString::new(typed.get("password").to_owned())).await? {
        Ok(hash) => hash,
        Err(refused) => {
            return Ok(came_back(merchant::password(
                &visit.page(),
                &field_errors(&visit, refused)?,
            )));
        }
    };
    visit
        .write("changed in the portal", move |tx, ctx| {
            people::change_password(tx, ctx, &hash)
        })
        .await?;
    let ended = [(header::SET_COOKIE, doors::no_session_cookie(&visit.app))];
    Ok((ended, Redirect::to(paths::LOGIN)).into_response())
}

/// What is wrong field by field; any other refusal goes on.
fn field_errors(visit: &Visit, refused: Refused) -> Result<Vec<(String, String)>, Problem> {
    match refused {
        Refused::Invalid(wrong) => Ok(visit.errors(wrong)),
        other => Err(other.into()),
    }
}

/// The roles a merchant may hand out: those that see their own merchant and do not work for the institution.
fn roles(visit: &Visit) -> Vec<Choice> {
    let all = visit.app.platform.catalog.roles.values();
    let own = all.filter(|role| !role.staff && role.permissions.iter().any(|p| p == "read_own"));
    let choice = |role: &domain::catalog::Role| Choice {
        value: role.code.clone(),
        name: role.name.get(visit.caller.lang).to_owned(),
        about: String::new(),
    };
    own.map(choice).collect()
}

async fn new_person(visit: Visit) -> Response {
    shown(merchant::new_person(
        &visit.page(),
        &NewPerson {
            roles: roles(&visit),
            ..NewPerson::default()
        },
    ))
}

async fn add_person(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let mut data = NewPerson {
        name: typed.get("display_name").to_owned(),
        login: typed.get("login").to_owned(),
        role: typed.get("role").to_owned(),
        roles: roles(&visit),
        errors: Vec::new(),
    };
    let known = data.roles.iter().any(|role| role.value == data.role);
    let made = match hashed(&visit.app, SecretString::new(typed.get("password").to_owned())).await? {
        Err(refused) => Err(refused),
        Ok(_) if !known => Err(crate::api::asked::wrong(
            "role",
            "unknown",
            "请选择一个角色。",
            "Choose a role.",
        )),
        Ok(hash) => {
            let (merchant, name, login, role) = (
                visit.merchant(),
                data.name.clone(),
                data.login.clone(),
                data.role.clone(),
            );
            let make = move |tx: &mut Tx<'_>, ctx: &mut Ctx| {
                let new = NewUser {
                    login: &login,
                    display_name: &name,
                    role: &role,
                    merchant: &merchant,
                    agent: "-",
                    person: None,
                    password_hash: &hash,
                    totp_secret: None,
                };
                people::create_user(tx, ctx, new)
            };
            visit.write("added in the portal", make).await
        }
    };
    match made {
        Ok(_) => Ok(Redirect::to(paths::ME).into_response()),
        Err(refused) => {
            data.errors = field_errors(&visit, refused)?;
            Ok(came_back(merchant::new_person(&visit.page(), &data)))
        }
    }
}

/// One of the merchant's people who is not the reader.
async fn one_of(visit: &Visit, id: &str) -> Result<OnePerson, Problem> {
    let merchant = visit.merchant();
    let all = visit.read(move |tx, ctx| people::list(tx, ctx, &merchant)).await?;
    let found = all
        .into_iter()
        .find(|one| one.id == id && !one.disabled && one.id != visit.caller.actor.id);
    let one = found.ok_or_else(|| Refused::not_found("user", id))?;
    Ok(OnePerson {
        id: one.id,
        name: one.display_name,
        login: one.login,
        role: one.role_name,
        errors: Vec::new(),
    })
}

async fn person(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let data = one_of(&visit, &id).await?;
    Ok(shown(merchant::person(&visit.page(), &data)))
}

async fn reset_password(visit: Visit, Path(id): Path<String>, typed: Typed) -> Result<Response, Problem> {
    let mut data = one_of(&visit, &id).await?;
    let hash = match hashed(&visit.app, SecretString::new(typed.get("password").to_owned())).await? {
        Ok(hash) => hash,
        Err(refused) => {
            data.errors = field_errors(&visit, refused)?;
            return Ok(came_back(merchant::person(&visit.page(), &data)));
        }
    };
    visit
        .write("reset in the portal", move |tx, ctx| {
            people::reset_password(tx, ctx, &id, &hash)
        })
        .await?;
    Ok(Redirect::to(paths::ME).into_response())
}

async fn close(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    one_of(&visit, &id).await?;
    visit
        .write("closed in the portal", move |tx, ctx| {
            people::disable_user(tx, ctx, &id)
        })
        .await?;
    Ok(Redirect::to(paths::ME).into_response())
}
