//! Staff at work over the seeded world, through the doors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use domain::names::Lang;
use domain::secret::Secret;
use domain::time::Time;
use operations::Actor;
use operations::people::{self, Login, NewUser};
use tokio::runtime::Runtime;

use super::{field, local};
use crate::app::{App, Options};
use crate::clock::Kind;
use crate::config::Keys;
use crate::demo::{self, World};
use crate::portal::sample::HOUSE;
use domain::time::Zone;

#[test]
fn a_browsers_local_time_goes_there_and_back() {
    let zone = Zone::default();
    let at = local(&zone, "2026-11-12T10:05").unwrap();
    assert_eq!(at, Time::parse_rfc3339("2026-11-12T10:05:00+08:00").unwrap());
    assert_eq!(field(&zone, at), "2026-11-12T10:05");
    for wrong in [
        "",
        "2026-11-12",
        "2026-13-01T00:00",
        "2026-11-12T24:00",
        "2026-11-12T1:2",
    ] {
        assert!(local(&zone, wrong).is_none(), "{wrong}");
    }
}

/// A running demonstration and what it was seeded with.
struct Scene {
    app: App,
    world: World,
    address: SocketAddr,
    _runtime: Runtime,
}

fn scene() -> Scene {
    let app = App::open(Options {
        database: "sqlite::memory:".to_owned(),
        data: None,
        catalog: None,
        clock: Kind::Frozen,
        seed: 3,
        demo: true,
        keys: Keys {
            data: Secret::new([1; 32]),
            index: Secret::new([2; 32]),
        },
        origin: "http://127.0.0.1".to_owned(),
        institution: HOUSE,
    })
    .unwrap();
    let world = demo::seed(&app.db, &app.platform, 3, app.now()).unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(async {
        for port in 21_000..32_000 {
            if let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                return listener;
            }
        }
        panic!("no free port");
    });
    let address = listener.local_addr().unwrap();
    let served = app.clone();
    runtime.spawn(async move { crate::serve::serve(&served, listener, std::future::pending()).await });
    Scene {
        app,
        world,
        address,
        _runtime: runtime,
    }
}

/// Somebody at a browser.
struct Browser<'s> {
    scene: &'s Scene,
    cookie: String,
}

impl Scene {
    /// A new member of staff, logged in.
    fn staff(&self, login: &'static str, role: &'static str) -> Browser<'_> {
        let ctx = self.app.ctx(Actor::system("test"), Lang::En, "test");
        let hash = people::hash_password("a password of tests", [7; 16]).unwrap();
        let code = people::totp_code(&[3; 20], self.app.clock.hand()).unwrap();
        let hand = self.app.clock.hand();
        let token = self.app.db.write(move |tx| {
            let mut ctx = operations::Ctx {
                ids: domain::ids::IdSource::seeded(u64::from(login.as_bytes()[0])),
                ..ctx.clone()
            };
            let new = NewUser {
                login,
                display_name: login,
                role,
                merchant: "-",
                agent: "-",
                person: None,
                password_hash: &hash,
                totp_secret: Some(Secret::new(vec![3; 20])),
            };
            people::create_user(tx, &mut ctx, new)?;
            let attempt = people::login_row(tx, login)?.with_codes_at(hand);
            match people::login_done(tx, &mut ctx, &attempt, true, Some(&code))? {
                Login::In(logged) => Ok(logged.token.into_exposed()),
                _ => Err(operations::Refused::NotAuthenticated),
            }
        });
        Browser {
            scene: self,
            cookie: format!("session={}; lang=en", token.wait().unwrap()),
        }
    }
}

