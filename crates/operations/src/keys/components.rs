//! A master key entered as two components by two people, neither of whom sees the whole: each in a session of their own,
//! each with the check value that stands on their sheet. People are compared as persons, whatever login they use.

use std::sync::Arc;

use domain::secret::{Secret, SecretString};
use domain::time::Duration;
use serde::Serialize;
use serde_json::json;
use store::Tx;
use store::keys::ComponentRow;
use utoipa::ToSchema;

use super::ends::{agrees, loaded, spelled, tell};
use super::{KeyKind, adopt, known, next_version, place, written};
use crate::ctx::Ctx;
use crate::key_module::Place;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// How long the first component waits for the second.
const PATIENCE: Duration = Duration::hours(24);

/// One component, as its custodian types it.
pub struct Entry {
    /// Merchant id.
    pub merchant: String,
    /// Terminal id.
    pub terminal: String,
    /// 32 hexadecimal digits; spaces do not matter.
    pub component: SecretString,
    /// The check value on the sheet, six or eight digits.
    pub kcv: String,
    /// The whole key's check value, where the second sheet has it.
    pub combined: Option<String>,
    /// The token of the session it is typed in.
    pub session: SecretString,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Entered {
    /// 1 or 2.
    pub part: i64,
    /// The component's check value.
    pub kcv: String,
    /// The whole key's check value, once both are there: to be compared with what the device shows.
    pub combined: Option<String>,
}

/// Where a terminal's component entry stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// The part to be entered next: 1 or 2.
    pub next: i64,
    /// The first component's check value, while the second is awaited.
    pub first_kcv: Option<String>,
    /// The current master key's check value; none where there is no key.
    pub current_kcv: Option<String>,
    /// What the device reports, where it did.
    pub reported_kcv: Option<String>,
}

/// The first component that still waits for the second.
fn waiting(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<(i64, Option<ComponentRow>)> {
    let rows = store::keys::last_components(tx, merchant, terminal)?;
    let last = rows.first().map_or(0, |(row, _)| row.ceremony);
    let fresh = |row: &ComponentRow| row.entered_at > (ctx.now - PATIENCE).millis();
    let open = match rows.as_slice() {
        [(row, false)] if row.part == 1 && fresh(row) => Some(row.clone()),
        _ => None,
    };
    Ok((last, open))
}

/// Where the entry stands.
pub fn standing(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<Standing> {
    ctx.need("manage_keys")?;
    let (_, first) = waiting(tx, ctx, merchant, terminal)?;
    let current = store::keys::current(tx, merchant, terminal, KeyKind::Tmk.code())?;
    Ok(Standing {
        next: if first.is_some() { 2 } else { 1 },
        first_kcv: first.map(|row| row.kcv),
        reported_kcv: current
            .as_ref()
            .map(|row| row.reported_kcv.clone())
            .filter(|kcv| !kcv.is_empty()),
        current_kcv: current.map(|row| row.kcv),
    })
}

/// Takes a component: the first, or the second, which makes the key.
///
/// [`Refused::SamePerson`] where one person, or one session, enters both.
pub fn enter(tx: &mut Tx<'_>, ctx: &mut Ctx, entry: Entry) -> Done<Entered> {
    ctx.need("manage_keys")?;
    let (merchant, terminal) = (entry.merchant.as_str(), entry.terminal.as_str());
    store::batches::hold(tx, merchant, terminal)?;
    let component = read(&entry.component)?;
    let given = spelled(&entry.kcv)?;
    let (last, first) = waiting(tx, ctx, merchant, terminal)?;
    let session_hash = ctx.platform.sealer.hash_token(entry.session.expose());
    if let Some(first) = &first {
        apart(ctx, first, &session_hash)?;
    }
    let (ceremony, part) = first.as_ref().map_or((last + 1, 1), |first| (first.ceremony, 2));
    let here = component_place(merchant, terminal, ceremony, part);
    let stored = Arc::clone(&ctx.platform.keys).import(&here, &component, &mut ctx.ids)?;
    let kcv = written(stored.check);
    if !agrees(&kcv, &given) {
        return Err(differs("kcv"));
    }
    let row = ComponentRow {
        merchant_id: merchant.to_owned(),
        terminal_id: terminal.to_owned(),
        ceremony,
        part,
        person_id: ctx.actor.person.clone(),
        user_id: ctx.actor.id.clone(),
        session_hash,
        kcv: kcv.clone(),
        sealed: stored.block,
        entered_at: ctx.now.millis(),
    };
    if first.is_none() {
        // One that nobody completed in time is given up.
        store::keys::destroy_components(tx, merchant, terminal, ctx.now.millis())?;
    }
    if !store::keys::enter_component(tx, &row)? {
        return Err(Refused::Inconsistent(format!(
            "component {part} of terminal {terminal} is there"
        )));
    }
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.enter_component",
            merchant,
            kind: "terminal",
            id: terminal,
            before: String::new(),
            after: kcv.clone(),
            details: json!({ "part": part, "ceremony": ceremony, "check": kcv }),
        },
    )?;
    let data = json!({ "part": part });
    tell(tx, ctx, (merchant, terminal), "terminal.key_component", data, &audit)?;
    let combined = match first {
        Some(first) => Some(combine(tx, ctx, &first, &row, entry.combined.as_deref())?),
        None => None,
    };
    Ok(Entered { part, kcv, combined })
}

