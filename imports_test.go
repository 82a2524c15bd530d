// Package pointgrid_test holds the rules of the house: who may import what.
package pointgrid_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pointgrid/pointgrid/"

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// rule says what the packages below a folder may and may not use.
type rule struct {
	folder string
	why    string
	// ours, if not nil, are the only folders of ours that may be imported directly,
	// besides the folder itself.
	ours []string
	// noLibraries forbids everything but the standard library and ours.
	noLibraries bool
}

var rules = []rule{
	{folder: "ledger/wire", why: "an encoding knows nothing", ours: []string{}, noLibraries: true},
	{folder: "ledger", why: "the port knows nothing of ours", ours: []string{"ledger/wire"}, noLibraries: true},
	{folder: "ledger/annals", why: "a form that homes and contract share", ours: []string{"ledger", "ledger/wire"}, noLibraries: true},
	{folder: "chaincode", why: "the contract is pure", ours: []string{"ledger", "ledger/wire", "ledger/annals"}, noLibraries: true},
	{folder: "ledger/reads", why: "what both homes ask the contract", ours: []string{"ledger", "ledger/wire", "ledger/annals", "chaincode"}, noLibraries: true},
	{folder: "ledger/lane", why: "a sequencer serves any home", ours: []string{"ledger"}},
	{folder: "ledger/embedded", why: "an adapter knows its port, and this one runs the contract",
		ours: []string{"ledger", "ledger/wire", "ledger/lane", "ledger/reads", "ledger/annals", "chaincode"}},
	{folder: "ledger/fabric", why: "an adapter knows its port, and this one what the contract wrote",
		ours: []string{"ledger", "ledger/wire", "ledger/lane", "ledger/reads", "chaincode", "ledger/fabric/codec",
			"ledger/fabric/internal/message", "ledger/fabric/profile", "ledger/fabric/proof"}},
	{folder: "ledger/fabric/codec", why: "gateway and chaincode link it, so it knows neither SDK nor shim",
		ours: []string{"ledger", "ledger/wire", "chaincode"}, noLibraries: true},
	{folder: "ledger/fabric/profile", why: "a profile is a file", ours: []string{}, noLibraries: true},
	{folder: "ledger/fabric/internal/message", why: "messages are bytes", ours: []string{}},
	{folder: "ledger/fabric/proof", why: "a receipt is verified without a network",
		ours: []string{"ledger", "ledger/wire", "ledger/fabric/codec", "ledger/fabric/internal/message"}},
	{folder: "ledger/fabric/network", why: "a network is programs and files; who uses it is not its business",
		ours: []string{"deploy/fabric", "ledger/fabric/profile"}},
	{folder: "partners", why: "the registry stands below the exchange", ours: []string{"ledger", "partners"}},
	{folder: "partners/webhooks", why: "webhooks know what happened, not who did it", ours: []string{"ledger"}, noLibraries: true},
	{folder: "internal/workflow", why: "carrying on knows the ledger, and not what the work is", ours: []string{"ledger"}, noLibraries: true},
	{folder: "internal/mortal", why: "a death knows the ledger, and not what was being written", ours: []string{"ledger"}, noLibraries: true},
	{folder: "internal/sheet", why: "cells know nothing of what they mean", ours: []string{}},
	{folder: "insight", why: "insight counts what the ledger moved, and asks others by ports of its own", ours: []string{"ledger"}, noLibraries: true},
	{folder: "exchange", why: "exchange, settlement, mall and rewards do not know each other",
		ours: []string{"ledger", "ledger/wire", "members", "partners", "exchange", "internal/workflow"}},
	{folder: "exchange/bulkfile", why: "a file is many conversions, whatever stores its row", ours: []string{"ledger", "partners", "exchange"}},
	{folder: "mall/backoffice", why: "an adapter knows its port", ours: []string{"ledger", "mall"}, noLibraries: true},
	{folder: "mall/backsim", why: "a simulated system knows the ports and what travels", ours: []string{"ledger", "mall", "mall/backoffice"}, noLibraries: true},
	{folder: "mall", why: "the mall reaches exchange, rewards and billing by ports of its own", ours: []string{"ledger", "members", "mall", "mall/pictures", "internal/workflow"}},
	{folder: "settlement", why: "settlement stays an independent auditor", ours: []string{"ledger", "ledger/wire", "partners", "settlement"}},
	{folder: "settlement/paper", why: "papers show what was netted", ours: []string{"ledger", "settlement/netting", "settlement/bank", "internal/sheet"}},
	{folder: "settlement/calendar", why: "days know nothing of money", ours: []string{"ledger"}, noLibraries: true},
	{folder: "settlement/bank", why: "a bank's messages know nothing of points", ours: []string{"ledger"}},
	{folder: "settlement/statementfile", why: "a file is read, not judged", ours: []string{"ledger", "partners", "settlement/reconcile"}},
	{folder: "settlement/statements", why: "what partners send is taken in, not compared",
		ours: []string{"ledger", "partners", "settlement/statementfile", "settlement/calendar"}},
	{folder: "settlement/reconcile", why: "books are compared, not looked up", ours: []string{"ledger", "settlement/reconcile"}},
	{folder: "settlement/signing", why: "signing takes steps on the ledger, whatever found the breaks",
		ours: []string{"ledger", "settlement", "settlement/desk"}},
	{folder: "settlement/payment", why: "payments know what is owed and what the bank tells, and nobody's web or store",
		ours: []string{"ledger", "settlement", "settlement/bank", "settlement/calendar", "settlement/desk", "settlement/netting"}},
	{folder: "settlement/papers", why: "papers are made of what was settled, and decide nothing",
		ours: []string{"ledger", "settlement", "settlement/netting", "settlement/paper", "settlement/payment"}},
	{folder: "settlement/netting", why: "who owes what follows from the ledger alone", ours: []string{"ledger"}, noLibraries: true},
	{folder: "rewards", why: "exchange, settlement, mall and rewards do not know each other", ours: []string{"ledger", "members", "partners"}, noLibraries: true},
	{folder: "rewards/bonus", why: "a bonus follows the ledger and the tiers, not the exchange", ours: []string{"ledger", "members", "rewards"}, noLibraries: true},
	{folder: "support", why: "support reaches exchange, rewards and mall by ports of its own", ours: []string{"ledger", "members", "partners", "internal/workflow"}},
	{folder: "cluster", why: "a cluster knows lanes and leases, not what is done in them", ours: []string{"ledger", "ledger/wire"}, noLibraries: true},
	{folder: "members", why: "who somebody is stands below what they do", ours: []string{"ledger"}},
	{folder: "sqlstore", why: "the store fills ports and knows no other adapter",
		ours: []string{"ledger", "ledger/wire", "exchange", "settlement", "mall", "rewards", "rewards/bonus", "support", "members", "partners", "web/idempotency", "web/signin", "web/session", "projection", "insight", "cluster", "sqlstore"}},
	{folder: "projection", why: "a copy of the ledger knows only the ledger", ours: []string{"ledger"}, noLibraries: true},
	{folder: "web/signin", why: "who staff are has nothing to do with points", ours: []string{}},
	{folder: "web/identity", why: "who somebody is has nothing to do with points", ours: []string{}},
	{folder: "web/session", why: "a session knows whose it is, and not what is done in it", ours: []string{}, noLibraries: true},
	{folder: "web/limit", why: "counting knows nothing of who is counted", ours: []string{}},
	{folder: "web/origin", why: "where a request comes from depends on nobody's rules", ours: []string{}, noLibraries: true},
	{folder: "web/access", why: "the log's writer knows its port", ours: []string{"ledger", "partners"}},
	{folder: "web/signin/entrance", why: "the way in is the same for every family of pages", ours: []string{"web/signin", "web/page", "web/origin"}},
	{folder: "web/page", why: "the layout does not know what pages are about", ours: []string{"ledger"}},
	{folder: "simulation", why: "the simulation plays the core, with its own stand-ins for everything that is outside of it",
		ours: []string{"ledger", "ledger/reads", "ledger/ledgertest", "chaincode", "exchange", "exchange/exchangetest", "partners", "settlement", "settlement/settlementtest"}},
	{folder: "client", why: "a client is on the other side", ours: []string{"client"}},
}

