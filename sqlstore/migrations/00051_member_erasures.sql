-- +goose Up

-- Who was, or is being, forgotten: a pseudonym and a token, no number.
CREATE TABLE member_erasures (
    id           BYTEA  NOT NULL PRIMARY KEY,
    account      BYTEA  NOT NULL,
    token        TEXT   NOT NULL,
    points       BIGINT NOT NULL,
    asked_by     TEXT   NOT NULL,
    requested_at BIGINT NOT NULL, -- milliseconds since 1970
    step         TEXT   NOT NULL,
    code         TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    finished_at  BIGINT NOT NULL,
    revision     BIGINT NOT NULL
);

-- One of an account, unless it was withdrawn.
CREATE UNIQUE INDEX member_erasures_account ON member_erasures (account) WHERE step <> 'withdrawn';
CREATE INDEX member_erasures_all ON member_erasures (account, id);
CREATE INDEX member_erasures_unfinished ON member_erasures (id) WHERE step NOT IN ('done', 'withdrawn');
