//! Amounts: ¥1,234.50, figures of one width.

use domain::money::Fen;
use maud::{Markup, html};

/// An amount in a line or a table.
pub fn money(fen: i64) -> Markup {
    html! { span.money { (Fen(fen).yuan()) } }
}

/// The one amount of a page. Yuan large, fen small.
pub fn money_big(fen: i64) -> Markup {
    let text = Fen(fen).yuan();
    let (yuan, rest) = text.split_once('.').unwrap_or((&text, "00"));
    html! { span.money.money-big { (yuan) small { "." (rest) } } }
}
