package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// stateVersion leads every value of the state.
const stateVersion = 1

// content is what a value of the state must be able to do.
type content[T any] interface {
	*T
	encode(*wire.Encoder)
	decode(*wire.Decoder)
	// hub is the sum of electricity points in the value. Over all values it is
	// zero, so no command may change it.
	hub() int64
	// fault names what must never be, or is empty.
	fault() string
}

// plain is embedded in contents that hold no electricity points and in which
// nothing can be wrong.
type plain struct{}

func (plain) hub() int64    { return 0 }
func (plain) fault() string { return "" }

// cell is one key of the state while a transaction works on it. Contents are
// values: whoever edits one replaces its slices and never writes into them, so
// that a copy is all it takes to undo.
type cell[T any, P content[T]] struct {
	key     string
	now     T
	loaded  bool
	present bool // has a value, in the state or since this transaction
	dirty   bool
	// endorsers are demanded from now on, when the key is written.
	endorsers []string

	old          T // as it was before the command under way, when edited
	oldPresent   bool
	oldDirty     bool
	oldEndorsers []string
	edited       bool
}

// stored is a cell of any content.
type stored interface {
	name() string
	load(value []byte) error
	undo()
	keep() (hub int64, err error)
	changed() bool
	put(*wire.Encoder)
	demands() []string
}

func (c *cell[T, P]) name() string { return c.key }

func (c *cell[T, P]) load(value []byte) error {
	c.loaded = true
	if value == nil {
		return nil
	}
	if err := decode[T, P](c.key, value, &c.now); err != nil {
		return err
	}
	c.present = true
	return nil
}

// decode reads the value of a key.
func decode[T any, P content[T]](key string, value []byte, into *T) error {
	d := wire.NewDecoder(value)
	if d.Byte() != stateVersion {
		d.Fail("unknown version")
	}
	P(into).decode(d)
	if err := d.Close(); err != nil {
		return damaged("key %s: %v", key, err)
	}
	if f := P(into).fault(); f != "" {
		return damaged("key %s: %s", key, f)
	}
	return nil
}

// edit returns the content to change it. The journal takes note.
func (c *cell[T, P]) edit(j *journal) *T {
	if !c.edited {
		c.old, c.oldPresent, c.oldDirty, c.oldEndorsers = c.now, c.present, c.dirty, c.endorsers
		c.edited = true
		j.edited = append(j.edited, c)
	}
	c.present, c.dirty = true, true
	return &c.now
}

// create begins a key that belongs to companies: from now on all of them must
// endorse its changes. Whatever lies there was not put there by the contract, and
// counts for nothing; see package ledger/fabric/network on who could have.
func (c *cell[T, P]) create(j *journal, companies []string) *T {
	now := c.edit(j)
	var empty T
	*now, c.endorsers = empty, companies
	return now
}

// disown forgets what was read of a key that the contract has not written yet:
// points in it are nobody's.
func (c *cell[T, P]) disown() {
	var empty T
	c.now, c.present = empty, false
}

func (c *cell[T, P]) undo() {
	c.now, c.present, c.dirty, c.endorsers = c.old, c.oldPresent, c.oldDirty, c.oldEndorsers
	c.edited = false
}

func (c *cell[T, P]) keep() (hub int64, err error) {
	c.edited = false
	if f := P(&c.now).fault(); f != "" {
		return 0, damaged("key %s would become wrong: %s", c.key, f)
	}
	return P(&c.now).hub() - P(&c.old).hub(), nil
}

func (c *cell[T, P]) changed() bool { return c.dirty }

func (c *cell[T, P]) put(e *wire.Encoder) {
	e.Byte(stateVersion)
	P(&c.now).encode(e)
}

func (c *cell[T, P]) demands() []string { return c.endorsers }

// journal knows which cells the command under way has edited.
type journal struct{ edited []stored }

// undo leaves no trace of the command under way.
func (j *journal) undo() {
	for _, c := range j.edited {
		c.undo()
	}
	j.edited = j.edited[:0]
}

// keep makes the command's changes stand. It fails when they are not balanced:
// then the contract is wrong, and nothing of the transaction may stand.
func (j *journal) keep() error {
	var sum int64
	for _, c := range j.edited {
		n, err := c.keep()
		if err != nil {
			return err
		}
		sum += n
	}
	j.edited = j.edited[:0]
	if sum != 0 {
		return damaged("a command would change the sum of all electricity points by %d", sum)
	}
	return nil
}
