-- +goose Up

CREATE TABLE settlements (
    id                 TEXT   NOT NULL PRIMARY KEY,
    partner            TEXT   NOT NULL,
    window_date        BIGINT NOT NULL, -- days since 1970-01-01
    state              TEXT   NOT NULL,
    in_count           BIGINT NOT NULL,
    in_from            BIGINT NOT NULL,
    in_to              BIGINT NOT NULL,
    in_ept             BIGINT NOT NULL,
    in_fee             BIGINT NOT NULL,
    in_value           BIGINT NOT NULL,
    out_count          BIGINT NOT NULL,
    out_from           BIGINT NOT NULL,
    out_to             BIGINT NOT NULL,
    out_ept            BIGINT NOT NULL,
    out_fee            BIGINT NOT NULL,
    out_value          BIGINT NOT NULL,
    reversed_in_count  BIGINT NOT NULL,
    reversed_in_from   BIGINT NOT NULL,
    reversed_in_to     BIGINT NOT NULL,
    reversed_in_ept    BIGINT NOT NULL,
    reversed_in_fee    BIGINT NOT NULL,
    reversed_in_value  BIGINT NOT NULL,
    reversed_out_count BIGINT NOT NULL,
    reversed_out_from  BIGINT NOT NULL,
    reversed_out_to    BIGINT NOT NULL,
    reversed_out_ept   BIGINT NOT NULL,
    reversed_out_fee   BIGINT NOT NULL,
    reversed_out_value BIGINT NOT NULL,
    lines              BIGINT NOT NULL,
    digest             BYTEA  NOT NULL,
    file               TEXT   NOT NULL,
    updated_at         BIGINT NOT NULL
);

CREATE INDEX settlements_window ON settlements (window_date, partner);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
