package partnersim_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

type behaviour = func(*careless, *asked) *answered

// Ways to be careless that break several rules, each where it is used.

// forgetful does every repeat's work again.
func forgetful(c *careless, q *asked) *answered {
	if q.r.Method == http.MethodGet {
		return c.pass(q)
	}
	a, again := c.repeated(q, func() *answered { return c.pass(q) })
	if again {
		return c.fresh(q)
	}
	return a
}

// movesAgain gives a repeat the first answer, and does the work again.
func movesAgain(c *careless, q *asked) *answered {
	a, again := c.repeated(q, func() *answered { return c.pass(q) })
	if again {
		c.fresh(q)
	}
	return a
}

// twice does everything a second time.
func twice(c *careless, q *asked) *answered {
	c.fresh(q)
	return c.pass(q)
}

// tolerant answers another content with the first answer.
func tolerant(c *careless, q *asked) *answered {
	a, _ := c.repeated(q, func() *answered { return c.pass(q) })
	if a.status == http.StatusConflict {
		return accepted(q)
	}
	if q.r.URL.Path == "/reversals" {
		return a
	}
	if a := c.pass(q); a.status != http.StatusConflict {
		return a
	}
	return accepted(q)
}

// changing passes and changes a field of what is answered with 200.
func changing(field string, value any) behaviour {
	return func(c *careless, q *asked) *answered {
		if a := c.pass(q); a.status == http.StatusOK {
			return a.with(field, value)
		} else {
			return a
		}
	}
}

// otherwise changes the decline code of what is declined.
func otherwise(c *careless, q *asked) *answered {
	if a := c.pass(q); bytes.Contains(a.body, []byte(`"declined"`)) {
		return a.with("decline_code", "other")
	} else {
		return a
	}
}

// generous calls done what is declined with a code.
func generous(code connector.DeclineCode) behaviour {
	return func(c *careless, q *asked) *answered {
		if a := c.pass(q); strings.Contains(string(a.body), string(code)) && a.status == http.StatusOK && q.r.Method == http.MethodPost {
			return a.done()
		} else {
			return a
		}
	}
}

// instead answers one problem with another.
func instead(of, with connector.ProblemCode) behaviour {
	return func(c *careless, q *asked) *answered {
		if a := c.pass(q); a.code().Code == of {
			return refused(q, with)
		} else {
			return a
		}
	}
}

// trusting takes what is badly signed for well signed.
func trusting(c *careless, q *asked) *answered {
	if a := c.pass(q); a.code().Code == connector.SignatureInvalid {
		return c.as(q, q.r.URL.Path, q.body)
	} else {
		return a
	}
}

// lax accepts what is malformed.
func lax(c *careless, q *asked) *answered {
	if a := c.pass(q); a.code().Code == connector.InvalidRequest {
		return accepted(q)
	} else {
		return a
	}
}

// late lets a transfer through whose reversal came before.
func late(c *careless, q *asked) *answered {
	if a := c.pass(q); strings.Contains(string(a.body), string(connector.DeclineReversedBeforeExecution)) && q.r.Method == http.MethodPost {
		return c.fresh(q)
	} else {
		return a
	}
}

