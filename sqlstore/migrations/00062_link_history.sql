-- +goose Up

-- Links of a member and of a membership, standing or ended, for the rules by which
-- conversions are held for review.
CREATE INDEX links_of_member ON links (member, created_at);
CREATE INDEX links_of_membership ON links (partner, membership, member);
