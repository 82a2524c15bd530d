package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// File is a file of conversions as it stands.
type File struct {
	ID           string `json:"id"`
	State        string `json:"state"` // uploading, processing, finished or expired
	UploadOffset int64  `json:"upload_offset"`
	Lines        int64  `json:"lines"` // line ends in the file, once it is complete
	LinesRead    int64  `json:"lines_read"`
	Succeeded    int64  `json:"succeeded"`
	Repeated     int64  `json:"repeated"` // had been converted before
	Failed       int64  `json:"failed"`
	Held         int64  `json:"held"` // wait for the utility's staff to look at them
	Percent      int    `json:"percent"`
}

const filesPath = "/v1/conversion_files/"

// Upload is a file to be sent.
type Upload struct {
	Format  string // csv or ndjson
	Name    string // for people; may be empty
	Content io.ReadSeeker
	// Piece is how many bytes are sent at a time; 0 is 8 MiB.
	Piece int64
	// Attempts is how often sending is tried without any progress; 0 is 5.
	Attempts int
}

const (
	pieceDefault    = 8 << 20
	attemptsDefault = 5
	// uploadPause is how long after a failure sending goes on.
	uploadPause = time.Second
)

// SendFile creates a file, sends its content and completes it. When a piece does
// not arrive it asks where to go on, and does.
func (c *Client) SendFile(ctx context.Context, u Upload) (*File, error) {
	body := map[string]string{"format": u.Format}
	if u.Name != "" {
		body["name"] = u.Name
	}
	var f File
	if _, err := c.Do(ctx, Request{Method: http.MethodPost, Path: "/v1/conversion_files", Body: body}, &f); err != nil {
		return nil, err
	}
	return c.ResumeFile(ctx, f.ID, u)
}

// ResumeFile goes on sending a file that was created before, by this program or
// an earlier one, and completes it.
func (c *Client) ResumeFile(ctx context.Context, id string, u Upload) (*File, error) {
	u.Piece, u.Attempts = cmp.Or(u.Piece, pieceDefault), cmp.Or(u.Attempts, attemptsDefault)
	bytes, digest, err := measure(u.Content)
	if err != nil {
		return nil, err
	}
	for offset, failed := unknown, 0; offset < bytes; {
		sent, err := c.sendOn(ctx, id, offset, u)
		if err == nil {
			offset, failed = sent, 0
			continue
		}
		if failed++; final(err) || failed == u.Attempts {
			return nil, err
		}
		offset = unknown
		if err := sleep(ctx, uploadPause); err != nil {
			return nil, err
		}
	}
	var f File
	complete := Request{Method: http.MethodPost, Path: filesPath + id + "/complete", Body: map[string]any{"bytes": bytes, "sha256": digest}}
	_, err = c.Do(ctx, complete, &f)
	return &f, err
}

const unknown = int64(-1) // offset

// sendOn sends the next piece, or asks for the offset when it is not known.
func (c *Client) sendOn(ctx context.Context, id string, offset int64, u Upload) (int64, error) {
	if offset == unknown {
		f, err := c.File(ctx, id)
		if err != nil {
			return 0, err
		}
		return f.UploadOffset, nil
	}
	if _, err := u.Content.Seek(offset, io.SeekStart); err != nil {
		return 0, fmt.Errorf("client: content: %w", err)
	}
	piece, err := io.ReadAll(io.LimitReader(u.Content, u.Piece))
	if err != nil {
		return 0, fmt.Errorf("client: content: %w", err)
	}
	resp, err := c.Do(ctx, Request{Method: http.MethodPatch, Path: filesPath + id, Body: piece,
		Header: http.Header{"Content-Type": {"application/partial-upload"}, "Upload-Offset": {strconv.FormatInt(offset, 10)}}}, nil)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
}

// final reports whether to send again would not help.
func final(err error) bool {
	var p *Problem
	if !errors.As(err, &p) {
		return false
	}
	again := p.Status >= 500 || p.Status == http.StatusRequestTimeout || p.Code == "upload_offset_mismatch" || p.Code == "upload_in_use"
	return !again
}

// measure returns how much there is from the beginning, and its SHA-256.
func measure(content io.ReadSeeker) (bytes int64, digest string, err error) {
	if _, err = content.Seek(0, io.SeekStart); err != nil {
		return 0, "", fmt.Errorf("client: content: %w", err)
	}
	sum := sha256.New()
	if bytes, err = io.Copy(sum, content); err != nil {
		return 0, "", fmt.Errorf("client: content: %w", err)
	}
	return bytes, hex.EncodeToString(sum.Sum(nil)), nil
}

// File returns a file as it stands.
func (c *Client) File(ctx context.Context, id string) (*File, error) {
	var f File
	_, err := c.Do(ctx, Request{Method: http.MethodGet, Path: filesPath + id}, &f)
	return &f, err
}

// AwaitFile asks from time to time until a file is finished, and tells progress,
// unless that is nil, how far it is.
func (c *Client) AwaitFile(ctx context.Context, id string, every time.Duration, progress func(*File)) (*File, error) {
	for {
		f, err := c.File(ctx, id)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(f)
		}
		if f.State != "processing" {
			return f, nil
		}
		if err := sleep(ctx, every); err != nil {
			return nil, err
		}
	}
}

// FileResults writes the results of a finished file, one line for each of its
// own and in its format.
func (c *Client) FileResults(ctx context.Context, id string, to io.Writer) error {
	req, resp, err := c.call(ctx, Request{Method: http.MethodGet, Path: filesPath + id + "/results"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		_, err = understand(req, resp, body, nil)
		return err
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		return fmt.Errorf("client: results: %w", err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
