package webhooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

func TestAMessageIsVerifiedByTheStandardsOwnLibrary(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, always(204))
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	w.becomes(endpoint, 1, webhooks.Delivered)
	secrets, err := w.service.Secrets(context.Background(), "sky", endpoint)
	must(t, err)
	oracle, err := standard.NewWebhook(secrets[0].Secret)
	must(t, err)
	got := r.requests()[0]
	must(t, oracle.Verify(got.body, got.header))
	var body struct {
		ID, Type, Timestamp string
		Data                struct {
			Sequence     int64
			ConversionID string `json:"conversion_id"`
		}
	}
	must(t, json.Unmarshal(got.body, &body))
	if body.ID != got.header.Get("webhook-id") || body.Type != "conversion.completed" || body.Timestamp != "2026-03-01T01:30:00.250Z" ||
		body.Data.Sequence != 1 || body.Data.ConversionID != "c" {
		t.Errorf("body is %s", got.body)
	}
}

func TestWhileASecretIsReplacedBothVerify(t *testing.T) {
	w, r, ctx := newWorld(t), newReceiver(t, always(200)), context.Background()
	endpoint := w.endpoint(r.URL)
	before, err := w.service.Secrets(ctx, "sky", endpoint)
	must(t, err)
	after, err := w.service.Rotate(ctx, "sky", endpoint, webhooks.Ed25519, time.Hour)
	must(t, err)
	if len(after) != 2 || after[1].Secret != before[0].Secret || !strings.HasPrefix(after[0].Secret, "whpk_") {
		t.Fatalf("secrets are %d, of schemes %s and so on", len(after), after[0].Scheme)
	}
	w.publish(1)
	w.becomes(endpoint, 1, webhooks.Delivered)
	alone, err := w.service.Rotate(ctx, "sky", endpoint, webhooks.HMAC, 0)
	must(t, err)
	w.publish(1)
	w.becomes(endpoint, 2, webhooks.Delivered)
	for i, c := range []struct {
		secret string
		want   [2]bool // of the first and the second message
	}{{before[0].Secret, [2]bool{true, false}}, {after[0].Secret, [2]bool{true, false}}, {alone[0].Secret, [2]bool{false, true}}} {
		v, err := client.NewVerifier(time.Now, c.secret)
		must(t, err)
		for n, want := range c.want {
			got := r.requests()[n]
			if _, err := v.Verify(got.header, got.body); (err == nil) != want {
				t.Errorf("secret %d, message %d: %v", i+1, n+1, err)
			}
		}
	}
	if strings.Contains(w.log.String(), "whsec_") || strings.Contains(w.log.String(), "whpk_") {
		t.Error("a secret is in the log")
	}
}

