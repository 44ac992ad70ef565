//! The listeners under what networks and strangers do to them: sliced and joined segments, silence, drips, floods, the same
//! terminal on two lines, frames without a header, frames in HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use domain::secret::Secret;
use iso8583::{Framing, HeaderForm, Message};
use shoudan::gateway::{DoorSettings, PerSource, Profiles, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::hall::{FOR_EVER, Hall, Wire, door, http_door, impatient, patient};
use super::raw::{Raw, framed};
use super::scene::{GOOD, Scene, card, on_every_database, system};

#[test]
fn a_frame_cut_at_any_byte_is_read_as_the_whole() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, patient(), &[door()]).await;
        let echo = Raw::of(&scene).management("0820", 301);
        let mut wire = Wire::to(scene.address).await;
        let bytes = wire.framed(&echo);
        for cut in 1..bytes.len() {
            wire.stream.write_all(&bytes[..cut]).await.unwrap();
            // The first part is on its way alone.
            tokio::task::yield_now().await;
            wire.stream.write_all(&bytes[cut..]).await.unwrap();
            assert_eq!(wire.answer().await.unwrap().text(39), Some("00"), "cut at {cut}");
        }
        hall.stop().await;
    });
}

#[test]
fn fifty_frames_in_one_segment_are_answered_in_their_order() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, patient(), &[door()]).await;
        let mut raw = Raw::ready(&scene).await;
        // Every fifth has a wrong MAC, so that quick answers and slow ones mix.
        let sales: Vec<Message> = (0..50)
            .map(|n| {
                let mut sale = raw.sale(&card(GOOD), 100 + n);
                if n % 5 == 4 {
                    sale.set_bytes(64, b"FFFFFFFF").unwrap();
                }
                sale
            })
            .collect();
        let mut wire = Wire::to(scene.address).await;
        let all: Vec<u8> = sales.iter().flat_map(|sale| wire.framed(sale)).collect();
        wire.stream.write_all(&all).await.unwrap();
        for (n, sale) in sales.iter().enumerate() {
            let answer = wire.answer().await.unwrap();
            let expected = if n % 5 == 4 { "A0" } else { "00" };
            assert_eq!((answer.number(11), answer.text(39)), (sale.number(11), Some(expected)));
        }
        assert_eq!(scene.states().await, ["sale approved"; 40]);
        hall.stop().await;
        scene.is_sound().await;
    });
}

#[test]
fn answers_before_what_is_no_frame_are_still_given() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, patient(), &[door()]).await;
        let echo = framed(Raw::of(&scene).management("0820", 301).encode().unwrap());
        for rubbish in [
            &b"\x00\x00"[..],
            b"\x00\x01\x60",
            b"\xff\xff",
            b"GET / HTTP/1.1\r\n\r\n",
        ] {
            let mut wire = Wire::to(scene.address).await;
            wire.stream
                .write_all(&[echo.as_slice(), rubbish].concat())
                .await
                .unwrap();
            assert_eq!(wire.answer().await.unwrap().text(39), Some("00"), "{rubbish:02x?}");
            assert!(wire.has_ended().await, "{rubbish:02x?}");
        }
        hall.stop().await;
    });
}

#[test]
fn the_line_a_terminal_was_last_proved_on_is_its_line_and_a_stranger_cannot_take_it() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, patient(), &[door()]).await;
        let mut raw = Raw::ready(&scene).await;
        let mut old = Wire::to(scene.address).await;
        assert_eq!(old.code(&raw.sale(&card(GOOD), 100)).await, "00");
        // Who knows the number only: an echo is answered to anybody, a sale without the key to nobody.
        let mut stranger = Wire::to(scene.address).await;
        assert_eq!(stranger.code(&raw.management("0820", 301)).await, "00");
        let mut forged = raw.sale(&card(GOOD), 100);
        forged.set_bytes(64, b"00000000").unwrap();
        assert_eq!(stranger.code(&forged).await, "A0");
        assert_eq!(
            old.code(&raw.sale(&card(GOOD), 200)).await,
            "00",
            "the line still stands"
        );
        // The terminal itself, after its old socket was lost without a word.
        let mut new = Wire::to(scene.address).await;
        assert_eq!(new.code(&raw.sale(&card(GOOD), 300)).await, "00");
        assert!(old.has_ended().await);
        assert_eq!(new.code(&raw.sale(&card(GOOD), 400)).await, "00");
        assert_eq!(
            stranger.code(&raw.management("0820", 301)).await,
            "00",
            "nobody minds the stranger"
        );
        hall.stop().await;
        scene.is_sound().await;
    });
}

