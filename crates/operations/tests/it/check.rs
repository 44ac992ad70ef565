//! A whole world violates nothing; the smallest change that breaks an invariant shows under that invariant alone.

use std::collections::BTreeSet;

use domain::secret::Secret;
use domain::stages::SubjectKind;
use iso8583::crypto::MacAlgorithm;
use iso8583::values::KeyLayout;
use operations::check::{self, INVARIANTS, Violation};
use operations::keys;
use operations::keys::components::{self, Entry};
use operations::refused::Refused;
use operations::trace::{self, Happened};
use operations::{audit, gates, jobs, moves};
use store::Db;
use store::testing::TestDb;

use super::world::{databases, platform, system, write};

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

fn worlds() -> Vec<TestDb> {
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
            audit::seal(tx, ctx)
        })
        .unwrap();
    }
    all
}

/// A master key that was loaded, one after it that two people entered, and working keys.
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
            actor: super::world::someone(person, "devices"),
            ..ctx.clone()
        };
        components::enter(tx, &mut own, entry)?;
        ctx.ids = own.ids;
    }
    keys::issue_working(tx, ctx, "mch_1", "trm_1", MacAlgorithm::Ecb, KeyLayout::Double)?;
    tx.run("update terminals set signed_in = true", store::args![])?;
    Ok(())
}

/// Breaks the world, checks it, and undoes the break.
fn broken(db: &Db, statements: &'static [&'static str]) -> Vec<Violation> {
    let (platform, now) = (platform(), system().now);
    let found = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&found);
    let undone = db
        .write(move |tx| -> Result<(), Refused> {
            for sql in statements {
                tx.run(sql, store::args![])?;
            }
            *told.lock().unwrap() = check::check(tx, &platform, now)?;
            Err(Refused::conflict(
                "world",
                "broken",
                domain::names::Text::new("and mended", "and mended"),
            ))
        })
        .wait();
    assert!(
        matches!(undone, Err(Refused::Conflict { what: "world", .. })),
        "{statements:?}: {undone:?}"
    );
    std::mem::take(&mut *found.lock().unwrap())
}