func TestAMessageIsSentUntilItIsAnsweredWith2xxAlwaysWithTheSameID(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(n int, out http.ResponseWriter, _ *http.Request) {
		out.WriteHeader(map[int]int{1: 500, 2: 301, 3: 299}[n])
		fmt.Fprint(out, "answer ", n)
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	m := w.becomes(endpoint, 1, webhooks.Delivered)
	got := r.requests()
	if len(got) != 3 || m.Attempts != 3 || m.Code != 299 || m.Answer != "answer 3" || m.Error != "" {
		t.Errorf("%d requests, message %+v", len(got), m)
	}
	for _, g := range got {
		if g.header.Get("webhook-id") != m.ID() || string(g.body) != string(got[0].body) {
			t.Errorf("sent %s %s", g.header.Get("webhook-id"), g.body)
		}
	}
	eventually(t, "the endpoint to be well", func() bool { return w.standing(endpoint).FailingSince == 0 })
}

func TestAMessageThatWasTriedOftenEnoughFailsAndIsSentAgainOnRequest(t *testing.T) {
	w := newWorld(t, func(o *webhooks.DelivererOptions) { o.BreakAfter = 100 })
	r := newReceiver(t, func(n int, out http.ResponseWriter, _ *http.Request) {
		if n <= 4 {
			out.WriteHeader(http.StatusInternalServerError)
		}
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	if m := w.becomes(endpoint, 1, webhooks.Failed); m.Attempts != 4 || m.Code != 500 || w.standing(endpoint).FailingSince == 0 {
		t.Errorf("message is %+v", m)
	}
	_, err := w.service.Resend(context.Background(), "sky", endpoint, 1)
	must(t, err)
	if m := w.becomes(endpoint, 1, webhooks.Delivered); m.Attempts != 1 || m.Round != 1 {
		t.Errorf("message is %+v", m)
	}
}

func TestGoneDisablesTheEndpointAndTellsTheOthers(t *testing.T) {
	w, gone, well := newWorld(t), newReceiver(t, always(410)), newReceiver(t, always(200))
	endpoint, other := w.endpoint(gone.URL), w.endpoint(well.URL)
	w.publish(1)
	w.becomes(endpoint, 1, webhooks.Failed)
	eventually(t, "the endpoint to be disabled", func() bool { return w.standing(endpoint).Status == webhooks.Disabled })
	if e := w.standing(endpoint); e.Reason != webhooks.Gone || e.DisabledAt == 0 {
		t.Errorf("endpoint is %+v", e)
	}
	if m := w.becomes(other, 2, webhooks.Delivered); m.Type != webhooks.EndpointDisabled || !strings.Contains(m.Data, endpoint.String()) {
		t.Errorf("the other was told %s %s", m.Type, m.Data)
	}
	w.publish(1) // of which the disabled one is not told
	w.becomes(other, 3, webhooks.Delivered)
	enabled := webhooks.Enabled
	_, err := w.service.Update(context.Background(), "sky", endpoint, webhooks.Change{URL: &well.URL, Status: &enabled})
	must(t, err)
	for n, want := range map[int64]webhooks.Type{2: webhooks.EndpointDisabled, 3: webhooks.EndpointEnabled} {
		if m := w.becomes(endpoint, n, webhooks.Delivered); m.Type != want {
			t.Errorf("message %d is %s, want %s", n, m.Type, want)
		}
	}
}

func TestAnEndpointThatFailsForDaysIsDisabled(t *testing.T) {
	w := newWorld(t, func(o *webhooks.DelivererOptions) { o.DisableAfter = 50 * time.Millisecond })
	r := newReceiver(t, always(503))
	endpoint := w.endpoint(r.URL)
	eventually(t, "the endpoint to be disabled", func() bool {
		w.publish(1)
		return w.standing(endpoint).Status == webhooks.Disabled
	})
	if e := w.standing(endpoint); e.Reason != webhooks.Failing {
		t.Errorf("endpoint is %+v", e)
	}
	if _, err := w.service.Test(context.Background(), "sky", endpoint); !refusedWith(err, webhooks.CodeEndpointDisabled) {
		t.Errorf("a test of a disabled endpoint: %v", err)
	}
}

func TestAReceiverThatAsksForPatienceIsGivenIt(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(_ int, out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Retry-After", "999999999")
		out.WriteHeader(http.StatusTooManyRequests)
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	eventually(t, "the attempt to be recorded", func() bool { return w.message(endpoint, 1).Attempts == 1 })
	wait := time.Until(time.UnixMilli(w.message(endpoint, 1).NextAt))
	if wait < 59*time.Minute || wait > 61*time.Minute {
		t.Errorf("the next attempt is in %s, want what was asked for, an hour at most", wait)
	}
	w.publish(3)
	w.stop()
	if n := len(r.requests()); n != 1 {
		t.Errorf("%d requests, want 1: it asked not to be called", n)
	}
}

func TestAReceiverThatMisbehavesIsBounded(t *testing.T) {
	huge := strings.Repeat("x", 64<<10)
	cases := []struct {
		name   string
		answer func(out http.ResponseWriter, in *http.Request)
		want   func(m *webhooks.Message) bool
	}{
		{"never answers", func(_ http.ResponseWriter, in *http.Request) { <-in.Context().Done() },
			func(m *webhooks.Message) bool { return m.Error == webhooks.OutcomeTimeout && m.Code == 0 }},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			func(m *webhooks.Message) bool { return m.Error == webhooks.OutcomeUnreachable && m.Code == 0 }},
		{"answers hugely", func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(500)
			for range 1024 {
				if _, err := out.Write([]byte(huge)); err != nil {
					return
				}
			}
		}, func(m *webhooks.Message) bool {
			return m.Code == 500 && len(m.Answer) == webhooks.AnswerMax
		}},
		{"answers slowly", func(out http.ResponseWriter, in *http.Request) {
			out.WriteHeader(500)
			fmt.Fprint(out, "so")
			_ = http.NewResponseController(out).Flush()
			<-in.Context().Done()
		}, func(m *webhooks.Message) bool { return m.Code == 500 && m.Answer == "so" }},
		{"has a huge header", func(out http.ResponseWriter, _ *http.Request) { out.Header().Set("X", huge) },
			func(m *webhooks.Message) bool { return m.Error == webhooks.OutcomeUnreachable && m.Code == 0 }},
		{"answers bytes that are no text", func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(500)
			_, _ = out.Write([]byte("a\x00\xff"))
		}, func(m *webhooks.Message) bool { return m.Answer == "a\uFFFD\uFFFD" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *webhooks.DelivererOptions) {
				o.Timeout, o.Schedule, o.BreakAfter = time.Second, []time.Duration{time.Hour}, 1
			})
			r := newReceiver(t, func(_ int, out http.ResponseWriter, in *http.Request) { c.answer(out, in) })
			endpoint := w.endpoint(r.URL)
			w.publish(1)
			eventually(t, "the attempt to be recorded", func() bool { return w.message(endpoint, 1).Attempts == 1 })
			if m := w.message(endpoint, 1); !c.want(m) || m.Took > 4000 {
				t.Errorf("message is %+v", m)
			}
		})
	}
}

