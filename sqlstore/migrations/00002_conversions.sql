-- +goose Up

CREATE TABLE conversions (
    id                     BYTEA  NOT NULL PRIMARY KEY,
    client                 TEXT   NOT NULL,
    partner                TEXT   NOT NULL,
    request_key            TEXT   NOT NULL,
    request_hash           BYTEA  NOT NULL,
    member                 TEXT   NOT NULL,
    account                BYTEA  NOT NULL,
    source                 TEXT   NOT NULL,
    destination            TEXT   NOT NULL,
    source_membership      TEXT   NOT NULL,
    destination_membership TEXT   NOT NULL,
    source_mode            TEXT   NOT NULL,
    destination_mode       TEXT   NOT NULL,
    quote_id               BYTEA,
    in_partner             TEXT,
    in_agreement           BYTEA,
    in_hash                BYTEA,
    in_locked_at           BIGINT,
    in_from                BIGINT,
    in_to                  BIGINT,
    out_partner            TEXT,
    out_agreement          BYTEA,
    out_hash               BYTEA,
    out_locked_at          BIGINT,
    out_from               BIGINT,
    out_to                 BIGINT,
    from_amount            BIGINT NOT NULL,
    to_amount              BIGINT NOT NULL,
    fee                    BIGINT NOT NULL,
    created_at             BIGINT NOT NULL,
    status                 TEXT   NOT NULL,
    step                   TEXT   NOT NULL,
    outcome                TEXT   NOT NULL,
    source_reference       TEXT   NOT NULL,
    destination_reference  TEXT   NOT NULL,
    failure_code           TEXT,
    failure_detail         TEXT,
    reversed               BIGINT NOT NULL,
    finished_at            BIGINT NOT NULL,
    deadline               BIGINT NOT NULL,
    turned_at              BIGINT NOT NULL,
    escalated_at           BIGINT NOT NULL,
    -- No more can be taken back than was converted, whatever the program believes.
    CONSTRAINT reversed_within CHECK (reversed >= 0 AND reversed <= from_amount)
);

-- The same request makes one conversion, and so does a quote.
CREATE UNIQUE INDEX conversions_request ON conversions (client, request_key);
CREATE UNIQUE INDEX conversions_quote ON conversions (quote_id) WHERE quote_id IS NOT NULL;

-- The rest serve lists. Each is partial, so that it costs little or nothing for
-- a conversion that ends well: electricity points are on one side of nearly all
-- conversions and need no index, and most statuses are 'completed'.
CREATE INDEX conversions_source ON conversions (source, id) WHERE source <> 'EPT';
CREATE INDEX conversions_destination ON conversions (destination, id) WHERE destination <> 'EPT';
CREATE INDEX conversions_unfinished ON conversions (id) WHERE step <> 'done' OR status = 'processing';
CREATE INDEX conversions_not_completed ON conversions (status, id) WHERE status IN ('failed', 'reversed');
CREATE INDEX conversions_escalated ON conversions (id) WHERE escalated_at <> 0;
