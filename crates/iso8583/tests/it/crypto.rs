//! The vectors V1 to V11 of `tests/samples.json`.

use super::samples::{SAMPLES, sample};
use iso8583::crypto::{
    DesKey, KeyError, MacAlgorithm, MacError, MacKey, Pin, PinError, Sm4Key, clear_pin_block, decrypt_pin,
    decrypt_track, encrypt_pin, encrypt_track, pin_from_clear_block, translate_pin,
};
use iso8583::{Message, Pan};

fn word(vector: &str, name: &str) -> &'static str {
    SAMPLES["vectors"][vector][name]
        .as_str()
        .unwrap_or_else(|| panic!("{vector} has no {name}"))
}

fn bytes(vector: &str, name: &str) -> Vec<u8> {
    hex::decode(word(vector, name)).unwrap()
}

fn block(text: &str) -> [u8; 8] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn des(hex: &str) -> DesKey {
    DesKey::from_hex(hex).ok().unwrap()
}

fn constructed(name: &str) -> &'static str {
    SAMPLES["constructed_keys"][name].as_str().unwrap()
}

fn mac(algorithm: MacAlgorithm, key: &[u8], data: &[u8]) -> [u8; 8] {
    MacKey::new(algorithm, key).ok().unwrap().mac(data)
}

fn pan(digits: &str) -> Pan {
    Pan::parse(digits).ok().unwrap()
}

fn pin(digits: &str) -> Pin {
    Pin::parse(digits).ok().unwrap()
}

#[test]
fn v1_ecb_mac_with_a_single_length_key() {
    let mac = mac(MacAlgorithm::Ecb, &bytes("V1", "key"), &bytes("V1", "data"));
    assert_eq!(mac, word("V1", "mac_ascii").as_bytes());
}

#[test]
fn v2_ecb_mac_over_a_whole_published_message() {
    let data = bytes("V2", "data_hex");
    let key = MacKey::new(MacAlgorithm::Ecb, &bytes("V2", "key")).ok().unwrap();
    assert_eq!(key.mac(&data), word("V2", "mac_ascii").as_bytes());
    let message = sample("cnblogs_q128930_req").message();
    assert_eq!(message.mac_block().unwrap(), data);
    assert_eq!(message.verify(&key), Ok(()));
}

#[test]
fn v3_a_working_key_decrypted_under_the_master_key() {
    let clear = des(word("V3", "key")).decrypt(&bytes("V3", "data")).unwrap();
    assert_eq!(clear.as_slice(), bytes("V3", "result"));
}

#[test]
fn v4_sm4_mac() {
    let data = word("V4", "data_ascii").as_bytes();
    assert_eq!(
        mac(MacAlgorithm::Sm4Ecb, &bytes("V4", "key"), data),
        word("V4", "mac_ascii").as_bytes()
    );
}

#[test]
fn v5_check_values_inside_a_published_sign_in_answer() {
    let tmk = des(word("V5", "key"));
    let block = bytes("V5", "data_hex");
    assert_eq!(
        sample("easy8583_signin_resp").message().bytes(62),
        Some(block.as_slice())
    );
    let pik = tmk
        .unwrap_key(&block[..16], block[16..20].try_into().unwrap())
        .ok()
        .unwrap();
    assert_eq!(pik.expose(), bytes("V5", "pik"));
    assert_eq!(pik.kcv().as_slice(), bytes("V5", "pik_kcv"));
    let mak = tmk
        .unwrap_key(&block[20..28], block[36..40].try_into().unwrap())
        .ok()
        .unwrap();
    assert_eq!(mak.expose(), bytes("V5", "mak"));
    assert_eq!(mak.kcv().as_slice(), bytes("V5", "mak_kcv"));
}

#[test]
fn v6_working_keys_and_a_pin_block() {
    let tmk = des(word("V6", "key"));
    let open = |name: &str, kcv: &str| {
        tmk.unwrap_key(&bytes("V6", name), bytes("V6", kcv).try_into().unwrap())
            .ok()
            .unwrap()
    };
    let (pik, mak) = (open("enc_pik", "pik_kcv"), open("enc_mak", "mak_kcv"));
    assert_eq!(pik.expose(), bytes("V6", "pik"));
    assert_eq!(mak.expose(), bytes("V6", "mak"));
    assert_eq!(tmk.wrap(&pik), bytes("V6", "enc_pik"));
    let (pin, pan) = (pin(word("V6", "pin")), pan(word("V6", "pan")));
    assert_eq!(*clear_pin_block(&pin, Some(&pan)), block(word("V6", "clear_pin_block")));
    assert_eq!(
        encrypt_pin(&pik, &pin, Some(&pan)),
        block(word("V6", "encrypted_pin_block"))
    );
}

