//! Requests: plans being carried out. One engine for every kind; a kind is a row of `catalog/plans.toml`, a step a row
//! of `catalog/steps.toml`, and what a step does beyond stages and stops is a row of [`effects`].
//!
//! Everything happens in the same order: load the request ([`work`]), check who asks ([`access`]), change a step
//! ([`submit`], [`crate::reviews`], [`events`]), carry out what became done ([`carry`]), and plan again ([`replan`]).

mod access;
mod certificate;
mod close;
mod effects;
mod engine;
mod events;
mod offers;
mod open;
mod preflight;
mod supply;
mod views;
mod work;

use engine::{carry, due, replan};
use supply::{evidence, fields, files, submit};

pub use certificate::{ClosedTerminal, ClosingCertificate, closing_certificate};
pub use effects::{Agreement, Machine, agreement, machine_of, machines_stamp, micro_deposit, new_activation_code};
pub use events::{Ticked, event_step, tick};
pub use fields::check_field;
pub use files::{Attach, MOST_BYTES, attach, document};
pub use offers::{Offer, ends, offers};
pub use open::{Choose, Open, choose, open, withdraw};
pub use submit::{Submit, submit};
pub use views::{Filter, list, plan_view, step_refs, view};

pub(crate) use carry::{carry_out, returned, simulate};
pub(crate) use close::{refuse, send_application_back};
pub(crate) use due::{judged_by, payload};
pub(crate) use effects::{is_data, money_words, on_record};
pub(crate) use evidence::Evidence;
pub(crate) use replan::replan;
pub(crate) use views::request_view;
pub(crate) use work::{Work, list_of};

use store::Tx;

use crate::ctx::Ctx;
use crate::refused::Done;

/// Plans the open requests of a merchant again after a stop was placed or lifted, or a stage moved, outside of them.
/// Internal: changes nothing that the caller's own change does not make necessary.
pub fn refresh(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    replan::refresh_but(tx, ctx, merchant, "")
}
