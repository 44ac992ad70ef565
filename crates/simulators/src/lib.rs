//! The parties outside: a card network and a POS terminal, speaking ISO 8583 over real sockets. They know the protocol and
//! nothing of the acquirer between them.

pub mod conformance;
pub mod load;
pub mod network;
pub mod proxy;
pub mod terminal;

mod wire;

pub use network::{Network, NetworkScript};
pub use terminal::Terminal;
