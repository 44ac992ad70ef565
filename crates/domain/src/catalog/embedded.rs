//! The shipped tables, part of the binary.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../catalog/", $name)))),*]
    };
}

/// Name and text of every shipped file.
pub const EMBEDDED: &[(&str, &str)] = files![
    "capabilities.toml",
    "documents.toml",
    "dormancy.toml",
    "fees.toml",
    "fields.toml",
    "limits.toml",
    "plans.toml",
    "postings.toml",
    "reasons/agent.toml",
    "reasons/connectivity.toml",
    "reasons/contract.toml",
    "reasons/device.toml",
    "reasons/limit.toml",
    "reasons/merchant.toml",
    "reasons/platform.toml",
    "reasons/registration.toml",
    "reasons/settlement.toml",
    "response_codes.toml",
    "roles.toml",
    "stages.toml",
    "steps.toml",
    "terminal_parameters.toml",
    "calendar.csv",
    "mcc.csv",
    "bins.csv",
];
