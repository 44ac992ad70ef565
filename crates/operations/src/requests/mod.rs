//! Requests (being written).
#![allow(dead_code, unused_imports)]
mod access;
mod due;
mod evidence;
mod views;
mod work;
pub use views::{list, plan_view, step_refs, view};