impl Browser<'_> {
    /// Asks for a page, or sends a form; follows where it is sent. Status, address and page.
    fn ask(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None);
        let agent = config.build().new_agent();
        let body: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", crate::portal::paths::part(value)))
            .collect();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.scene.address))
            .header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded");
        let mut answer = agent.run(request.body(body.join("&")).unwrap()).unwrap();
        if let Some(next) = answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned()) {
            return self.ask("GET", &next, &[]);
        }
        (
            answer.status().as_u16(),
            path.to_owned(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    fn get(&self, path: &str) -> String {
        let (status, _, page) = self.ask("GET", path, &[]);
        assert_eq!(status, 200, "{path}: {page}");
        page
    }
}

#[test]
fn a_stop_is_previewed_placed_seen_and_lifted_by_another() {
    let scene = scene();
    let first = scene.staff("rev-a", "reviewer");
    let other = scene.staff("other-b", "reviewer");
    let number = scene.world.terminals_list.first().unwrap().terminal_number.clone();
    let page = first.get(&format!("/console/terminals/{number}"));
    assert!(
        page.contains("is-works") && page.contains("/console/stops/new?kind=terminal"),
        "{page}"
    );

    // A reason that reviewers place by hand on what is a merchant's, and that one other person may lift.
    let one = |r: &&domain::catalog::Reason| {
        let own = "reviewer".to_owned();
        r.place.contains(&own)
            && r.lift.by.contains(&own)
            && r.lift.approvals == 1
            && r.subject.of_merchant()
            && !r.blocks.is_empty()
    };
    let reason = scene.app.platform.catalog.reasons.values().find(one).unwrap();
    let form = [
        ("id", number.as_str()),
        ("reason", reason.code.as_str()),
        ("when", "now"),
        ("why", "case 20261118-014: seen on the spot"),
    ];
    let (status, _, seen) = first.ask("POST", "/console/stops/preview", &form);
    assert_eq!(status, 200);
    assert!(
        seen.contains("Confirm the stop") && seen.contains(&reason.en.title),
        "{seen}"
    );
    let before = first.get(&format!("/console/terminals/{number}"));
    assert!(!before.contains(&reason.code), "a preview changes nothing");

    let (status, stop, placed) = first.ask("POST", "/console/stops/new", &form);
    assert_eq!(status, 200, "{placed}");
    assert!(placed.contains("seen on the spot") && stop.starts_with("/console/stops/mch_"));
    assert!(
        first
            .get(&format!("/console/terminals/{number}"))
            .contains(&reason.code)
    );

    // As of a minute before it, nothing was wrong.
    let earlier = scene.app.now().millis() - 60_000;
    let then = first.get(&format!("/console/terminals/{number}?at={earlier}"));
    assert!(then.contains("not how they stand now") && !then.contains(&reason.code));

    let lift = format!("{stop}/lift");
    assert_ne!(
        first.ask("POST", &lift, &[("why", "a mistake")]).0,
        200,
        "whoever placed it does not lift it"
    );
    let (status, _, refused) = other.ask("POST", &lift, &[("why", "")]);
    assert_eq!(status, 422);
    assert!(refused.contains("data-focus"), "what is wrong is told first: {refused}");
    let (status, _, lifted) = other.ask("POST", &lift, &[("why", "looked again; it is fine")]);
    assert_eq!(status, 200, "{lifted}");
    assert!(lifted.contains("looked again") && lifted.contains("Lifted"));
    assert!(
        !first
            .get(&format!("/console/terminals/{number}"))
            .contains(&format!(">{}<", reason.code))
    );
}

#[test]
fn a_form_that_is_wrong_comes_back_with_everything_typed() {
    let scene = scene();
    let risk = scene.staff("risk-c", "risk");
    let form = [
        ("id", "no such number"),
        ("reason", "device.tampered"),
        ("when", "now"),
        ("why", "typed with care"),
    ];
    let (status, _, page) = risk.ask("POST", "/console/stops/preview", &form);
    assert_eq!(status, 422);
    assert!(page.contains("typed with care") && page.contains("no such number"));
    assert!(page.contains("this number leads to nothing"));
    let later = [
        ("id", "-"),
        ("reason", "device.tampered"),
        ("when", "later"),
        ("why", "x"),
    ];
    assert_eq!(risk.ask("POST", "/console/stops/preview", &later).0, 422);
}

#[test]
fn every_page_opens_to_those_who_may_and_to_no_one_else() {
    let scene = scene();
    let merchant = &scene.world.merchants.first().unwrap().id;
    let terminal = &scene.world.terminals_list.first().unwrap();
    let serial = scene.world.stock.first().unwrap();
    let all = [
        "/console".to_owned(),
        format!("/console/search?q={}", terminal.terminal_number),
        "/console/merchants?q=%E9%9D%A2".to_owned(),
        format!("/console/merchants/{merchant}?kind=stops"),
        format!("/console/terminals/{}", terminal.terminal_number),
        format!("/console/devices/{}", terminal.serial_number),
        format!("/console/devices/{serial}"),
        "/console/reviews?mine=yes".to_owned(),
        "/console/stops?all=yes&kind=device".to_owned(),
        "/console/requests?state=closed".to_owned(),
        "/console/catalog?q=licence".to_owned(),
        "/console/catalog/merchant.licence_expired".to_owned(),
    ];
    let desk = scene.staff("desk-d", "desk");
    for path in &all {
        desk.get(path);
    }
    assert_eq!(desk.ask("GET", "/console/audit", &[]).0, 403);
    assert_eq!(desk.ask("GET", "/console/stops/new", &[]).0, 403);
    let auditor = scene.staff("eve-auditor", "auditor");
    assert!(auditor.get("/console/audit?check=yes").contains("tone-good"));
    assert!(
        scene
            .staff("boss", "administrator")
            .get("/console/people")
            .contains("eve-auditor")
    );
    assert_eq!(desk.ask("GET", "/console/terminals/99999999", &[]).0, 404);
    assert_eq!(desk.ask("GET", "/console/catalog/no.such.reason", &[]).0, 404);
}
