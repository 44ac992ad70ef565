//! People at a browser, through the doors of the seeded world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use domain::secret::Secret;
use tokio::runtime::Runtime;

use crate::app::{App, Options};
use crate::clock::Kind;
use crate::config::Keys;
use crate::demo::{self, World};
use crate::portal::sample::HOUSE;

/// A running demonstration and what it was seeded with.
struct Scene {
    world: World,
    address: SocketAddr,
    _runtime: Runtime,
}

fn scene() -> Scene {
    let options = Options {
        database: "sqlite::memory:".to_owned(),
        data: None,
        catalog: None,
        clock: Kind::Frozen,
        seed: 5,
        demo: true,
        keys: Keys {
            data: Secret::new([1; 32]),
            index: Secret::new([2; 32]),
        },
        origin: "http://127.0.0.1".to_owned(),
        institution: HOUSE,
    };
    let app = App::open(options).unwrap();
    let world = demo::seed(&app.db, &app.platform, 5, app.now()).unwrap();
    let runtime = Runtime::new().unwrap();
    let listen = async {
        for port in 21_000..32_000 {
            if let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                return listener;
            }
        }
        panic!("no free port");
    };
    let listener = runtime.block_on(listen);
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { crate::serve::serve(&app, listener, std::future::pending()).await });
    Scene {
        world,
        address,
        _runtime: runtime,
    }
}

/// What a page answered.
struct Answer {
    status: u16,
    to: String,
    cookies: Vec<String>,
    text: String,
}

/// Somebody at a browser that follows no redirect by itself.
struct Browser<'s> {
    scene: &'s Scene,
    cookies: Vec<(String, String)>,
}

impl Scene {
    fn browser(&self) -> Browser<'_> {
        Browser {
            scene: self,
            cookies: vec![("lang".into(), "en".into())],
        }
    }

    /// Signed in as the owner of the merchant of the first terminal stopped for this reason; and that terminal's serial.
    fn owner_of(&self, reason: &str) -> (Browser<'_>, String) {
        let terminal = self
            .world
            .terminals_list
            .iter()
            .find(|t| t.reason.as_deref() == Some(reason))
            .unwrap();
        let merchant = self
            .world
            .merchants
            .iter()
            .find(|m| m.number == terminal.merchant_number)
            .unwrap();
        let mut accounts = self.world.accounts.iter();
        let account = accounts
            .find(|a| a.role == "owner" && a.of.as_deref() == Some(merchant.id.as_str()))
            .unwrap();
        let mut browser = self.browser();
        let answer = browser.send("/login", &[("login", &account.login), ("password", &account.password)]);
        assert_eq!((answer.status, answer.to.as_str()), (303, "/m"), "{}", answer.text);
        (browser, terminal.serial_number.clone())
    }
}

