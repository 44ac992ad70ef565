//! The rules through their public surface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod it {
    mod catalogue;
    mod docs;
    mod model;
}