#[test]
fn a_concentrators_line_is_not_ended_by_one_of_its_terminals() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, patient(), &[door()]).await;
        let second = second_estate(&scene).await;
        let mut one = Raw::ready(&scene).await;
        let mut two = Raw::of(&scene);
        (two.number, two.merchant, two.master) = (second.number, second.merchant_number, SECOND_TMK);
        two.sign_in(3).await;
        let mut shared = Wire::to(scene.address).await;
        assert_eq!(shared.code(&one.sale(&card(GOOD), 100)).await, "00");
        assert_eq!(shared.code(&two.sale(&card(GOOD), 100)).await, "00");
        let mut own = Wire::to(scene.address).await;
        assert_eq!(own.code(&one.sale(&card(GOOD), 200)).await, "00");
        assert_eq!(shared.code(&two.sale(&card(GOOD), 200)).await, "00");
        assert_eq!(shared.code(&one.sale(&card(GOOD), 300)).await, "00");
        hall.stop().await;
    });
}

const SECOND_TMK: [u8; 16] = *b"the second's key";

async fn second_estate(scene: &Scene) -> crate::estate::Estate {
    scene
        .app
        .write(system(&scene.app), |tx, ctx| {
            let second = crate::estate::build(tx, ctx, 2)?;
            let key = Secret::new(SECOND_TMK);
            operations::keys::install_master(tx, ctx, &second.merchant, &second.terminal, &key)?;
            Ok(second)
        })
        .await
        .unwrap()
}

#[test]
fn sockets_whose_other_side_is_gone_give_their_places_back() {
    on_every_database(|mut scene| async move {
        let few = Settings {
            connections: 10,
            ..impatient()
        };
        let hall = Hall::open(&mut scene, few, &[door()]).await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(scene.address).await.unwrap());
        }
        // Every place is taken; this one comes in once the silent ones were shown out.
        let mut wire = Wire::to(scene.address).await;
        assert_eq!(wire.code(&Raw::of(&scene).management("0820", 301)).await, "00");
        hall.stop().await;
    });
}

#[test]
fn forty_drips_are_shown_out_while_a_terminal_sells() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, impatient(), &[door()]).await;
        let mut drips = JoinSet::new();
        for n in 0..40u8 {
            let address = scene.address;
            drips.spawn(async move {
                let mut wire = TcpStream::connect(address).await.unwrap();
                // A frame that is announced and never ends, one byte at a time.
                let mut next: Vec<u8> = vec![0x0f, n];
                while wire.write_all(&next).await.is_ok() {
                    let nothing = tokio::time::timeout(Duration::from_millis(100), wire.read(&mut [0; 8])).await;
                    if nothing.is_ok() {
                        return;
                    }
                    next = vec![0x60];
                }
            });
        }
        let mut raw = Raw::ready(&scene).await;
        for amount in 1..=10 {
            let sale = raw.sale(&card(GOOD), amount);
            assert_eq!(raw.code(&sale).await, "00");
        }
        let all = tokio::time::timeout(FOR_EVER, drips.join_all()).await;
        assert!(all.is_ok(), "a drip is still served");
        hall.stop().await;
    });
}

#[test]
fn who_sends_and_never_reads_is_not_worked_for_without_end() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, impatient(), &[door()]).await;
        let wire = framed(
            Message::new("0700")
                .unwrap()
                .set(41, "ZZ000001")
                .unwrap()
                .encode()
                .unwrap(),
        );
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut deaf = socket.connect(scene.address).await.unwrap();
        let shown_out = async { while deaf.write_all(&wire.repeat(100)).await.is_ok() {} };
        let ended = tokio::time::timeout(FOR_EVER, shown_out).await;
        assert!(ended.is_ok(), "it is still read from");
        assert!(scene.terminal().echo().await.unwrap().approved);
        hall.stop().await;
    });
}

