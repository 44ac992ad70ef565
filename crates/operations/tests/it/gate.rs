//! The gate row and a recomputation from all rows never disagree, whatever has happened before.

use domain::ids::IdSource;
use domain::stages::{SubjectKind, machine};
use domain::time::Duration;
use operations::refused::Refused;
use operations::stops::{self, Place};
use operations::{Actor, Ctx, gates, moves};
use serde_json::json;
use store::Tx;

use super::world;

/// One healthy terminal with its whole chain, written as rows.
pub const HEALTHY: &[&str] = &[
    "insert into agents (id, number, name, province, stage, created_at) values ('agt_1', 'A1', '代理', '31', 'active', 1)",
    "insert into models (id, code, name_zh, name_en, form, minimum_software, certified_until) \
     values ('mdl_1', 'M1', '型号', 'Model', 'smart', '1.0', null)",
    "insert into merchants (merchant_id, number, kind, name, short_name, search_name, mcc, province, city, region_id, \
     agent_id, stage, version, risk_level, created_at, activated_at, uscc) values ('mch_1', '822290058120001', 'sole_trader', \
     '面馆', '面馆', '面馆', '5812', '31', '上海', '31', 'agt_1', 'active', 1, 'low', 1, 1, '-')",
    "insert into shops (merchant_id, id, name, address, province, city, latitude_e6, longitude_e6, stage, created_at) \
     values ('mch_1', 'shp_1', '总店', '某路 1 号', '31', '上海', null, null, 'open', 1)",
    "insert into contracts (merchant_id, id, number, terms_version, stage, signed_at, expires_at, created_at) \
     values ('mch_1', 'ctr_1', 'C1', '1', 'in_force', 1, null, 1)",
    "insert into settlement_accounts (merchant_id, id, version, bank, account_kind, stage, is_current, effective_at, \
     created_at) values ('mch_1', 'sac_1', 1, '某银行', 'corporate', 'verified', true, 1, 1)",
    "insert into devices (id, serial, model_id, stage, merchant_id, terminal_id, software, warranty_until, created_at) \
     values ('dev_1', 'SN1', 'mdl_1', 'in_service', 'mch_1', 'trm_1', '1.0', null, 1)",
    "insert into terminals (merchant_id, id, number, shop_id, device_id, stage, spare, mac_algorithm, tpdu, opened_at, \
     last_sale_at, verified_at, signed_in, signed_in_at, batch, software, activation_hash, activation_expires_at, \
     created_at) values ('mch_1', 'trm_1', '10000001', 'shp_1', 'dev_1', 'live', false, 'ecb', '6000030000', 1, null, \
     null, false, null, 1, '1.0', null, null, 1)",
    "insert into terminal_numbers (number, merchant_id, terminal_id) values ('10000001', 'mch_1', 'trm_1')",
    "insert into registrations (merchant_id, id, terminal_id, version, stage, serial, shop_id, settlement_account_id, \
     filed_at, answered_at, answer, created_at) values ('mch_1', 'reg_1', 'trm_1', 1, 'accepted', 'SN1', 'shp_1', \
     'sac_1', 1, 1, '', 1)",
];

/// The subjects of that chain that stops and moves can meet.
const SUBJECTS: [(SubjectKind, &str); 12] = [
    (SubjectKind::Platform, "platform"),
    (SubjectKind::Network, "network"),
    (SubjectKind::Region, "31"),
    (SubjectKind::Agent, "agt_1"),
    (SubjectKind::Merchant, "mch_1"),
    (SubjectKind::Contract, "ctr_1"),
    (SubjectKind::SettlementAccount, "sac_1"),
    (SubjectKind::Shop, "shp_1"),
    (SubjectKind::Terminal, "trm_1"),
    (SubjectKind::Registration, "reg_1"),
    (SubjectKind::Device, "dev_1"),
    (SubjectKind::Model, "mdl_1"),
];

