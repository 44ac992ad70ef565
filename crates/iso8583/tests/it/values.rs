//! What the private fields of the dumps say, and what kind of message each dump is.

use super::samples::{SAMPLES, sample, samples};
use iso8583::crypto::{DesKey, Sm4Key};
use iso8583::values::{
    BatchUpload, CodeData, CodeKind, F53, F60, F61, KeyLayout, PinForm, ReplyTexts, SettlementTotals, SignInKeys,
    SignInRequest, WrappedKey, operator,
};
use iso8583::{Kind, Message, tlv};

fn des(name: &str) -> DesKey {
    DesKey::from_hex(SAMPLES["constructed_keys"][name].as_str().unwrap())
        .ok()
        .unwrap()
}

#[test]
fn every_request_among_the_dumps_is_of_the_kind_that_its_story_tells() {
    let told = [
        ("codetd_sale_ic", Kind::Sale),
        ("csdn90042949_signin_req", Kind::SignIn),
        ("donjin_http_signin_req", Kind::SignIn),
        ("wearapay_sale_req", Kind::Sale),
        ("jiso_sale_req", Kind::Sale),
        ("cmbc_sale_req", Kind::Sale),
        ("signin_req", Kind::SignIn),
        ("echo_req", Kind::Echo),
        ("sale_req_swipe_pin", Kind::Sale),
        ("reversal_req_98", Kind::Reversal),
        ("void_req", Kind::Void),
        ("settle_req", Kind::Settle),
        ("batch_upload_mag", Kind::BatchUpload),
        ("batch_upload_end_balanced", Kind::BatchEndBalanced),
        ("qr_sale_req", Kind::QrSale),
        ("vfwz_tmk_download_req", Kind::MasterKeyDownload),
    ];
    for sample in samples() {
        let expected = told
            .iter()
            .find(|(name, _)| *name == sample.name)
            .map(|(_, kind)| *kind);
        assert_eq!(Kind::of(&sample.message()), expected, "{}", sample.name);
        if let Some(kind) = expected {
            assert_eq!(kind.missing(&sample.message()), [0; 0], "{}", sample.name);
        }
    }
    assert_eq!(
        Kind::reversed_by(&sample("reversal_req_98").message()),
        Some(Kind::Sale)
    );
}

#[test]
fn field_60_of_every_dump_reads_and_most_are_built_the_same() {
    for sample in samples() {
        let message = sample.message();
        let Some(digits) = message.text(60) else {
            continue;
        };
        let read = F60::of(&message).expect(sample.name);
        let built = read.digits().unwrap();
        assert!(digits.starts_with(&built), "{}: {digits} {built}", sample.name);
        // Two dumps end within a part, or after the last.
        let exact = [8, 11, 12, 13, 14, 17].contains(&digits.len());
        assert_eq!(built == digits, exact, "{}", sample.name);
    }
}

#[test]
fn a_sign_in_request_tells_the_device() {
    let request = |name: &str| SignInRequest::parse(sample(name).message().bytes(62).unwrap()).unwrap();
    let ours = request("signin_req");
    assert_eq!((ours.certificate.as_str(), ours.serial.as_str()), ("0001", "TESTSN01"));
    for name in ["signin_req", "csdn90042949_signin_req", "donjin_http_signin_req"] {
        let bytes = sample(name).message().bytes(62).unwrap().to_vec();
        assert_eq!(request(name).to_bytes().unwrap(), bytes, "{name}");
        for cut in 0..bytes.len() {
            assert!(SignInRequest::parse(&bytes[..cut]).is_err(), "{name} {cut}");
        }
    }
    assert_eq!(
        operator(sample("signin_req").message().bytes(63).unwrap()).as_deref(),
        Some("01")
    );
}

