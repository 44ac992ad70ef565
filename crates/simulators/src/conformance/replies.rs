//! What is checked in every answer of a host.

use iso8583::crypto::{DesKey, MacKey};
use iso8583::values::{KeyLayout, SignInKeys};
use iso8583::{Frame, Kind, Message};

use super::report::Rules;
use super::vectors::Words;
use super::{Identity, WorkingKeys};

fn check(rules: &mut Rules, name: &'static str, right: bool, zh: impl Into<String>, en: impl Into<String>) {
    rules.note(name, if right { Ok(()) } else { Err(Words::new(zh, en)) });
}

/// Fields that a terminal compares with its request.
const COMPARED: &[u8] = &[3, 11, 41];
/// The same where the answer is 00.
const COMPARED_APPROVED: &[u8] = &[3, 4, 11, 41, 42];

/// Judges an answer by the rules.
pub(super) fn judge(
    rules: &mut Rules,
    kind: Kind,
    request: &Message,
    (frame, answer): (&Frame, &Message),
    keys: Option<&WorkingKeys>,
) {
    check(
        rules,
        "frame",
        frame.header.is_some(),
        "应答没有报文头",
        "an answer has no header",
    );
    check(
        rules,
        "type",
        answer.mti() == request.mti().response(),
        format!("请求 {} 的应答为 {}", request.mti(), answer.mti()),
        format!("{} was answered by {}", request.mti(), answer.mti()),
    );
    let approved = answer.text(39) == Some("00");
    let compared = if approved { COMPARED_APPROVED } else { COMPARED };
    let differs: Vec<u8> = compared
        .iter()
        .copied()
        .filter(|field| kind.row().echoed.contains(field))
        .filter(|field| request.has(*field) && request.bytes(*field) != answer.bytes(*field))
        .collect();
    check(
        rules,
        "echo",
        differs.is_empty(),
        format!("{}的应答中与请求不同的域：{differs:?}", kind.row().zh),
        format!("the answer to {} has other values in fields {differs:?}", kind.row().en),
    );
    check(
        rules,
        "time",
        time(answer),
        format!("12、13 域为 {:?}、{:?}", answer.text(12), answer.text(13)),
        format!("fields 12 and 13 are {:?} and {:?}", answer.text(12), answer.text(13)),
    );
    if let (true, true, Some(keys)) = (approved, kind.row().mac, keys) {
        check(
            rules,
            "mac",
            answer.verify(&keys.mac).is_ok(),
            format!("{}的应答 MAC 不对", kind.row().zh),
            format!("the MAC of the answer to {} is not right", kind.row().en),
        );
    }
}

fn time(answer: &Message) -> bool {
    let pair = |text: &str, place: usize| text.get(place..place + 2).and_then(|pair| pair.parse::<u8>().ok());
    let clock = answer.text(12).is_some_and(|t| {
        pair(t, 0).is_some_and(|h| h < 24) && pair(t, 2).is_some_and(|m| m < 60) && pair(t, 4).is_some_and(|s| s < 60)
    });
    let date = answer.text(13).is_some_and(|d| {
        pair(d, 0).is_some_and(|m| (1..=12).contains(&m)) && pair(d, 2).is_some_and(|d| (1..=31).contains(&d))
    });
    clock && date
}

/// Opens the keys of a sign-in; notes whether they give their check values.
pub(super) fn keys(rules: &mut Rules, identity: &Identity, answer: &Message) -> Option<WorkingKeys> {
    let opened = open(identity, answer);
    check(
        rules,
        "keys",
        opened.is_some(),
        "62 域的密钥打不开，或与校验值不符",
        "the keys in field 62 do not open, or do not give their check values",
    );
    opened
}

fn open(identity: &Identity, answer: &Message) -> Option<WorkingKeys> {
    let master = DesKey::from_hex(&identity.master_key).ok()?;
    let keys = SignInKeys::parse(answer.bytes(62)?, KeyLayout::Double).ok()?;
    let mac = keys.mak.open(&master).ok()?;
    Some(WorkingKeys {
        pin: keys.pik.open(&master).ok()?,
        mac: MacKey::new(identity.algorithm(), mac.expose()).ok()?,
    })
}
