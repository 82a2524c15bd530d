-- +goose Up

-- What happened to members' points in each window, by the month in which they
-- expire. A window without any has its row in the first table.
CREATE TABLE liability_windows (
    window_date BIGINT NOT NULL PRIMARY KEY -- days since 1970-01-01
);

CREATE TABLE liability (
    window_date   BIGINT NOT NULL,
    expiry        BIGINT NOT NULL, -- months since January 1970
    earned        BIGINT NOT NULL, -- points
    converted_in  BIGINT NOT NULL,
    converted_out BIGINT NOT NULL,
    redeemed      BIGINT NOT NULL,
    expired       BIGINT NOT NULL,
    PRIMARY KEY (window_date, expiry)
);

CREATE INDEX liability_expiry ON liability (expiry, window_date);
