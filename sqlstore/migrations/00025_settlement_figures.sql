-- +goose Up

ALTER TABLE settlements ADD COLUMN adjusted_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN adjusted_value BIGINT NOT NULL DEFAULT 0; -- millionths of a yuan
ALTER TABLE settlements ADD COLUMN detail TEXT NOT NULL DEFAULT '{}'; -- JSON: figures, breaks, channels
