//! Stops: the list, one, lifting it; placing one: form, preview, confirmation.

use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::catalog::{Catalog, Reason};
use domain::stages::SubjectKind;
use domain::time::{Time, Zone};
use operations::refused::{Done, Refused};
use operations::stops::{self, Place as NewStop};
use operations::views::StopView;
use operations::{Ctx, Tx, merchants, search};
use serde_json::json;

use super::{STAFF, desk, local, paging, shown, told};
use crate::api::asked::Asked;
use crate::doors::{Access, Doors};
use crate::portal::console::{self, Form, MayLift, Offered, Place, Stop, Stops, paths, role_name};
use crate::portal::handlers::{Typed, Visit};
use crate::problem::Problem;
use operations::names::name_stops;

const PLACERS: Access = Access::Session(&["place_stop"]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::STOPS, STAFF, list)
        .door(Method::GET, paths::NEW_STOP, PLACERS, form)
        .door(Method::POST, paths::NEW_STOP, PLACERS, place)
        .door(Method::POST, paths::PREVIEW_STOP, PLACERS, preview)
        .door(Method::GET, "/console/stops/{merchant}/{id}", STAFF, stop)
        .door(
            Method::POST,
            "/console/stops/{merchant}/{id}/lift",
            Access::Session(&["lift_stop"]),
            lift,
        )
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let (kind, reason, all) = (
        asked.filter("kind"),
        asked.filter("reason"),
        asked.text("all").is_some(),
    );
    let filter = stops::Filter {
        subject_kind: kind.clone(),
        reason_prefix: reason.clone(),
        live_only: !all,
        ..Default::default()
    };
    let paging = paging(&asked)?;
    let rows = visit
        .read(move |tx, ctx| {
            let mut rows = stops::list(tx, ctx, &filter, &paging)?;
            name_stops(tx, ctx, &mut rows.data)?;
            Ok(rows)
        })
        .await?;
    Ok(shown(console::stops(
        &visit.page(),
        &desk(&visit),
        &Stops {
            rows,
            kind,
            reason,
            all,
        },
    )))
}

async fn stop(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let found = seen(&visit, merchant, id).await?;
    Ok(shown(page(&visit, found, vec![], String::new())))
}

/// A stop as its page shows it.
struct Seen {
    stop: StopView,
    /// The id of whoever placed it.
    placer: String,
    /// What its merchant is called.
    merchant: String,
}

async fn seen(visit: &Visit, merchant: String, id: String) -> Result<Seen, Problem> {
    let found = visit.read(move |tx, ctx| {
        let mut stop = stops::one(tx, ctx, &merchant, &id)?;
        let placer = stop.placed_by.clone();
        name_stops(tx, ctx, std::slice::from_mut(&mut stop))?;
        let merchant = merchants::called(tx, &merchant)?.unwrap_or_default();
        Ok(Seen { stop, placer, merchant })
    });
    Ok(found.await?)
}

fn page(visit: &Visit, seen: Seen, errors: Vec<(String, String)>, why: String) -> maud::Markup {
    let Seen { stop, placer, merchant } = seen;
    let page = visit.page();
    let tables = &visit.app.platform.catalog;
    let reason = tables.reasons.get(&stop.reason);
    let data = Stop {
        merchant,
        script: reason.map(|r| r.texts(page.lang).desk.clone()).unwrap_or_default(),
        lift: may_lift(visit, &stop, &placer, reason),
        stop,
        errors,
        why,
    };
    console::stop(&page, &desk(visit), &data)
}

/// What the catalogue and the stop say about lifting it; the operation decides again.
fn may_lift(visit: &Visit, stop: &StopView, placer: &str, reason: Option<&Reason>) -> MayLift {
    let actor = &visit.caller.actor;
    let Some(reason) = reason else { return MayLift::Yes };
    if matches!(stop.state.as_str(), "lifted" | "ended") {
        MayLift::Over
    } else if reason.lift.by.is_empty() {
        MayLift::Plan
    } else if reason.lift.approvals > 1 {
        MayLift::Two
    } else if !reason.lift.by.contains(&actor.role) {
        let page = visit.page();
        let tables = &visit.app.platform.catalog;
        MayLift::Roles(
            reason
                .lift
                .by
                .iter()
                .map(|role| role_name(&page, tables, role).to_owned())
                .collect(),
        )
    } else if placer == actor.id {
        MayLift::Placer
    } else {
        MayLift::Yes
    }
}

async fn lift(visit: Visit, Path((merchant, id)): Path<(String, String)>, typed: Typed) -> Result<Response, Problem> {
    let why = typed.get("why").trim().to_owned();
    let (owner, stop, said) = (merchant.clone(), id.clone(), why.clone());
    match visit
        .write(&why, move |tx, ctx| stops::lift(tx, ctx, &owner, &stop, &said))
        .await
    {
        Ok(_) => Ok(Redirect::to(&paths::stop(&merchant, &id)).into_response()),
        Err(refused) => {
            let errors = told(&visit, refused)?;
            let visit = visit.at(paths::stop(&merchant, &id));
            let found = seen(&visit, merchant, id).await?;
            Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                shown(page(&visit, found, errors, why)),
            )
                .into_response())
        }
    }
}

