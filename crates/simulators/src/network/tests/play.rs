//! Rules, faults, outages, the business day and what is kept.

use std::time::Duration;

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use iso8583::values::F60;
use iso8583::{Framing, HeaderForm, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::{Difference, Fault, Latency, Network, NetworkScript, Outage, Outcome, Play, Rule, Standing, When};
use super::{CARD, ask, code, framed, network, reversal, sale};

fn play(rule: Rule) -> Play {
    Play {
        rules: vec![rule],
        ..Play::default()
    }
}

fn fault(fault: Fault) -> Play {
    play(Rule {
        fault: Some(fault),
        ..Rule::default()
    })
}

/// Everything that comes on a connection of its own until it is quiet or closed.
async fn hears(network: &Network, message: &Message) -> (Vec<Message>, Vec<u8>) {
    let mut connection = TcpStream::connect(network.address()).await.unwrap();
    connection.write_all(&framed(message).to_wire().unwrap()).await.unwrap();
    let mut all = Vec::new();
    let quiet = Duration::from_millis(200);
    while let Ok(Ok(1..)) = tokio::time::timeout(quiet, connection.read_buf(&mut all)).await {}
    let mut framing = Framing::new(HeaderForm::SixBytes, 4096);
    framing.feed(&all);
    let mut messages = Vec::new();
    while let Ok(Some(frame)) = framing.next_frame() {
        messages.extend(Message::decode(&frame.message).ok());
    }
    (messages, all)
}

#[tokio::test]
async fn a_rule_applies_to_what_it_names() {
    let network = network(Outcome::Approve).await;
    let decline = |when| Rule {
        when,
        outcome: Some(Outcome::Decline { code: "05".into() }),
        ..Rule::default()
    };
    let some = |text: &str| Some(text.to_owned());
    let rows = [
        (When::default(), "05"),
        (
            When {
                kind: some("sale"),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                kind: some("void"),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                mti: some("0200"),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                mti: some("0100"),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                amount: Some((1234, 1234)),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                amount: Some((1, 1233)),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                card: some("0018"),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                card: some("6217"),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                card: some("6226"),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                terminal: some("10000001"),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                terminal: some("10000002"),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                trace: Some((1, 999)),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                trace: Some((1000, 2000)),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                time_ms: Some((0, 60_000)),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                time_ms: Some((60_000, 90_000)),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                ppm: Some(1_000_000),
                ..When::default()
            },
            "05",
        ),
        (
            When {
                ppm: Some(0),
                ..When::default()
            },
            "00",
        ),
        (
            When {
                nth: Some((2, 3)),
                ..When::default()
            },
            "00",
        ),
    ];
    for (stan, (when, expected)) in (100..).zip(rows) {
        network.set_play(play(decline(when.clone())));
        assert_eq!(code(&network, &sale(stan)).await, expected, "{when:?}");
    }
    network.set_play(play(decline(When {
        every: Some(2),
        nth: Some((1, 4)),
        ..When::default()
    })));
    let mut codes = Vec::new();
    for stan in 200..206 {
        codes.push(code(&network, &sale(stan)).await);
    }
    assert_eq!(codes, ["00", "05", "00", "05", "00", "00"]);
}

#[tokio::test]
async fn an_amount_can_name_the_code_it_is_refused_with() {
    let network = network(Outcome::Approve).await;
    network.set_play(Play {
        declines_by_amount: true,
        ..Play::default()
    });
    for (stan, (amount, expected)) in (1..).zip([(990_051, "51"), (990_061, "61"), (990_000, "00"), (989_951, "00")]) {
        let mut sale = sale(stan);
        sale.set_number(4, amount).unwrap();
        assert_eq!(code(&network, &sale).await, expected);
    }
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let network = network(Outcome::Approve).await;
    let told = async |stan: u64, what: Fault| {
        network.set_play(fault(what));
        let (messages, bytes) = hears(&network, &sale(stan)).await;
        (messages, bytes.len())
    };
    assert_eq!(told(1, Fault::LoseRequest).await.1, 0);
    assert!(network.book().is_empty());
    assert_eq!(told(2, Fault::LoseAnswer).await.1, 0);
    assert_eq!(network.book().len(), 1);
    let copies = told(3, Fault::Duplicate { copies: 2, ms: 5 }).await.0;
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| *copy == copies[0]));
    let wrong: [(Fault, u8, &str); 7] = [
        (Fault::OtherReference, 37, "999999999999"),
        (Fault::OtherTrace, 11, "000006"),
        (Fault::OtherAmount, 4, "000000001235"),
        (Fault::OtherTerminal, 41, "ZZ999999"),
        (Fault::OtherCurrency, 49, "840"),
        (Fault::UnknownCode, 39, "ZZ"),
        (Fault::PartOfAmount, 39, "10"),
    ];
    for (stan, (lie, field, value)) in (4..).zip(wrong) {
        assert_eq!(told(stan, lie).await.0[0].text(field), Some(value));
    }
    assert_eq!(told(20, Fault::OtherType).await.0[0].mti().as_str(), "0630");
    assert!(told(21, Fault::BadText).await.0[0].text(38).is_none());
    let (messages, length) = told(22, Fault::Malformed).await;
    assert!(messages.is_empty() && length > 13);
    assert_eq!(told(23, Fault::Garbage { bytes: 77 }).await.1, 77);
    assert_eq!(told(24, Fault::Cut { at: 20 }).await.1, 20);
    assert_eq!(told(25, Fault::Huge).await.1, 65_537);
    assert_eq!(told(26, Fault::Drip { ms: 1 }).await.0.len(), 1);
    assert_eq!(told(27, Fault::Close).await.1, 0);
    assert_eq!(told(28, Fault::Reset).await.1, 0);
    let approved = network.book();
    assert!(approved.iter().all(|entry| entry.standing == Standing::Approved));
}