/// Row of the list of invariants (by title) and the smallest change that breaks it.
const CORRUPTORS: &[(&str, &[&str])] = &[
    (
        "the audit chain is whole",
        &["update audit_entries set reason = 'another' where seq = 2"],
    ),
    (
        "transitions and events name the audit entry of their change",
        &["update transitions set audit_id = 'aud_0' where subject_id = 'trm_1'"],
    ),
    (
        "transitions and events name the audit entry of their change",
        &["update events set audit_id = 'aud_0' where kind = 'stop.started'"],
    ),
    (
        "tokens and keys are stored as hashes",
        &["update sessions set token_hash = 'a token in clear'"],
    ),
    (
        "stage histories are continuous",
        &["update transitions set n = 4 where subject_id = 'shp_1' and n = 3"],
    ),
    (
        "stage histories are continuous",
        &[
            "update transitions set event = 'reopen', from_stage = 'closed' where subject_id = 'shp_1' and n = 2",
            "update transitions set to_stage = 'open' where subject_id = 'shp_1' and n = 2",
        ],
    ),
    (
        "every move is one its machine permits",
        &["update transitions set event = 'vanish' where subject_id = 'shp_1' and n = 2"],
    ),
    (
        "a stage is the one last entered",
        &["update contracts set stage = 'draft'", "delete from gates"],
    ),
    (
        "an approved review has enough different people behind it",
        &["delete from review_decisions where person_id = 'per_3'"],
    ),
    (
        "nobody decides on what they asked for",
        &["update review_decisions set person_id = 'per_1' where person_id = 'per_3'"],
    ),
    (
        "one open request per subject and kind",
        &[
            "drop index requests_open",
            "insert into requests (merchant_id, id, kind, subject_kind, subject_id, state, version, choices, details, \
             opened_by, opened_by_person, opened_at, waiting_on, closed_why) values ('mch_1', 'req_2', 'restoration', \
             'merchant', 'mch_1', 'open', 1, '{}', '{}', 'usr_1', 'per_1', 1, 'merchant', '')",
        ],
    ),
    (
        "one open review per request",
        &[
            "drop index reviews_open",
            "insert into reviews (merchant_id, id, request_id, step, role, approvals_needed, state, payload_hash, \
           request_version, opened_at) values ('mch_1', 'rvw_3', 'req_1', 's', 'risk', 2, 'open', '', 1, 1)",
        ],
    ),
    (
        "terminal numbers lead to their terminals",
        &["update terminal_numbers set terminal_id = 'trm_2'"],
    ),
    (
        "terminal numbers lead to their terminals",
        &["insert into terminal_numbers (number, merchant_id, terminal_id) values ('10000018', 'mch_1', 'trm_2')"],
    ),
    (
        "stops are single, end after they start, and are lifted by someone",
        &[
            "drop index stops_live",
            "insert into stops (merchant_id, id, subject_kind, subject_id, reason, announced_at, starts_at, details, \
             placed_by, placed_why, started) values ('mch_1', 'stp_2', 'device', 'dev_1', 'device.tampered', 1, 1, '{}', \
             'system:test', '', true)",
        ],
    ),
    (
        "stops are single, end after they start, and are lifted by someone",
        &["update stops set lifted_at = 2", "delete from gates"],
    ),
    (
        "stops are single, end after they start, and are lifted by someone",
        &["update stops set ends_at = starts_at", "delete from gates"],
    ),
    (
        "live stops name reasons of the catalogue",
        &["update stops set reason = 'device.sad'", "delete from gates"],
    ),
    (
        "a gate row that holds is what its rows say",
        &["update gates set blocked = blocked + 1"],
    ),
    (
        "a gate row that holds is what its rows say",
        &["update stops set lifted_at = 2, lifted_by = 'usr_1'"],
    ),
    (
        "a gate row that holds is what its rows say",
        &["update gates set terminal_id = 'trm_2'"],
    ),
    (
        "an approved transaction has its answer",
        &["update transactions set answer = null"],
    ),
    (
        "an approved transaction has its answer",
        &["update transactions set response_code = '05'"],
    ),
    (
        "an approved transaction has its answer",
        &["update transactions set finished_at = null"],
    ),
    (
        "what is unknown has a reversal on its way",
        &["update transactions set state = 'unknown', response_code = '98'"],
    ),
    (
        "what is undone is undone once",
        &["update transactions set state = 'voided'"],
    ),
    (
        "what is undone is undone once",
        &["update transactions set state = 'reversed'"],
    ),
    (
        "nothing gives back more than its original",
        &[
            "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
             response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
             answer, explanation_code, received_at, finished_at) select merchant_id, 'pay_3', terminal_id, batch, 3, \
             message_class, 'refund', 1235, 'approved', '00', '', '', '', '', '', '', id, '', answer, '', 2, 2 from transactions",
        ],
    ),
    (
        "nothing gives back more than its original",
        &[
            "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
             response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
             answer, explanation_code, received_at, finished_at) select merchant_id, 'pay_3', terminal_id, batch, 3, \
             message_class, 'void', 1233, 'approved', '00', '', '', '', '', '', '', id, '', answer, '', 2, 2 from transactions",
        ],
    ),
    (
        "a trace number stands for one transaction",
        &[
            "drop index transactions_once",
            "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
             response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, request_hash, \
             explanation_code, received_at) values ('mch_1', 'pay_2', 'trm_1', 1, 1, 'financial', 'sale', 1234, \
             'declined', '51', '', '', '', '', '', '', '', '', 1)",
        ],
    ),
    (
        "a payment stands in the journal or among the transactions",
        &[
            "update transactions set message_class = 'request'",
            "insert into journal (place, merchant_id, terminal_id, batch, stan, id, kind, amount, state, response_code, \
             rrn, auth_code, masked_card, card_index, card_type, entry_mode, request_hash, fee, upstream_stan, received_at) \
             select 1, merchant_id, terminal_id, batch, stan, 'pay_4', kind, amount, 'pending', '', '', '', '', '', '', '', '', \
             0, 1, 1 from transactions",
        ],
    ),
    (
        "nothing takes effect in a closed batch",
        &[
            "update transactions set finished_at = 99, message_class = 'request'",
            "update terminal_batches set state = 'closed', closed_at = 98",
        ],
    ),
    (
        "one open batch per terminal",
        &[
            "drop index terminal_batches_open",
            "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
           values ('mch_1', 'trm_1', 2, 'open', 1, '', '')",
        ],
    ),
    (
        "no two terminals share a key",
        &[
            "insert into terminal_keys (merchant_id, terminal_id, kind, version, state, sealed, kcv, fingerprint, \
             created_at, destroyed_at) select 'mch_1', 'trm_2', 'tmk', 1, 'retired', sealed, '', fingerprint, 1, 2 \
             from terminal_keys where kind = 'tmk' and version = 1",
        ],
    ),
    (
        "every master key is claimed for its terminal",
        &["delete from key_fingerprints"],
    ),
    (
        // The fingerprint of 0123456789ABCDEFFEDCBA9876543210 under this platform's index key.
        "no terminal ever held a key that everyone knows",
        &[
            "insert into key_fingerprints (fingerprint, merchant_id, terminal_id) values \
           ('7e19d1d867b2f594a9778a291c1cde5f91e0b0a3b956e66e78ece2bcf4c5deaf', 'mch_1', 'trm_1')",
        ],
    ),
    (
        "versions of keys increase, and destroyed ones stay so",
        &["update terminal_keys set created_at = 1 where kind = 'tmk' and version = 2"],
    ),
    (
        "versions of keys increase, and destroyed ones stay so",
        &[
            "update terminal_keys set state = 'retired', destroyed_at = 3, sealed = \
             (select sealed from terminal_keys where kind = 'tmk' and version = 1) where kind = 'tmk' and version = 2",
            "update terminal_keys set state = 'current', destroyed_at = null where kind = 'tmk' and version = 1",
        ],
    ),
    (
        "versions of keys increase, and destroyed ones stay so",
        &[
            "update terminal_keys set sealed = (select sealed from terminal_keys where kind = 'pik') \
           where kind = 'tmk' and version = 1",
        ],
    ),
    (
        "components of a master key come from two people",
        &["update key_components set person_id = 'per_keys1'"],
    ),
    (
        "components of a master key come from two people",
        &["update key_components set session_hash = 'one'"],
    ),
    (
        "components of a master key come from two people",
        &["update key_components set kcv = '' where part = 1"],
    ),
    (
        "no terminal is signed in whose device reports another key",
        &["update terminal_keys set reported_kcv = '00000000' where kind = 'tmk' and state = 'current'"],
    ),
    (
        "stored keys authenticate for their place and use",
        &["update terminal_keys set kind = 'tdk' where kind = 'pik'"],
    ),
    (
        "stored keys authenticate for their place and use",
        &["update terminal_keys set sealed = (select sealed from terminal_keys where kind = 'mak') where kind = 'pik'"],
    ),
    (
        "nothing is left of keys of what is gone",
        &["update terminals set device_id = 'dev_2'", "delete from gates"],
    ),
    (
        "no working key outlives its time",
        &["update terminal_keys set created_at = created_at - 8640000000 where kind = 'mak'"],
    ),
    (
        "no key serves two purposes",
        &[
            "update terminal_keys set fingerprint = (select fingerprint from terminal_keys where kind = 'mak') \
           where kind = 'pik'",
        ],
    ),
    (
        "one current key per terminal and kind",
        &[
            "drop index terminal_keys_current",
            "update terminal_keys set state = 'current', destroyed_at = null where kind = 'tmk'",
        ],
    ),
    (
        "one current key per terminal and kind",
        &["update terminal_keys set destroyed_at = 2 where state = 'current'"],
    ),
    (
        "events are numbered without a gap",
        &["update events set sequence = 9 where subject_id = 'shp_1' and sequence = 3"],
    ),
    (
        "every event has its line in the outbox",
        &["delete from outbox where kind = 'stop.started'"],
    ),
    (
        "every event has its line in the outbox",
        &[
            "insert into outbox (merchant_id, event_id, kind, due_at, attempts) values ('mch_1', 'evt_0', 'stop.started', 1, 0)",
        ],
    ),
    ("lease tokens only grow", &["update jobs set lease_token = 0"]),
    ("lease tokens only grow", &["update jobs set lease_holder = ''"]),
    ("lease tokens only grow", &["update leases set token = 0"]),
    (
        "counters stand for what was taken",
        &["insert into counters (merchant_id, scope, key, period, amount, count) \
           values ('mch_1', 'merchant', '-', 20260301, 1, 1)"],
    ),
    (
        "counters stand for what was taken",
        &["update transactions set message_class = 'request', received_at = 1772416800000"],
    ),
    (
        "nothing is charged without an agreement",
        &["update transactions set fee = 5"],
    ),
    (
        "fees are due for what took effect, and return at most once",
        &["update transactions set fee = -5, state = 'declined'"],
    ),
    (
        "every event can be read out",
        &["update events set kind = 'stop.sung' where kind = 'stop.started'"],
    ),
];

