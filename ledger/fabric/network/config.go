package network

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// object is a JSON object of the channel's configuration, as Fabric's translator
// writes it.
type object = map[string]any

var errConfig = errors.New("network: the channel's configuration is not as expected")

// at follows names into an object.
func at(o object, names ...string) (object, error) {
	for _, name := range names {
		next, ok := o[name].(object)
		if !ok {
			return nil, fmt.Errorf("%w: no %s", errConfig, name)
		}
		o = next
	}
	return o, nil
}

// update changes the channel's configuration: it fetches what is in force, has
// change work on it, and submits the difference, signed by the administrators of
// a majority of the companies.
func (n *Network) update(ctx context.Context, signers []*member, change func(config object) error) (err error) {
	work, err := os.MkdirTemp(n.site.dir, "update-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	u := &configUpdate{n, work}
	before, err := u.fetch(ctx, signers[0])
	if err != nil {
		return err
	}
	after, err := copied(before)
	if err != nil {
		return err
	}
	if err := change(after); err != nil {
		return err
	}
	file, err := u.difference(ctx, before, after)
	if err != nil {
		return err
	}
	last := len(signers) - 1
	for _, m := range signers[:last] {
		if _, err := n.peerCommand(ctx, m, "channel", "signconfigtx", "-f", file); err != nil {
			return err
		}
	}
	args := append([]string{"channel", "update", "-f", file, "-c", n.site.Channel}, n.toOrderer(ctx)...)
	_, err = n.peerCommand(ctx, signers[last], args...) // signs, too
	return err
}

// configUpdate is one change on its way, in a folder.
type configUpdate struct {
	*Network
	work string
}

func (u *configUpdate) file(name string) string { return filepath.Join(u.work, name) }

// fetch returns the configuration in force.
func (u *configUpdate) fetch(ctx context.Context, m *member) (object, error) {
	args := append([]string{"channel", "fetch", "config", u.file("config.block"), "-c", u.site.Channel}, u.toOrderer(ctx)...)
	if _, err := u.peerCommand(ctx, m, args...); err != nil {
		return nil, err
	}
	block, err := u.decode(ctx, "common.Block", u.file("config.block"))
	if err != nil {
		return nil, err
	}
	data, err := at(block, "data")
	if err != nil {
		return nil, err
	}
	envelopes, _ := data["data"].([]any)
	if len(envelopes) != 1 {
		return nil, fmt.Errorf("%w: %d transactions in its block", errConfig, len(envelopes))
	}
	envelope, _ := envelopes[0].(object)
	return at(envelope, "payload", "data", "config")
}

// difference writes the transaction that leads from one configuration to another.
func (u *configUpdate) difference(ctx context.Context, before, after object) (string, error) {
	for name, config := range map[string]object{"before": before, "after": after} {
		if err := u.encode(ctx, "common.Config", config, u.file(name)); err != nil {
			return "", err
		}
	}
	_, err := u.run(ctx, "configtxlator", nil, "compute_update", "--channel_id", u.site.Channel,
		"--original", u.file("before"), "--updated", u.file("after"), "--output", u.file("difference"))
	if err != nil {
		return "", err
	}
	difference, err := u.decode(ctx, "common.ConfigUpdate", u.file("difference"))
	if err != nil {
		return "", err
	}
	const configUpdateType = 2 // common.HeaderType_CONFIG_UPDATE
	envelope := object{"payload": object{
		"header": object{"channel_header": object{"channel_id": u.site.Channel, "type": configUpdateType}},
		"data":   object{"config_update": difference},
	}}
	return u.file("update"), u.encode(ctx, "common.Envelope", envelope, u.file("update"))
}

// decode translates a message of Fabric to JSON.
func (u *configUpdate) decode(ctx context.Context, kind, file string) (object, error) {
	b, err := u.run(ctx, "configtxlator", nil, "proto_decode", "--type", kind, "--input", file)
	if err != nil {
		return nil, err
	}
	return parse(b)
}

// encode translates JSON to a message of Fabric.
func (u *configUpdate) encode(ctx context.Context, kind string, o object, file string) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".json", b, 0o600); err != nil {
		return err
	}
	_, err = u.run(ctx, "configtxlator", nil, "proto_encode", "--type", kind, "--input", file+".json", "--output", file)
	return err
}

// parse reads JSON and leaves numbers as they are written.
func parse(b []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	return o, nil
}

func copied(o object) (object, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return parse(b)
}

// signaturePolicy is a policy of signatures in the translator's form: a peer of
// the first company and one of any other.
func signaturePolicy(companies []*member) object {
	var identities, others []any
	for i, m := range companies {
		identities = append(identities, object{"principal_classification": "ROLE", "principal": object{"msp_identifier": m.MSP, "role": "PEER"}})
		if i > 0 {
			others = append(others, object{"signed_by": i})
		}
	}
	outOf := func(n int, rules ...any) object { return object{"n_out_of": object{"n": n, "rules": rules}} }
	return object{"version": 0, "identities": identities, "rule": outOf(2, object{"signed_by": 0}, outOf(1, others...))}
}
