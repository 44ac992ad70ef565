//! Field 62 of a sign-in: who the device is, and the working keys it gets.

use crate::crypto::{DesKey, KeyError, Sm4Key};
use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};
use std::fmt;

const PREFIX: &str = "Sequence No";

/// Field 62 of a sign-in request: certificate and serial number of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRequest {
    /// Certificate number, four characters.
    pub certificate: String,
    /// Serial number of the device.
    pub serial: String,
}

impl SignInRequest {
    /// Reads `Sequence No`, two digits of count, four characters of certificate number, serial number.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong = |offset, expected| DecodeError::new(Path::Field(62), offset, Problem::Meaning(expected));
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
        let text = text.ok_or(wrong(0, "ASCII characters"))?;
        let rest = text.strip_prefix(PREFIX).ok_or(wrong(0, "Sequence No"))?;
        let (count, rest) = rest.split_at_checked(2).ok_or(wrong(11, "two digits of count"))?;
        let digits = count.bytes().all(|c| c.is_ascii_digit());
        let count: usize = digits
            .then(|| count.parse().ok())
            .flatten()
            .ok_or(wrong(11, "two digits of count"))?;
        if count != rest.len() {
            return Err(wrong(13, "as many characters as the count says"));
        }
        let (certificate, serial) = rest
            .split_at_checked(4)
            .ok_or(wrong(13, "a certificate number of four characters"))?;
        Ok(Self {
            certificate: certificate.to_owned(),
            serial: serial.to_owned(),
        })
    }

    /// The bytes of the field.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let Self { certificate, serial } = self;
        let fits = certificate.len() == 4 && serial.len() <= 95 && certificate.is_ascii() && serial.is_ascii();
        if !fits {
            let expected = "four characters of certificate number and at most 95 of serial number, all ASCII";
            return Err(EncodeError::field(62, Unfit::Meaning(expected)));
        }
        Ok(format!("{PREFIX}{:02}{certificate}{serial}", certificate.len() + serial.len()).into_bytes())
    }
}

/// How the keys stand in field 62 of the answer. The sign-in code (60.3) decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLayout {
    /// 001: single-length keys, 24 bytes.
    Single,
    /// 003: double-length PIN key, MAC key of either length, 40 bytes. The usual one.
    Double,
    /// 004: as 003 with a track key, 60 bytes.
    DoubleWithTrack,
    /// 006: SM4 keys for PIN, MAC and track, 60 bytes.
    Sm4,
}

impl KeyLayout {
    /// The layout that a sign-in with this code (60.3) asks for.
    pub fn from_code(code: u16) -> Option<Self> {
        [Self::Single, Self::Double, Self::DoubleWithTrack, Self::Sm4]
            .into_iter()
            .find(|layout| layout.code() == code)
    }

    /// The sign-in code (60.3) that asks for this layout.
    pub fn code(self) -> u16 {
        match self {
            Self::Single => 1,
            Self::Double => 3,
            Self::DoubleWithTrack => 4,
            Self::Sm4 => 6,
        }
    }

    /// Bytes that PIN key, MAC key and track key take; a track key of 0 bytes is none.
    fn sizes(self) -> (usize, usize, usize) {
        match self {
            Self::Single => (8, 8, 0),
            Self::Double => (16, 16, 0),
            Self::DoubleWithTrack | Self::Sm4 => (16, 16, 16),
        }
    }
}

/// A working key encrypted under the master key, with its check value. `Debug` shows size and check value.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The encrypted key, 8 or 16 bytes.
    pub cryptogram: Vec<u8>,
    /// First four bytes of zeros encrypted with the clear key.
    pub check: [u8; 4],
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cryptogram, check } = self;
        write!(
            f,
            "<{} bytes, check value {:08X}>",
            cryptogram.len(),
            u32::from_be_bytes(*check)
        )
    }
}

impl WrappedKey {
    /// Encrypts a DES key under a master key.
    pub fn under(master: &DesKey, key: &DesKey) -> Self {
        Self {
            cryptogram: master.wrap(key),
            check: key.kcv(),
        }
    }