async fn form(visit: Visit, asked: Asked) -> Response {
    let form = Form {
        kind: asked.filter("kind"),
        id: asked.filter("id"),
        when: "now".into(),
        ..Form::default()
    };
    let reasons = offered(&visit);
    shown(console::place(
        &visit.page(),
        &desk(&visit),
        &Place {
            form,
            reasons,
            preview: None,
            errors: vec![],
        },
    ))
}

/// The reasons this person's role may place by hand: those the catalogue gives the role, and no stage implies.
fn offered(visit: &Visit) -> Vec<Offered> {
    let (tables, lang) = (&visit.app.platform.catalog, visit.caller.lang);
    let by_hand = |reason: &&Reason| reason.place.contains(&visit.caller.actor.role) && !implied(tables, &reason.code);
    let stops = |reason: &Reason| {
        let codes = tables.codes(tables.blocked_by(&reason.code));
        let names: Vec<&str> = codes
            .iter()
            .filter_map(|c| tables.capabilities.get(*c))
            .map(|c| c.name.get(lang))
            .take(4)
            .collect();
        names.join(" · ") + if codes.len() > 4 { " …" } else { "" }
    };
    let mut all: Vec<Offered> = tables
        .reasons
        .values()
        .filter(by_hand)
        .map(|reason| Offered {
            code: reason.code.clone(),
            title: reason.texts(lang).title.clone(),
            kind: reason.subject.code().to_owned(),
            stops: stops(reason),
        })
        .collect();
    let place = |kind: &str| SubjectKind::ALL.iter().position(|known| known.code() == kind);
    all.sort_by_key(|one| (place(&one.kind), one.code.clone()));
    all
}

fn implied(tables: &Catalog, reason: &str) -> bool {
    tables
        .stages
        .values()
        .any(|stage| stage.implies.as_deref() == Some(reason))
}

fn filled(typed: &Typed) -> Form {
    let text = |name: &str| typed.get(name).trim().to_owned();
    Form {
        kind: text("kind"),
        id: text("id"),
        reason: text("reason"),
        when: text("when"),
        starts: text("starts"),
        ends: text("ends"),
        why: text("why"),
    }
}

async fn preview(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let form = filled(&typed);
    let wanted = form.clone();
    let zone = visit.app.platform.zone.clone();
    let ctx = visit.ctx(&form.why);
    let found = visit.app.read(ctx, move |tx, ctx| {
        let place = command(tx, ctx, &wanted, &zone)?;
        let mut preview = stops::preview(tx, ctx, &place)?;
        name_stops(tx, ctx, std::slice::from_mut(&mut preview.stop))?;
        Ok(preview)
    });
    let (preview, errors) = match found.await {
        Ok(preview) => (Some(preview), vec![]),
        Err(refused) => (None, told(&visit, refused)?),
    };
    Ok(again(visit, form, preview, errors))
}

fn again(
    visit: Visit,
    form: Form,
    preview: Option<operations::views::StopPreview>,
    errors: Vec<(String, String)>,
) -> Response {
    let visit = visit.at(paths::NEW_STOP.to_owned());
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let data = Place {
        form,
        reasons: offered(&visit),
        preview,
        errors,
    };
    (status, shown(console::place(&visit.page(), &desk(&visit), &data))).into_response()
}

async fn place(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let form = filled(&typed);
    let (wanted, zone) = (form.clone(), visit.app.platform.zone.clone());
    let placed = visit.write(&form.why, move |tx, ctx| {
        let place = command(tx, ctx, &wanted, &zone)?;
        stops::place(tx, ctx, place)
    });
    match placed.await {
        Ok(stop) => Ok(Redirect::to(&paths::stop(&stop.merchant_id, &stop.id)).into_response()),
        Err(refused) => {
            let errors = told(&visit, refused)?;
            Ok(again(visit, form, None, errors))
        }
    }
}

/// The stop a form asks for; the reason says on what kind of subject it rests. What is not filled in or names nothing
/// is said field by field.
fn command(tx: &mut Tx<'_>, ctx: &Ctx, form: &Form, zone: &Zone) -> Done<NewStop> {
    let wrong = |field: &str, zh: &str, en: &str| Refused::field(field, "format", zh, en);
    let reason = ctx.catalog().reasons.get(&form.reason);
    let kind = reason
        .map(|reason| reason.subject)
        .ok_or_else(|| wrong("reason", "请选择原因", "choose a reason"))?;
    let (merchant, id) = search::subject(tx, ctx, kind, &form.id)?.ok_or_else(|| {
        wrong(
            "id",
            "这个编号下没有此原因所指的对象，请核对编号",
            "this number leads to nothing that the reason could rest on; compare the number",
        )
    })?;
    let moment = |field: &str, text: &str| -> Done<Option<Time>> {
        if text.is_empty() {
            return Ok(None);
        }
        local(zone, text)
            .map(Some)
            .ok_or_else(|| wrong(field, "请写日期和时间", "write date and time"))
    };
    let starts_at = if form.when == "later" {
        moment("starts", &form.starts)?
    } else {
        None
    };
    if form.when == "later" && starts_at.is_none() {
        return Err(wrong(
            "starts",
            "预告的停用要写开始时间",
            "an announced stop needs its start",
        ));
    }
    Ok(NewStop {
        merchant,
        kind,
        id,
        reason: form.reason.clone(),
        starts_at,
        ends_at: moment("ends", &form.ends)?,
        details: json!({}),
    })
}
