-- +goose Up

CREATE TABLE staff_users (
    id          BYTEA  NOT NULL PRIMARY KEY,
    login       TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    company     TEXT   NOT NULL, -- '' is the utility
    roles       TEXT   NOT NULL, -- with a space between
    password    TEXT   NOT NULL, -- argon2id, PHC string
    must_change BIGINT NOT NULL,
    secret      BYTEA,           -- sealed
    last_step   BIGINT NOT NULL,
    recovery    BYTEA,           -- hashes of 32 bytes, one after the other
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT NOT NULL,
    version     BIGINT NOT NULL
);

CREATE INDEX staff_users_company ON staff_users (company, login);
