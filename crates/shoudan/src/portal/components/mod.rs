//! The parts pages are made of. Each is a pure function of its data and the [`Page`](super::Page); all of them stand
//! together on `/styleguide`.

mod actions;
mod badge;
mod banner;
mod cause;
mod chart;
mod empty;
mod facts;
mod field;
mod file;
mod money;
mod notice;
mod plan;
mod qr;
mod shell;
mod table;
mod timeline;
mod works;

pub use actions::{Action, Weight, actions};
pub use badge::{badge, badge_with, state_badge};
pub use banner::{Banner, banner};
pub use cause::{cause, causes, warnings};
pub use chart::{Bar, bars, line, spark};
pub use empty::{Empty, empty};
pub use facts::{Fact, facts};
pub use field::{Choice, Field, Input, errors_first, field};
pub use file::{FileField, file_field};
pub use money::{money, money_big};
pub use notice::{Tone, notice};
pub use plan::{plan, step_line};
pub use qr::qr;
pub use shell::{Area, NavItem, Place, back, shell};
pub use table::{Column, Row, Slot, pager, table};
pub use timeline::timeline;
pub use works::{capability_names, works};
