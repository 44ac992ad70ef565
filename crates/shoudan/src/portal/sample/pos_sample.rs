//! The virtual POS with a declined sale in hand.

use domain::names::Lang;
use domain::time::Zone;
use iso8583::{Frame, Header, Message, Tpdu};
use maud::Markup;

use super::say;
use crate::portal::page::Theme;
use crate::portal::pos::wire::{Exchange, take_apart};
use crate::portal::pos::{self, Choice, LogLine, Machine, Pos, Slip, TestCard};
use crate::portal::{Standing, sample};

fn message(kind: &str, fields: &[(u8, &str)]) -> Vec<u8> {
    let Ok(mut message) = Message::new(kind) else {
        return Vec::new();
    };
    for (number, value) in fields {
        let _ = message.set(*number, value);
    }
    let _ = message.set_bytes(64, &[0x9A, 0x31, 0x04, 0xC7, 0x18, 0x5E, 0x20, 0xF3]);
    let tpdu = Tpdu::new([0x00, 0x03], [0x00, 0x00]);
    let frame = Frame {
        tpdu,
        header: Header::from_hex("603100310000"),
        message: message.encode().unwrap_or_default(),
    };
    frame.to_wire().unwrap_or_default()
}

fn exchange(lang: Lang) -> Exchange {
    let asked = [
        (2, "6222021234567890123"),
        (3, "000000"),
        (4, "000000001234"),
        (11, "000413"),
        (22, "021"),
        (25, "00"),
        (35, "6222021234567890123D30122010000000000"),
        (41, "10000012"),
        (42, "826331058120163"),
        (49, "156"),
        (53, "2600000000000000"),
        (60, "22000318"),
    ];
    let told = [
        (3, "000000"),
        (4, "000000001234"),
        (11, "000413"),
        (12, "102403"),
        (13, "1118"),
        (32, "48260000"),
        (37, "111800040213"),
        (39, "97"),
        (41, "10000012"),
        (42, "826331058120163"),
        (49, "156"),
        (60, "22000318"),
        (63, "CUP执照已到期 7K3-M9Q"),
    ];
    Exchange {
        sent: take_apart(lang, &message("0200", &asked)),
        received: Some(take_apart(lang, &message("0210", &told))),
        took: 6,
    }
}

fn machine(lang: Lang, declined: bool) -> Machine {
    let screen = if declined {
        ["消费", "97 终端未登记", "执照已到期", "原因码 7K3-M9Q"].map(|zh| match (lang, zh) {
            (Lang::En, "消费") => "Sale".to_owned(),
            (Lang::En, "97 终端未登记") => "97 Not registered".to_owned(),
            (Lang::En, "原因码 7K3-M9Q") => "Code 7K3-M9Q".to_owned(),
            _ => zh.to_owned(),
        })
    } else {
        [
            say(lang, "欢迎使用", "Welcome"),
            say(lang, "请输入金额", "Enter amount"),
            "12.34".into(),
            String::new(),
        ]
    };
    let lines = [
        "老周面馆",
        "商户编号: 826331058120163",
        "终端号: 10000012",
        "交易类型: 消费",
        "卡号: 622202*********0123",
        "批次号: 000318",
        "流水号: 000413",
        "日期时间: 1118 102403",
        "金额: RMB 12.34",
        "未成功: 97 终端未登记",
        "执照已到期 7K3-M9Q",
    ];
    Machine {
        number: "10000012".into(),
        merchant: say(lang, "老周面馆 · 解放路店", "Lao Zhou Noodles · Jiefang Road"),
        serial: "SD24100000127".into(),
        standing: Standing::Stopped,
        headline: sample::stopped(lang).headline,
        batch: 318,
        trace: 413,
        owes: false,
        screen: screen.to_vec(),
        slip: declined.then(|| Slip {
            lines: lines.map(str::to_owned).to_vec(),
            code: Some("7K3-M9Q".into()),
            number: 1,
            kept: Some((7, 42)),
        }),
        card: 0,
        amount: 1_234,
        error: String::new(),
        wire: if declined { vec![exchange(lang)] } else { vec![] },
        log: vec![
            LogLine {
                trace: 411,
                name: say(lang, "消费", "Sale"),
                amount: 4_850,
                undone: false,
            },
            LogLine {
                trace: 410,
                name: say(lang, "消费", "Sale"),
                amount: 3_200,
                undone: true,
            },
        ],
    }
}

fn data(lang: Lang, machine: Option<Machine>) -> Pos {
    let choice = |number: &str, zh: &str, en: &str, live| Choice {
        number: number.into(),
        label: say(lang, zh, en),
        live,
    };
    Pos {
        choices: vec![
            choice("10000024", "老周面馆", "Lao Zhou Noodles", true),
            choice("10000031", "老周修车行", "Lao Zhou Garage", true),
            choice(
                "10000012",
                "老周面馆：营业执照已过有效期",
                "Lao Zhou Noodles: the business licence has expired",
                false,
            ),
        ],
        cards: vec![
            TestCard {
                masked: "622202******0123".into(),
                outcome: say(lang, "批准", "approved"),
                pin: true,
            },
            TestCard {
                masked: "625094******0016".into(),
                outcome: say(lang, "余额不足", "insufficient funds"),
                pin: false,
            },
        ],
        machine,
    }
}

/// The page in its states: a name and its HTML.
pub fn pages(lang: Lang, theme: Theme) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = sample::page(lang, theme, &zone, "/pos");
    vec![
        ("pos", pos::pos(&page, &data(lang, Some(machine(lang, true))))),
        ("pos-idle", pos::pos(&page, &data(lang, Some(machine(lang, false))))),
        ("pos-none", pos::pos(&page, &data(lang, None))),
    ]
}