fn component_place<'a>(merchant: &'a str, terminal: &'a str, ceremony: i64, part: i64) -> Place<'a> {
    place(merchant, terminal, KeyKind::Component, ceremony * 2 + part)
}

/// Refuses the person, or the session, that entered the first component.
fn apart(ctx: &Ctx, first: &ComponentRow, session_hash: &str) -> Done<()> {
    if first.person_id == ctx.actor.person {
        return Err(Refused::SamePerson(domain::text!(
            "第一个分量是您录入的，第二个分量须由另一人录入",
            "you entered the first component; another person enters the second"
        )));
    }
    if first.session_hash == session_hash {
        return Err(Refused::SamePerson(domain::text!(
            "两个分量须在各自的登录会话中录入",
            "each component is entered in a session of its own"
        )));
    }
    Ok(())
}

/// Makes the key of both components, and destroys them.
fn combine(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    first: &ComponentRow,
    second: &ComponentRow,
    expected: Option<&str>,
) -> Done<String> {
    let (merchant, terminal) = (first.merchant_id.as_str(), first.terminal_id.as_str());
    let version = next_version(tx, merchant, terminal, KeyKind::Tmk)?;
    let whole = place(merchant, terminal, KeyKind::Tmk, version);
    let places = [first, second].map(|row| component_place(merchant, terminal, row.ceremony, row.part));
    let [one, other] = &places;
    let components = [(one, first.sealed.as_slice()), (other, second.sealed.as_slice())];
    let (stored, everyone_knows) = Arc::clone(&ctx.platform.keys).combine(&whole, components, &mut ctx.ids)?;
    if everyone_knows {
        return Err(known(terminal));
    }
    if let Some(expected) = expected.filter(|text| !text.trim().is_empty())
        && !agrees(&written(stored.check), &spelled(expected)?)
    {
        return Err(differs("combined"));
    }
    let kcv = adopt(tx, ctx, &whole, stored, first.ceremony)?;
    store::keys::destroy_components(tx, merchant, terminal, ctx.now.millis())?;
    store::terminals::set_signed_off(tx, merchant, terminal)?;
    loaded(tx, ctx, merchant, terminal)?;
    tell(
        tx,
        ctx,
        (merchant, terminal),
        "terminal.keys_loaded",
        json!({ "check": kcv }),
        "-",
    )?;
    Ok(kcv)
}

fn differs(field: &str) -> Refused {
    Refused::field(
        field,
        "check_value",
        "校验值与录入的内容不一致，请逐位核对后重新录入",
        "the check value is not the one of what was typed; compare digit by digit and type it again",
    )
}

/// Sixteen bytes out of hexadecimal digits, with or without spaces.
fn read(text: &SecretString) -> Done<Secret<[u8; 16]>> {
    let digits: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(text.expose().chars().filter(|c| !c.is_whitespace()).collect());
    let fits = digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit());
    match u128::from_str_radix(&digits, 16) {
        Ok(number) if fits => Ok(Secret::new(number.to_be_bytes())),
        _ => Err(Refused::field(
            "component",
            "hexadecimal",
            "密钥分量应为 32 位十六进制数字",
            "a component has 32 hexadecimal digits",
        )),
    }
}
