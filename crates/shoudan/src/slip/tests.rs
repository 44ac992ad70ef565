//! Slips as people get them.

#![allow(clippy::unwrap_used)]

use domain::catalog::Catalog;
use domain::secret::Secret;
use operations::views::TransactionView;

use super::*;

const HOUSE: Institution = Institution {
    name: crate::portal::words::Word {
        zh: "首单收单演示机构",
        en: "Shoudan demonstration acquirer",
    },
    hotline: "95000",
    hours: crate::portal::words::Word {
        zh: "每天",
        en: "every day",
    },
    site: "pos.example",
    sms: "1069",
    licence: "Z0",
};

fn slip(state: (&str, &str), code: (&str, &str), signing: Signing) -> SlipView {
    SlipView {
        transaction: TransactionView {
            id: "txn_1".into(),
            terminal_number: "10000001".into(),
            kind: "sale".into(),
            kind_name: "消费".into(),
            amount: 128_800,
            state: state.0.into(),
            state_name: state.1.into(),
            response_code: code.0.into(),
            rrn: "112233445566".into(),
            masked_card: "621700******0018".into(),
            stan: 123,
            batch: 7,
            card_type: "借记卡".into(),
            fee: 0,
            explanation_code: code.1.into(),
            at: 1_795_000_000_000,
        },
        authorisation: "654321".into(),
        merchant_name: "北京市朝阳区阿明餐饮管理有限责任公司第三分店".into(),
        merchant_number: "898110055410001".into(),
        shop_name: "阿明牛肉面（国贸店）".into(),
        issuer: String::new(),
        organisation: "CUP".into(),
        entry: "05".into(),
        original: None,
        response: "终端未登记或停止使用".into(),
        why: "机具长期没有交易，已停用".into(),
        signing,
    }
}

fn drawn(slip: &SlipView, form: Form) -> Vec<u8> {
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let setting = Setting {
        lang: Lang::Zh,
        institution: &HOUSE,
        zone: &zone,
        origin: "https://pos.example",
        now: Time::from_millis(1_795_000_900_000),
    };
    draw(slip, &setting, form).unwrap()
}

/// Width, height and grey values.
fn pixels(picture: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let mut grey = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut grey).unwrap();
    (info.width, info.height, grey)
}

fn dark(picture: &[u8]) -> usize {
    pixels(picture).2.iter().filter(|grey| **grey < 64).count()
}

#[test]
fn an_approved_sale_leaves_a_line_to_sign_and_a_declined_one_its_code() {
    let approved = slip(("approved", "成功"), ("00", ""), Signing::Line);
    let declined = slip(("declined", "未成功"), ("97", "7K3-M9Q"), Signing::Nothing);
    let (wide, high, _) = pixels(&drawn(&approved, Form::Png));
    assert_eq!(wide, 928, "58 mm of paper, two pixels to a dot");
    let (_, with_code, _) = pixels(&drawn(&declined, Form::Png));
    assert!(with_code > high, "the QR code takes room: {with_code} against {high}");
}

#[test]
fn a_signature_is_drawn_in_the_place_of_the_line_and_one_that_cannot_be_read_is_said_so() {
    let damaged = slip(
        ("approved", "成功"),
        ("00", ""),
        Signing::Signed(Secret::new(vec![1, 2, 3])),
    );
    let exempt = slip(("approved", "成功"), ("00", ""), Signing::UpTo(100_000));
    assert_ne!(drawn(&damaged, Form::Png), drawn(&exempt, Form::Png));
    // A picture of one stripe without data: every dot as likely as not, white throughout.
    let mut white = vec![0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 64, 0, 0, 0, 64, 0, 0, 0, 0];
    white.extend([0xFF, 0x02]);
    let readable = slip(("approved", "成功"), ("00", ""), Signing::Signed(Secret::new(white)));
    let (_, blank, _) = pixels(&drawn(&readable, Form::Png));
    let (_, told, _) = pixels(&drawn(&damaged, Form::Png));
    assert!(blank > told, "the picture has its height even where it is white");
}

#[test]
fn the_document_is_one_page_whose_table_points_at_its_objects() {
    let declined = slip(("declined", "未成功"), ("97", "7K3-M9Q"), Signing::Nothing);
    let document = drawn(&declined, Form::Pdf);
    let text = String::from_utf8_lossy(&document);
    let table: usize = text
        .rsplit("startxref\n")
        .next()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(document.get(table..).unwrap().starts_with(b"xref"));
    let listed = String::from_utf8_lossy(document.get(table..).unwrap()).into_owned();
    for (number, line) in (1..).zip(listed.lines().skip(3).take_while(|line| line.ends_with("n "))) {
        let place: usize = line.get(..10).unwrap().parse().unwrap();
        let object = format!("{number} 0 obj");
        assert!(
            document.get(place..).unwrap().starts_with(object.as_bytes()),
            "object {number} stands elsewhere"
        );
    }
}

#[test]
fn the_font_has_every_character_that_the_catalogue_and_these_words_can_print() {
    let face = Face::open().unwrap();
    let catalog = Catalog::embedded().unwrap();
    let displays = catalog.response_codes.values().map(|row| row.display.zh.clone());
    let titles = catalog.reasons.values().map(|reason| reason.zh.title.clone());
    let words = include_str!("../portal/words/slip.rs").to_owned();
    let lacking: Vec<char> = displays
        .chain(titles)
        .chain([words])
        .flat_map(|text| text.chars().collect::<Vec<_>>())
        .filter(|letter| !letter.is_control() && !face.has(*letter))
        .collect();
    assert_eq!(lacking, Vec::<char>::new());
}

#[test]
fn a_name_with_a_character_that_the_font_lacks_is_still_drawn() {
    let mut rare = slip(("approved", "成功"), ("00", ""), Signing::Line);
    rare.merchant_name = "\u{20BB7}野家".into();
    assert!(dark(&drawn(&rare, Form::Png)) > 1000);
}
