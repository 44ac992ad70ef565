//! How terminals of one make are spoken to: rows of `catalog/terminal_profiles.toml`, checked when they are loaded.

use std::path::Path;
use std::sync::Arc;

use iso8583::crypto::MacAlgorithm;
use iso8583::values::KeyLayout;
use iso8583::{Frame, HeaderForm};
use serde::Deserialize;

/// The file in a catalogue's directory.
pub const FILE: &str = "terminal_profiles.toml";

const SHIPPED: &str = include_str!("../../../../catalog/terminal_profiles.toml");

/// What happens to the addresses of a request in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addresses {
    /// Destination and source change places: the usual way.
    Swap,
    /// They go back as they came.
    Echo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeaderName {
    None,
    Six,
}

/// The nibble a terminal puts behind an odd count of digits. Both are read; answers carry `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs)]
pub enum Pad {
    #[serde(rename = "0")]
    Zero,
    F,
}

/// The name of a profile in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Title {
    pub zh: String,
    pub en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    title: Title,
    header: HeaderName,
    tpdu: Addresses,
    pad: Pad,
    mac: String,
    key_index: u8,
    sign_in: u16,
    models: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Vec<Row>,
}

/// How terminals of one make are spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What listeners and the conformance kit call it.
    pub name: String,
    /// What people read.
    pub title: Title,
    /// Whether frames have the six bytes of header.
    pub header: HeaderForm,
    /// What happens to the addresses.
    pub addresses: Addresses,
    /// What the terminal pads with.
    pub pad: Pad,
    /// The MAC a terminal of this profile is set up with; its own row rules each message.
    pub mac: MacAlgorithm,
    /// The slot of the master key in the terminal, 0 to 9.
    pub key_index: u8,
    /// The layout of the working keys its sign-in asks for.
    pub sign_in: KeyLayout,
    /// Codes of the models that are answered by this profile on any listener.
    pub models: Vec<String>,
}

/// Why the profiles of a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be opened.
    #[error("{FILE} cannot be read: {0}")]
    Unreadable(String),
    /// The text is not the table that is expected.
    #[error("{FILE}: {0}")]
    Syntax(String),
    /// A row that cannot be meant.
    #[error("{FILE}, profile {name}: {what}")]
    Row {
        /// The profile.
        name: String,
        /// What is wrong and what would be right.
        what: String,
    },
    /// There must be a default.
    #[error("{FILE}: there is no profile named {0}")]
    Absent(String),
}

/// Every profile of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles(Vec<Arc<Profile>>);

impl Profiles {
    /// The default.
    pub const STANDARD: &str = "standard";

    /// The standard profile alone.
    pub fn standard() -> Self {
        Self(vec![Arc::new(Profile::standard())])
    }

    /// The profiles beside a catalogue, or the shipped ones.
    pub fn load(directory: Option<&Path>) -> Result<Self, ProfileError> {
        let own = directory.map(|d| d.join(FILE)).filter(|path| path.exists());
        match own {
            None => Self::parse(SHIPPED),
            Some(path) => {
                Self::parse(&std::fs::read_to_string(path).map_err(|e| ProfileError::Unreadable(e.to_string()))?)
            }
        }
    }

    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file: File = toml::from_str(text).map_err(|e| ProfileError::Syntax(e.to_string()))?;
        let mut profiles: Vec<Arc<Profile>> = Vec::new();
        for row in file.profile {
            let profile = profile(row)?;
            let wrong = |what: String| ProfileError::Row {
                name: profile.name.clone(),
                what,
            };
            if profiles.iter().any(|other| other.name == profile.name) {
                return Err(wrong("two profiles have this name; rename one".to_owned()));
            }
            let claimed = profile
                .models
                .iter()
                .find_map(|model| profiles.iter().find(|other| other.models.contains(model)));
            if let Some(other) = claimed {
                return Err(wrong(format!("a model of it belongs to {} already", other.name)));
            }
            profiles.push(Arc::new(profile));
        }
        let all = Self(profiles);
        all.named(Self::STANDARD)?;
        Ok(all)
    }

    /// The profile of a name.
    pub fn named(&self, name: &str) -> Result<Arc<Profile>, ProfileError> {
        let found = self.0.iter().find(|profile| profile.name == name);
        found.cloned().ok_or_else(|| ProfileError::Absent(name.to_owned()))
    }

    /// The profile of a model that has one of its own.
    pub fn of_model(&self, code: &str) -> Option<&Arc<Profile>> {
        self.0.iter().find(|profile| profile.models.iter().any(|m| m == code))
    }

    /// Whether the model of a terminal can change how it is answered on a listener of this profile. Where not, which is
    /// usual, nobody needs to look the model up.
    pub fn models_matter(&self, listener: &Profile) -> bool {
        self.0
            .iter()
            .any(|own| !own.models.is_empty() && own.addresses != listener.addresses)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.iter().map(AsRef::as_ref)
    }
}

