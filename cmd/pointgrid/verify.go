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
	Path string `arg:"" help:"A receipt's JSON file, the folder of a stopped ledger (or the gateway's data folder), or a settlement such as 2026-11-21.sky, which is computed again from the blocks alone." placeholder:"RECEIPT|FOLDER|SETTLEMENT"`
	Key  string `help:"The gateway's public keys, as JWKS or PEM, for the embedded ledger. Not needed for a gateway's data folder, which keeps a copy." type:"existingfile"`

	Ledger string `help:"Folder of the stopped ledger, or the gateway's data folder, for a settlement." type:"existingdir"`

	Profile string            `help:"Connection profile that names the companies' root certificates, for a receipt of Fabric, or whose home's peer has the blocks, for a settlement." type:"existingfile"`
	Utility string            `help:"The company that runs the hub, for a receipt of Fabric." placeholder:"MSP" default:"UtilityMSP"`
	Partner map[string]string `help:"The company that a partner on the ledger is, for a receipt of Fabric; give it for every partner." placeholder:"CODE=MSP"`

	Signer string `help:"Public keys of the company that signed the request, as JWKS or PEM: checks the evidence that a receipt carries." type:"existingfile"`
	Body   string `help:"The request that was signed, byte for byte; GET /v1/conversions/{id}/evidence has it." type:"existingfile"`
}

func (v *verifyCommand) Run(ctx context.Context) error {
	info, err := os.Stat(v.Path)
	if window, partner, ok := settlementID(v.Path); ok && os.IsNotExist(err) {
		return v.settlement(ctx, os.Stdout, window, partner)
	}
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
	return v.evidence(out, t.Evidence)
}

// evidence checks the signature of the company that asked for the transfer.
func (v *verifyCommand) evidence(out io.Writer, e *ledger.Evidence) error {
	switch {
	case e == nil && v.Signer == "" && v.Body == "":
		return nil
	case e == nil:
		return errors.New("verify: the transfer carries no evidence: nobody signed the request")
	case v.Signer == "" && v.Body == "":
		fmt.Fprintln(out, "carries a signed request, which was not checked: give --signer and --body")
		return nil
	case v.Signer == "" || v.Body == "":
		return errors.New("verify: --signer and --body go together: a signature is that of a key over a request")
	}
	body, err := readBounded(v.Body, signedMax)
	if err != nil {
		return err
	}
	h, err := e.Header()
	if err != nil {
		return err
	}
	key, err := signerKey(v.Signer, h.KeyID)
	if err != nil {
		return err
	}
	if err := e.Verify(body, key.Public); err != nil {
		return err
	}
	fmt.Fprintf(out, "asked for by a request of %d bytes, signed with key %s (%s)\n", len(body), key.ID, key.Algorithm)
	return nil
}

// signedMax bounds a signed request in bytes.
const signedMax = 4 << 20

// signerKey returns the key with an ID, or the only one that the file has: in PEM
// a key has no ID of its own.
func signerKey(path, id string) (*partners.Key, error) {
	b, err := readBounded(path, keyFileMax)
	if err != nil {
		return nil, err
	}
	all, err := partners.ParseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range all {
		if all[i].ID == id || len(all) == 1 {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("%s has no key %q, by which the request was signed", path, id)
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

// folder returns the ledger's own folder of a data folder, and the keys by which
// its checkpoints are checked.
func (v *verifyCommand) folder(dir string) (string, map[string]ed25519.PublicKey, error) {
	key := v.Key
	if inside := filepath.Join(dir, "ledger"); isDir(inside) {
		if key == "" {
			key = filepath.Join(dir, "keys", "jwks.json")
		}
		dir = inside
	}
	if key == "" {
		return "", nil, errors.New("verify: --key is needed: a file with the gateway's public keys, as JWKS or PEM")
	}
	keys, err := publicKeys(key)
	return dir, keys, err
}

func (v *verifyCommand) ledger(ctx context.Context, out io.Writer) error {
	dir, keys, err := v.folder(v.Path)
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
	fmt.Fprintf(out, "nothing is wrong; the last block has the hash %s\n", r.Hash)
	return nil
}
