//! Merchants: lists, one, and taking one on record.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::MerchantKind;
use domain::secret::SecretString;
use domain::stages::SubjectKind;
use operations::agreements::{self, AgreementView};
use operations::merchants::{self, Filter, NewAccount, NewMerchant};
use operations::narrowed;
use operations::requests::{self, ClosingCertificate};
use operations::views::{MerchantRow, MerchantView, Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::READ;
use super::asked::{Asked, Pages};
use super::command::{Command, carry_out};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_merchants))
        .api(READ, routes!(get_merchant))
        .api(READ, routes!(get_closing_certificate))
        .api(READ, routes!(get_agreement))
        .api(
            Access::Any(&["manage_merchants", "act_agent"]),
            routes!(create_merchant),
        )
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Wanted {
    /// Beginning of the name.
    name: Option<String>,
    /// Stage code.
    stage: Option<String>,
    /// `micro`, `sole_trader`, `enterprise`.
    kind: Option<String>,
    /// Agent id.
    agent: Option<String>,
}

/// The merchants the caller may see, in the order they were taken on record.
#[utoipa::path(get, path = "/v1/merchants", operation_id = "listMerchants", tag = "merchants", summary = "List merchants",
    params(Wanted, Pages), responses((status = 200, description = "A page of merchants.", body = Page<MerchantRow>)))]
async fn list_merchants(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<Page<MerchantRow>>, Problem> {
    let paging = asked.paging()?;
    let filter = Filter {
        name: asked.filter("name"),
        stage: asked.filter("stage"),
        kind: asked.filter("kind"),
        agent: asked.filter("agent"),
    };
    let page = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        narrowed::thing(tx, ctx, "", "agent", &filter.agent)?;
        narrowed::word("stage", &filter.stage, |stage| {
            ctx.catalog()
                .stages
                .contains_key(&(SubjectKind::Merchant, stage.to_owned()))
        })?;
        narrowed::word("merchant kind", &filter.kind, |kind| {
            MerchantKind::parse(kind).is_some()
        })?;
        merchants::list(tx, ctx, &filter, &paging)
    });
    Ok(Json(page.await?))
}

/// A merchant with its shops, account and contract; sensitive values are masked.
#[utoipa::path(get, path = "/v1/merchants/{merchant}", operation_id = "getMerchant", tag = "merchants", summary = "Get a merchant",
    params(("merchant" = String, Path, description = "Merchant id.")),
    responses((status = 200, description = "The merchant.", body = MerchantView)))]
async fn get_merchant(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<MerchantView>, Problem> {
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| merchants::view(tx, ctx, &id))
            .await?,
    ))
}

/// What is certified of a closure that is complete; 409 before.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/closing-certificate", operation_id = "getClosingCertificate", tag = "merchants",
    summary = "Get the closing certificate", params(("merchant" = String, Path, description = "Merchant id.")),
    responses((status = 200, description = "The certificate.", body = ClosingCertificate)))]
async fn get_closing_certificate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ClosingCertificate>, Problem> {
    let stated = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        requests::closing_certificate(tx, ctx, &id)
    });
    Ok(Json(stated.await?))
}

/// The agreement: its text, its days, and what payments cost by it.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/agreement", operation_id = "getAgreement", tag = "merchants",
    summary = "Get the fee agreement", params(("merchant" = String, Path, description = "Merchant id.")),
    responses((status = 200, description = "The agreement.", body = AgreementView)))]
async fn get_agreement(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementView>, Problem> {
    let found = app.read(caller.ctx(&app, ""), move |tx, ctx| agreements::view(tx, ctx, &id));
    Ok(Json(found.await?))
}

/// A merchant to be taken on record.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMerchantBody {
    /// `micro`, `sole_trader` or `enterprise`.
    kind: String,
    /// Registered name.
    name: String,
    /// What a slip shows.
    short_name: String,
    /// Unified social credit code; none for a micro merchant.
    uscc: Option<String>,
    /// Category code, four digits.
    mcc: String,
    /// Province, two digits.
    province: String,
    /// City, in words.
    city: String,
    /// The city's financial code, four digits.
    city_code: String,
    /// Agent id; none for direct service.
    agent: Option<String>,
    /// Legal representative or principal.
    #[schema(value_type = String)]
    representative_name: SecretString,
    /// Their resident identity number.
    #[schema(value_type = String)]
    representative_id: SecretString,
    /// Whom to call.
    #[schema(value_type = String)]
    contact_name: SecretString,
    /// Mobile number.
    #[schema(value_type = String)]
    contact_phone: SecretString,
    /// The first shop's name.
    shop_name: String,
    /// The first shop's address.
    address: String,
    /// The account takings are paid to; may be named later.
    account: Option<AccountBody>,
}

/// A settlement account to be named.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountBody {
    /// In whose name.
    #[schema(value_type = String)]
    holder: SecretString,
    /// Card or account number.
    #[schema(value_type = String)]
    number: SecretString,
    /// Bank and branch.
    bank: String,
    /// A company's account rather than a person's card.
    corporate: bool,
}

impl From<NewMerchantBody> for NewMerchant {
    fn from(body: NewMerchantBody) -> Self {
        Self {
            kind: body.kind,
            name: body.name,
            short_name: body.short_name,
            uscc: body.uscc,
            mcc: body.mcc,
            province: body.province,
            city: body.city,
            city_code: body.city_code,
            agent: body.agent.unwrap_or_else(|| "-".to_owned()),
            representative_name: body.representative_name,
            representative_id: body.representative_id,
            contact_name: body.contact_name,
            contact_phone: body.contact_phone,
            shop_name: body.shop_name,
            address: body.address,
            account: body.account.map(|a| NewAccount {
                holder: a.holder,
                number: a.number,
                bank: a.bank,
                corporate: a.corporate,
            }),
        }
    }
}

/// Takes a merchant on record; it begins as an applicant. All wrong fields are told at once.
#[utoipa::path(post, path = "/v1/merchants", operation_id = "createMerchant", tag = "merchants", summary = "Take a merchant on record",
    request_body = NewMerchantBody, responses((status = 201, description = "The new merchant.", body = MerchantView)))]
async fn create_merchant(
    State(app): State<App>,
    caller: Caller,
    command: Command<NewMerchantBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::CREATED, "api", move |tx, ctx| {
        let id = merchants::create(tx, ctx, body.clone().into())?;
        merchants::view(tx, ctx, id.as_str())
    })
    .await
}
