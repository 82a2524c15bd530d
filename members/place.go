package members

import "context"

// Place is a part of the house that knows members. What a place cannot say it leaves
// nil; see the package's documentation.
type Place struct {
	Name string // for errors and logs
	// UnderWay returns an [*Obstacle] while something of the member is not at its end,
	// and any other error when that cannot be said.
	UnderWay func(ctx context.Context, m *Member) error
	// Aliases returns what else the member is called in this place.
	Aliases func(ctx context.Context, m *Member) ([]Alias, error)
	// Erase replaces the number by the token, and drops or replaces what else leads to
	// the person. Doing it again finds what is left.
	Erase func(ctx context.Context, p *Person) error
	// Export writes what the place holds about the member.
	Export func(ctx context.Context, m *Member, d *Document) error
}

// Alias is a name of a member that is not the utility's number.
type Alias struct {
	Partner string // whose membership it is; empty for what is the utility's own
	Text    string // as it is written
}

// Person is a member who is being erased.
type Person struct {
	Member
	Token   string // stands in place of the number
	Aliases []Alias
}
