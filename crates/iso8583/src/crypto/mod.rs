//! Keys, MAC, PIN block, track encryption: the cryptography of terminals, as old as it is.
//!
//! DES and the XOR-then-encrypt MAC are here because every terminal in the field speaks them, not because they are good.

mod keys;
mod mac;
mod pin;
mod track;

pub use keys::{DesKey, KeyError, Sm4Key};
pub use mac::{MacAlgorithm, MacError, MacKey, ecb_mac_with};
pub use pin::{Pin, PinError, clear_pin_block, decrypt_pin, encrypt_pin, pin_from_clear_block, translate_pin};
pub use track::{decrypt_track, decrypt_track_with, encrypt_track};
