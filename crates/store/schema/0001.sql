-- The schema, one text for SQLite and PostgreSQL. Types: text, bigint, boolean, bytea. Times are milliseconds UTC, money is
-- fen, ids are text. Every table that belongs to a merchant carries merchant_id first in its primary and unique keys;
-- rows of the platform, an agent, a region, a network or a model carry '-'. Global uniqueness lives in small look-up tables.

-- People and access ---------------------------------------------------------------------------------------------------
create table users (
  id text primary key, login text not null, person_id text not null, role text not null,
  merchant_id text not null, agent_id text not null,            -- '-' where none
  display_name text not null, password_hash text not null,
  totp_secret bytea, totp_last_step bigint not null,
  failures bigint not null, locked_until bigint not null, disabled_at bigint, created_at bigint not null
);
create unique index users_login on users (login);
create table sessions (
  token_hash text primary key, user_id text not null references users (id),
  created_at bigint not null, seen_at bigint not null, expires_at bigint not null, second_factor boolean not null
);
create index sessions_by_user on sessions (user_id);
create table api_keys (
  key_hash text primary key, id text not null, name text not null, role text not null, merchant_id text not null,
  user_id text not null, created_at bigint not null, disabled_at bigint
);
create unique index api_keys_id on api_keys (id);
create table idempotency (
  scope text not null, key text not null, fingerprint text not null, status bigint not null, body text not null,
  created_at bigint not null, expires_at bigint not null, primary key (scope, key)
);

-- Parties --------------------------------------------------------------------------------------------------------------
create table agents (
  id text primary key, number text not null, name text not null, province text not null, stage text not null,
  created_at bigint not null
);
create unique index agents_number on agents (number);
create table models (
  id text primary key, code text not null, name_zh text not null, name_en text not null, form text not null,
  minimum_software text not null, certified_until bigint
);
create unique index models_code on models (code);
create table merchants (
  merchant_id text primary key, number text not null, kind text not null, name text not null, short_name text not null,
  search_name text not null, uscc text not null,                 -- '-' where none: micro merchants
  mcc text not null, province text not null, city text not null, region_id text not null,
  agent_id text not null, stage text not null, version bigint not null, risk_level text not null,
  created_at bigint not null, activated_at bigint
);
create unique index merchants_number on merchants (number);
create index merchants_by_name on merchants (search_name);
create index merchants_by_uscc on merchants (uscc);
create index merchants_by_agent on merchants (agent_id, merchant_id);
-- Sensitive values, sealed (AES-256-GCM), shown masked, found by keyed index. `field` is one of private.rs's list.
create table private_values (
  merchant_id text not null, owner_kind text not null, owner_id text not null, field text not null,
  sealed bytea not null, blind_index text not null, masked text not null, changed_at bigint not null,
  primary key (merchant_id, owner_kind, owner_id, field)
);
create index private_values_by_index on private_values (field, blind_index);
create table shops (
  merchant_id text not null, id text not null, name text not null, address text not null, province text not null,
  city text not null, latitude_e6 bigint, longitude_e6 bigint, stage text not null, created_at bigint not null,
  primary key (merchant_id, id)
);
create table contracts (
  merchant_id text not null, id text not null, number text not null, terms_version text not null, stage text not null,
  signed_at bigint, expires_at bigint, created_at bigint not null, primary key (merchant_id, id)
);
create table settlement_accounts (
  merchant_id text not null, id text not null, version bigint not null, bank text not null, account_kind text not null,
  stage text not null, is_current boolean not null, effective_at bigint, created_at bigint not null,
  primary key (merchant_id, id)
);
create unique index settlement_accounts_current on settlement_accounts (merchant_id) where is_current;