fn profile(row: Row) -> Result<Profile, ProfileError> {
    let name = row.name.clone();
    let wrong = |what: &str| ProfileError::Row {
        name: name.clone(),
        what: what.to_owned(),
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if row.name.is_empty() || !row.name.chars().all(lower) {
        return Err(wrong("a name consists of lower-case letters, digits and hyphens"));
    }
    if row.title.zh.is_empty() || row.title.en.is_empty() {
        return Err(wrong("the title needs words in both languages"));
    }
    if row.key_index > 9 {
        return Err(wrong("key_index is the slot of the master key, 0 to 9"));
    }
    let mac: MacAlgorithm = row
        .mac
        .parse()
        .map_err(|_| wrong("mac is one of ecb, x9.9, x9.19, sm4-ecb"))?;
    let sign_in = KeyLayout::from_code(row.sign_in).ok_or_else(|| wrong("sign_in is 1, 3, 4 or 6"))?;
    let short = sign_in == KeyLayout::Single;
    if (mac == MacAlgorithm::Sm4Ecb) != (sign_in == KeyLayout::Sm4) {
        return Err(wrong("SM4 keys (sign_in 6) go with mac sm4-ecb, and with nothing else"));
    }
    if mac == MacAlgorithm::X919 && short {
        return Err(wrong("x9.19 needs a double-length key: sign_in 3 or 4"));
    }
    Ok(Profile {
        name: row.name,
        title: row.title,
        header: match row.header {
            HeaderName::None => HeaderForm::Absent,
            HeaderName::Six => HeaderForm::SixBytes,
        },
        addresses: row.tpdu,
        pad: row.pad,
        mac,
        key_index: row.key_index,
        sign_in,
        models: row.models,
    })
}

impl Profile {
    /// What most terminals speak.
    pub fn standard() -> Self {
        Self {
            name: Profiles::STANDARD.to_owned(),
            title: Title {
                zh: "标准（六字节报文头）".to_owned(),
                en: "Standard, six bytes of header".to_owned(),
            },
            header: HeaderForm::SixBytes,
            addresses: Addresses::Swap,
            pad: Pad::Zero,
            mac: MacAlgorithm::Ecb,
            key_index: 0,
            sign_in: KeyLayout::Double,
            models: Vec::new(),
        }
    }
}

impl Addresses {
    /// Puts the addresses of an answer as the terminal expects them.
    pub(super) fn put(self, request: &Frame, answer: &mut Frame) {
        answer.tpdu = match self {
            Self::Swap => request.tpdu.swapped(),
            Self::Echo => request.tpdu,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"
        [[profile]]
        name = "standard"
        title = { zh = "标准", en = "Standard" }
        header = "six"
        tpdu = "swap"
        pad = "0"
        mac = "ecb"
        key_index = 0
        sign_in = 3
        models = ["M1"]
    "#;

    fn refused(text: &str) -> String {
        Profiles::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_profiles_are_sound_and_the_standard_one_is_what_most_terminals_speak() {
        let all = Profiles::load(None).unwrap();
        assert_eq!(*all.named(Profiles::STANDARD).unwrap(), Profile::standard());
        assert_eq!(all.named("headerless").unwrap().header, HeaderForm::Absent);
        assert!(all.iter().all(|profile| !all.models_matter(profile)));
    }

    #[test]
    fn a_row_that_cannot_be_meant_is_refused_with_what_would_be_right() {
        let wrong = [
            ("\"six\"", "\"four\"", "four"),
            ("\"0\"", "\"A\"", "unknown variant"),
            ("\"ecb\"", "\"md5\"", "mac is one of"),
            ("key_index = 0", "key_index = 10", "0 to 9"),
            ("sign_in = 3", "sign_in = 2", "1, 3, 4 or 6"),
            ("sign_in = 3", "sign_in = 6", "mac sm4-ecb"),
            ("\"standard\"", "\"other\"", "no profile named standard"),
            ("\"standard\"", "\"Standard\"", "lower-case"),
            ("zh = \"标准\"", "zh = \"\"", "both languages"),
        ];
        for (right, instead, told) in wrong {
            let message = refused(&ROW.replacen(right, instead, 1));
            assert!(message.contains(told), "{instead}: {message}");
        }
        let short = ROW
            .replace("sign_in = 3", "sign_in = 1")
            .replace("\"ecb\"", "\"x9.19\"");
        assert!(refused(&short).contains("double-length"));
        assert!(refused(&format!("{ROW}{ROW}")).contains("two profiles"));
        let twice = format!("{ROW}{}", ROW.replace("\"standard\"", "\"second\""));
        assert!(refused(&twice).contains("belongs to standard"));
    }

    #[test]
    fn a_model_with_other_addresses_than_the_listener_is_told_apart() {
        let other = ROW
            .replace("\"standard\"", "\"odd\"")
            .replace("\"swap\"", "\"echo\"")
            .replace("M1", "M2");
        let all = Profiles::parse(&format!("{ROW}{other}")).unwrap();
        assert!(all.models_matter(&all.named("standard").unwrap()));
        assert_eq!(all.of_model("M2").unwrap().name, "odd");
        assert_eq!(all.of_model("M3"), None);
    }
}
