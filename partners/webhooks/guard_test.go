package webhooks_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
)

func newMemory() webhooks.Store { return webhookstest.NewMemory(time.Now) }

// forgetful loses the records of attempts, as a process does that dies.
type forgetful struct {
	webhooks.Store
	mu   sync.Mutex
	lose bool
}

func (f *forgetful) losing(lose bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = lose
}

func (f *forgetful) SaveAttempts(ctx context.Context, all []*webhooks.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lose {
		return errors.New("the disk is gone")
	}
	return f.Store.SaveAttempts(ctx, all)
}

func refusedWith(err error, code string) bool {
	var r *webhooks.Refusal
	return errors.As(err, &r) && r.Code == code
}

func TestOnlyThePublicInternetIsCalled(t *testing.T) {
	forbidden := []string{"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "255.255.255.255", "240.0.0.1",
		"192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
		"64:ff9b:1::1", "100::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "3fff::1", "5f00::1", "2001:4860::1%1"}
	for _, text := range forbidden {
		if err := (&webhooks.Guard{}).Check(netip.MustParseAddr(text)); !errors.Is(err, webhooks.ErrForbiddenAddress) {
			t.Errorf("%s is allowed", text)
		}
	}
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2001:4860:4860::8888", "2606:4700::1111", "::ffff:8.8.8.8"} {
		if err := (&webhooks.Guard{}).Check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if (&webhooks.Guard{}).Check(netip.Addr{}) == nil {
		t.Error("no address is allowed")
	}
	listed := &webhooks.Guard{Allow: loopback}
	for text, want := range map[string]bool{"127.0.0.1": true, "::ffff:127.0.0.1": true, "::1": false, "10.0.0.1": false} {
		if err := listed.Check(netip.MustParseAddr(text)); (err == nil) != want {
			t.Errorf("%s with 127.0.0.0/8 on the list: %v", text, err)
		}
	}
}

func TestAURLThatCannotBeThatOfAnEndpointIsRefused(t *testing.T) {
	for url, code := range map[string]string{
		"https://127.0.0.1/x":            webhooks.CodeURLForbidden,
		"https://[::1]/":                 webhooks.CodeURLForbidden,
		"https://[::ffff:10.0.0.1]/":     webhooks.CodeURLForbidden,
		"https://169.254.169.254/latest": webhooks.CodeURLForbidden,
		"https://[fe80::1]/":             webhooks.CodeURLForbidden,
		"https://localhost/":             webhooks.CodeURLForbidden,
		"https://8.8.8.8:443/hooks?a=b":  "",
		"http://8.8.8.8/":                webhooks.CodeURLInvalid,
		"ftp://8.8.8.8/":                 webhooks.CodeURLInvalid,
		"https://user:hidden@8.8.8.8/":   webhooks.CodeURLInvalid,
		"https://8.8.8.8/#a":             webhooks.CodeURLInvalid,
		"https:///x":                     webhooks.CodeURLInvalid,
		"https:8.8.8.8":                  webhooks.CodeURLInvalid,
		"//8.8.8.8/":                     webhooks.CodeURLInvalid,
		"":                               webhooks.CodeURLInvalid,
		"https://%zz":                    webhooks.CodeURLInvalid,
		"https://8.8.8.8/" + string(make([]byte, webhooks.URLMax)): webhooks.CodeURLInvalid,
		"https://no-such-name.invalid/":                            webhooks.CodeURLUnresolved,
	} {
		err := (&webhooks.Guard{}).CheckURL(context.Background(), url)
		if code == "" && err != nil || code != "" && !refusedWith(err, code) {
			t.Errorf("%.40q: %v, want %q", url, err, code)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the refusal repeats a password: %v", err)
		}
	}
}

// A name may lead elsewhere by the time that it is called: what is dialled
// decides.
func TestAnEndpointThatLeadsInsideIsNotCalled(t *testing.T) {
	r := newReceiver(t, always(200))
	w := newWorld(t)
	endpoint := w.endpoint(r.URL)
	w.stop()
	w.options.Guard = webhooks.Guard{AllowHTTP: true} // the network is no longer on the list
	w.run()
	w.publish(1)
	eventually(t, "the attempt to be recorded", func() bool { return w.message(endpoint, 1).Attempts > 0 })
	if m := w.message(endpoint, 1); m.Error != webhooks.OutcomeForbidden || m.Code != 0 {
		t.Errorf("message is %+v", m)
	}
	if n := len(r.requests()); n != 0 {
		t.Errorf("the receiver got %d requests", n)
	}
}
