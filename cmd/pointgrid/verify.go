package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/receipts"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
	"github.com/pointgrid/pointgrid/partners"
)

type verifyCommand struct {
	Path string `arg:"" help:"A receipt's JSON file, or the folder of a stopped ledger (or the gateway's data folder)." type:"existingpath"`
	Key  string `help:"The gateway's public keys, as JWKS or PEM, for the embedded ledger. Not needed for a gateway's data folder, which keeps a copy." type:"existingfile"`

	Profile string            `help:"Connection profile that names the companies' root certificates, for a receipt of Fabric." type:"existingfile"`
	Utility string            `help:"The company that runs the hub, for a receipt of Fabric." placeholder:"MSP" default:"UtilityMSP"`
	Partner map[string]string `help:"The company that a partner on the ledger is, for a receipt of Fabric; give it for every partner." placeholder:"CODE=MSP"`
}

func (v *verifyCommand) Run(ctx context.Context) error {
	info, err := os.Stat(v.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return v.ledger(ctx, os.Stdout)
	}
	return v.receipt(os.Stdout)
}

func (v *verifyCommand) receipt(out io.Writer) error {
	b, err := readBounded(v.Path, ledger.ReceiptMax)
	if err != nil {
		return err
	}
	r, err := ledger.ParseReceipt(b)
	if err != nil {
		return err
	}
	by, err := v.attested(r)
	if err != nil {
		return err
	}
	t := &r.Transfer
	fmt.Fprintf(out, "valid: transfer %s, %s of %d in window %s, is number %d of batch %d, block %d\n",
		t.ID, t.Kind, t.Amount, t.Window, r.Index, r.Batch.Number, r.Block)
	fmt.Fprintf(out, "attested by checkpoint %d, signed %s\n", r.Checkpoint.Record.Number, by)
	return nil
}

// attested verifies a receipt and says who signed it.
func (v *verifyCommand) attested(r *ledger.Receipt) (string, error) {
	if r.Ledger == config.Fabric {
		if v.Profile == "" {
			return "", errors.New("verify: --profile is needed for a receipt of Fabric: it names the companies' root certificates")
		}
		alliance, err := receipts.Alliance(v.Profile, v.Utility, v.Partner)
		if err != nil {
			return "", err
		}
		return "by the peers of every company concerned", proof.Verify(r, alliance)
	}
	if v.Key == "" {
		return "", errors.New("verify: --key is needed: a file with the gateway's public keys, as served at /.well-known/jwks.json")
	}
	keys, err := publicKeys(v.Key)
	if err != nil {
		return "", err
	}
	if err := r.Verify(keys); err != nil {
		return "", err
	}
	return "with key " + r.Checkpoint.Signature.KeyID, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, err
}

// keyFileMax bounds a key file in bytes.
const keyFileMax = 64 << 10

func publicKeys(path string) (map[string]ed25519.PublicKey, error) {
	b, err := readBounded(path, keyFileMax)
	if err != nil {
		return nil, err
	}
	all, err := partners.ParseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, k := range all {
		if pub, ok := k.Public.(ed25519.PublicKey); ok {
			keys[k.ID] = pub
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no Ed25519 key", path)
	}
	return keys, nil
}

func (v *verifyCommand) ledger(ctx context.Context, out io.Writer) error {
	dir, key := v.Path, v.Key
	if inside := filepath.Join(dir, "ledger"); isDir(inside) {
		if key == "" {
			key = filepath.Join(dir, "keys", "jwks.json")
		}
		dir = inside
	}
	if key == "" {
		return errors.New("verify: --key is needed: a file with the gateway's public keys, as JWKS or PEM")
	}
	keys, err := publicKeys(key)
	if err != nil {
		return err
	}
	report, err := embedded.Verify(ctx, dir, keys, nil)
	if err != nil {
		return err
	}
	return printReport(out, report)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// printReport says what was checked and what was found.
func printReport(out io.Writer, r embedded.Report) error {
	fmt.Fprintf(out, "%d blocks, %d transfers and %d checkpoints executed again; the accounts of %d programmes sum to zero\n",
		r.Blocks, r.Transfers, r.Checkpoints, len(r.Programmes))
	if r.Torn > 0 {
		fmt.Fprintf(out, "the last block was cut off after %d bytes while it was being written; nobody was told that it was done\n", r.Torn)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(out, "found:", f)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d more\n", r.More)
	}
	if !r.OK() {
		return errReported
	}
	fmt.Fprintln(out, "nothing is wrong")
	return nil
}
