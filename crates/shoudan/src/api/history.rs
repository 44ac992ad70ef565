//! What happened: events, time-lines, transactions, the audit log.

use axum::Json;
use axum::extract::{Path, State};
use domain::stages::SubjectKind;
use operations::audit::{self, ChainReport};
use operations::views::{AuditView, EventView, Page, TransactionView};
use operations::{Tx, events, narrowed, payments, terminals};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::READ;
use super::asked::{Asked, Pages, wrong};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;
use operations::refused::{Done, Refused};

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_events))
        .api(READ, routes!(get_timeline))
        .api(READ, routes!(list_transactions))
        .api(READ, routes!(get_transaction))
        .api(Access::Any(&["audit_read"]), routes!(list_audit))
        .api(Access::Any(&["audit_read"]), routes!(verify_audit))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct EventsWanted {
    /// Merchant id.
    merchant: Option<String>,
    /// Terminal number or id: what shows on its time-line.
    terminal: Option<String>,
    /// Kind of subject.
    subject_kind: Option<String>,
    /// Subject id.
    subject: Option<String>,
    /// Event kinds, separated by commas, at most eight.
    kinds: Option<String>,
    /// Only later than this moment: RFC 3339, or milliseconds UTC.
    after: Option<String>,
}

/// Events, newest first, each with a sentence in the asked language.
#[utoipa::path(get, path = "/v1/events", operation_id = "listEvents", tag = "history", summary = "List events",
    params(EventsWanted, Pages), responses((status = 200, description = "A page of events.", body = Page<EventView>)))]
async fn list_events(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Page<EventView>>, Problem> {
    let paging = asked.paging()?;
    let kinds: Vec<String> = asked
        .filter("kinds")
        .split(',')
        .filter(|kind| !kind.is_empty())
        .map(str::to_owned)
        .collect();
    if kinds.len() > 8 {
        return Err(wrong("kinds", "range", "一次最多 8 种。", "at most eight kinds at once").into());
    }
    let filter = events::Filter {
        merchant: asked.filter("merchant"),
        terminal: asked.filter("terminal"),
        subject_kind: asked.filter("subject_kind"),
        subject: asked.filter("subject"),
        kinds,
        without: Vec::new(),
        after: asked.time("after")?.map(domain::time::Time::millis),
    };
    let page = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        narrowed::merchant(tx, ctx, &filter.merchant)?;
        let (merchant, terminal) = terminal_of(tx, &filter.merchant, &filter.terminal)?;
        narrowed::thing(tx, ctx, &merchant, "terminal", &terminal)?;
        if let Some(kind) = SubjectKind::parse(&filter.subject_kind) {
            narrowed::thing(tx, ctx, &merchant, kind.code(), &filter.subject)?;
        }
        events::list(
            tx,
            ctx,
            &events::Filter {
                merchant,
                terminal,
                ..filter
            },
            &paging,
        )
    });
    Ok(Json(page.await?))
}

/// Merchant and id of a terminal named by number or id; as they came for none.
fn terminal_of(tx: &mut Tx<'_>, merchant: &str, named: &str) -> Done<(String, String)> {
    if named.is_empty() || named.starts_with("trm_") {
        return Ok((merchant.to_owned(), named.to_owned()));
    }
    let found = terminals::by_number(tx, named)?.ok_or_else(|| Refused::not_found("terminal", named))?;
    let merchant = if merchant.is_empty() {
        found.merchant
    } else {
        merchant.to_owned()
    };
    Ok((merchant, found.terminal))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct TimelineOf {
    /// Kind of subject: `merchant`, `terminal`, `request` …; `merchant` if none is named.
    kind: Option<String>,
    /// Subject id; the merchant itself if none is named.
    id: Option<String>,
}

/// What happened to one subject, newest first.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/timeline", operation_id = "getTimeline", tag = "history", summary = "Read a time-line",
    params(("merchant" = String, Path, description = "Merchant id."), TimelineOf, Pages),
    responses((status = 200, description = "A page of events.", body = Page<EventView>)))]
async fn get_timeline(
    State(app): State<App>,
    caller: Caller,
    Path(merchant): Path<String>,
    asked: Asked,
) -> Result<Json<Page<EventView>>, Problem> {
    let paging = asked.paging()?;
    let kind = asked.text("kind").unwrap_or_else(|| "merchant".to_owned());
    let id = asked.text("id").unwrap_or_else(|| merchant.clone());
    let page = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        let id = if kind == "terminal" {
            terminal_of(tx, &merchant, &id)?.1
        } else {
            id
        };
        events::timeline(tx, ctx, &merchant, &kind, &id, &paging)
    });
    Ok(Json(page.await?))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct TransactionsWanted {
    /// Merchant id. A merchant's own users get their own without naming it.
    merchant: Option<String>,
    /// Terminal number or id.
    terminal: Option<String>,
    /// `pending`, `approved`, `declined`, `unknown`, `voided`, `reversed`, `refunded`.
    state: Option<String>,
}

