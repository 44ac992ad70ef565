//! Rows by the thousand for worlds that speed is measured in. Nothing here looks at what is there already, and nothing
//! is told or audited: never for data that is real.

use crate::{Error, Tx, Value};

/// A table and the columns that a world fills.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

/// Merchants.
pub const MERCHANTS: Table = Table {
    name: "merchants",
    columns: &[
        "merchant_id",
        "number",
        "kind",
        "name",
        "short_name",
        "search_name",
        "uscc",
        "mcc",
        "province",
        "city",
        "region_id",
        "agent_id",
        "stage",
        "version",
        "risk_level",
        "created_at",
        "activated_at",
    ],
};
/// Shops.
pub const SHOPS: Table = Table {
    name: "shops",
    columns: &[
        "merchant_id",
        "id",
        "name",
        "address",
        "province",
        "city",
        "stage",
        "created_at",
    ],
};
/// Contracts.
pub const CONTRACTS: Table = Table {
    name: "contracts",
    columns: &[
        "merchant_id",
        "id",
        "number",
        "terms_version",
        "stage",
        "signed_at",
        "created_at",
    ],
};
/// Settlement accounts.
pub const ACCOUNTS: Table = Table {
    name: "settlement_accounts",
    columns: &[
        "merchant_id",
        "id",
        "version",
        "bank",
        "account_kind",
        "stage",
        "is_current",
        "effective_at",
        "created_at",
    ],
};
/// Models of devices.
pub const MODELS: Table = Table {
    name: "models",
    columns: &["id", "code", "name_zh", "name_en", "form", "minimum_software"],
};
/// Devices.
pub const DEVICES: Table = Table {
    name: "devices",
    columns: &[
        "id",
        "serial",
        "model_id",
        "stage",
        "merchant_id",
        "terminal_id",
        "software",
        "created_at",
    ],
};
/// Terminals.
pub const TERMINALS: Table = Table {
    name: "terminals",
    columns: &[
        "merchant_id",
        "id",
        "number",
        "shop_id",
        "device_id",
        "stage",
        "spare",
        "mac_algorithm",
        "tpdu",
        "opened_at",
        "last_sale_at",
        "signed_in",
        "signed_in_at",
        "batch",
        "software",
        "created_at",
    ],
};
/// Numbers of terminals.
pub const TERMINAL_NUMBERS: Table = Table {
    name: "terminal_numbers",
    columns: &["number", "merchant_id", "terminal_id"],
};
/// Registrations.
pub const REGISTRATIONS: Table = Table {
    name: "registrations",
    columns: &[
        "merchant_id",
        "id",
        "terminal_id",
        "version",
        "stage",
        "serial",
        "shop_id",
        "settlement_account_id",
        "filed_at",
        "answered_at",
        "answer",
        "created_at",
    ],
};
/// Keys of terminals.
pub const KEYS: Table = Table {
    name: "terminal_keys",
    columns: &[
        "merchant_id",
        "terminal_id",
        "kind",
        "version",
        "state",
        "sealed",
        "kcv",
        "fingerprint",
        "created_at",
    ],
};
/// Fingerprints of master keys.
pub const FINGERPRINTS: Table = Table {
    name: "key_fingerprints",
    columns: &["fingerprint", "merchant_id", "terminal_id"],
};
/// Gate rows.
pub const GATES: Table = Table {
    name: "gates",
    columns: &["merchant_id", "terminal_id", "blocked", "epoch", "computed_at"],
};
/// Batches.
pub const BATCHES: Table = Table {
    name: "terminal_batches",
    columns: &[
        "merchant_id",
        "terminal_id",
        "number",
        "state",
        "opened_at",
        "terminal_totals",
        "host_totals",
    ],
};
/// Transactions that have ended.
pub const TRANSACTIONS: Table = Table {
    name: "transactions",
    columns: &[
        "merchant_id",
        "id",
        "terminal_id",
        "batch",
        "stan",
        "message_class",
        "kind",
        "amount",
        "state",
        "response_code",
        "rrn",
        "auth_code",
        "masked_card",
        "card_index",
        "card_type",
        "entry_mode",
        "request_hash",
        "answer",
        "explanation_code",
        "upstream_stan",
        "received_at",
        "finished_at",
        "entry",
    ],
};

/// Writes rows whose values stand in the order of the table's columns; how many.
pub fn fill(tx: &mut Tx<'_>, table: &Table, rows: Vec<Vec<Value>>) -> Result<u64, Error> {
    let sql = format!("insert into {} ({}) values", table.name, table.columns.join(", "));
    tx.insert_many(&sql, table.columns.len(), rows)
}
