-- The journal: what the authoriser appends, in its own order, before a card network is asked, and ends before the
-- terminal is answered. Within a second an ended row is folded into `transactions` and gone from here. `place` is the
-- node's number and a counter, so that rows are appended at one end; the once-only key covers only what is not folded.
create table journal (
  place bigint primary key,
  merchant_id text not null, terminal_id text not null, batch bigint not null, stan bigint not null,
  id text not null, kind text not null, amount bigint not null, state text not null, response_code text not null,
  rrn text not null, auth_code text not null, masked_card text not null, card_index text not null,
  card_type text not null, entry_mode text not null, request_hash text not null, answer bytea, fee bigint not null,
  upstream_stan bigint not null, received_at bigint not null, finished_at bigint
);
create unique index journal_once on journal (merchant_id, terminal_id, batch, stan);

-- Raised with everything that changes how a terminal speaks: its keys, its batch, signing in and off.
alter table terminals add column line_version bigint not null default 0;

-- What the merchant pays for a transaction, fen.
alter table transactions add column fee bigint not null default 0;
-- The kind of event that the row itself is, on its terminal's time-line; empty where an event of its own was written.
alter table transactions add column event text not null default '';
