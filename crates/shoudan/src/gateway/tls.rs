//! Encrypted listeners: certificate and key from files, and where terminals have certificates of their own, which device
//! each names.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;

/// The files of an encrypted listener (PEM).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The server's certificate, followed by those between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who issues certificates to terminals; none: terminals are not asked for one.
    pub clients: Option<PathBuf>,
    /// Certificates of terminals that no longer count (a CRL of that issuer).
    pub revoked: Option<PathBuf>,
    /// Whether a terminal without a certificate is shown out. Where not, one that has a certificate is still held to it.
    #[serde(default)]
    pub clients_required: bool,
}

/// Why a listener cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or is no PEM of what is expected.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The parts do not fit each other.
    #[error("the certificate of {path} cannot be used: {what}")]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Settings that cannot be meant together.
    #[error("clients_required and revoked need clients: the file of who issues certificates to terminals")]
    NoIssuer,
}

fn bad(path: &Path) -> impl Fn(rustls::pki_types::pem::Error) -> TlsError {
    move |error| TlsError::File {
        path: path.to_owned(),
        what: error.to_string(),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(bad(path))?
        .collect::<Result<_, _>>()
        .map_err(bad(path))?;
    if all.is_empty() {
        return Err(TlsError::File {
            path: path.to_owned(),
            what: "holds no certificate (PEM)".to_owned(),
        });
    }
    Ok(all)
}

impl TlsFiles {
    /// Reads the files. `protocols` are those a client may name (ALPN).
    pub fn acceptor(&self, protocols: &[&[u8]]) -> Result<TlsAcceptor, TlsError> {
        let unusable = |what: String| TlsError::Unusable {
            path: self.certificate.clone(),
            what,
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable(e.to_string()))?;
        let builder = match &self.clients {
            None if self.clients_required || self.revoked.is_some() => return Err(TlsError::NoIssuer),
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(path)? {
                    roots.add(root).map_err(|e| TlsError::File {
                        path: path.clone(),
                        what: e.to_string(),
                    })?;
                }
                let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                if let Some(path) = &self.revoked {
                    let list = CertificateRevocationListDer::from_pem_file(path).map_err(bad(path))?;
                    verifier = verifier.with_crls([list]);
                }
                if !self.clients_required {
                    verifier = verifier.allow_unauthenticated();
                }
                builder.with_client_cert_verifier(verifier.build().map_err(|e| TlsError::File {
                    path: path.clone(),
                    what: e.to_string(),
                })?)
            }
        };
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(bad(&self.key))?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|e| unusable(e.to_string()))?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        // A fleet that comes back after an outage resumes its sessions instead of agreeing on new ones.
        config.ticketer = ring::Ticketer::new().map_err(|e| unusable(e.to_string()))?;
        config.send_tls13_tickets = 1;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Where a demonstration's certificate stands in its directory.
pub const DEMO_CERTIFICATE: &str = "terminals-tls.pem";

/// The certificate of a demonstration: signed by itself, made at its first start, the key readable by the owner only.
pub fn demo(directory: &Path) -> anyhow::Result<TlsFiles> {
    let files = TlsFiles {
        certificate: directory.join(DEMO_CERTIFICATE),
        key: directory.join("terminals-tls.key"),
        clients: None,
        revoked: None,
        clients_required: false,
    };
    if !(files.certificate.exists() && files.key.exists()) {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names)?;
        write(&files.key, 0o600, &made.signing_key.serialize_pem())?;
        write(&files.certificate, 0o644, &made.cert.pem())?;
    }
    Ok(files)
}

fn write(path: &Path, mode: u32, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The serial number of the device that a terminal's certificate names: the attribute `serialNumber` of its subject, or
/// the common name where there is none. The certificate's own number is its issuer's affair and says nothing.
pub fn device_named(certificate: &CertificateDer<'_>) -> Option<String> {
    const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    let subject = subject(certificate)?;
    attribute(subject, SERIAL_NUMBER).or_else(|| attribute(subject, COMMON_NAME))
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const VERSION: u8 = 0xA0;

/// The subject of an X.509 certificate: what stands behind number, algorithm, issuer and validity.
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = any_element(rest)?.2;
    }
    for _ in ["number", "algorithm", "issuer", "validity"] {
        rest = any_element(rest)?.2;
    }
    Some(element(rest, SEQUENCE)?.0)
}

/// The text of the first attribute of this type in a name.
fn attribute(mut name: &[u8], wanted: &[u8]) -> Option<String> {
    while !name.is_empty() {
        let (mut set, rest) = element(name, SET)?;
        name = rest;
        while !set.is_empty() {
            let (pair, rest) = element(set, SEQUENCE)?;
            set = rest;
            let (kind, value) = element(pair, OBJECT_ID)?;
            if kind == wanted {
                let (_, text, _) = any_element(value)?;
                return String::from_utf8(text.to_vec()).ok().filter(|text| !text.is_empty());
            }
        }
    }
    None
}

/// An element of this type: its content, and what follows it.
fn element(input: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (kind, content, rest) = any_element(input)?;
    (kind == expected).then_some((content, rest))
}

/// The first element of DER: its type, its content, what follows it.
fn any_element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, first], rest) = input.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        // So many bytes of length follow; four count more than any certificate holds.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn issued(names: &[(DnType, &str)]) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, text) in names {
            params.distinguished_name.push(kind.clone(), *text);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_names_a_device_by_serial_number_or_common_name() {
        let serial = DnType::CustomDnType(vec![2, 5, 4, 5]);
        let organisation = (DnType::OrganizationName, "一家机构");
        let both = issued(&[
            organisation.clone(),
            (DnType::CommonName, "a POS"),
            (serial, "N900000123"),
        ]);
        assert_eq!(device_named(&both).as_deref(), Some("N900000123"));
        let common = issued(&[organisation.clone(), (DnType::CommonName, "N900000124")]);
        assert_eq!(device_named(&common).as_deref(), Some("N900000124"));
        assert_eq!(device_named(&issued(&[organisation])), None);
    }

    #[test]
    fn bytes_that_are_no_certificate_name_nothing() {
        let whole = issued(&[(DnType::CommonName, "N900000124")]);
        for length in 0..whole.len() / 2 {
            assert_eq!(device_named(&CertificateDer::from(&whole[..length])), None);
        }
        assert_eq!(
            device_named(&CertificateDer::from(&b"\x30\x84\xff\xff\xff\xff\x30"[..])),
            None
        );
        assert_eq!(device_named(&CertificateDer::from(&b"\x30\x80\x00"[..])), None);
    }

    #[test]
    fn files_that_are_missing_empty_or_contradict_each_other_are_told() {
        let directory = std::env::temp_dir().join(format!("shoudan-tls-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let sound = demo(&directory).unwrap();
        assert!(sound.acceptor(&[]).is_ok());
        assert_eq!(demo(&directory).unwrap(), sound, "made once");
        let told = |files: TlsFiles| files.acceptor(&[]).err().unwrap().to_string();
        let absent = TlsFiles {
            key: directory.join("absent.key"),
            ..sound.clone()
        };
        assert!(told(absent).contains("absent.key"));
        let swapped = TlsFiles {
            certificate: sound.key.clone(),
            ..sound.clone()
        };
        assert!(told(swapped).contains("holds no certificate"));
        let required = TlsFiles {
            clients_required: true,
            ..sound.clone()
        };
        assert!(told(required).contains("need clients"));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
