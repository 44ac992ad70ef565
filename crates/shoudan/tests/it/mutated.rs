//! Messages that are nearly right, sent to the running gateway: each is refused or the connection ends, and nothing else
//! happens (F-37, F-41).

use std::collections::BTreeMap;

use iso8583::{Kind, Message};

use super::raw::{self, Raw, framed};
use super::scene::{GOOD, Scene, card, on_every_database};
use crate::mutate::{Chance, damage};

/// Codes that say: this I could not read, do not know, or do not believe.
const REFUSALS: [&str; 6] = ["03", "12", "30", "40", "97", "A0"];

/// Whether that is an answer to a damaged message. A turned bit can make a message one that bears no MAC, such as an upload
/// of what was sold: then it is answered as that, and the money is looked at afterwards.
fn refused(bytes: &[u8], code: &str) -> bool {
    let kind = Message::decode(bytes).ok().and_then(|message| Kind::of(&message));
    code == "closed" || REFUSALS.contains(&code) || kind.is_some_and(|kind| !kind.row().mac)
}

/// What these bytes are answered with.
async fn answered(scene: &Scene, bytes: &[u8]) -> String {
    let answer = raw::bytes(scene.address, &framed(bytes.to_vec())).await;
    answer.map_or_else(
        || "closed".to_owned(),
        |answer| answer.text(39).unwrap_or("no code").to_owned(),
    )
}

/// Messages under a MAC, of every kind that moves money.
async fn sealed(scene: &Scene, raw: &mut Raw) -> Vec<Message> {
    let sale = raw.sale(&card(GOOD), 1234);
    let sold = raw.send(&sale).await;
    assert_eq!(sold.text(39), Some("00"));
    let void = raw.void(&card(GOOD), &sale, &sold);
    let refund = raw.card("0220", "200000", 25, &card(GOOD), 400);
    let preauth = raw.card("0100", "030000", 10, &card(GOOD), 900);
    assert_eq!(scene.states().await, ["sale approved"]);
    vec![
        raw.reversal(&sale),
        raw.sealed(refund),
        raw.sealed(preauth),
        raw.sale(&card(GOOD), 77),
        void,
    ]
}

#[test]
fn a_damaged_message_is_refused_and_nothing_happens() {
    const EACH: u64 = 60;
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let messages = sealed(&scene, &mut raw).await;
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (n, message) in (0..).zip(&messages) {
            let whole = message.encode().unwrap();
            for seed in 0..EACH {
                let mut bytes = whole.clone();
                damage(&mut Chance::seeded(seed + n * EACH), &mut bytes);
                if bytes == whole {
                    continue;
                }
                let code = answered(&scene, &bytes).await;
                assert!(refused(&bytes, &code), "{code}: {}", operations::sealing::hex(&bytes));
                *seen.entry(code).or_default() += 1;
            }
        }
        assert!(seen.len() > 2 && seen.contains_key("30"), "{seen:?}");
        assert_eq!(scene.states().await, ["sale approved"], "{seen:?}");
        assert_eq!((scene.network.heard("0200"), scene.network.book().len()), (1, 1));
        // The terminal that was so badly imitated sells on.
        assert_eq!(raw.code(&messages[3]).await, "00");
        scene.is_sound().await;
    });
}

#[test]
fn no_single_bit_of_a_sale_can_be_turned() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234).encode().unwrap();
        for bit in 0..sale.len() * 8 {
            let mut bytes = sale.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            let code = answered(&scene, &bytes).await;
            assert!(refused(&bytes, &code), "bit {bit}: {code}");
        }
        assert!(scene.states().await.is_empty());
        assert_eq!(scene.network.heard("0200"), 0);
    });
}

#[test]
fn damaged_messages_without_a_mac_move_no_money() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "00");
        let mut upload = raw.management("0320", 201);
        upload.set(48, "00").unwrap();
        let bare = [raw.management("0800", 3), raw.management("0820", 301), upload];
        for (n, message) in (0..).zip(&bare) {
            for seed in 0..60 {
                let mut bytes = message.encode().unwrap();
                damage(&mut Chance::seeded(seed + n * 1000), &mut bytes);
                answered(&scene, &bytes).await;
            }
        }
        assert_eq!(scene.states().await, ["sale approved"]);
        assert_eq!(scene.network.heard("0200"), 1);
        scene.is_sound().await;
    });
}
