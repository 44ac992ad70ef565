//! A whole world in rows.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use iso8583::crypto::MacAlgorithm;
use iso8583::values::KeyLayout;
use operations::keys;
use operations::keys::components::{self, Entry};
use operations::trace::{self, Happened};
use operations::{audit, gates, jobs, moves};
use store::Db;
use store::testing::TestDb;

use super::super::world::{databases, system, write};

/// One of everything, as the operations would have left it.
const ROWS: &[&str] = &[
    "insert into users (id, login, person_id, role, merchant_id, agent_id, display_name, password_hash, totp_last_step, \
       failures, locked_until, created_at) values ('usr_1', 'wang', 'per_1', 'owner', 'mch_1', '-', '王', 'x', 0, 0, 0, 1)",
    "insert into sessions (token_hash, user_id, created_at, seen_at, expires_at, second_factor) \
       values ('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'usr_1', 1, 1, 2, false)",
    "insert into merchants (merchant_id, number, kind, name, short_name, search_name, uscc, mcc, province, city, region_id, \
       agent_id, stage, version, risk_level, created_at) values ('mch_1', '898310058120001', 'micro', '面馆', '面馆', \
       '面馆', '-', '5812', '31', '上海', '-', '-', 'active', 1, 'low', 1)",
    "insert into shops (merchant_id, id, name, address, province, city, stage, created_at) \
       values ('mch_1', 'shp_1', '面馆', '路1号', '31', '上海', 'open', 1)",
    "insert into contracts (merchant_id, id, number, terms_version, stage, created_at) \
       values ('mch_1', 'ctr_1', 'C1', '1', 'in_force', 1)",
    "insert into settlement_accounts (merchant_id, id, version, bank, account_kind, stage, is_current, created_at) \
       values ('mch_1', 'sac_1', 1, '银行', 'personal', 'verified', true, 1)",
    "insert into models (id, code, name_zh, name_en, form, minimum_software) values ('mdl_1', 'm1', '型号', 'Model', 'smart', '1')",
    "insert into devices (id, serial, model_id, stage, merchant_id, terminal_id, software, created_at) \
       values ('dev_1', 'SN1', 'mdl_1', 'in_service', 'mch_1', 'trm_1', '1', 1)",
    "insert into terminals (merchant_id, id, number, shop_id, device_id, stage, spare, mac_algorithm, tpdu, signed_in, \
       batch, software, created_at) values ('mch_1', 'trm_1', '10000017', 'shp_1', 'dev_1', 'live', false, 'ecb', \
       '6000000000', true, 1, '1', 1)",
    "insert into terminal_numbers (number, merchant_id, terminal_id) values ('10000017', 'mch_1', 'trm_1')",
    "insert into registrations (merchant_id, id, terminal_id, version, stage, serial, shop_id, settlement_account_id, \
       answer, created_at) values ('mch_1', 'reg_1', 'trm_1', 1, 'accepted', 'SN1', 'shp_1', 'sac_1', '', 1)",
    "insert into devices (id, serial, model_id, stage, merchant_id, terminal_id, software, created_at) \
       values ('dev_2', 'SN2', 'mdl_1', 'in_service', '-', '-', '1', 1)",
    "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
       values ('mch_1', 'trm_1', 1, 'open', 1, '', '')",
    "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
       response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, request_hash, answer, \
       explanation_code, received_at, finished_at) values ('mch_1', 'pay_1', 'trm_1', 1, 1, 'financial', 'sale', 1234, \
       'approved', '00', '000000000001', '', '', '', '', '', 'x', $1, '', 1, 2)",
    "insert into stops (merchant_id, id, subject_kind, subject_id, reason, announced_at, starts_at, ends_at, details, \
       placed_by, placed_why, started) values ('mch_1', 'stp_1', 'device', 'dev_1', 'device.tampered', 1, 1, null, '{}', \
       'system:test', '', true)",
    "insert into requests (merchant_id, id, kind, subject_kind, subject_id, state, version, choices, details, opened_by, \
       opened_by_person, opened_at, waiting_on, closed_why) values ('mch_1', 'req_1', 'restoration', 'merchant', 'mch_1', \
       'open', 1, '{}', '{}', 'usr_1', 'per_1', 1, 'merchant', '')",
    "insert into reviews (merchant_id, id, request_id, step, role, approvals_needed, state, payload_hash, \
       request_version, opened_at) values ('mch_1', 'rvw_1', 'req_1', 's', 'risk', 2, 'approved', '', 1, 1), \
       ('mch_1', 'rvw_2', 'req_1', 's', 'risk', 2, 'open', '', 1, 1)",
    "insert into review_decisions (merchant_id, review_id, person_id, user_id, decision, items, remark, at) \
       values ('mch_1', 'rvw_1', 'per_2', 'usr_2', 'approve', '[]', '', 1), \
       ('mch_1', 'rvw_1', 'per_3', 'usr_3', 'approve', '[]', '', 1)",
];

