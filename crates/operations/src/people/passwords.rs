//! Password hashes (argon2id) and second-factor codes (TOTP, RFC 6238: SHA-1, six digits, 30 seconds).

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use domain::time::Time;
use totp_rs::{Builder, Secret, Totp};

use crate::refused::{Done, Refused};

/// The shortest password, in characters.
pub const SHORTEST_PASSWORD: usize = 8;

/// The longest password, in bytes: hashing more is work for nothing.
const LONGEST_PASSWORD: usize = 512;

/// The hash of a password under 16 fresh random bytes, as a PHC string. Pure and slow: not inside a transaction.
pub fn hash_password(password: &str, salt: [u8; 16]) -> Done<String> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(Refused::field(
            "password",
            "length",
            "密码至少 8 个字符，最多 512 字节。",
            "A password has at least 8 characters and at most 512 bytes.",
        ));
    }
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Refused::Keys(format!("the password could not be hashed: {error}")))
}

/// Whether a password is the hashed one. Pure and slow: not inside a transaction.
pub fn verify_password(hash: &str, password: &str) -> bool {
    password.len() <= LONGEST_PASSWORD
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A hash that no password has, of the common cost: verified where there is no such login, so that the time an
/// answer takes tells nothing.
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Where a second factor's secret is kept, bound into its seal.
pub(super) fn totp_place(user: &str) -> String {
    format!("users/{user}/totp_secret")
}

fn totp(secret: &[u8]) -> Done<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .build()
        .map_err(|error| Refused::Keys(format!("a second factor's secret cannot be used: {error}")))
}

fn seconds(now: Time) -> u64 {
    u64::try_from(now.millis() / 1000).unwrap_or(0)
}

/// The code that an authenticator with this secret shows at `now`; for tests and the virtual authenticator.
pub fn totp_code(secret: &[u8], now: Time) -> Done<String> {
    Ok(totp(secret)?.generate(seconds(now)).to_string())
}

/// The secret as people type it into an authenticator: base 32.
pub fn totp_secret_text(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

/// The step (30-second interval since 1970) a code belongs to, one before or after now included; none if it is wrong.
pub(super) fn totp_step(secret: &[u8], code: &str, now: Time) -> Done<Option<i64>> {
    let step = totp(secret)?.check(code.trim(), seconds(now));
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_nobody_has_costs_as_much_as_a_real_one() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash_password("correct horse", [1; 16]).unwrap();
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(
            (nobody.algorithm, nobody.version, nobody.params),
            (somebody.algorithm, somebody.version, somebody.params)
        );
        assert!(!verify_password(NOBODY, "correct horse"));
    }
}
