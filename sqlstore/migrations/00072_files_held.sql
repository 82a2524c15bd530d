-- +goose Up

-- Lines of a file whose conversions are held for review.
ALTER TABLE conversion_files ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
