//! The schema, in the order in which it grew.

use crate::Migration;

/// Every migration this program knows. Never edit one that has been released: add another.
pub const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "spine",
    sql: include_str!("../schema/0001.sql"),
    sqlite: "",
    postgres: "",
}];
