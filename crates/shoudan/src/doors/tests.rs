//! The sheet of doors, and a knock on every one of them in every role.

use std::net::SocketAddr;

use axum::http::Method;
use domain::secret::Secret;
use operations::people::{self, NewKey, NewUser};
use operations::refused::Done;
use tokio::runtime::Runtime;

use super::{Access, Door};
use crate::app::{App, Options};
use crate::clock::Kind;
use crate::config::Keys;
use crate::portal::sample::HOUSE;
use crate::serve;

/// A system of its own, in memory, on a clock that stands still.
fn app() -> App {
    App::open(Options {
        database: "sqlite::memory:".to_owned(),
        data: None,
        catalog: None,
        clock: Kind::Frozen,
        seed: 1,
        demo: true,
        keys: Keys {
            data: Secret::new([1; 32]),
            index: Secret::new([2; 32]),
        },
        origin: "http://127.0.0.1".to_owned(),
        institution: HOUSE,
    })
    .unwrap()
}

fn sheet(doors: &[Door]) -> String {
    let mut lines: Vec<String> = doors
        .iter()
        .map(|door| {
            let access = match door.access {
                Access::Public => "anyone".to_owned(),
                Access::Known => "anyone known".to_owned(),
                Access::Any(any) => any.join(" | "),
                Access::Session(any) => format!("in person: {}", any.join(" | ")),
            };
            format!("{:6} {:70} {access}", door.method.as_str(), door.path)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.sort_by_key(|line| line.split_whitespace().nth(1).map(str::to_owned));
    lines.join("\n")
}

#[test]
fn every_door_with_the_permission_it_asks_for() {
    let app = app();
    insta::assert_snapshot!(sheet(serve::doors(&app).rows()));
}

/// A server at a free port below those the kernel hands out.
fn listening(app: &App) -> (Runtime, SocketAddr) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(async {
        for port in 20_000..32_000 {
            if let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                return listener;
            }
        }
        panic!("no free port");
    });
    let address = listener.local_addr().unwrap();
    let app = app.clone();
    runtime.spawn(async move { serve::serve(&app, listener, std::future::pending()).await });
    (runtime, address)
}

/// A key of every role that a key can have.
fn keys(app: &App) -> Vec<(String, String)> {
    let hash = people::hash_password("a password of tests", [7; 16]).unwrap();
    let roles: Vec<String> = app
        .platform
        .catalog
        .roles
        .keys()
        .filter(|role| *role != "system")
        .cloned()
        .collect();
    let ctx = app.ctx(operations::Actor::system("test"), domain::names::Lang::En, "test");
    let made = app.db.write(move |tx| -> Done<Vec<(String, String)>> {
        let mut ctx = ctx.clone();
        let owner = NewUser {
            login: "keeper",
            display_name: "Keeper",
            role: "administrator",
            merchant: "-",
            agent: "-",
            person: None,
            password_hash: &hash,
            totp_secret: Some(Secret::new(vec![3; 20])),
        };
        let user = people::create_user(tx, &mut ctx, owner)?;
        let mut keys = Vec::new();
        for role in &roles {
            let new = NewKey {
                name: role,
                role,
                merchant: "-",
                user: &user,
            };
            let (_, key) = people::create_api_key(tx, &mut ctx, new)?;
            keys.push((role.clone(), key.into_exposed()));
        }
        Ok(keys)
    });
    made.wait().unwrap()
}

