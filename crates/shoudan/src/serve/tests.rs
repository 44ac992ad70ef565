//! Callers who are slow, many, or wrong, at a real socket; and the others, who are served all the same.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use domain::secret::Secret;
use tokio::runtime::Runtime;

use super::Settings;
use crate::app::{App, Options};
use crate::clock::Kind;
use crate::config::Keys;
use crate::portal::sample::HOUSE;

/// A server of its own, in memory.
struct Scene {
    address: SocketAddr,
    _runtime: Runtime,
}

/// Deadlines as short as a test can wait for.
fn short() -> Settings {
    Settings {
        head: Duration::from_millis(300),
        body: Duration::from_millis(400),
        stalled: Duration::from_millis(400),
        ..Settings::default()
    }
}

fn scene(settings: Settings) -> Scene {
    let app = App::open(Options {
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
    .unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(async {
        for port in 22_000..32_000 {
            if let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                return listener;
            }
        }
        panic!("no free port");
    });
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { super::serve_with(&app, listener, settings, std::future::pending()).await });
    Scene {
        address,
        _runtime: runtime,
    }
}

impl Scene {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // Longer than any deadline here: where the server waits for ever, the test ends and says so.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    fn head(&self, first: &str, more: &str) -> String {
        format!("{first} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", self.address)
    }

    /// Somebody else is answered now.
    fn serves_others(&self) {
        let mut other = self.connect();
        let asks = self.head("GET /openapi.json", "Connection: close\r\n");
        other.write_all(asks.as_bytes()).unwrap();
        let answer = rest(&mut other);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

/// Everything up to the end of the connection.
fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("the connection did not end");
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends a byte at a time until the server has had enough; what it said.
fn drip(mut stream: TcpStream, bytes: &[u8], meanwhile: impl Fn()) -> String {
    let mut ear = stream.try_clone().unwrap();
    let listening = std::thread::spawn(move || rest(&mut ear));
    for byte in bytes.iter().cycle() {
        if listening.is_finished() || stream.write_all(&[*byte]).is_err() {
            break;
        }
        meanwhile();
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = stream.shutdown(Shutdown::Both);
    listening.join().unwrap()
}

#[test]
fn a_head_that_comes_a_byte_at_a_time_ends_the_connection_and_holds_up_nobody() {
    let scene = scene(short());
    let mut slow = scene.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let said = drip(slow, b"a", || scene.serves_others());
    assert_eq!(said, "", "closed without a word");
}

#[test]
fn a_body_that_comes_a_byte_at_a_time_is_told_that_it_is_late() {
    let scene = scene(short());
    for path in ["/login", "/pos"] {
        let mut slow = scene.connect();
        let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n";
        slow.write_all(scene.head(&format!("POST {path}"), form).as_bytes())
            .unwrap();
        let said = drip(slow, b"a", || scene.serves_others());
        assert!(said.starts_with("HTTP/1.1 408 "), "{path}: {said}");
        assert!(
            said.contains("connection: close") && said.contains("body_timeout"),
            "{said}"
        );
    }
}

#[test]
fn an_idle_connection_is_closed() {
    let scene = scene(short());
    let mut idle = scene.connect();
    idle.write_all(scene.head("GET /openapi.json", "").as_bytes()).unwrap();
    assert!(rest(&mut idle).starts_with("HTTP/1.1 200 "), "answered, then closed");
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let scene = scene(short());
    let mut deaf = scene.connect();
    let many = scene.head("GET /openapi.json", "").repeat(400);
    // More answers than any buffer holds; the server stops reading when it cannot write.
    let asked = deaf.write_all(many.as_bytes());
    std::thread::sleep(Duration::from_secs(2));
    let mut all = Vec::new();
    let ended = deaf.read_to_end(&mut all);
    let whole = all.windows(12).filter(|at| at == b"HTTP/1.1 200").count();
    assert!(
        whole < 400,
        "{asked:?} {ended:?}: it waited for a caller who did not read"
    );
    scene.serves_others();
}

#[test]
fn connections_that_are_opened_and_left_keep_nobody_out() {
    let patient = Duration::from_mins(10);
    let scene = scene(Settings {
        connections: 8,
        head: patient,
        body: patient,
        stalled: patient,
        ..Settings::default()
    });
    let mut held: Vec<TcpStream> = (0..40).map(|_| scene.connect()).collect();
    for half in held.iter_mut().take(20) {
        // Those that lost their place already may be closed.
        let _ = half.write_all(b"GET / HT");
    }
    for _ in 0..20 {
        scene.serves_others();
    }
    // Nor do those who send a head and keep the body back.
    let head = scene.head("POST /login", "Content-Length: 9\r\n");
    for _ in 0..40 {
        let mut late = scene.connect();
        let _ = late.write_all(head.as_bytes());
        held.push(late);
    }
    for _ in 0..20 {
        scene.serves_others();
    }
}

#[test]
fn a_refusal_before_the_body_was_read_ends_the_connection_and_the_rest_is_no_request() {
    let scene = scene(Settings::default());
    let mut caller = scene.connect();
    // What follows the head is long enough to hold a request of its own, were it read as one.
    let smuggled = scene.head("GET /openapi.json", "");
    let body = format!("{smuggled}{}", " ".repeat(200_000));
    let head = scene.head("POST /v1/stops", &format!("Content-Length: {}\r\n", body.len()));
    caller.write_all(head.as_bytes()).unwrap();
    caller.write_all(body.as_bytes()).unwrap();
    let said = rest(&mut caller);
    assert!(said.starts_with("HTTP/1.1 401 "), "{said}");
    assert!(said.contains("connection: close"), "{said}");
    assert_eq!(said.matches("HTTP/1.1").count(), 1, "{said}");
}

#[test]
fn a_body_that_is_too_large_is_told_so_and_the_caller_gets_to_read_it() {
    let scene = scene(Settings::default());
    let mut caller = scene.connect();
    let size = super::LARGEST_BODY + 1_000_000;
    let form = format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {size}\r\n");
    caller.write_all(scene.head("POST /login", &form).as_bytes()).unwrap();
    caller.write_all(&vec![b'a'; size]).unwrap();
    let said = rest(&mut caller);
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(
        said.contains("connection: close") && said.contains("body_too_large"),
        "{said}"
    );
}

#[test]
fn an_answer_after_the_whole_body_was_read_keeps_the_connection() {
    let scene = scene(Settings::default());
    let mut caller = scene.connect();
    let body = "login=nobody&password=wrong";
    let form = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    let first = scene.head("POST /login", &form) + body;
    let second = scene.head("GET /openapi.json", "Connection: close\r\n");
    caller.write_all((first + &second).as_bytes()).unwrap();
    let said = rest(&mut caller);
    assert_eq!(said.matches("HTTP/1.1 ").count(), 2, "{said}");
}

#[test]
fn another_name_than_ours_is_turned_away_before_anything_happens() {
    let scene = scene(Settings {
        hosts: vec!["pos.example.com".to_owned()],
        ..Settings::default()
    });
    let port = scene.address.port();
    let ask = |host: &str, path: &str| {
        let mut caller = scene.connect();
        let asks = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        caller.write_all(asks.as_bytes()).unwrap();
        rest(&mut caller)
    };
    let ours = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        "pos.example.com".to_owned(),
    ];
    for host in ours {
        let said = ask(&host, "/openapi.json");
        assert!(said.starts_with("HTTP/1.1 200 "), "{host}: {said}");
    }
    let said = ask(&format!("rebound.example:{port}"), "/openapi.json");
    assert!(
        said.starts_with("HTTP/1.1 421 ") && said.contains("host_not_served"),
        "{said}"
    );
    assert!(said.contains("http://127.0.0.1"), "it says where to go: {said}");
    // Whoever watches over the server asks by its address.
    assert!(ask("10.0.0.7", "/healthz").starts_with("HTTP/1.1 200 "));
}