    /// Encrypts an SM4 key under a master key.
    pub fn under_sm4(master: &Sm4Key, key: &Sm4Key) -> Self {
        Self {
            cryptogram: master.wrap(key).to_vec(),
            check: key.kcv(),
        }
    }

    /// Decrypts a DES key and compares its check value.
    pub fn open(&self, master: &DesKey) -> Result<DesKey, KeyError> {
        master.unwrap_key(&self.cryptogram, self.check)
    }

    /// Decrypts an SM4 key and compares its check value.
    pub fn open_sm4(&self, master: &Sm4Key) -> Result<Sm4Key, KeyError> {
        let size = KeyError::Size {
            given: self.cryptogram.len(),
            expected: "16",
        };
        let cryptogram = self.cryptogram.as_slice().try_into().map_err(|_| size)?;
        master.unwrap_key(cryptogram, self.check)
    }
}

/// Field 62 of the answer to a sign-in: the working keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInKeys {
    /// PIN key (PIK).
    pub pik: WrappedKey,
    /// MAC key (MAK).
    pub mak: WrappedKey,
    /// Track key (TDK), in the layouts that have one.
    pub tdk: Option<WrappedKey>,
}

impl SignInKeys {
    /// Reads the field. A MAC key whose second half is all zeros is a single-length one (not with SM4).
    pub fn parse(bytes: &[u8], layout: KeyLayout) -> Result<Self, DecodeError> {
        let (pik, mak, tdk) = layout.sizes();
        let mut offset = 0;
        let pik = take(bytes, &mut offset, pik)?;
        let mut mak = take(bytes, &mut offset, mak)?;
        if layout != KeyLayout::Sm4
            && mak
                .cryptogram
                .get(8..)
                .is_some_and(|half| half.iter().all(|byte| *byte == 0))
        {
            mak.cryptogram.truncate(8);
        }
        let tdk = if tdk == 0 {
            None
        } else {
            Some(take(bytes, &mut offset, tdk)?)
        };
        match bytes.len() - offset {
            0 => Ok(Self { pik, mak, tdk }),
            left => Err(DecodeError::new(Path::Field(62), offset, Problem::Trailing(left))),
        }
    }

    /// The bytes of the field. Keys must have the lengths that the layout gives them.
    pub fn to_bytes(&self, layout: KeyLayout) -> Result<Vec<u8>, EncodeError> {
        let (pik, mak, tdk) = layout.sizes();
        let mak_may_be_short = matches!(layout, KeyLayout::Double | KeyLayout::DoubleWithTrack);
        let mak_given = self.mak.cryptogram.len();
        let fits = self.pik.cryptogram.len() == pik
            && (mak_given == mak || mak_given == 8 && mak_may_be_short)
            && self.tdk.as_ref().map_or(0, |key| key.cryptogram.len()) == tdk;
        if !fits {
            let expected = "keys of the lengths that the sign-in code asks for";
            return Err(EncodeError::field(62, Unfit::Meaning(expected)));
        }
        let mut out = Vec::with_capacity(60);
        for (key, size) in [(Some(&self.pik), pik), (Some(&self.mak), mak), (self.tdk.as_ref(), tdk)] {
            let Some(key) = key else { continue };
            let end = out.len() + size;
            out.extend(&key.cryptogram);
            out.resize(end, 0);
            out.extend(key.check);
        }
        Ok(out)
    }
}

fn take(bytes: &[u8], offset: &mut usize, size: usize) -> Result<WrappedKey, DecodeError> {
    let rest = bytes.get(*offset..).unwrap_or_default();
    let problem = Problem::Truncated {
        needed: size + 4,
        available: rest.len(),
    };
    let short = DecodeError::new(Path::Field(62), *offset, problem);
    let (cryptogram, rest) = rest.split_at_checked(size).ok_or(short)?;
    let check = rest.first_chunk().ok_or(short)?;
    *offset += size + 4;
    Ok(WrappedKey {
        cryptogram: cryptogram.to_vec(),
        check: *check,
    })
}
