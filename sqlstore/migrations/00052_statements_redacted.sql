-- +goose Up

-- What is kept of a file from which somebody was erased; NULL for what came.
ALTER TABLE statements ADD COLUMN kept_digest BYTEA;
ALTER TABLE statements ADD COLUMN kept_bytes BIGINT NOT NULL DEFAULT 0;
