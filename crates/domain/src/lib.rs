//! The rules of merchant acquiring as pure functions over plain records: no clock, no randomness, no input or output.
//!
//! Read in this order: [`stages`] (where a subject is in its life), [`catalog`] (the institution's tables),
//! [`world`] (a chain of subjects and what holds for it), [`gate`] (may it do a thing now), [`plan`] (what brings it
//! back), [`model`] (the proof that there is always a way).

pub mod access;
pub mod calendar;
pub mod cards;
pub mod catalog;
pub mod csv;
pub mod fees;
pub mod gate;
pub mod identifiers;
pub mod ids;
pub mod limits;
pub mod model;
pub mod money;
pub mod names;
pub mod plan;
pub mod posting;
pub mod secret;
pub mod stages;
pub mod time;
pub mod world;
