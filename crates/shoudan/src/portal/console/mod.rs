//! The console: what the institution's own people work with. Each page is a pure function of its data.

mod audit;
mod balances;
mod catalog;
mod device;
mod frame;
mod home;
mod keys;
mod limits;
mod merchant;
pub mod paths;
mod people;
mod place;
mod requests;
mod review;
mod reviews;
mod search;
mod serve;
mod stops;
mod subject;
mod terminal;
mod transactions;

pub use audit::{Audit, Checked, audit};
pub use catalog::{catalog, reason, role_name};
pub use device::device;
pub use frame::{Desk, Spot};
pub use home::{Count, Home, home};
pub use keys::{Keys, keys};
pub use limits::{LimitsPage, limits};
pub use merchant::{Merchant, merchant, merchants};
pub use people::{Member, people};
pub use place::{Form, Offered, Place, place};
pub use requests::{Request, Requests, closing_certificate, request, requests};
pub use review::{Review, review};
pub use reviews::{Queue, reviews};
pub use search::search;
pub use serve::routes;
pub use stops::{MayLift, Stop, Stops, stop, stops};
pub use subject::{Answer, HISTORY_KINDS, History};
pub use terminal::{Health, Terminal, terminal};
pub use transactions::{Of, transaction, transactions};

#[cfg(test)]
mod tests;
