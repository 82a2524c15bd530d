package webhooks

import (
	"context"
	"time"
)

const (
	// recordsMax bounds the outcomes that wait to be stored. When the store is slow
	// the attempts wait with it.
	recordsMax = 2048
	// recordPage bounds those of one transaction.
	recordPage = 512
)

// recorder stores outcomes, those that have queued up together.
type recorder struct {
	d     *Deliverer
	queue chan *Message
}

// run stores until the queue is closed.
func (r *recorder) run(hard context.Context) {
	page := make([]*Message, 0, recordPage)
	for m := range r.queue {
		page = append(page[:0], m)
		for len(page) < recordPage && len(r.queue) > 0 {
			page = append(page, <-r.queue)
		}
		r.save(hard, page)
	}
}

// save tries until it is stored or the deliverer ends. What is not stored is
// sent again after the next start.
func (r *recorder) save(hard context.Context, page []*Message) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := r.d.o.Store.SaveAttempts(context.WithoutCancel(hard), page)
		if err == nil {
			r.d.settled(page)
			return
		}
		r.d.o.Logger.Error("webhooks: outcomes could not be stored", "messages", len(page), "error", err)
		select {
		case <-hard.Done():
			return
		case <-time.After(pause):
		}
	}
}
