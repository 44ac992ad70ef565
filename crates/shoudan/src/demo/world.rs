//! What a stranger's program needs to drive the demonstration: `world.json` (design.md §6).

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::cards::TestCard;

/// The seeded world as `world.json` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// Address of the pages and the API, e.g. `http://127.0.0.1:8080`; set by whoever opens the port.
    pub http: String,
    /// Address of the terminal gateway, `host:port`; set by whoever opens the port.
    pub terminals: String,
    /// Address of the encrypted gateway, `host:port`; set by whoever opens the port.
    #[serde(default)]
    pub terminals_tls: String,
    /// The file of its certificate (PEM), which has no issuer but itself.
    #[serde(default)]
    pub terminals_tls_certificate: String,
    /// Address of the gateway that HTTP carries messages to, `host:port`; set by whoever opens the port.
    #[serde(default)]
    pub terminals_http: String,
    /// Who can log in.
    pub accounts: Vec<Account>,
    /// Keys of the API, the one that may do most first.
    pub api_keys: Vec<ApiKey>,
    /// Every merchant.
    pub merchants: Vec<Merchant>,
    /// Every terminal with a master key: live ones first, then one stopped per reason.
    pub terminals_list: Vec<Terminal>,
    /// Cards to try.
    pub test_cards: Vec<TestCard>,
    /// Serial numbers of devices in stock.
    pub stock: Vec<String>,
}

/// Someone who can log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Account {
    pub role: String,
    pub login: String,
    pub password: String,
    /// Base 32; staff have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub totp_secret: Option<String>,
    pub name: String,
    /// Merchant id, or agent id, where the account belongs to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub of: Option<String>,
}

/// A key of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ApiKey {
    pub name: String,
    /// `write` or `read`.
    pub scope: String,
    pub key: String,
}

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Merchant {
    pub id: String,
    pub number: String,
    pub name: String,
    pub kind: String,
}

/// A terminal and everything a POS has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Terminal {
    pub terminal_number: String,
    pub merchant_number: String,
    pub serial_number: String,
    pub tpdu: String,
    pub tmk_hex: String,
    pub mac: String,
    pub batch: i64,
    /// `live` or `stopped`.
    pub situation: String,
    /// Why it is stopped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl World {
    /// Writes the file, readable by its owner only: it holds passwords and keys, if only of a demonstration.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("world.json")?;
        private(path, &(text + "\n")).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Reads the file of an earlier start.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a world.json", path.display()))
    }
}

/// Writes a file for its owner alone, also where an earlier start left it open to others. Whoever reads meanwhile reads
/// the one before, whole.
fn private(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(new, path)
}
