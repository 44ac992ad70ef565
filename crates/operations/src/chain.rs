//! The chain of subjects a terminal (or a merchant) hangs on, as the pure rules want it.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, MerchantKind};
use domain::identifiers::province;
use domain::names::Lang;
use domain::stages::SubjectKind;
use domain::time::Time;
use domain::world::{Stop, World};
use store::Tx;
use store::chain::ChainRow;
use store::stops::StopRow;

use crate::refused::{Done, Refused};

/// The id of the one platform and of the one card network behind it.
pub const PLATFORM: &str = "platform";
/// See [`PLATFORM`].
pub const NETWORK: &str = "network";
/// The merchant id of rows that belong to no merchant.
pub const NOBODY: &str = "-";

/// One subject of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Kind.
    pub kind: SubjectKind,
    /// Id; empty where the subject does not exist yet (no device, no settlement account …).
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Stage; none for kinds without a life.
    pub stage: Option<String>,
}

/// The subjects and the stops resting on them that are not lifted (or were not at the asked moment).
#[derive(Clone, Debug)]
pub struct Chain {
    /// Merchant id.
    pub merchant: String,
    /// Merchant name, for those who may know.
    pub merchant_name: String,
    /// What the law takes the merchant to be; none for a chain without one.
    pub kind: Option<MerchantKind>,
    /// Agent id or `-`.
    pub agent: String,
    /// Terminal id, when the chain reaches down to one.
    pub terminal: Option<String>,
    /// Subjects, root first.
    pub links: Vec<Link>,
    /// Stops on them, whatever their dates.
    pub stops: Vec<StopRow>,
}

