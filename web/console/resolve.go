package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// attachMax bounds a form with an attachment: the file and what stands around it.
const attachMax = desk.AttachmentMax + 64<<10

// onBreak carries out a form about a case at the version at which it was seen,
// and leads back to the case. Who was slower than a colleague sees what changed
// and keeps what was typed.
func (c *Console) onBreak(v *visit, form, word string, do func(id string, version int64) error) error {
	id := v.r.PathValue("id")
	version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	if err != nil {
		return errNotFound // no form of ours lacks it
	}
	err = do(id, version)
	if err == nil {
		return c.done(v, "/breaks/"+id, word)
	}
	r := deskRefusal(err)
	if r == nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if r.Code == "changed" {
		status = http.StatusConflict
	}
	t := typed{Form: form, Text: v.r.PostForm.Get("text"), Value: v.r.PostForm.Get("value"), Action: v.r.PostForm.Get("action")}
	return c.breakPage(v, status, r, t, version)
}

func (c *Console) commentBreak(v *visit) error {
	return c.onBreak(v, "comment", "flash.commented", func(id string, version int64) error {
		_, err := c.o.Desk.Comment(v.r.Context(), v.person, id, version, text(v))
		return err
	})
}

func text(v *visit) string { return strings.TrimSpace(v.r.PostForm.Get("text")) }

func (c *Console) attachToBreak(v *visit) error {
	return c.onBreak(v, "attach", "flash.attached", func(id string, version int64) error {
		name, file, err := upload(v, desk.AttachmentMax)
		if err != nil {
			return err
		}
		_, err = c.o.Desk.Attach(v.r.Context(), v.person, id, version, name, file)
		return err
	})
}

// upload reads the file of a form.
func upload(v *visit, most int64) (string, []byte, error) {
	file, header, err := v.r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return "", nil, fmt.Errorf("%w: there is no file", desk.ErrInvalid)
	}
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	return fileName(header.Filename, desk.NameMax), b, err
}

// fileName is a name without a folder, of at most so many bytes.
func fileName(name string, most int) string {
	name = strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), "_")
	for len(name) > most {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// assignBreak gives a case to somebody of the utility, with a date.
func (c *Console) assignBreak(v *visit) error {
	return c.onBreak(v, "assign", "flash.assigned", func(id string, version int64) error {
		owner := desk.Person{}
		if to := v.r.PostForm.Get("owner"); to != "" {
			if err := c.knownColleague(v, to); err != nil {
				return err
			}
			owner.ID = to
		}
		due := ledger.Date(0)
		if text := v.r.PostForm.Get("due"); text != "" {
			var err error
			if due, err = ledger.ParseDate(text); err != nil {
				return errors.Join(desk.ErrInvalid, err)
			}
		}
		_, err := c.o.Desk.Assign(v.r.Context(), v.person, id, version, owner, due)
		return err
	})
}

// knownColleague refuses to give a case to somebody who could not work on it.
func (c *Console) knownColleague(v *visit, id string) error {
	users, err := c.o.Service.Users(v.r.Context(), "")
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.ID.String() == id && u.DisabledAt == 0 && u.Has(deciders...) {
			return nil
		}
	}
	return desk.ErrInvalid
}

func (c *Console) proposeResolution(v *visit) error {
	return c.onBreak(v, "propose", "flash.proposed", func(id string, version int64) error {
		p := desk.Proposal{Action: desk.Action(v.r.PostForm.Get("action")), Reason: text(v)}
		if p.Action == desk.Adjust || p.Action == desk.WriteOff {
			var err error
			if p.Value, err = millionths(v.r.PostForm.Get("value")); err != nil {
				return err
			}
		}
		_, err := c.o.Desk.Propose(v.r.Context(), v.person, id, version, p)
		return err
	})
}

// millionths reads yuan as people type them: 1,234.50, −3 or ¥2.
func millionths(text string) (int64, error) {
	text = strings.NewReplacer(",", "", "，", "", "−", "-", "－", "-", "¥", "", "￥", "", "CNY", "", " ", "").Replace(text)
	if len(text) > 24 || strings.ContainsAny(text, "eE") {
		return 0, desk.ErrInvalid
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return 0, desk.ErrInvalid
	}
	d = d.Shift(6)
	if !d.IsInteger() || !d.BigInt().IsInt64() {
		return 0, desk.ErrInvalid
	}
	return d.BigInt().Int64(), nil
}

func (c *Console) approveResolution(v *visit) error {
	return c.onBreak(v, "approve", "flash.approved", func(id string, version int64) error {
		_, err := c.o.Desk.Approve(v.r.Context(), v.person, id, version)
		return err
	})
}

func (c *Console) declineResolution(v *visit) error {
	return c.onBreak(v, "decline", "flash.declined", func(id string, version int64) error {
		_, err := c.o.Desk.Decline(v.r.Context(), v.person, id, version, text(v))
		return err
	})
}

// answerAdjustment accepts or rejects, for the partner, an adjustment on the
// ledger.
func (c *Console) answerAdjustment(v *visit) error {
	company, ok := c.o.Registry.Partner(v.person.Company)
	if !ok {
		return errNotFound
	}
	accept, word := v.r.PostForm.Get("do") == "accept", "flash.adjustment_rejected"
	if accept {
		word = "flash.adjustment_accepted"
	}
	return c.onBreak(v, "answer", word, func(id string, version int64) error {
		one, err := c.o.Desk.Case(v.r.Context(), v.person, id)
		if err == nil && one.Version != version {
			err = desk.ErrChanged
		}
		if err == nil {
			_, err = c.o.Desk.Answer(v.r.Context(), v.person, ledger.Identity{MSP: company.MSP, Subject: v.person.ID}, id, accept, text(v))
		}
		return err
	})
}
