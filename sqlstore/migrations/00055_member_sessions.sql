-- +goose Up

CREATE TABLE member_sessions (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    member     TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX member_sessions_member ON member_sessions (member);
CREATE INDEX member_sessions_expiry ON member_sessions (expires_at);
