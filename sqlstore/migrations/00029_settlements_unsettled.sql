-- +goose Up

CREATE INDEX settlements_unsettled ON settlements (window_date, partner) WHERE state <> 'settled';
