//! Keys inside a token: stored blocks are authenticated, unwrapped into objects, and used there.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use iso8583::crypto::{DesKey, KeyError, MacAlgorithm, ecb_mac_with};
use iso8583::values::WrappedKey;
use zeroize::Zeroizing;

use super::super::block::{Cipher, Header, Home, associated};
use super::super::software::described;
use super::super::{Fault, KeyKind, ParentId, Place, Stored, Wanted};
use super::sessions::{Parent, Seat};
use super::{Token, lost};

/// Sixteen bytes wrapped by RFC 3394.
const WRAPPED: usize = 24;
/// A CMAC under AES.
const TAG: usize = 16;
const KEY: usize = 16;

/// A stored key ready for use. The object appears in the token at its first use, and again after the token was lost.
pub struct TokenKey {
    token: Arc<Token>,
    parent: ParentId,
    wrapped: [u8; WRAPPED],
    loaded: Mutex<Option<(u64, ObjectHandle)>>,
}

/// A MAC key with its algorithm.
pub struct TokenMac {
    algorithm: MacAlgorithm,
    key: TokenKey,
    /// The first half twice over, for X9.19.
    first: Option<TokenKey>,
}

/// A block that authenticated: what it says, and its wrapped keys.
struct Checked {
    header: Header,
    wrapped: [u8; WRAPPED],
    first: Option<[u8; WRAPPED]>,
}

/// What an unwrapped object may do.
#[derive(Clone, Copy)]
enum Leave {
    /// Encrypt and decrypt.
    Use,
    /// Be wrapped again.
    Move,
    /// Be read: components only.
    Read,
}

fn template(leave: Leave) -> Vec<Attribute> {
    let (kind, uses, extractable, sensitive) = match leave {
        Leave::Use => (KeyType::DES2, true, false, true),
        Leave::Move => (KeyType::DES2, false, true, true),
        Leave::Read => (KeyType::GENERIC_SECRET, false, true, false),
    };
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(kind),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(sensitive),
        Attribute::Extractable(extractable),
        Attribute::Encrypt(uses),
        Attribute::Decrypt(uses),
    ]
}

/// A key of 8 or 16 bytes as the sixteen of a triple-DES object.
fn doubled(key: &[u8]) -> Zeroizing<[u8; KEY]> {
    let mut whole = Zeroizing::new([0; KEY]);
    whole
        .iter_mut()
        .zip(key.iter().cycle())
        .for_each(|(to, from)| *to = *from);
    whole
}

/// Whether a key is kept a second time, as its first half twice over: X9.19 asks for that half alone.
fn keeps_first(kind: KeyKind, cipher: Cipher) -> bool {
    kind == KeyKind::Mak && cipher == Cipher::Double
}

impl Token {
    /// Takes a clear key in.
    pub(in super::super) fn import(&self, place: &Place<'_>, cipher: Cipher, key: &[u8]) -> Result<Stored, Fault> {
        if cipher == Cipher::Sm4 {
            return Err(Fault::Unsupported("SM4 inside a token"));
        }
        let (check, signature) = described(cipher, key)?;
        let block = self.with(|seat| self.seal(seat, place, cipher, key))?;
        Ok(Stored {
            block,
            check,
            signature,
        })
    }

    fn seal(&self, seat: &Seat, place: &Place<'_>, cipher: Cipher, key: &[u8]) -> Result<Vec<u8>, Fault> {
        let parent = seat.current()?;
        let mut wrapped = wrap_clear(seat, parent, &doubled(key))?;
        if keeps_first(place.kind, cipher)
            && let Some(half) = key.first_chunk::<8>()
        {
            wrapped.extend(wrap_clear(seat, parent, &doubled(half))?);
        }
        self.closed(seat, place, cipher, wrapped)
    }

    /// The block of keys that are wrapped under the current parent.
    fn closed(&self, seat: &Seat, place: &Place<'_>, cipher: Cipher, wrapped: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let parent = seat.current()?;
        let header = Header {
            kind: place.kind,
            cipher,
            profile: self.profile(),
            home: Home::Token,
            parent: parent.id,
        };
        let covered = [associated(header, place), wrapped.clone()].concat();
        let tag = seat
            .session
            .sign(&Mechanism::AesCMac, parent.header, &covered)
            .map_err(lost)?;
        Ok([header.bytes().as_slice(), &wrapped, &tag].concat())
    }

