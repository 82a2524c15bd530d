-- +goose Up

-- The business day on the ledger in which what the row says was recorded, in days
-- since 1970-01-01; 0 for none. What was recorded before it was kept is taken for
-- the day of Shanghai on which it ended.
ALTER TABLE conversions ADD COLUMN window_date BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reversals ADD COLUMN window_date BIGINT NOT NULL DEFAULT 0;
UPDATE conversions SET window_date = (finished_at + 28800000) / 86400000 WHERE outcome = 'completed';
UPDATE reversals SET window_date = (finished_at + 28800000) / 86400000 WHERE status = 'completed';

-- A day's conversions with a partner, for reconciliation; a row is in one of them,
-- in both only when it is between two partners.
CREATE INDEX conversions_recorded_in ON conversions (in_partner, window_date, id) WHERE outcome = 'completed' AND in_partner IS NOT NULL;
CREATE INDEX conversions_recorded_out ON conversions (out_partner, window_date, id) WHERE outcome = 'completed' AND out_partner IS NOT NULL;
CREATE INDEX conversions_failed ON conversions (finished_at, id) WHERE outcome = 'failed';
CREATE INDEX reversals_recorded ON reversals (window_date, id) WHERE status = 'completed';
CREATE INDEX reversals_failed ON reversals (finished_at, id) WHERE status = 'failed';
