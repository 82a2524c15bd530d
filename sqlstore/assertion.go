package sqlstore

import (
	"context"
	"time"
)

const insertAssertion = `INSERT INTO assertions (client, assertion_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

// forgetAssertions takes more than one use adds, and no more than a transaction
// can do beside its work.
const forgetAssertions = `DELETE FROM assertions WHERE (client, assertion_id) IN
	(SELECT client, assertion_id FROM assertions WHERE expires_at < $1 LIMIT 16)`

// forgetAssertionsShared leaves those alone that another gateway is just forgetting,
// for whose transaction this one would wait.
const forgetAssertionsShared = `DELETE FROM assertions WHERE (client, assertion_id) IN
	(SELECT client, assertion_id FROM assertions WHERE expires_at < $1 LIMIT 16 FOR UPDATE SKIP LOCKED)`

// UseAssertion implements [partners.AssertionStore].
func (s *Store) UseAssertion(ctx context.Context, client, id string, expires, now time.Time) (bool, error) {
	forget := forgetAssertions
	if s.outbox.shared {
		forget = forgetAssertionsShared
	}
	// Forgetting comes after: an assertion that has expired by now must not be
	// forgotten and at once be fresh.
	done, err := s.writer.do(ctx,
		stmt(insertAssertion, client, id, expires.UnixMilli()+1),
		stmt(forget, now.UnixMilli()))
	if err != nil {
		return false, err
	}
	return done[0].affected == 1, nil
}
