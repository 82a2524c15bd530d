-- +goose Up

-- Who leases which slot. The rows are renewed all the time, and no transaction of a
-- gateway's store touches them.
CREATE TABLE cluster_slots (
    number  BIGINT NOT NULL PRIMARY KEY, -- 0 to 255
    token   BIGINT NOT NULL,             -- only rises
    address TEXT   NOT NULL,
    since   BIGINT NOT NULL, -- since when the lease has held without a gap: milliseconds since 1970, as all that follow
    until   BIGINT NOT NULL, -- 0 when the slot is free
    ttl     BIGINT NOT NULL  -- how long it was leased for the last time
);

-- What one slot does at a time. It is held while the slot has that token.
CREATE TABLE cluster_duties (
    name  TEXT   NOT NULL PRIMARY KEY,
    slot  BIGINT NOT NULL,
    token BIGINT NOT NULL, -- 0 when it was given back
    epoch BIGINT NOT NULL  -- only rises
);

-- The store of each slot: every transaction of its writer changes the row where the
-- token is its own, so that one with a lower token stores nothing.
CREATE TABLE cluster_writers (
    slot   BIGINT NOT NULL PRIMARY KEY,
    token  BIGINT NOT NULL,
    name   TEXT   NOT NULL, -- of the store
    number BIGINT NOT NULL  -- of its last transaction
);
