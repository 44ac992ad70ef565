//! What questions answer: plain records that pages, API, CLI and tests show. Texts are already in the asked language;
//! codes never depend on it. Times are milliseconds UTC; amounts are fen.

mod explanation;
mod lists;
mod parties;
mod requests;

pub use explanation::*;
pub use lists::*;
pub use parties::*;
pub use requests::*;
