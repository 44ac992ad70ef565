//! `shoudan pos`: a terminal of the demonstration's world on the command line. What it shows is what the host sent.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::money::Fen;
use serde_json::Value;
use simulators::terminal::{Card, Language, Shown, Terminal};

use super::client::{language, world};
use super::qr;
use super::show::{rows, say, text};
use crate::portal::paths;

/// A simulated terminal.
#[derive(Args)]
pub struct Pos {
    /// The demonstration's directory; the terminal's memory is kept there too.
    #[arg(long, default_value = "data", global = true)]
    data: PathBuf,
    /// Terminal number; none: the first live one of the world.
    #[arg(long, global = true)]
    terminal: Option<String>,
    /// Which of the world's test cards, by the outcome it leads to or its number.
    #[arg(long, default_value = "approved", global = true)]
    card: String,
    /// Print what came of it as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Sign in: new working keys.
    SignIn,
    /// Sign off.
    SignOff,
    /// Test the line.
    Echo,
    /// Download parameters.
    Download,
    /// Sell.
    Sale {
        /// Yuan, e.g. 12.34.
        amount: String,
    },
    /// Ask for the card's balance.
    Balance,
    /// Void a sale of this batch.
    Void {
        /// Its trace number.
        trace: u32,
    },
    /// Refund a sale.
    Refund {
        /// Yuan.
        amount: String,
        /// The sale's reference number.
        reference: String,
        /// Its date, MMDD.
        date: String,
    },
    /// Reverse the last sale as if its answer had not come.
    Reverse,
    /// Settle the batch.
    Settle,
}

/// Wakes the terminal, does one thing, shows screen and slip, and puts it back. 1: not approved.
pub fn pos(asked: &Pos) -> anyhow::Result<ExitCode> {
    let world = world(&asked.data)?;
    let entry = chosen(&world, asked.terminal.as_deref())?;
    let file = asked
        .data
        .join("pos")
        .join(format!("{}.json", text(entry, "terminal_number")));
    let mut terminal = wake(&world, entry, &file)?;
    let card = card(&world, &asked.card)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(act(&mut terminal, &asked.action, &card));
    // Also after silence: the terminal remembers the reversal it owes.
    keep(&terminal, &file)?;
    let shown = done?;
    if asked.json {
        say(serde_json::to_string_pretty(&shown)?)?;
    } else {
        print(&shown, merchant_name(&world, entry), text(&world, "http"))?;
    }
    Ok(ExitCode::from(u8::from(!shown.approved)))
}

async fn act(terminal: &mut Terminal, action: &Action, card: &Card) -> anyhow::Result<Shown> {
    let shown = match action {
        Action::SignIn => terminal.sign_in().await,
        Action::SignOff => terminal.sign_off().await,
        Action::Echo => terminal.echo().await,
        Action::Download => terminal.download_parameters().await,
        Action::Sale { amount } => terminal.sale(card, fen(amount)?).await,
        Action::Balance => terminal.balance(card).await,
        Action::Void { trace } => terminal.void(card, *trace).await,
        Action::Refund {
            amount,
            reference,
            date,
        } => terminal.refund(card, fen(amount)?, reference, date).await,
        Action::Reverse => terminal.reverse_last(card).await,
        Action::Settle => terminal.settle().await,
    };
    Ok(shown?)
}

fn fen(amount: &str) -> anyhow::Result<u64> {
    let fen = Fen::parse_typed(amount)?;
    u64::try_from(fen.0)
        .ok()
        .filter(|&fen| fen > 0)
        .with_context(|| format!("{amount} is not an amount to be paid"))
}

fn chosen<'w>(world: &'w Value, number: Option<&str>) -> anyhow::Result<&'w Value> {
    let fits = |entry: &&Value| match number {
        Some(number) => text(entry, "terminal_number") == number,
        None => text(entry, "situation") == "live",
    };
    let named = number.unwrap_or("live");
    rows(world, "terminals_list")
        .iter()
        .find(fits)
        .with_context(|| format!("the world has no terminal «{named}»"))
}

fn wake(world: &Value, entry: &Value, file: &PathBuf) -> anyhow::Result<Terminal> {
    let address = text(world, "terminals");
    if file.exists() {
        let stored = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let mut terminal: Terminal = serde_json::from_str(&stored).with_context(|| file.display().to_string())?;
        address.clone_into(&mut terminal.address);
        load(&mut terminal, entry);
        return Ok(terminal);
    }
    let mut terminal = Terminal::new(
        address,
        text(entry, "terminal_number"),
        text(entry, "merchant_number"),
        text(entry, "tmk_hex"),
    );
    let given = |name: &str, into: &mut String| {
        if !text(entry, name).is_empty() {
            text(entry, name).clone_into(into);
        }
    };
    given("serial_number", &mut terminal.serial_number);
    given("tpdu", &mut terminal.tpdu);
    given("mac", &mut terminal.mac);
    let batch = entry.get("batch");
    let batch = batch.and_then(Value::as_u64).or_else(|| batch?.as_str()?.parse().ok());
    terminal.batch = batch.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    Ok(terminal)
}

/// Takes over what a key-loading device gave the machine since it was last used. A new master key takes a sign-in first.
fn load(terminal: &mut Terminal, entry: &Value) {
    let (serial, key) = (text(entry, "serial_number"), text(entry, "tmk_hex"));
    if !serial.is_empty() {
        serial.clone_into(&mut terminal.serial_number);
    }
    if !key.is_empty() && terminal.master_key != key {
        key.clone_into(&mut terminal.master_key);
        terminal.signed_in = false;
    }
}

fn keep(terminal: &Terminal, file: &PathBuf) -> anyhow::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(file, serde_json::to_vec_pretty(terminal)?).with_context(|| file.display().to_string())
}

fn card(world: &Value, wanted: &str) -> anyhow::Result<Card> {
    let cards = rows(world, "test_cards");
    let Some(card) = cards
        .iter()
        .find(|card| text(card, "outcome") == wanted || text(card, "pan") == wanted)
    else {
        let outcomes: Vec<&str> = cards.iter().map(|card| text(card, "outcome")).collect();
        bail!("the world has no card «{wanted}»; there are: {}", outcomes.join(", "));
    };
    let pin = Some(text(card, "pin").to_owned()).filter(|pin| !pin.is_empty());
    Ok(Card {
        pan: text(card, "pan").to_owned(),
        track2: text(card, "track2").to_owned(),
        pin,
    })
}

fn merchant_name<'w>(world: &'w Value, entry: &Value) -> &'w str {
    let number = text(entry, "merchant_number");
    rows(world, "merchants")
        .iter()
        .find(|m| text(m, "number") == number)
        .map_or("", |m| text(m, "name"))
}

/// Screen and slip; under a decline the QR code of its explanation at `site`, as on paper.
fn print(shown: &Shown, merchant_name: &str, site: &str) -> anyhow::Result<()> {
    let language = if language() == "en" { Language::En } else { Language::Zh };
    say("┌ screen")?;
    for line in shown.screen(language) {
        say(format_args!("│ {line}"))?;
    }
    say(format_args!("└\n┌ slip"))?;
    for line in shown.slip(language, merchant_name) {
        say(format_args!("┊ {line}"))?;
    }
    if let Some(code) = shown.explanation_code.as_ref().filter(|_| !site.is_empty()) {
        let link = format!("{}{}", site.trim_end_matches('/'), paths::explanation(code));
        for line in qr::lines(&link) {
            say(format_args!("┊ {line}"))?;
        }
        say(format_args!("┊ {link}"))?;
    }
    say("└")
}
