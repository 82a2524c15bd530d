-- +goose Up

-- Events for which members earn points, and what became of them. One that was
-- cancelled before it came has no member and no day.
CREATE TABLE reward_events (
    id           TEXT   NOT NULL PRIMARY KEY,
    member       TEXT   NOT NULL,
    contract     TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    channel      TEXT   NOT NULL,
    segment      TEXT   NOT NULL,
    occurred_at  BIGINT NOT NULL, -- milliseconds since 1970
    amount       BIGINT NOT NULL, -- fen
    state        TEXT   NOT NULL,
    day          BIGINT NOT NULL, -- business day, days since 1970-01-01
    account      BYTEA,
    received_at  BIGINT NOT NULL,
    command      BYTEA,
    tier         TEXT   NOT NULL,
    points       BIGINT NOT NULL,
    expiry       BIGINT NOT NULL, -- months since 1970-01
    rule         TEXT   NOT NULL, -- code, empty for none
    explanation  TEXT   NOT NULL, -- JSON
    filled       BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    cancelled_at BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    taken        BIGINT NOT NULL,
    debt         BIGINT NOT NULL,
    counted      BIGINT NOT NULL -- points, while the state is issuing or issued; 0 otherwise
);

-- With all that caps are counted by, so that no row is read for them.
CREATE INDEX reward_events_member ON reward_events (member, day, id, rule, counted);
CREATE INDEX reward_events_day ON reward_events (day, member, id);
CREATE INDEX reward_events_unfinished ON reward_events (id) WHERE state IN ('issuing', 'cancelling');

-- Members who take part, with their standing.
CREATE TABLE reward_members (
    member        TEXT   NOT NULL PRIMARY KEY,
    account       BYTEA  NOT NULL UNIQUE, -- on the ledger
    registered_at BIGINT NOT NULL,
    tier          TEXT   NOT NULL,
    since         BIGINT NOT NULL,
    below         BIGINT NOT NULL, -- 0 while the tier is reached
    earned        BIGINT NOT NULL,
    as_of         BIGINT NOT NULL
);

CREATE TABLE reward_rules (
    code        TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    terms       TEXT   NOT NULL, -- JSON
    state       TEXT   NOT NULL,
    maker       TEXT   NOT NULL,
    proposed_at BIGINT NOT NULL,
    checker     TEXT   NOT NULL,
    decided_at  BIGINT NOT NULL,
    reason      TEXT   NOT NULL,
    PRIMARY KEY (code, version)
);

-- What expires soon. The sequence has no gap: there is one writer.
CREATE TABLE reward_announcements (
    sequence   BIGINT NOT NULL PRIMARY KEY,
    account    BYTEA  NOT NULL,
    expiry     BIGINT NOT NULL, -- months since 1970-01
    days       BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, expiry, days)
);

-- How far the nightly work has come: one row.
CREATE TABLE reward_night (
    id    BIGINT NOT NULL PRIMARY KEY,
    date  BIGINT NOT NULL,
    after TEXT   NOT NULL,
    done  BIGINT NOT NULL
);
