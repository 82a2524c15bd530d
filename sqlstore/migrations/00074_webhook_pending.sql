-- +goose Up

-- What gateways of a cluster tell endpoints, until the one that leads gives it a
-- number and makes it a message.
CREATE TABLE webhook_pending (
    endpoint   BYTEA  NOT NULL,
    placed     BIGINT NOT NULL, -- the database's clock: microseconds since 1970
    id         BYTEA  NOT NULL, -- random
    type       TEXT   NOT NULL,
    at         BIGINT NOT NULL, -- milliseconds since 1970
    created_at BIGINT NOT NULL,
    data       TEXT   NOT NULL, -- JSON
    PRIMARY KEY (endpoint, placed, id)
);
