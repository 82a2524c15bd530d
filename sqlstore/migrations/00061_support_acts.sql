-- +goose Up

-- What staff do to accounts and held conversions.
CREATE TABLE support_acts (
    id           BYTEA  NOT NULL PRIMARY KEY,
    client       TEXT   NOT NULL,
    request_key  TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    kind         TEXT   NOT NULL,
    member       TEXT   NOT NULL, -- empty once it is forgotten
    account      BYTEA  NOT NULL,
    subject      BYTEA,
    dispute      BYTEA,
    points       BIGINT NOT NULL,
    expiry       BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    reference    TEXT   NOT NULL,
    case_of      TEXT   NOT NULL, -- by which limits of a case are counted
    state        TEXT   NOT NULL,
    maker        TEXT   NOT NULL,
    checker      TEXT   NOT NULL,
    alone        BIGINT NOT NULL, -- 0 or 1
    day          BIGINT NOT NULL, -- days since 1970-01-01
    code         TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL, -- milliseconds since 1970
    decided_at   BIGINT NOT NULL,
    finished_at  BIGINT NOT NULL,
    version      BIGINT NOT NULL
);

CREATE UNIQUE INDEX support_acts_request ON support_acts (client, request_key);
-- A held conversion is decided about once.
CREATE UNIQUE INDEX support_acts_review ON support_acts (subject) WHERE kind IN ('release', 'refuse');
CREATE INDEX support_acts_member ON support_acts (member, id);
CREATE INDEX support_acts_state ON support_acts (state, id) WHERE state IN ('awaiting', 'proposed', 'under_way');
CREATE INDEX support_acts_day ON support_acts (day, maker) WHERE kind = 'goodwill';
CREATE INDEX support_acts_case ON support_acts (case_of) WHERE kind = 'goodwill' AND alone = 1;