impl Browser<'_> {
    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent()
    }

    fn headers(&self) -> [(&'static str, String); 2] {
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        [("accept", "text/html".to_owned()), ("cookie", cookies.join("; "))]
    }

    fn took(&mut self, mut response: ureq::http::Response<ureq::Body>) -> Answer {
        let all = response.headers().get_all("set-cookie").iter();
        let cookies: Vec<String> = all.filter_map(|v| v.to_str().ok()).map(str::to_owned).collect();
        for cookie in &cookies {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let to = response
            .headers()
            .get("location")
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Answer {
            status: response.status().as_u16(),
            to,
            cookies,
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    fn open(&mut self, path: &str) -> Answer {
        let mut request = Self::agent().get(format!("http://{}{path}", self.scene.address));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        self.took(request.call().unwrap())
    }

    fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut request = Self::agent().post(format!("http://{}{path}", self.scene.address));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        self.took(request.send_form(form.iter().copied()).unwrap())
    }

    /// Sends a file as the two buttons of a document do: the one that was not used is empty.
    fn upload(&mut self, path: &str, kind: &str, content: &[u8]) -> Answer {
        let part = |head: &str, body: &[u8]| {
            [
                format!("--edge\r\ncontent-disposition: form-data; {head}\r\n\r\n").as_bytes(),
                body,
                b"\r\n",
            ]
            .concat()
        };
        let body = [
            part("name=\"kind\"", kind.as_bytes()),
            part("name=\"file\"; filename=\"\"", b""),
            part("name=\"file\"; filename=\"licence.pdf\"", content),
            b"--edge--\r\n".to_vec(),
        ]
        .concat();
        let mut request = Self::agent().post(format!("http://{}{path}", self.scene.address));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "multipart/form-data; boundary=edge");
        self.took(request.send(body.as_slice()).unwrap())
    }
}

/// The value of a hidden field.
fn hidden<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

#[test]
fn the_one_box_leads_to_a_page_or_says_what_is_wrong() {
    let scene = scene();
    let mut browser = scene.browser();
    assert_eq!(browser.open("/find?q=7k3m9q").to, "/e/7K3-M9Q");
    let gone = browser.open("/e/7K3-M9Q");
    assert_eq!((gone.status, gone.text.contains("This code is not known")), (404, true));
    let wrong = browser.open("/find?q=what%20is%20it");
    assert_eq!(
        (wrong.status, wrong.text.contains("neither a six-character code")),
        (422, true)
    );
    let stopped = scene.world.terminals_list.iter().find(|t| t.reason.is_some()).unwrap();
    let found = browser.open(&format!("/find?q={}", stopped.serial_number));
    let page = browser.open(&found.to);
    assert_eq!((page.status, page.text.contains("How it comes back")), (200, true));
    assert!(!page.text.contains(&stopped.merchant_number) && !page.text.contains(&stopped.terminal_number));
}

#[test]
fn the_choice_of_language_is_kept_and_leads_nowhere_else() {
    let scene = scene();
    let mut browser = scene.browser();
    let set = browser.send("/preferences", &[("lang", "zh-CN"), ("back", "//evil.example/x")]);
    assert_eq!((set.status, set.to.as_str()), (303, "/"));
    assert!(browser.open("/").text.contains("<html lang=\"zh-CN\""));
}

#[test]
fn a_page_of_the_merchant_asks_for_a_login_and_then_goes_there() {
    let scene = scene();
    let mut browser = scene.browser();
    assert_eq!(browser.open("/m/money").to, "/login?next=%2Fm%2Fmoney");
    let account = scene.world.accounts.iter().find(|a| a.role == "owner").unwrap();
    let wrong = browser.send("/login", &[("login", &account.login), ("password", "a guess")]);
    assert_eq!(
        (wrong.status, wrong.text.contains("not right"), wrong.cookies.len()),
        (422, true, 0)
    );
    let form = [
        ("login", account.login.as_str()),
        ("password", &account.password),
        ("next", "/m/money"),
    ];
    assert_eq!(browser.send("/login", &form).to, "/m/money");
    assert_eq!(browser.open("/m/money").status, 200);
    assert_eq!(browser.open("/agent").status, 403);
    assert_eq!(browser.send("/logout", &[]).to, "/");
    assert_eq!(browser.open("/m").status, 303);
}

#[test]
fn staff_are_asked_for_their_code_and_the_note_in_between_opens_nothing() {
    let scene = scene();
    let mut browser = scene.browser();
    let account = scene.world.accounts.iter().find(|a| a.role == "reviewer").unwrap();
    let first = browser.send("/login", &[("login", &account.login), ("password", &account.password)]);
    assert_eq!(first.to, "/login/code");
    assert!(
        first
            .cookies
            .iter()
            .all(|c| c.starts_with("login=") && c.contains("HttpOnly"))
    );
    assert!(!first.cookies.concat().contains(&account.login), "the note is sealed");
    assert_eq!(browser.open("/m").to, "/login?next=%2Fm");
    let wrong = browser.send("/login/code", &[("code", "12")]);
    assert_eq!(
        (wrong.status, wrong.text.contains("The code is not right")),
        (422, true)
    );
    let mut stranger = scene.browser();
    assert_eq!(stranger.send("/login/code", &[("code", "123456")]).to, "/login");
}

#[test]
fn an_expired_licence_is_renewed_on_the_phone() {
    let scene = scene();
    let (mut browser, serial) = scene.owner_of("merchant.licence_expired");
    let home = browser.open("/m").text;
    let (_, begin) = home
        .split_once("/m/requests/new?")
        .expect("the home page offers to begin");
    let begin = format!(
        "/m/requests/new?{}",
        begin.split('"').next().unwrap().replace("&amp;", "&")
    );
    let before = browser.open(&begin).text;
    assert!(before.contains("Business licence"), "what it will ask is told first");
    let nothing = browser.open("/m/requests").text;
    assert!(nothing.contains("Nothing is under way"), "looking opens nothing");
    let form = [
        ("kind", hidden(&before, "kind")),
        ("subject", hidden(&before, "subject")),
    ];
    let step = browser.send("/m/requests/new", &form).to;
    assert!(step.ends_with("/supply_documents"), "{step}");

    let upload = format!("{step}/documents");
    let wrong = browser.upload(&upload, "business_licence", b"<svg onload=alert(1)>");
    assert_eq!(
        (wrong.status, wrong.text.contains("only PDF, PNG, JPEG and WebP")),
        (422, true)
    );
    let taken = browser.upload(
        &upload,
        "business_licence",
        b"%PDF-1.7 a scanned licence\nstartxref\n0\n%%EOF",
    );
    assert_eq!((taken.status, taken.to), (303, format!("{step}#d-business_licence")));

    let page = browser.open(&step).text;
    let (_, document) = page.split_once("/m/documents/").unwrap();
    let document = format!("/m/documents/{}", document.split('"').next().unwrap());
    assert!(browser.open(&document).text.contains("a scanned licence"));
    let (mut other, _) = scene.owner_of("merchant.data_mismatch");
    assert_eq!(other.open(&document).status, 404);
    assert_eq!(other.open(&step).status, 404);

    let version = hidden(&page, "version").to_owned();
    let past = browser.send(&step, &[("version", &version), ("licence_valid_until", "2020-01-01")]);
    assert_eq!(
        (
            past.status,
            past.text.contains("the date has passed"),
            past.text.contains("2020-01-01")
        ),
        (422, true, true)
    );
    let stale = browser.send(&step, &[("version", "0"), ("licence_valid_until", "2031-12-31")]);
    assert_eq!(
        (
            stale.status,
            stale.text.contains("changed after you opened"),
            stale.text.contains("2031-12-31")
        ),
        (422, true, true)
    );
    let done = browser.send(&step, &[("version", &version), ("licence_valid_until", "2031-12-31")]);
    assert_eq!(done.status, 303, "{}", done.text);
    assert!(browser.open(&done.to).text.contains("Waiting for a reviewer"));
    assert!(
        browser.open(&format!("/s/{serial}")).text.contains("Handed in"),
        "the public page follows"
    );
}

#[test]
fn an_agreement_is_signed_under_the_text_that_was_shown() {
    let scene = scene();
    let (mut browser, _) = scene.owner_of("contract.expired");
    let home = browser.open("/m").text;
    let (_, begin) = home.split_once("/m/requests/new?").unwrap();
    let begin = begin.split('"').next().unwrap().replace("&amp;", "&");
    let before = browser.open(&format!("/m/requests/new?{begin}")).text;
    let form = [
        ("kind", hidden(&before, "kind")),
        ("subject", hidden(&before, "subject")),
    ];
    let step = browser.send("/m/requests/new", &form).to;
    assert!(step.ends_with("/sign_amendment"), "{step}");

    let page = browser.open(&step).text;
    assert!(
        page.contains("Acquiring agreement") && page.contains("may not be let, lent or sold"),
        "the whole text stands above the signature"
    );
    let (version, seen) = (
        hidden(&page, "version").to_owned(),
        hidden(&page, "agreement").to_owned(),
    );
    let signed = |browser: &mut Browser<'_>, seen: &str| {
        let form = [
            ("version", version.as_str()),
            ("signature", "Chen Xiaoming"),
            ("confirm", "yes"),
            ("agreement", seen),
        ];
        browser.send(&step, &form)
    };
    for other in ["", "the digest of another text"] {
        let refused = signed(&mut browser, other);
        assert_eq!(
            (refused.status, refused.text.contains("Please read it again below")),
            (422, true)
        );
    }
    let done = signed(&mut browser, &seen);
    assert_eq!(done.status, 303, "{}", done.text);
    assert!(!browser.open(&done.to).text.contains("It is your turn"));
}

#[test]
fn there_is_a_closing_certificate_only_once_the_service_has_ended() {
    let scene = scene();
    let (mut browser, _) = scene.owner_of("contract.expired");
    let early = browser.open("/m/closing-certificate");
    assert_eq!(
        (early.status, early.text.contains("there is a certificate once it is")),
        (409, true),
        "{}",
        early.text
    );
}