    fn check(&self, seat: &Seat, place: &Place<'_>, block: &[u8]) -> Result<Checked, Fault> {
        let (header, body) = Header::read(block)?;
        header.fits(place, Home::Token, self.profile())?;
        let parent = seat.parent(header.parent)?;
        let (wrapped, tag) = body
            .split_last_chunk::<TAG>()
            .ok_or(Fault::Damaged("it is cut short"))?;
        let covered = [associated(header, place).as_slice(), wrapped].concat();
        match seat.session.verify(&Mechanism::AesCMac, parent.header, &covered, tag) {
            Ok(()) => {}
            Err(Error::Pkcs11(RvError::SignatureInvalid | RvError::SignatureLenRange, _)) => {
                return Err(Fault::Damaged("it was changed or moved from its place"));
            }
            Err(error) => return Err(lost(error)),
        }
        let (wrapped, rest) = wrapped
            .split_first_chunk::<WRAPPED>()
            .ok_or(Fault::Damaged("it is cut short"))?;
        let first = match rest {
            [] => None,
            rest => Some(rest.try_into().map_err(|_| Fault::Damaged("it has the wrong length"))?),
        };
        Ok(Checked {
            header,
            wrapped: *wrapped,
            first,
        })
    }

    pub(in super::super) fn authenticate(&self, place: &Place<'_>, block: &[u8]) -> Result<(), Fault> {
        self.with(|seat| self.check(seat, place, block)).map(|_| ())
    }

    fn loaded(self: &Arc<Self>, checked: &Checked, wrapped: [u8; WRAPPED]) -> TokenKey {
        TokenKey {
            token: Arc::clone(self),
            parent: checked.header.parent,
            wrapped,
            loaded: Mutex::default(),
        }
    }

    /// Opens a stored key.
    pub(in super::super) fn key(self: &Arc<Self>, place: &Place<'_>, block: &[u8]) -> Result<TokenKey, Fault> {
        let checked = self.with(|seat| self.check(seat, place, block))?;
        Ok(self.loaded(&checked, checked.wrapped))
    }

    /// Opens a stored MAC key for an algorithm.
    pub(in super::super) fn mac_key(
        self: &Arc<Self>,
        place: &Place<'_>,
        block: &[u8],
        algorithm: MacAlgorithm,
    ) -> Result<TokenMac, Fault> {
        let checked = self.with(|seat| self.check(seat, place, block))?;
        let given = checked.header.cipher.size();
        let misfit = |expected| Err(Fault::Key(KeyError::Size { given, expected }));
        match (algorithm, checked.header.cipher) {
            (MacAlgorithm::Ecb, _) | (MacAlgorithm::X99, Cipher::Single) | (MacAlgorithm::X919, Cipher::Double) => {}
            (MacAlgorithm::X99, _) => return misfit("8 for X9.9"),
            (MacAlgorithm::X919, _) => return misfit("16 for X9.19"),
            (MacAlgorithm::Sm4Ecb, _) => return Err(Fault::Unsupported("SM4 inside a token")),
        }
        Ok(TokenMac {
            algorithm,
            key: self.loaded(&checked, checked.wrapped),
            first: checked.first.map(|first| self.loaded(&checked, first)),
        })
    }

    /// The bytes of a component, to be added to the other one.
    pub(in super::super) fn component(&self, place: &Place<'_>, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.with(|seat| self.shown(seat, place, block)).map(|(_, bytes)| bytes)
    }