#[test]
fn v7_pin_blocks_in_the_clear() {
    for vector in ["V7a", "V7b"] {
        let (pin, pan) = (pin(word(vector, "pin")), pan(word(vector, "pan")));
        let clear = clear_pin_block(&pin, Some(&pan));
        assert_eq!(*clear, block(word(vector, "clear_pin_block")), "{vector}");
        let read = pin_from_clear_block(*clear, Some(&pan)).ok().unwrap();
        assert_eq!(read.expose(), word(vector, "pin"));
    }
}

#[test]
fn v8_two_blocks_under_triple_des() {
    let key = des(word("V8", "key"));
    let (clear, encrypted) = (bytes("V8", "data"), bytes("V8", "result"));
    assert_eq!(key.encrypt(&clear).unwrap(), encrypted);
    assert_eq!(key.decrypt(&encrypted).unwrap().as_slice(), clear);
}

#[test]
fn v9_x9_9() {
    let data = word("V9", "data_ascii").as_bytes();
    assert_eq!(
        mac(MacAlgorithm::X99, &bytes("V9", "key"), data),
        block(word("V9", "result"))
    );
}

#[test]
fn v10_x9_19() {
    let data = word("V10", "data_ascii").as_bytes();
    assert_eq!(
        mac(MacAlgorithm::X919, &bytes("V10", "key"), data),
        block(word("V10", "result"))
    );
}

#[test]
fn v11_sm4_block() {
    let key = Sm4Key::from_hex(word("V11", "key")).ok().unwrap();
    let (clear, encrypted): ([u8; 16], [u8; 16]) = (
        bytes("V11", "data").try_into().unwrap(),
        bytes("V11", "result").try_into().unwrap(),
    );
    assert_eq!(key.encrypt_block(clear), encrypted);
    assert_eq!(key.decrypt_block(encrypted), clear);
}

#[test]
fn the_constructed_keys_open_under_their_master_key() {
    let tmk = des(constructed("TMK"));
    for name in ["PIK", "MAK", "TDK"] {
        let key = des(constructed(name));
        let wrapped = hex::decode(constructed(&format!("enc_{name}_under_TMK"))).unwrap();
        assert_eq!(tmk.wrap(&key), wrapped, "{name}");
        assert_eq!(
            key.kcv().as_slice(),
            hex::decode(constructed(&format!("kcv_{name}"))).unwrap(),
            "{name}"
        );
        assert_eq!(
            tmk.unwrap_key(&wrapped, key.kcv()).ok().unwrap().expose(),
            key.expose(),
            "{name}"
        );
        assert_eq!(
            tmk.unwrap_key(&wrapped, [0; 4]).err(),
            Some(KeyError::CheckValue),
            "{name}"
        );
    }
}

#[test]
fn the_pin_of_the_constructed_sale_opens_and_moves_to_another_key() {
    let (pik, other) = (des(constructed("PIK")), des(constructed("TDK")));
    let sale = sample("sale_req_swipe_pin").message();
    let card = sale.pan().unwrap();
    let encrypted = sale.array(52).unwrap();
    assert_eq!(encrypted, block(constructed("enc_pin_block")));
    assert_eq!(
        decrypt_pin(&pik, encrypted, Some(&card)).ok().unwrap().expose(),
        constructed("PIN")
    );

    let moved = translate_pin(encrypted, (&pik, Some(&card)), (&other, None))
        .ok()
        .unwrap();
    assert_ne!(moved, encrypted);
    assert_eq!(
        decrypt_pin(&other, moved, None).ok().unwrap().expose(),
        constructed("PIN")
    );
}

#[test]
fn a_pin_block_under_the_wrong_key_is_refused() {
    let (pik, other) = (des(constructed("PIK")), des(constructed("TDK")));
    let card = pan(constructed("PAN"));
    let encrypted = block(constructed("enc_pin_block"));
    assert_eq!(decrypt_pin(&other, encrypted, Some(&card)).err(), Some(PinError::Block));
    assert!(translate_pin(encrypted, (&other, Some(&card)), (&pik, Some(&card))).is_err());
    let other_card = pan("6222021234567890128");
    assert_eq!(
        decrypt_pin(&pik, encrypted, Some(&other_card)).err(),
        Some(PinError::Block)
    );
}

