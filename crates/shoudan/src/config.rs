//! What an operator writes down: the file of `shoudan serve`, the keys, a catalogue directory.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::secret::Secret;
use iso8583::crypto::DesKey;
use operations::key_module::KeyModule;
use operations::sealing::{hex, sha256};
use serde::{Deserialize, Serialize};

use crate::gateway::DoorSettings;
use crate::gateway::profile;
use crate::keys_config::{KeyProfile, TokenFile};
use crate::portal::Institution;
use crate::portal::words::Word;

/// The two keys that protect values at rest: one seals, one makes look-up digests. 32 bytes each.
pub struct Keys {
    /// Seals and opens.
    pub data: Secret<[u8; 32]>,
    /// Makes blind indexes, fingerprints and token hashes.
    pub index: Secret<[u8; 32]>,
}

impl Keys {
    /// The key module of this process under a master key made from the data key: for demonstrations and tests.
    pub fn derived_module(&self) -> KeyModule {
        let digest = sha256(&[b"key module\0".as_slice(), self.data.expose()].concat());
        KeyModule::software(unhex(&digest).unwrap_or_default())
    }
}

/// The file `shoudan serve --config` reads (TOML). Unknown keys are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// The database's address; or the variable `SHOUDAN_DATABASE`, which keeps a password out of the file.
    pub database: Option<String>,
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// Where terminals are listened for.
    pub terminals: SocketAddr,
    /// The profile terminals speak there, by name; none: the standard one.
    pub terminal_profile: Option<String>,
    /// Further listeners for terminals: encrypted, carried by HTTP, of another profile.
    #[serde(default)]
    pub terminal_doors: Vec<DoorSettings>,
    /// How HTTP treats its callers, and under which names it answers besides the one in `origin`.
    #[serde(default)]
    pub http_settings: crate::serve::Settings,
    /// Scheme and host people reach it by. It must be `https://…` unless `http` is a loopback address.
    pub origin: String,
    /// The catalogue's directory; none: the shipped one.
    pub catalog: Option<PathBuf>,
    /// The card network's address, `host:port`.
    pub network: String,
    /// Whether its keys protect real money. `production`, the default, refuses a key module of this process.
    #[serde(default)]
    pub profile: KeyProfile,
    /// Files with the keys; or the variables `SHOUDAN_DATA_KEY`, `SHOUDAN_INDEX_KEY` and `SHOUDAN_MASTER_KEY` (64
    /// hexadecimal digits each) and `SHOUDAN_ZONE_KEY`.
    #[serde(default)]
    pub keys: KeyFiles,
    /// Who runs it, as the public sees it.
    pub institution: House,
}

/// Where the keys are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFiles {
    /// The file of the key that seals.
    pub data: Option<PathBuf>,
    /// The file of the key that makes look-up digests.
    pub index: Option<PathBuf>,
    /// The file of the PIN key shared with the card network: a sealed block, as `shoudan keys seal-zone` writes it; in the
    /// test profile also the key in clear, 16 or 32 hexadecimal digits.
    pub zone: Option<PathBuf>,
    /// The file of the master key of the key module in this process; the test profile only.
    pub master: Option<PathBuf>,
    /// Files of earlier such master keys, which still open what stands under them.
    #[serde(default)]
    pub earlier: Vec<PathBuf>,
    /// The token that holds the master keys.
    pub pkcs11: Option<TokenFile>,
}

/// Who runs it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct House {
    name: Named,
    hours: Named,
    hotline: String,
    site: String,
    sms: String,
    licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    zh: String,
    en: String,
}

impl House {
    /// As pages hold it. The texts live as long as the process.
    pub fn institution(self) -> Institution {
        fn kept(text: String) -> &'static str {
            Box::leak(text.into_boxed_str())
        }
        let word = |named: Named| Word {
            zh: kept(named.zh),
            en: kept(named.en),
        };
        Institution {
            name: word(self.name),
            hours: word(self.hours),
            hotline: kept(self.hotline),
            site: kept(self.site),
            sms: kept(self.sms),
            licence: kept(self.licence),
        }
    }
}

/// Reads the file of `shoudan serve`.
pub fn read(path: &Path) -> anyhow::Result<Serve> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let serve: Serve = toml::from_str(&text).with_context(|| path.display().to_string())?;
    if !serve.origin.starts_with("https://") && !serve.http.ip().is_loopback() {
        bail!(
            "{}: origin must begin with https:// where HTTP listens beyond this machine",
            path.display()
        );
    }
    Ok(serve)
}

