-- +goose Up

-- Statements that partners sent; the files lie in the data folder, by their digest.
CREATE TABLE statements (
    id          BYTEA  NOT NULL PRIMARY KEY,
    partner     TEXT   NOT NULL,
    window_date BIGINT NOT NULL, -- days since 1970-01-01
    digest      BYTEA  NOT NULL,
    refused     BIGINT NOT NULL, -- 0 or 1
    name        TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    sent_by     TEXT   NOT NULL,
    received_at BIGINT NOT NULL, -- milliseconds since 1970
    bytes       BIGINT NOT NULL,
    detail      TEXT   NOT NULL  -- JSON: kind, totals, notes, problems
);

CREATE UNIQUE INDEX statements_content ON statements (partner, window_date, digest, refused);
CREATE INDEX statements_day ON statements (partner, window_date, refused, id);
CREATE INDEX statements_partner ON statements (partner, id);

-- Who was ever linked to a membership, for the lines of a statement.
CREATE INDEX links_ever ON links (partner, membership);
