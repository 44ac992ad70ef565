//! The merchant's pages, phone first; five places: home, terminals, money, requests, me.

mod certificate;
mod home;
mod me;
mod money;
mod people;
mod programs;
mod request;
mod requests;
mod step;
mod terminal;
mod terminals;
mod transactions;

pub use certificate::{certificate, closing_paper};
pub use home::{DayTakings, Home, NextAction, home};
pub use me::{Me, Person, me};
pub use money::{DayStatement, Money, Statement, money, statement};
pub use people::{NewPerson, OnePerson, new_person, password, person};
pub use programs::{Programs, programs};
pub(crate) use request::has_certificate;
pub use request::{NewRequest, Request, new_request, request};
pub use requests::{Offer, Requests, requests};
pub use step::{Step, step};
pub use terminal::{Terminal, terminal};
pub use terminals::terminals;
pub use transactions::{
    Filter, Signed, about, filter_form, moments, related, transaction, transaction_table, transactions,
};
