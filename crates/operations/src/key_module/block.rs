//! The form in which a key is kept: a header in clear that says what the key is for and under which parent it stands,
//! and the key behind it. Header and place are authenticated with the key: any byte changed, or the block moved, and it
//! does not open.

use super::{Fault, KeyKind, Place, Profile};

/// The form of this header.
const FORM: u8 = 2;
/// Bytes of a header.
pub(super) const HEADER: usize = 9;

/// Where the parent lives, as the header writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// A master key in this process.
    Software,
    /// A pair of keys inside a token.
    Token,
}

/// The cipher and length of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    /// DES, 8 bytes.
    Single,
    /// Triple DES, 16 bytes.
    Double,
    /// SM4, 16 bytes.
    Sm4,
}

/// Name of a parent: derived from it, so that a block names the one it needs.
pub type ParentId = [u8; 4];

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: KeyKind,
    pub(super) cipher: Cipher,
    pub(super) profile: Profile,
    pub(super) home: Home,
    pub(super) parent: ParentId,
}

impl Cipher {
    const CODES: [(Self, u8); 3] = [(Self::Single, b'1'), (Self::Double, b'2'), (Self::Sm4, b'4')];

    /// Bytes of such a key.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Single => 8,
            Self::Double | Self::Sm4 => 16,
        }
    }

    /// The DES cipher of a key of this length.
    pub(super) fn des(size: usize) -> Result<Self, Fault> {
        match size {
            8 => Ok(Self::Single),
            16 => Ok(Self::Double),
            _ => Err(Fault::Damaged("a DES key has 8 or 16 bytes")),
        }
    }
}

impl Header {
    pub(super) fn bytes(self) -> [u8; HEADER] {
        let cipher = Cipher::CODES
            .iter()
            .find_map(|(cipher, code)| (*cipher == self.cipher).then_some(*code))
            .unwrap_or(b'?');
        let profile = match self.profile {
            Profile::Test => b'T',
            Profile::Production => b'P',
        };
        let home = match self.home {
            Home::Software => b'S',
            Home::Token => b'H',
        };
        let [a, b, c, d] = self.parent;
        [FORM, self.kind.letter(), cipher, profile, home, a, b, c, d]
    }

    /// Reads a block: its header and what follows.
    pub(super) fn read(block: &[u8]) -> Result<(Self, &[u8]), Fault> {
        let Some((&[form, kind, cipher, profile, home, a, b, c, d], body)) = block.split_first_chunk::<HEADER>() else {
            return Err(Fault::Damaged("it is cut short"));
        };
        if form != FORM {
            return Err(Fault::Damaged("its form is unknown"));
        }
        let kind = KeyKind::of_letter(kind).ok_or(Fault::Damaged("its usage is unknown"))?;
        let cipher = Cipher::CODES
            .iter()
            .find_map(|(known, code)| (*code == cipher).then_some(*known))
            .ok_or(Fault::Damaged("its cipher is unknown"))?;
        let profile = match profile {
            b'T' => Profile::Test,
            b'P' => Profile::Production,
            _ => return Err(Fault::Damaged("it is neither a test key nor a production key")),
        };
        let home = match home {
            b'S' => Home::Software,
            b'H' => Home::Token,
            _ => return Err(Fault::Damaged("its key module is unknown")),
        };
        let header = Self {
            kind,
            cipher,
            profile,
            home,
            parent: [a, b, c, d],
        };
        Ok((header, body))
    }

    /// Whether a block with this header may be opened for `place` by a module at `home` in `profile`.
    pub(super) fn fits(self, place: &Place<'_>, home: Home, profile: Profile) -> Result<(), Fault> {
        if self.kind != place.kind {
            return Err(Fault::Usage {
                is: self.kind,
                wanted: place.kind,
            });
        }
        if self.home != home {
            return Err(Fault::Damaged(
                "it stands under another key module than the one configured",
            ));
        }
        if self.profile != profile {
            return Err(Fault::Damaged(
                "it is a test key in production, or a production key under a test parent",
            ));
        }
        Ok(())
    }
}

/// What is authenticated besides the key: the header and the place.
pub(super) fn associated(header: Header, place: &Place<'_>) -> Vec<u8> {
    [header.bytes().as_slice(), place.text().as_bytes()].concat()
}
