//! Encryption on the way to PostgreSQL. A server is trusted when its certificate is signed by the authority the address
//! names and is made out to the host the address names; there is no encryption without that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// The option of an address that names the authority's certificates (PEM).
const ROOT: &str = "sslrootcert";

/// The option that asks for encryption, and how the clients of others spell asking for it with verification.
const MODE: &str = "sslmode";
const VERIFIED: [&str; 2] = ["verify-ca", "verify-full"];

/// Takes the authority's file out of an address, which the client library does not know; the rest, and the file.
pub(crate) fn root_of(url: &str) -> (String, Option<PathBuf>) {
    let Some((place, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut root = None;
    let mut kept = Vec::new();
    for option in query.split('&') {
        match option.split_once('=') {
            Some((ROOT, path)) => root = Some(PathBuf::from(path)),
            Some((MODE, mode)) if VERIFIED.contains(&mode) => kept.push(format!("{MODE}=require")),
            _ => kept.push(option.to_owned()),
        }
    }
    let rest = if kept.is_empty() {
        place.to_owned()
    } else {
        format!("{place}?{}", kept.join("&"))
    };
    (rest, root)
}

/// What makes encrypted connections that trust the authority in a file.
pub(crate) fn connector(root: &Path) -> Result<MakeRustlsConnect, Error> {
    let refused = |why: String| Error::Startup(format!("{ROOT} {}: {why}", root.display()));
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).map_err(|error| refused(error.to_string()))? {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        trusted.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if trusted.is_empty() {
        return Err(refused("there is no certificate in it".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
