-- +goose Up

-- What members wish to return; see mall.Claim.
CREATE TABLE mall_claims (
    id       BYTEA NOT NULL PRIMARY KEY,
    order_id BYTEA NOT NULL,
    state    TEXT  NOT NULL,
    detail   TEXT  NOT NULL -- JSON: the claim
);

CREATE INDEX mall_claims_order ON mall_claims (order_id, id);
CREATE INDEX mall_claims_state ON mall_claims (state, id);
-- One open claim of an order at a time.
CREATE UNIQUE INDEX mall_claims_open ON mall_claims (order_id) WHERE state = 'open';
