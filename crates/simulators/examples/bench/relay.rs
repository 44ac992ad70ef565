//! The relay ceiling: what the gateway could do if nothing had to be kept. Decodes, checks the MAC, answers.

use std::sync::Arc;

use iso8583::Message;

use crate::host::{self, Keys};
use crate::{Failure, Options};

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<(), Failure> {
    let keys = Arc::new(Keys::of(options)?);
    host::block_on(host::serve(options, move |message| {
        let keys = Arc::clone(&keys);
        async move { answer(&keys, &message) }
    }))
}

fn answer(keys: &Keys, message: &Message) -> Option<Message> {
    let (_, key) = keys.find(message)?;
    let code = if message.verify(&key).is_ok() { "00" } else { "A0" };
    host::compose(message, code, ("326000000001", "123456"), &key).ok()
}
