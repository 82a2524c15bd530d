-- +goose Up

CREATE TABLE mall_orders (
    id           BYTEA  NOT NULL PRIMARY KEY,
    client       TEXT   NOT NULL,
    request_key  TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    member       TEXT   NOT NULL,
    product      TEXT   NOT NULL,
    category     TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    partner      TEXT   NOT NULL, -- empty: electricity's own
    quantity     BIGINT NOT NULL,
    points       BIGINT NOT NULL, -- of one unit
    fen          BIGINT NOT NULL, -- of one unit
    returned     BIGINT NOT NULL, -- units
    status       TEXT   NOT NULL,
    step         TEXT   NOT NULL,
    stock        TEXT   NOT NULL, -- new while its reservation is being made
    wake_at      BIGINT NOT NULL,
    escalated_at BIGINT NOT NULL,
    month        BIGINT NOT NULL, -- in which it was fulfilled; 0 before
    revision     BIGINT NOT NULL,
    detail       TEXT   NOT NULL -- JSON: the rest of the order
);

CREATE UNIQUE INDEX mall_orders_request ON mall_orders (client, request_key);
CREATE INDEX mall_orders_member ON mall_orders (member, id);
CREATE INDEX mall_orders_unfinished ON mall_orders (id) WHERE step <> 'done';
CREATE INDEX mall_orders_waiting ON mall_orders (id) WHERE step = 'dispatch';
CREATE INDEX mall_orders_escalated ON mall_orders (id) WHERE escalated_at <> 0;
CREATE INDEX mall_orders_month ON mall_orders (month, product) WHERE month <> 0;

CREATE TABLE mall_returns (
    id           BYTEA  NOT NULL PRIMARY KEY,
    order_id     BYTEA  NOT NULL REFERENCES mall_orders (id),
    client       TEXT   NOT NULL,
    request_key  TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    quantity     BIGINT NOT NULL,
    step         TEXT   NOT NULL,
    completed    BIGINT NOT NULL, -- 0 or 1
    escalated_at BIGINT NOT NULL,
    revision     BIGINT NOT NULL,
    detail       TEXT   NOT NULL -- JSON: the return
);

CREATE UNIQUE INDEX mall_returns_request ON mall_returns (client, request_key);
CREATE INDEX mall_returns_order ON mall_returns (order_id, id);
CREATE INDEX mall_returns_unfinished ON mall_returns (id) WHERE step <> 'done';
-- One return of an order at a time.
CREATE UNIQUE INDEX mall_returns_under_way ON mall_returns (order_id) WHERE step <> 'done';