-- Devices and terminals ------------------------------------------------------------------------------------------------
create table devices (
  id text primary key, serial text not null, model_id text not null references models (id), stage text not null,
  merchant_id text not null, terminal_id text not null, software text not null, warranty_until bigint,
  created_at bigint not null
);
create unique index devices_serial on devices (serial);
create index devices_by_terminal on devices (merchant_id, terminal_id);
create table terminals (
  merchant_id text not null, id text not null, number text not null, shop_id text not null, device_id text not null,
  stage text not null, spare boolean not null, mac_algorithm text not null, tpdu text not null,
  opened_at bigint, last_sale_at bigint, verified_at bigint,      -- the three clocks of dormancy
  signed_in boolean not null, signed_in_at bigint, batch bigint not null, software text not null,
  activation_hash text, activation_expires_at bigint,
  created_at bigint not null, primary key (merchant_id, id)
);
create index terminals_by_shop on terminals (merchant_id, shop_id);
-- Since when a terminal is idle, as store/src/terminals.rs asks it.
create index terminals_idle on terminals (coalesce(last_sale_at, opened_at)) where stage = 'live' and not spare;
create table terminal_numbers (number text primary key, merchant_id text not null, terminal_id text not null);
create table registrations (
  merchant_id text not null, id text not null, terminal_id text not null, version bigint not null, stage text not null,
  serial text not null, shop_id text not null, settlement_account_id text not null, filed_at bigint, answered_at bigint,
  answer text not null, created_at bigint not null, primary key (merchant_id, id)
);
create unique index registrations_by_terminal on registrations (merchant_id, terminal_id);
create index registrations_by_serial on registrations (serial);
create index registrations_unanswered on registrations (filed_at) where answered_at is null;
create index registrations_pending on registrations (merchant_id, id) where stage = 'pending';
create table terminal_keys (
  merchant_id text not null, terminal_id text not null, kind text not null, version bigint not null, state text not null,
  sealed bytea not null, kcv text not null, fingerprint text not null, created_at bigint not null, destroyed_at bigint,
  primary key (merchant_id, terminal_id, kind, version)
);
create unique index terminal_keys_current on terminal_keys (merchant_id, terminal_id, kind) where state = 'current';
create table key_fingerprints (fingerprint text primary key, merchant_id text not null, terminal_id text not null);

-- Stages, stops, gate --------------------------------------------------------------------------------------------------
create table transitions (
  merchant_id text not null, subject_kind text not null, subject_id text not null, n bigint not null,
  from_stage text not null, event text not null, to_stage text not null, actor text not null, reason text not null,
  at bigint not null, audit_id text not null, primary key (merchant_id, subject_kind, subject_id, n)
);
create table stops (
  merchant_id text not null, id text not null, subject_kind text not null, subject_id text not null, reason text not null,
  announced_at bigint not null, starts_at bigint not null, ends_at bigint, details text not null,
  placed_by text not null, placed_why text not null, lifted_at bigint, lifted_by text, lifted_why text,
  started boolean not null,                                       -- its start has been told (event written)
  primary key (merchant_id, id)
);
create unique index stops_live on stops (merchant_id, subject_kind, subject_id, reason) where lifted_at is null;
create index stops_due on stops (starts_at) where lifted_at is null and not started;
create table gates (
  merchant_id text not null, terminal_id text not null, blocked bigint not null, valid_until bigint, epoch bigint not null,
  computed_at bigint not null, primary key (merchant_id, terminal_id)
);
create table gate_epoch (id bigint primary key, epoch bigint not null);
insert into gate_epoch (id, epoch) values (1, 1);
create table explanation_codes (
  code text primary key, merchant_id text not null, terminal_id text not null, capability text not null,
  reason text not null, transaction_id text not null, at bigint not null, expires_at bigint not null
);

-- Requests -------------------------------------------------------------------------------------------------------------
create table requests (
  merchant_id text not null, id text not null, kind text not null, subject_kind text not null, subject_id text not null,
  state text not null, version bigint not null, choices text not null, details text not null,
  opened_by text not null, opened_by_person text not null, opened_at bigint not null,
  waiting_on text not null, promise_by bigint, closed_at bigint, closed_why text not null,
  primary key (merchant_id, id)
);
create unique index requests_by_id on requests (id);
create unique index requests_open on requests (merchant_id, kind, subject_kind, subject_id) where state = 'open';
create table steps (
  merchant_id text not null, request_id text not null, step text not null, position bigint not null,
  subject_kind text not null, subject_id text not null, state text not null, serves text not null,
  documents text not null, fields text not null, evidence text not null, remark text not null,
  promise_by bigint, done_at bigint, done_by text, primary key (merchant_id, request_id, step)
);
create table documents (
  merchant_id text not null, id text not null, request_id text not null, step text not null, kind text not null,
  file_name text not null, media_type text not null, size bigint not null, sha256 text not null, sealed bytea not null,
  state text not null, remark text not null, uploaded_by text not null, uploaded_at bigint not null,
  primary key (merchant_id, id)
);
create index documents_by_request on documents (merchant_id, request_id);
create table reviews (
  merchant_id text not null, id text not null, request_id text not null, step text not null, role text not null,
  approvals_needed bigint not null, state text not null, payload_hash text not null, request_version bigint not null,
  opened_at bigint not null, promise_by bigint, decided_at bigint, primary key (merchant_id, id)
);
create unique index reviews_open on reviews (merchant_id, request_id) where state = 'open';
create index reviews_queue on reviews (promise_by) where state = 'open';
create table review_decisions (
  merchant_id text not null, review_id text not null, person_id text not null, user_id text not null,
  decision text not null, items text not null, remark text not null, at bigint not null,
  primary key (merchant_id, review_id, person_id)
);