/// Transactions, newest first; cards are masked.
#[utoipa::path(get, path = "/v1/transactions", operation_id = "listTransactions", tag = "history", summary = "List transactions",
    params(TransactionsWanted, Pages), responses((status = 200, description = "A page of transactions.", body = Page<TransactionView>)))]
async fn list_transactions(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<Page<TransactionView>>, Problem> {
    let paging = asked.paging()?;
    let named = asked.filter("merchant");
    let own = named.is_empty() && caller.actor.merchant != "-";
    let merchant_id = if own { caller.actor.merchant.clone() } else { named };
    let (terminal, state) = (asked.filter("terminal"), asked.filter("state"));
    let page = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        narrowed::merchant(tx, ctx, &merchant_id)?;
        let terminal_id = terminal_of(tx, "", &terminal)?.1;
        narrowed::thing(tx, ctx, &merchant_id, "terminal", &terminal_id)?;
        narrowed::word("state", &state, |state| {
            payments::states(ctx.lang).iter().any(|known| known.0 == state)
        })?;
        payments::list(
            tx,
            ctx,
            &payments::Filter {
                merchant_id,
                terminal_id,
                state,
                ..Default::default()
            },
            &paging,
        )
    });
    Ok(Json(page.await?))
}

/// One transaction; the card is masked.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/transactions/{transaction}", operation_id = "getTransaction", tag = "history",
    summary = "Get a transaction",
    params(("merchant" = String, Path, description = "Merchant id."), ("transaction" = String, Path, description = "Transaction id.")),
    responses((status = 200, description = "The transaction.", body = TransactionView)))]
async fn get_transaction(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, transaction)): Path<(String, String)>,
) -> Result<Json<TransactionView>, Problem> {
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            payments::view(tx, ctx, &merchant, &transaction)
        })
        .await?,
    ))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct AuditWanted {
    /// Merchant id, or `-`.
    merchant: Option<String>,
    /// Kind of subject.
    subject_kind: Option<String>,
    /// Subject id.
    subject: Option<String>,
    /// Actor id.
    actor: Option<String>,
    /// Command, e.g. `stops.place`.
    command: Option<String>,
}

/// Entries of the audit log, newest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "listAudit", tag = "history", summary = "List audit entries",
    params(AuditWanted, Pages), responses((status = 200, description = "A page of entries.", body = Page<AuditView>)))]
async fn list_audit(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Page<AuditView>>, Problem> {
    let paging = asked.paging()?;
    let filter = audit::Filter {
        merchant_id: asked.filter("merchant"),
        subject_kind: asked.filter("subject_kind"),
        subject_id: asked.filter("subject"),
        actor: asked.filter("actor"),
        command: asked.filter("command"),
    };
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            narrowed::merchant(tx, ctx, &filter.merchant_id)?;
            if let Some(kind) = SubjectKind::parse(&filter.subject_kind) {
                narrowed::thing(tx, ctx, &filter.merchant_id, kind.code(), &filter.subject_id)?;
            }
            narrowed::actor(tx, &filter.actor)?;
            audit::list(tx, ctx, &filter, &paging)
        })
        .await?,
    ))
}

/// What a walk over the whole chain found.
#[derive(Serialize, ToSchema)]
struct ChainView {
    /// Nothing is wrong.
    whole: bool,
    /// Links walked.
    links: i64,
    /// Number of the last link.
    head_seq: Option<i64>,
    /// Its hash: keep it outside the database, and a later walk shows whether the chain's end was cut.
    head_hash: Option<String>,
    /// Entries that wait for their seal.
    unsealed: i64,
    /// What is wrong, in order of the chain.
    problems: Vec<ChainFault>,
}

/// One place where chain and entries disagree.
#[derive(Serialize, ToSchema)]
struct ChainFault {
    /// Number of the link.
    seq: i64,
    /// Entry id.
    entry: String,
    /// What is wrong.
    what: String,
}

impl From<ChainReport> for ChainView {
    fn from(report: ChainReport) -> Self {
        let (head_seq, head_hash) = report.head.map(|head| (head.seq, head.hash)).unzip();
        Self {
            whole: report.problems.is_empty(),
            links: report.links,
            head_seq,
            head_hash,
            unsealed: report.unsealed,
            problems: report
                .problems
                .into_iter()
                .map(|p| ChainFault {
                    seq: p.seq,
                    entry: p.entry,
                    what: p.what,
                })
                .collect(),
        }
    }
}

/// Walks the whole hash chain of the audit log.
#[utoipa::path(get, path = "/v1/audit/chain", operation_id = "verifyAuditChain", tag = "history", summary = "Verify the audit chain",
    responses((status = 200, description = "What was found.", body = ChainView)))]
async fn verify_audit(State(app): State<App>, caller: Caller) -> Result<Json<ChainView>, Problem> {
    let report = app.read(caller.ctx(&app, ""), |tx, ctx| {
        ctx.need("audit_read")?;
        audit::verify(tx)
    });
    Ok(Json(report.await?.into()))
}