#[test]
fn clear_blocks_that_are_not_format_zero_are_refused() {
    let refused = [
        "16123456FFFFFFFF", // another format
        "03123FFFFFFFFFFF", // three digits
        "0D1234567890123F", // thirteen digits
        "0612345AFFFFFFFF", // a letter in the PIN
        "06123456FFFFFFF0", // wrong fill
        "0F12345678901234", // longer than the block
    ];
    for text in refused {
        assert_eq!(
            pin_from_clear_block(block(text), None).err(),
            Some(PinError::Block),
            "{text}"
        );
    }
    let longest = pin_from_clear_block(block("0C123456789012FF"), None).ok().unwrap();
    assert_eq!(longest.expose(), "123456789012");
}

#[test]
fn the_track_of_the_constructed_keys_is_encrypted_and_back() {
    let tdk = des(constructed("TDK"));
    let (clear, encrypted) = (constructed("track2_clear"), constructed("track2_encrypted_under_TDK"));
    assert_eq!(encrypt_track(&tdk, clear).ok().unwrap().as_str(), encrypted);
    assert_eq!(decrypt_track(&tdk, encrypted).ok().unwrap().as_str(), clear);
    assert!(encrypt_track(&tdk, "1234567890123456").is_err());
}

#[test]
fn an_even_track_keeps_its_last_two_digits() {
    let tdk = des(constructed("TDK"));
    let clear = "622848000000000001D3012201000000000077"; // 38 characters
    let encrypted = encrypt_track(&tdk, clear).ok().unwrap();
    assert_eq!(encrypted[..20], clear[..20]);
    assert_ne!(encrypted[20..36], clear[20..36]);
    assert_eq!(&encrypted[36..], "77");
    assert_eq!(decrypt_track(&tdk, &encrypted).ok().unwrap().as_str(), clear);
}

#[test]
fn a_double_length_key_of_two_equal_halves_is_the_single_key() {
    let single = des("0123456789ABCDEF");
    let double = des("0123456789ABCDEF0123456789ABCDEF");
    assert_eq!(single.kcv(), double.kcv());
    assert!(double.is_double() && !single.is_double());
}

#[test]
fn keys_of_random_bytes_have_odd_parity() {
    let key = DesKey::from_random(std::array::from_fn(|place| u8::try_from(place * 17).unwrap()));
    assert!(key.expose().iter().all(|byte| byte.count_ones() % 2 == 1));
    assert_eq!(DesKey::single_from_random([0; 8]).expose(), [1; 8]);
}

#[test]
fn keys_of_a_size_the_algorithm_does_not_know_are_refused() {
    let refused = [
        (MacAlgorithm::Ecb, 7),
        (MacAlgorithm::Ecb, 24),
        (MacAlgorithm::X99, 16),
        (MacAlgorithm::X919, 8),
        (MacAlgorithm::X919, 4),
        (MacAlgorithm::Sm4Ecb, 8),
    ];
    for (algorithm, size) in refused {
        let refusal = MacKey::new(algorithm, &vec![1; size]).err();
        assert!(
            matches!(refusal, Some(KeyError::Size { given, .. }) if given == size),
            "{algorithm:?} {size}"
        );
    }
    assert_eq!(
        DesKey::from_hex("0123").err(),
        Some(KeyError::Size {
            given: 2,
            expected: "8 or 16"
        })
    );
    assert_eq!(DesKey::from_hex("xyz").err(), Some(KeyError::NotHex));
    assert_eq!(
        des("0123456789ABCDEF").encrypt(&[0; 9]).err(),
        Some(KeyError::NotWholeBlocks(9))
    );
}

#[test]
fn every_algorithm_seals_and_notices_a_change() {
    let keys = [
        (MacAlgorithm::Ecb, 8),
        (MacAlgorithm::Ecb, 16),
        (MacAlgorithm::X99, 8),
        (MacAlgorithm::X919, 16),
    ];
    for (algorithm, size) in keys.into_iter().chain([(MacAlgorithm::Sm4Ecb, 16)]) {
        let key = MacKey::new(algorithm, &vec![0x5A; size]).ok().unwrap();
        let mut message = Message::new("0200").unwrap();
        message.set_number(4, 1234).unwrap().set(41, "10000001").unwrap();
        assert_eq!(message.verify(&key), Err(MacError::Missing));
        message.seal(&key).unwrap();
        let sent = Message::decode(&message.encode().unwrap()).unwrap();
        assert_eq!(sent.verify(&key), Ok(()), "{algorithm:?}");
        message.set_number(4, 1235).unwrap();
        assert_eq!(message.verify(&key), Err(MacError::Wrong), "{algorithm:?}");
    }
}

#[test]
fn algorithms_go_by_their_names_in_settings() {
    for (algorithm, name) in MacAlgorithm::NAMES {
        assert_eq!(algorithm.name(), name);
        assert_eq!(name.parse::<MacAlgorithm>().ok(), Some(algorithm));
    }
    assert!("ECB-3".parse::<MacAlgorithm>().is_err());
}
