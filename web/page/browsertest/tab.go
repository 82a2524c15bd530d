package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Look is how a reader looks at pages.
type Look struct {
	Name          string // of the screenshots
	Width, Height int64
	Phone         bool
	Dark          bool
	Language      string // as Accept-Language
}

// Looks are those at which every page is to be good.
var Looks = []Look{
	{Name: "desk-zh", Width: 1280, Height: 900, Language: "zh-CN"},
	{Name: "desk-en-dark", Width: 1280, Height: 900, Language: "en", Dark: true},
	{Name: "phone-zh-dark", Width: 390, Height: 844, Phone: true, Language: "zh-CN", Dark: true},
	{Name: "phone-en", Width: 390, Height: 844, Phone: true, Language: "en"},
}

// Tab is a tab of the browser with cookies of its own.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	look Look
	axe  string
	dir  string

	mu      sync.Mutex
	errors  []string
	weights map[network.RequestID]string // kinds of what is being loaded
	weight  float64                      // of what was loaded since the page was opened, without pictures
}

// stepTime bounds one step, on a busy machine.
const stepTime = 45 * time.Second

// Open opens a tab that closes with the test.
func (b *Browser) Open(t testing.TB, look Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, look: look, axe: b.axe, dir: t.ArtifactDir(), weights: map[network.RequestID]string{}}
	if err := chromedp.Listen(ctx, tab.notice); err != nil {
		t.Fatal(err)
	}
	scheme := "light"
	if look.Dark {
		scheme = "dark"
	}
	tab.do(command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{}), command(runtime.Enable, cdp.Empty{}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.Width, Height: look.Height, DeviceScaleFactor: 1, Mobile: look.Phone}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": look.Language}}))
	return tab
}

// command is a command of the browser's protocol as a step.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// notice is told of everything that happens in the tab.
func (b *Tab) notice(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.errors = append(b.errors, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		// An answer of 4xx to a form is what the page itself tells the reader.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.errors = append(b.errors, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *network.EventResponseReceived:
		b.weights[e.RequestID] = string(e.Type)
	case *network.EventLoadingFinished:
		if kind := b.weights[e.RequestID]; kind != "" && kind != "Image" {
			b.weight += e.EncodedDataLength
		}
	case *network.EventLoadingFailed:
		if !e.Canceled {
			b.errors = append(b.errors, "not loaded: "+e.ErrorText)
		}
	}
}

func (b *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ask(b, chromedp.Steps(steps...))
}

// ask runs one step and returns what it gives.
func ask[T any](b *Tab, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		b.Shot("failed")
		b.t.Fatalf("%s: %v", b.look.Name, err)
	}
	return v
}

// Go opens an address, checks the page and keeps a picture of it.
func (b *Tab) Go(address, name string) {
	b.t.Helper()
	b.mu.Lock()
	b.weight = 0
	b.mu.Unlock()
	b.do(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
	b.Look(name)
}

// Look checks the page that is open, and keeps a picture of it.
func (b *Tab) Look(name string) {
	b.t.Helper()
	b.Shot(name)
	b.check(name)
}

// Follow clicks on what a CSS selector finds, and waits for the next page.
func (b *Tab) Follow(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		b.Shot("failed")
		b.t.Fatalf("%s: click %s: %v", b.look.Name, selector, err)
	}
	b.do(chromedp.WaitReady(chromedp.CSS("body")))
}

// Click clicks on what does not lead to another page.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// WaitFor waits until a CSS selector finds something, which a script puts there.
func (b *Tab) WaitFor(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(selector)))
}

// Type types into the field that a CSS selector finds.
func (b *Tab) Type(selector, text string) {
	b.t.Helper()
	empty := fmt.Sprintf(`document.querySelector(%q).value = ""`, selector)
	ask(b, chromedp.Evaluate[string](empty))
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text returns what a reader sees of what a CSS selector finds.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return ask(b, chromedp.Text(chromedp.CSS(selector)))
}

// Value evaluates an expression that gives a text.
func (b *Tab) Value(expression string) string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](expression))
}

// Path returns where the tab is.
func (b *Tab) Path() string {
	b.t.Helper()
	return b.Value("location.pathname + location.search")
}

// FollowKey presses a key that leads to another page, and waits for that.
func (b *Tab) FollowKey(key string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(key)); err != nil {
		b.Shot("failed")
		b.t.Fatalf("%s: key %q: %v", b.look.Name, key, err)
	}
	b.do(chromedp.WaitReady(chromedp.CSS("body")))
}

// Choose puts a file into the file field that a CSS selector finds.
func (b *Tab) Choose(selector, name string, content []byte) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{path}))
}

// Set gives a field a value that is not typed letter by letter, such as a date.
func (b *Tab) Set(selector, value string) {
	b.t.Helper()
	ask(b, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value = %q`, selector, value)))
}

// Press presses a key, such as kb.Tab, once.
func (b *Tab) Press(key string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(key))
}

// Shot keeps a picture of the whole page, in the folder that go test -artifacts
// keeps.
func (b *Tab) Shot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, b.look.Name+"-"+strings.ReplaceAll(name, "/", "-")+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Errorf("%s: picture of %s: %v", b.look.Name, name, err)
	}
}