// carelessness has, for each rule, a way to break it.
var carelessness = map[string]behaviour{
	"CN-BASE-01": instead("", connector.NotFound),
	"CN-BASE-02": func(c *careless, q *asked) *answered { return c.pass(q) }, // and another balance is told

	"CN-MEMBER-01": func(c *careless, q *asked) *answered { return refused(q, connector.NotFound) },
	"CN-MEMBER-02": changing("status", "active"),
	"CN-MEMBER-03": changing("status", "active"),
	"CN-MEMBER-04": func(c *careless, q *asked) *answered {
		return c.as(q, q.r.URL.Path, bytes.ReplaceAll(q.body, []byte("NOSUCH"), []byte("SKY")))
	},

	"CN-TRANSFER-01": twice,
	"CN-TRANSFER-02": twice,
	"CN-TRANSFER-03": forgetful,
	"CN-TRANSFER-04": movesAgain,
	"CN-TRANSFER-05": func(c *careless, q *asked) *answered {
		if strings.Contains(q.field("description"), "another") {
			return refused(q, connector.TransferConflict)
		}
		return c.pass(q)
	},
	"CN-TRANSFER-06": tolerant,
	"CN-TRANSFER-07": func(c *careless, q *asked) *answered { return refused(q, connector.InvalidRequest) },
	"CN-TRANSFER-08": forgetful,
	"CN-TRANSFER-09": otherwise,
	"CN-TRANSFER-10": otherwise,
	"CN-TRANSFER-11": otherwise,
	"CN-TRANSFER-12": func(c *careless, q *asked) *answered {
		return c.as(q, q.r.URL.Path, bytes.ReplaceAll(q.body, []byte("NOSUCH"), []byte("SKY")))
	},
	"CN-TRANSFER-13": func(c *careless, q *asked) *answered { return refused(q, connector.InternalError) },

	"CN-STATUS-01": instead(connector.TransferUnknown, connector.NotFound),
	"CN-STATUS-02": inStatus(changing("reference", "X-1")),
	"CN-STATUS-03": inStatus(otherwise),
	"CN-STATUS-04": inStatus(changing("reversed_amount", "0")),
	"CN-STATUS-05": instead(connector.ReversalUnknown, connector.TransferUnknown),
	"CN-STATUS-06": inStatus(changing("reversed_amount", "1")),
	"CN-STATUS-07": func(c *careless, q *asked) *answered {
		if a := c.pass(q); a.code().Code != connector.TransferUnknown {
			return a
		}
		a := accepted(q)
		a.body = []byte(`{"transfer_id":"` + strings.TrimPrefix(q.r.URL.Path, "/transfers/") +
			`","kind":"debit","outcome":"done","amount":"2","reversed_amount":"0","reference":"R-1"}`)
		return a
	},

	"CN-REVERSAL-01": func(c *careless, q *asked) *answered {
		if q.r.URL.Path == "/reversals" {
			c.extra(q, connector.Debit, 20, noon)
		}
		return c.pass(q)
	},
	"CN-REVERSAL-02": func(c *careless, q *asked) *answered {
		if q.r.URL.Path == "/reversals" {
			c.extra(q, connector.Credit, 20, noon)
		}
		return c.pass(q)
	},
	"CN-REVERSAL-03": generous(connector.DeclineAboveOriginal),
	"CN-REVERSAL-04": forgetful,
	"CN-REVERSAL-05": tolerant,
	"CN-REVERSAL-06": generous(connector.DeclineInsufficientPoints),
	"CN-REVERSAL-07": forgetful,
	"CN-REVERSAL-08": func(c *careless, q *asked) *answered {
		if q.r.URL.Path == "/reversals" {
			return c.pass(q).with("outcome", "declined").with("decline_code", "other")
		}
		return c.pass(q)
	},
	"CN-REVERSAL-09": late,
	"CN-REVERSAL-10": late,

	"CN-RACE-01": forgetful,
	"CN-RACE-02": generous(connector.DeclineInsufficientPoints),
	"CN-RACE-03": generous(connector.DeclineAboveOriginal),
	"CN-RACE-04": func(c *careless, q *asked) *answered {
		if a := c.pass(q); q.r.URL.Path == "/reversals" {
			return a.with("reversed_amount", "0")
		} else {
			return a.done()
		}
	},

	"CN-LOST-01": forgetful,
	"CN-LOST-02": inStatus(changing("reference", "X-1")),
	"CN-LOST-03": func(c *careless, q *asked) *answered {
		if q.r.URL.Path == "/reversals" {
			return c.pass(q).with("outcome", "declined").with("decline_code", "other")
		}
		return c.pass(q)
	},

	"CN-SIGNATURE-06": func(c *careless, q *asked) *answered {
		return refused(q, connector.SignatureInvalid).with("reason", signature.Stale)
	},
	"CN-SIGNATURE-14": func(c *careless, q *asked) *answered {
		if _, again := c.repeated(q, func() *answered { return nil }); again {
			return refused(q, connector.SignatureInvalid).with("reason", signature.WrongSignature)
		}
		return c.pass(q)
	},

	"CN-FORMAT-08": func(c *careless, q *asked) *answered { return c.as(q, q.r.URL.Path, q.body) },
	"CN-FORMAT-09": instead(connector.BodyTooLarge, connector.InvalidRequest),
	"CN-FORMAT-10": func(c *careless, q *asked) *answered { return refused(q, connector.BodyTooLarge) },
	"CN-FORMAT-12": instead(connector.InvalidRequest, connector.InternalError),
	"CN-FORMAT-13": func(c *careless, q *asked) *answered {
		return &answered{http.StatusNotFound, http.Header{"Content-Type": {"text/html"},
			http.CanonicalHeaderKey(connector.RequestIDHeader): {q.r.Header.Get(connector.RequestIDHeader)}}, []byte("<h1>Not Found</h1>")}
	},
	"CN-FORMAT-14": instead(connector.InvalidRequest, connector.InternalError),
	"CN-FORMAT-15": func(c *careless, q *asked) *answered { return c.pass(q).with("field", nil) },

	"CN-STATEMENT-01": func(c *careless, q *asked) *answered {
		if day, ok := strings.CutPrefix(q.r.URL.Path, "/statements/"); ok {
			at, err := time.Parse(time.DateOnly, day)
			if err != nil {
				c.t.Error(err)
			}
			c.extra(q, connector.Credit, 1, at)
			c.extra(q, connector.Debit, 1, at)
		}
		return c.pass(q)
	},
	"CN-STATEMENT-02": func(c *careless, q *asked) *answered { return refused(q, connector.NotFound) },
	"CN-STATEMENT-03": func(c *careless, q *asked) *answered {
		return c.as(q, q.r.URL.Path, bytes.Replace(q.body, []byte("+08:00"), []byte("Z"), 1))
	},
}

