#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Deed, Direction, Odds, Plan, Proxy};

/// Listens once per connection and hands the connections over.
async fn proxied(plan: Plan) -> (Proxy, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap(), plan).await.unwrap();
    (proxy, listener)
}

fn frame(name: u8) -> Vec<u8> {
    let body = [name; 9];
    [&[0, 9], body.as_slice()].concat()
}

/// What arrives when frames a, b, c are sent forth and the connection is then closed: names of the frames.
async fn arrives(plan: Plan) -> (Proxy, String) {
    let (proxy, listener) = proxied(plan).await;
    let mut near = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    for name in *b"abc" {
        let _ = near.write_all(&frame(name)).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let _ = near.shutdown().await;
    let mut bytes = Vec::new();
    let _ = far.read_to_end(&mut bytes).await;
    let names = bytes
        .chunks(11)
        .filter(|chunk| chunk.len() == 11 && chunk[..2] == [0, 9]);
    let names = names.map(|chunk| char::from(chunk[2])).collect();
    (proxy, names)
}

fn row(number: u64, deed: Deed) -> Plan {
    Plan {
        rows: vec![(Direction::Forth, number, deed)],
        chance: Vec::new(),
    }
}

#[tokio::test]
async fn each_deed_does_what_it_says() {
    let pause = Duration::from_millis(1);
    let deeds = [
        (Deed::Lose, "ac"),
        (Deed::Duplicate(2), "abbbc"),
        (Deed::Delay(pause * 20), "abc"),
        (Deed::Reorder, "acb"),
        (Deed::Slice(pause), "abc"),
        (Deed::Join(pause * 500), "abc"),
        (Deed::Replay(1), "abbc"),
        (Deed::Cut(5), "a"),
        (Deed::Reset, "a"),
    ];
    for (deed, expected) in deeds {
        let (proxy, names) = arrives(row(2, deed.clone())).await;
        let reset = deed == Deed::Reset && names.is_empty();
        assert!(names == expected || reset, "{deed:?}: {names}");
        assert_eq!(proxy.passed()[1].deed, Some(deed));
    }
    assert_eq!(arrives(Plan::default()).await.1, "abc");
}

#[tokio::test]
async fn a_bit_is_turned_and_no_other() {
    let (proxy, listener) = proxied(row(1, Deed::Flip(10))).await;
    let mut near = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(&frame(b'a')).await.unwrap();
    let mut got = [0; 11];
    far.read_exact(&mut got).await.unwrap();
    let turned: u32 = got.iter().zip(frame(b'a')).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!((turned, got[3]), (1, b'a' ^ 0b0010_0000));
}

#[tokio::test]
async fn joined_frames_come_in_one_piece_and_a_lonely_one_after_a_while() {
    let (proxy, listener) = proxied(row(1, Deed::Join(Duration::from_millis(60)))).await;
    let mut near = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let began = Instant::now();
    near.write_all(&frame(b'a')).await.unwrap();
    let mut got = [0; 64];
    assert_eq!(far.read(&mut got).await.unwrap(), 11);
    assert!(began.elapsed() >= Duration::from_millis(60), "it waited for another");
    proxy.set_plan(row(1, Deed::Join(Duration::from_secs(5))));
    near.write_all(&frame(b'b')).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    near.write_all(&frame(b'c')).await.unwrap();
    assert_eq!(far.read(&mut got).await.unwrap(), 22);
}

#[tokio::test]
async fn the_way_back_has_its_own_numbers() {
    let plan = Plan {
        rows: vec![(Direction::Back, 1, Deed::Lose)],
        chance: Vec::new(),
    };
    let (proxy, listener) = proxied(plan).await;
    proxy.record();
    let mut near = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(&frame(b'a')).await.unwrap();
    let mut got = [0; 11];
    far.read_exact(&mut got).await.unwrap();
    far.write_all(&[frame(b'x'), frame(b'y')].concat()).await.unwrap();
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(got[2], b'y');
    let passed = proxy.passed();
    assert_eq!((passed.len(), &passed[1].bytes), (3, &frame(b'x')));
}

#[tokio::test]
async fn the_same_seed_does_the_same() {
    let deeds = async |seed| {
        let plan = Plan {
            rows: Vec::new(),
            chance: vec![Odds {
                deeds: vec![Deed::Lose, Deed::Duplicate(1), Deed::Flip(3)],
                ..Odds::network(seed, 500_000)
            }],
        };
        let (proxy, listener) = proxied(plan).await;
        let mut near = TcpStream::connect(proxy.address()).await.unwrap();
        let _far = listener.accept().await.unwrap();
        let all: Vec<u8> = (0..100).flat_map(frame).collect();
        near.write_all(&all).await.unwrap();
        while proxy.passed().len() < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let passed = proxy.passed();
        passed.into_iter().map(|frame| frame.deed).collect::<Vec<_>>()
    };
    let (one, again, other) = (deeds(1).await, deeds(1).await, deeds(2).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert!((20..80).contains(&one.iter().flatten().count()));
}

#[tokio::test]
async fn half_a_frame_stays_behind_until_its_sender_has_gone() {
    let (proxy, listener) = proxied(Plan::default()).await;
    let mut near = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(&[0, 9, 1, 2]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(proxy.passed().is_empty());
    drop(near);
    let mut bytes = Vec::new();
    let _ = far.read_to_end(&mut bytes).await;
    assert_eq!(bytes, [0, 9, 1, 2]);
}
