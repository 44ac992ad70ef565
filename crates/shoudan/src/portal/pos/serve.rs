//! The doors of the virtual POS.

use std::sync::Arc;

use axum::extract::Path as UrlPath;
use axum::http::Method;
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::names::Lang;
use iso8583::Pan;
use operations::explain::{self, Ask, Audience};
use operations::refused::Refused;
use operations::{requests, sealing, slips};
use simulators::terminal::Action;

use super::held::{Hands, Held, keep};
use super::wire::{Exchange, take_apart};
use super::{Choice, LogLine, Machine, POS, Pos, Slip, TestCard, pos};
use crate::api::asked::Asked;
use crate::demo::{self, World};
use crate::doors::{Access, Doors};
use crate::portal::Standing;
use crate::portal::handlers::{Typed, Visit};
use crate::portal::paths::part;
use crate::portal::words::{Word, pos as w};
use crate::problem::Problem;
use crate::slip::{self, Form};

/// Terminal number, batch and trace number of a slip.
type Named = (String, u32, u32);

/// The doors, in a demonstration; none otherwise.
pub fn routes(doors: Doors) -> Doors {
    if !doors.app().demo {
        return doors;
    }
    let hands = Arc::new(Hands::default());
    let same = hands.clone();
    let of = |form: Form| {
        move |visit: Visit, UrlPath(named): UrlPath<Named>| async move { electronic(visit, named, form).await }
    };
    doors
        .door(
            Method::GET,
            POS,
            Access::Public,
            async move |visit: Visit, asked: Asked| look(&hands, visit, asked).await,
        )
        .door(
            Method::POST,
            POS,
            Access::Public,
            async move |visit: Visit, typed: Typed| press(&same, visit, typed).await,
        )
        .door(
            Method::GET,
            "/pos/{terminal}/{batch}/{trace}/slip.png",
            Access::Public,
            of(Form::Png),
        )
        .door(
            Method::GET,
            "/pos/{terminal}/{batch}/{trace}/slip.pdf",
            Access::Public,
            of(Form::Pdf),
        )
}

/// What the drawn machine printed, as the platform keeps it. Anyone may press its keys, so anyone may see its slips: they
/// are of this demonstration's own terminals and test cards.
async fn electronic(visit: Visit, (terminal, batch, trace): Named, form: Form) -> Result<Response, Problem> {
    let world = world(&visit).await.unwrap_or_default();
    let known = world.terminals_list.iter().any(|one| one.terminal_number == terminal);
    if !known {
        return Err(Refused::not_found("terminal", terminal).into());
    }
    let name = format!("{terminal}-{batch:06}-{trace:06}.{}", form.ending());
    let found = visit
        .read(move |tx, ctx| slips::printed(tx, ctx, (&terminal, batch.into(), trace.into())))
        .await?;
    slip::answer(&visit.app, &visit.caller, found, &name, form).await
}

/// The seeded world, if this demonstration has one.
async fn world(visit: &Visit) -> Option<World> {
    let path = visit.app.data.as_ref()?.join("world.json");
    tokio::task::spawn_blocking(move || World::read(&path).ok())
        .await
        .ok()?
}

/// The terminal asked for, or the first.
fn chosen<'w>(world: &'w World, number: &str) -> Option<&'w demo::Terminal> {
    let all = &world.terminals_list;
    all.iter()
        .find(|one| one.terminal_number == number)
        .or_else(|| all.first())
}

/// Where a terminal's trace numbers begin when it is first taken in hand: by the clock, so that they do not meet those
/// other programs have used in the same batch.
fn first_trace(visit: &Visit) -> u32 {
    let seconds = visit.app.now().millis() / 1000;
    u32::try_from(seconds.rem_euclid(800_000)).unwrap_or(0) + 100_000
}

async fn look(hands: &Hands, visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let world = world(&visit).await.unwrap_or_default();
    let lang = visit.caller.lang;
    let machine = match (chosen(&world, &asked.filter("terminal")), visit.app.data.as_ref()) {
        (Some(of), Some(data)) => {
            let held = hands.take(&world, of, data, first_trace(&visit));
            let held = held.lock().await.clone();
            Some(machine(&visit, &world, of, &held).await?)
        }
        _ => None,
    };
    let data = Pos {
        choices: world
            .terminals_list
            .iter()
            .map(|one| choice(&visit, &world, one))
            .collect(),
        cards: world.test_cards.iter().map(|card| test_card(lang, card)).collect(),
        machine,
    };
    Ok(Html(pos(&visit.page(), &data).into_string()).into_response())
}

async fn press(hands: &Hands, visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let world = world(&visit).await.unwrap_or_default();
    let (Some(of), Some(data)) = (chosen(&world, typed.get("terminal")), visit.app.data.clone()) else {
        return Ok(Redirect::to(POS).into_response());
    };
    let held = hands.take(&world, of, &data, first_trace(&visit));
    let mut held = held.lock().await;
    load(&visit, of, &mut held).await?;
    if let Some(card) = typed
        .get("card")
        .parse()
        .ok()
        .filter(|card| *card < world.test_cards.len())
    {
        held.card = card;
    }
    held.typed(typed.get("amount"));
    let (key, what) = (typed.get("key"), typed.get("do"));
    if !key.is_empty() {
        held.wrong_amount = false;
        held.press(key);
    } else if !held.wrong_amount {
        held.terminal.address.clone_from(&world.terminals);
        held.act(what, &world.test_cards).await;
    }
    let stored = held.clone();
    let _ = tokio::task::spawn_blocking(move || keep(&stored, &data)).await;
    Ok(Redirect::to(&format!("{POS}?terminal={}", part(&of.terminal_number))).into_response())
}