impl KeyFiles {
    /// The keys from the files or the environment; refused when one is absent.
    pub fn read(&self) -> anyhow::Result<Keys> {
        Ok(Keys {
            data: key(self.data.as_deref(), "SHOUDAN_DATA_KEY", "keys.data")?,
            index: key(self.index.as_deref(), "SHOUDAN_INDEX_KEY", "keys.index")?,
        })
    }
}

pub(crate) fn key_text(file: Option<&Path>, variable: &str, setting: &str) -> anyhow::Result<String> {
    match (file, std::env::var(variable)) {
        (Some(path), _) => fs::read_to_string(path).with_context(|| path.display().to_string()),
        (None, Ok(text)) => Ok(text),
        (None, Err(_)) => bail!("there is no key: name its file in {setting}, or set {variable}"),
    }
}

pub(crate) fn key(file: Option<&Path>, variable: &str, setting: &str) -> anyhow::Result<Secret<[u8; 32]>> {
    let text = key_text(file, variable, setting)?;
    match unhex(text.trim()) {
        Some(key) => Ok(Secret::new(key)),
        None => bail!("the key of {setting} / {variable} is not 64 hexadecimal digits"),
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?))
        .collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}

/// What a demonstration keeps in its directory's `keys`.
#[derive(Serialize, Deserialize)]
struct DemoKeys {
    data: String,
    index: String,
}

/// The keys of a demonstration: made from `fresh` at its first start, readable by the owner only.
pub fn demo_keys(directory: &Path, fresh: impl Fn() -> [u8; 32]) -> anyhow::Result<Keys> {
    let path = directory.join("keys");
    if !path.exists() {
        let text = serde_json::to_string_pretty(&DemoKeys {
            data: hex(&fresh()),
            index: hex(&fresh()),
        })?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
    }
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let kept: DemoKeys = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    match (unhex(&kept.data), unhex(&kept.index)) {
        (Some(data), Some(index)) => Ok(Keys {
            data: Secret::new(data),
            index: Secret::new(index),
        }),
        _ => bail!("{}: a key is not 64 hexadecimal digits", path.display()),
    }
}

/// The PIN key the demonstration's gateway shares with its simulated network: made from its data key.
pub fn demo_zone_key(directory: &Path) -> anyhow::Result<DesKey> {
    let keys = demo_keys(directory, || [0; 32])?;
    let digest = sha256(&[b"zone key\0".as_slice(), keys.data.expose()].concat());
    let mut random = [0; 16];
    random
        .iter_mut()
        .zip(unhex(&digest).unwrap_or_default())
        .for_each(|(to, from)| *to = from);
    Ok(DesKey::from_random(random))
}

/// The files of a catalogue directory: name within it, and text.
pub fn read_catalog(directory: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    collect(directory, "", &mut files)?;
    if files.is_empty() {
        bail!("{} holds no catalogue (*.toml, *.csv)", directory.display());
    }
    files.sort();
    Ok(files)
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if name == profile::FILE {
            // The gateway's own table, which it reads itself.
        } else if path
            .extension()
            .is_some_and(|ending| ending == "toml" || ending == "csv")
        {
            files.push((
                name,
                fs::read_to_string(&path).with_context(|| path.display().to_string())?,
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_settings_have_defaults_and_each_may_be_set_in_seconds() {
        let read = |text: &str| toml::from_str::<crate::serve::Settings>(text);
        let usual = crate::serve::Settings::default();
        let set = read("connections = 2000\nbody_seconds = 300\nhosts = [\"pos.example.com\"]").unwrap();
        assert_eq!((set.connections, set.body.as_secs()), (2000, 300));
        assert_eq!(
            (set.head, set.hosts.as_slice()),
            (usual.head, ["pos.example.com".to_owned()].as_slice())
        );
        assert!(read("body = 300").is_err(), "an unknown key is refused");
        assert!(read("head_seconds = 0").is_err(), "no time at all serves nobody");
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_nothing_else() {
        assert_eq!(unhex(&"0f".repeat(32)), Some([15; 32]));
        assert!(unhex(&"0f".repeat(31)).is_none());
        assert!(unhex(&format!("{}0", "0f".repeat(32))).is_none());
        assert!(unhex(&"0g".repeat(32)).is_none());
    }
}
