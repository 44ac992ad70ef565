//! The way to PostgreSQL, encrypted: the server of the tests is given a certificate, and shown to clients who trust its
//! authority, another one, or expect another host.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::testing::{TestDb, postgres};
use store::{Config, Db, Error, args};

/// A certificate authority of its own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Files of a test, gone with it.
struct Files(PathBuf);

impl Files {
    fn new(test: &TestDb) -> Self {
        let name = test.url().rsplit('/').next().unwrap_or_default();
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = std::env::temp_dir().join(format!("encrypted-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Gives the server a certificate for 127.0.0.1. The server writes its own files: only it may read the key.
fn certify(test: &TestDb, authority: &CertifiedIssuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let mut admin = ::postgres::Client::connect(test.url(), ::postgres::NoTls).unwrap();
    for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let lines: Vec<String> = pem.lines().map(|line| format!("('{line}')")).collect();
        let sql = format!(
            "copy (select line from (values {}) as pem (line)) to program 'rm -f {name}; umask 077; cat > {name}'",
            lines.join(",")
        );
        admin.batch_execute(&sql).unwrap();
    }
    admin.batch_execute("alter system set ssl = on").unwrap();
    admin.execute("select pg_reload_conf()", &[]).unwrap();
    // The server takes up a new setting in its own time.
    let on = |admin: &mut ::postgres::Client| admin.query_one("show ssl", &[]).unwrap().get::<_, String>(0) == "on";
    while !on(&mut admin) {
        std::thread::yield_now();
    }
}

fn opened(test: &TestDb, host: &str, root: &Path) -> Result<Db, Error> {
    let url = test.url().replace("127.0.0.1", host);
    let mark = if url.contains('?') { '&' } else { '?' };
    let mut config = Config::from_url(&format!("{url}{mark}sslmode=require&sslrootcert={}", root.display()))?;
    config.relaxed = true;
    (config.writers, config.readers) = (1, 1);
    Db::open(&config)
}

#[test]
fn a_server_is_trusted_with_its_authoritys_certificate_for_its_host_and_not_otherwise() {
    let Some(test) = postgres() else { return };
    assert!(test.url().contains("127.0.0.1"), "the certificate is for that host");
    let files = Files::new(&test);
    let ours = authority();
    certify(&test, &ours);
    let root = files.put("ca.pem", &ours.pem());
    let db = opened(&test, "127.0.0.1", &root).unwrap();
    let encrypted = db
        .read(|tx| tx.one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", args![]))
        .wait()
        .unwrap();
    assert_eq!(encrypted.take(0), Ok(true));
    db.write(|tx| tx.one("select 1", args![])).wait().unwrap();

    let stranger = files.put("stranger.pem", &authority().pem());
    assert!(matches!(
        opened(&test, "127.0.0.1", &stranger).err(),
        Some(Error::Unavailable(_))
    ));
    assert!(matches!(
        opened(&test, "localhost", &root).err(),
        Some(Error::Unavailable(_))
    ));
    let empty = files.put("empty.pem", "");
    assert!(matches!(
        opened(&test, "127.0.0.1", &empty).err(),
        Some(Error::Startup(_))
    ));
}
