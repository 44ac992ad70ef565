//! One box that finds anything: a terminal, merchant or serial number, a unified code, a request, an explanation code, a
//! phone, identity or account number, a person's name, the beginning of a merchant's name.

use domain::identifiers::{BankCard, Mobile, ResidentId, UnifiedCode};
use domain::ids::{ExplanationCode, RequestId, SerialNumber, TerminalNumber};
use domain::stages::SubjectKind;
use store::parties::MerchantRow;
use store::{Tx, devices, parties, terminals};

use crate::chain::{self, NETWORK, NOBODY, PLATFORM};
use crate::ctx::Ctx;
use crate::merchants::{self, fold};
use crate::private;
use crate::refused::{Done, Refused};
use crate::views::Hit;

/// Most hits of one search.
const MOST: usize = 20;

/// What staff mean by a number when they speak of a subject of a kind: `(merchant or «-», subject)`. A terminal number
/// or serial names every subject of its chain, a merchant number those of the merchant; what belongs to no merchant
/// goes by its own id. Takes the permission `search`.
pub fn subject(tx: &mut Tx<'_>, ctx: &Ctx, kind: SubjectKind, typed: &str) -> Done<Option<(String, String)>> {
    ctx.need("search")?;
    let own = |id: &str| Some((NOBODY.to_owned(), id.to_owned()));
    match kind {
        SubjectKind::Platform => return Ok(own(PLATFORM)),
        SubjectKind::Network => return Ok(own(NETWORK)),
        SubjectKind::Region => return Ok(own(typed)),
        SubjectKind::Agent if parties::agent(tx, typed)?.is_some() => return Ok(own(typed)),
        SubjectKind::Model => {
            let named = devices::model_by_code(tx, typed)?.map(|model| model.id);
            return Ok(own(named.as_deref().unwrap_or(typed)));
        }
        SubjectKind::Device => {
            if let Some(row) = devices::by_serial(tx, typed)? {
                return Ok(Some((row.merchant_id, row.id)));
            }
        }
        _ => {}
    }
    let found = match crate::terminals::by_number(tx, typed)? {
        Some(found) => Some(found),
        None => crate::terminals::by_serial(tx, typed)?,
    };
    let chain = if let Some(found) = found {
        chain::of_terminal(tx, &found.merchant, &found.terminal)?
    } else {
        let Some(id) = merchants::by_number(tx, typed)? else {
            return Ok(None);
        };
        match chain::of_merchant(tx, &id) {
            Ok(chain) => chain,
            Err(Refused::NotFound { .. }) => return Ok(None),
            Err(other) => return Err(other),
        }
    };
    let scope = if kind.of_merchant() {
        chain.merchant.clone()
    } else {
        NOBODY.to_owned()
    };
    Ok(chain
        .link(kind)
        .filter(|link| !link.id.is_empty())
        .map(|link| (scope, link.id.clone())))
}

/// How one kind of value is found.
type Way = fn(&mut Tx<'_>, &Ctx, &str) -> Done<Vec<Hit>>;

/// Every way, the most exact first.
const WAYS: &[Way] = &[
    code,
    terminal,
    merchant_number,
    unified_code,
    serial,
    request,
    person,
    name,
];

/// Everything that `typed` names, at most twenty. Takes the permission `search`.
pub fn search(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    ctx.need("search")?;
    let typed = typed.trim();
    let mut hits: Vec<Hit> = Vec::new();
    if typed.is_empty() || typed.chars().count() > 100 {
        return Ok(hits);
    }
    for way in WAYS {
        for hit in way(tx, ctx, typed)? {
            if !hits.iter().any(|h| h.kind == hit.kind && h.id == hit.id) {
                hits.push(hit);
            }
        }
    }
    hits.truncate(MOST);
    Ok(hits)
}

fn code(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Ok(code) = ExplanationCode::parse(typed) else {
        return Ok(Vec::new());
    };
    let Some(row) = store::codes::get(tx, code.as_str())? else {
        return Ok(Vec::new());
    };
    let reason = ctx
        .catalog()
        .reasons
        .get(&row.reason)
        .map(|r| r.texts(ctx.lang).title.clone());
    let terminal = terminals::get(tx, &row.merchant_id, &row.terminal_id)?;
    Ok(vec![Hit {
        kind: "code".into(),
        id: code.to_string(),
        title: code.to_string(),
        detail: format!(
            "{} · {}",
            terminal.map(|t| t.number).unwrap_or_default(),
            reason.unwrap_or(row.reason)
        ),
        href: format!("/e/{code}"),
    }])
}

fn terminal(tx: &mut Tx<'_>, _: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Ok(number) = TerminalNumber::parse(typed) else {
        return Ok(Vec::new());
    };
    match terminals::by_number(tx, number.as_str())? {
        Some((merchant, id)) => terminal_hit(tx, "terminal", &merchant, &id, None),
        None => Ok(Vec::new()),
    }
}

