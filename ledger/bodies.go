package ledger

// Initialise is the first command on a ledger. Only it can be given before any
// other, and only once; its caller's company becomes the utility.
type Initialise struct {
	Hub    string // code of the electricity points, scale 0
	Window Date   // the first window
}

// RegisterPartner admits a company and its programme. By the utility.
type RegisterPartner struct {
	Partner   string
	Programme string
	Scale     uint8
	MSP       string
}

// SuspendPartner stops, or with Suspended false resumes, new conversions with a
// partner. What is on hold can still be posted, voided and reversed. By the
// utility.
type SuspendPartner struct {
	Partner   string
	Suspended bool
	Reason    string
}

// ProposeAgreement offers a rate card. By the utility or the partner concerned;
// the command's ID becomes the agreement's.
type ProposeAgreement struct{ Terms Terms }

// AcceptAgreement signs a proposed rate card. By the company that did not
// propose it.
type AcceptAgreement struct {
	Agreement ID
	Hash      Hash // of the terms, as the acceptor computed it
}

// RejectAgreement withdraws or refuses a proposed rate card. By either company.
type RejectAgreement struct {
	Agreement ID
	Reason    string
}

// Issue creates electricity points for a member. By the utility.
type Issue struct {
	Account Account
	Amount  int64
	Expiry  Month
	Reason  string // rule, version, event and channel; no personal data
}

// TakeBack undoes an [Issue], because what it was given for was cancelled: what is
// left of it, which is the whole unless parts were taken back before, leaves the
// member's account, first from the lot of its month. What is not there any more,
// because it was spent, becomes the account's debt, which later issues fill before
// they give anything. By the utility, once for each issue, and only until its
// points expire.
type TakeBack struct {
	Original ID // the issue
	Account  Account
	Reason   string
}

// TakeBackPart undoes a part of an [Issue], as [TakeBack] does the whole: afterwards
// everything stands as if that much less had been issued, but for what was spent.
// All parts together are at most the issue. The transfer is of [KindTakeBack], so
// that who reads transfers need not tell them apart. It is a command of its own and
// no field of TakeBack, because what a block says must be read for ever as it was
// written.
type TakeBackPart struct {
	Original ID // the issue
	Account  Account
	Amount   int64
	Reason   string
}

// Expire takes the member's lots of one expiry month that has passed: the
// window's month must be later. By the utility.
type Expire struct {
	Account Account
	Month   Month
}

// Hold sets electricity points of a member aside, first-expiring-first. With a
// Leg it is the first phase of a conversion out: rate, limits and exposure are
// checked and counted now, and Amount is the leg's From. Without, the points go
// to the house account To when posted. By the utility.
type Hold struct {
	Account Account
	Amount  int64
	Leg     *LegTerms // set for a conversion out
	To      string    // set otherwise: house account, see [ValidHouse]
	Reason  string
}

// Post completes a hold, Void gives the same lots back. Account is that of the
// hold. By the utility.
type Post struct {
	Hold      ID
	Account   Account
	Reference string // the partner's reference of its credit
}

// Void gives a hold's lots back; see [Post].
type Void struct {
	Hold    ID
	Account Account
	Reason  string
}

// LegTerms is one leg of a conversion as the gateway computed it; the contract
// computes it again and refuses a difference.
type LegTerms struct {
	Partner   string
	Agreement ID
	Hash      Hash
	LockedAt  int64 // when the rate was locked, milliseconds since 1970
	From      int64
	To        int64
}

// ConvertIn turns partner points, which the partner has debited, into
// electricity points of the member. By the utility.
type ConvertIn struct {
	Account   Account
	Leg       LegTerms
	Reference string // the partner's reference of its debit
}

// ConvertOut turns electricity points into partner points that the partner has
// credited already. By the utility.
type ConvertOut struct {
	Account   Account
	Leg       LegTerms
	Reference string
}

// CrossConvert turns points of one partner into points of another by way of
// electricity points: what Source gives is what Destination takes. The member's
// own electricity points are not touched; Account carries the member's limits.
type CrossConvert struct {
	Account     Account
	Source      LegTerms
	Destination LegTerms
	Reference   string
}

// Reverse takes back part or all of a conversion, at the original's agreement, or
// of a [Post] to a house account: afterwards everything stands as if only the rest
// had been converted or posted. Amount is in the source programme of the original.
// By the utility.
type Reverse struct {
	Original  ID
	Account   Account
	Amount    int64
	Reference string
	Reason    string
}

// Freeze stops, or with Frozen false frees, an account: nothing leaves or enters
// a frozen one except posts, voids and reversals of what was under way, and issues
// that are taken back. By the
// utility.
type Freeze struct {
	Account Account
	Frozen  bool
	Reason  string
}

// CloseWindow ends the window and opens the next. It is alone in its batch, so
// every transfer lies in exactly one window. By the utility.
type CloseWindow struct {
	Window Date
	Next   Date
}

// Checkpoint gathers the Merkle roots of the batches since the last one. It is
// alone in its batch.
type Checkpoint struct{}

// TakeLane makes the epoch that the transaction states that of its lane, from when
// transactions that state a lower one are refused. It is alone in its batch, and
// writes even when the lane has that epoch already: what was endorsed before and is
// put in order after it is then invalid. By the utility.
type TakeLane struct{}

// SetLanes raises the number of lanes, over which accounts are spread from then on
// as [LaneOf] says. It is alone in its batch. By the utility.
type SetLanes struct {
	Lanes uint32 // more than there are, at most [LanesMax]
}

func (*Initialise) Kind() Kind       { return KindInitialise }
func (*RegisterPartner) Kind() Kind  { return KindRegisterPartner }
func (*SuspendPartner) Kind() Kind   { return KindSuspendPartner }
func (*ProposeAgreement) Kind() Kind { return KindProposeAgreement }
func (*AcceptAgreement) Kind() Kind  { return KindAcceptAgreement }
func (*RejectAgreement) Kind() Kind  { return KindRejectAgreement }
func (*Issue) Kind() Kind            { return KindIssue }
func (*TakeBack) Kind() Kind         { return KindTakeBack }
func (*TakeBackPart) Kind() Kind     { return KindTakeBackPart }
func (*Expire) Kind() Kind           { return KindExpire }
func (*Hold) Kind() Kind             { return KindHold }
func (*Post) Kind() Kind             { return KindPost }
func (*Void) Kind() Kind             { return KindVoid }
func (*ConvertIn) Kind() Kind        { return KindConvertIn }
func (*ConvertOut) Kind() Kind       { return KindConvertOut }
func (*CrossConvert) Kind() Kind     { return KindCrossConvert }
func (*Reverse) Kind() Kind          { return KindReverse }
func (*Freeze) Kind() Kind           { return KindFreeze }
func (*CloseWindow) Kind() Kind      { return KindCloseWindow }
func (*Checkpoint) Kind() Kind       { return KindCheckpoint }
func (*TakeLane) Kind() Kind         { return KindTakeLane }
func (*SetLanes) Kind() Kind         { return KindSetLanes }
