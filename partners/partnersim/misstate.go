package partnersim

import "github.com/pointgrid/pointgrid/partners/connector"

// misstatement passes the lines of a statement on, and one of them wrong.
type misstatement struct {
	wrong *Fault // nil for none
	write func(connector.StatementLine) error
	done  bool
	only  bool // only the line that is late
}

func (m *misstatement) give(l connector.StatementLine) error {
	meant := m.wrong != nil && !m.done && (m.wrong.TransferID.IsZero() || m.wrong.TransferID == l.TransferID)
	if meant {
		m.done = true
	}
	if m.only {
		if meant {
			return m.write(l)
		}
		return nil
	}
	if !meant {
		return m.write(l)
	}
	switch m.wrong.Variant {
	case VariantDrop, VariantLate:
		return nil
	case VariantAmount:
		l.Amount++
	case VariantRepeat:
		if err := m.write(l); err != nil {
			return err
		}
	case VariantUnknown:
		if err := m.write(l); err != nil {
			return err
		}
		// The same with other digits: one that nobody has given out.
		l.TransferID[9] ^= 0xff
		l.TransferID[10] ^= 0xff
		l.Reference += "-X"
	}
	return m.write(l)
}

// misstate gives a statement that is wrong.
func (h *Host) misstate(c *call, fault *Fault) *reply {
	return h.bufferedStatement(c.date, fault)
}