#[tokio::test]
async fn swapped_answers_carry_each_others_names() {
    let network = network(Outcome::Approve).await;
    network.set_play(fault(Fault::Swap));
    let mut connection = TcpStream::connect(network.address()).await.unwrap();
    let (first, mut second) = (sale(1), sale(2));
    second.set_number(4, 99).unwrap();
    for message in [&first, &second] {
        let wire = framed(message).to_wire().unwrap();
        connection.write_all(&wire).await.unwrap();
    }
    let mut framing = Framing::default();
    let mut told = Vec::new();
    while told.len() < 2 {
        let mut bytes = Vec::new();
        connection.read_buf(&mut bytes).await.unwrap();
        framing.feed(&bytes);
        while let Some(frame) = framing.next_frame().unwrap() {
            let message = Message::decode(&frame.message).unwrap();
            told.push((message.number(11).unwrap(), message.number(4).unwrap()));
        }
    }
    assert_eq!(told, [(2, 1234), (1, 99)]);
}

#[tokio::test]
async fn an_outage_ends_and_the_book_is_the_same() {
    let network = network(Outcome::Approve).await;
    assert_eq!(code(&network, &sale(1)).await, "00");
    for outage in [Outage::Refuse, Outage::Reset, Outage::Freeze] {
        network.set_outage(Some(outage));
        // The listener closes a moment later.
        while outage == Outage::Refuse && TcpStream::connect(network.address()).await.is_ok() {}
        assert!(ask(&network, &sale(2)).await.is_none(), "{outage:?}");
        assert_eq!(network.book().len(), 1, "{outage:?}: nothing arrived");
        network.set_outage(None);
        while TcpStream::connect(network.address()).await.is_err() {}
        assert_eq!(code(&network, &sale(1)).await, "00");
    }
    // What was written to the frozen network is read once it thaws, though nobody waits any more.
    while network.book().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn with_a_key_every_message_carries_a_mac() {
    let network = network(Outcome::Approve).await;
    let mac_key = "1122334455667788".to_owned();
    network.set_script(NetworkScript {
        mac_key: mac_key.clone(),
        ..NetworkScript::default()
    });
    let key = MacKey::new(MacAlgorithm::Ecb, DesKey::from_hex(&mac_key).unwrap().expose()).unwrap();
    assert_eq!(code(&network, &sale(1)).await, "A0");
    assert!(network.book().is_empty());
    let mut sealed = sale(1);
    sealed.seal(&key).unwrap();
    let answer = ask(&network, &sealed).await.unwrap();
    assert_eq!((answer.text(39), answer.verify(&key)), (Some("00"), Ok(())));
    network.set_play(fault(Fault::WrongMac));
    let mut sealed = sale(2);
    sealed.seal(&key).unwrap();
    assert!(ask(&network, &sealed).await.unwrap().verify(&key).is_err());
}

#[tokio::test]
async fn a_new_business_date_is_announced_and_stands_in_the_answers() {
    let network = network(Outcome::Approve).await;
    network.cut_over("2026-03-01");
    let mut connection = TcpStream::connect(network.address()).await.unwrap();
    let answer = ask(&network, &sale(1)).await.unwrap();
    assert_eq!(answer.text(15), Some("0301"));
    network.cut_over("2026-03-02");
    let mut framing = Framing::default();
    let mut bytes = Vec::new();
    connection.read_buf(&mut bytes).await.unwrap();
    framing.feed(&bytes);
    let told = Message::decode(&framing.next_frame().unwrap().unwrap().message).unwrap();
    assert_eq!((told.mti().as_str(), told.text(15)), ("0820", Some("0302")));
    assert_eq!(F60::of(&told).unwrap().network_code, Some(201));
    // The trace number of yesterday may come again today.
    assert_eq!(code(&network, &sale(1)).await, "00");
    assert_eq!(network.book().len(), 2);
}

#[tokio::test]
async fn the_clearing_file_says_what_stands_and_its_sums_and_checksum_hold() {
    let network = network(Outcome::Approve).await;
    network.cut_over("2026-03-01");
    for stan in 1..=3 {
        assert_eq!(code(&network, &sale(stan)).await, "00");
    }
    assert_eq!(code(&network, &reversal(3)).await, "00");
    let file = network.clearing("2026-03-01", 0, 0);
    assert_eq!((file.lines.len(), file.planted.len()), (2, 0));
    let text = file.text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows[0][..9],
        [
            "H",
            "SHOUDAN-CLEARING",
            "1",
            "CUP",
            "2026-03-01",
            "001",
            "2",
            "2468",
            "0"
        ]
    );
    assert_eq!(rows[1][7..11], ["22", "D", "1234", "621700******0018"].map(|v| v));
    let (body, last) = text.trim_end().rsplit_once('\n').unwrap();
    let checksum = super::super::crc32(format!("{body}\n").as_bytes());
    assert_eq!(last, format!("T,2,{checksum:08X}"));
    assert!(!text.contains(CARD));
    assert!(network.clearing("2026-03-02", 0, 0).lines.is_empty());
}

