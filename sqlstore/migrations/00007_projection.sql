-- +goose Up

-- A copy of the ledger's transfers, made from its blocks. It is dropped and made
-- again by `pointgrid migrate --rebuild`.
CREATE TABLE ledger_transfers (
    lane                  BIGINT NOT NULL,
    batch                 BIGINT NOT NULL,
    place                 BIGINT NOT NULL, -- in the batch
    block                 BIGINT NOT NULL,
    id                    BYTEA  NOT NULL,
    kind                  TEXT   NOT NULL,
    at                    BIGINT NOT NULL, -- milliseconds since 1970
    window_date           BIGINT NOT NULL, -- days since 1970-01-01
    account               BYTEA,
    related               BYTEA,
    amount                BIGINT NOT NULL,
    source_partner        TEXT,
    source_agreement      BYTEA,
    source_from           BIGINT,
    source_to             BIGINT,
    source_ept            BIGINT,
    source_fee            BIGINT,
    source_residue        BIGINT,
    source_value          BIGINT, -- millionths of a yuan
    destination_partner   TEXT,
    destination_agreement BYTEA,
    destination_from      BIGINT,
    destination_to        BIGINT,
    destination_ept       BIGINT,
    destination_fee       BIGINT,
    destination_residue   BIGINT,
    destination_value     BIGINT,
    lots                  TEXT   NOT NULL, -- such as 2027-10:500,2027-11:20
    house                 TEXT   NOT NULL,
    reference             TEXT   NOT NULL,
    reason                TEXT   NOT NULL,
    PRIMARY KEY (lane, batch, place)
);

CREATE INDEX ledger_transfers_account ON ledger_transfers (account, lane, batch, place) WHERE account IS NOT NULL;

-- What members' accounts have, by expiry month. The balance is the sum of both.
CREATE TABLE ledger_lots (
    account BYTEA  NOT NULL,
    expiry  BIGINT NOT NULL, -- months since January 1970
    amount  BIGINT NOT NULL, -- that can be used
    held    BIGINT NOT NULL, -- set aside by holds
    PRIMARY KEY (account, expiry)
);

-- How far the copy has come; at most one row.
CREATE TABLE ledger_checkpoint (
    name   TEXT   NOT NULL PRIMARY KEY,
    height BIGINT NOT NULL,
    block  BIGINT NOT NULL,
    root   BYTEA  NOT NULL
);
