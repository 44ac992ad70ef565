#![doc = include_str!("../README.md")]

mod bcd;
pub mod card;
mod codec;
pub mod codes;
pub mod crypto;
pub mod error;
pub mod fields;
pub mod frame;
mod framing;
pub mod kinds;
mod message;
mod mti;
pub mod tlv;
pub mod values;

pub use card::{Pan, Track2};
pub use error::{DecodeError, EncodeError, Path, Problem, Unfit};
pub use frame::{Frame, FrameError, Header, HeaderForm, ProcessingRequest, Tpdu};
pub use framing::Framing;
pub use kinds::Kind;
pub use message::Message;
pub use mti::Mti;
