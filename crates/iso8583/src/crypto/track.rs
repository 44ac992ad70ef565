//! Track encryption (third digit of field 53 is 1): sixteen digits near the end of a track, as one block under the track key.

use super::keys::DesKey;
use crate::bcd;
use crate::card::CardError;
use crate::fields::Justify;
use zeroize::Zeroizing;

/// Encrypts part of a track. The sixteen digits end before the last digit of an odd track, before the last two of an even one.
pub fn encrypt_track(key: &DesKey, track: &str) -> Result<Zeroizing<String>, CardError> {
    replace_block(track, |block| Ok(key.encrypt_block(block)))
}

/// Puts an encrypted track back into the clear.
pub fn decrypt_track(key: &DesKey, track: &str) -> Result<Zeroizing<String>, CardError> {
    decrypt_track_with(track, |block| Ok(key.decrypt_block(block)))
}

/// [`decrypt_track`] where the key is held elsewhere (a hardware module): `decrypt` deciphers one block; its error is
/// passed on.
pub fn decrypt_track_with<E: From<CardError>>(
    track: &str,
    decrypt: impl FnOnce([u8; 8]) -> Result<[u8; 8], E>,
) -> Result<Zeroizing<String>, E> {
    replace_block(track, decrypt)
}

fn replace_block<E: From<CardError>>(
    track: &str,
    work: impl FnOnce([u8; 8]) -> Result<[u8; 8], E>,
) -> Result<Zeroizing<String>, E> {
    let tail = if track.len() % 2 == 1 { 1 } else { 2 };
    let end = track.len().checked_sub(tail).ok_or(CardError::TooShort)?;
    let start = end.checked_sub(16).ok_or(CardError::TooShort)?;
    let parts = (track.get(..start), track.get(start..end), track.get(end..));
    let (Some(before), Some(middle), Some(after)) = parts else {
        return Err(CardError::NotATrack.into());
    };
    let middle = Zeroizing::new(middle.replace('=', "D"));
    let block = bcd::from_hex(&middle).map(Zeroizing::new).ok_or(CardError::NotATrack)?;
    let block = <[u8; 8]>::try_from(block.as_slice()).map_err(|_| CardError::NotATrack)?;
    let (digits, _) = bcd::unpack(&work(block)?, 16, Justify::Exact);
    let digits = Zeroizing::new(digits);
    let digits = std::str::from_utf8(&digits).map_err(|_| CardError::NotATrack)?;
    let mut whole = Zeroizing::new(String::with_capacity(track.len()));
    for part in [before, digits, after] {
        whole.push_str(part);
    }
    Ok(whole)
}
