//! Card data on its way through: read with the terminal's keys, handed on under the network's, kept nowhere.

use iso8583::values::{F53, PinForm};
use iso8583::{Message, Pan, Track2};
use operations::key_module::{Fault, PinHandle};
use operations::session::Line;

/// Fields of a card that go on to the network: card number, track 2, PIN block.
pub(super) const SECRET: &[u8] = &[2, 35, 52];

/// What a card gave. No `Debug`.
pub(super) struct Card {
    /// Card number; none for a scanned code.
    pub(super) pan: Option<Pan>,
    /// The fields of [`SECRET`] as the network gets them; a message, as that clears its memory.
    pub(super) fields: Message,
    /// False where there is a PIN block, or a track, that does not open.
    pub(super) readable: bool,
}

impl Card {
    /// Reads tracks and PIN block with the keys of the line.
    pub(super) fn read(message: &Message, line: &Line, zone_key: &PinHandle) -> Result<Self, Fault> {
        let f53 = F53::of(message);
        let mut fields = Message::of_type(message.mti());
        let track_readable = copy_track(message, line, f53, &mut fields)?;
        let pan = match message.text(2) {
            Some(digits) => Pan::parse(digits).ok(),
            None => fields.track2().map(|track| track.pan().clone()),
        };
        if let Some(pan) = &pan {
            fields.set(2, pan.expose())?;
        }
        let mut pin_readable = !message.has(52);
        if let Some(block) = message.array(52) {
            let form = f53.map_or(PinForm::None, |f53| f53.pin);
            if let Some(block) = translated(block, form, pan.as_ref(), line, zone_key)? {
                fields.set_bytes(52, &block)?;
                pin_readable = true;
            }
        }
        Ok(Self {
            pan,
            fields,
            readable: track_readable && pin_readable,
        })
    }
}

/// Puts track 2 in the clear into `fields`; false where it does not open.
fn copy_track(message: &Message, line: &Line, f53: Option<F53>, fields: &mut Message) -> Result<bool, Fault> {
    let Some(track) = message.text(35) else { return Ok(true) };
    if !f53.is_some_and(|f53| f53.track_encrypted) {
        fields.copy_from(message, &[35]);
        return Ok(true);
    }
    let opened = match &line.tdk {
        Some(tdk) => aside(tdk.blocks(), || tdk.decrypt(track))?,
        None => None,
    };
    match opened.filter(|track| Track2::parse(track).is_ok()) {
        Some(track) => {
            fields.set(35, &track)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// The PIN block under the zone key, always with the card number mixed in; none where it does not open.
fn translated(
    block: [u8; 8],
    form: PinForm,
    pan: Option<&Pan>,
    line: &Line,
    zone_key: &PinHandle,
) -> Result<Option<[u8; 8]>, Fault> {
    let (Some(pik), Some(pan)) = (&line.pik, pan) else {
        return Ok(None);
    };
    let from_pan = match form {
        PinForm::None => return Ok(None),
        PinForm::WithoutPan => None,
        PinForm::WithPan => Some(pan),
    };
    aside(pik.blocks(), || pik.translate(block, from_pan, (zone_key, Some(pan))))
}

/// Asks a key that may take its time (it is in a device) without keeping this thread's other tasks waiting.
pub(super) fn aside<T>(blocks: bool, ask: impl FnOnce() -> T) -> T {
    if blocks {
        tokio::task::block_in_place(ask)
    } else {
        ask()
    }
}
