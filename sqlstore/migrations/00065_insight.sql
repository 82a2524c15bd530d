-- +goose Up

-- What marketing wants to know, counted from the ledger's transfers; see package
-- insight. No row names a member.
CREATE TABLE insight_flows (
    day      BIGINT NOT NULL, -- days since 1970-01-01
    side     TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    channel  TEXT   NOT NULL,
    segment  TEXT   NOT NULL,
    tier     TEXT   NOT NULL,
    item     TEXT   NOT NULL,
    category TEXT   NOT NULL,
    partner  TEXT   NOT NULL,
    toward   TEXT   NOT NULL,
    count    BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    points   BIGINT NOT NULL,
    fen      BIGINT NOT NULL,
    value    BIGINT NOT NULL, -- millionths of a yuan
    PRIMARY KEY (day, side, source, channel, segment, tier, item, category, partner, toward)
);

-- How many members took part in a month, by segment and tier; * is all.
CREATE TABLE insight_heads (
    month   BIGINT NOT NULL, -- months since January 1970
    segment TEXT   NOT NULL,
    tier    TEXT   NOT NULL,
    members BIGINT NOT NULL,
    earned  BIGINT NOT NULL,
    bought  BIGINT NOT NULL,
    PRIMARY KEY (month, segment, tier)
);

-- By which each of them is counted once.
CREATE TABLE insight_presences (
    month   BIGINT NOT NULL,
    account BYTEA  NOT NULL, -- on the ledger
    segment TEXT   NOT NULL,
    tier    TEXT   NOT NULL,
    earned  BIGINT NOT NULL, -- 0 or 1
    spent   BIGINT NOT NULL, -- 0 or 1
    PRIMARY KEY (month, account, segment, tier)
);

-- The segment and tier that accounts were last seen with.
CREATE TABLE insight_profiles (
    account BYTEA NOT NULL PRIMARY KEY,
    segment TEXT  NOT NULL,
    tier    TEXT  NOT NULL
);

-- Where counting goes on in each lane of the ledger.
CREATE TABLE insight_places (
    lane  BIGINT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    place BIGINT NOT NULL
);

-- Quotes, conversions and reversals by the day on which they were made.
CREATE TABLE insight_stages (
    day     BIGINT NOT NULL,
    partner TEXT   NOT NULL,
    toward  TEXT   NOT NULL,
    step    TEXT   NOT NULL,
    code    TEXT   NOT NULL,
    count   BIGINT NOT NULL,
    points  BIGINT NOT NULL,
    PRIMARY KEY (day, partner, toward, step, code)
);

CREATE INDEX insight_stages_unfinished ON insight_stages (day) WHERE step = 'processing';

-- The days that were counted.
CREATE TABLE insight_days (
    day BIGINT NOT NULL PRIMARY KEY
);
