-- +goose Up

CREATE TABLE webhook_endpoints (
    id            BYTEA  NOT NULL PRIMARY KEY,
    partner       TEXT   NOT NULL, -- empty is the utility
    url           TEXT   NOT NULL,
    description   TEXT   NOT NULL,
    events        TEXT   NOT NULL, -- with spaces between
    status        TEXT   NOT NULL,
    reason        TEXT   NOT NULL,
    disabled_at   BIGINT NOT NULL, -- milliseconds since 1970, as all times here
    failing_since BIGINT NOT NULL,
    secrets       TEXT   NOT NULL, -- JSON; what is secret in it is sealed
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL
);

CREATE INDEX webhook_endpoints_partner ON webhook_endpoints (partner, id);

-- What happened, for each endpoint that is told of it: the outbox and the record
-- of the delivery in one row.
CREATE TABLE webhook_messages (
    endpoint   BYTEA  NOT NULL,
    sequence   BIGINT NOT NULL, -- from 1 without a gap
    type       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    data       TEXT   NOT NULL, -- JSON
    state      TEXT   NOT NULL,
    round      BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    took       BIGINT NOT NULL, -- milliseconds
    code       BIGINT NOT NULL,
    answer     TEXT   NOT NULL,
    error      TEXT   NOT NULL,
    PRIMARY KEY (endpoint, sequence)
);

-- created_at is there so that the age of a long queue is read from the index alone.
CREATE INDEX webhook_messages_due ON webhook_messages (endpoint, next_at, sequence, created_at) WHERE state = 'pending';
CREATE INDEX webhook_messages_failed ON webhook_messages (endpoint, sequence) WHERE state = 'failed';

-- What was last seen of things that change outside of this database.
CREATE TABLE webhook_marks (
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);
