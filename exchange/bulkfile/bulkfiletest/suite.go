package bulkfiletest

import (
	"context"
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

// RunStore checks that a store keeps the promises of [bulkfile.Store]. open
// returns an empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) bulkfile.Store) {
	suite.Run(t, open, suite.Promises[bulkfile.Store]{
		{"a file comes back as it was", roundTrip},
		{"an update changes what can change and nothing else", update},
		{"what is not there is not found", notFound},
		{"one content is one file of a partner", known},
		{"files are paged newest first", pages},
		{"open files are paged in ascending order", openPages},
	})
}

func id(n int) ledger.ID {
	var random [10]byte
	binary.BigEndian.PutUint32(random[6:], uint32(n))
	return ledger.NewID(time.UnixMilli(1_770_000_000_000+int64(n)), random)
}

func file(n int) *bulkfile.File {
	return &bulkfile.File{ID: id(n), Party: exchange.Party{Client: "tele-1", Partner: "tele"}, Name: "积分 day 1", Format: bulkfile.NDJSON,
		Source: "TELE", Destination: "EPT", State: bulkfile.Uploading, CreatedAt: 1_770_000_000_000, Progress: bulkfile.Progress{UpdatedAt: 1_770_000_000_000}}
}

// done sets every field that can change.
func done(f *bulkfile.File) *bulkfile.File {
	f = f.Clone()
	f.State, f.Bytes, f.Lines, f.Digest = bulkfile.Finished, 1234, 12, ledger.Hash{1, 31: byte(f.ID[15])}
	f.Progress = bulkfile.Progress{Position: 1234, Line: 12, Succeeded: 6, Repeated: 3, Failed: 2, Held: 1, ResultBytes: 999, UpdatedAt: 1_770_000_000_500}
	f.CompletedAt, f.FinishedAt = 1_770_000_000_100, 1_770_000_000_500
	return f
}

func wantStored(t *testing.T, s bulkfile.Store, want *bulkfile.File) {
	t.Helper()
	got, err := s.File(context.Background(), want.ID)
	suite.Must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func roundTrip(t *testing.T, s bulkfile.Store) {
	f := file(1)
	suite.Must(t, s.CreateFile(context.Background(), f))
	wantStored(t, s, f)
}

func update(t *testing.T, s bulkfile.Store) {
	ctx := context.Background()
	f, other := file(1), file(2)
	suite.Must(t, s.CreateFile(ctx, f))
	suite.Must(t, s.CreateFile(ctx, other))
	want := done(f)
	suite.Must(t, s.UpdateFile(ctx, want))
	wantStored(t, s, want)
	tampered := want.Clone()
	tampered.Name, tampered.Party.Client, tampered.Source, tampered.CreatedAt, tampered.Offset = "x", "x", "X", 1, 5
	suite.Must(t, s.UpdateFile(ctx, tampered))
	wantStored(t, s, want)
	wantStored(t, s, other)
}

func notFound(t *testing.T, s bulkfile.Store) {
	ctx := context.Background()
	_, err := s.File(ctx, id(9))
	suite.WantErr(t, "File", err, bulkfile.ErrNotFound)
	_, err = s.FileByDigest(ctx, "tele", ledger.Hash{7})
	suite.WantErr(t, "FileByDigest", err, bulkfile.ErrNotFound)
	suite.WantErr(t, "UpdateFile", s.UpdateFile(ctx, file(9)), bulkfile.ErrNotFound)
	suite.WantErr(t, "DeleteFile", s.DeleteFile(ctx, id(9)), bulkfile.ErrNotFound)
	suite.Must(t, s.CreateFile(ctx, file(1)))
	suite.Must(t, s.DeleteFile(ctx, id(1)))
	_, err = s.File(ctx, id(1))
	suite.WantErr(t, "File of one that was deleted", err, bulkfile.ErrNotFound)
}

func known(t *testing.T, s bulkfile.Store) {
	ctx := context.Background()
	first, second, others := file(1), file(2), file(3)
	others.Party.Partner = "cafe"
	for _, f := range []*bulkfile.File{first, second, others} {
		suite.Must(t, s.CreateFile(ctx, f))
	}
	content := ledger.Hash{42}
	for _, f := range []*bulkfile.File{first, others} {
		f.Digest, f.State = content, bulkfile.Processing
		suite.Must(t, s.UpdateFile(ctx, f))
		suite.Must(t, s.UpdateFile(ctx, f))
	}
	got, err := s.FileByDigest(ctx, "tele", content)
	suite.Must(t, err)
	if got.ID != first.ID {
		t.Errorf("found %s, want %s", got.ID, first.ID)
	}
	again := second.Clone()
	again.Digest, again.State = content, bulkfile.Processing
	suite.WantErr(t, "the same content", s.UpdateFile(ctx, again), bulkfile.ErrKnown)
	wantStored(t, s, second)
}

func ids(all []*bulkfile.File) (list []ledger.ID) {
	for _, f := range all {
		list = append(list, f.ID)
	}
	return list
}

func wantIDs(t *testing.T, what string, got []*bulkfile.File, want ...int) {
	t.Helper()
	var list []ledger.ID
	for _, n := range want {
		list = append(list, id(n))
	}
	if !reflect.DeepEqual(ids(got), list) {
		t.Errorf("%s: %v, want %v", what, ids(got), list)
	}
}

func pages(t *testing.T, s bulkfile.Store) {
	ctx := context.Background()
	for n := 1; n <= 6; n++ {
		f := file(n)
		if n == 4 {
			f.Party.Partner = "cafe"
		}
		suite.Must(t, s.CreateFile(ctx, f))
	}
	first, err := s.Files(ctx, "tele", ledger.ID{}, 3)
	suite.Must(t, err)
	wantIDs(t, "the first page", first, 6, 5, 3)
	second, err := s.Files(ctx, "tele", id(3), 3)
	suite.Must(t, err)
	wantIDs(t, "the second", second, 2, 1)
	all, err := s.Files(ctx, "", ledger.ID{}, 10)
	suite.Must(t, err)
	wantIDs(t, "everybody's", all, 6, 5, 4, 3, 2, 1)
}

func openPages(t *testing.T, s bulkfile.Store) {
	ctx := context.Background()
	for n := 1; n <= 5; n++ {
		f := file(n)
		suite.Must(t, s.CreateFile(ctx, f))
		switch n {
		case 2:
			suite.Must(t, s.UpdateFile(ctx, done(f)))
		case 3:
			f.State = bulkfile.Processing
			suite.Must(t, s.UpdateFile(ctx, f))
		case 4:
			f.State = bulkfile.Expired
			suite.Must(t, s.UpdateFile(ctx, f))
		}
	}
	first, err := s.OpenFiles(ctx, ledger.ID{}, 2)
	suite.Must(t, err)
	wantIDs(t, "the first page", first, 1, 3)
	second, err := s.OpenFiles(ctx, id(3), 2)
	suite.Must(t, err)
	wantIDs(t, "the second", second, 5)
}