/// The chain of a terminal now.
pub fn of_terminal(tx: &mut Tx<'_>, merchant: &str, terminal: &str) -> Done<Chain> {
    let row =
        store::chain::of_terminal(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    with_stops(tx, row, None)
}

/// The chain of a merchant now, without a shop or terminal.
pub fn of_merchant(tx: &mut Tx<'_>, merchant: &str) -> Done<Chain> {
    let row = store::chain::of_merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    with_stops(tx, row, None)
}

/// The platform and the card network behind it, without a merchant.
pub fn of_platform(tx: &mut Tx<'_>) -> Done<Chain> {
    let link = |kind, id: &str| Link {
        kind,
        id: id.to_owned(),
        label: String::new(),
        stage: None,
    };
    let links = vec![
        link(SubjectKind::Platform, PLATFORM),
        link(SubjectKind::Network, NETWORK),
    ];
    let mut stops = store::stops::live(tx, NOBODY)?;
    stops.retain(|s| {
        links
            .iter()
            .any(|l| l.kind.code() == s.subject_kind && l.id == s.subject_id)
    });
    Ok(Chain {
        merchant: NOBODY.to_owned(),
        merchant_name: String::new(),
        kind: None,
        agent: NOBODY.to_owned(),
        terminal: None,
        links,
        stops,
    })
}

/// The chain as it was at a moment: stages from the transitions, stops from their dates.
pub fn at(tx: &mut Tx<'_>, merchant: &str, terminal: Option<&str>, at: Time) -> Done<Chain> {
    let row = match terminal {
        Some(terminal) => store::chain::of_terminal(tx, merchant, terminal)?
            .ok_or_else(|| Refused::not_found("terminal", terminal))?,
        None => store::chain::of_merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?,
    };
    let mut chain = with_stops(tx, row, Some(at))?;
    for link in &mut chain.links {
        if link.stage.is_some() && !link.id.is_empty() {
            let scope = if link.kind.of_merchant() {
                chain.merchant.as_str()
            } else {
                NOBODY
            };
            if let Some((stage, _)) = store::moves::stage_at(tx, scope, link.kind.code(), &link.id, at.millis())? {
                link.stage = Some(stage);
            }
        }
    }
    Ok(chain)
}

fn with_stops(tx: &mut Tx<'_>, row: ChainRow, at: Option<Time>) -> Done<Chain> {
    let links = links(&row);
    let mut stops = Vec::new();
    for owner in [NOBODY, row.merchant_id.as_str()] {
        let rows = match at {
            None => store::stops::live(tx, owner)?,
            Some(at) => store::stops::live_at(tx, owner, at.millis())?,
        };
        stops.extend(rows.into_iter().filter(|s| {
            links
                .iter()
                .any(|l| l.kind.code() == s.subject_kind && l.id == s.subject_id && !l.id.is_empty())
        }));
    }
    Ok(Chain {
        merchant: row.merchant_id,
        merchant_name: row.merchant_name,
        kind: MerchantKind::parse(&row.merchant_kind),
        agent: row.agent_id,
        terminal: row.terminal.map(|t| t.terminal_id),
        links,
        stops,
    })
}

/// The subjects of a row, root first. What does not exist yet stands with an empty id in its machine's first stage.
fn links(row: &ChainRow) -> Vec<Link> {
    let link = |kind, id: &str, label: &str, stage: Option<&str>| Link {
        kind,
        id: id.to_owned(),
        label: label.to_owned(),
        stage: stage.map(str::to_owned),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut links = vec![
        link(SubjectKind::Platform, PLATFORM, "", None),
        link(SubjectKind::Network, NETWORK, "", None),
        link(SubjectKind::Region, &row.region_id, &row.region_id, None),
    ];
    if row.agent_stage.is_some() {
        links.push(link(
            SubjectKind::Agent,
            &row.agent_id,
            &text(&row.agent_name),
            row.agent_stage.as_deref(),
        ));
    }
    links.push(link(
        SubjectKind::Merchant,
        &row.merchant_id,
        &row.merchant_number,
        Some(&row.merchant_stage),
    ));
    let contract = row.contract_stage.as_deref().unwrap_or("draft");
    links.push(link(
        SubjectKind::Contract,
        &text(&row.contract_id),
        &text(&row.contract_number),
        Some(contract),
    ));
    let account = row.account_stage.as_deref().unwrap_or("missing");
    links.push(link(
        SubjectKind::SettlementAccount,
        &text(&row.account_id),
        &text(&row.account_bank),
        Some(account),
    ));
    if let Some(t) = &row.terminal {
        let shop = t.shop_stage.as_deref().unwrap_or("open");
        links.push(link(SubjectKind::Shop, &t.shop_id, &text(&t.shop_name), Some(shop)));
        links.push(link(
            SubjectKind::Terminal,
            &t.terminal_id,
            &t.terminal_number,
            Some(&t.terminal_stage),
        ));
        let registration = t.registration_stage.as_deref().unwrap_or("not_filed");
        links.push(link(
            SubjectKind::Registration,
            &text(&t.registration_id),
            &t.terminal_number,
            Some(registration),
        ));
        let device = t.device_stage.as_deref().unwrap_or("in_stock");
        links.push(link(
            SubjectKind::Device,
            &text(&t.device_id),
            &text(&t.serial),
            Some(device),
        ));
        if let Some(model) = &t.model_id {
            links.push(link(SubjectKind::Model, model, &text(&t.model_name_zh), None));
        }
    }
    links
}

impl Chain {
    /// The link of a kind.
    pub fn link(&self, kind: SubjectKind) -> Option<&Link> {
        self.links.iter().find(|l| l.kind == kind)
    }

    /// The world the pure rules reason about, with `done` steps already counted.
    pub fn world<'c>(&self, catalog: &'c Catalog, done: BTreeSet<String>) -> World<'c> {
        let stages: BTreeMap<_, _> = self
            .links
            .iter()
            .filter_map(|l| Some((l.kind, l.stage.clone()?)))
            .collect();
        World {
            catalog,
            kind: self.kind,
            stages,
            stops: self.stops.iter().filter_map(as_stop).collect(),
            done,
        }
    }

    /// The row behind a stop of the world.
    pub fn stop(&self, id: &str) -> Option<&StopRow> {
        self.stops.iter().find(|s| s.id == id)
    }

    /// What a subject of this chain is called in the asked language.
    pub fn label(&self, kind: SubjectKind, lang: Lang) -> String {
        let words = |zh: &str, en: &str| if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() };
        match kind {
            SubjectKind::Platform => words("本平台", "this platform"),
            SubjectKind::Network => words("银行卡网络", "the card network"),
            SubjectKind::Region => {
                let code = self.link(kind).map(|l| l.id.as_str()).unwrap_or_default();
                province(code).map_or_else(|| code.to_owned(), |name| name.get(lang).to_owned())
            }
            _ => self.link(kind).map(|l| l.label.clone()).unwrap_or_default(),
        }
    }
}

/// A stop row as the pure rules see it.
fn as_stop(row: &StopRow) -> Option<Stop> {
    Some(Stop {
        id: row.id.clone(),
        reason: row.reason.clone(),
        kind: SubjectKind::parse(&row.subject_kind)?,
        starts_at: Time::from_millis(row.starts_at),
        ends_at: row.ends_at.map(Time::from_millis),
    })
}
