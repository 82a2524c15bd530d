-- +goose Up

CREATE TABLE links (
    id              BYTEA  NOT NULL PRIMARY KEY,
    partner         TEXT   NOT NULL,
    member          TEXT   NOT NULL,
    membership      TEXT   NOT NULL,
    consent_text    TEXT   NOT NULL,
    consent_at      BIGINT NOT NULL,
    consent_channel TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL
);

-- One to one while it stands.
CREATE UNIQUE INDEX links_member ON links (partner, member) WHERE ended_at = 0;
CREATE UNIQUE INDEX links_membership ON links (partner, membership) WHERE ended_at = 0;
CREATE INDEX links_partner ON links (partner, id) WHERE ended_at = 0;
