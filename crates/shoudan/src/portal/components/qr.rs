//! A QR code as one SVG path, dark on white in either theme so that every camera reads it.

use std::fmt::Write as _;

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, QRCode};
use maud::{Markup, html};

/// Modules of white round the code.
const QUIET: usize = 3;

/// The code of `text`; `label` says what it leads to. Nothing where the text is too long to encode.
pub fn qr(text: &str, label: &str) -> Markup {
    let Ok(code) = QRBuilder::new(text).ecl(ECL::M).build() else {
        return html! {};
    };
    let side = code.size + 2 * QUIET;
    html! {
        svg.qr viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path(&code)) fill="#000" {}
        }
    }
}

/// One run of dark modules after the other.
fn path(code: &QRCode) -> String {
    let mut out = String::new();
    for y in 0..code.size {
        let row = &code[y];
        let mut x = 0;
        while let Some(start) = (x..code.size).find(|&i| row[i].value()) {
            let end = (start..code.size).find(|&i| !row[i].value()).unwrap_or(code.size);
            // Writing into a String cannot fail.
            let _ = write!(
                out,
                "M{} {}h{}v1h-{}z",
                start + QUIET,
                y + QUIET,
                end - start,
                end - start
            );
            x = end;
        }
    }
    out
}
