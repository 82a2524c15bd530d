-- +goose Up

-- Requests with an Idempotency-Key and their answers; status 0 is one that is
-- still running.
CREATE TABLE requests (
    client       TEXT   NOT NULL,
    route        TEXT   NOT NULL,
    request_key  TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    begun_at     BIGINT NOT NULL,
    status       BIGINT NOT NULL,
    content_type TEXT   NOT NULL,
    location     TEXT   NOT NULL,
    body         BYTEA,
    PRIMARY KEY (client, route, request_key)
);

CREATE INDEX requests_begun ON requests (begun_at);

-- Client assertions that were used, until they expire.
CREATE TABLE assertions (
    client       TEXT   NOT NULL,
    assertion_id TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (client, assertion_id)
);

CREATE INDEX assertions_expiry ON assertions (expires_at);