    /// The bytes of a stored key as its object has them: single ones twice over.
    fn shown(&self, seat: &Seat, place: &Place<'_>, block: &[u8]) -> Result<(Cipher, Zeroizing<Vec<u8>>), Fault> {
        let checked = self.check(seat, place, block)?;
        let parent = seat.parent(checked.header.parent)?;
        let object = unwrap(seat, parent, &checked.wrapped, Leave::Read)?;
        let read = seat.session.get_attributes(object, &[AttributeType::Value]);
        seat.session.destroy_object(object).map_err(lost)?;
        match read.map_err(lost)?.pop() {
            Some(Attribute::Value(bytes)) => Ok((checked.header.cipher, Zeroizing::new(bytes))),
            _ => Err(Fault::Unsupported("reading a key")),
        }
    }

    /// A working key that is kept already under a terminal's master key. Its bytes pass through memory as at its making.
    pub(in super::super) fn cover_again(
        &self,
        master: &TokenKey,
        wanted: &Wanted<'_>,
        kept: &[u8],
    ) -> Result<WrappedKey, Fault> {
        self.with(|seat| {
            let (cipher, bytes) = self.shown(seat, &wanted.place, kept)?;
            let key = bytes.get(..cipher.size()).ok_or(Fault::Damaged("it is cut short"))?;
            covered(seat, master, cipher, key)
        })
    }

    /// Makes a working key under a terminal's master key.
    pub(in super::super) fn issue(
        &self,
        master: &TokenKey,
        wanted: &Wanted<'_>,
    ) -> Result<(Stored, WrappedKey), Fault> {
        let cipher = wanted.cipher();
        if cipher == Cipher::Sm4 {
            return Err(Fault::Unsupported("SM4 inside a token"));
        }
        self.with(|seat| {
            let mut random = Zeroizing::new([0; KEY]);
            seat.session
                .generate_random_slice(random.as_mut_slice())
                .map_err(lost)?;
            let key = match (cipher, random.first_chunk::<8>()) {
                (Cipher::Single, Some(half)) => DesKey::single_from_random(*half),
                _ => DesKey::from_random(*random),
            };
            let cover = covered(seat, master, cipher, key.expose())?;
            let (check, signature) = described(cipher, key.expose())?;
            let stored = Stored {
                block: self.seal(seat, &wanted.place, cipher, key.expose())?,
                check,
                signature,
            };
            Ok((stored, cover))
        })
    }

    /// The block again under the current parent; none where it stands under it already.
    pub(in super::super) fn rewrap(&self, place: &Place<'_>, block: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|seat| {
            let checked = self.check(seat, place, block)?;
            let (current, parent) = (seat.current()?, seat.parent(checked.header.parent)?);
            if current.id == parent.id {
                return Ok(None);
            }
            let mut moved = Vec::new();
            for wrapped in std::iter::once(&checked.wrapped).chain(&checked.first) {
                let object = unwrap(seat, parent, wrapped, Leave::Move)?;
                let again = seat.session.wrap_key(&Mechanism::AesKeyWrap, current.wrap, object);
                seat.session.destroy_object(object).map_err(lost)?;
                moved.extend(again.map_err(lost)?);
            }
            self.closed(seat, place, checked.header.cipher, moved).map(Some)
        })
    }
}

/// A working key under a terminal's master key, encrypted by the token.
fn covered(seat: &Seat, master: &TokenKey, cipher: Cipher, key: &[u8]) -> Result<WrappedKey, Fault> {
    let cryptogram = seat
        .session
        .encrypt(&Mechanism::Des3Ecb, master.object(seat)?, key)
        .map_err(lost)?;
    let (check, _) = described(cipher, key)?;
    Ok(WrappedKey { cryptogram, check })
}

fn wrap_clear(seat: &Seat, parent: Parent, key: &[u8; KEY]) -> Result<Vec<u8>, Fault> {
    let mut parts = template(Leave::Move);
    parts.push(Attribute::Value(key.to_vec()));
    let object = seat.session.create_object(&parts);
    // The list owns a copy of the bytes.
    if let Some(Attribute::Value(bytes)) = parts.last_mut() {
        zeroize::Zeroize::zeroize(bytes);
    }
    let object = object.map_err(lost)?;
    let wrapped = seat.session.wrap_key(&Mechanism::AesKeyWrap, parent.wrap, object);
    seat.session.destroy_object(object).map_err(lost)?;
    wrapped.map_err(lost)
}

