package conformance

import (
	"github.com/pointgrid/pointgrid/partners/connector"
)

var memberRules = []Rule{
	must("CN-MEMBER-01", "a membership that does not exist is unknown, not a problem", "status `unknown`, not a problem",
		"Answer 200 with status unknown for a membership that you do not have; keep 404 for routes.",
		func(s *suite, t *trial) { s.wantMember(t, s.stranger(), connector.MemberUnknown) }),
	must("CN-MEMBER-02", "a closed membership is closed", "`active` may debit and credit; `unknown` there is no such membership",
		"Answer status closed for a membership that ended.",
		func(s *suite, t *trial) { s.wantMember(t, s.closed(t), connector.MemberClosed) }),
	must("CN-MEMBER-03", "a blocked membership is blocked", "`blocked` it exists but may not move points now",
		"Answer status blocked for a membership that exists and may not move points now.",
		func(s *suite, t *trial) { s.wantMember(t, s.blocked(t), connector.MemberBlocked) }),
	must("CN-MEMBER-04", "a question about another's programme is a problem", "no work was done; this host does not run that programme",
		"Compare the programme of each request with your own, and answer 422 programme_unknown.",
		func(s *suite, t *trial) {
			_, err := s.client.Validate(t.Context(), s.Membership, s.otherProgramme())
			wantProblem(t, "a question about programme "+s.otherProgramme(), err, connector.ProgrammeUnknown)
		}),
}

func (s *suite) wantMember(t *trial, membership string, want connector.MemberStatus) {
	got, err := s.client.Validate(t.Context(), membership, s.Programme)
	if err != nil {
		t.Fatalf("the host was asked about a membership that is %s, and %s", want, plain(err))
	}
	if got != want {
		t.Fatalf("the membership is answered to be %s, must be %s", got, want)
	}
}

// stranger is a membership that exists nowhere.
func (s *suite) stranger() string { return "none-" + newID().String() }

func (s *suite) closed(t *trial) string {
	if s.Closed == "" {
		t.Skip("name a closed membership (--closed) to have this checked")
	}
	return s.Closed
}

func (s *suite) blocked(t *trial) string {
	if s.Blocked == "" {
		t.Skip("name a blocked membership (--blocked) to have this checked")
	}
	return s.Blocked
}

func (s *suite) otherProgramme() string {
	if s.Programme == "NOSUCH" {
		return "NOSUCH2"
	}
	return "NOSUCH"
}
