package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

const settlementColumns = `id, partner, window_date, state,
	in_count, in_from, in_to, in_ept, in_fee, in_value,
	out_count, out_from, out_to, out_ept, out_fee, out_value,
	reversed_in_count, reversed_in_from, reversed_in_to, reversed_in_ept, reversed_in_fee, reversed_in_value,
	reversed_out_count, reversed_out_from, reversed_out_to, reversed_out_ept, reversed_out_fee, reversed_out_value,
	lines, digest, file, updated_at, adjusted_count, adjusted_value, detail`

const settlementWidth = 35

const (
	deleteSettlement = `DELETE FROM settlements WHERE id = $1`
	insertSettlement = `INSERT INTO settlements (` + settlementColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
		$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)`
	selectSettlement = `SELECT ` + settlementColumns + ` FROM settlements WHERE id = $1`

	selectSettlements = `SELECT ` + settlementColumns + ` FROM settlements
		WHERE window_date <= $1 AND (window_date < $2 OR partner > $3)
		ORDER BY window_date DESC, partner LIMIT $4`
	selectSettlementsOfPartner = `SELECT ` + settlementColumns + ` FROM settlements
		WHERE partner = $1 AND window_date <= $2 AND (window_date < $3 OR partner > $4)
		ORDER BY window_date DESC, partner LIMIT $5`
	// selectUnsettled says it in the words of the index.
	selectUnsettled = `SELECT ` + settlementColumns + ` FROM settlements WHERE state <> 'settled' ORDER BY window_date, partner LIMIT $1`
)

// SaveSettlements implements [settlement.Store].
func (s *Store) SaveSettlements(ctx context.Context, all []settlement.Settlement) error {
	if len(all) == 0 {
		return nil
	}
	told := told{outbox: &s.outbox}
	for i := range all {
		one := &all[i]
		if one.ID != settlement.ID(one.Window, one.Partner) || one.Position.Partner != one.Partner || one.Position.Window != one.Window {
			return fmt.Errorf("sqlstore: settlement %q is not that of partner %q, window %s", one.ID, one.Partner, one.Window)
		}
		if err := told.settlement(one); err != nil {
			return err
		}
		args, err := settlementArgs(one)
		if err != nil {
			return err
		}
		told.statements = append(told.statements, stmt(deleteSettlement, one.ID), stmt(insertSettlement, args...))
	}
	_, err := s.writer.do(ctx, told.statements...)
	if err == nil {
		told.notify()
	}
	return err
}

// settlementDetail is what is only shown, as JSON.
type settlementDetail struct {
	Figures  ledger.SettlementFigures `json:"figures"`
	Breaks   ledger.SettlementBreaks  `json:"breaks"`
	Channels []netting.Line           `json:"channels"`
	Marks    []ledger.SettlementMark  `json:"marks"`
}

func settlementArgs(s *settlement.Settlement) ([]any, error) {
	detail, err := json.Marshal(settlementDetail{s.Figures, s.Breaks, s.Channels, s.Marks})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: settlement %s: %w", s.ID, err)
	}
	args := make([]any, 0, settlementWidth)
	args = append(args, s.ID, s.Partner, int64(s.Window), string(s.State))
	for _, f := range flows(&s.Position) {
		args = append(args, f.Count, f.From, f.To, f.EPT, f.Fee, f.Value)
	}
	return append(args, s.Lines, s.Digest[:], s.File, s.UpdatedAt, s.Position.Adjusted.Count, s.Position.Adjusted.Value, string(detail)), nil
}

func flows(p *ledger.Position) [4]*ledger.Flow {
	return [4]*ledger.Flow{&p.In, &p.Out, &p.ReversedIn, &p.ReversedOut}
}

// Settlement implements [settlement.Store].
func (s *Store) Settlement(ctx context.Context, id string) (*settlement.Settlement, error) {
	return one(ctx, s.reader, scanSettlement, settlement.ErrNotFound, selectSettlement, id)
}

// Settlements implements [settlement.Store].
func (s *Store) Settlements(ctx context.Context, partner, before string, limit int) ([]*settlement.Settlement, error) {
	window, after := ledger.Date(1<<31-1), ""
	if before != "" {
		date, code, ok := strings.Cut(before, ".")
		w, err := ledger.ParseDate(date)
		if err != nil || !ok {
			return nil, fmt.Errorf("sqlstore: %q is not the ID of a settlement, such as 2026-11-21.sky", before)
		}
		window, after = w, code
	}
	if partner == "" {
		return list(ctx, s.reader, scanSettlement, selectSettlements, int64(window), int64(window), after, int64(max(limit, 0)))
	}
	return list(ctx, s.reader, scanSettlement, selectSettlementsOfPartner,
		partner, int64(window), int64(window), after, int64(max(limit, 0)))
}

// Unsettled implements [signing.Store].
func (s *Store) Unsettled(ctx context.Context, limit int) ([]*settlement.Settlement, error) {
	return list(ctx, s.reader, scanSettlement, selectUnsettled, int64(max(limit, 0)))
}

func scanSettlement(row scanner) (*settlement.Settlement, error) {
	var s settlement.Settlement
	var window natural
	var state, detail string
	dest := make([]any, 0, settlementWidth)
	dest = append(dest, &s.ID, &s.Partner, &window, &state)
	for _, f := range flows(&s.Position) {
		dest = append(dest, (*natural)(&f.Count), (*natural)(&f.From), (*natural)(&f.To),
			(*natural)(&f.EPT), (*natural)(&f.Fee), (*natural)(&f.Value))
	}
	dest = append(dest, (*natural)(&s.Lines), (*hashColumn)(&s.Digest), &s.File, (*natural)(&s.UpdatedAt),
		(*natural)(&s.Position.Adjusted.Count), &s.Position.Adjusted.Value, &detail)
	if err := row.Scan(dest...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		return nil, fmt.Errorf("sqlstore: settlement %s: %w", s.ID, err)
	}
	if s.State = settlement.State(state); !slices.Contains(settlement.States(), s.State) {
		return nil, fmt.Errorf("sqlstore: settlement %s: column state: unknown state %q", s.ID, state)
	}
	var d settlementDetail
	if err := json.Unmarshal([]byte(detail), &d); err != nil {
		return nil, fmt.Errorf("sqlstore: settlement %s: column detail: %w", s.ID, err)
	}
	s.Figures, s.Breaks, s.Channels, s.Marks = d.Figures, d.Breaks, d.Channels, d.Marks
	s.Window = ledger.Date(window)
	s.Position.Partner, s.Position.Window = s.Partner, s.Window
	return &s, nil
}
