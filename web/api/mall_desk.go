package api

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) listCategories(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	found, err := a.o.Mall.Categories(r.context())
	if err != nil {
		return reply{}, err
	}
	out := MallCategoryList{Categories: make([]MallCategoryDetail, 0, len(found))}
	for _, c := range found {
		out.Categories = append(out.Categories, *renderCategory(c))
	}
	return ok(&out), nil
}

func renderCategory(c *mall.Category) *MallCategoryDetail {
	return &MallCategoryDetail{ID: c.ID, Name: renderText(c.Name), Shelf: int(c.Shelf), Version: c.Version}
}

func (a *API) saveCategory(r *request, b MallCategoryChange) (reply, error) {
	c := &mall.Category{ID: r.c.Param("category_id"), Name: readText(b.Name), Shelf: int64(b.Shelf), Version: b.Version + 1}
	if err := a.o.Mall.SaveCategory(r.context(), r.party.Client, c); err != nil {
		return reply{}, err
	}
	return ok(renderCategory(c)), nil
}

func (a *API) proposeProduct(r *request, b MallProposalRequest) (reply, error) {
	p, err := a.proposed(r, &b)
	if err != nil {
		return reply{}, err
	}
	x, err := a.o.Mall.Propose(r.context(), r.party.Client, p, b.Note)
	if err != nil {
		return reply{}, err
	}
	return created("/v1/product_proposals/"+x.ID.String(), a.renderProposal(x)), nil
}

func (a *API) proposed(r *request, b *MallProposalRequest) (*mall.Product, error) {
	switch {
	case b.Product != nil && b.Change == nil && b.ProductID == "":
		return b.Product.product()
	case b.Product == nil && b.Change != nil && b.ProductID != "":
		return a.changed(r, b.ProductID, b.Change)
	}
	return nil, problem.Invalid(problem.At("", "one_of", "has either product, or product_id and change"))
}

func (a *API) renderProposal(x *mall.Proposal) *MallProposal {
	p := x.Product
	return &MallProposal{ID: x.ID.String(), State: MallProposalState(x.State), Maker: x.Maker, Note: x.Note, ProposedAt: at(x.At), Checker: x.Checker,
		Reason: x.Reason, DecidedAt: at(x.DecidedAt), Product: *a.renderProduct(&mall.Shown{Product: p, Offers: p.Offers("", ""), Available: -1})}
}

func (a *API) listProposals(r *request) (reply, error) {
	query, err := r.query("state", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	state, wrong := oneOf(query, "state", "proposed", "approved", "rejected")
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	found, err := a.o.Mall.Proposals(r.context(), mall.ProposalState(state), page.afterID(), page.limit)
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(x *mall.Proposal) (MallProposal, ledger.ID) { return *a.renderProposal(x), x.ID },
		func(items []MallProposal, next string) any {
			return &MallProposalPage{Proposals: items, NextCursor: next}
		}), nil
}

func (a *API) getProposal(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	return a.proposalReply(a.o.Mall.Proposal(r.context(), id))
}

func (a *API) approveProposal(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	return a.proposalReply(a.o.Mall.Approve(r.context(), r.party.Client, id))
}

func (a *API) rejectProposal(r *request, b MallRejection) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	return a.proposalReply(a.o.Mall.Reject(r.context(), r.party.Client, id, b.Reason))
}

func (a *API) proposalReply(x *mall.Proposal, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(a.renderProposal(x)), nil
}

// pictureTypes are what a picture may say that it is; its content decides.
var pictureTypes = []string{"image/png", "image/jpeg", "image/webp"}

func (a *API) addPicture(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	media := r.c.Request.Header.Get("Content-Type")
	if !slices.Contains(pictureTypes, media) {
		media = pictureTypes[0]
	}
	content, p := jsonbody.ReadMost(r.c.Writer, r.c.Request, media, mall.PictureMax)
	if p != nil {
		return reply{}, p
	}
	picture, err := a.o.Mall.AddPicture(r.context(), r.party.Client, content)
	if err != nil {
		return reply{}, err
	}
	return created("", &MallPicture{ID: picture.ID, MediaType: picture.Media}), nil
}
