-- +goose Up

-- The bonus that a member's tier brought on a conversion into electricity points.
CREATE TABLE reward_bonuses (
    conversion  BYTEA  NOT NULL PRIMARY KEY, -- transfer that recorded it
    account     BYTEA  NOT NULL,
    tier        TEXT   NOT NULL,
    bps         BIGINT NOT NULL, -- ten-thousandths
    recorded_at BIGINT NOT NULL, -- milliseconds since 1970
    window_date BIGINT NOT NULL, -- days since 1970-01-01
    expiry      BIGINT NOT NULL, -- months since 1970-01
    converted   BIGINT NOT NULL, -- electricity points
    stays       BIGINT NOT NULL  -- of them, after reversals
);

CREATE INDEX reward_bonuses_account ON reward_bonuses (account, conversion);
CREATE INDEX reward_bonuses_window ON reward_bonuses (window_date);

-- What the ledger is asked for: place 0 issues the bonus, the others take back what
-- one reversal cost.
CREATE TABLE reward_bonus_moves (
    cause      BYTEA  NOT NULL PRIMARY KEY, -- transfer: the conversion or a reversal of it
    conversion BYTEA  NOT NULL,
    place      BIGINT NOT NULL,
    command    BYTEA  NOT NULL,
    amount     BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    debt       BIGINT NOT NULL -- negative: what an issue filled
);

CREATE INDEX reward_bonus_moves_conversion ON reward_bonus_moves (conversion, place);
CREATE INDEX reward_bonus_moves_due ON reward_bonus_moves (conversion) WHERE state = 'due';

-- How far the ledger was read, by lane. Batches keep their numbers when a ledger
-- moves to another home, blocks do not.
CREATE TABLE reward_bonus_marks (
    lane  BIGINT NOT NULL PRIMARY KEY,
    next  BIGINT NOT NULL, -- batch
    root  BYTEA  NOT NULL, -- of the batch before
    block BIGINT NOT NULL  -- in which that lay
);
