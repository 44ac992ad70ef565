//! What protects values at rest: sealing (AES-256-GCM), blind indexes by which a sealed value can still be found,
//! fingerprints of keys, and hashes of tokens. The keys live here and nowhere else, and are wiped when dropped.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::secret::Secret;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::refused::{Done, Refused};

/// The form of a sealed value: this byte, four bytes naming the key, twelve of nonce, then text and tag.
const FORM: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const HEADER: usize = 1 + KEY_ID + NONCE;

/// Seals and opens sensitive values, and computes the keyed digests by which they are compared.
pub struct Sealer {
    /// The first seals; all open.
    data_keys: Vec<DataKey>,
    index_key: Zeroizing<[u8; 32]>,
}

struct DataKey {
    id: [u8; KEY_ID],
    key: Zeroizing<[u8; 32]>,
}

impl DataKey {
    fn new(key: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"data key id\0")
            .chain_update(key)
            .finalize();
        let mut id = [0; KEY_ID];
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

impl Sealer {
    /// A sealer with one data key and the key of all indexes. Two different keys: who can look up need not open.
    pub fn new(data_key: [u8; 32], index_key: [u8; 32]) -> Self {
        Self {
            data_keys: vec![DataKey::new(data_key)],
            index_key: Zeroizing::new(index_key),
        }
    }

    /// The same sealer, also opening what an earlier data key sealed.
    #[must_use]
    pub fn also_opening(mut self, earlier_data_key: [u8; 32]) -> Self {
        self.data_keys.push(DataKey::new(earlier_data_key));
        self
    }

    /// Seals `plain`. `nonce` must be fresh random bytes; `aad` names the place the value is kept in (table, row,
    /// field), so that a sealed value moved elsewhere does not open.
    pub fn seal(&self, plain: &[u8], nonce: [u8; NONCE], aad: &str) -> Vec<u8> {
        let Some(key) = self.data_keys.first() else {
            return Vec::new();
        };
        let mut sealed = vec![FORM];
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        let payload = Payload {
            msg: plain,
            aad: aad.as_bytes(),
        };
        // The cipher refuses only texts of 64 GiB and more; what then results has no tag and never opens.
        sealed.extend(key.cipher().encrypt(&Nonce::from(nonce), payload).unwrap_or_default());
        sealed
    }

    /// Opens what [`Sealer::seal`] made for the same place. [`Refused::Keys`] says which key is missing, or that the
    /// value was changed or moved.
    pub fn open(&self, sealed: &[u8], aad: &str) -> Done<Secret<Vec<u8>>> {
        let (header, text) = sealed
            .split_at_checked(HEADER)
            .ok_or_else(|| keys("a sealed value is cut short"))?;
        let (form, rest) = header.split_at(1);
        let (id, nonce) = rest.split_at(KEY_ID);
        if form != [FORM] {
            return Err(keys("a sealed value has an unknown form"));
        }
        let key = self.data_keys.iter().find(|key| key.id == id).ok_or_else(|| {
            keys(&format!(
                "a value was sealed with the data key {}, which is not configured",
                hex(id)
            ))
        })?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| keys("a sealed value is cut short"))?;
        let payload = Payload {
            msg: text,
            aad: aad.as_bytes(),
        };
        key.cipher()
            .decrypt(&Nonce::from(nonce), payload)
            .map(Secret::new)
            .map_err(|_| keys("a sealed value was changed or moved from its place, and does not open"))
    }

    /// The blind index of a value: equal values of one field have equal indexes, and nobody without the key can make
    /// one. Hexadecimal. Bring the value to one spelling first.
    pub fn blind(&self, field: &str, value: &str) -> String {
        self.keyed(&["blind", field], value.as_bytes())
    }

