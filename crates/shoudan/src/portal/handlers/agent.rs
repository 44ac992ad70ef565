//! The terminals an agent looks after.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use operations::explain::{self, Ask, Audience};
use operations::terminals::{self, Filter};

use super::visit::{Visit, shown};
use crate::api::asked::Asked;
use crate::doors::{Access, Doors};
use crate::portal::{agent, paths, stopped_first};
use crate::problem::Problem;

/// An agent's own people.
const AGENTS: Access = Access::Session(&["read_agent"]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::AGENT, AGENTS, list)
        .door(Method::GET, "/agent/{merchant}/{terminal}", AGENTS, one)
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let paging = asked.paging()?;
    let mut rows = visit
        .read(move |tx, ctx| terminals::list(tx, ctx, &Filter::default(), &paging))
        .await?;
    stopped_first(&mut rows.data);
    Ok(shown(agent::terminals(&visit.page(), &rows)))
}

async fn one(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let look = move |tx: &mut operations::Tx<'_>, ctx: &mut operations::Ctx| {
        let terminal = terminals::view(tx, ctx, &merchant, &id)?;
        Ok((
            terminal,
            explain::terminal(tx, ctx, &merchant, &id, &Ask::default(), Audience::Agent)?,
        ))
    };
    let (terminal, why) = visit.read(look).await?;
    Ok(shown(agent::terminal(&visit.page(), &terminal, &why)))
}
