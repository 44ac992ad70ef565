//! The key module in this process: for development and tests. Keys at rest are sealed with AES-256-GCM under a master
//! key; opened ones live in handles and nowhere else, and are wiped when dropped.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::ids::IdSource;
use iso8583::crypto::{DesKey, Sm4Key};
use iso8583::values::WrappedKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::block::{Cipher, Header, Home, ParentId, associated};
use super::{Fault, Place, Profile, Signature, Stored, Wanted, signed_blocks};

const NONCE: usize = 12;

/// The master keys. The first seals; all open.
pub struct Software {
    masters: Vec<Master>,
}

struct Master {
    id: ParentId,
    key: Zeroizing<[u8; 32]>,
}

impl Master {
    fn new(key: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"key module master id\0")
            .chain_update(key)
            .finalize();
        let mut id = ParentId::default();
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self {
            id,
            key: Zeroizing::new(key),
        }
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.key).into())
    }
}

/// A key that was opened.
pub(super) struct Opened {
    pub(super) cipher: Cipher,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Software {
    pub(super) fn new(master: [u8; 32]) -> Self {
        Self {
            masters: vec![Master::new(master)],
        }
    }

    pub(super) fn also_opening(&mut self, earlier: [u8; 32]) {
        self.masters.push(Master::new(earlier));
    }

    pub(super) fn parent(&self) -> ParentId {
        self.masters.first().map_or_else(ParentId::default, |master| master.id)
    }

    pub(super) fn seal(
        &self,
        place: &Place<'_>,
        cipher: Cipher,
        key: &[u8],
        ids: &mut IdSource,
    ) -> Result<Vec<u8>, Fault> {
        let master = self.masters.first().ok_or(Fault::NoParent)?;
        let header = Header {
            kind: place.kind,
            cipher,
            profile: Profile::Test,
            home: Home::Software,
            parent: master.id,
        };
        let nonce: [u8; NONCE] = ids.bytes();
        let payload = Payload {
            msg: key,
            aad: &associated(header, place),
        };
        let sealed = master
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Fault::Damaged("it is too long"))?;
        Ok([header.bytes().as_slice(), &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, place: &Place<'_>, block: &[u8]) -> Result<Opened, Fault> {
        let (header, body) = Header::read(block)?;
        header.fits(place, Home::Software, Profile::Test)?;
        let master = self.masters.iter().find(|master| master.id == header.parent);
        let master = master.ok_or(Fault::NoParent)?;
        let (nonce, sealed) = body
            .split_first_chunk::<NONCE>()
            .ok_or(Fault::Damaged("it is cut short"))?;
        let payload = Payload {
            msg: sealed,
            aad: &associated(header, place),
        };
        let bytes = master
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| Fault::Damaged("it was changed or moved from its place"))?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() != header.cipher.size() {
            return Err(Fault::Damaged("its length is not the one of its cipher"));
        }
        Ok(Opened {
            cipher: header.cipher,
            bytes,
        })
    }

    /// Takes a clear key in.
    pub(super) fn import(
        &self,
        place: &Place<'_>,
        cipher: Cipher,
        key: &[u8],
        ids: &mut IdSource,
    ) -> Result<Stored, Fault> {
        let (check, signature) = described(cipher, key)?;
        Ok(Stored {
            block: self.seal(place, cipher, key, ids)?,
            check,
            signature,
        })
    }

    /// Makes a working key; it stored, and wrapped under the master key.
    pub(super) fn issue(
        &self,
        master: &Opened,
        wanted: &Wanted<'_>,
        ids: &mut IdSource,
    ) -> Result<(Stored, WrappedKey), Fault> {
        let bytes = match wanted.cipher() {
            Cipher::Sm4 => Zeroizing::new(ids.bytes::<16>().to_vec()),
            Cipher::Single => Zeroizing::new(DesKey::single_from_random(ids.bytes()).expose().to_vec()),
            Cipher::Double => Zeroizing::new(DesKey::from_random(ids.bytes()).expose().to_vec()),
        };
        let key = Opened {
            cipher: wanted.cipher(),
            bytes,
        };
        let wrapped = covered(master, &key)?;
        Ok((self.import(&wanted.place, key.cipher, &key.bytes, ids)?, wrapped))
    }

    /// The block again under the current master key; none where it stands under it already.
    pub(super) fn rewrap(&self, place: &Place<'_>, block: &[u8], ids: &mut IdSource) -> Result<Option<Vec<u8>>, Fault> {
        let opened = self.open(place, block)?;
        let (header, _) = Header::read(block)?;
        if header.parent == self.parent() {
            return Ok(None);
        }
        self.seal(place, opened.cipher, &opened.bytes, ids).map(Some)
    }
}

/// A working key under the master key, as the terminal gets it.
pub(super) fn covered(master: &Opened, key: &Opened) -> Result<WrappedKey, Fault> {
    Ok(match key.cipher {
        Cipher::Sm4 => WrappedKey::under_sm4(&Sm4Key::new(&master.bytes)?, &Sm4Key::new(&key.bytes)?),
        Cipher::Single | Cipher::Double => WrappedKey::under(&DesKey::new(&master.bytes)?, &DesKey::new(&key.bytes)?),
    })
}

/// The check value of a clear key and what it makes of the two fixed blocks.
pub(super) fn described(cipher: Cipher, key: &[u8]) -> Result<([u8; 4], Signature), Fault> {
    let (first, second) = signed_blocks();
    if cipher == Cipher::Sm4 {
        let key = Sm4Key::new(key)?;
        let mut whole = [0; 16];
        whole
            .iter_mut()
            .zip(first.into_iter().chain(second))
            .for_each(|(to, from)| *to = from);
        return Ok((key.kcv(), Signature::of(b"sm4", &key.encrypt_block(whole))));
    }
    let key = DesKey::new(key)?;
    let made = [key.encrypt_block(first), key.encrypt_block(second)].concat();
    Ok((key.kcv(), Signature::of(b"des", &made)))
}
