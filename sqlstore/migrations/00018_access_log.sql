-- +goose Up

-- Every use of a credential, until it is forgotten. IDs ascend with time.
CREATE TABLE access_log (
    id         BYTEA  NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL, -- milliseconds since 1970
    kind       TEXT   NOT NULL,
    partner    TEXT   NOT NULL,
    client     TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    token_id   TEXT   NOT NULL,
    method     TEXT   NOT NULL,
    route      TEXT   NOT NULL,
    status     BIGINT NOT NULL,
    code       TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    took       BIGINT NOT NULL, -- microseconds
    from_addr  TEXT   NOT NULL,
    request_id TEXT   NOT NULL
);

CREATE INDEX access_log_partner ON access_log (partner, id);
