-- +goose Up

CREATE TABLE mall_categories (
    id      TEXT   NOT NULL PRIMARY KEY,
    shelf   BIGINT NOT NULL,
    version BIGINT NOT NULL,
    detail  TEXT   NOT NULL -- JSON: the category
);

CREATE TABLE mall_products (
    id         TEXT   NOT NULL PRIMARY KEY,
    category   TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    shelf      BIGINT NOT NULL,
    listed     BIGINT NOT NULL, -- 0 or 1
    sale_from  BIGINT NOT NULL,
    sale_until BIGINT NOT NULL, -- 0: for ever
    version    BIGINT NOT NULL,
    detail     TEXT   NOT NULL -- JSON: the product
);

CREATE INDEX mall_products_shelf ON mall_products (shelf, id);
CREATE INDEX mall_products_category ON mall_products (category, shelf, id);

-- What products are found by. Bytes, so that every database orders them alike.
CREATE TABLE mall_terms (
    term    BYTEA NOT NULL,
    product TEXT  NOT NULL,
    PRIMARY KEY (term, product)
);

CREATE INDEX mall_terms_product ON mall_terms (product);

-- Who changed what; only added to.
CREATE TABLE mall_changes (
    subject TEXT   NOT NULL,
    what    TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    made_by TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    detail  TEXT   NOT NULL,
    PRIMARY KEY (subject, what, number)
);

CREATE TABLE mall_stocks (
    product   TEXT   NOT NULL PRIMARY KEY,
    available BIGINT NOT NULL CHECK (available >= 0),
    reserved  BIGINT NOT NULL CHECK (reserved >= 0),
    consumed  BIGINT NOT NULL CHECK (consumed >= 0),
    version   BIGINT NOT NULL
);

-- Codes of vouchers, sealed.
CREATE TABLE mall_codes (
    fingerprint BYTEA  NOT NULL PRIMARY KEY,
    product     TEXT   NOT NULL,
    batch       BIGINT NOT NULL,
    place       BIGINT NOT NULL,
    sealed      BYTEA  NOT NULL,
    order_id    BYTEA
);

CREATE INDEX mall_codes_free ON mall_codes (product, batch, place) WHERE order_id IS NULL;
CREATE INDEX mall_codes_batch ON mall_codes (product, batch);
CREATE INDEX mall_codes_order ON mall_codes (order_id) WHERE order_id IS NOT NULL;
