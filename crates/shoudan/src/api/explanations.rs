//! What works, what does not, why, and what brings it back.

use axum::Json;
use axum::extract::State;
use operations::explain::{self, Ask, Audience};
use operations::refused::{Done, Refused};
use operations::views::Explanation;
use operations::{Ctx, Tx, merchants};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::asked::{Asked, wrong};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::limits::Limited;
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors.api(Access::Public, routes!(get_explanation))
}

/// Whom an explanation is asked about: exactly one of the first four.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Question {
    /// The six characters on the slip, `7K3-M9Q`. Open to anyone.
    code: Option<String>,
    /// An 8-character terminal number. Takes a key or session.
    terminal: Option<String>,
    /// A serial number. Open to anyone.
    serial: Option<String>,
    /// A merchant id or number. Takes a key or session.
    merchant: Option<String>,
    /// The capability asked about; `sale` if none is named.
    capability: Option<String>,
    /// A past moment: RFC 3339, or milliseconds UTC.
    at: Option<String>,
}

/// Explains a terminal or merchant: every live cause, root first, and the plan that brings everything back.
#[utoipa::path(get, path = "/v1/explanations", operation_id = "getExplanation", tag = "explanations", summary = "Explain what works and what does not",
    params(Question), responses((status = 200, description = "The explanation, cut to the asking audience.", body = Explanation)))]
async fn get_explanation(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Explanation>, Problem> {
    let ask = Ask {
        capability: asked.text("capability"),
        at: asked.time("at")?,
    };
    let named: Vec<(&str, String)> = ["code", "terminal", "serial", "merchant"]
        .into_iter()
        .filter_map(|name| Some((name, asked.text(name)?)))
        .collect();
    let [(name, key)] = named.as_slice() else {
        return Err(wrong(
            "code",
            "exclusive",
            "请只给出 code、terminal、serial、merchant 中的一个。",
            "name exactly one of code, terminal, serial, merchant",
        )
        .into());
    };
    let audience = audience(&app, &caller);
    let open = matches!(*name, "code" | "serial");
    if audience == Audience::Public {
        // The past of a serial number is not for anyone who can count.
        if !open || ask.at.is_some() {
            return Err(Problem::not_authenticated());
        }
        app.limits
            .take(caller.peer, Limited::Lookup, std::time::Instant::now())
            .map_err(Problem::too_often)?;
    }
    let (name, key) = ((*name).to_owned(), key.clone());
    let explained = app
        .read(caller.ctx(&app, ""), move |tx, ctx| {
            match explained(tx, ctx, &name, &key, &ask, audience) {
                // Another's: in public words, as anyone with the code or serial number gets them.
                Err(Refused::NotFound { what: "merchant", .. }) if open => {
                    explained(tx, ctx, &name, &key, &ask, Audience::Public)
                }
                other => other,
            }
        })
        .await?;
    Ok(Json(explained))
}

fn explained(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    name: &str,
    key: &str,
    ask: &Ask,
    audience: Audience,
) -> Done<Explanation> {
    match name {
        "code" => explain::by_code(tx, ctx, key, ask, audience),
        "terminal" => explain::by_number(tx, ctx, key, ask, audience),
        "serial" => explain::by_serial(tx, ctx, key, ask, audience),
        _ => {
            let id = merchants::by_number(tx, key)?.ok_or_else(|| Refused::not_found("merchant", key))?;
            explain::merchant(tx, ctx, &id, ask, audience).map_err(|refused| match refused {
                // Another's: told without the id behind the number.
                Refused::NotFound { what: "merchant", .. } => Refused::not_found("merchant", key),
                other => other,
            })
        }
    }
}

/// For whom an answer is cut. What is open to anyone is told in public words also to a merchant who asks about another.
pub fn audience(app: &App, caller: &Caller) -> Audience {
    if caller.may(app, "read_all") {
        Audience::Desk
    } else if caller.actor.merchant != "-" && caller.may(app, "read_own") {
        Audience::Merchant
    } else if caller.actor.agent != "-" && caller.may(app, "read_agent") {
        Audience::Agent
    } else {
        Audience::Public
    }
}
