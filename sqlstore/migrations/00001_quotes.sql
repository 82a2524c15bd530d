-- One text for SQLite and PostgreSQL: BYTEA and BIGINT mean the same in both,
-- because SQLite keeps bytes as bytes whatever a column's type is called.
-- +goose Up

-- A leg is six columns, all NULL when there is none.
CREATE TABLE quotes (
    id            BYTEA  NOT NULL PRIMARY KEY,
    client        TEXT   NOT NULL,
    partner       TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    destination   TEXT   NOT NULL,
    from_amount   BIGINT NOT NULL,
    to_amount     BIGINT NOT NULL,
    fee           BIGINT NOT NULL,
    in_partner    TEXT,
    in_agreement  BYTEA,
    in_hash       BYTEA,
    in_locked_at  BIGINT,
    in_from       BIGINT,
    in_to         BIGINT,
    out_partner   TEXT,
    out_agreement BYTEA,
    out_hash      BYTEA,
    out_locked_at BIGINT,
    out_from      BIGINT,
    out_to        BIGINT,
    residues      TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