// suites are packages that tests import; they may use more.
var suites = []string{
	"ledger/ledgertest",
	"mall/malltest",
	"members/memberstest",
	"exchange/exchangetest",
	"exchange/bulkfile/bulkfiletest",
	"partners/connector/conformance",
	"partners/connector/conformance/conformancetest",
	"sqlstore/storetest", "sqlstore/filetest", "partners/partnerstest",
	"partners/webhooks/webhookstest",
	"projection/projectiontest",
	"settlement/desk/desktest",
	"settlement/settlementtest",
	"settlement/payment/paymenttest",
	"settlement/statements/statementstest",
	"settlement/reconcile/plant",
	"web/signin/signintest",
	"web/session/sessiontest",
	"web/page/pagetest",
	"rewards/rewardstest",
	"insight/insighttest",
	"support/supporttest",
	"rewards/bonus/bonustest",
	"cluster/clustertest",
}

func TestImportsFollowTheHouse(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		path, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok || slices.Contains(suites, path) {
			continue
		}
		checkEverywhere(t, path, p)
		if r := ruleFor(path); r != nil {
			checkRule(t, *r, path, p)
		}
	}
}

// ruleFor returns the rule of the longest folder that holds the package.
func ruleFor(path string) *rule {
	var best *rule
	for i, r := range rules {
		if (path == r.folder || strings.HasPrefix(path, r.folder+"/")) && (best == nil || len(r.folder) > len(best.folder)) {
			best = &rules[i]
		}
	}
	return best
}

