//! One break for every invariant at least.

/// Row of the list of invariants (by title) and the smallest change that breaks it.
pub const CORRUPTORS: &[(&str, &[&str])] = &[
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
        "a reversal is one of a transaction",
        &[
            "insert into upstream_reversals (merchant_id, transaction_id, reason, state, attempts, next_at, last_answer, \
             created_at) values ('mch_1', 'pay_0', '98', 'queued', 0, 1, '', 1)",
        ],
    ),
    (
        "a notice to the network tells of something approved",
        &[
            "insert into upstream_notices (merchant_id, transaction_id, sealed, state, attempts, next_at, last_answer, \
             created_at) select 'mch_1', 'pay_0', sealed, 'queued', 0, 1, '', 1 from terminal_keys where kind = 'tmk' \
             and state = 'current'",
        ],
    ),
    (
        "a notice to the network tells of something approved",
        &[
            "insert into upstream_notices (merchant_id, transaction_id, sealed, state, attempts, next_at, last_answer, \
             created_at) select 'mch_1', 'pay_1', sealed, 'done', 0, 1, '', 1 from terminal_keys where kind = 'tmk' \
             and state = 'current'",
        ],
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
            "update transactions set message_class = 'request', kind = 'preauth'",
            "insert into journal (place, merchant_id, terminal_id, batch, stan, id, kind, amount, state, response_code, \
             rrn, auth_code, masked_card, card_index, card_type, entry_mode, request_hash, fee, upstream_stan, received_at) \
             select 1, merchant_id, terminal_id, batch, stan, 'pay_4', kind, amount, 'pending', '', '', '', '', '', '', '', '', \
             0, 1, 1 from transactions",
        ],
    ),
    (
        "nothing takes effect in a closed batch",
        &[
            "update transactions set finished_at = 99, message_class = 'request', kind = 'preauth'",
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
            "update terminal_keys set sealed = (select sealed from terminal_keys where kind = 'pik' and state = 'current') \
           where kind = 'tmk' and version = 1",
        ],
    ),
    (
        "a former key stands beside a newer one",
        &[
            "update terminal_keys set state = 'retired', destroyed_at = 3, sealed = \
             (select sealed from terminal_keys where kind = 'tmk' and version = 1) where kind = 'mak' and state = 'current'",
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
        &[
            "update terminal_keys set sealed = (select sealed from terminal_keys where kind = 'mak' and \
           state = 'current') where kind = 'pik'",
        ],
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
        "no working key outlives its time",
        &["update terminal_keys set created_at = created_at - 345600000 where kind = 'mak'"],
    ),
    (
        "no key serves two purposes",
        &[
            "update terminal_keys set fingerprint = (select fingerprint from terminal_keys where kind = 'mak' and \
           state = 'current') \
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
        &[
            "update transactions set message_class = 'request', entry = 'sale.1', received_at = 1772416800000",
            "insert into volumes (merchant_id, account, period, debit, credit) values \
             ('mch_1', 'network_due', 20260302, 1234, 0), ('mch_1', 'merchant_payable', 20260302, 0, 1234)",
        ],
    ),
    (
        "volumes are what the entries add up to",
        &[
            "insert into volumes (merchant_id, account, period, debit, credit) values \
             ('mch_1', 'network_due', 20260301, 1, 0), ('mch_1', 'merchant_payable', 20260301, 0, 1)",
        ],
    ),
    (
        "volumes are what the entries add up to",
        &["update transactions set message_class = 'request', entry = 'sale.1'"],
    ),
    (
        "accounts balance, each merchant's on each day",
        &[
            "insert into volumes (merchant_id, account, period, debit, credit) values \
           ('mch_1', 'network_due', 20260301, 1, 0)",
        ],
    ),
    (
        "every entry names a template",
        &["update transactions set message_class = 'request', entry = 'sale.9'"],
    ),
    (
        "what took effect has one entry, and nothing else has",
        &["update transactions set message_class = 'request'"],
    ),
    (
        "what took effect has one entry, and nothing else has",
        &[
            "update transactions set message_class = 'request', state = 'declined', entry = 'sale.1'",
            "insert into volumes (merchant_id, account, period, debit, credit) values \
             ('mch_1', 'network_due', 19700101, 1234, 0), ('mch_1', 'merchant_payable', 19700101, 0, 1234)",
        ],
    ),
    (
        "what took effect has one entry, and nothing else has",
        &[
            "update transactions set message_class = 'request', entry = 'qr_sale.1'",
            "insert into volumes (merchant_id, account, period, debit, credit) values \
             ('mch_1', 'network_due', 19700101, 1234, 0), ('mch_1', 'merchant_payable', 19700101, 0, 1234)",
        ],
    ),
    (
        "what took effect has one entry, and nothing else has",
        &[
            "update transactions set message_class = 'reversal', kind = 'reversal', entry = 'sale.1.reversal'",
            "insert into volumes (merchant_id, account, period, debit, credit) values \
             ('mch_1', 'network_due', 19700101, 0, 1234), ('mch_1', 'merchant_payable', 19700101, 1234, 0)",
        ],
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
