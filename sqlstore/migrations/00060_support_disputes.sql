-- +goose Up

-- What members dispute. The version counts the entries of the trail.
CREATE TABLE support_disputes (
    id           BYTEA  NOT NULL PRIMARY KEY,
    client       TEXT   NOT NULL,
    request_key  TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    member       TEXT   NOT NULL, -- empty once it is forgotten
    kind         TEXT   NOT NULL,
    subject      BYTEA  NOT NULL,
    reason       TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    due          BIGINT NOT NULL, -- days since 1970-01-01
    resolution   TEXT   NOT NULL, -- JSON, or empty
    version      BIGINT NOT NULL,
    opened_at    BIGINT NOT NULL, -- milliseconds since 1970
    updated_at   BIGINT NOT NULL
);

CREATE UNIQUE INDEX support_disputes_request ON support_disputes (client, request_key);
-- One that is not resolved for each subject, whoever was faster.
CREATE UNIQUE INDEX support_disputes_subject ON support_disputes (kind, subject) WHERE state <> 'resolved';
CREATE INDEX support_disputes_all ON support_disputes (subject, id);
CREATE INDEX support_disputes_member ON support_disputes (member, id);
CREATE INDEX support_disputes_unended ON support_disputes (due, id) WHERE state <> 'resolved';
CREATE INDEX support_disputes_state ON support_disputes (state, id);

CREATE TABLE support_trail (
    dispute BYTEA  NOT NULL,
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    side    TEXT   NOT NULL,
    person  TEXT   NOT NULL,
    what    TEXT   NOT NULL,
    state   TEXT   NOT NULL,
    text    TEXT   NOT NULL,
    public  BIGINT NOT NULL, -- 0 or 1: the member sees it
    PRIMARY KEY (dispute, number)
);
