//! The key module inside a token, through PKCS#11: a hardware security module in production, SoftHSM in the tests.
//!
//! Two AES-256 keys per master name never leave the token: one wraps stored keys (AES key wrap, RFC 3394), one
//! authenticates their headers (CMAC). A stored key is unwrapped into an object of the session and used there: MACs are
//! triple-DES calls on it, with single-length keys loaded twice over, as K‖K.
//!
//! What PKCS#11 has no portable mechanism for, and what is done instead:
//! - A working key for a terminal must be triple-DES ECB encrypted under its master key. Wrapping in that mode is rarely
//!   offered (SoftHSM refuses it), so the key's bytes come from the token's generator, are encrypted by the token, and
//!   pass through this process's memory for that moment, wiped after.
//! - Translating a PIN is two calls, so the clear PIN block passes through memory between them, wiped after.
//! - Two components of a master key are added in memory, as the custodians typed them there.
//! - SM4 is not offered; terminals with SM4 keys cannot be served.

mod keys;
mod sessions;

use std::path::PathBuf;
use std::sync::Mutex;

use cryptoki::context::Pkcs11;
use domain::secret::Secret;

use super::{Fault, ParentId, Profile};
pub(super) use keys::{TokenKey, TokenMac};
use sessions::Open;

/// How to reach a token.
#[derive(Clone)]
pub struct TokenSettings {
    /// The PKCS#11 library.
    pub library: PathBuf,
    /// The token's label.
    pub token: String,
    /// The user's PIN.
    pub pin: Secret<String>,
    /// Whether its keys are for real money; part of the names of its master keys.
    pub profile: Profile,
    /// Name of the master key that seals.
    pub master: String,
    /// Names of earlier master keys that still open.
    pub earlier: Vec<String>,
}

/// A token in use. Sessions are pooled; lost ones are opened again at the next call.
pub struct Token {
    settings: TokenSettings,
    context: Pkcs11,
    open: Mutex<Open>,
}

impl Token {
    pub(super) fn profile(&self) -> Profile {
        self.settings.profile
    }

    pub(super) fn parent(&self) -> Result<ParentId, Fault> {
        self.with(|seat| seat.current().map(|parent| parent.id))
    }
}

fn lost(error: cryptoki::error::Error) -> Fault {
    Fault::Unavailable(error.to_string())
}
