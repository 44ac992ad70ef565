//! Keys that everyone knows: printed in manuals, sample code and on test cards. A terminal that holds one is open to all.

/// Master keys that are refused everywhere: 32 hexadecimal digits each. DES ignores the lowest bit of every byte, so each
/// row stands for its neighbours too; one byte repeated is refused by rule and needs no row.
pub const KNOWN: &[&str] = &[
    "0123456789ABCDEFFEDCBA9876543210",
    "0123456789ABCDEF0123456789ABCDEF",
    "FEDCBA98765432100123456789ABCDEF",
    "FEDCBA9876543210FEDCBA9876543210",
    "1234567890ABCDEF1234567890ABCDEF",
    "1234567890ABCDEFABCDEF1234567890",
    "12345678901234567890123456789012",
    "1234567812345678ABCDEFABCDEFABCD",
    "11223344556677888877665544332211",
    "11223344556677881122334455667788",
    "112233445566778899AABBCCDDEEFF00",
    "00112233445566778899AABBCCDDEEFF",
    "000102030405060708090A0B0C0D0E0F",
    "0102030405060708090A0B0C0D0E0F10",
    "101112131415161718191A1B1C1D1E1F",
    "404142434445464748494A4B4C4D4E4F",
    "31323334353637383132333435363738",
    "30313233343536373839414243444546",
    "11111111111111112222222222222222",
    "22222222222222221111111111111111",
    "00000000000000001111111111111111",
    "A1B2C3D4E5F6A7B8C9D0E1F2A3B4C5D6",
    "89ABCDEF012345670123456789ABCDEF",
    "70F2A84CCBC2AE8625CBB0F2C22AB923",
    "258FB0AB70D025CDB99DF2C4D302D646",
    "159D86C7C1F779EA29F77A6858E0DA2A",
];

/// Whether a key is known to everyone: one byte (but for parity) repeated, or a row of [`KNOWN`] (but for parity).
pub(super) fn is_known(key: &[u8; 16]) -> bool {
    let bare = key.map(|byte| byte >> 1);
    if bare.first().is_some_and(|first| bare.iter().all(|byte| byte == first)) {
        return true;
    }
    rows().any(|row| row.map(|byte| byte >> 1) == bare)
}

/// Every key that [`is_known`] refuses, as bytes; of those that differ in parity only, one.
pub(super) fn all() -> impl Iterator<Item = [u8; 16]> {
    (0..128_u8).map(|byte| [byte << 1; 16]).chain(rows())
}

fn rows() -> impl Iterator<Item = [u8; 16]> {
    KNOWN.iter().filter_map(|digits| {
        let number = u128::from_str_radix(digits, 16).ok()?;
        Some(number.to_be_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_key_of_sixteen_bytes() {
        assert_eq!(rows().count(), KNOWN.len());
        assert!(KNOWN.iter().all(|digits| digits.len() == 32));
    }

    #[test]
    fn known_keys_are_known_with_any_parity() {
        for byte in [0x00, 0x11, 0x31, 0xff] {
            assert!(is_known(&[byte; 16]), "{byte:02x}");
        }
        let mut manual = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes();
        assert!(is_known(&manual));
        manual[3] ^= 1;
        assert!(is_known(&manual));
        manual[3] ^= 2;
        assert!(!is_known(&manual));
    }
}