/// `$1` is a few bytes: the two engines write those differently.
fn made(db: &Db) {
    db.write(|tx| {
        for sql in ROWS {
            let bytes = if sql.contains("$1") {
                store::args![vec![1_u8, 2]]
            } else {
                vec![]
            };
            tx.run(sql, bytes)?;
        }
        Ok::<_, store::Error>(())
    })
    .wait()
    .unwrap();
}

/// It, on every database.
pub fn worlds() -> Vec<TestDb> {
    let all = databases();
    for test in &all {
        made(test.db());
        write(test.db(), &mut system(), |tx, ctx| {
            for (kind, id, stage) in [
                (SubjectKind::Merchant, "mch_1", "active"),
                (SubjectKind::Shop, "shp_1", "open"),
                (SubjectKind::Contract, "ctr_1", "in_force"),
                (SubjectKind::SettlementAccount, "sac_1", "verified"),
                (SubjectKind::Device, "dev_1", "in_service"),
                (SubjectKind::Registration, "reg_1", "accepted"),
                (SubjectKind::Terminal, "trm_1", "live"),
            ] {
                moves::born(tx, ctx, "mch_1", kind, id, stage)?;
            }
            moves::born(tx, ctx, "-", SubjectKind::Device, "dev_2", "in_service")?;
            moves::apply(tx, ctx, "-", SubjectKind::Device, "dev_2", "lose")?;
            keyed(tx, ctx)?;
            moves::apply(tx, ctx, "mch_1", SubjectKind::Shop, "shp_1", "close")?;
            moves::apply(tx, ctx, "mch_1", SubjectKind::Shop, "shp_1", "reopen")?;
            let happened = Happened {
                kind: "stop.started",
                merchant: "mch_1",
                subject_kind: "device",
                subject: "dev_1",
                terminal: "trm_1",
                data: serde_json::json!({ "reason": "device.tampered" }),
                audit: "-",
            };
            trace::event(tx, ctx, happened)?;
            let job = jobs::NewJob {
                bucket: 0,
                kind: "sweep",
                dedupe: "a",
                payload: serde_json::json!({}),
                run_at: ctx.now,
            };
            jobs::enqueue(tx, ctx, job)?;
            jobs::claim(tx, "sweep", "node", domain::time::Duration::minutes(1), ctx.now)?;
            gates::refresh(tx, ctx, "mch_1", "trm_1")?;
            operations::payments::limits::start(tx, ctx)?;
            operations::payments::ledger::start(tx, ctx)?;
            audit::seal(tx, ctx)
        })
        .unwrap();
    }
    all
}

/// A master key that was loaded, one after it that two people entered, and two generations of working keys.
fn keyed(tx: &mut store::Tx<'_>, ctx: &mut operations::Ctx) -> operations::refused::Done<()> {
    keys::install_master(tx, ctx, "mch_1", "trm_1", &Secret::new(*b"the key it began"))?;
    for (person, part, kcv) in [
        ("keys1", "00112233445566778899AABBCCDDEEFF", "FB0975"),
        ("keys2", "5AF0C3219E8D7B6415263748596A7B8C", "1AC711"),
    ] {
        let entry = Entry {
            merchant: "mch_1".to_owned(),
            terminal: "trm_1".to_owned(),
            component: part.to_owned().into(),
            kcv: kcv.to_owned(),
            combined: None,
            session: person.to_owned().into(),
        };
        let mut own = operations::Ctx {
            actor: super::super::world::someone(person, "devices"),
            ..ctx.clone()
        };
        components::enter(tx, &mut own, entry)?;
        ctx.ids = own.ids;
    }
    // The second sign-in leaves the keys of the first as the former ones.
    for _ in 0..2 {
        keys::issue_working(tx, ctx, "mch_1", "trm_1", MacAlgorithm::Ecb, KeyLayout::Double)?;
    }
    tx.run("update terminals set signed_in = true", store::args![])?;
    Ok(())
}