    /// A keyed fingerprint of key material: tells equal keys apart from different ones without keeping them.
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        self.keyed(&["fingerprint"], bytes)
    }

    /// What is stored instead of a session token, an API key or an activation code. Keyed, as codes are short.
    pub fn hash_token(&self, token: &str) -> String {
        self.keyed(&["token"], token.as_bytes())
    }

    /// HMAC-SHA256 over what it is for (each word closed by a zero byte) and the value.
    fn keyed(&self, purpose: &[&str], value: &[u8]) -> String {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*self.index_key) else {
            // HMAC takes keys of any length.
            return String::new();
        };
        for word in purpose {
            mac.update(word.as_bytes());
            mac.update(&[0]);
        }
        mac.update(value);
        hex(&mac.finalize().into_bytes())
    }
}

/// SHA-256 in hexadecimal: for what is not secret and has to be compared later.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .collect()
}

fn keys(what: &str) -> Refused {
    Refused::Keys(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "private_values/mch_1/merchant/mch_1/contact_phone";

    fn sealer() -> Sealer {
        Sealer::new([1; 32], [2; 32])
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let sealed = sealer().seal("13800001234".as_bytes(), [3; 12], PLACE);
        assert_eq!(sealer().open(&sealed, PLACE).unwrap().expose(), b"13800001234");
        assert!(
            sealer()
                .open(&sealed, "private_values/mch_2/merchant/mch_2/contact_phone")
                .is_err()
        );
        assert!(!sealed.windows(4).any(|bytes| bytes == b"1234"));
        assert_eq!(
            sealer()
                .open(&sealer().seal(b"", [3; 12], PLACE), PLACE)
                .unwrap()
                .expose(),
            b""
        );
    }

    #[test]
    fn a_sealed_value_with_any_byte_changed_or_cut_does_not_open() {
        let sealed = sealer().seal(b"13800001234", [3; 12], PLACE);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealer().open(&changed, PLACE).is_err(), "byte {place}");
            assert!(sealer().open(&sealed[..place], PLACE).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_new_data_key_still_opens_what_the_old_one_sealed_and_seals_with_the_new() {
        let old = sealer().seal(b"x", [3; 12], PLACE);
        let new = Sealer::new([4; 32], [2; 32]);
        let refused = new.open(&old, PLACE).unwrap_err().to_string();
        assert!(refused.contains("not configured"), "{refused}");
        let both = Sealer::new([4; 32], [2; 32]).also_opening([1; 32]);
        assert_eq!(both.open(&old, PLACE).unwrap().expose(), b"x");
        assert!(sealer().open(&both.seal(b"x", [5; 12], PLACE), PLACE).is_err());
    }

    #[test]
    fn an_index_tells_values_fields_purposes_and_keys_apart() {
        let sealer = sealer();
        let index = sealer.blind("contact_phone", "13800001234");
        assert_eq!(index, sealer.blind("contact_phone", "13800001234"));
        let others = [
            sealer.blind("contact_phone", "13800001235"),
            sealer.blind("account_mobile", "13800001234"),
            sealer.blind("contact_phone1", "3800001234"),
            sealer.fingerprint(b"13800001234"),
            sealer.hash_token("13800001234"),
            Sealer::new([1; 32], [9; 32]).blind("contact_phone", "13800001234"),
            sha256(b"13800001234"),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_eq!(other.len(), 64);
            assert!(*other != index && !others[..i].contains(other), "number {i}");
        }
    }

    #[test]
    fn a_digest_is_sha_256_in_hexadecimal() {
        // The empty text's, from FIPS 180-4.
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(hex(&[0, 1, 0xab, 0xff]), "0001abff");
    }

    #[test]
    fn keyed_digests_are_hmac_sha_256() {
        // Computed independently over the words `token`, a zero byte and the value, under 32 bytes of 2.
        assert_eq!(sealer().hash_token("abc"), HMAC_OF_TOKEN_ABC);
    }

    const HMAC_OF_TOKEN_ABC: &str = "b4f6d414b06d535c37f6d62bf4a4f550e715578e908f9eff30e6580dc94d3b4d";
}
