//! A QR code in half blocks, as a terminal's printer would print it.

use std::io::IsTerminal as _;

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, QRCode};

/// Modules of white round the code.
const QUIET: usize = 2;

/// The lines of a code that leads to `link`; none where it is too long to encode. On a screen they set black and white
/// themselves, so that a camera reads them on dark and light ground alike; in a file the light modules are the ink.
pub fn lines(link: &str) -> Vec<String> {
    let coloured = std::io::stdout().is_terminal();
    let paint = |row: String| {
        if coloured {
            format!("\x1b[97;40m{row}\x1b[0m")
        } else {
            row
        }
    };
    QRBuilder::new(link)
        .ecl(ECL::M)
        .build()
        .map(|code| half_blocks(&code).into_iter().map(paint).collect())
        .unwrap_or_default()
}

/// Two rows of modules to a line; a module outside the code is light.
fn half_blocks(code: &QRCode) -> Vec<String> {
    let side = code.size + 2 * QUIET;
    let light = |x: usize, y: usize| {
        let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < code.size);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => !code[y][x].value(),
            _ => true,
        }
    };
    let cell = |x: usize, y: usize| match (light(x, y), y + 1 < side && light(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    (0..side)
        .step_by(2)
        .map(|y| (0..side).map(|x| cell(x, y)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_module_of_the_code_stands_where_the_blocks_say() {
        let code = QRBuilder::new("http://127.0.0.1:8080/e/7K3-M9Q")
            .ecl(ECL::M)
            .build()
            .unwrap();
        let lines = half_blocks(&code);
        assert_eq!(lines.len(), (code.size + 2 * QUIET).div_ceil(2));
        for y in 0..code.size {
            for x in 0..code.size {
                let (row, column) = (y + QUIET, x + QUIET);
                let cell = lines[row / 2].chars().nth(column).unwrap();
                let dark = if row % 2 == 0 {
                    matches!(cell, '▄' | ' ')
                } else {
                    matches!(cell, '▀' | ' ')
                };
                assert_eq!(dark, code[y][x].value(), "row {y}, column {x}");
            }
        }
    }

    #[test]
    fn what_is_too_long_prints_nothing() {
        assert!(lines(&"x".repeat(5000)).is_empty());
    }
}
