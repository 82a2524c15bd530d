package partnersim

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

type faultJSON struct {
	Verb       connector.Verb        `json:"verb"`
	Kind       FaultKind             `json:"kind"`
	Count      int                   `json:"count"`
	Membership string                `json:"membership,omitempty"`
	TransferID string                `json:"transfer_id,omitempty"`
	Code       connector.DeclineCode `json:"code,omitempty"`
	DelayMS    int64                 `json:"delay_ms,omitempty"`
	Variant    string                `json:"variant,omitempty"`
}

func (j faultJSON) fault() (Fault, error) {
	f := Fault{Verb: j.Verb, Kind: j.Kind, Count: j.Count, Membership: j.Membership, Code: j.Code, Variant: j.Variant}
	if j.DelayMS < 0 || j.DelayMS > 86_400_000 {
		return f, errors.New("delay_ms must be 0 to 86400000")
	}
	f.Delay = time.Duration(j.DelayMS) * time.Millisecond
	var err error
	if j.TransferID != "" {
		f.TransferID, err = connector.ParseID(j.TransferID)
	}
	return f, err
}

func (h *Host) getFaults(*http.Request) (any, error) {
	list := []faultJSON{}
	for _, f := range h.faults.List() {
		j := faultJSON{Verb: f.Verb, Kind: f.Kind, Count: f.Count, Membership: f.Membership, Code: f.Code,
			DelayMS: f.Delay.Milliseconds(), Variant: f.Variant}
		if !f.TransferID.IsZero() {
			j.TransferID = f.TransferID.String()
		}
		list = append(list, j)
	}
	return map[string]any{"faults": list}, nil
}

// postFault adds one fault.
func (h *Host) postFault(r *http.Request) (any, error) {
	var j faultJSON
	if err := readJSON(r, &j); err != nil {
		return nil, err
	}
	f, err := j.fault()
	if err == nil {
		err = h.faults.Add(f)
	}
	if err != nil {
		return nil, invalid(err)
	}
	return h.getFaults(r)
}

// putFaults replaces all faults.
func (h *Host) putFaults(r *http.Request) (any, error) {
	var body struct {
		Faults []faultJSON `json:"faults"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	faults := make([]Fault, len(body.Faults))
	for i, j := range body.Faults {
		var err error
		if faults[i], err = j.fault(); err != nil {
			return nil, invalid(fmt.Errorf("fault %d: %w", i, err))
		}
	}
	if err := h.faults.Set(faults...); err != nil {
		return nil, invalid(err)
	}
	return h.getFaults(r)
}

func (h *Host) deleteFaults(r *http.Request) (any, error) {
	h.faults.Clear()
	return h.getFaults(r)
}
