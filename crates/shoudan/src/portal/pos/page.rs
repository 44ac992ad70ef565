//! The page: a drawn terminal, what it prints, and the wire.

use domain::money::Fen;
use maud::{Markup, html};

use super::cells::{COLUMNS, fit, width};
use super::wire::{Exchange, Part, Taken};
use crate::portal::components::{Area, Empty, Fact, Tone, badge, empty, facts, notice, qr, shell};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, pos as w, slip as s};
use crate::portal::{Page, Standing, assets, paths};

/// Where the POS is, and where its form posts.
pub const POS: &str = "/pos";

/// A terminal to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Terminal number.
    pub number: String,
    /// Merchant, and the reason where it is stopped.
    pub label: String,
    /// Can take payments.
    pub live: bool,
}

/// A test card.
#[derive(Clone, Debug)]
pub struct TestCard {
    /// Masked number.
    pub masked: String,
    /// What the network makes of it.
    pub outcome: String,
    /// Its holder enters a PIN.
    pub pin: bool,
}

/// What came out of the printer.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Its lines.
    pub lines: Vec<String>,
    /// The explanation code on it.
    pub code: Option<String>,
    /// Number of the slip since the page was opened; a new one comes out visibly.
    pub number: u64,
    /// Batch and trace number under which its electronic slip is found, where the platform keeps one.
    pub kept: Option<(u32, u32)>,
}

/// A transaction in the terminal's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Trace number.
    pub trace: u32,
    /// What it was.
    pub name: String,
    /// Fen.
    pub amount: i64,
    /// It was voided or reversed.
    pub undone: bool,
}

/// The terminal in hand.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Terminal number.
    pub number: String,
    /// Merchant and shop.
    pub merchant: String,
    /// Serial number.
    pub serial: String,
    /// Its state on the platform.
    pub standing: Standing,
    /// The same in a sentence.
    pub headline: String,
    /// Batch number.
    pub batch: u32,
    /// Trace number last used.
    pub trace: u32,
    /// A reversal waits to be sent.
    pub owes: bool,
    /// What the screen says: up to four lines, more are cut.
    pub screen: Vec<String>,
    /// The slip, if one was printed.
    pub slip: Option<Slip>,
    /// Index of the card in hand.
    pub card: usize,
    /// Fen keyed in.
    pub amount: i64,
    /// What was wrong with the amount as typed.
    pub error: String,
    /// The last action's exchanges.
    pub wire: Vec<Exchange>,
    /// This batch, newest first.
    pub log: Vec<LogLine>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Pos {
    /// Terminals of the seeded world.
    pub choices: Vec<Choice>,
    /// Test cards.
    pub cards: Vec<TestCard>,
    /// The terminal in hand.
    pub machine: Option<Machine>,
}

/// The buttons: what they ask for, and their name.
const FUNCTIONS: [(&str, Word); 6] = [
    ("sign_in", w::SIGN_IN),
    ("sale", w::SALE),
    ("void", w::VOID),
    ("reverse", w::REVERSE),
    ("settle", w::SETTLE),
    ("echo", w::ECHO),
];

/// `/pos`
pub fn pos(page: &Page<'_>, data: &Pos) -> Markup {
    shell(
        page,
        page.say(w::TITLE),
        &Area::Public,
        html! {
            h1 { (page.say(w::TITLE)) }
            p.lead.pos-lead { (page.say(w::LEAD)) }
            @match &data.machine {
                None => (empty(&Empty { icon: Icon::Terminal, what: page.say(w::NO_WORLD), how: page.say(w::NO_WORLD_HOW), action: None })),
                Some(machine) => {
                    div.pos data-pos {
                        div.pos-side { (choose(page, data, machine)) (about(page, machine)) (log(page, machine)) }
                        div.pos-middle { (drawn(page, data, machine)) }
                        div.pos-wire { (wire(page, machine)) }
                    }
                    script src=(assets::POS.path()) defer {}
                }
            }
        },
    )
}

