-- +goose Up

-- 1: on the shelf that only members with that privilege see.
ALTER TABLE mall_products ADD COLUMN exclusive BIGINT NOT NULL DEFAULT 0;

-- 1: goes before others where it waits for people.
ALTER TABLE mall_orders ADD COLUMN fast BIGINT NOT NULL DEFAULT 0;

DROP INDEX mall_orders_waiting;
CREATE INDEX mall_orders_queue ON mall_orders (fast DESC, id) WHERE step = 'dispatch';
