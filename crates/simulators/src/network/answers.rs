//! What the network says, and how it says it wrongly.

use std::time::Duration;

use iso8583::crypto::{DesKey, MacKey, PinError, decrypt_pin};
use iso8583::values::{Balance, F53, PinForm};
use iso8583::{EncodeError, Frame, Kind, Message, ProcessingRequest};

use super::Deed;
use super::chance::Chance;
use super::rules::Fault;
use super::script::{NetworkScript, Outcome};

/// Bytes for a connection.
#[derive(Default)]
pub(crate) struct Sending {
    pub(crate) wait: Duration,
    pub(crate) wire: Vec<u8>,
    /// Pause after each byte.
    pub(crate) drip: Option<Duration>,
    /// What becomes of the connection after it.
    pub(crate) end: Option<End>,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Close,
    Reset,
}

/// Institution numbers of field 44: issuer and acquirer.
const INSTITUTIONS: &str = "01020000   48221000   ";

pub(super) fn balance(script: &NetworkScript, request: &Message, outcome: Option<&Outcome>) -> Deed {
    let pan = request.pan();
    let outcome = outcome.unwrap_or_else(|| script.outcome(pan.as_ref().map(iso8583::Pan::expose)));
    match outcome {
        Outcome::Decline { code } => answer(request, code, Duration::ZERO, None),
        Outcome::Silent => Deed::Silence,
        Outcome::Drop => Deed::Drop,
        _ => match pin_refusal(script, request) {
            Some(code) => answer(request, code, Duration::ZERO, None),
            None => answer(request, "00", Duration::ZERO, None),
        },
    }
}

/// 55 for a wrong PIN, 99 for one that does not open.
pub(super) fn pin_refusal(script: &NetworkScript, request: &Message) -> Option<&'static str> {
    let block = request.array(52)?;
    let key = DesKey::from_hex(&script.zone_key).ok()?;
    let pan = request.pan();
    let mixed_in = pan
        .as_ref()
        .filter(|_| F53::of(request).is_some_and(|f53| f53.pin == PinForm::WithPan));
    match decrypt_pin(&key, block, mixed_in) {
        Err(PinError::Block | PinError::NotAPin) => Some("99"),
        Ok(pin) => {
            let known = script.card(pan.as_ref()?.expose())?.pin.as_ref()?;
            (pin.expose() != known).then_some("55")
        }
    }
}

pub(super) fn answer(request: &Message, code: &str, wait: Duration, auth_code: Option<&str>) -> Deed {
    let built = || -> Result<Message, EncodeError> {
        let mut message = request.answer(&[2, 3, 4, 11, 14, 25, 32, 37, 41, 42, 49, 60]);
        message.set(39, code)?;
        if let Some(auth_code) = auth_code {
            message.set(38, auth_code)?.set(44, INSTITUTIONS)?;
        }
        if code == "00" && Kind::of(request) == Some(Kind::Balance) {
            message.set(54, &Balance::available(123_456).text()?)?;
        }
        Ok(message)
    };
    built().map_or(Deed::Silence, |message| Deed::Answer(wait, Box::new(message)))
}

pub(super) fn wrong_amount(request: &Message, auth_code: &str) -> Deed {
    let mut deed = answer(request, "00", Duration::ZERO, Some(auth_code));
    if let Deed::Answer(_, message) = &mut deed
        && other_amount(message).is_err()
    {
        return Deed::Silence;
    }
    deed
}

fn other_amount(message: &mut Message) -> Result<(), EncodeError> {
    let other = message.number(4).unwrap_or(0) % 1_000_000 + 1;
    message.set_number(4, other)?;
    Ok(())
}

/// The bytes of an answer, sealed where the line has a MAC.
pub(super) fn wire(frame: &Frame, mut message: Message, mac: Option<&MacKey>) -> Option<Vec<u8>> {
    if let Some(mac) = mac {
        message.seal(mac).ok()?;
    }
    let frame = frame.reply(message.encode().ok()?, ProcessingRequest::Nothing);
    frame.to_wire().ok()
}

