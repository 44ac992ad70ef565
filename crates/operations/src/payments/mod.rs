//! Financial messages of terminals: what each kind is, asks and may refer to; the row written before the network is
//! asked and finished before the terminal is answered; reversals.
//!
//! The way of a sale: [`begin`] in one transaction; the card network, outside any; [`finish`] in a second one; the
//! answer. A repeat of a message finds its row and gets the first answer again.

mod answers;
pub mod authorise;
mod begin;
pub(crate) mod counting;
mod fees;
mod finish;
pub mod ledger;
pub mod limits;
mod list;
pub mod notices;
mod originals;
pub(crate) mod overrides;
mod reverse;
mod rules;
mod story;
mod used;

pub(crate) use answers::unfit;
pub use answers::{Decline, Issued, Ruling, clock};
pub use begin::{Attempt, Begun, OriginalUpstream, Upstream, begin};
pub(crate) use finish::tell;
pub use finish::{NetworkAnswer, Told, finish, look};
pub use list::{Filter, list, states, view};
pub(crate) use list::{first_id, known};
pub use reverse::{ReversalAttempt, Reversed, reverse};
pub use rules::{Rule, by_code, rule, side};
pub use story::{Moment, Owed, Related, Story, story};
pub use used::{Hold, Reserved, Used};

/// What may share a trace number with what: one request and one reversal of it.
pub const REQUEST: &str = "request";
/// See [`REQUEST`].
pub const REVERSAL: &str = "reversal";
