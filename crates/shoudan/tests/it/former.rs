//! Sign-ins whose answer is lost, and sign-ins that somebody else sends: whatever the terminal holds, what it says of money
//! is heard (F-28, F-40, F-42).

use iso8583::Message;

use super::raw::{self, Raw, framed};
use super::scene::{GOOD, Scene, card, on_every_database};

const HOUR: i64 = 3_600_000;

/// A sign-in of the terminal that it knows nothing of: its answer is lost, or a stranger sent it.
async fn unheard(scene: &Scene, code: u16) -> Message {
    let answer = Raw::of(scene).sign_in(code).await;
    assert_eq!(answer.text(39), Some("00"));
    answer
}

/// The code of an answer under the terminal's own key, `closed` where none comes, `not ours` under another key.
async fn heard(raw: &Raw, message: &Message) -> String {
    let Some(answer) = raw::bytes(raw.address, &framed(message.encode().unwrap())).await else {
        return "closed".into();
    };
    let code = answer.text(39).unwrap().to_owned();
    let ours = raw.mak.as_ref().is_some_and(|mak| answer.verify(mak).is_ok());
    if ours { code } else { format!("{code}, not ours") }
}

#[test]
fn a_sale_is_reversed_although_the_answer_to_the_sign_in_after_it_was_lost() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(heard(&raw, &sale).await, "00");
        unheard(&scene, 3).await;
        let reversal = raw.reversal(&sale);
        assert_eq!(heard(&raw, &reversal).await, "00");
        scene.settles_at(&["sale reversed", "reversal approved"]).await;
        scene.is_sound().await;
    });
}

#[test]
fn strangers_who_sign_in_again_and_again_change_nothing_for_the_terminal() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        // With every layout; the PIN of these sales is under the key that belongs to their MAC.
        for code in [3, 4, 1, 3] {
            unheard(&scene, code).await;
            let sale = raw.sale(&card(GOOD), 100);
            assert_eq!(heard(&raw, &sale).await, "00");
        }
        // It hears of a sign-in of its own, does not use the keys yet, and a stranger comes once more.
        let sale = raw.sale(&card(GOOD), 500);
        assert_eq!(heard(&raw, &sale).await, "00");
        raw.sign_in(3).await;
        unheard(&scene, 1).await;
        unheard(&scene, 4).await;
        let reversal = raw.reversal(&sale);
        assert_eq!(heard(&raw, &reversal).await, "00");
        scene.is_sound().await;
    });
}

#[test]
fn keys_nobody_used_are_issued_again_and_used_ones_never() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 100);
        assert_eq!(heard(&raw, &sale).await, "00");
        let (lost, again) = (unheard(&scene, 3).await, raw.sign_in(3).await);
        assert_eq!(lost.bytes(62), again.bytes(62));
        let sale = raw.sale(&card(GOOD), 100);
        assert_eq!(heard(&raw, &sale).await, "00");
        let newer = unheard(&scene, 3).await;
        assert_ne!(newer.bytes(62), again.bytes(62));
        scene.is_sound().await;
    });
}

#[test]
fn the_first_message_under_the_new_keys_ends_the_old_ones() {
    on_every_database(|scene| async move {
        let mut old = Raw::ready(&scene).await;
        let sale = old.sale(&card(GOOD), 100);
        assert_eq!(heard(&old, &sale).await, "00");
        let mut new = Raw::ready(&scene).await;
        new.trace = 100;
        let first = new.sale(&card(GOOD), 200);
        assert_eq!(heard(&new, &first).await, "00");
        let late = old.sale(&card(GOOD), 300);
        assert_eq!(heard(&old, &late).await, "A0, not ours");
        assert_eq!(
            heard(&old, &sale).await,
            "A0, not ours",
            "what is said again under them fails"
        );
        // A reversal that may only have been damaged is told so at the fourth time.
        let reversal = old.reversal(&sale);
        for told in ["closed", "closed", "closed", "A0, not ours"] {
            assert_eq!(heard(&old, &reversal).await, told);
        }
        assert_eq!(scene.states().await, ["sale approved", "sale approved"]);
        scene.is_sound().await;
    });
}

#[test]
fn what_is_reversed_under_nobodys_key_is_not() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(heard(&raw, &sale).await, "00");
        unheard(&scene, 3).await;
        let mut forged = raw.reversal(&sale);
        forged.set_bytes(64, b"00000000").unwrap();
        assert_eq!(heard(&raw, &forged).await, "closed");
        // Both generations at once: the MAC of one, the PIN of the other.
        let mut mixed = Raw::of(&scene);
        mixed.sign_in(3).await;
        mixed.trace = 50;
        std::mem::swap(&mut mixed.mak, &mut raw.mak);
        let sale = mixed.sale(&card(GOOD), 200);
        let code = heard(&mixed, &sale).await;
        assert_ne!(code, "00", "a PIN opens under the key of its own generation only");
        assert_eq!(scene.states().await.first().map(String::as_str), Some("sale approved"));
        scene.is_sound().await;
    });
}

#[test]
fn old_keys_end_with_time_sign_off_and_the_master_key() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 100);
        assert_eq!(heard(&raw, &sale).await, "00");
        unheard(&scene, 3).await;
        scene.app.clock.moved(25 * HOUR);
        let tomorrow = raw.sale(&card(GOOD), 200);
        assert_eq!(heard(&raw, &tomorrow).await, "A0, not ours");
        let reversal = raw.reversal(&sale);
        assert_eq!(
            heard(&raw, &reversal).await,
            "25",
            "it is believed; a sale of yesterday stands"
        );
        scene.app.clock.moved(49 * HOUR);
        assert_eq!(heard(&raw, &reversal).await, "closed");
        assert_eq!(formers(&scene).await, 2);
        scene.write(|tx, ctx| operations::keys::sweep(tx, ctx, 100)).await;
        assert_eq!(formers(&scene).await, 0);
        for end in ["sign off", "master key"] {
            let mut raw = Raw::ready(&scene).await;
            raw.trace = 1000;
            let sale = raw.sale(&card(GOOD), 300);
            heard(&raw, &sale).await;
            unheard(&scene, 3).await;
            let (merchant, terminal) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
            assert_eq!(formers(&scene).await, 2, "{end}");
            if end == "sign off" {
                let off = raw.management("0820", 2);
                assert_eq!(raw.code(&off).await, "00");
            } else {
                let key = *b"another new key!";
                let install = move |tx: &mut store::Tx<'_>, ctx: &mut operations::Ctx| {
                    let key = domain::secret::Secret::new(key);
                    operations::keys::install_master(tx, ctx, &merchant, &terminal, &key)
                };
                scene.write(install).await;
            }
            assert_eq!(formers(&scene).await, 0, "{end}");
            let after = raw.sale(&card(GOOD), 400);
            assert_ne!(heard(&raw, &after).await, "00", "{end}");
        }
        scene.is_sound().await;
    });
}

async fn formers(scene: &Scene) -> usize {
    let (merchant, terminal) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
    let read =
        move |tx: &mut store::Tx<'_>, _: &mut operations::Ctx| Ok(store::keys::former(tx, &merchant, &terminal)?.len());
    scene.read(read).await
}
