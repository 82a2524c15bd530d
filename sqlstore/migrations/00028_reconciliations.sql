-- +goose Up

-- The last run of reconciliation of a partner and window. What it kept for the next
-- lies in the data folder, by its digest.
CREATE TABLE reconciliations (
    partner     TEXT   NOT NULL,
    window_date BIGINT NOT NULL, -- days since 1970-01-01
    statement   BYTEA  NOT NULL, -- ID
    digest      BYTEA  NOT NULL, -- of the statement
    kept_from   BYTEA,           -- digest of what the run before kept
    kept        BYTEA,           -- digest of what this one kept
    report      TEXT   NOT NULL, -- JSON
    ran_at      BIGINT NOT NULL, -- milliseconds since 1970
    PRIMARY KEY (partner, window_date)
);