-- Transactions ---------------------------------------------------------------------------------------------------------
create table terminal_batches (
  merchant_id text not null, terminal_id text not null, number bigint not null, state text not null,
  opened_at bigint not null, closed_at bigint, balanced boolean, terminal_totals text not null, host_totals text not null,
  primary key (merchant_id, terminal_id, number)
);
create unique index terminal_batches_open on terminal_batches (merchant_id, terminal_id) where state = 'open';
create table transactions (
  merchant_id text not null, id text not null, terminal_id text not null, batch bigint not null, stan bigint not null,
  message_class text not null, kind text not null, amount bigint not null, state text not null,
  response_code text not null, rrn text not null, auth_code text not null, masked_card text not null,
  card_index text not null, card_type text not null, entry_mode text not null, original_id text, request_hash text not null,
  answer bytea, explanation_code text not null, upstream_stan bigint, received_at bigint not null, finished_at bigint,
  primary key (merchant_id, id)
);
create unique index transactions_once on transactions (merchant_id, terminal_id, batch, stan, message_class);
create index transactions_by_time on transactions (merchant_id, received_at);
create index transactions_by_rrn on transactions (rrn);
create index transactions_open on transactions (state) where state in ('pending', 'unknown');
create table upstream_reversals (
  merchant_id text not null, transaction_id text not null, reason text not null, state text not null,
  attempts bigint not null, next_at bigint not null, last_answer text not null, created_at bigint not null,
  finished_at bigint, primary key (merchant_id, transaction_id)
);
create index upstream_reversals_due on upstream_reversals (next_at) where state = 'queued';
create table upload_items (
  merchant_id text not null, terminal_id text not null, batch bigint not null, stan bigint not null,
  masked_card text not null, amount bigint not null, outcome text not null, at bigint not null,
  primary key (merchant_id, terminal_id, batch, stan)
);

-- Trace, events, jobs --------------------------------------------------------------------------------------------------
create table audit_entries (
  id text primary key, at bigint not null, actor text not null, role text not null, command text not null,
  merchant_id text not null, subject_kind text not null, subject_id text not null, reason text not null,
  before_digest text not null, after_digest text not null, details text not null, seq bigint
);
create index audit_unsealed on audit_entries (id) where seq is null;
create index audit_by_subject on audit_entries (merchant_id, subject_kind, subject_id, id);
create table audit_chain (
  seq bigint primary key, entry_id text not null, digest text not null, previous text not null, hash text not null
);
create unique index audit_chain_entry on audit_chain (entry_id);
create table events (
  merchant_id text not null, id text not null, kind text not null, subject_kind text not null, subject_id text not null,
  sequence bigint not null, terminal_id text not null, at bigint not null, data text not null, audit_id text not null,
  primary key (merchant_id, id)
);
create unique index events_by_subject on events (merchant_id, subject_kind, subject_id, sequence);
create index events_by_terminal on events (merchant_id, terminal_id, id);
create table outbox (
  merchant_id text not null, event_id text not null, kind text not null, due_at bigint not null, attempts bigint not null,
  primary key (merchant_id, event_id)
);
create table jobs (
  bucket bigint not null, id text not null, kind text not null, dedupe text not null, payload text not null,
  run_at bigint not null, state text not null, attempts bigint not null, lease_holder text not null, lease_token bigint not null,
  lease_until bigint not null, last_error text not null, created_at bigint not null, primary key (bucket, id)
);
create unique index jobs_once on jobs (bucket, kind, dedupe);
create index jobs_due on jobs (run_at) where state = 'queued';
create table leases (name text primary key, holder text not null, token bigint not null, until_at bigint not null);
create table settings (key text primary key, value text not null);
