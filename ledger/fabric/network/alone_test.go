package network

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTheUtilityAloneChangesNeitherChannelNorChaincode has the utility's
// administrator try what takes a majority.
func TestTheUtilityAloneChangesNeitherChannelNorChaincode(t *testing.T) {
	if testing.Short() {
		t.Skip("a Fabric network is started; run without -short")
	}
	ctx, n := upForTest(t)
	utility := n.site.Companies[0]
	alone := func(config object) error {
		policy, err := at(config, "channel_group", "groups", "Application", "policies", "Ledger", "policy")
		if err != nil {
			return err
		}
		policy["value"] = object{"version": 0, "rule": object{"signed_by": 0},
			"identities": []any{object{"principal_classification": "ROLE", "principal": object{"msp_identifier": utility.MSP, "role": "PEER"}}}}
		return nil
	}
	refused(t, "the policy of endorsement", n.update(ctx, []*member{utility}, alone))
	stranger := &member{Company: Company{"stranger", "StrangerMSP"}, Peer: 1, Operations: 2, Chaincode: 3}
	if err := n.equip(stranger); err != nil {
		t.Fatal(err)
	}
	n.site.Companies = append(n.site.Companies, stranger)
	definition, err := n.organisation(ctx, stranger)
	n.site.Companies = n.site.Companies[:len(n.site.Companies)-1]
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "the companies", n.update(ctx, []*member{utility}, func(config object) error {
		groups, err := at(config, "channel_group", "groups", "Application", "groups")
		if err == nil {
			groups[stranger.MSP] = definition
		}
		return err
	}))
	sequence := n.site.Sequence + 1
	args := append([]string{"lifecycle", "chaincode", "approveformyorg", "--package-id", utility.PackageID}, n.definition(sequence)...)
	if _, err := n.peerCommand(ctx, utility, append(args, n.toOrderer(ctx)...)...); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"lifecycle", "chaincode", "commit"}, n.definition(sequence)...)
	_, err = n.peerCommand(ctx, utility, append(args, n.toOrderer(ctx)...)...)
	refused(t, "the chaincode", err)
	both := []*member{utility, n.site.Companies[1]}
	if err := n.update(ctx, both, alone); err != nil {
		t.Errorf("a majority could not change the policy: %v", err)
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("the utility alone changed %s", what)
		return
	}
	for _, reason := range []string{"policy", "approv", "BAD_REQUEST"} {
		if strings.Contains(err.Error(), reason) {
			return
		}
	}
	t.Errorf("changing %s failed for another reason: %v", what, err)
}

// upForTest is what networktest does, which this package cannot import.
func upForTest(t *testing.T) (context.Context, *Network) {
	t.Helper()
	programs, err := Programs(t.Context(), func(line string) { t.Log(line) })
	if err != nil && os.Getenv("POINTGRID_REQUIRE") == "all" {
		t.Fatal(err)
	} else if err != nil {
		t.Skipf("no programs of Fabric: %v; with Go and its module proxy they are built by themselves", err)
	}
	dir := t.TempDir()
	n, err := Up(t.Context(), Options{Dir: dir, Companies: Companies()[:3], Programs: programs, Attached: true, Now: time.Now})
	if n != nil {
		t.Cleanup(func() {
			if err := n.Down(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return t.Context(), n
}
