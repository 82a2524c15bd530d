-- +goose Up

CREATE TABLE reversals (
    id                    BYTEA  NOT NULL PRIMARY KEY,
    conversion            BYTEA  NOT NULL REFERENCES conversions (id),
    client                TEXT   NOT NULL,
    partner               TEXT   NOT NULL,
    request_key           TEXT   NOT NULL,
    request_hash          BYTEA  NOT NULL,
    source                TEXT   NOT NULL,
    amount                BIGINT NOT NULL,
    reversed_before       BIGINT NOT NULL,
    reason                TEXT   NOT NULL,
    in_to                 BIGINT NOT NULL,
    out_from              BIGINT NOT NULL,
    out_to                BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    status                TEXT   NOT NULL,
    step                  TEXT   NOT NULL,
    source_reference      TEXT   NOT NULL,
    destination_reference TEXT   NOT NULL,
    failure_code          TEXT,
    failure_detail        TEXT,
    finished_at           BIGINT NOT NULL,
    deadline              BIGINT NOT NULL,
    escalated_at          BIGINT NOT NULL
);

CREATE UNIQUE INDEX reversals_request ON reversals (client, request_key);
CREATE INDEX reversals_conversion ON reversals (conversion, id);
CREATE INDEX reversals_unfinished ON reversals (id) WHERE step <> 'done';
-- One reversal of a conversion at a time.
CREATE UNIQUE INDEX reversals_under_way ON reversals (conversion) WHERE step <> 'done';
