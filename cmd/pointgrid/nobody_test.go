package main_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// TestNoMemberIsNamedOnTheLedger converts for a member in every way, also with
// signed requests and keys that name it, and looks for its identifiers in every
// file that a ledger consists of.
func TestNoMemberIsNamedOnTheLedger(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		namesNobody(t, filepath.Join("gateway", "ledger"))
	})
	t.Run("Fabric", func(t *testing.T) {
		networktest.Programs(t)
		namesNobody(t, "network", "--ledger", "fabric", "--days", "1")
	})
}

func namesNobody(t *testing.T, folder string, flags ...string) {
	dir := t.TempDir()
	s := start(t, sandboxReady, append([]string{"sandbox", "--addr", "127.0.0.1:0", "--dir", dir}, flags...)...)
	const n = 17
	member, membership := sandbox.Member(n), "SKY-000017"
	link := sandbox.LinkID(sandbox.CompanyOf("sky"), n).String()
	moveForMember(t, s, dir, link, membership)
	s.end(t)
	var forms []string
	for _, name := range []string{member, membership, link} {
		forms = append(forms, name, strings.ToLower(name), base64.StdEncoding.EncodeToString([]byte(name))[:8*(len(name)/6)])
	}
	id, err := ledger.ParseID(link)
	if err != nil {
		t.Fatal(err)
	}
	forms = append(forms, string(id[:]), hex.EncodeToString(id[:]))
	files, account := lookFor(t, filepath.Join(dir, folder), forms)
	if files == 0 || !account {
		t.Errorf("%d files were read; the agreements' programme is among them: %t", files, account)
	}
}

// moveForMember converts in, out and across, takes back, and signs.
func moveForMember(t *testing.T, s *started, dir, link, membership string) {
	t.Helper()
	key, _, err := (&sandbox.Site{Dir: dir}).Key("sky")
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	sky, err := client.New(client.Options{BaseURL: url, ClientID: "sky", Key: key.Private, KeyID: key.ID, SignRequests: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	for i, way := range [][3]string{{"SKY", "EPT", "3000"}, {"EPT", "SKY", "100"}, {"SKY", "MART", "3000"}} {
		r := client.Request{Method: "POST", Path: "/v1/conversions", Key: membership + "-" + way[1] + link, Header: http.Header{"Prefer": {"wait=30"}},
			Body: map[string]string{"source": way[0], "destination": way[1], "amount": way[2], "link_id": link}}
		if _, err := sky.Do(context.Background(), r, &made); err != nil {
			t.Fatalf("conversion %d: %v", i, err)
		}
		if i == 0 {
			back := client.Request{Method: "POST", Path: "/v1/conversions/" + made.ID + "/reversals", Key: membership + "-back",
				Body: map[string]string{"amount": "300"}}
			if _, err := sky.Do(context.Background(), back, nil); err != nil {
				t.Fatalf("reversal: %v", err)
			}
		}
	}
}

// lookFor fails for each file below a folder in which one of the texts stands. It
// returns how many were read, and whether what must be there was found at all.
func lookFor(t *testing.T, folder string, texts []string) (files int, known bool) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		known = known || strings.Contains(string(b), "EdDSA") || strings.Contains(string(b), base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA"`))[:16])
		for _, text := range texts {
			if strings.Contains(string(b), text) {
				t.Errorf("%s has %q", path, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, known
}