/// A connection from another address of this machine.
async fn from(source: [u8; 4], to: SocketAddr) -> Wire<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    Wire::over(socket.connect(to).await.unwrap())
}

#[test]
fn a_source_that_floods_is_turned_away_and_others_are_served() {
    on_every_database(|mut scene| async move {
        let strict = Settings {
            per_source: PerSource {
                open: 5,
                a_second: 1_000,
                burst: 1_000,
                trusted: Vec::new(),
            },
            ..patient()
        };
        let hall = Hall::open(&mut scene, strict, &[door()]).await;
        let echo = Raw::of(&scene).management("0820", 301);
        let mut inside = Vec::new();
        let mut outside = 0;
        for _ in 0..30 {
            let mut wire = from([127, 0, 0, 2], scene.address).await;
            let bytes = wire.framed(&echo);
            // It may be shown out before it has said a word.
            let _ = wire.stream.write_all(&bytes).await;
            match wire.answer().await {
                Some(_) => inside.push(wire),
                None => outside += 1,
            }
        }
        assert_eq!((inside.len(), outside), (5, 25));
        assert_eq!(from([127, 0, 0, 3], scene.address).await.code(&echo).await, "00");
        assert_eq!(inside[0].code(&echo).await, "00", "who is in stays in");
        // One leaves, and another may come as soon as that is noticed.
        inside.pop();
        let admitted = async {
            loop {
                let mut wire = from([127, 0, 0, 2], scene.address).await;
                let bytes = wire.framed(&echo);
                let _ = wire.stream.write_all(&bytes).await;
                if wire.answer().await.is_some() {
                    break;
                }
            }
        };
        tokio::time::timeout(FOR_EVER, admitted)
            .await
            .expect("its place was not given back");
        hall.stop().await;
    });
}

#[test]
fn a_listener_speaks_its_profile() {
    on_every_database(|mut scene| async move {
        let own = |name: &str| DoorSettings {
            profile: Some(name.to_owned()),
            ..door()
        };
        let settings = Settings {
            profiles: Profiles::load(None).unwrap().into(),
            ..patient()
        };
        let doors = [door(), own("headerless"), own("standard-echo")];
        let hall = Hall::open(&mut scene, settings, &doors).await;
        let echo = Raw::of(&scene).management("0820", 301);
        let forms = [
            (HeaderForm::SixBytes, "6000000003", true),
            (HeaderForm::Absent, "6000000003", false),
            (HeaderForm::SixBytes, "6000030000", true),
        ];
        for (address, (header, tpdu, has_header)) in hall.addresses.iter().zip(forms) {
            let mut wire = Wire::to(*address).await;
            (wire.header, wire.framing) = (header, Framing::new(header, 4096));
            wire.send(&echo).await;
            let answer = wire.frame().await.unwrap();
            assert_eq!(
                (answer.tpdu.to_string().as_str(), answer.header.is_some()),
                (tpdu, has_header)
            );
            assert_eq!(Message::decode(&answer.message).unwrap().text(39), Some("00"));
        }
        hall.stop().await;
    });
}

#[test]
fn a_model_with_a_profile_of_its_own_is_answered_by_it_on_any_listener() {
    on_every_database(|mut scene| async move {
        let shipped = include_str!("../../../../catalog/terminal_profiles.toml");
        let (before, own) = shipped.split_once("standard-echo").unwrap();
        let own = own.replacen("models = []", "models = [\"SD-1\"]", 1);
        let settings = Settings {
            profiles: Profiles::parse(&format!("{before}standard-echo{own}")).unwrap().into(),
            ..patient()
        };
        let hall = Hall::open(&mut scene, settings, &[door()]).await;
        let mut raw = Raw::of(&scene);
        let mut wire = Wire::to(scene.address).await;
        wire.send(&raw.management("0820", 301)).await;
        assert_eq!(wire.frame().await.unwrap().tpdu.to_string(), "6000030000");
        raw.number = "ZZ000001".into();
        wire.send(&raw.management("0820", 301)).await;
        assert_eq!(
            wire.frame().await.unwrap().tpdu.to_string(),
            "6000000003",
            "an unknown one"
        );
        hall.stop().await;
    });
}