fn choose(page: &Page<'_>, data: &Pos, machine: &Machine) -> Markup {
    let groups = [(w::LIVE, true), (w::STOPPED, false)];
    html! {
        form.pos-choose.panel method="get" action=(POS) data-choose {
            label.ask {
                span { (page.say(w::TERMINAL)) }
                select name="terminal" {
                    @for (name, live) in groups {
                        optgroup label=(page.say(name)) {
                            @for one in data.choices.iter().filter(|c| c.live == live) {
                                option value=(one.number) selected[one.number == machine.number] { (one.number) " " (one.label) }
                            }
                        }
                    }
                }
            }
            button.button type="submit" { (page.say(w::TAKE_THIS)) }
        }
    }
}

fn about(page: &Page<'_>, machine: &Machine) -> Markup {
    html! {
        section.panel data-part="about" {
            h2 { (page.say(w::FACTS)) }
            p.pos-standing { (badge(page, machine.standing)) " " (machine.headline) }
            (facts(&[
                Fact::text(page.say(w::MERCHANT), &machine.merchant),
                Fact::code(page.say(w::SERIAL), &machine.serial),
                Fact::code(page.say(w::BATCH), &format!("{:06}", machine.batch)),
                Fact::code(page.say(w::TRACE), &format!("{:06}", machine.trace)),
            ]))
            @if machine.owes { (notice(Tone::Care, html! { p { (page.say(w::OWES)) } })) }
        }
    }
}

fn log(page: &Page<'_>, machine: &Machine) -> Markup {
    html! {
        section.panel data-part="log" {
            h2 { (page.say(w::LOG)) }
            @if machine.log.is_empty() { p.quiet { (page.say(w::LOG_NONE)) } }
            ul.pos-log {
                @for one in machine.log.iter().take(8) {
                    li { span.number { (format!("{:06}", one.trace)) } span { (one.name) @if one.undone { " · " (page.say(w::UNDONE)) } } span.money { (Fen(one.amount).yuan()) } }
                }
            }
        }
    }
}

/// Paper, screen, keys: one form, so that every key works without a script.
fn drawn(page: &Page<'_>, data: &Pos, machine: &Machine) -> Markup {
    html! {
        form.pos-form method="post" action=(POS) data-keys {
            input type="hidden" name="terminal" value=(machine.number);
            // The first button of a form is what Enter presses: the sale, never a digit.
            button.visually-hidden type="submit" name="do" value="sale" tabindex="-1" aria-hidden="true" { (page.say(w::SALE)) }
            div.pos-hand {
                label.ask {
                    span { (page.say(w::CARD)) }
                    select name="card" {
                        @for (i, card) in data.cards.iter().enumerate() {
                            option value=(i) selected[i == machine.card] {
                                (card.masked) " · " (page.say(if card.pin { w::WITH_PIN } else { w::NO_PIN })) @if !card.outcome.is_empty() { " · " (card.outcome) }
                            }
                        }
                    }
                }
                label.ask {
                    span { (page.say(w::AMOUNT)) }
                    input name="amount" inputmode="decimal" autocomplete="off" maxlength="10" value=(plain(machine.amount)) data-amount
                        aria-invalid=[(!machine.error.is_empty()).then_some("true")] aria-describedby="pos-error";
                }
                p.error #pos-error role="alert" { @if !machine.error.is_empty() { (icon(Icon::Bar)) span { (machine.error) } } }
            }
            div.pos-machine {
                div.pos-body {
                    div data-part="screen" role="status" { (screen(page, machine)) }
                    div.pos-functions {
                        @for (code, name) in FUNCTIONS { button.pos-function type="submit" name="do" value=(code) { (page.say(name)) } }
                    }
                    (keypad(page))
                    div.pos-slot {}
                }
                // Below the keys, so that no key moves when a slip comes out.
                div.pos-paper data-part="paper" aria-live="polite" { (paper(page, machine)) }
            }
        }
    }
}

