-- +goose Up

-- Lists what members did in our own pages. It costs nothing for conversions that
-- partners ask for, which are most.
CREATE INDEX conversions_account ON conversions (account, id) WHERE partner = '';
