-- +goose Up

CREATE TABLE staff_sessions (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    user_id    BYTEA  NOT NULL,
    pending    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX staff_sessions_user ON staff_sessions (user_id);
CREATE INDEX staff_sessions_expiry ON staff_sessions (expires_at);
