-- +goose Up

-- Which tier a member held until when: the one that a later change took away. The
-- account is the pseudonym on the ledger.
CREATE TABLE reward_tier_changes (
    account BYTEA  NOT NULL,
    at      BIGINT NOT NULL, -- milliseconds since 1970, by the alliance's clock
    was     TEXT   NOT NULL, -- code of the tier until then
    PRIMARY KEY (account, at)
);