// A status that was said stands, however the rest comes.
func TestASlowSuccessIsASuccess(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(_ int, out http.ResponseWriter, in *http.Request) {
		out.WriteHeader(200)
		_ = http.NewResponseController(out).Flush()
		<-in.Context().Done()
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	w.becomes(endpoint, 1, webhooks.Delivered)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	w, target := newWorld(t), newReceiver(t, always(200))
	r := newReceiver(t, func(_ int, out http.ResponseWriter, in *http.Request) {
		http.Redirect(out, in, target.URL, http.StatusTemporaryRedirect)
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	eventually(t, "the attempt to be recorded", func() bool { return w.message(endpoint, 1).Code == 307 })
	w.stop()
	if n := w.count(webhooks.OutcomeRefused); n == 0 || w.count(webhooks.OutcomeDelivered) != 0 {
		t.Errorf("%d attempts were seen as refused", n)
	}
	if n := len(target.requests()); n != 0 {
		t.Errorf("the target got %d requests", n)
	}
}

func TestADeadReceiverIsOnlyProbed(t *testing.T) {
	w := newWorld(t, func(o *webhooks.DelivererOptions) {
		o.Schedule, o.PauseFirst, o.PauseMax, o.BreakAfter = []time.Duration{time.Hour}, time.Hour, time.Hour, 5
	})
	dead, well := newReceiver(t, always(500)), newReceiver(t, always(200))
	first, second := w.endpoint(dead.URL), w.endpoint(well.URL)
	w.publish(300)
	for n := range int64(300) {
		w.becomes(second, n+1, webhooks.Delivered)
	}
	eventually(t, "the failures to be recorded", func() bool { return w.standing(first).FailingSince != 0 })
	if n := len(dead.requests()); n < 5 || n > 5+16 {
		t.Errorf("the dead receiver got %d requests, want 5 and what was under way", n)
	}
}

func TestAReceiverThatRecoversGetsEverything(t *testing.T) {
	w := newWorld(t, func(o *webhooks.DelivererOptions) {
		o.Schedule = slices.Repeat([]time.Duration{20 * time.Millisecond}, 50)
	})
	r := newReceiver(t, func(n int, out http.ResponseWriter, _ *http.Request) {
		if n < 30 {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	endpoint := w.endpoint(r.URL)
	w.publish(200)
	for n := range int64(200) {
		w.becomes(endpoint, n+1, webhooks.Delivered)
	}
}

func TestAReplayFillsAGap(t *testing.T) {
	w, r, ctx := newWorld(t), newReceiver(t, always(200)), context.Background()
	endpoint := w.endpoint(r.URL)
	w.publish(10)
	for n := range int64(10) {
		w.becomes(endpoint, n+1, webhooks.Delivered)
	}
	n, err := w.service.Replay(ctx, "sky", endpoint, 4, 6)
	must(t, err)
	eventually(t, "the messages to be sent again", func() bool { return len(r.requests()) == 13 })
	var again []string
	for _, g := range r.requests()[10:] {
		again = append(again, g.header.Get("webhook-id"))
	}
	slices.Sort(again)
	want := []string{w.message(endpoint, 4).ID(), w.message(endpoint, 5).ID(), w.message(endpoint, 6).ID()}
	if n != 3 || !slices.Equal(again, want) {
		t.Errorf("%d were sent again: %v, want %v", n, again, want)
	}
	for _, bad := range [][2]int64{{0, 1}, {2, 1}, {1, 1 + webhooks.ReplayMax}} {
		if _, err := w.service.Replay(ctx, "sky", endpoint, bad[0], bad[1]); !refusedWith(err, webhooks.CodeReplayRange) {
			t.Errorf("range %v: %v", bad, err)
		}
	}
}

// What dies between the attempt and its record is sent again as the same.
func TestAMessageWhoseRecordWasLostIsSentAgainWithTheSameID(t *testing.T) {
	store := &forgetful{Store: newMemory()}
	w, r := newWorldOn(t, store), newReceiver(t, always(200))
	endpoint := w.endpoint(r.URL)
	store.losing(true)
	w.publish(1)
	eventually(t, "the message to be sent", func() bool { return len(r.requests()) == 1 })
	w.stop()
	store.losing(false)
	if m := w.message(endpoint, 1); m.State != webhooks.Pending {
		t.Fatalf("message is %+v", m)
	}
	w.run()
	w.becomes(endpoint, 1, webhooks.Delivered)
	if got := r.requests(); len(got) != 2 || got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") {
		t.Errorf("%d requests", len(got))
	}
}

func TestWhatIsUnderWayAtTheEndIsFinished(t *testing.T) {
	entered, leave := make(chan bool, 1), make(chan bool)
	w := newWorld(t)
	r := newReceiver(t, func(int, http.ResponseWriter, *http.Request) {
		entered <- true
		<-leave
	})
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	<-entered
	go func() {
		time.Sleep(20 * time.Millisecond) // so that the end has begun; either way it must hold
		close(leave)
	}()
	w.stop()
	if m := w.message(endpoint, 1); m.State != webhooks.Delivered {
		t.Errorf("message is %+v", m)
	}
}

func TestAnEndpointThatIsDeletedGetsNothingMore(t *testing.T) {
	w, r, ctx := newWorld(t), newReceiver(t, always(200)), context.Background()
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	w.becomes(endpoint, 1, webhooks.Delivered)
	must(t, w.service.Delete(ctx, "sky", endpoint))
	w.publish(1)
	if _, err := w.service.Endpoint(ctx, "sky", endpoint); err == nil {
		t.Error("the endpoint is still there")
	}
	w.stop()
	if n := len(r.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestAnotherPartnersEndpointIsNotThere(t *testing.T) {
	w, r, ctx := newWorld(t), newReceiver(t, always(200)), context.Background()
	endpoint := w.endpoint(r.URL)
	w.publish(1)
	errs := map[string]error{}
	_, errs["endpoint"] = w.service.Endpoint(ctx, "tel", endpoint)
	_, errs["update"] = w.service.Update(ctx, "tel", endpoint, webhooks.Change{})
	errs["delete"] = w.service.Delete(ctx, "tel", endpoint)
	_, errs["secrets"] = w.service.Secrets(ctx, "tel", endpoint)
	_, errs["rotate"] = w.service.Rotate(ctx, "tel", endpoint, "", 0)
	_, errs["deliveries"] = w.service.Deliveries(ctx, "tel", webhooks.Filter{Endpoint: endpoint, Limit: 1})
	_, errs["delivery"] = w.service.Delivery(ctx, "tel", endpoint, 1)
	_, errs["resend"] = w.service.Resend(ctx, "tel", endpoint, 1)
	_, errs["replay"] = w.service.Replay(ctx, "tel", endpoint, 1, 1)
	_, errs["test"] = w.service.Test(ctx, "tel", endpoint)
	for what, err := range errs {
		if err != webhooks.ErrNotFound { //nolint:errorlint // exactly this, so that nothing more is said
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := w.service.Endpoint(ctx, "", endpoint); err != nil {
		t.Errorf("the utility: %v", err)
	}
}

func TestASealedSecretOpensOnlyWithItsKeyAndForItsEndpoint(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	first, second := w.standing(w.endpoint(server.URL)), w.standing(w.endpoint(server.URL))
	second.Secrets = first.Secrets
	must(t, w.store.UpdateEndpoint(ctx, second))
	if _, err := w.service.Secrets(ctx, "sky", second.ID); err == nil {
		t.Error("a secret was opened for another endpoint")
	}
	if _, err := w.service.Secrets(ctx, "sky", first.ID); err != nil {
		t.Error(err)
	}
}

func newID(n byte) ledger.ID { return ledger.NewID(time.UnixMilli(1), [10]byte{9: n}) }
