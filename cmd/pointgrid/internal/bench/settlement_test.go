package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAWindowIsSettledAndMeasured(t *testing.T) {
	var out bytes.Buffer
	order := fmt.Sprintf(`{"transfers":20000,"memory":1048576,"dir":%q}`, t.TempDir())
	if err := RunWindow(context.Background(), strings.NewReader(order), &out, time.Now); err != nil {
		t.Fatal(err)
	}
	var s Settled
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Breaks != 180 || s.Netting.Time <= 0 || s.All.Time <= 0 || len(s.Phases) != 3 {
		t.Errorf("%+v", s)
	}
}