/// Does one random thing; refusals are part of the story and change nothing.
fn something(tx: &mut Tx<'_>, ctx: &mut Ctx, dice: &mut IdSource) -> Result<(), Refused> {
    let (kind, id) = SUBJECTS[usize::try_from(dice.below(12)).unwrap()];
    match dice.below(4) {
        0 | 1 => {
            let reasons: Vec<String> = ctx
                .catalog()
                .reasons
                .values()
                .filter(|r| r.subject == kind)
                .map(|r| r.code.clone())
                .collect();
            if reasons.is_empty() {
                return Ok(());
            }
            let reason = reasons[usize::try_from(dice.below(reasons.len() as u64)).unwrap()].clone();
            let hours = |n: u64| Duration::hours(i64::try_from(n).unwrap());
            let starts_at = (dice.below(2) == 0).then(|| ctx.now + hours(dice.below(72)));
            let ends_at = (dice.below(3) == 0).then(|| ctx.now + hours(72 + dice.below(72)));
            let place = Place {
                merchant: "mch_1".into(),
                kind,
                id: id.into(),
                reason,
                starts_at,
                ends_at,
                details: json!({}),
            };
            stops::place(tx, ctx, place).map(|_| ())
        }
        2 => {
            let mut live = store::stops::live(tx, "mch_1")?;
            live.extend(store::stops::live(tx, "-")?);
            if live.is_empty() {
                return Ok(());
            }
            let stop = live[usize::try_from(dice.below(live.len() as u64)).unwrap()].clone();
            stops::end(tx, ctx, &stop, "as told")
        }
        _ => {
            let Some(machine) = machine(kind) else { return Ok(()) };
            let stage = store::moves::stage(tx, kind.code(), "mch_1", id)?.unwrap();
            let open = machine.open(&stage);
            if open.is_empty() {
                return Ok(());
            }
            let event = open[usize::try_from(dice.below(open.len() as u64)).unwrap()];
            moves::apply(tx, ctx, "mch_1", kind, id, event).map(|_| ())
        }
    }
}

#[test]
fn the_row_and_a_recomputation_agree_after_any_history() {
    for test in world::databases() {
        world::tamper(test.db(), HEALTHY);
        let mut ctx = world::ctx(Actor::system("story"));
        let mut dice = IdSource::seeded(42);
        let mut seen = [0usize; 2];
        for round in 0..400 {
            let step = dice.clone();
            let done = world::write(test.db(), &mut ctx, move |tx, ctx| {
                something(tx, ctx, &mut step.clone())
            });
            if let Err(Refused::Store(error)) = done {
                panic!("round {round}: {error}");
            }
            // The closure drew from a copy; draw as much from the original.
            dice.bytes::<64>();
            ctx.now = ctx.now + Duration::hours(i64::try_from(dice.below(12)).unwrap());
            let (row, full) = world::write(test.db(), &mut ctx, |tx, ctx| {
                let row = gates::blocked(tx, ctx, "mch_1", "trm_1")?;
                Ok((row, gates::recompute(tx, ctx, "mch_1", "trm_1")?.blocked.0))
            })
            .unwrap();
            assert_eq!(row, full, "round {round}");
            let sale = row & 1 == 0;
            seen[usize::from(sale)] += 1;
        }
        assert!(
            seen[0] > 20 && seen[1] > 5,
            "the story must meet open and shut gates: {seen:?}"
        );
    }
}

/// Negative control: a row that is not dropped when a stop is placed would be caught.
#[test]
fn a_stale_row_is_noticed() {
    for test in world::databases() {
        world::tamper(test.db(), HEALTHY);
        let mut ctx = world::ctx(Actor::system("story"));
        world::write(test.db(), &mut ctx, |tx, ctx| {
            gates::blocked(tx, ctx, "mch_1", "trm_1").map(|_| ())
        })
        .unwrap();
        world::tamper(
            test.db(),
            &[
                "insert into stops (merchant_id, id, subject_kind, subject_id, reason, announced_at, starts_at, ends_at, \
               details, placed_by, placed_why, lifted_at, lifted_by, lifted_why, started) values ('mch_1', 'stp_1', \
               'merchant', 'mch_1', 'merchant.risk_review', 1, 1, null, '{}', 'x', 'x', null, null, null, true)",
            ],
        );
        let (row, full) = world::write(test.db(), &mut ctx, |tx, ctx| {
            let row = gates::blocked(tx, ctx, "mch_1", "trm_1")?;
            Ok((row, gates::recompute(tx, ctx, "mch_1", "trm_1")?.blocked.0))
        })
        .unwrap();
        assert_ne!(row, full, "a row written behind the operations' back must show");
    }
}
