-- What a terminal was offered and has taken over, per kind of download; `version` is a digest of the content.
create table terminal_downloads (
  merchant_id text not null, terminal_id text not null, kind text not null, offered text not null,
  offered_at bigint not null, version text not null, finished_at bigint, primary key (merchant_id, terminal_id, kind)
);
-- What a device said of itself. A report like the one before only lengthens that one.
create table health_reports (
  merchant_id text not null, id text not null, terminal_id text not null, device_id text not null,
  flags text not null, faults text not null, first_at bigint not null, last_at bigint not null, times bigint not null,
  primary key (merchant_id, id)
);
create index health_reports_by_terminal on health_reports (merchant_id, terminal_id, last_at);
create index health_reports_by_device on health_reports (device_id, last_at);
-- The picture a card holder signed, sealed; what stood above it.
create table signatures (
  merchant_id text not null, transaction_id text not null, sealed bytea not null, size bigint not null,
  sha256 text not null, receipt text not null, received_at bigint not null, primary key (merchant_id, transaction_id)
);
-- What a chip made of the issuer's script.
create table script_results (
  merchant_id text not null, transaction_id text not null, result text not null, verification text not null,
  received_at bigint not null, primary key (merchant_id, transaction_id)
);
-- Notices of what a terminal did on its own, on their way to the card network. `sealed` is the message, gone once sent.
create table upstream_notices (
  merchant_id text not null, transaction_id text not null, sealed bytea, state text not null, attempts bigint not null,
  next_at bigint not null, last_answer text not null, created_at bigint not null, finished_at bigint,
  primary key (merchant_id, transaction_id)
);
create index upstream_notices_due on upstream_notices (next_at) where state = 'queued';
-- Refusals of messages that leave no transaction: one live code and one line in the log per terminal and reason.
create table refusals (
  merchant_id text not null, terminal_id text not null, capability text not null, reason text not null,
  code text not null, code_until bigint not null, told_at bigint not null, since_told bigint not null,
  primary key (merchant_id, terminal_id, capability, reason)
);
-- Clocks that were off, once a day.
create table clock_drifts (
  merchant_id text not null, terminal_id text not null, day text not null, seconds bigint not null, at bigint not null,
  primary key (merchant_id, terminal_id, day)
);
