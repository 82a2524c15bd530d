-- +goose Up

-- The sums of insight_flows by month, so that a year is not read day by day.
CREATE TABLE insight_months (
    month    BIGINT NOT NULL, -- months since January 1970
    side     TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    channel  TEXT   NOT NULL,
    segment  TEXT   NOT NULL,
    tier     TEXT   NOT NULL,
    item     TEXT   NOT NULL,
    category TEXT   NOT NULL,
    partner  TEXT   NOT NULL,
    toward   TEXT   NOT NULL,
    count    BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    points   BIGINT NOT NULL,
    fen      BIGINT NOT NULL,
    value    BIGINT NOT NULL, -- millionths of a yuan
    PRIMARY KEY (month, side, source, channel, segment, tier, item, category, partner, toward)
);

-- Everything is counted again from the ledger's beginning.
DELETE FROM insight_flows;
DELETE FROM insight_heads;
DELETE FROM insight_presences;
DELETE FROM insight_profiles;
DELETE FROM insight_places;
