-- +goose Up

-- Breaks that people resolve. The version counts the entries of the trail.
CREATE TABLE breaks (
    id         TEXT   NOT NULL PRIMARY KEY,
    partner    TEXT   NOT NULL,
    window_date BIGINT NOT NULL, -- days since 1970-01-01; in which it was first seen
    seen       BIGINT NOT NULL,
    type       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    tolerated  BIGINT NOT NULL, -- 0 or 1
    value      BIGINT NOT NULL, -- millionths of a yuan
    owner      TEXT   NOT NULL, -- company/person, empty for nobody
    due        BIGINT NOT NULL,
    finding    TEXT   NOT NULL, -- JSON
    resolution TEXT   NOT NULL, -- JSON, or empty
    version    BIGINT NOT NULL,
    opened_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX breaks_window ON breaks (window_date, id);
CREATE INDEX breaks_partner ON breaks (partner, window_date, id);
CREATE INDEX breaks_unended ON breaks (state, window_date, id) WHERE state NOT IN ('resolved', 'cleared');

CREATE TABLE break_trail (
    break_id   TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    at         BIGINT NOT NULL, -- milliseconds since 1970
    company    TEXT   NOT NULL,
    person     TEXT   NOT NULL,
    what       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    text       TEXT   NOT NULL,
    attachment BYTEA,
    name       TEXT   NOT NULL,
    PRIMARY KEY (break_id, number)
);

CREATE TABLE break_files (
    digest BYTEA NOT NULL PRIMARY KEY,
    file   BYTEA NOT NULL
);
