//! Encrypted listeners, and terminals that are held to the device their certificate names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use shoudan::gateway::DoorSettings;
use shoudan::gateway::tls::TlsFiles;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::hall::{Hall, Wire, door, impatient, patient};
use super::raw::Raw;
use super::scene::{GOOD, Scene, card, on_every_database};

/// Who issues certificates, with a directory that is gone when the story ends.
struct Authority {
    directory: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    fn new(name: &str) -> Self {
        let unique = format!(
            "shoudan-{name}-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let directory = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&directory).unwrap();
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(directory.join("ca.pem"), certificate.pem()).unwrap();
        Self {
            directory,
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Issues a certificate; its file and that of its key.
    fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let certificate = named(name).signed_by(&key, &self.issuer).unwrap();
        let files = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    /// A listener with a certificate of this authority, which asks terminals for one of `clients`.
    fn door(&self, clients: Option<&Self>, clients_required: bool) -> DoorSettings {
        let (certificate, key) = self.issue("server");
        DoorSettings {
            tls: Some(TlsFiles {
                certificate,
                key,
                clients: clients.map(|authority| authority.file("ca.pem")),
                revoked: None,
                clients_required,
            }),
            ..door()
        }
    }
}

/// A terminal's side: whom it trusts, what it shows, which version it speaks.
struct Client<'a> {
    trusts: &'a Authority,
    shows: Option<(PathBuf, PathBuf)>,
    version: &'static SupportedProtocolVersion,
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

impl Client<'_> {
    async fn to(&self, address: std::net::SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[self.version])
            .unwrap()
            .with_root_certificates(roots);
        let config = match &self.shows {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(read(certificate), PrivateKeyDer::from_pem_file(key).unwrap())
                .unwrap(),
        };
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

#[test]
fn a_terminal_sells_over_either_version_of_tls() {
    on_every_database(|mut scene| async move {
        let authority = Authority::new("house");
        let hall = Hall::open(&mut scene, patient(), &[door(), authority.door(None, false)]).await;
        let mut raw = Raw::ready(&scene).await;
        for (version, name) in [
            (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
            (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        ] {
            let client = Client {
                trusts: &authority,
                shows: None,
                version,
            };
            let mut wire = Wire::over(client.to(hall.addresses[1]).await.unwrap());
            assert_eq!(wire.stream.get_ref().1.protocol_version(), Some(name));
            assert_eq!(wire.code(&raw.sale(&card(GOOD), 100)).await, "00");
            assert_eq!(wire.code(&raw.sale(&card(GOOD), 100)).await, "00");
        }
        assert_eq!(scene.states().await, ["sale approved"; 4]);
        hall.stop().await;
    });
}

#[test]
fn who_trusts_another_issuer_speaks_no_tls_or_says_nothing_gets_no_connection() {
    on_every_database(|mut scene| async move {
        let (authority, other) = (Authority::new("house"), Authority::new("other"));
        let hall = Hall::open(&mut scene, impatient(), &[authority.door(None, false)]).await;
        let distrustful = Client {
            trusts: &other,
            shows: None,
            version: &rustls::version::TLS13,
        };
        assert!(distrustful.to(scene.address).await.is_err());
        let echo = Raw::of(&scene).management("0820", 301);
        let mut plain = Wire::to(scene.address).await;
        plain.send(&echo).await;
        // What comes back, if anything, is the alert of TLS and no frame.
        let mut rest = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut plain.stream, &mut rest);
        let ended = tokio::time::timeout(super::hall::FOR_EVER, read).await;
        assert!(ended.is_ok(), "bytes that are no TLS are still served");
        assert!(rest.first().is_none_or(|byte| *byte == 0x15), "{rest:02x?}");
        let mut silent = Wire::to(scene.address).await;
        assert!(silent.has_ended().await);
        let trusting = Client {
            trusts: &authority,
            ..distrustful
        };
        let mut wire = Wire::over(trusting.to(scene.address).await.unwrap());
        assert_eq!(wire.code(&echo).await, "00");
        hall.stop().await;
    });
}

#[test]
fn a_client_certificate_is_required_where_the_listener_says_so_and_must_come_from_its_issuer() {
    on_every_database(|mut scene| async move {
        let (house, devices, other) = (
            Authority::new("house"),
            Authority::new("devices"),
            Authority::new("other"),
        );
        let hall = Hall::open(&mut scene, patient(), &[house.door(Some(&devices), true)]).await;
        let echo = Raw::of(&scene).management("0820", 301);
        let serial = scene.estate.serial.clone();
        let cases = [
            (None, "closed"),
            (Some(other.issue(&serial)), "closed"),
            (Some(devices.issue(&serial)), "00"),
        ];
        for (shows, expected) in cases {
            for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
                let client = Client {
                    trusts: &house,
                    shows: shows.clone(),
                    version,
                };
                // With TLS 1.3 the client learns of its refusal only when it reads.
                let code = match client.to(scene.address).await {
                    Err(_) => "closed".to_owned(),
                    Ok(stream) => {
                        let mut wire = Wire::over(stream);
                        let bytes = wire.framed(&echo);
                        let _ = wire.stream.write_all(&bytes).await;
                        let answer = wire.answer().await;
                        answer.map_or_else(|| "closed".to_owned(), |a| a.text(39).unwrap().to_owned())
                    }
                };
                assert_eq!(code, expected, "{:?} {version:?}", shows.as_ref().map(|files| &files.0));
            }
        }
        hall.stop().await;
    });
}

/// How often the terminal's time-line says that another device spoke under its number.
async fn impersonations(scene: &Scene) -> usize {
    let filter = store::events::Filter {
        terminal_id: scene.estate.terminal.clone(),
        ..Default::default()
    };
    let rows = scene
        .read(move |tx, _| Ok(store::events::list(tx, &filter, "", 200)?))
        .await;
    rows.iter()
        .filter(|row| row.kind == "terminal.identity_refused")
        .count()
}

#[test]
fn numbers_are_held_to_each_other_and_to_the_certificate() {
    on_every_database(|mut scene| async move {
        let (house, devices) = (Authority::new("house"), Authority::new("devices"));
        let hall = Hall::open(&mut scene, patient(), &[door(), house.door(Some(&devices), false)]).await;
        let mut raw = Raw::ready(&scene).await;
        let (own, foreign) = (devices.issue(&scene.estate.serial), devices.issue("N000000009"));
        let (number, merchant) = (raw.number.clone(), raw.merchant.clone());
        let (nobody, nowhere) = ("ZZ999999", "822999999999999");
        // (certificate, terminal number, merchant number, answer, whether it is an attack on the terminal)
        let matrix = [
            (None, number.as_str(), merchant.as_str(), "00", false),
            (None, nobody, merchant.as_str(), "97", false),
            (None, number.as_str(), nowhere, "03", false),
            (Some(&own), number.as_str(), merchant.as_str(), "00", false),
            (Some(&own), nobody, merchant.as_str(), "97", false),
            (Some(&own), number.as_str(), nowhere, "03", false),
            (Some(&foreign), number.as_str(), merchant.as_str(), "97", true),
            (Some(&foreign), number.as_str(), nowhere, "97", true),
            (Some(&foreign), nobody, merchant.as_str(), "97", false),
        ];
        let mut noted = 0;
        for (shows, number, merchant, expected, attack) in matrix {
            let client = Client {
                trusts: &house,
                shows: shows.cloned(),
                version: &rustls::version::TLS13,
            };
            let mut wire = Wire::over(client.to(hall.addresses[1]).await.unwrap());
            (raw.number, raw.merchant) = (number.to_owned(), merchant.to_owned());
            let sale = raw.sale(&card(GOOD), 100);
            assert_eq!(wire.code(&sale).await, expected, "{number} {merchant} {shows:?}");
            noted += usize::from(attack);
            assert_eq!(impersonations(&scene).await, noted, "{number} {merchant} {shows:?}");
        }
        assert_eq!(scene.states().await, ["sale approved"; 2]);
        hall.stop().await;
        scene.is_sound().await;
    });
}

#[test]
fn who_tries_another_terminals_number_again_and_again_is_shown_out() {
    on_every_database(|mut scene| async move {
        let (house, devices) = (Authority::new("house"), Authority::new("devices"));
        let hall = Hall::open(&mut scene, patient(), &[house.door(Some(&devices), true)]).await;
        let client = Client {
            trusts: &house,
            shows: Some(devices.issue("N000000009")),
            version: &rustls::version::TLS13,
        };
        let mut wire = Wire::over(client.to(scene.address).await.unwrap());
        let sign_in = Raw::of(&scene).management("0820", 301);
        for expected in ["97", "97", "97", "closed"] {
            assert_eq!(wire.code(&sign_in).await, expected);
        }
        assert_eq!(impersonations(&scene).await, 3);
        hall.stop().await;
    });
}
