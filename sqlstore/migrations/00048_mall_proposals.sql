-- +goose Up

-- What products are to be; see mall.Proposal.
CREATE TABLE mall_proposals (
    id      BYTEA NOT NULL PRIMARY KEY,
    product TEXT  NOT NULL,
    state   TEXT  NOT NULL,
    detail  TEXT  NOT NULL -- JSON: the proposal
);

CREATE INDEX mall_proposals_state ON mall_proposals (state, id);
-- One open proposal of a product at a time.
CREATE UNIQUE INDEX mall_proposals_open ON mall_proposals (product) WHERE state = 'proposed';

CREATE TABLE mall_pictures (
    id      TEXT   NOT NULL PRIMARY KEY,
    media   TEXT   NOT NULL,
    content BYTEA  NOT NULL,
    made_by TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
