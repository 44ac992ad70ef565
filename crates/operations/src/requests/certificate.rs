//! What a closing certificate states: that the service has ended, since when, and what became of every terminal.

use serde::Serialize;
use store::requests::Filter;
use store::{Tx, devices, parties, terminals};
use utoipa::ToSchema;

use super::access;
use super::effects;
use super::work::{is_review, plan_row};
use crate::chain;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::sealing::sha256;

/// The data of a closing certificate. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClosingCertificate {
    /// Merchant number.
    pub merchant_number: String,
    /// Registered name.
    pub merchant_name: String,
    /// Number of the agreement that ended.
    pub contract_number: String,
    /// When the merchant had been taken on.
    pub activated_at: Option<i64>,
    /// When the owner asked for it.
    pub asked_at: i64,
    /// When it was complete.
    pub closed_at: i64,
    /// How many different people agreed to it at the review.
    pub agreed_by: i64,
    /// Every terminal there was, by number.
    pub terminals: Vec<ClosedTerminal>,
    /// Digest of all of the above, hexadecimal: whoever holds the certificate can have it confirmed.
    pub digest: String,
}

/// A terminal of a merchant that closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClosedTerminal {
    /// Terminal number.
    pub number: String,
    /// Serial number of the device that served it last; empty where there was none.
    pub serial: String,
    /// When its last key was destroyed; none where it never had one.
    pub keys_destroyed_at: Option<i64>,
}

/// The certificate of a closure that is complete. The merchant's side its own, staff any.
pub fn closing_certificate(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<ClosingCertificate> {
    let known = chain::of_merchant(tx, merchant)?;
    access::see(ctx, merchant, &known.agent).map_err(|_| Refused::not_found("merchant", merchant))?;
    let party = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let filter = Filter {
        merchant_id: merchant.to_owned(),
        kind: "closure".to_owned(),
        state: "done".to_owned(),
        ..Filter::default()
    };
    let closure = store::requests::list(tx, &filter, "", 1)?.pop().map(|(row, _)| row);
    let Some((closure, closed_at)) = closure.and_then(|row| row.closed_at.map(|at| (row, at))) else {
        return Err(Refused::conflict(
            "merchant",
            merchant,
            domain::text!(
                "终止服务还没有办结，办结后才有终止证明",
                "no closure is complete; there is a certificate once it is"
            ),
        ));
    };
    let plan = plan_row(ctx.catalog(), &closure.kind)?;
    let review = plan.steps.iter().find(|step| is_review(ctx.catalog(), step));
    let agreed_by = match review {
        Some(step) => store::effects::agreed(tx, merchant, &closure.id, step)?,
        None => 0,
    };
    let mut certificate = ClosingCertificate {
        merchant_number: party.number,
        merchant_name: party.name,
        contract_number: parties::contract(tx, merchant)?.map_or_else(String::new, |c| c.number),
        activated_at: party.activated_at,
        asked_at: closure.opened_at,
        closed_at,
        agreed_by,
        terminals: terminals_of(tx, merchant)?,
        digest: String::new(),
    };
    let stated = serde_json::to_string(&certificate).map_err(|e| Refused::Inconsistent(e.to_string()))?;
    certificate.digest = sha256(stated.as_bytes());
    Ok(certificate)
}

fn terminals_of(tx: &mut Tx<'_>, merchant: &str) -> Done<Vec<ClosedTerminal>> {
    let mut all = Vec::new();
    for (id, number) in effects::all_of(tx, merchant)? {
        let device = terminals::get(tx, merchant, &id)?.map(|t| t.device_id);
        let serial = devices::get(tx, &device.unwrap_or_default())?.map(|d| d.serial);
        all.push(ClosedTerminal {
            number,
            serial: serial.unwrap_or_default(),
            keys_destroyed_at: store::effects::keys_destroyed_at(tx, merchant, &id)?,
        });
    }
    all.sort_by(|a, b| a.number.cmp(&b.number));
    Ok(all)
}
