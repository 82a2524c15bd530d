package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// insertMessage gives a message the next number of its endpoint. The writer is
// the only one that writes, so no two get the same, and a transaction that fails
// leaves no gap. In a cluster it is another one that stands there. What follows says when there is anything to tell: a write that
// is given again tells nothing again.
const insertMessage = `INSERT INTO webhook_messages (endpoint, sequence, type, at, created_at, data, state, round, attempts,
	next_at, last_at, took, code, answer, error)
	SELECT e.id, COALESCE((SELECT MAX(m.sequence) FROM webhook_messages AS m WHERE m.endpoint = e.id), 0) + 1,
	$1, $2, $3, $4, 'pending', 0, 0, 0, 0, 0, 0, '', '' FROM webhook_endpoints AS e WHERE e.id = $5`

// The conditions under which there is something to tell; see [outbox.tell].
const (
	always   = insertMessage + ` AND e.status = 'enabled'`
	ofItself = insertMessage + ` AND e.version = $6`
	ofOther  = always + ` AND EXISTS (SELECT 1 FROM webhook_endpoints AS o WHERE o.id = $6 AND o.version = $7)`

	conversionEnds = always + ` AND EXISTS (SELECT 1 FROM conversions WHERE id = $6 AND step <> 'done')`
	reversalEnds   = always + ` AND EXISTS (SELECT 1 FROM reversals WHERE id = $6 AND step <> 'done')`
	// wholeReversed comes before addReversed in the transaction.
	wholeReversed = always + ` AND EXISTS (SELECT 1 FROM reversals AS r, conversions AS c WHERE r.id = $6
		AND r.status <> 'completed' AND c.id = r.conversion AND c.reversed + r.amount = c.from_amount)`
	// These come before the update in the transaction, while the row is at the revision
	// before; mallRefunded also before addReturned.
	mallOrderEnds  = always + ` AND EXISTS (SELECT 1 FROM mall_orders WHERE id = $6 AND revision = $7 AND step <> 'done')`
	mallReturnEnds = always + ` AND EXISTS (SELECT 1 FROM mall_returns WHERE id = $6 AND revision = $7 AND completed = 0)`
	mallRefunded   = always + ` AND EXISTS (SELECT 1 FROM mall_returns AS r, mall_orders AS o WHERE r.id = $6 AND r.revision = $7
		AND r.completed = 0 AND o.id = r.order_id AND o.returned + r.quantity = o.quantity)`

	settlementMoves = always + ` AND NOT EXISTS (SELECT 1 FROM settlements WHERE id = $6 AND state = $7)`
	markIsNew       = always + ` AND NOT EXISTS (SELECT 1 FROM webhook_marks WHERE kind = $6 AND name = $7 AND value = $8)`
	// expiryIsNew comes before insertAnnouncement in the transaction.
	expiryIsNew = always + ` AND NOT EXISTS (SELECT 1 FROM reward_announcements WHERE account = $6 AND expiry = $7 AND days = $8)`
)

// outbox turns events into statements of the transaction that brings them about.
// It knows who is subscribed: without a subscriber an event costs a look at a
// pointer.
type outbox struct {
	loading     sync.Mutex
	subscribers atomic.Pointer[[]*webhooks.Endpoint] // those enabled
	notified    atomic.Pointer[func(ledger.ID)]
	now         func() time.Time // the machine's clock
	shared      bool             // with other gateways; see webhook_pending.go
}

// load reads the subscribers. Where there is one store on a database they are known
// after each of its writes.
func (o *outbox) load(ctx context.Context, r *reader) error {
	o.loading.Lock()
	defer o.loading.Unlock()
	all, err := list(context.WithoutCancel(ctx), r, scanEndpoint, selectEnabledEndpoints)
	if err != nil {
		return fmt.Errorf("sqlstore: webhook endpoints: %w", err)
	}
	o.subscribers.Store(&all)
	return nil
}

// subscribed returns the endpoints that are told of events of a type.
func (o *outbox) subscribed(t webhooks.Type, concerns func(partner string) bool) (found []*webhooks.Endpoint) {
	for _, e := range *o.subscribers.Load() {
		if concerns(e.Partner) && webhooks.Subscribed(e.Events, t) {
			found = append(found, e)
		}
	}
	return found
}

// idle reports whether nobody is told of anything.
func (o *outbox) idle() bool { return len(*o.subscribers.Load()) == 0 }

// told are statements that make messages, and whom to notify once they are
// durable.
type told struct {
	outbox     *outbox
	statements []statement
	endpoints  []ledger.ID
}

// tell adds messages of an event to everybody who is subscribed. The condition
// is one of those above, with its arguments.
func (t *told) tell(e webhooks.Event, condition string, args ...any) error {
	subscribed := t.outbox.subscribed(e.Type, e.Concerns)
	if len(subscribed) == 0 {
		return nil
	}
	data, err := e.Encode()
	if err != nil {
		return fmt.Errorf("sqlstore: event %s: %w", e.Type, err)
	}
	for _, s := range subscribed {
		t.add(s.ID, e, data, condition, args...)
	}
	return nil
}

func (t *told) add(endpoint ledger.ID, e webhooks.Event, data, condition string, args ...any) {
	all := append([]any{string(e.Type), e.At, t.outbox.created(e.At), data, endpoint[:]}, args...)
	if t.outbox.shared {
		condition = pendingOf(condition)
	}
	t.statements = append(t.statements, stmt(condition, all...))
	if !slices.Contains(t.endpoints, endpoint) {
		t.endpoints = append(t.endpoints, endpoint)
	}
}

// created is the time that a message bears.
func (o *outbox) created(at int64) int64 {
	if o.now == nil {
		return at
	}
	return o.now().UnixMilli()
}

// notify wakes who delivers. In a cluster there is nothing to deliver yet.
func (t *told) notify() {
	if !t.outbox.shared {
		t.outbox.notify(t.endpoints)
	}
}

func (o *outbox) notify(endpoints []ledger.ID) {
	if f := o.notified.Load(); f != nil {
		for _, id := range endpoints {
			(*f)(id)
		}
	}
}

// change tells of a change of an endpoint, itself also when it is or was
// disabled.
func (o *outbox) change(e *webhooks.Endpoint, events []webhooks.Event) (told, error) {
	t := told{outbox: o}
	for _, event := range events {
		data, err := event.Encode()
		if err != nil {
			return t, fmt.Errorf("sqlstore: event %s: %w", event.Type, err)
		}
		for _, s := range o.subscribed(event.Type, event.Concerns) {
			if s.ID != e.ID {
				t.add(s.ID, event, data, ofOther, e.ID[:], e.Version)
			}
		}
		if webhooks.Subscribed(e.Events, event.Type) {
			t.add(e.ID, event, data, ofItself, e.Version)
		}
	}
	return t, nil
}
