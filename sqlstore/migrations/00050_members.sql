-- +goose Up

-- Who the utility's customers are, and under which account of the ledger. What a
-- member of an earlier release has no salt for was computed from key and number alone;
-- where not even the account is known it is worked out at the next start, because the
-- database does not have the key.
CREATE TABLE members (
    number        TEXT   NOT NULL PRIMARY KEY,
    salt          BYTEA,
    account       BYTEA  UNIQUE,
    registered_at BIGINT NOT NULL -- milliseconds since 1970; 0: not known
);

INSERT INTO members (number, account, registered_at) SELECT member, account, registered_at FROM reward_members;
INSERT INTO members (number, registered_at) SELECT member, MIN(created_at) FROM links WHERE true GROUP BY member ON CONFLICT DO NOTHING;
INSERT INTO members (number, registered_at) SELECT member, MIN(created_at) FROM conversions WHERE true GROUP BY member ON CONFLICT DO NOTHING;
INSERT INTO members (number, registered_at) SELECT DISTINCT member, 0 FROM mall_orders WHERE true ON CONFLICT DO NOTHING;

-- The standing alone stays with rewards. SQLite cannot drop a column that is unique.
CREATE TABLE reward_standings (
    member TEXT   NOT NULL PRIMARY KEY,
    tier   TEXT   NOT NULL,
    since  BIGINT NOT NULL,
    below  BIGINT NOT NULL, -- 0 while the tier is reached
    earned BIGINT NOT NULL,
    as_of  BIGINT NOT NULL
);

INSERT INTO reward_standings (member, tier, since, below, earned, as_of) SELECT member, tier, since, below, earned, as_of FROM reward_members;
DROP TABLE reward_members;
ALTER TABLE reward_standings RENAME TO reward_members;
