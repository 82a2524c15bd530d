-- +goose Up

-- What a company signed when it asked, if it did: the signature stands with the
-- request's work, the request itself once for all work that it asked for.
ALTER TABLE conversions ADD COLUMN evidence_jws TEXT;
ALTER TABLE conversions ADD COLUMN evidence_body BYTEA;
ALTER TABLE reversals ADD COLUMN evidence_jws TEXT;
ALTER TABLE reversals ADD COLUMN evidence_body BYTEA;

CREATE TABLE signed_requests (
    body_hash BYTEA  NOT NULL PRIMARY KEY,
    body      BYTEA  NOT NULL,
    kept_at   BIGINT NOT NULL
);
