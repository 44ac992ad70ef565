//! Charts drawn on the server: shapes take their colours from the style sheet, figures stand beside them as text, and
//! a screen reader gets the sentence.

use std::fmt::Write as _;

use maud::{Markup, html};

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Under it.
    pub label: String,
    /// Its height, in any unit; below zero counts as zero.
    pub value: i64,
    /// The value in words, shown on pointing and read out.
    pub text: String,
    /// The one to look at.
    pub strong: bool,
}

const WIDTH: i64 = 320;
const HEIGHT: i64 = 96;
const LABELS: i64 = 20;

/// Bars side by side; `sentence` is what they say.
pub fn bars(sentence: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|b| b.value).max().unwrap_or(0).max(1);
    let count = i64::try_from(bars.len()).unwrap_or(1).max(1);
    let slot = WIDTH / count;
    let thick = (slot * 6 / 10).clamp(2, 28);
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT + LABELS) } role="img" aria-label=(sentence) {
            line.chart-base x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            @for (i, bar) in (0..).zip(bars) {
                @let tall = scale(bar.value, most);
                @let left = slot * i + (slot - thick) / 2;
                rect.chart-bar.strong[bar.strong] x=(left) y=(HEIGHT - tall) width=(thick) height=(tall) rx="2" {
                    title { (bar.label) " " (bar.text) }
                }
                text.chart-label.strong[bar.strong] x=(slot * i + slot / 2) y=(HEIGHT + LABELS - 4) text-anchor="middle" {
                    (bar.label)
                }
            }
        }
    }
}

/// A value of zero shows as nothing, the smallest other one as a line.
fn scale(value: i64, most: i64) -> i64 {
    if value <= 0 {
        0
    } else {
        (value.saturating_mul(HEIGHT - 6) / most).max(2)
    }
}

/// A line over equal steps, with its area; `first` and `last` stand under its ends.
pub fn line(sentence: &str, values: &[i64], first: &str, last: &str) -> Markup {
    let points = points(values, WIDTH, HEIGHT);
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT + LABELS) } role="img" aria-label=(sentence) {
            line.chart-base x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            @if !points.is_empty() {
                path.chart-area d={ "M0 " (HEIGHT) "L" (points) "L" (WIDTH) " " (HEIGHT) "z" } {}
                path.chart-line d={ "M" (points) } {}
            }
            text.chart-label x="0" y=(HEIGHT + LABELS - 4) { (first) }
            text.chart-label x=(WIDTH) y=(HEIGHT + LABELS - 4) text-anchor="end" { (last) }
        }
    }
}

/// A line as high as the text it stands in.
pub fn spark(sentence: &str, values: &[i64]) -> Markup {
    let points = points(values, 80, 20);
    html! {
        svg.spark viewBox="0 0 80 20" role="img" aria-label=(sentence) {
            @if !points.is_empty() { path.chart-line d={ "M" (points) } {} }
        }
    }
}

fn points(values: &[i64], width: i64, height: i64) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let gaps = i64::try_from(values.len()).unwrap_or(1) - 1;
    let mut out = String::new();
    for (i, value) in (0..).zip(values) {
        let x = if gaps > 0 { width * i / gaps } else { width / 2 };
        let y = height - 2 - value.max(&0).saturating_mul(height - 4) / most;
        // Writing into a String cannot fail.
        let _ = write!(out, "{}{x} {y}", if i > 0 { "L" } else { "" });
    }
    out
}
