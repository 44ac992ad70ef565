//! The doors of the pages: parse, call one operation, render. Nothing is decided here and no page is worded.

mod agent;
mod assets;
mod form;
mod home;
mod login;
mod me;
mod money;
mod preferences;
mod programs;
mod public;
mod requests;
mod sessions;
mod steps;
mod terminals;
mod visit;

pub use form::{Typed, local};
pub(crate) use money::{filtered, narrowed, told};
pub(crate) use steps::read as uploaded;
pub use visit::Visit;

use crate::doors::{Access, Doors};

/// The merchant's own people, by session.
const OWN: Access = Access::Session(&["read_own"]);

/// Every door of the public's and the merchant's pages.
pub fn routes(doors: Doors) -> Doors {
    let doors = assets::routes(doors);
    let doors = preferences::routes(doors);
    let doors = public::routes(doors);
    let doors = login::routes(doors);
    let doors = home::routes(doors);
    let doors = terminals::routes(doors);
    let doors = money::routes(doors);
    let doors = requests::routes(doors);
    let doors = steps::routes(doors);
    let doors = me::routes(doors);
    let doors = programs::routes(doors);
    let doors = sessions::routes(doors);
    agent::routes(doors)
}

#[cfg(test)]
mod tests;
