//! Who is at the other end of a line, as far as that can be known before a message is looked at, and how it is answered.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use iso8583::{Frame, Message, ProcessingRequest};
use operations::refused::Done;
use operations::vouching::{self, Bound};

use super::profile::{Addresses, Profile};
use super::{Gateway, compose, messages};

/// How long it counts that a number and a device belong together: a device may be exchanged, or stopped.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How many attempts under other terminals' numbers are written down per connection. The one after ends it.
const NOTED: u32 = 3;

/// The other end of one connection.
pub(super) struct Peer {
    /// How the listener speaks.
    pub(super) profile: Arc<Profile>,
    /// Serial number of the device that its certificate names; none where it showed no certificate.
    pub(super) device: Option<String>,
    pub(super) source: IpAddr,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    number: [u8; 8],
    until: Option<Instant>,
    addresses: Option<Addresses>,
    refused: u32,
}

/// What is to be done with a frame.
enum Standing {
    /// It may come from this line; its answer carries the addresses so.
    Fits(Addresses),
    /// Its number belongs to another device than the certificate.
    Foreign,
    /// This has happened too often.
    Enough,
}

impl Peer {
    pub(super) fn new(profile: Arc<Profile>, device: Option<String>, source: IpAddr) -> Self {
        Self {
            profile,
            device,
            source,
            known: Mutex::default(),
        }
    }

    /// The frame that answers a frame; none where the connection is to be closed instead.
    pub(super) async fn answer(&self, gateway: &Arc<Gateway>, frame: &Frame) -> Option<Frame> {
        let mut addresses = self.profile.addresses;
        if self.device.is_some() || gateway.settings.profiles.models_matter(&self.profile) {
            match self.standing(gateway, frame).await {
                Ok(Standing::Fits(own)) => addresses = own,
                Ok(Standing::Foreign) => return self.refusal(gateway, frame),
                Ok(Standing::Enough) => return None,
                Err(error) => {
                    // Nothing is known, so nothing may be answered in the terminal's name.
                    tracing::error!(%error, "it cannot be told whose device this is");
                    return None;
                }
            }
        }
        let mut answer = messages::answer(gateway, frame).await?;
        addresses.put(frame, &mut answer);
        Some(answer)
    }

    async fn standing(&self, gateway: &Arc<Gateway>, frame: &Frame) -> Done<Standing> {
        let Some(number) = frame.terminal_number() else {
            // Without a number it is answered with an error, or not at all.
            return Ok(Standing::Fits(self.profile.addresses));
        };
        let now = Instant::now();
        if let Some(addresses) = self.remembered(number, now) {
            return Ok(Standing::Fits(addresses));
        }
        let text = String::from_utf8_lossy(&number).trim_end().to_owned();
        let wanted = text.clone();
        let ctx = gateway.own_ctx("whose device");
        let found = gateway
            .app
            .read_unsettled(ctx, move |tx, _| {
                // No database takes the character U+0000.
                if wanted.contains('\0') {
                    Ok(None)
                } else {
                    vouching::bound(tx, &wanted)
                }
            })
            .await?;
        let Some(bound) = found else {
            return Ok(Standing::Fits(self.profile.addresses));
        };
        if let Some(device) = self.device.as_ref().filter(|device| **device != bound.serial) {
            return self.foreign(gateway, &text, bound, device).await;
        }
        let own = gateway.settings.profiles.of_model(&bound.model);
        let addresses = own.map_or(self.profile.addresses, |profile| profile.addresses);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.number = number;
        known.until = Some(now + REMEMBERED);
        known.addresses = Some(addresses);
        Ok(Standing::Fits(addresses))
    }

    fn remembered(&self, number: [u8; 8], now: Instant) -> Option<Addresses> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.number == number && known.until.is_some_and(|until| now < until);
        known.addresses.filter(|_| fresh)
    }

    async fn foreign(&self, gateway: &Arc<Gateway>, number: &str, bound: Bound, device: &str) -> Done<Standing> {
        let attempts = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.refused += 1;
            known.refused
        };
        tracing::warn!(terminal = number, source = %self.source, "a device spoke under the number of another");
        if attempts > NOTED {
            return Ok(Standing::Enough);
        }
        let (device, source) = (device.to_owned(), self.source.to_string());
        let ctx = gateway.own_ctx("the certificate is another device's");
        gateway
            .app
            .write_unsettled(ctx, move |tx, ctx| {
                vouching::impersonated(tx, ctx, &bound, &device, &source)
            })
            .await?;
        Ok(Standing::Foreign)
    }

    /// 97, with the addresses of the listener: who spoke is not the terminal whose profile might say otherwise.
    fn refusal(&self, gateway: &Arc<Gateway>, frame: &Frame) -> Option<Frame> {
        let (message, _) = Message::decode_partly(&frame.message);
        let message = message.filter(|message| !message.mti().is_response())?;
        let ctx = gateway.own_ctx("refused");
        let answer = compose::bare(&ctx, &message, "97").ok()?.encode().ok()?;
        gateway.app.metrics.gateway("foreign_device", "97");
        let mut answer = frame.reply(answer, ProcessingRequest::Nothing);
        self.profile.addresses.put(frame, &mut answer);
        Some(answer)
    }
}
