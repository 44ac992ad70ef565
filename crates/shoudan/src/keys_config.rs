//! Which key module a server runs on, out of its configuration; and that production never runs on the one for tests.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use domain::ids::IdSource;
use domain::secret::Secret;
use iso8583::crypto::DesKey;
use operations::key_module::{KeyModule, PinHandle, Place, Profile, TokenSettings};
use operations::sealing::hex;
use serde::Deserialize;

use crate::config::{KeyFiles, key, key_text};

/// Whether a server's keys protect real money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyProfile {
    /// Real money. The key module must be a token.
    #[default]
    Production,
    /// Development and tests.
    Test,
}

impl KeyProfile {
    fn of_keys(self) -> Profile {
        match self {
            Self::Production => Profile::Production,
            Self::Test => Profile::Test,
        }
    }
}

/// A token as the configuration names it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// The PKCS#11 library.
    library: PathBuf,
    /// The token's label.
    token: String,
    /// The file with the user's PIN; or the variable `SHOUDAN_TOKEN_PIN`.
    pin: Option<PathBuf>,
    /// Name of the master key that seals.
    master: String,
    /// Names of earlier ones that still open.
    #[serde(default)]
    earlier: Vec<String>,
}

impl TokenFile {
    /// As the key module takes it.
    pub fn settings(&self, profile: KeyProfile) -> anyhow::Result<TokenSettings> {
        let pin = key_text(self.pin.as_deref(), "SHOUDAN_TOKEN_PIN", "keys.pkcs11.pin")?;
        Ok(TokenSettings {
            library: self.library.clone(),
            token: self.token.clone(),
            pin: Secret::new(pin.trim().to_owned()),
            profile: profile.of_keys(),
            master: self.master.clone(),
            earlier: self.earlier.clone(),
        })
    }
}

impl KeyFiles {
    /// The key module. The production profile refuses the one of this process: its master key lies in a file or a
    /// variable, and its keys in memory.
    pub fn module(&self, profile: KeyProfile) -> anyhow::Result<KeyModule> {
        if let Some(token) = &self.pkcs11 {
            return KeyModule::token(token.settings(profile)?).context("keys.pkcs11");
        }
        if profile == KeyProfile::Production {
            bail!(
                "the production profile needs a key module in hardware: describe it in [keys.pkcs11]. The one in this \
                 process is for development; to use it all the same, say profile = \"test\""
            );
        }
        let master = key(self.master.as_deref(), "SHOUDAN_MASTER_KEY", "keys.master")?;
        let mut module = KeyModule::software(*master.expose());
        for file in &self.earlier {
            let earlier = key(Some(file), "SHOUDAN_MASTER_KEY", "keys.earlier")?;
            module = module.also_opening(*earlier.expose());
        }
        Ok(module)
    }

    /// A handle on the PIN key shared with the card network.
    pub fn zone(&self, module: &KeyModule, profile: KeyProfile) -> anyhow::Result<PinHandle> {
        let text = key_text(self.zone.as_deref(), "SHOUDAN_ZONE_KEY", "keys.zone")?;
        let text = text.trim();
        if text.len() > CLEAR {
            let block = block(text).context("keys.zone / SHOUDAN_ZONE_KEY is no sealed block")?;
            return module.pin(&Place::ZONE, &block).context("keys.zone / SHOUDAN_ZONE_KEY");
        }
        if profile == KeyProfile::Production {
            bail!("keys.zone holds a key in clear; seal it first: shoudan keys seal-zone --config FILE");
        }
        let key = DesKey::from_hex(text).context("keys.zone / SHOUDAN_ZONE_KEY")?;
        Ok(module.zone(&key)?)
    }

    /// The sealed zone key again under the current master key; none where it stands under it already, lies there in clear,
    /// or is not named.
    pub fn rewrapped_zone(&self, module: &KeyModule, ids: &mut IdSource) -> anyhow::Result<Option<String>> {
        let Ok(text) = key_text(self.zone.as_deref(), "SHOUDAN_ZONE_KEY", "keys.zone") else {
            return Ok(None);
        };
        if text.trim().len() <= CLEAR {
            return Ok(None);
        }
        let block = block(text.trim()).context("keys.zone / SHOUDAN_ZONE_KEY is no sealed block")?;
        let moved = module
            .rewrap(&Place::ZONE, &block, ids)
            .context("keys.zone / SHOUDAN_ZONE_KEY")?;
        Ok(moved.map(|block| hex(&block)))
    }
}

/// The most digits that a key in clear has: two DES keys.
const CLEAR: usize = 32;

/// A clear zone key as the sealed block that the configuration names.
pub fn sealed_zone(module: &KeyModule, clear: &str, ids: &mut IdSource) -> anyhow::Result<String> {
    let key = DesKey::from_hex(clear.trim()).context("the zone key")?;
    Ok(hex(&module.seal_zone(&key, ids)?.block))
}

fn block(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &std::path::Path) -> KeyFiles {
        let file = |name: &str, text: &str| {
            let path = dir.join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        KeyFiles {
            master: file("master", &"0f".repeat(32)),
            zone: file("zone", "0123456789ABCDEFFEDCBA9876543211"),
            ..KeyFiles::default()
        }
    }

    #[test]
    fn production_refuses_the_key_module_of_this_process_and_a_zone_key_in_clear() {
        let dir = std::env::temp_dir().join(format!("shoudan-keys-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut files = files(&dir);
        let refused = files.module(KeyProfile::Production).err().unwrap().to_string();
        assert!(
            refused.contains("keys.pkcs11") && refused.contains("profile = \"test\""),
            "{refused}"
        );
        let module = files.module(KeyProfile::Test).unwrap();
        assert!(files.zone(&module, KeyProfile::Test).is_ok());
        let refused = files.zone(&module, KeyProfile::Production).err().unwrap().to_string();
        assert!(refused.contains("seal-zone"), "{refused}");

        let clear = "0123456789ABCDEFFEDCBA9876543211";
        let sealed = sealed_zone(&module, clear, &mut IdSource::seeded(1)).unwrap();
        assert!(!sealed.to_uppercase().contains(clear));
        std::fs::write(dir.join("zone"), sealed).unwrap();
        assert!(files.zone(&module, KeyProfile::Production).is_ok());
        files.master = None;
        assert!(files.module(KeyProfile::Test).is_err(), "no master key anywhere");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
