-- +goose Up

-- Files whose lines are converted. The content and the results lie in the data
-- folder.
CREATE TABLE conversion_files (
    id           BYTEA  NOT NULL PRIMARY KEY,
    client       TEXT   NOT NULL,
    partner      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    format       TEXT   NOT NULL,
    source       TEXT   NOT NULL,
    destination  TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    bytes        BIGINT NOT NULL,
    lines        BIGINT NOT NULL,
    digest       BYTEA, -- SHA-256 of the content, once it is complete
    position     BIGINT NOT NULL,
    line         BIGINT NOT NULL,
    succeeded    BIGINT NOT NULL,
    repeated     BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    result_bytes BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    completed_at BIGINT NOT NULL,
    finished_at  BIGINT NOT NULL
);

CREATE INDEX conversion_files_partner ON conversion_files (partner, id);
CREATE UNIQUE INDEX conversion_files_content ON conversion_files (partner, digest) WHERE digest IS NOT NULL;
CREATE INDEX conversion_files_open ON conversion_files (id) WHERE state IN ('uploading', 'processing');