/// What is sent for an answer that meets a fault; `held`: an answer that waits to be swapped.
pub(super) fn faulty(
    frame: &Frame,
    mut message: Message,
    wait: Duration,
    fault: &Fault,
    mac: Option<&MacKey>,
    (held, chance): (&mut Option<Message>, &mut Chance),
) -> Vec<Sending> {
    let plain = |message: Message, wait| {
        wire(frame, message, mac).map(|wire| Sending {
            wait,
            wire,
            ..Sending::default()
        })
    };
    let one = |sending: Sending| vec![Sending { wait, ..sending }];
    match fault {
        Fault::LoseRequest | Fault::LoseAnswer => Vec::new(),
        Fault::Late { ms } => plain(message, wait + Duration::from_millis(*ms)).into_iter().collect(),
        Fault::Duplicate { copies, ms } => (0..=*copies)
            .filter_map(|copy| {
                plain(
                    message.clone(),
                    wait + Duration::from_millis(ms.saturating_mul(copy.into())),
                )
            })
            .collect(),
        Fault::Swap => match held.take() {
            None => {
                *held = Some(message);
                Vec::new()
            }
            Some(mut first) => {
                let names = message.clone();
                message.copy_from(&first, &[11, 37, 41, 42]);
                first.copy_from(&names, &[11, 37, 41, 42]);
                [first, message]
                    .into_iter()
                    .filter_map(|message| plain(message, wait))
                    .collect()
            }
        },
        Fault::Close => one(Sending {
            end: Some(End::Close),
            ..Sending::default()
        }),
        Fault::Reset => one(Sending {
            end: Some(End::Reset),
            ..Sending::default()
        }),
        Fault::Malformed => {
            let junk = frame.reply(b"\x02\x10no message".to_vec(), ProcessingRequest::Nothing);
            let wire = junk.to_wire().unwrap_or_default();
            one(Sending {
                wire,
                ..Sending::default()
            })
        }
        Fault::Garbage { bytes } => one(Sending {
            wire: (0..*bytes).map(|_| chance.next().to_le_bytes()[0]).collect(),
            ..Sending::default()
        }),
        Fault::Huge => {
            let mut wire = vec![0xFF; 2];
            wire.resize(65_537, 0x60);
            one(Sending {
                wire,
                ..Sending::default()
            })
        }
        Fault::Cut { at } => one(Sending {
            wire: wire(frame, message, mac).map_or_else(Vec::new, |mut wire| {
                wire.truncate(*at);
                wire
            }),
            end: Some(End::Close),
            ..Sending::default()
        }),
        Fault::Drip { ms } => one(Sending {
            wire: wire(frame, message, mac).unwrap_or_default(),
            drip: Some(Duration::from_millis(*ms)),
            ..Sending::default()
        }),
        Fault::WrongMac => {
            let sealed = wire(frame, message, mac).map(|mut wire| {
                if let Some(last) = wire.last_mut() {
                    *last ^= 1;
                }
                wire
            });
            one(Sending {
                wire: sealed.unwrap_or_default(),
                ..Sending::default()
            })
        }
        lie => tell(&mut message, lie)
            .ok()
            .and_then(|()| plain(message, wait))
            .into_iter()
            .collect(),
    }
}

/// Changes what an answer says.
fn tell(message: &mut Message, lie: &Fault) -> Result<(), EncodeError> {
    let (number, value) = match lie {
        Fault::OtherTrace => {
            let other = message.number(11).unwrap_or(0) % 999_999 + 1;
            message.set_number(11, other)?;
            return Ok(());
        }
        Fault::OtherType => {
            *message = message.clone().with_mti(Message::new("0630")?.mti());
            return Ok(());
        }
        Fault::BadText => {
            message.set_bytes(38, b"A\0\xFF\x1B;\n")?;
            return Ok(());
        }
        Fault::OtherAmount => return other_amount(message),
        Fault::OtherReference => (37, "999999999999"),
        Fault::OtherTerminal => (41, "ZZ999999"),
        Fault::OtherCurrency => (49, "840"),
        Fault::UnknownCode => (39, "ZZ"),
        Fault::PartOfAmount => (39, "10"),
        _ => return Ok(()),
    };
    message.set(number, value)?;
    Ok(())
}