/// An amount as it stands in a field: `12.34`.
pub fn plain(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn screen(page: &Page<'_>, machine: &Machine) -> Markup {
    let rows = fit(&machine.screen);
    html! {
        div.pos-screen aria-label=(page.say(w::SCREEN)) role="img" aria-description=(rows.join(" ")) data-screen {
            @for row in &rows {
                div.pos-row {
                    @for c in row.chars() { span.wide[width(c) == 2] { (c) } }
                    @for _ in row.chars().map(width).sum::<usize>()..COLUMNS { span {} }
                }
            }
        }
        p.visually-hidden { (rows.join(" ")) }
    }
}

fn keypad(page: &Page<'_>) -> Markup {
    let rows: [[&str; 3]; 4] = [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"], ["00", "0", "."]];
    let right = [
        ("cancel", w::KEY_CANCEL),
        ("clear", w::KEY_CLEAR),
        ("balance", w::BALANCE),
        ("sale", w::KEY_OK),
    ];
    html! {
        div.pos-keypad role="group" aria-label=(page.say(w::KEYPAD)) {
            @for (row, (code, name)) in rows.iter().zip(right) {
                @for key in row {
                    @if *key == "." { span.pos-blank {} }
                    @else { button.pos-key type="submit" name="key" value=(key) data-key=(key) { (key) } }
                }
                @match code {
                    "cancel" | "clear" => button.pos-key.(code) type="submit" name="key" value=(code) data-key=(code) { (page.say(name)) },
                    _ => button.pos-key.(code) type="submit" name="do" value=(code) { (page.say(name)) },
                }
            }
        }
    }
}

fn paper(page: &Page<'_>, machine: &Machine) -> Markup {
    let Some(slip) = &machine.slip else { return html! {} };
    html! {
        div.pos-slip data-slip=(slip.number) {
            @for (i, line) in slip.lines.iter().enumerate() { p.first[i == 0] { (line) } }
            @if let Some(code) = &slip.code {
                p.pos-slip-code { (code) }
                (qr(&format!("{}{}", page.origin, paths::explanation(code)), page.say(w::WHY_QR)))
                p { a href=(paths::explanation(code)) { (page.say(w::WHY_LINK)) } }
            }
        }
        @if let Some(kept) = slip.kept {
            p.pos-electronic {
                (page.say(w::ELECTRONIC)) " "
                a href=(electronic(&machine.number, kept, "png")) { (page.say(s::AS_PICTURE_SHORT)) }
                " · "
                a href=(electronic(&machine.number, kept, "pdf")) { "PDF" }
            }
        }
    }
}

/// The electronic form of a printed slip.
fn electronic(terminal: &str, (batch, trace): (u32, u32), ending: &str) -> String {
    format!("{POS}/{}/{batch}/{trace}/slip.{ending}", paths::part(terminal))
}

fn wire(page: &Page<'_>, machine: &Machine) -> Markup {
    html! {
        details.panel.pos-wire-fold data-part="wire" {
            summary { (page.say(w::WIRE)) @if !machine.wire.is_empty() { " " span.count { (machine.wire.len()) } } }
            @if machine.wire.is_empty() { p.quiet { (page.say(w::WIRE_NONE)) } }
            @else { p.quiet.small { (page.say(w::WIRE_NOTE)) } }
            @for one in &machine.wire { (exchange(page, one)) }
        }
    }
}

fn exchange(page: &Page<'_>, one: &Exchange) -> Markup {
    html! {
        article.exchange {
            p.exchange-head {
                span.number { (one.sent.kind) " → " (one.received.as_ref().map_or("–", |r| r.kind.as_str())) }
                span.quiet { (w::millis(page.lang, one.took)) }
            }
            (frame(page, w::SENT, &one.sent))
            @match &one.received {
                Some(received) => (frame(page, w::RECEIVED, received)),
                None => p { (page.say(w::NOTHING_CAME)) },
            }
        }
    }
}

fn frame(page: &Page<'_>, title: Word, taken: &Taken) -> Markup {
    html! {
        h3 { (page.say(title)) " " span.number { (taken.kind) } " " small.quiet { (w::bytes(page.lang, taken.size)) } }
        p.hex { @for part in &taken.parts { span title=(titled(part)) { (part.hex) " " } } }
        table.parts {
            caption.visually-hidden { (page.say(title)) }
            thead { tr { th scope="col" { (page.say(w::FIELD)) } th scope="col" { (page.say(w::NAME)) } th scope="col" { (page.say(w::VALUE)) } } }
            tbody { @for part in &taken.parts { tr { td.number { (part.tag) } td { (part.name) } td.hash { (part.value) } } } }
        }
    }
}

fn titled(part: &Part) -> String {
    if part.tag.is_empty() {
        part.name.clone()
    } else {
        format!("{} {}", part.tag, part.name)
    }
}
