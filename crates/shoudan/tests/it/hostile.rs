//! Bytes that no terminal sends: answered with a refusal or not at all, and nothing else happens.

use std::time::Duration;

use iso8583::{Framing, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Raw, bytes, framed, next};
use super::scene::{GOOD, Scene, card, on_every_database};

async fn still_serves(scene: &Scene) {
    assert!(scene.terminal().echo().await.unwrap().approved);
}

#[test]
fn malformed_messages_are_answered_30_or_the_connection_is_closed() {
    on_every_database(|scene| async move {
        let raw = Raw::of(&scene);
        let mut good = Raw::of(&scene).management("0820", 301);
        good.set(41, &raw.number).unwrap();
        let whole = good.encode().unwrap();
        // (message, answer)
        let cases: Vec<(Vec<u8>, Option<&str>)> = vec![
            (vec![], None),
            (vec![0x02], None),
            (vec![0x02, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], None),
            (whole[..whole.len() - 1].to_vec(), Some("30")),
            ([whole.as_slice(), &[0; 20]].concat(), Some("30")),
            (Message::new("0210").unwrap().encode().unwrap(), None),
        ];
        for (message, expected) in cases {
            let answer = bytes(scene.address, &framed(message.clone())).await;
            let code = answer.as_ref().and_then(|answer| answer.text(39));
            assert_eq!(code, expected, "{message:02x?}");
        }
        still_serves(&scene).await;
    });
}

#[test]
fn a_number_with_a_nul_is_answered_30() {
    on_every_database(|scene| async move {
        let mut raw = Raw::of(&scene);
        let whole = raw.management("0820", 301).encode().unwrap();
        for number in [&raw.number, &raw.merchant] {
            let at = whole
                .windows(number.len())
                .position(|part| part == number.as_bytes())
                .unwrap();
            let mut odd = whole.clone();
            odd[at + number.len() - 1] = 0;
            let answer = bytes(scene.address, &framed(odd)).await.unwrap();
            assert_eq!(answer.text(39), Some("30"));
        }
        still_serves(&scene).await;
    });
}

#[test]
fn a_missing_field_an_unknown_combination_and_an_unknown_type_have_their_codes() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let mut incomplete = raw.card("0200", "000000", 22, &card(GOOD), 100);
        incomplete.remove(49);
        let incomplete = raw.sealed(incomplete);
        assert_eq!(raw.code(&incomplete).await, "30");
        let odd = raw.card("0200", "990000", 22, &card(GOOD), 100);
        let odd = raw.sealed(odd);
        assert_eq!(raw.code(&odd).await, "40");
        let strange = raw.card("0700", "000000", 22, &card(GOOD), 100);
        let strange = raw.sealed(strange);
        assert_eq!(raw.code(&strange).await, "12");
        let points = raw.card("0200", "000000", 99, &card(GOOD), 100);
        let points = raw.sealed(points);
        assert_eq!(raw.code(&points).await, "40");
        let free = raw.sale(&card(GOOD), 0);
        assert_eq!(raw.code(&free).await, "13");
        assert_eq!(scene.states().await, ["sale declined"]);
        assert_eq!(scene.network.heard("0200"), 0);
    });
}

#[test]
fn any_flipped_bit_of_a_sale_fails_its_mac_and_leaves_nothing() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let wire = raw.sale(&card(GOOD), 1234).encode().unwrap();
        for bit in (0..wire.len() * 8).step_by(13) {
            let mut flipped = wire.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let answer = bytes(scene.address, &framed(flipped)).await;
            let code = answer
                .as_ref()
                .and_then(|answer| answer.text(39))
                .unwrap_or("closed")
                .to_owned();
            assert!(
                ["A0", "30", "12", "40", "97", "03", "closed"].contains(&code.as_str()),
                "bit {bit}: {code}"
            );
        }
        assert!(scene.states().await.is_empty());
        assert_eq!(scene.network.heard("0200"), 0);
        let whole = bytes(scene.address, &framed(wire)).await.unwrap();
        assert_eq!(whole.text(39), Some("00"), "the message itself still counts once");
    });
}

#[test]
fn a_message_byte_by_byte_and_many_in_one_packet_are_read_alike() {
    on_every_database(|scene| async move {
        let wire = framed(Raw::of(&scene).management("0820", 301).encode().unwrap());
        let mut slow = TcpStream::connect(scene.address).await.unwrap();
        slow.set_nodelay(true).unwrap();
        for byte in &wire {
            slow.write_all(&[*byte]).await.unwrap();
        }
        assert_eq!(
            next(&mut slow, &mut Framing::default()).await.unwrap().text(39),
            Some("00")
        );
        let mut many = TcpStream::connect(scene.address).await.unwrap();
        many.write_all(&wire.repeat(50)).await.unwrap();
        let mut framing = Framing::default();
        for _ in 0..50 {
            assert_eq!(next(&mut many, &mut framing).await.unwrap().text(39), Some("00"));
        }
    });
}

#[test]
fn who_says_nothing_drips_or_announces_too_much_is_shown_out() {
    on_every_database(|scene| async move {
        let beginnings: [&[u8]; 4] = [b"", b"\x00", b"\x00\x57\x60\x00\x03", b"\xff\xff\x60"];
        let mut waiting = tokio::task::JoinSet::new();
        for beginning in beginnings {
            let address = scene.address;
            waiting.spawn(async move {
                let mut connection = TcpStream::connect(address).await.unwrap();
                connection.write_all(beginning).await.unwrap();
                let ended = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut [0; 64])).await;
                ended.expect("the connection stays open").unwrap_or(0)
            });
        }
        assert_eq!(waiting.join_all().await, [0; 4]);
        still_serves(&scene).await;
    });
}
