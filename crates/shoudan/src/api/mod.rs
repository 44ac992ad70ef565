//! The JSON API under `/v1`: one file per resource. Each handler parses, calls one operation, and answers; what may be
//! asked of it stands beside it and becomes `/openapi.json`.

pub(crate) mod asked;
mod catalog;
mod command;
mod documents;
mod explanations;
mod history;
mod json;
mod keys;
mod ledger;
mod limits;
mod merchants;
mod people;
mod requests;
mod reviews;
mod stops;
mod system;
mod terminals;
mod test_aids;

use std::collections::BTreeMap;

use anyhow::Context as _;
use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::doors::{Access, Doors};
use crate::problem::ProblemBody;
use crate::serve::EDITION;

/// The security scheme of keys.
const KEY: &str = "key";

/// Who may look at merchants' things; which merchants', each operation decides.
pub(crate) const READ: Access = Access::Any(&["read_all", "read_own", "read_agent", "api_read"]);

/// Who may act in requests; in which steps, each operation decides.
const ACT: Access = Access::Any(&[
    "act_own",
    "act_agent",
    "api_write",
    "manage_merchants",
    "manage_devices",
    "review",
    "review_risk",
    "review_finance",
]);

/// Every door of the API.
pub fn routes(doors: Doors) -> Doors {
    let rooms = [
        system::routes,
        explanations::routes,
        merchants::routes,
        terminals::routes,
        keys::routes,
        limits::routes,
        ledger::routes,
        stops::routes,
        requests::routes,
        documents::routes,
        reviews::routes,
        history::routes,
        catalog::routes,
        people::routes,
        test_aids::routes,
    ];
    rooms.into_iter().fold(doors, |doors, room| room(doors))
}

/// The description without its paths, which the doors add.
pub fn document() -> OpenApi {
    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    let mut components = Components::new();
    components.schemas = schemas.into_iter().collect::<BTreeMap<_, _>>();
    let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert(KEY.to_owned(), RefOr::T(key));
    let mut info = Info::new("Shoudan 收单", EDITION);
    info.description = Some(
        "An open merchant-acquiring system. Errors are `application/problem+json`; branch on `code`, and match reason \
         codes by prefix. Texts follow `Accept-Language` (zh-CN, en), codes never do. Times are milliseconds UTC, amounts \
         fen. A POST may carry an `Idempotency-Key`; its repeat gets the first answer with `Idempotency-Replayed: true`."
            .to_owned(),
    );
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The description as it is served.
pub fn text(description: &OpenApi) -> anyhow::Result<String> {
    description
        .to_json()
        .context("the description of the API cannot be written as JSON")
}

/// What every operation can answer besides what it names itself.
const REFUSALS: [(u16, &str); 10] = [
    (400, "The request cannot be read."),
    (408, "The body did not come in time."),
    (404, "There is no such thing, or the caller may not know of it."),
    (409, "It cannot be done in the present state."),
    (413, "The body is too large."),
    (421, "The request names a host that this server is not."),
    (422, "Something needs correction; each field is named."),
    (429, "Asked too often."),
    (500, "A fault in the platform."),
    (503, "The platform cannot do it now; whether to try again is said."),
];

/// Completes an operation's description by what holds for all: refusals, keys, idempotency. Its methods.
pub fn describe(item: &mut PathItem, access: Access) -> Vec<Method> {
    let slots = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    let mut methods = Vec::new();
    for (method, slot) in slots {
        if let Some(operation) = slot {
            complete(operation, access, method == Method::POST);
            methods.push(method);
        }
    }
    methods
}

fn complete(operation: &mut Operation, access: Access, posts: bool) {
    let mut refusals: Vec<(u16, &str)> = REFUSALS.to_vec();
    // A key that is sent must be right even where none is needed.
    refusals.push((401, "A session or key is needed, or the one sent does not hold."));
    refusals.push((403, "Not permitted, or blocked by what `causes` names."));
    for (status, description) in refusals {
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert_with(|| RefOr::T(refusal(description)));
    }
    let requirement = SecurityRequirement::new(KEY, Vec::<String>::new());
    operation.security = Some(match access {
        Access::Public => vec![SecurityRequirement::default(), requirement],
        _ => vec![requirement],
    });
    if posts {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .min_length(Some(1))
            .max_length(Some(255));
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Repeats under the same key are carried out once."))
            .schema(Some(text));
        operation.parameters.get_or_insert_default().push(RefOr::T(key.build()));
    }
}

fn refusal(description: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}
