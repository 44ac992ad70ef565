//! The closed list of permissions that doors ask for. Which role has which is a table of the catalogue.

/// Every permission this program asks for anywhere.
pub const PERMISSIONS: &[&str] = &[
    // One's own merchant: see, act for, manage its users.
    "read_own",
    "act_own",
    "manage_own_users",
    // An agent's merchants: see, and start requests for.
    "read_agent",
    "act_agent",
    // Staff.
    "read_all",
    "search",
    "place_stop",
    "lift_stop",
    "review",
    "review_risk",
    "review_finance",
    "manage_devices",
    "manage_keys",
    "manage_merchants",
    "reveal",
    "audit_read",
    "audit_export",
    "manage_users",
    "notices_write",
    "catalog_read",
    // Programs.
    "api_read",
    "api_write",
    "test_clock",
];
