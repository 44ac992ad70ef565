//! The rows of merchants, their terminals, and what these sold: every terminal signed in, nothing stopped.

use std::ops::Range;

use domain::ids::{
    ContractId, DeviceId, IdSource, MerchantId, ModelId, RegistrationId, SettlementAccountId, ShopId, TerminalId,
    TransactionId,
};
use domain::time::{Duration, Time};
use iso8583::Message;
use operations::key_module::{KeyKind, KeyModule, Place};
use operations::sealing::Sealer;
use simulators::load::{BATCH, Crowd, Key, PER_MERCHANT, scattered};
use store::bulk::{self, Table};
use store::{Value, args};

use super::{PAST, born};

/// What the rows are made from.
pub(super) struct Plan {
    pub(super) crowd: Crowd,
    pub(super) sealer: Sealer,
    pub(super) module: KeyModule,
    pub(super) terminals: u64,
    pub(super) past: u64,
    pub(super) now: Time,
}

/// A table and rows for it.
type Filled = (&'static Table, Vec<Vec<Value>>);

const SOFTWARE: &str = "3.4.1";
const REGION: &str = "44";
/// Version of every key.
const FIRST: i64 = 1;

/// The end of an id: the place of what it names, so that ids of one moment differ and ascend.
fn tail(n: u64) -> [u8; 10] {
    let mut tail = [0; 10];
    tail.iter_mut()
        .skip(2)
        .zip(n.to_be_bytes())
        .for_each(|(to, from)| *to = from);
    tail
}

fn model_id() -> String {
    ModelId::new(Time::from_millis(0), tail(0)).to_string()
}

/// The one model that all devices are of.
pub(super) fn model() -> Vec<Value> {
    args![model_id(), "BENCH-1", "测速机型", "bench model", "smart", "3.0.0"]
}

/// The rows of some merchants and all that is theirs.
pub(super) fn of(plan: &Plan, merchants: Range<u64>) -> Vec<Filled> {
    let mut tables = Tables::default();
    for merchant in merchants {
        tables.merchant(plan, merchant);
    }
    tables.filled()
}

#[derive(Default)]
struct Tables {
    merchants: Vec<Vec<Value>>,
    shops: Vec<Vec<Value>>,
    contracts: Vec<Vec<Value>>,
    accounts: Vec<Vec<Value>>,
    devices: Vec<Vec<Value>>,
    terminals: Vec<Vec<Value>>,
    numbers: Vec<Vec<Value>>,
    registrations: Vec<Vec<Value>>,
    keys: Vec<Vec<Value>>,
    fingerprints: Vec<Vec<Value>>,
    gates: Vec<Vec<Value>>,
    batches: Vec<Vec<Value>>,
    transactions: Vec<Vec<Value>>,
}

/// Ids that the rows of a merchant share.
struct Merchant {
    id: String,
    shop: String,
    account: String,
    at: i64,
}

impl Tables {
    fn filled(self) -> Vec<Filled> {
        vec![
            (&bulk::MERCHANTS, self.merchants),
            (&bulk::SHOPS, self.shops),
            (&bulk::CONTRACTS, self.contracts),
            (&bulk::ACCOUNTS, self.accounts),
            (&bulk::DEVICES, self.devices),
            (&bulk::TERMINALS, self.terminals),
            (&bulk::TERMINAL_NUMBERS, self.numbers),
            (&bulk::REGISTRATIONS, self.registrations),
            (&bulk::KEYS, self.keys),
            (&bulk::FINGERPRINTS, self.fingerprints),
            (&bulk::GATES, self.gates),
            (&bulk::BATCHES, self.batches),
            (&bulk::TRANSACTIONS, self.transactions),
        ]
    }

    fn merchant(&mut self, plan: &Plan, m: u64) {
        let first = m * PER_MERCHANT;
        let at = born(plan.now, first, plan.terminals);
        let merchant = Merchant {
            id: MerchantId::new(at, tail(m)).to_string(),
            shop: ShopId::new(at, tail(m)).to_string(),
            account: SettlementAccountId::new(at, tail(m)).to_string(),
            at: at.millis(),
        };
        let (id, at) = (&merchant.id, merchant.at);
        let (name, uscc) = (format!("测速商户{m:07}"), format!("91440000{m:010}"));
        self.merchants.push(args![
            id,
            Crowd::merchant_number(first),
            "enterprise",
            &name,
            &name,
            &name,
            uscc,
            "5411",
            REGION,
            "广州",
            REGION,
            "-",
            "active",
            1,
            "normal",
            at,
            at
        ]);
        self.shops.push(args![
            id,
            &merchant.shop,
            &name,
            "测速路 1 号",
            REGION,
            "广州",
            "open",
            at
        ]);
        let contract = ContractId::new(born(plan.now, first, plan.terminals), tail(m)).to_string();
        self.contracts
            .push(args![id, contract, format!("B{m:09}"), "2026-1", "in_force", at, at]);
        self.accounts.push(args![
            id,
            &merchant.account,
            1,
            "招商银行",
            "corporate",
            "verified",
            true,
            at,
            at
        ]);
        let mut past = Vec::new();
        for n in first..plan.terminals.min(first + PER_MERCHANT) {
            self.terminal(plan, &merchant, n);
            past.extend(sales(plan, &merchant, n));
        }
        // In the order of their ids, as they would have come.
        past.sort_by_key(|(at, _)| *at);
        self.transactions.extend(past.into_iter().map(|(_, row)| row));
    }

    fn terminal(&mut self, plan: &Plan, merchant: &Merchant, n: u64) {
        let at = born(plan.now, n, plan.terminals);
        let id = TerminalId::new(at, tail(n)).to_string();
        let device = DeviceId::new(at, tail(n)).to_string();
        let registration = RegistrationId::new(at, tail(n)).to_string();
        let (number, serial) = (Crowd::terminal_number(n), format!("0000570426{n:08}"));
        let lately = (plan.now - Duration::hours(3)).millis();
        let (owner, at) = (&merchant.id, at.millis());
        self.devices.push(args![
            &device,
            &serial,
            model_id(),
            "in_service",
            owner,
            &id,
            SOFTWARE,
            at
        ]);
        self.terminals.push(args![
            owner,
            &id,
            &number,
            &merchant.shop,
            &device,
            "live",
            false,
            "ecb",
            "6000030000",
            at,
            lately,
            true,
            lately,
            i64::from(BATCH),
            SOFTWARE,
            at
        ]);
        self.numbers.push(args![&number, owner, &id]);
        self.registrations.push(args![
            owner,
            registration,
            &id,
            1,
            "accepted",
            &serial,
            &merchant.shop,
            &merchant.account,
            at,
            at,
            "",
            at
        ]);
        for (kind, key) in [
            (KeyKind::Tmk, Key::Master),
            (KeyKind::Pik, Key::Pin),
            (KeyKind::Mak, Key::Mac),
        ] {
            self.key(plan, (owner, &id), kind, &plan.crowd.key(n, key), n);
        }
        self.gates.push(args![owner, &id, 0, 1, lately]);
        self.batches
            .push(args![owner, &id, i64::from(BATCH), "open", lately, "", ""]);
    }

    fn key(&mut self, plan: &Plan, (merchant, terminal): (&str, &str), kind: KeyKind, key: &[u8], n: u64) {
        let place = Place {
            merchant,
            terminal,
            kind,
            version: FIRST,
        };
        let Ok(stored) = plan.module.import_any(&place, key, &mut IdSource::seeded(n)) else {
            return;
        };
        let fingerprint = stored.fingerprint(&plan.sealer);
        let check = format!("{:08X}", u32::from_be_bytes(stored.check));
        if kind == KeyKind::Tmk {
            self.fingerprints.push(args![&fingerprint, merchant, terminal]);
        }
        let at = plan.now.millis();
        self.keys.push(args![
            merchant,
            terminal,
            kind.code(),
            FIRST,
            "current",
            stored.block,
            check,
            fingerprint,
            at
        ]);
    }
}

/// What a terminal sold before, each with its time.
fn sales(plan: &Plan, merchant: &Merchant, n: u64) -> Vec<(i64, Vec<Value>)> {
    let share = |n: u64| u128::from(n) * u128::from(plan.past) / u128::from(plan.terminals.max(1));
    let count = u64::try_from(share(n + 1) - share(n)).unwrap_or(0);
    let terminal = TerminalId::new(born(plan.now, n, plan.terminals), tail(n)).to_string();
    (0..count)
        .map(|nth| {
            let dice = scattered(plan.crowd.seed ^ scattered(n << 20 | nth));
            let ago = i64::try_from(dice % 86_400_000).unwrap_or(0)
                + 86_400_000 * (dice >> 40).cast_signed().rem_euclid(PAST);
            let at = plan.now - Duration::hours(4) - Duration::millis(ago);
            (at.millis(), sale(plan, merchant, &terminal, (n << 20 | nth, dice), at))
        })
        .collect()
}

/// The entry of every sale of the past, without a fee.
const POSTED_AS: &str = "sale.1";

fn sale(plan: &Plan, merchant: &Merchant, terminal: &str, (n, dice): (u64, u64), at: Time) -> Vec<Value> {
    let millis = at.millis();
    let id = TransactionId::new(at, tail(n)).to_string();
    let (rrn, auth) = (
        format!("{:04}{:08}", millis / 86_400_000 % 365, dice % 100_000_000),
        format!("{:06}", dice % 1_000_000),
    );
    let digest = |salt: u64| {
        [1, 2, 3, 4]
            .map(|part| format!("{:016x}", scattered(dice ^ salt << part)))
            .concat()
    };
    let batch = i64::from(BATCH) - 1 - (plan.now - at).as_millis() / 86_400_000;
    let trace = i64::try_from(n & 0xf_ffff).unwrap_or(0) + 1;
    let amount = 100 + i64::try_from(dice % 30_000).unwrap_or(0);
    let masked = format!("622588******{:04}", dice % 10_000);
    args![
        &merchant.id,
        id,
        terminal,
        batch,
        trace,
        "request",
        "sale",
        amount,
        "approved",
        "00",
        &rrn,
        &auth,
        masked,
        digest(5),
        "debit",
        "022",
        digest(9),
        answer(&rrn, &auth),
        "",
        trace,
        millis,
        millis + 240,
        POSTED_AS
    ]
}

/// The host's fields of an answer, as a row keeps them.
fn answer(rrn: &str, auth: &str) -> Option<Vec<u8>> {
    let mut message = Message::new("0210").ok()?;
    message
        .set(12, "101530")
        .and_then(|m| m.set(13, "1122"))
        .and_then(|m| m.set(15, "1122"))
        .and_then(|m| m.set(37, rrn))
        .and_then(|m| m.set(38, auth))
        .and_then(|m| m.set(39, "00"))
        .and_then(|m| m.set(44, "01020000   48221000   "))
        .ok()?;
    message.encode().ok()
}