/// The status and code a knock is answered with.
fn knock(address: SocketAddr, door: &Door, key: Option<&str>) -> (u16, String) {
    let path = door.path.replace(['{', '}', '*'], "");
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None);
    let agent = config.build().new_agent();
    let mut request = ureq::http::Request::builder()
        .method(door.method.as_str())
        .uri(format!("http://{address}{path}"));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let mut response = agent.run(request.body("").unwrap()).unwrap();
    let body: serde_json::Value = response.body_mut().read_json().unwrap_or_default();
    (
        response.status().as_u16(),
        body["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_door_opens_to_the_roles_on_its_sheet_and_to_no_other() {
    let app = app();
    let keys = keys(&app);
    let (_runtime, address) = listening(&app);
    let doors = serve::doors(&app).rows().to_vec();
    assert!(doors.len() > 20);
    for door in &doors {
        let (status, code) = knock(address, door, None);
        let told = format!("{} {} without a key: {status} {code}", door.method, door.path);
        assert_eq!(status == 401, door.access != Access::Public, "{told}");
        for (role, key) in &keys {
            let (status, code) = knock(address, door, Some(key));
            let told = format!("{} {} as {role}: {status} {code}", door.method, door.path);
            let holds = |any: &[&str]| {
                let mut permissions = app.platform.catalog.roles[role].permissions.clone();
                if permissions.iter().any(|p| p == "api_read") {
                    // The institution's own keys read what its people read.
                    permissions.push("read_all".to_owned());
                }
                any.is_empty() || any.iter().any(|wanted| permissions.iter().any(|p| p == wanted))
            };
            match door.access {
                Access::Public | Access::Known => assert_ne!(status, 401, "{told}"),
                Access::Any(any) if holds(any) => assert_ne!(status, 401, "{told}"),
                Access::Any(_) => assert_eq!((status, code.as_str()), (403, "not_permitted"), "{told}"),
                Access::Session(_) => assert_eq!(status, 401, "{told}"),
            }
        }
    }
}

#[test]
fn a_key_that_does_not_hold_opens_nothing_not_even_what_is_open_to_anyone() {
    let app = app();
    let (_runtime, address) = listening(&app);
    let health = Door {
        method: Method::GET,
        path: "/healthz".to_owned(),
        access: Access::Public,
    };
    assert_eq!(knock(address, &health, None).0, 200);
    assert_eq!(
        knock(address, &health, Some("shk_made_up")),
        (401, "not_authenticated".to_owned())
    );
}

/// What a call with a key is answered with: the status, and the body.
fn call(address: SocketAddr, method: &str, path: &str, key: &str, body: &str) -> (u16, serde_json::Value) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .new_agent();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("authorization", format!("Bearer {key}"))
        .header("accept-language", "zh-CN");
    let mut response = agent.run(request.body(body).unwrap()).unwrap();
    let body = response.body_mut().read_json().unwrap_or_default();
    (response.status().as_u16(), body)
}

fn key_of(keys: &[(String, String)], role: &str) -> String {
    keys.iter().find(|(of, _)| of == role).unwrap().1.clone()
}

#[test]
fn a_list_narrowed_to_what_is_not_there_says_so() {
    let app = app();
    let key = key_of(&keys(&app), "auditor");
    let (_runtime, address) = listening(&app);
    for path in [
        "/v1/stops?merchant=mch_none",
        "/v1/stops?reason=no.such",
        "/v1/requests?merchant=mch_none",
        "/v1/requests?state=shut",
        "/v1/events?terminal=trm_none",
        "/v1/transactions?terminal=99999999",
        "/v1/transactions?state=shut",
        "/v1/terminals?shop=shp_none",
        "/v1/terminals?stage=none",
        "/v1/merchants?agent=agt_none",
        "/v1/reviews?role=owner",
        "/v1/audit?actor=usr_none",
    ] {
        let (status, body) = call(address, "GET", path, &key, "");
        let told = body["detail"].as_str().unwrap_or_default();
        assert_eq!(
            (status, body["code"].as_str()),
            (404, Some("resource_missing")),
            "{path}: {body}"
        );
        assert!(told.starts_with("没有找到") && !told.contains("记录"), "{path}: {told}");
        let open = path.split('?').next().unwrap_or_default();
        assert_eq!(call(address, "GET", open, &key, "").0, 200, "{open}");
    }
}

#[test]
fn a_body_that_names_a_key_twice_is_refused_and_the_key_is_named() {
    let app = app();
    let key = key_of(&keys(&app), "risk");
    let (_runtime, address) = listening(&app);
    let body = r#"{"subject_kind":"platform","subject":"platform","reason":"a","why":"b","reason":"c"}"#;
    let (status, told) = call(address, "POST", "/v1/stops", &key, body);
    assert_eq!((status, told["param"].as_str()), (400, Some("reason")), "{told}");
}