#[test]
fn a_sign_in_answer_hands_out_keys_that_open_under_the_master_key() {
    let bytes = sample("signin_resp_00").message().bytes(62).unwrap().to_vec();
    let keys = SignInKeys::parse(&bytes, KeyLayout::Double).unwrap();
    let tmk = des("TMK");
    assert_eq!(keys.pik.open(&tmk).ok().unwrap().expose(), des("PIK").expose());
    assert_eq!(keys.mak.open(&tmk).ok().unwrap().expose(), des("MAK").expose());
    assert!(keys.pik.open(&des("TDK")).is_err());

    let built = SignInKeys {
        pik: WrappedKey::under(&tmk, &des("PIK")),
        mak: WrappedKey::under(&tmk, &des("MAK")),
        tdk: None,
    };
    assert_eq!(built, keys);
    assert_eq!(built.to_bytes(KeyLayout::Double).unwrap(), bytes);

    let with_track = SignInKeys {
        tdk: Some(WrappedKey::under(&tmk, &des("TDK"))),
        ..built
    };
    let longer = with_track.to_bytes(KeyLayout::DoubleWithTrack).unwrap();
    assert_eq!(longer.len(), 60);
    assert_eq!(
        SignInKeys::parse(&longer, KeyLayout::DoubleWithTrack).unwrap(),
        with_track
    );
}

