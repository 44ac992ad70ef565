-- What was taken, added up per local day (`period` is the number YYYYMMDD), for limits. `scope` is a counter of
-- limits.toml; `key` a card's index, a terminal, or '-'. Counters over several merchants stand under merchant '-', keyed by
-- the keyed index of the identity. They follow from `transactions`: what is approved and was not undone.
create table counters (
  merchant_id text not null, scope text not null, key text not null, period bigint not null, amount bigint not null,
  count bigint not null, primary key (merchant_id, scope, key, period)
);
-- A limit that one merchant (terminal '-') or one of its terminals has instead of the catalogue's.
create table limit_overrides (
  merchant_id text not null, terminal_id text not null, limit_code text not null, most bigint not null,
  set_by text not null, set_at bigint not null, primary key (merchant_id, terminal_id, limit_code)
);