/// What a POST is answered with: status, and the body.
async fn post(wire: &mut TcpStream, head: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let request = format!("POST {head}\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    wire.write_all(&[request.as_bytes(), body].concat()).await.unwrap();
    let mut got = Vec::new();
    let (end, head) = loop {
        assert_ne!(wire.read_buf(&mut got).await.unwrap(), 0, "closed within the head");
        if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            break (end + 4, String::from_utf8_lossy(&got[..end]).to_ascii_lowercase());
        }
    };
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    while got.len() < end + length {
        assert_ne!(wire.read_buf(&mut got).await.unwrap(), 0, "closed within the body");
    }
    (head[9..12].parse().unwrap(), got[end..].to_vec())
}

#[test]
fn frames_are_carried_by_http_one_after_the_other_on_one_connection() {
    const RIGHT: &str = "/unp/webtrans/WPOS HTTP/1.1\r\nContent-Type: x-ISO-TPDU/x-auth";
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, impatient(), &[door(), http_door()]).await;
        let mut raw = Raw::ready(&scene).await;
        let mut wire = TcpStream::connect(hall.addresses[1]).await.unwrap();
        for amount in 1..=3 {
            let sale = framed(raw.sale(&card(GOOD), amount).encode().unwrap());
            let (status, body) = post(&mut wire, RIGHT, &sale).await;
            let mut framing = Framing::default();
            framing.feed(&body);
            let frame = framing.next_frame().unwrap().unwrap();
            assert_eq!((status, frame.tpdu.to_string().as_str()), (200, "6000000003"));
            assert_eq!(Message::decode(&frame.message).unwrap().text(39), Some("00"));
        }
        let echo = framed(raw.management("0820", 301).encode().unwrap());
        let two = echo.repeat(2);
        let media = "/unp/webtrans/WPOS HTTP/1.1\r\nContent-Type: text/plain";
        let elsewhere = "/elsewhere HTTP/1.1\r\nContent-Type: x-ISO-TPDU/x-auth";
        let refused: [(&str, &[u8], u16); 6] = [
            (elsewhere, &echo, 404),
            (media, &echo, 415),
            (RIGHT, &[], 400),
            (RIGHT, &echo[..echo.len() - 1], 400),
            (RIGHT, &two, 400),
            (RIGHT, &[0; 5000], 413),
        ];
        for (head, body, status) in refused {
            assert_eq!(
                post(&mut wire, head, body).await,
                (status, Vec::new()),
                "{head} {}",
                body.len()
            );
        }
        assert_eq!(scene.states().await, ["sale approved"; 3]);
        hall.stop().await;
    });
}

#[test]
fn a_post_that_drips_or_says_nothing_is_shown_out() {
    on_every_database(|mut scene| async move {
        let hall = Hall::open(&mut scene, impatient(), &[http_door()]).await;
        let head = "POST /unp/webtrans/WPOS HTTP/1.1\r\nHost: a\r\nContent-Type: x-ISO-TPDU/x-auth\r\n";
        let body = format!("{head}Content-Length: 90\r\n\r\n\0\u{58}");
        let mut waiting = JoinSet::new();
        for beginning in [String::new(), head.to_owned(), body] {
            let address = scene.address;
            waiting.spawn(async move {
                let mut wire = TcpStream::connect(address).await.unwrap();
                wire.write_all(beginning.as_bytes()).await.unwrap();
                let mut rest = Vec::new();
                let ended = tokio::time::timeout(FOR_EVER, wire.read_to_end(&mut rest)).await;
                ended.expect("the connection stays open").unwrap_or(0)
            });
        }
        waiting.join_all().await;
        hall.stop().await;
    });
}
