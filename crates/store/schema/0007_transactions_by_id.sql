-- Ids of transactions sort by the time at which they came, so the primary key finds a span of time too.
drop index transactions_by_time;