/// Gives the drawn machine what a real one got from a key-loading device since it was last in hand: another device, a new
/// master key.
async fn load(visit: &Visit, of: &demo::Terminal, held: &mut Held) -> Result<(), Problem> {
    let number = of.terminal_number.clone();
    let machine = visit
        .read(move |tx, ctx| requests::machine_of(tx, ctx, &number))
        .await?;
    if let Some(key) = machine.master_key {
        held.load(&machine.serial, &sealing::hex(key.expose()).to_uppercase());
    }
    Ok(())
}

fn merchant_name<'w>(world: &'w World, of: &demo::Terminal) -> &'w str {
    world
        .merchants
        .iter()
        .find(|m| m.number == of.merchant_number)
        .map_or("", |m| m.name.as_str())
}

fn choice(visit: &Visit, world: &World, of: &demo::Terminal) -> Choice {
    let lang = visit.caller.lang;
    let title = of.reason.as_ref().map(|code| {
        let reason = visit.app.platform.catalog.reasons.get(code);
        reason.map_or(code.as_str(), |reason| reason.texts(lang).title.as_str())
    });
    let name = merchant_name(world, of);
    Choice {
        number: of.terminal_number.clone(),
        label: title.map_or_else(|| name.to_owned(), |title| format!("{name} · {title}")),
        live: of.situation == "live",
    }
}

/// What the simulated network does with a card, in words.
const OUTCOMES: [(&str, Word); 8] = [
    ("approved", w::O_APPROVED),
    ("declined_insufficient_funds", w::O_FUNDS),
    ("declined_wrong_pin", w::O_PIN),
    ("declined_expired_card", w::O_EXPIRED),
    ("declined_amount_limit", w::O_LIMIT),
    ("declined_lost_card", w::O_LOST),
    ("no_answer", w::O_SILENT),
    ("late", w::O_LATE),
];

fn test_card(lang: Lang, card: &demo::TestCard) -> TestCard {
    let known = OUTCOMES.iter().find(|(code, _)| *code == card.outcome);
    TestCard {
        masked: Pan::parse(&card.pan).map(|pan| pan.masked()).unwrap_or_default(),
        outcome: known.map_or_else(|| card.outcome.clone(), |(_, word)| word.get(lang).to_owned()),
        pin: !card.pin.is_empty(),
    }
}

async fn machine(visit: &Visit, world: &World, of: &demo::Terminal, held: &Held) -> Result<Machine, Problem> {
    let lang = visit.caller.lang;
    let number = of.terminal_number.clone();
    let kept = held.slip.as_ref().map(|slip| (slip.batch, slip.trace));
    // What was approved is kept, though it may take a moment until it can be read.
    let certain = held
        .slip
        .as_ref()
        .is_some_and(|slip| slip.approved && slip.action != Action::Settle);
    // Its own panel speaks of the terminal in public words: the page is open to anyone.
    let (told, kept) = visit
        .read(move |tx, ctx| {
            let told = explain::by_number(tx, ctx, &number, &Ask::default(), Audience::Public)?;
            let kept = match kept {
                Some((batch, trace)) if certain || slips::is_printed(tx, (&number, batch.into(), trace.into()))? => {
                    kept
                }
                _ => None,
            };
            Ok((told, kept))
        })
        .await?;
    let merchant = merchant_name(world, of);
    let printed = held.printed(lang, merchant);
    let name = |action: Action| {
        let (zh, en) = action.names();
        if lang == Lang::Zh { zh } else { en }.to_owned()
    };
    Ok(Machine {
        number: of.terminal_number.clone(),
        merchant: merchant.to_owned(),
        serial: of.serial_number.clone(),
        standing: Standing::from_code(&told.standing),
        headline: told.headline,
        batch: held.terminal.batch,
        trace: held.terminal.trace,
        owes: held.terminal.owes_a_reversal(),
        screen: held.screen(lang),
        slip: printed.map(|(lines, code)| Slip {
            lines,
            code,
            number: held.slips,
            kept,
        }),
        card: held.card,
        amount: held.amount,
        error: if held.wrong_amount {
            w::AMOUNT_WRONG.get(lang).to_owned()
        } else {
            String::new()
        },
        wire: held.passed.iter().map(|passed| exchange(lang, passed)).collect(),
        log: held
            .terminal
            .log
            .iter()
            .rev()
            .map(|one| LogLine {
                trace: one.trace,
                name: name(one.action),
                amount: i64::try_from(one.amount).unwrap_or(0),
                undone: one.undone,
            })
            .collect(),
    })
}

fn exchange(lang: Lang, passed: &super::tap::Passed) -> Exchange {
    Exchange {
        sent: take_apart(lang, &passed.sent),
        received: (!passed.received.is_empty()).then(|| take_apart(lang, &passed.received)),
        took: passed.took,
    }
}
