//! What people bring: values and documents, checked as they come in.

pub(super) mod evidence;
pub(super) mod fields;
pub(super) mod files;
mod looked_at;
pub(super) mod submit;
