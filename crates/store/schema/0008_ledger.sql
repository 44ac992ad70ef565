-- The books. A row of `transactions` that took effect is its own entry: `entry` names the template of postings.toml, with
-- its version, under which it was posted when it did; empty where it was not. It is written once and never changed: what
-- undoes a payment is a row of its own, posted the other way.
alter table transactions add column entry text not null default '';
-- What went through an account of a merchant on a local day (`period` is the number YYYYMMDD), fen. Balances are their
-- differences. The platform's own accounts are kept per merchant too, so that all of an entry lies with its merchant, and the day comes
-- before the account, so that one entry touches neighbours.
create table volumes (
  merchant_id text not null, period bigint not null, account text not null, debit bigint not null, credit bigint not null,
  primary key (merchant_id, period, account)
);
