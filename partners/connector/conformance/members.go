package conformance

import (
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var memberRules = []rule{
	{"an active membership is active", func(s *suite, t *testing.T) { s.wantMember(t, s.Membership, connector.MemberActive) }},
	{"a membership that does not exist is unknown", func(s *suite, t *testing.T) {
		s.wantMember(t, s.stranger(t), connector.MemberUnknown)
	}},
	{"a closed membership is closed", func(s *suite, t *testing.T) { s.wantMember(t, s.closed(t), connector.MemberClosed) }},
	{"a blocked membership is blocked", func(s *suite, t *testing.T) { s.wantMember(t, s.blocked(t), connector.MemberBlocked) }},
	{"a programme of another is a problem", func(s *suite, t *testing.T) {
		_, err := s.client.Validate(t.Context(), s.Membership, s.otherProgramme())
		wantProblem(t, err, connector.ProgrammeUnknown)
	}},
}

func (s *suite) wantMember(t *testing.T, membership string, want connector.MemberStatus) {
	t.Helper()
	got, err := s.client.Validate(t.Context(), membership, s.Programme)
	if err != nil || got != want {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}
}

// stranger is a membership that exists nowhere.
func (s *suite) stranger(t *testing.T) string { return "none-" + newID(t).String() }

func (s *suite) closed(t *testing.T) string {
	t.Helper()
	if s.Closed == "" {
		t.Skip("set Target.Closed to a closed membership to check this")
	}
	return s.Closed
}

func (s *suite) blocked(t *testing.T) string {
	t.Helper()
	if s.Blocked == "" {
		t.Skip("set Target.Blocked to a blocked membership to check this")
	}
	return s.Blocked
}

func (s *suite) otherProgramme() string {
	if s.Programme == "NOSUCH" {
		return "NOSUCH2"
	}
	return "NOSUCH"
}