#[tokio::test]
async fn differences_are_planted_by_seed_and_named() {
    let network = network(Outcome::Approve).await;
    network.cut_over("2026-03-01");
    for stan in 1..=60 {
        assert_eq!(code(&network, &sale(stan)).await, "00");
    }
    let right = network.clearing("2026-03-01", 0, 0);
    let wrong = network.clearing("2026-03-01", 200_000, 5);
    assert_eq!(wrong, network.clearing("2026-03-01", 200_000, 5));
    assert!((4..25).contains(&wrong.planted.len()), "{:?}", wrong.planted);
    for (reference, difference) in &wrong.planted {
        let all: Vec<_> = wrong.lines.iter().filter(|line| line.reference == *reference).collect();
        let truth = right.lines.iter().find(|line| line.reference == *reference).unwrap();
        let as_planted = match difference {
            Difference::Missing => all.is_empty(),
            Difference::Twice => all.len() == 2,
            Difference::Amount => all[0].amount == truth.amount + 1,
            Difference::Fee => all[0].interchange == truth.interchange + 1,
            Difference::Extra => wrong.lines.len() > all.len() && *all[0] == *truth,
        };
        assert!(as_planted, "{difference:?}");
    }
}

#[tokio::test]
async fn the_book_and_the_day_survive_a_restart_and_the_closed_day_is_a_file() {
    let directory = std::env::temp_dir().join(format!("shoudan-network-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("book.jsonl");
    let _ = std::fs::remove_file(&path);
    let open = async || {
        let network = network(Outcome::Approve).await;
        network.keep_book(&path).unwrap();
        network.keep_files(&directory);
        network
    };
    let before = {
        let network = open().await;
        network.cut_over("2026-03-01");
        for stan in 1..=3 {
            assert_eq!(code(&network, &sale(stan)).await, "00");
        }
        assert_eq!(code(&network, &reversal(2)).await, "00");
        network.book()
    };
    // The machine stopped in the middle of a line.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{{\"place\":9,")).unwrap();
    let network = open().await;
    assert_eq!(network.book(), before);
    assert_eq!(code(&network, &sale(2)).await, "94", "it is still reversed");
    network.cut_over("2026-03-02");
    let file = std::fs::read_to_string(directory.join("clearing-20260301-001.csv")).unwrap();
    assert_eq!(file.lines().filter(|line| line.starts_with("L,")).count(), 2);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_play_in_a_file_is_followed() {
    let path = std::env::temp_dir().join(format!("shoudan-play-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let network = network(Outcome::Approve).await;
    network.follow(&path);
    let mut stan = 0;
    let mut until = async |expected: &str| {
        loop {
            stan += 1;
            if code(&network, &sale(stan)).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until("00").await;
    std::fs::write(&path, r#"{"rules":[{"outcome":{"do":"decline","code":"91"}}]}"#).unwrap();
    until("91").await;
    std::fs::write(&path, "no play at all").unwrap();
    until("91").await;
    std::fs::remove_file(&path).unwrap();
    until("00").await;
}

#[test]
fn a_play_reads_as_the_documentation_writes_it() {
    let text = r#"{"seed": 7, "rules": [
        {"when": {"kind": "sale", "amount": [10000, 10000], "card": "0018"}, "fault": {"do": "lose_answer"}},
        {"when": {"kind": "sale", "ppm": 10000}, "latency": {"shape": "uniform", "from_ms": 900, "to_ms": 3000}}
    ], "outages": [{"from_ms": 5000, "to_ms": 9000, "outage": "refuse"}]}"#;
    let play: Play = serde_json::from_str(text).unwrap();
    assert_eq!(play.rules[0].fault, Some(Fault::LoseAnswer));
    assert_eq!(
        play.rules[1].latency,
        Some(Latency::Uniform {
            from_ms: 900,
            to_ms: 3000
        })
    );
    assert!(serde_json::from_str::<Play>(r#"{"rule":[]}"#).is_err());
}
