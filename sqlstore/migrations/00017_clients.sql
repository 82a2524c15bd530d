-- +goose Up

-- A client with its keys is one document, because it is read and changed as a
-- whole. Rows are never deleted, so that the sum of the revisions grows with
-- every change.
CREATE TABLE clients (
    id       TEXT   NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    document BYTEA  NOT NULL
);
