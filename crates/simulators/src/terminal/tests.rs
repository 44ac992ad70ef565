#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use iso8583::values::{KeyLayout, ReplyTexts, SignInKeys, WrappedKey};
use iso8583::{Frame, Framing, Kind, Message, ProcessingRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Action, Card, Language, Terminal, TerminalError};

const TMK: &str = "000102030405060708090A0B0C0D0E0F";

fn card() -> Card {
    let pan = "6217000000000000018";
    Card {
        pan: pan.into(),
        track2: format!("{pan}=30122010000000000"),
        pin: Some("123456".into()),
    }
}

fn mak() -> MacKey {
    MacKey::new(MacAlgorithm::Ecb, b"mac key!").unwrap()
}

/// What an acquirer answers.
fn answer(request: &Message) -> Message {
    let kind = Kind::of(request).unwrap();
    let mut answer = request.answer(kind.row().echoed);
    answer.set(39, "00").unwrap();
    if kind == Kind::SignIn {
        let master = DesKey::from_hex(TMK).unwrap();
        let keys = SignInKeys {
            pik: WrappedKey::under(&master, &DesKey::new(b"a key for pins!!").unwrap()),
            mak: WrappedKey::under(&master, &DesKey::new(mak().expose()).unwrap()),
            tdk: None,
        };
        answer
            .set_bytes(62, &keys.to_bytes(KeyLayout::Double).unwrap())
            .unwrap()
            .set_batch(7)
            .unwrap();
    } else if kind.row().mac {
        answer
            .set(37, "061510170002")
            .unwrap()
            .set(13, "0615")
            .unwrap()
            .seal(&mak())
            .unwrap();
    }
    answer
}

/// An acquirer that answers what `reply` makes of each request, and tells of what it heard.
async fn acquirer(reply: fn(&Message) -> Option<Message>) -> (Terminal, mpsc::UnboundedReceiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heard, hearing) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut framing = Framing::default();
            let mut buffer = [0; 4096];
            let frame: Frame = loop {
                if let Some(frame) = framing.next_frame().unwrap() {
                    break frame;
                }
                let count = connection.read(&mut buffer).await.unwrap();
                framing.feed(&buffer[..count]);
            };
            let request = Message::decode(&frame.message).unwrap();
            if let Some(answer) = reply(&request) {
                let wire = frame
                    .reply(answer.encode().unwrap(), ProcessingRequest::Nothing)
                    .to_wire()
                    .unwrap();
                connection.write_all(&wire).await.unwrap();
            }
            heard.send(request).unwrap();
        }
    });
    (Terminal::new(&address, "10000001", "822290059990001", TMK), hearing)
}

#[tokio::test]
async fn what_got_no_answer_is_reversed_before_the_next_sale_even_after_a_power_cut() {
    let (mut terminal, mut heard) = acquirer(|request| {
        let lost = Kind::of(request) == Some(Kind::Sale) && request.number(4) == Some(666);
        (!lost).then(|| answer(request))
    })
    .await;
    terminal.sign_in().await.unwrap();
    assert_eq!(terminal.batch, 7);
    assert!(matches!(
        terminal.sale(&card(), 666).await,
        Err(TerminalError::NoReply(_))
    ));
    assert!(terminal.owes_a_reversal());
    let stored = serde_json::to_string(&terminal).unwrap();
    let mut woken: Terminal = serde_json::from_str(&stored).unwrap();
    assert!(woken.sale(&card(), 1234).await.unwrap().approved);
    assert!(!woken.owes_a_reversal());
    let mut kinds = Vec::new();
    while let Ok(request) = heard.try_recv() {
        if Kind::of(&request) == Some(Kind::Reversal) {
            assert_eq!((request.number(11), request.number(4)), (Some(2), Some(666)));
            assert_eq!(request.text(39), Some("98"));
            assert!([26, 35, 52, 53].iter().all(|number| !request.has(*number)));
            request.verify(&mak()).unwrap();
        }
        kinds.push(Kind::of(&request).unwrap());
    }
    assert_eq!(kinds, [Kind::SignIn, Kind::Sale, Kind::Reversal, Kind::Sale]);
}

#[tokio::test]
async fn an_approval_without_a_right_mac_or_amount_counts_as_none() {
    let (mut terminal, _heard) = acquirer(|request| {
        let mut answer = answer(request);
        match request.number(4) {
            Some(1) => answer.set_bytes(64, b"00000000").unwrap(),
            Some(2) => answer.set_number(4, 3).unwrap().seal(&mak()).unwrap(),
            _ => &mut answer,
        };
        Some(answer)
    })
    .await;
    terminal.sign_in().await.unwrap();
    for amount in [1, 2] {
        assert!(
            matches!(terminal.sale(&card(), amount).await, Err(TerminalError::BadReply(_))),
            "{amount}"
        );
        assert!(terminal.owes_a_reversal());
    }
    assert!(terminal.log.is_empty());
}

#[tokio::test]
async fn where_nobody_listens_nothing_has_to_be_reversed() {
    let mut terminal = Terminal::new("127.0.0.1:1", "10000001", "822290059990001", TMK);
    assert!(matches!(
        terminal.sale(&card(), 100).await,
        Err(TerminalError::NoReply(_))
    ));
    assert!(!terminal.owes_a_reversal());
}

#[tokio::test]
async fn a_stopped_terminal_shows_the_reason_and_prints_the_code() {
    let (mut terminal, _heard) = acquirer(|request| {
        let mut answer = request.answer(&[4, 11, 41, 42, 60]);
        let texts = ReplyTexts {
            organisation: "CUP".into(),
            acquirer: "长期未用 7K3-M9Q".into(),
            ..ReplyTexts::default()
        };
        answer.set(39, "97").unwrap().set_bytes(63, &texts.to_bytes()).unwrap();
        Some(answer)
    })
    .await;
    let shown = terminal.sale(&card(), 1234).await.unwrap();
    assert_eq!(
        (shown.action, shown.approved, shown.explanation_code.as_deref()),
        (Action::Sale, false, Some("7K3-M9Q"))
    );
    assert_eq!(
        shown.screen(Language::Zh),
        ["消费", "97 终端未登记或停用", "长期未用", "原因码 7K3-M9Q"]
    );
    assert_eq!(shown.screen(Language::En)[1], "97 Terminal not registered");
    let slip = shown.slip(Language::Zh, "阿明牛肉面");
    assert_eq!(slip.first().map(String::as_str), Some("阿明牛肉面"));
    assert!(slip.contains(&"金额: RMB 12.34".to_owned()) && slip.contains(&"卡号: 621700*********0018".to_owned()));
    assert_eq!(slip.last().map(String::as_str), Some("长期未用 7K3-M9Q"));
    assert!(!terminal.owes_a_reversal(), "a refusal is an answer");
}
