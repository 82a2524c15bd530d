package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

const filesPath = "/v1/conversion_files/"

func (a *API) createFile(r *request, body ConversionFileRequest) (reply, error) {
	if err := r.unsigned(); err != nil {
		return reply{}, err
	}
	name := ""
	if body.Name != nil {
		name = *body.Name
	}
	f, err := a.o.Files.Create(r.context(), r.party, bulkfile.Format(body.Format), name)
	if err != nil {
		return reply{}, err
	}
	return created(filesPath+f.ID.String(), renderFile(f)), nil
}

func (a *API) listFiles(r *request) (reply, error) {
	return listed(r, func(ctx context.Context, before ledger.ID, limit int) ([]*bulkfile.File, error) {
		return a.o.Files.Files(ctx, r.party, before, limit)
	}, func(f *bulkfile.File) (ConversionFile, ledger.ID) { return *renderFile(f), f.ID },
		func(files []ConversionFile, next string) any {
			return &ConversionFilePage{Files: files, NextCursor: next}
		})
}

// file finds the one in the path.
func (a *API) file(r *request) (*bulkfile.File, error) {
	id, err := r.only("id")
	if err != nil {
		return nil, err
	}
	return a.o.Files.File(r.context(), r.party, id)
}

// only returns the ID in the path of a request that takes no parameters.
func (r *request) only(name string) (ledger.ID, error) {
	if _, err := r.query(); err != nil {
		return ledger.ID{}, err
	}
	return r.id(name)
}

func (a *API) getFile(r *request) (reply, error) {
	f, err := a.file(r)
	if err != nil {
		return reply{}, err
	}
	return ok(renderFile(f)).at(f.Offset), nil
}

// headFile is getFile without the body.
func (a *API) headFile(r *request) (reply, error) {
	f, err := a.file(r)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}.at(f.Offset), nil
}

// at adds where the next piece of a file is to be appended.
func (r reply) at(offset int64) reply {
	r.offset = &offset
	return r
}

func (a *API) completeFile(r *request, body ConversionFileCompletion) (reply, error) {
	if err := r.unsigned(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	var digest ledger.Hash
	if err := digest.UnmarshalText([]byte(body.Sha256)); err != nil {
		return reply{}, problem.Invalid(problem.At("/sha256", "pattern", "must be 64 hexadecimal digits in lower case"))
	}
	f, err := a.o.Files.Complete(r.context(), r.party, id, body.Bytes, digest)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: renderFile(f)}, nil
}

func (a *API) deleteFile(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, a.o.Files.Discard(r.context(), r.party, id)
}

func renderFile(f *bulkfile.File) *ConversionFile {
	self := filesPath + f.ID.String()
	out := &ConversionFile{ID: f.ID.String(), Name: f.Name, Format: ConversionFileFormat(f.Format), Source: f.Source, Destination: f.Destination,
		State: ConversionFileState(f.State), UploadOffset: f.Offset, Lines: f.Lines, LinesRead: f.Line, Succeeded: f.Succeeded, Repeated: f.Repeated,
		Failed: f.Failed, Held: f.Held, Percent: int(f.Percent()), CreatedAt: at(f.CreatedAt), CompletedAt: at(f.CompletedAt), FinishedAt: at(f.FinishedAt),
		Links: ConversionFileLinks{Self: self}}
	if !f.Digest.IsZero() {
		out.Sha256 = f.Digest.String()
	}
	switch f.State {
	case bulkfile.Uploading:
		out.Links.Complete = self + "/complete"
	case bulkfile.Finished:
		out.Links.Results = self + "/results"
	}
	return out
}

const uploadOffset = "Upload-Offset"

// offset reads the header that says where a piece of a file belongs.
func (r *request) offset() (int64, error) {
	values := r.c.Request.Header[uploadOffset]
	if len(values) == 1 && len(values[0]) <= 15 && allDigits(values[0]) {
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, problem.Invalid(problem.Field{Header: uploadOffset, Code: "pattern",
		Detail: "must be there once, with the number of bytes that were sent before, in digits"})
}
