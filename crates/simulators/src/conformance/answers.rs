//! What the kit's host answers: keys, numbers, MACs.

use iso8583::crypto::{DesKey, KeyError, MacAlgorithm, MacKey};
use iso8583::values::downloads::write_parameters;
use iso8583::values::{BalanceFlag, F60, KeyLayout, SettlementTotals, SignInKeys, WrappedKey};
use iso8583::{EncodeError, Kind, Message};

use super::{Identity, WorkingKeys};

/// What stands in the kit's parameters: time-out, resend count, merchant name.
const PARAMETERS: &[(&str, &str)] = &[("12", "60"), ("13", "3"), ("23", "3"), ("27", "03")];

/// The host's side of a session: what it hands out.
pub(super) struct Desk {
    /// Local time `hhmmss` and date `MMDD`, as F12 and F13.
    pub(super) clock: (String, String),
    /// Reference numbers given out.
    references: u32,
    /// Sign-ins answered.
    sign_ins: u8,
}

impl Desk {
    pub(super) fn new(clock: (String, String)) -> Self {
        Self {
            clock,
            references: 0,
            sign_ins: 0,
        }
    }

    /// The next keys. They follow from the number of the sign-in: this is a test.
    fn next_keys(&mut self, algorithm: MacAlgorithm) -> Result<(DesKey, DesKey, WorkingKeys), KeyError> {
        self.sign_ins = self.sign_ins.wrapping_add(1);
        let round = self.sign_ins;
        let bytes = |salt: u8| {
            std::array::from_fn(|place: usize| salt ^ round.wrapping_mul(29) ^ place.to_le_bytes()[0].wrapping_mul(17))
        };
        let pin = DesKey::from_random(bytes(0x5A));
        let seed: [u8; 16] = bytes(0xC3);
        let single = seed.first_chunk().copied().unwrap_or_default();
        let mac = if algorithm == MacAlgorithm::X919 {
            DesKey::from_random(seed)
        } else {
            DesKey::single_from_random(single)
        };
        let working = WorkingKeys {
            pin: DesKey::new(pin.expose())?,
            mac: MacKey::new(algorithm, mac.expose())?,
        };
        Ok((pin, mac, working))
    }

    /// The answer to a sign-in, and the keys in it.
    pub(super) fn sign_in(
        &mut self,
        identity: &Identity,
        request: &Message,
        batch: u32,
    ) -> Result<(Message, WorkingKeys), KeyError> {
        let master = DesKey::from_hex(&identity.master_key)?;
        let (pin, mac, working) = self.next_keys(identity.algorithm())?;
        let f60 = F60::of(request).unwrap_or_default();
        let layout = f60
            .network_code
            .and_then(KeyLayout::from_code)
            .unwrap_or(KeyLayout::Double);
        let keys = SignInKeys {
            pik: WrappedKey::under(&master, &pin),
            mak: WrappedKey::under(&master, &mac),
            tdk: (layout == KeyLayout::DoubleWithTrack).then(|| WrappedKey::under(&master, &pin)),
        };
        let mut answer = self.plain(Kind::SignIn, request, "00");
        let own = F60 { batch, ..f60 };
        let written = keys.to_bytes(layout).and_then(|bytes| {
            answer.set_bytes(62, &bytes)?;
            answer.set(60, &own.digits()?)?;
            Ok(())
        });
        if written.is_err() {
            let _ = answer.set(39, "96");
        }
        Ok((answer, working))
    }

    /// What every answer has: the fields that are sent back, time, date, a reference number and the code.
    fn plain(&mut self, kind: Kind, request: &Message, code: &str) -> Message {
        let mut answer = request.answer(kind.row().echoed);
        let (time, date) = self.clock.clone();
        self.references += 1;
        let reference = format!("{:012}", 900_000_000_u32 + self.references);
        // These fit their fields; where one did not, the terminal would see that it is missing.
        let _ = answer.set(12, &time);
        let _ = answer.set(13, &date);
        let _ = answer.set(39, code);
        if kind.row().mac && kind != Kind::Signature && kind != Kind::ScriptNotice {
            let _ = answer.set(37, &reference);
            let _ = answer.set_bytes(63, b"CUP");
        }
        answer
    }

    /// An answer with a code, without its MAC.
    pub(super) fn answer(&mut self, kind: Kind, request: &Message, code: &str) -> Result<Message, EncodeError> {
        let mut answer = self.plain(kind, request, code);
        if code != "00" {
            return Ok(answer);
        }
        match kind {
            Kind::ParameterDownload => {
                answer.set_bytes(62, &write_parameters(PARAMETERS)?)?;
            }
            _ if kind.row().mac && kind.row().reversible => {
                answer.set(15, &self.clock.1.clone())?;
                answer.set(38, &format!("{:06}", 100_000 + self.references))?;
            }
            _ => {}
        }
        Ok(answer)
    }

    /// The answer to a settlement.
    pub(super) fn settled(
        &mut self,
        request: &Message,
        totals: SettlementTotals,
        balanced: bool,
    ) -> Result<Message, EncodeError> {
        let mut answer = self.plain(Kind::Settle, request, "00");
        let mut own = totals;
        own.domestic.flag = if balanced {
            BalanceFlag::Balanced
        } else {
            BalanceFlag::Unbalanced
        };
        own.foreign.flag = BalanceFlag::Balanced;
        answer.set(48, &own.digits()?)?;
        Ok(answer)
    }
}