// inStatus is careless with questions only.
func inStatus(how behaviour) behaviour {
	return func(c *careless, q *asked) *answered {
		if q.r.Method == http.MethodGet {
			return how(c, q)
		}
		return c.pass(q)
	}
}

// half does what half a request says.
func half(c *careless, q *asked) *answered {
	if !q.cut {
		return c.pass(q)
	}
	id := string(q.body)[len(`{"transfer_id":"`):][:36]
	parsed, err := connector.ParseID(id)
	if err != nil {
		c.t.Error(err)
	}
	return c.as(q, "/debits", connector.EncodeTransfer(connector.Transfer{ID: parsed, Membership: "SKY-000001", Programme: "SKY", Amount: 5, OccurredAt: noon}))
}

func init() {
	carelessness["CN-LOST-04"] = half
	for _, id := range []string{"01", "02", "03", "04", "05", "07", "08", "09", "10", "11", "12", "13"} {
		carelessness["CN-SIGNATURE-"+id] = trusting
	}
	for _, id := range []string{"01", "02", "03", "04", "05", "06", "07", "11"} {
		carelessness["CN-FORMAT-"+id] = lax
	}
}

// elsewhere are rules that look at the whole run, and what breaks them where.
var elsewhere = map[string]struct {
	during string
	how    behaviour
}{
	"CN-ANSWER-01": {"CN-MEMBER-01", func(c *careless, q *asked) *answered {
		a := c.pass(q)
		a.header.Del(connector.RequestIDHeader)
		return a
	}},
	"CN-ANSWER-02": {"CN-TRANSFER-07", changing("decline_detail", strings.Repeat("x", 300))},
	"CN-ANSWER-03": {"CN-MEMBER-01", func(c *careless, q *asked) *answered {
		time.Sleep(2200 * time.Millisecond) // as a slow host does
		return c.pass(q)
	}},
}

// A rule that cannot fail proves nothing: for each there is a host that breaks
// it, and it alone.
func TestEachRuleFailsOnAHostThatBreaksItAndNoOther(t *testing.T) {
	for _, rule := range conformance.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			during, how := rule.ID, carelessness[rule.ID]
			if e, ok := elsewhere[rule.ID]; ok {
				during, how = e.during, e.how
			}
			if how == nil {
				t.Fatal("no host breaks this rule")
			}
			target := carelessTarget(t, during, how)
			if rule.ID == "CN-BASE-02" {
				target.Balance += 5
			}
			target.Only = []string{during[:len("CN-XY")], rule.ID, "CN-TRANSFER-0", "CN-STATEMENT", "CN-ANSWER"}
			if testing.Short() {
				target.Only = []string{rule.ID, during}
			}
			report, err := conformance.Check(t.Context(), target, nil)
			if err != nil {
				t.Fatal(err)
			}
			wantOnly(t, report, rule)
		})
	}
}

func carelessTarget(t *testing.T, during string, how behaviour) conformance.Target {
	t.Helper()
	host := start(t, nil)
	for membership, status := range map[string]connector.MemberStatus{"GONE-1": connector.MemberClosed, "STOP-1": connector.MemberBlocked} {
		if err := host.OpenMember(membership, status, 500); err != nil {
			t.Fatal(err)
		}
	}
	return conformance.Target{
		BaseURL: newCareless(t, host, during, how), KeyID: keyID, Key: host.key, Clock: time.Now, Timeout: 5 * time.Second,
		Programme: "SKY", Membership: "SKY-000001", Balance: 1000, Closed: "GONE-1", Blocked: "STOP-1",
	}
}

// wantOnly fails the test unless one rule failed, and says in words what is
// wrong; after a base rule that leaves nothing to check the others were not run.
func wantOnly(t *testing.T, report *conformance.Report, rule conformance.Rule) {
	t.Helper()
	var failed []string
	for _, r := range report.Results {
		if r.Verdict == conformance.Failed {
			failed = append(failed, r.ID)
			t.Logf("%s: %s", r.ID, r.Problems[0].Text)
			if r.Says.Line == 0 || r.Fix == "" || r.Problems[0].Text == "" {
				t.Errorf("%s says too little: %+v", r.ID, r)
			}
		}
		if r.Verdict == conformance.NotRun && rule.ID != "CN-BASE-01" {
			t.Errorf("%s was not run: %s", r.ID, r.Reason)
		}
	}
	if !slices.Equal(failed, []string{rule.ID}) {
		t.Errorf("%v failed, want %s alone", failed, rule.ID)
	}
	if report.Conforms != (rule.Level == conformance.Should) {
		t.Errorf("conforms: %t, with a rule of level %s broken", report.Conforms, rule.Level)
	}
}
