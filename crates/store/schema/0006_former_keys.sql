-- A working key stays as the former one until a message proves that its terminal has the newer one; one of each kind.

create unique index terminal_keys_former on terminal_keys (merchant_id, terminal_id, kind) where state = 'former';
