//! The schema, in the order in which it grew.

use crate::Migration;

/// Every migration this program knows. Never edit one that has been released: add another.
pub const MIGRATIONS: &[Migration] = &[
    both(1, "spine", include_str!("../schema/0001.sql")),
    both(2, "journal", include_str!("../schema/0002_journal.sql")),
    both(3, "downloads", include_str!("../schema/0003_downloads.sql")),
    both(4, "keys", include_str!("../schema/0004_keys.sql")),
    both(5, "limits", include_str!("../schema/0005_limits.sql")),
    both(6, "former keys", include_str!("../schema/0006_former_keys.sql")),
    both(
        7,
        "transactions_by_id",
        include_str!("../schema/0007_transactions_by_id.sql"),
    ),
    both(8, "ledger", include_str!("../schema/0008_ledger.sql")),
];

/// A step that is the same on both engines.
const fn both(number: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration {
        number,
        name,
        sql,
        sqlite: "",
        postgres: "",
    }
}
