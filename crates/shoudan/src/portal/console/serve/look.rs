//! Home, search, catalogue, audit, people.

use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use operations::people::KeyView;
use operations::refused::Done;
use operations::views::{Paging, ReviewView, StopView};
use operations::{Ctx, Tx, audit, people, requests, reviews, search, stops};

use super::{STAFF, desk, paging, shown};
use crate::api::asked::Asked;
use crate::doors::{Access, Doors};
use crate::portal::console::{self, Audit, Checked, Count, Home, Member, paths};
use crate::portal::handlers::Visit;
use crate::problem::Problem;
use operations::chain::NOBODY;
use operations::names::{Actors, name_stops, name_subjects};

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::HOME, STAFF, home)
        .door(Method::GET, paths::SEARCH, Access::Session(&["search"]), find)
        .door(Method::GET, paths::CATALOG, Access::Session(&["catalog_read"]), catalog)
        .door(
            Method::GET,
            "/console/catalog/{reason}",
            Access::Session(&["catalog_read"]),
            reason,
        )
        .door(Method::GET, paths::AUDIT, Access::Session(&["audit_read"]), log)
        .door(Method::GET, paths::PEOPLE, Access::Session(&["manage_users"]), staff)
        .door(
            Method::POST,
            "/console/keys/{key}/off",
            Access::Session(&["manage_users"]),
            key_off,
        )
}

/// The most rows a counter counts.
const MOST: i64 = 200;

async fn home(visit: Visit) -> Result<Response, Problem> {
    let mut data = visit.read(waiting).await?;
    let page = visit.page();
    let late = |one: &&ReviewView| one.promise_by.is_some_and(|at| at < page.now.millis());
    let today = |one: &&ReviewView| {
        one.promise_by
            .is_some_and(|at| at >= page.now.millis() && page.is_today(at))
    };
    data.overdue = Count {
        counted: data.queue.iter().filter(late).count(),
        more: false,
    };
    data.due_today = Count {
        counted: data.queue.iter().filter(today).count(),
        more: false,
    };
    data.queue.truncate(6);
    let mut desk = desk(&visit);
    desk.reviews = i64::try_from(data.reviews.counted).ok();
    Ok(shown(console::home(&page, &desk, &data)))
}

fn waiting(tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<Home> {
    let all = Paging {
        limit: MOST,
        cursor: None,
    };
    let queue = reviews::queue(tx, ctx, &reviews::Filter::default(), &all)?;
    let mine = requests::Filter {
        state: "open".into(),
        waiting_on: ctx.actor.role.clone(),
        ..Default::default()
    };
    let turn = requests::list(tx, ctx, &mine, &all)?;
    let live = stops::Filter {
        live_only: true,
        ..Default::default()
    };
    let found = stops::list(tx, ctx, &live, &all)?;
    let state = |code: &str| found.data.iter().filter(|stop| stop.state == code).count();
    let mut newest: Vec<StopView> = found.data.iter().take(6).cloned().collect();
    name_stops(tx, ctx, &mut newest)?;
    let mut first = turn.data.clone();
    first.sort_by_key(|row| row.promise_by.unwrap_or(i64::MAX));
    first.truncate(6);
    Ok(Home {
        reviews: Count {
            counted: queue.data.len(),
            more: queue.has_more,
        },
        overdue: Count::default(),
        due_today: Count::default(),
        our_turn: Count {
            counted: turn.data.len(),
            more: turn.has_more,
        },
        in_force: Count {
            counted: state("in_force"),
            more: found.has_more,
        },
        announced: Count {
            counted: state("announced"),
            more: found.has_more,
        },
        queue: queue.data,
        requests: first,
        stops: newest,
    })
}

async fn find(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let typed = asked.filter("q");
    let wanted = typed.clone();
    let mut hits = visit.read(move |tx, ctx| search::search(tx, ctx, &wanted)).await?;
    for hit in &mut hits {
        // A code's own page is the public's; staff go to the terminal it speaks of.
        if let ("code", Some((number, _))) = (hit.kind.as_str(), hit.detail.split_once(" · ")) {
            hit.href = paths::terminal(number);
        }
    }
    let mut desk = desk(&visit);
    desk.asked = typed;
    Ok(shown(console::search(&visit.page(), &desk, &hits)))
}

async fn catalog(visit: Visit, asked: Asked) -> Response {
    let tables = &visit.app.platform.catalog;
    shown(console::catalog(
        &visit.page(),
        &desk(&visit),
        tables,
        &asked.filter("q"),
    ))
}

async fn reason(visit: Visit, Path(code): Path<String>) -> Result<Response, Problem> {
    let tables = &visit.app.platform.catalog;
    let row = tables
        .reasons
        .get(&code)
        .ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))?;
    Ok(shown(console::reason(&visit.page(), &desk(&visit), tables, row)))
}

async fn log(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let filter = audit::Filter {
        merchant_id: asked.filter("merchant"),
        subject_id: asked.filter("subject"),
        actor: asked.filter("actor"),
        command: asked.filter("command"),
        ..Default::default()
    };
    let (paging, check) = (paging(&asked)?, asked.text("check").is_some());
    let (rows, checked, names) = visit
        .read(move |tx, ctx| {
            let mut rows = audit::list(tx, ctx, &filter, &paging)?;
            name_subjects(tx, &mut rows.data)?;
            let checked = if check { Some(audit::verify(tx)?) } else { None };
            let mut actors = Actors::default();
            for row in &rows.data {
                actors.name(tx, ctx, &row.actor)?;
            }
            Ok((rows, checked, actors.into_pairs()))
        })
        .await?;
    let checked = checked.map(|report| Checked {
        links: report.links,
        unsealed: report.unsealed,
        head: report.head.map(|head| head.hash).unwrap_or_default(),
        problems: report.problems.into_iter().map(|p| (p.seq, p.what)).collect(),
    });
    let filter = ["actor", "command", "merchant", "subject"]
        .map(|name| (name.to_owned(), asked.filter(name)))
        .to_vec();
    Ok(shown(console::audit(
        &visit.page(),
        &desk(&visit),
        &Audit {
            rows,
            names,
            filter,
            checked,
        },
    )))
}

async fn staff(visit: Visit) -> Result<Response, Problem> {
    let (all, keys) = visit
        .read(|tx, ctx| Ok((people::list(tx, ctx, NOBODY)?, people::api_keys(tx, ctx, NOBODY)?)))
        .await?;
    let roles = &visit.app.platform.catalog.roles;
    let named = |key: KeyView| KeyView {
        role: roles
            .get(&key.role)
            .map_or(key.role, |role| role.name.get(visit.caller.lang).to_owned()),
        ..key
    };
    let keys: Vec<KeyView> = keys.into_iter().map(named).collect();
    let members: Vec<Member> = all
        .into_iter()
        .map(|user| Member {
            name: user.display_name,
            login: user.login,
            role: user.role_name,
            second_factor: user.second_factor,
            closed: user.disabled,
        })
        .collect();
    Ok(shown(console::people(&visit.page(), &desk(&visit), &members, &keys)))
}

/// Switches a program's key off, at once and for good.
async fn key_off(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .write("switched off in the console", move |tx, ctx| {
            people::disable_api_key(tx, ctx, NOBODY, &id)
        })
        .await?;
    Ok(Redirect::to(paths::PEOPLE).into_response())
}