#[test]
fn a_mac_key_whose_second_half_is_not_zero_is_double() {
    let message = sample("ums_signin_resp_tdk").message();
    let keys = SignInKeys::parse(message.bytes(62).unwrap(), KeyLayout::Double).unwrap();
    assert_eq!(keys.mak.cryptogram.len(), 16);
    assert_eq!(keys.to_bytes(KeyLayout::Double).unwrap(), message.bytes(62).unwrap());
    for name in ["centerm_logon_resp", "easy8583_signin_resp", "alatka_cups0810"] {
        let message = sample(name).message();
        let keys = SignInKeys::parse(message.bytes(62).unwrap(), KeyLayout::Double).unwrap();
        assert_eq!(keys.mak.cryptogram.len(), 8, "{name}");
        assert_eq!(
            keys.to_bytes(KeyLayout::Double).unwrap(),
            message.bytes(62).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn single_length_and_sm4_keys_have_layouts_of_their_own() {
    let tmk = des("TMK");
    let mak = WrappedKey::under(&tmk, &des("MAK"));
    let single = SignInKeys {
        pik: mak.clone(),
        mak,
        tdk: None,
    };
    let bytes = single.to_bytes(KeyLayout::Single).unwrap();
    assert_eq!(bytes.len(), 24);
    assert_eq!(SignInKeys::parse(&bytes, KeyLayout::Single).unwrap(), single);
    assert!(single.to_bytes(KeyLayout::Double).is_err());

    let master = Sm4Key::new(&[7; 16]).ok().unwrap();
    let key = |byte| WrappedKey::under_sm4(&master, &Sm4Key::new(&[byte; 16]).ok().unwrap());
    let sm4 = SignInKeys {
        pik: key(1),
        mak: key(2),
        tdk: Some(key(3)),
    };
    let bytes = sm4.to_bytes(KeyLayout::Sm4).unwrap();
    assert_eq!(bytes.len(), 60);
    let read = SignInKeys::parse(&bytes, KeyLayout::Sm4).unwrap();
    assert_eq!(read.mak.open_sm4(&master).ok().unwrap().expose(), [2; 16]);
    assert!(sm4.to_bytes(KeyLayout::Double).is_err());

    for layout in [
        KeyLayout::Single,
        KeyLayout::Double,
        KeyLayout::DoubleWithTrack,
        KeyLayout::Sm4,
    ] {
        assert_eq!(KeyLayout::from_code(layout.code()), Some(layout));
    }
    assert_eq!(KeyLayout::from_code(5), None);
}

#[test]
fn a_key_block_of_the_wrong_length_is_refused() {
    let bytes = sample("signin_resp_00").message().bytes(62).unwrap().to_vec();
    for cut in 0..bytes.len() {
        assert!(SignInKeys::parse(&bytes[..cut], KeyLayout::Double).is_err(), "{cut}");
    }
    assert!(SignInKeys::parse(&bytes, KeyLayout::Single).is_err());
    assert!(SignInKeys::parse(&bytes, KeyLayout::DoubleWithTrack).is_err());
}

#[test]
fn a_settlement_adds_up_to_what_its_story_tells() {
    let request = SettlementTotals::parse(sample("settle_req").message().text(48).unwrap()).unwrap();
    assert_eq!(
        (request.domestic.debit.amount, request.domestic.debit.count),
        (12_345, 1)
    );
    assert_eq!(
        (request.domestic.credit.amount, request.domestic.credit.count),
        (2_345, 1)
    );
    let answer = sample("settle_resp_balanced").message();
    let digits = answer.text(48).unwrap();
    assert_eq!(SettlementTotals::parse(digits).unwrap().digits().unwrap(), digits);
}

#[test]
fn a_batch_upload_lists_its_transactions() {
    let message = sample("batch_upload_mag").message();
    let upload = BatchUpload::parse(message.text(48).unwrap()).ok().unwrap();
    let seen: Vec<_> = upload
        .0
        .iter()
        .map(|item| (item.trace, item.pan.masked(), item.amount))
        .collect();
    let card = "622848*********0018".to_owned();
    assert_eq!(seen, [(2, card.clone(), 12_345), (4, card, 2_345)]);
    assert_eq!(upload.digits().unwrap(), message.text(48).unwrap());
}

#[test]
fn a_void_names_its_sale() {
    let message = sample("void_req").message();
    assert_eq!(F61::of(&message), Some(F61::new(1, 2, 615)));
    assert_eq!(F53::of(&message), Some(F53::triple_des(PinForm::None, false)));
    assert_eq!(
        F53::of(&sample("jiso_sale_req").message()),
        Some(F53::triple_des(PinForm::WithPan, true))
    );
    assert_eq!(F60::of(&message).unwrap().transaction_type, 23);
}

#[test]
fn codes_and_card_organisations_of_the_dumps_read() {
    let scanned = CodeData::parse(sample("qr_sale_req").message().bytes(59).unwrap())
        .ok()
        .unwrap();
    assert!(scanned.kind == CodeKind::Scanned && scanned.value.len() == 19);
    let order = CodeData::parse(sample("centerm_sale_qr_resp").message().bytes(59).unwrap())
        .ok()
        .unwrap();
    assert!(order.kind == CodeKind::Order && order.value == "58210526789789570802");
    let texts = ReplyTexts::parse(sample("sale_resp_00").message().bytes(63).unwrap());
    assert_eq!(
        texts,
        ReplyTexts {
            organisation: "CUP".into(),
            ..ReplyTexts::default()
        }
    );
}

#[test]
fn the_card_is_found_in_field_2_or_in_a_clear_track() {
    let mut sale = sample("sale_req_swipe_pin").message();
    assert_eq!(sale.pan().unwrap().masked(), "622848*********0018");
    let track = sale.track2().unwrap();
    assert_eq!((track.expiry(), track.service_code()), ("3012", "201"));
    assert!(sale.remove(2).pan().unwrap() == *track.pan());
    let encrypted = sample("jiso_sale_req").message();
    assert!(encrypted.pan().is_none() && encrypted.track2().is_none());
}

#[test]
fn chip_data_of_the_dumps_reads_and_is_written_the_same() {
    let mut seen = 0;
    for sample in samples() {
        let message = sample.message();
        let Some(chip) = message.bytes(55) else {
            continue;
        };
        let objects = tlv::parse(chip).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let mut written = Vec::new();
        for object in &objects {
            tlv::push(&mut written, object.tag, object.value).unwrap();
        }
        assert_eq!(written, chip, "{}", sample.name);
        assert!(tlv::find(chip, 0x9F36).is_some(), "{}", sample.name);
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn an_answer_begins_with_what_it_takes_over() {
    let sale = sample("sale_req_swipe_pin").message();
    let answer = sale.answer(Kind::Sale.row().echoed);
    assert_eq!(answer.mti(), "0210");
    assert_eq!(
        answer.field_numbers().collect::<Vec<_>>(),
        [2, 3, 4, 11, 25, 41, 42, 49, 60]
    );
    assert_eq!(answer.text(60), sale.text(60));
}

#[test]
fn a_value_that_does_not_fit_is_refused_in_words_that_do_not_repeat_it() {
    let mut message = Message::new("0200").unwrap();
    let mut refusals = vec![
        message.set(2, "62284800000000000181").err(),
        message.set(2, "6228480000000000O18").err(),
        message.set(4, "12345").err(),
        message.set(35, "6228480000000000018X3012").err(),
        message.set(37, "123").err(),
        message.set(41, "123456789").err(),
        message.set(45, "6228480000000000018").err(),
        message.set(52, "12345678").err(),
    ];
    refusals.push(message.set_bytes(52, &[0; 7]).err());
    refusals.push(message.set_bytes(2, b"6228480000000000018").err());
    refusals.push(message.set_number(4, 1_000_000_000_000).err());
    refusals.push(message.set_number(2, 1).err());
    let words: Vec<String> = refusals
        .into_iter()
        .map(|refusal| refusal.expect("refused").to_string())
        .collect();
    assert_eq!(words[0], "field 2: 20 digits given, at most 19 expected");
    assert_eq!(words[1], "field 2: the value must be decimal digits");
    assert_eq!(words[2], "field 4: 5 digits given, exactly 12 expected");
    assert_eq!(words[4], "field 37: 3 bytes given, exactly 12 expected");
    assert_eq!(words[8], "field 52: 7 bytes given, exactly 8 expected");
    assert!(words.iter().all(|words| !words.contains("622848")));
    assert_eq!(message.field_numbers().count(), 0);
}

#[test]
fn malformed_messages_are_refused_with_field_and_place_and_answered_from_what_was_read() {
    let sale = sample("sale_req_swipe_pin");
    let mut bytes = sale.message_bytes().to_vec();
    bytes[10] = 0x20; // the length of field 2
    let refusal = Message::decode(&bytes).expect_err("refused");
    assert_eq!(
        refusal.to_string(),
        "field 2, at byte 10: length 20 exceeds the maximum 19"
    );

    let mut bytes = sale.message_bytes().to_vec();
    let place = bytes
        .windows(6)
        .position(|window| window == [0, 0, 0, 1, 0x23, 0x45])
        .unwrap();
    bytes[place] = 0xA0;
    let (part, refusal) = Message::decode_partly(&bytes);
    assert_eq!(
        refusal.unwrap().to_string(),
        "field 4, at byte 24: the value must be decimal digits"
    );
    assert_eq!(part.unwrap().field_numbers().collect::<Vec<_>>(), [2, 3]);

    let cases: [(&[u8], &str); 6] = [
        (&[], "message type, at byte 0: 2 more bytes expected, 0 left"),
        (
            &[0x02, 0x0F],
            "message type, at byte 0: the value must be decimal digits",
        ),
        (&[0x02, 0x00, 0x20], "bitmap, at byte 2: 8 more bytes expected, 1 left"),
        (
            &[0x02, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 0],
            "bitmap, at byte 2: a secondary bitmap is not used in this dialect",
        ),
        (
            &[0x02, 0x00, 0, 0, 0, 0, 0, 8, 0, 0],
            "field 45, at byte 10: this field does not exist in the dialect",
        ),
        (
            &[0x02, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 7],
            "end of message, at byte 10: 1 bytes too many",
        ),
    ];
    for (bytes, words) in cases {
        assert_eq!(Message::decode(bytes).expect_err("refused").to_string(), words);
    }
}

#[test]
fn any_pad_nibble_is_taken_and_zero_is_sent() {
    let mut message = Message::new("0200").unwrap();
    message
        .set(22, "021")
        .unwrap()
        .set(23, "001")
        .unwrap()
        .set(60, "2200000100060")
        .unwrap();
    let clean = message.encode().unwrap();
    let mut padded = clean.clone();
    padded[11] = 0x1F; // field 22: 02 1F
    padded[12] = 0xF0; // field 23: F0 01
    *padded.last_mut().unwrap() |= 0x0F;
    let read = Message::decode(&padded).unwrap();
    assert_eq!(
        (read.text(22), read.text(23), read.text(60)),
        (Some("021"), Some("001"), Some("2200000100060"))
    );
    assert_eq!(read.encode().unwrap(), padded);
    let mut anew = Message::new("0200").unwrap();
    for number in read.field_numbers() {
        anew.set(number, read.text(number).unwrap()).unwrap();
    }
    assert_eq!(anew.encode().unwrap(), clean);
}

#[test]
fn chinese_text_goes_out_as_gbk_and_comes_back() {
    let mut message = Message::new("0210").unwrap();
    message.set(43, "上海市浦东新区某商户").unwrap();
    assert_eq!(message.bytes(43).unwrap().len(), 40);
    assert_eq!(message.text(43), None);
    assert_eq!(message.chinese(43).as_deref(), Some("上海市浦东新区某商户"));
}
