//! The institution's tables as a program reads them: reasons, steps, capabilities. And the search box.

use axum::Json;
use axum::extract::State;
use domain::catalog::{Actor, Disclosure, GroundKind, Promise, Standing, StepKind};
use domain::names::Lang;
use operations::search;
use operations::views::Hit;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::asked::Asked;
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// The doors. What a reason means is no secret: it is what the public page says too.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(Access::Public, routes!(list_reasons))
        .api(Access::Public, routes!(list_steps))
        .api(Access::Public, routes!(list_capabilities))
        .api(Access::Any(&["search"]), routes!(find))
}

/// A reason for which something may be stopped.
#[derive(Serialize, ToSchema)]
struct ReasonView {
    /// Dotted code; match by prefix, fall back to the parent.
    code: String,
    /// Kind of subject it rests on.
    subject: String,
    /// `waiting`, `limited`, `stopped`, `ended`.
    #[schema(value_type = String)]
    standing: Standing,
    /// Title in the asked language.
    title: String,
    /// What the merchant reads.
    text: String,
    /// Capability codes it takes away.
    blocks: Vec<String>,
    /// F39 a terminal is answered with.
    response_code: Option<String>,
    /// Whether it rests on law, scheme rules, contract or policy.
    #[schema(value_type = String)]
    ground_kind: GroundKind,
    /// The ground in words.
    ground: String,
    /// How much of it is told.
    #[schema(value_type = String)]
    disclosure: Disclosure,
    /// No way back but an appeal.
    r#final: bool,
    /// An appeal may be lodged.
    appealable: bool,
    /// How many people must agree to lift it.
    approvals_to_lift: u8,
    /// Alternatives, each an ordered list of step codes.
    ways_out: Vec<Vec<String>>,
    /// It follows from a stage and is never placed by hand.
    implied: bool,
}

/// A step of plans.
#[derive(Serialize, ToSchema)]
struct StepRowView {
    /// Code.
    code: String,
    /// Title.
    title: String,
    /// What is asked, and why.
    why: String,
    /// Kind of subject it is about.
    subject: String,
    /// What page it needs.
    #[schema(value_type = String)]
    kind: StepKind,
    /// Who must act.
    #[schema(value_type = String)]
    actor: Actor,
    /// How long it may take.
    #[schema(value_type = Object)]
    promise: Promise,
    /// Document codes it asks for.
    documents: Vec<String>,
    /// Field codes it asks for.
    fields: Vec<String>,
}

/// A thing a terminal or merchant can do.
#[derive(Serialize, ToSchema)]
struct CapabilityRowView {
    /// Code.
    code: String,
    /// Name in the asked language.
    name: String,
    /// No stop may take it away.
    always: bool,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Beginning {
    /// Only codes that begin so.
    prefix: Option<String>,
}

/// Every reason of the catalogue.
#[utoipa::path(get, path = "/v1/catalog/reasons", operation_id = "listReasons", tag = "catalogue", summary = "List reasons",
    params(Beginning), responses((status = 200, description = "Reasons by code.", body = Vec<ReasonView>)))]
async fn list_reasons(State(app): State<App>, caller: Caller, asked: Asked) -> Json<Vec<ReasonView>> {
    let (catalog, prefix) = (&app.platform.catalog, asked.filter("prefix"));
    let implied = |code: &str| {
        catalog
            .stages
            .values()
            .any(|stage| stage.implies.as_deref() == Some(code))
    };
    let rows = catalog
        .reasons
        .values()
        .filter(|reason| reason.code.starts_with(&prefix))
        .map(|reason| {
            let texts = reason.texts(caller.lang);
            ReasonView {
                code: reason.code.clone(),
                subject: reason.subject.code().to_owned(),
                standing: reason.standing,
                title: texts.title.clone(),
                text: texts.merchant.clone(),
                blocks: catalog
                    .codes(catalog.blocked_by(&reason.code))
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                response_code: reason.response_code.clone(),
                ground_kind: reason.ground.kind,
                ground: reason.ground.source.get(caller.lang).to_owned(),
                disclosure: reason.disclosure,
                r#final: reason.r#final,
                appealable: reason.appealable,
                approvals_to_lift: reason.lift.approvals,
                ways_out: reason.ways_out.clone(),
                implied: implied(&reason.code),
            }
        });
    Json(rows.collect())
}

/// Every step of the catalogue.
#[utoipa::path(get, path = "/v1/catalog/steps", operation_id = "listSteps", tag = "catalogue", summary = "List steps",
    responses((status = 200, description = "Steps by code.", body = Vec<StepRowView>)))]
async fn list_steps(State(app): State<App>, caller: Caller) -> Json<Vec<StepRowView>> {
    let rows = app.platform.catalog.steps.values().map(|step| {
        let texts = step.texts(caller.lang);
        StepRowView {
            code: step.code.clone(),
            title: texts.title.clone(),
            why: texts.why.clone(),
            subject: step.subject.code().to_owned(),
            kind: step.kind,
            actor: step.actor,
            promise: step.promise.clone(),
            documents: step.documents.clone(),
            fields: step.fields.clone(),
        }
    });
    Json(rows.collect())
}

/// Every capability, in the order they are shown.
#[utoipa::path(get, path = "/v1/catalog/capabilities", operation_id = "listCapabilities", tag = "catalogue", summary = "List capabilities",
    responses((status = 200, description = "Capabilities.", body = Vec<CapabilityRowView>)))]
async fn list_capabilities(State(app): State<App>, caller: Caller) -> Json<Vec<CapabilityRowView>> {
    let mut rows: Vec<_> = app.platform.catalog.capabilities.values().collect();
    rows.sort_by_key(|row| row.bit);
    let name = |words: &domain::catalog::Words, lang: Lang| words.get(lang).to_owned();
    let rows = rows.into_iter().map(|row| CapabilityRowView {
        code: row.code.clone(),
        name: name(&row.name, caller.lang),
        always: row.always,
    });
    Json(rows.collect())
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Typed {
    /// A terminal, merchant or serial number, name, phone, explanation code, request …
    q: String,
}

/// Everything that a text names: terminals, merchants, devices, people, requests, explanation codes.
#[utoipa::path(get, path = "/v1/search", operation_id = "search", tag = "catalogue", summary = "Search for anything",
    params(Typed), responses((status = 200, description = "At most twenty hits, the most exact first.", body = Vec<Hit>)))]
async fn find(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Vec<Hit>>, Problem> {
    let typed = asked.filter("q");
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| search::search(tx, ctx, &typed))
            .await?,
    ))
}
