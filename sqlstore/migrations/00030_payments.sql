-- +goose Up

-- Payment orders and the payments in them, for good.
CREATE TABLE payment_orders (
    id          TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL,
    prepared_at BIGINT NOT NULL, -- milliseconds since 1970
    version     BIGINT NOT NULL,
    detail      TEXT   NOT NULL -- JSON: the order without its payments
);

CREATE INDEX payment_orders_prepared ON payment_orders (prepared_at, id);
CREATE INDEX payment_orders_releasing ON payment_orders (prepared_at, id) WHERE state = 'releasing';

CREATE TABLE payments (
    reference  TEXT   NOT NULL PRIMARY KEY,
    order_id   TEXT   NOT NULL,
    settlement TEXT   NOT NULL,
    channel    BIGINT NOT NULL,
    attempt    BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    detail     TEXT   NOT NULL -- JSON: the payment
);

CREATE INDEX payments_order ON payments (order_id, settlement, channel, attempt);
CREATE INDEX payments_settlement ON payments (settlement, channel, attempt);

-- Files of the bank that were read, by the SHA-256 of their content.
CREATE TABLE bank_readings (
    digest BYTEA  NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    detail TEXT   NOT NULL -- JSON: what became of the entries
);

CREATE INDEX bank_readings_at ON bank_readings (at, digest);
