-- +goose Up

CREATE TABLE staff_attempts (
    id    BYTEA  NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    until BIGINT NOT NULL,
    at    BIGINT NOT NULL
);

CREATE INDEX staff_attempts_at ON staff_attempts (at);
