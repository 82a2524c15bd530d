package tour

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/settlement/recompute"
)

// settlement is one as the API shows it.
type settlement struct {
	ID      string
	State   string
	Partner string
	Figures struct{ Pay, Receive string }
	Signing struct{ Digest string }
}

func (t *Tour) settlementPath(partner string) string {
	return "/v1/settlements/" + t.window + "." + partner
}

// signNight takes the airline's night through all signatures. That of the telecom
// has a break, and the retailer's statement has not come.
func (t *Tour) signNight(ctx context.Context) (string, error) {
	for partner, code := range map[string]string{"tel": "breaks_unresolved", "mart": "not_reconciled"} {
		_, err := t.maker.Do(ctx, post(t.settlementPath(partner)+"/proposal", nil, ""), nil)
		if _, err := refused(err, http.StatusConflict, code); err != nil {
			return "", fmt.Errorf("%s: %w", partner, err)
		}
	}
	return "proposed by one person, signed by another and by the airline; the maker's own signature and a wrong digest were refused, and so is a night with a break",
		t.signWith(ctx, "sky", t.sky)
}

func (t *Tour) signWith(ctx context.Context, partner string, caller *client.Client) error {
	path := t.settlementPath(partner)
	var s settlement
	if _, err := t.maker.Do(ctx, post(path+"/proposal", nil, ""), &s); err != nil {
		return err
	}
	sign := object{"digest": s.Signing.Digest}
	_, err := t.maker.Do(ctx, post(path+"/signature", sign, ""), nil)
	if _, err := refused(err, http.StatusForbidden, "same_identity"); err != nil {
		return fmt.Errorf("the maker signs: %w", err)
	}
	if _, err := t.checker.Do(ctx, post(path+"/signature", sign, ""), nil); err != nil {
		return err
	}
	_, err = caller.Do(ctx, post(path+"/acknowledgement", object{"decision": "acknowledge", "digest": strings.Repeat("0", 64)}, ""), nil)
	if _, err := refused(err, http.StatusConflict, "settlement_digest"); err != nil {
		return fmt.Errorf("a wrong digest: %w", err)
	}
	if _, err := caller.Do(ctx, post(path+"/acknowledgement", object{"decision": "acknowledge", "digest": s.Signing.Digest}, ""), &s); err != nil {
		return err
	}
	want := "signed"
	if s.Figures.Pay == "0" && s.Figures.Receive == "0" {
		want = "settled"
	}
	return same("state", s.State, want)
}

// releasePayments pays what is to be paid in one order.
func (t *Tour) releasePayments(ctx context.Context) (string, error) {
	pay := func(partner string) object { return object{"settlements": []string{t.window + "." + partner}} }
	_, err := t.maker.Do(ctx, post("/v1/payment_orders", pay("tel"), ""), nil)
	if _, err := refused(err, http.StatusConflict, "settlement_step"); err != nil {
		return "", fmt.Errorf("what is not signed: %w", err)
	}
	var prepared sandbox.Order
	if _, err := t.maker.Do(ctx, post("/v1/payment_orders", pay("sky"), ""), &prepared); err != nil {
		return "", err
	}
	_, err = t.maker.Do(ctx, post(prepared.Links.Self+"/release", nil, ""), nil)
	if _, err := refused(err, http.StatusForbidden, "same_identity"); err != nil {
		return "", fmt.Errorf("the maker releases: %w", err)
	}
	if _, err := t.checker.Do(ctx, post(prepared.Links.Self+"/release", nil, ""), &t.order); err != nil {
		return "", err
	}
	if err := same("state", t.order.State, "released"); err != nil {
		return "", err
	}
	return fmt.Sprintf("order %s for %s: the utility pays %s CNY and is paid %s", t.order.ID, t.order.Execute, t.order.Pays, t.order.Receives), t.compareFiles(ctx)
}

// compareFiles fetches each file twice.
func (t *Tour) compareFiles(ctx context.Context) error {
	paths := map[string]*client.Client{}
	if t.order.Links.File != "" {
		paths[t.order.Links.File] = t.checker
	}
	for _, p := range t.order.Payments {
		if p.Payer != "" {
			caller, err := t.stage.Client(p.Payer)
			if err != nil {
				return err
			}
			paths[t.settlementPath(p.Payer)+"/payment"] = caller
		}
	}
	for path, caller := range paths {
		var files [2][]byte
		for i := range files {
			resp, err := caller.Do(ctx, get(path), nil)
			if err != nil {
				return err
			}
			files[i] = resp.Body
		}
		if !bytes.Equal(files[0], files[1]) || !bytes.Contains(files[0], []byte("pain.001.001.09")) {
			return fmt.Errorf("%s: two files, or none of pain.001", path)
		}
	}
	return nil
}

// confirmPayments hands in what the bank would send.
func (t *Tour) confirmPayments(ctx context.Context) (string, error) {
	wrong := bytes.Replace(sandbox.BankStatement(&t.order), []byte("<NbOfNtries>"), []byte("<NbOfNtries>1"), 1)
	_, err := t.maker.Do(ctx, upload(wrong), nil)
	if _, err := refused(err, http.StatusUnprocessableEntity, "bank_file_refused"); err != nil {
		return "", fmt.Errorf("a file with a wrong sum: %w", err)
	}
	var read struct {
		Settled  []string
		Replayed bool
	}
	if _, err := t.maker.Do(ctx, upload(sandbox.BankStatement(&t.order)), &read); err != nil {
		return "", err
	}
	settled := len(read.Settled)
	if _, err := t.maker.Do(ctx, upload(sandbox.BankStatement(&t.order)), &read); err != nil {
		return "", err
	}
	if err := same("the same file again is known", read.Replayed, true); err != nil {
		return "", err
	}
	var s settlement
	if _, err := t.sky.Do(ctx, get(t.settlementPath("sky")), &s); err != nil {
		return "", err
	}
	return "a camt.053 file settles the airline's night; one that does not add up is refused, the same again changes nothing",
		firstOf(same("settled", settled, 1), same("state", s.State, "settled"))
}

func upload(file []byte) client.Request {
	return client.Request{Method: http.MethodPost, Path: "/v1/bank_files", Body: file, Header: http.Header{"Content-Type": {"application/xml"}}}
}

// recompute does the airline's night again from the blocks of the stopped ledger.
func (t *Tour) recompute(ctx context.Context) (string, error) {
	window, err := ledger.ParseDate(t.window)
	if err != nil {
		return "", err
	}
	audit := recompute.New(window, "sky")
	if _, err := embedded.Replay(ctx, t.stage.Site.Home().Ledger(), t.keys, nil, audit.Add); err != nil {
		return "", err
	}
	r := audit.Finish()
	if !r.OK() {
		return "", fmt.Errorf("found %v", r.Findings)
	}
	return fmt.Sprintf("%d lines with the root %.16s… come to what was signed and paid, to the fen", r.Computed.Lines, r.Computed.Root), t.nothingOwed(ctx)
}

// nothingOwed checks that what was paid is owed no more.
func (t *Tour) nothingOwed(ctx context.Context) error {
	l, err := t.stage.Site.OpenLedger(ctx, t.Now, 0)
	if err != nil {
		return err
	}
	defer l.Close()
	all, err := l.Partners(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Code == "sky" && (p.Owed >= ledger.FenMillionths || p.Owed <= -ledger.FenMillionths) {
			return fmt.Errorf("%s still owes %d millionths of a yuan", p.Code, p.Owed)
		}
	}
	return nil
}