fn unwrap(seat: &Seat, parent: Parent, wrapped: &[u8; WRAPPED], leave: Leave) -> Result<ObjectHandle, Fault> {
    let (session, template) = (&seat.session, template(leave));
    match session.unwrap_key(&Mechanism::AesKeyWrap, parent.wrap, wrapped, &template) {
        Ok(object) => Ok(object),
        Err(Error::Pkcs11(RvError::WrappedKeyInvalid | RvError::WrappedKeyLenRange, _)) => {
            Err(Fault::Damaged("it was wrapped by another key"))
        }
        Err(error) => Err(lost(error)),
    }
}

impl TokenKey {
    fn object(&self, seat: &Seat) -> Result<ObjectHandle, Fault> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((generation, object)) = *loaded
            && generation == seat.generation
        {
            return Ok(object);
        }
        let object = unwrap(seat, seat.parent(self.parent)?, &self.wrapped, Leave::Use)?;
        *loaded = Some((seat.generation, object));
        Ok(object)
    }

    fn block(&self, seat: &Seat, block: [u8; 8], encrypts: bool) -> Result<[u8; 8], Fault> {
        let (session, object) = (&seat.session, self.object(seat)?);
        let done = if encrypts {
            session.encrypt(&Mechanism::Des3Ecb, object, &block)
        } else {
            session.decrypt(&Mechanism::Des3Ecb, object, &block)
        };
        let done = Zeroizing::new(done.map_err(lost)?);
        done.as_slice()
            .try_into()
            .map_err(|_| Fault::Unavailable("a block of the wrong length came back".to_owned()))
    }

    /// Encrypts one block.
    pub(in super::super) fn encrypt(&self, block: [u8; 8]) -> Result<[u8; 8], Fault> {
        self.token.with(|seat| self.block(seat, block, true))
    }

    /// Decrypts one block.
    pub(in super::super) fn decrypt(&self, block: [u8; 8]) -> Result<[u8; 8], Fault> {
        self.token.with(|seat| self.block(seat, block, false))
    }

    /// The last block of the data encrypted in CBC mode from zero, where there is any data.
    fn chained(&self, seat: &Seat, data: &[[u8; 8]]) -> Result<[u8; 8], Fault> {
        if data.is_empty() {
            return Ok([0; 8]);
        }
        let object = self.object(seat)?;
        let done = seat
            .session
            .encrypt(&Mechanism::Des3Cbc([0; 8]), object, data.as_flattened())
            .map_err(lost)?;
        done.last_chunk()
            .copied()
            .ok_or_else(|| Fault::Unavailable("nothing came back".to_owned()))
    }
}

impl Drop for TokenKey {
    fn drop(&mut self) {
        let loaded = self.loaded.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((generation, object)) = loaded {
            self.token.orphan(generation, object);
        }
    }
}

impl TokenMac {
    /// Eight bytes of MAC, as [`iso8583::crypto::MacKey::mac`] computes them.
    pub(in super::super) fn mac(&self, data: &[u8]) -> Result<[u8; 8], Fault> {
        self.key.token.with(|seat| match self.algorithm {
            MacAlgorithm::Ecb => ecb_mac_with(data, |block| self.key.block(seat, block, true)),
            MacAlgorithm::X99 => self.key.chained(seat, &filled(data)),
            MacAlgorithm::X919 => {
                let blocks = filled(data);
                let (Some(first), Some((last, before))) = (&self.first, blocks.split_last()) else {
                    return Err(Fault::Damaged("it has no first half"));
                };
                let state = first.chained(seat, before)?;
                let mixed = u64::from_ne_bytes(state) ^ u64::from_ne_bytes(*last);
                self.key.block(seat, mixed.to_ne_bytes(), true)
            }
            MacAlgorithm::Sm4Ecb => Err(Fault::Unsupported("SM4 inside a token")),
        })
    }
}

/// The data as whole blocks, the last filled up with zeros.
fn filled(data: &[u8]) -> Vec<[u8; 8]> {
    let block = |bytes: &[u8]| {
        let mut whole = [0; 8];
        whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        whole
    };
    data.chunks(8).map(block).collect()
}