func checkRule(t *testing.T, r rule, path string, p pkg) {
	for _, imported := range p.Imports {
		ours, isOurs := strings.CutPrefix(imported, module)
		switch {
		case isOurs && r.ours != nil && !within(ours, append(r.ours, r.folder)):
			t.Errorf("%s imports %s; it may use only %v of ours: %s", path, ours, r.ours, r.why)
		case !isOurs && r.noLibraries && strings.Contains(strings.Split(imported, "/")[0], "."):
			t.Errorf("%s imports %s; it may use only the standard library: %s", path, imported, r.why)
		}
	}
}

// checkEverywhere holds for every package.
func checkEverywhere(t *testing.T, path string, p pkg) {
	for _, imported := range p.Imports {
		ours, _ := strings.CutPrefix(imported, module)
		if strings.HasPrefix(ours, "cmd/") && !strings.HasPrefix(path, "cmd/") {
			t.Errorf("%s imports %s; nobody imports cmd", path, ours)
		}
		if imported == "github.com/gin-gonic/gin" && !strings.HasPrefix(path, "web/") {
			t.Errorf("%s imports gin, which stays in web", path)
		}
		if strings.HasPrefix(imported, "github.com/hyperledger/fabric-sdk-go") && !strings.HasPrefix(path, "ledger/fabric") {
			t.Errorf("%s imports fabric-sdk-go, which only ledger/fabric links", path)
		}
		if strings.HasPrefix(imported, "github.com/hyperledger/fabric-chaincode-go") && path != "cmd/chaincode" {
			t.Errorf("%s imports the shim, which only cmd/chaincode links", path)
		}
	}
}

// within reports whether the package is one of the folders, or lies below one
// that may be used with what is in it.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		deep := f == "partners" || f == "exchange" || f == "settlement" || f == "sqlstore" || f == "client"
		return path == f || deep && strings.HasPrefix(path, f+"/")
	})
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