#[test]
fn a_whole_world_violates_nothing() {
    for test in worlds() {
        assert_eq!(broken(test.db(), &[]), vec![]);
    }
}

#[test]
fn the_smallest_break_shows_under_its_own_invariant_and_no_other() {
    for test in worlds() {
        for (title, statements) in CORRUPTORS {
            let id = INVARIANTS
                .iter()
                .find(|invariant| invariant.title == *title)
                .unwrap()
                .id;
            let violations = broken(test.db(), statements);
            let ids: BTreeSet<&str> = violations.iter().map(|v| v.invariant.as_str()).collect();
            assert_eq!(
                ids,
                BTreeSet::from([id]),
                "{title}, {:?}: {violations:?}",
                test.engine()
            );
        }
    }
}

#[test]
fn every_invariant_has_a_break_that_shows_it() {
    for invariant in INVARIANTS {
        assert!(
            CORRUPTORS.iter().any(|(title, _)| *title == invariant.title),
            "nothing breaks «{}»",
            invariant.title
        );
    }
}

#[test]
fn a_violation_says_where_what_was_expected_and_what_is_there() {
    for test in worlds() {
        let violations = broken(test.db(), &["delete from review_decisions where person_id = 'per_3'"]);
        let text = |text: &str| text.to_owned();
        assert_eq!(
            violations,
            [Violation {
                invariant: text("INV-S03"),
                key: text("mch_1/rvw_1"),
                expected: text("2 different people"),
                found: text("1"),
            }]
        );
    }
}
