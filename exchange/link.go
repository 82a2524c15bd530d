package exchange

import "github.com/pointgrid/pointgrid/ledger"

// Link connects a member of the utility with one membership of a partner, one
// to one, by the member's consent.
type Link struct {
	ID         ledger.ID
	Partner    string
	Member     string // the utility's number
	Membership string // the partner's number
	Consent    Consent
	CreatedAt  int64 // milliseconds since 1970
	EndedAt    int64 // 0 while it stands
}

// Consent is the record of what the member agreed to.
type Consent struct {
	TextVersion string // which text was shown
	GivenAt     int64  // milliseconds since 1970
	Channel     string // where: app, web, counter, phone
}

// LinkRequest asks for a link. Only the partner of the party can be linked by
// it; the utility names the partner.
type LinkRequest struct {
	Partner    string
	Member     string
	Membership string
	Consent    Consent
}
