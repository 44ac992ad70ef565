-- Components of a terminal's master key, entered by two people. Once both are there the key is made and their bytes are
-- destroyed; who entered what, in which session and with which check value, stays.
create table key_components (
  merchant_id text not null, terminal_id text not null, ceremony bigint not null, part bigint not null,
  person_id text not null, user_id text not null, session_hash text not null, kcv text not null,
  sealed bytea not null, entered_at bigint not null, destroyed_at bigint,
  primary key (merchant_id, terminal_id, ceremony, part)
);

-- The component entry a master key came from (0: made or loaded otherwise), and the check value its device reports.
alter table terminal_keys add column ceremony bigint not null default 0;
alter table terminal_keys add column reported_kcv text not null default '';

-- One key, one purpose and one terminal, over all time.
create index terminal_keys_fingerprint on terminal_keys (fingerprint);
-- Working keys by age.
create index terminal_keys_worn on terminal_keys (created_at) where state = 'current' and kind = 'mak';
