//! The pages: pure functions from data to HTML, and the parts they are made of.
//!
//! Read in this order: [`page`] (what every page is given), [`words`] (what pages say), [`standing`] (how a state looks),
//! [`components`], then [`public`] and [`merchant`]. Causes, steps and headlines arrive worded in
//! `operations::views`; a page never words one by itself.

pub mod agent;
pub mod assets;
pub mod components;
pub mod console;
pub mod handlers;
pub mod icons;
pub mod merchant;
pub mod page;
pub mod paths;
pub mod pictures;
pub mod pos;
pub mod public;
pub mod sample;
pub mod sessions;
pub mod standing;
pub mod styleguide;
pub mod words;

pub use handlers::routes;
pub use page::{Institution, Page, Theme, Who};
pub use standing::{Standing, stopped_first};

#[cfg(test)]
mod tests;