fn terminal_hit(tx: &mut Tx<'_>, kind: &str, merchant: &str, id: &str, serial: Option<&str>) -> Done<Vec<Hit>> {
    let (Some(row), Some(owner)) = (terminals::get(tx, merchant, id)?, parties::merchant(tx, merchant)?) else {
        return Ok(Vec::new());
    };
    Ok(vec![Hit {
        kind: kind.to_owned(),
        id: serial.unwrap_or(id).to_owned(),
        title: serial.unwrap_or(&row.number).to_owned(),
        detail: if serial.is_some() {
            format!("{} · {}", row.number, owner.name)
        } else {
            owner.name
        },
        href: format!("/console/terminals/{}", row.number),
    }])
}

fn merchant_hit(row: MerchantRow) -> Hit {
    Hit {
        kind: "merchant".into(),
        href: format!("/console/merchants/{}", row.merchant_id),
        id: row.merchant_id,
        title: row.name,
        detail: format!("{} · {}", row.number, row.city),
    }
}

fn merchant_number(tx: &mut Tx<'_>, _: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Some(id) = merchants::by_number(tx, typed)? else {
        return Ok(Vec::new());
    };
    Ok(parties::merchant(tx, &id)?.map(merchant_hit).into_iter().collect())
}

fn unified_code(tx: &mut Tx<'_>, _: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Ok(code) = UnifiedCode::parse(typed) else {
        return Ok(Vec::new());
    };
    Ok(parties::merchants_by_uscc(tx, code.as_str(), 20)?
        .into_iter()
        .map(merchant_hit)
        .collect())
}

fn serial(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Ok(serial) = SerialNumber::parse(typed) else {
        return Ok(Vec::new());
    };
    let Some(device) = devices::by_serial(tx, serial.as_str())? else {
        return Ok(Vec::new());
    };
    if device.terminal_id != NOBODY {
        return terminal_hit(
            tx,
            "device",
            &device.merchant_id,
            &device.terminal_id,
            Some(&device.serial),
        );
    }
    let stage = (domain::stages::SubjectKind::Device, device.stage.clone());
    Ok(vec![Hit {
        kind: "device".into(),
        id: device.serial.clone(),
        detail: ctx
            .catalog()
            .stages
            .get(&stage)
            .map_or(device.stage, |s| s.name.get(ctx.lang).to_owned()),
        href: format!("/console/devices/{}", device.serial),
        title: device.serial,
    }])
}

fn request(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let Ok(id) = RequestId::parse(typed) else {
        return Ok(Vec::new());
    };
    let Some((merchant, kind, _)) = store::search::request(tx, id.as_str())? else {
        return Ok(Vec::new());
    };
    let owner = parties::merchant(tx, &merchant)?;
    let name = ctx.catalog().plans.get(&kind).map(|p| p.name.get(ctx.lang).to_owned());
    Ok(vec![Hit {
        kind: "request".into(),
        id: id.to_string(),
        title: name.unwrap_or(kind),
        detail: owner.map(|o| o.name).unwrap_or_default(),
        href: format!("/console/requests/{merchant}/{id}"),
    }])
}

/// Phone, identity and account numbers and names of people, each equal to the whole value.
fn person(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let today = ctx.platform.zone.date(ctx.now);
    let (fields, value): (&[&str], String) = if let Ok(mobile) = Mobile::parse(typed) {
        (&["contact_phone", "account_mobile"], mobile.expose().to_owned())
    } else if let Ok(id) = ResidentId::parse(typed, today) {
        (
            &["representative_id", "beneficial_owner_id", "account_holder_id_number"],
            id.expose().to_owned(),
        )
    } else if let Ok(card) = BankCard::parse(typed) {
        (&["account_number"], card.expose().to_owned())
    } else if typed.chars().all(char::is_alphabetic) {
        (
            &[
                "representative_name",
                "contact_name",
                "beneficial_owner_name",
                "account_holder",
            ],
            typed.to_owned(),
        )
    } else {
        (&["account_number"], typed.to_owned())
    };
    let mut hits = Vec::new();
    for field in fields {
        for (merchant, _, _) in private::find(tx, ctx, field, &value)? {
            let Some(owner) = parties::merchant(tx, &merchant)? else {
                continue;
            };
            hits.push(Hit {
                kind: "person".into(),
                id: merchant,
                title: private::mask(field, &value),
                detail: format!("{} · {}", owner.name, owner.number),
                href: format!("/console/merchants/{}", owner.merchant_id),
            });
        }
    }
    Ok(hits)
}

fn name(tx: &mut Tx<'_>, _: &Ctx, typed: &str) -> Done<Vec<Hit>> {
    let folded = fold(typed);
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    Ok(parties::merchants_by_name(tx, &folded, 20)?
        .into_iter()
        .map(merchant_hit)
        .collect())
}
