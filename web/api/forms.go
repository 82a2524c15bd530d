package api

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-playground/validator/v10"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/web/jsonbody"
)

// conversionBody is a ConversionRequest of the document, whose two alternatives
// it holds side by side.
type conversionBody struct {
	QuoteID     *string `json:"quote_id" validate:"omitempty,id"`
	Source      *string `json:"source" validate:"required_without=QuoteID,excluded_with=QuoteID,omitempty,programme"`
	Destination *string `json:"destination" validate:"required_without=QuoteID,excluded_with=QuoteID,omitempty,programme"`
	Amount      *string `json:"amount" validate:"required_without=QuoteID,excluded_with=QuoteID,omitempty,amount"`
	LinkID      string  `json:"link_id" validate:"required,id"`
	Reference   *string `json:"reference" validate:"omitempty,reference"`
}

// forms are the bodies of the document.
type forms struct {
	quote      *jsonbody.Form[QuoteRequest]
	conversion *jsonbody.Form[conversionBody]
	batchItem  *jsonbody.Form[batchItem]
	batch      *jsonbody.List[batchItem]
	reversal   *jsonbody.Form[ReversalRequest]
	terms      *jsonbody.Form[Terms]
	acceptance *jsonbody.Form[Acceptance]
	rejection  *jsonbody.Form[Rejection]
	link       *jsonbody.Form[LinkRequest]
	clock      *jsonbody.Form[ClockRequest]
	file       *jsonbody.Form[ConversionFileRequest]
	completion *jsonbody.Form[ConversionFileCompletion]

	decision   *jsonbody.Form[SettlementAnswer]
	signature  *jsonbody.Form[SettlementSignature]
	order      explainedForm[PaymentOrderRequest]
	withdrawal *jsonbody.Form[PaymentWithdrawal]

	webhookEndpoint explainedForm[WebhookEndpointRequest]
	webhookChange   explainedForm[WebhookEndpointChange]
	webhookRotation explainedForm[WebhookRotation]
	webhookReplay   explainedForm[WebhookReplay]

	comment explainedForm[CaseComment]
	answer  explainedForm[AdjustmentAnswer]

	rewardEvent        *jsonbody.Form[RewardEventRequest]
	rewardEvents       *jsonbody.List[RewardEventRequest]
	rewardCancellation *jsonbody.Form[RewardCancellation]
	memberErasure      *jsonbody.Form[MemberErasureRequest]
	rewardTerms        explainedForm[RewardTerms]
	rewardPreview      explainedForm[RewardPreviewRequest]
	memberRegistration explainedForm[MemberRegistration]

	product       explainedForm[MallProductRequest]
	productChange explainedForm[MallProductChange]
	stockChange   explainedForm[MallStockChange]
	codes         explainedForm[MallCodes]
	mallOrder     explainedForm[MallOrderRequest]
	dispatch      explainedForm[MallDispatch]
	returnGoods   explainedForm[MallReturnRequest]
	category      explainedForm[MallCategoryChange]
	proposal      explainedForm[MallProposalRequest]
	mallRejection explainedForm[MallRejection]
	claimGrant    explainedForm[MallClaimGrant]
	claimRefusal  explainedForm[MallClaimRefusal]

	dispute           explainedForm[DisputeRequest]
	disputeMessage    explainedForm[DisputeMessage]
	disputeResolution explainedForm[DisputeResolutionRequest]
	disputeApproval   explainedForm[DisputeApproval]
	disputeRejection  explainedForm[DisputeRejection]
	accountAction     explainedForm[AccountActionRequest]
	actionApproval    explainedForm[AccountActionApproval]
	supportReason     explainedForm[SupportReason]

	client       *jsonbody.Form[ClientRequest]
	clientChange *jsonbody.Form[ClientChange]
	key          *jsonbody.Form[ClientKeyRequest]
	retirement   *jsonbody.Form[KeyRetirement]
}

func newForms() (*forms, error) {
	s, err := loadSchemas()
	if err != nil {
		return nil, err
	}
	checks, err := newChecks()
	if err != nil {
		return nil, err
	}
	f := &forms{}
	var errs [15]error
	f.quote, errs[0] = jsonbody.NewForm[QuoteRequest](checks, s.always("QuoteRequest"))
	f.conversion, errs[1] = jsonbody.NewForm[conversionBody](checks, s.conversion())
	f.reversal, errs[2] = jsonbody.NewForm[ReversalRequest](checks, s.always("ReversalRequest"))
	f.terms, errs[3] = newTermsForm(checks, s)
	f.acceptance, errs[4] = jsonbody.NewForm[Acceptance](checks, s.always("Acceptance"))
	f.rejection, errs[5] = jsonbody.NewForm[Rejection](checks, s.always("Rejection"))
	f.link, errs[6] = jsonbody.NewForm[LinkRequest](checks, s.always("LinkRequest"))
	f.clock, errs[7] = jsonbody.NewForm[ClockRequest](checks, s.always("ClockRequest"))
	f.batchItem, errs[8] = jsonbody.NewForm[batchItem](checks, s.batchItem())
	f.client, errs[9] = jsonbody.NewForm[ClientRequest](checks, s.always("ClientRequest"))
	f.clientChange, errs[10] = jsonbody.NewForm[ClientChange](checks, s.always("ClientChange"))
	f.key, errs[11] = jsonbody.NewForm[ClientKeyRequest](checks, s.always("ClientKeyRequest"))
	f.retirement, errs[12] = jsonbody.NewForm[KeyRetirement](checks, s.always("KeyRetirement"))
	f.batch = jsonbody.NewList("conversions", exchange.ManyMax, f.batchItem)
	f.file, errs[13] = jsonbody.NewForm[ConversionFileRequest](checks, s.always("ConversionFileRequest"))
	f.completion, errs[14] = jsonbody.NewForm[ConversionFileCompletion](checks, s.always("ConversionFileCompletion"))
	return f, errors.Join(errors.Join(errs[:]...), f.addWebhooks(s), f.addBreaks(s), f.addSigning(checks, s), f.addRewards(checks, s), f.addMall(s), f.addSupport(s))
}

func (f *forms) addWebhooks(s schemas) error {
	var errs [4]error
	f.webhookEndpoint, errs[0] = newExplainedForm[WebhookEndpointRequest](s, "WebhookEndpointRequest")
	f.webhookChange, errs[1] = newExplainedForm[WebhookEndpointChange](s, "WebhookEndpointChange")
	f.webhookRotation, errs[2] = newExplainedForm[WebhookRotation](s, "WebhookRotation")
	f.webhookReplay, errs[3] = newExplainedForm[WebhookReplay](s, "WebhookReplay")
	return errors.Join(errs[:]...)
}

func (f *forms) addSigning(checks *validator.Validate, s schemas) error {
	var errs [4]error
	f.decision, errs[0] = jsonbody.NewForm[SettlementAnswer](checks, s.always("SettlementAnswer"))
	f.signature, errs[1] = jsonbody.NewForm[SettlementSignature](checks, s.always("SettlementSignature"))
	f.order, errs[2] = newExplainedForm[PaymentOrderRequest](s, "PaymentOrderRequest")
	f.withdrawal, errs[3] = jsonbody.NewForm[PaymentWithdrawal](checks, s.always("PaymentWithdrawal"))
	return errors.Join(errs[:]...)
}

func (f *forms) addBreaks(s schemas) (err error) {
	var second error
	f.comment, err = newExplainedForm[CaseComment](s, "CaseComment")
	f.answer, second = newExplainedForm[AdjustmentAnswer](s, "AdjustmentAnswer")
	return errors.Join(err, second)
}

func (f *forms) addRewards(checks *validator.Validate, s schemas) error {
	var errs [6]error
	f.memberErasure, errs[5] = jsonbody.NewForm[MemberErasureRequest](checks, s.always("MemberErasureRequest"))
	f.rewardEvent, errs[0] = jsonbody.NewForm[RewardEventRequest](checks, s.always("RewardEventRequest"))
	f.rewardEvents = jsonbody.NewList("events", rewardEventsMax, f.rewardEvent)
	f.rewardCancellation, errs[1] = jsonbody.NewForm[RewardCancellation](checks, s.always("RewardCancellation"))
	f.rewardTerms, errs[2] = newExplainedForm[RewardTerms](s, "RewardTerms")
	f.rewardPreview, errs[3] = newExplainedForm[RewardPreviewRequest](s, "RewardPreviewRequest")
	f.memberRegistration, errs[4] = newExplainedForm[MemberRegistration](s, "MemberRegistration")
	return errors.Join(errs[:]...)
}

func (f *forms) addMall(s schemas) error {
	var errs [12]error
	f.product, errs[0] = newExplainedForm[MallProductRequest](s, "MallProductRequest")
	f.productChange, errs[1] = newExplainedForm[MallProductChange](s, "MallProductChange")
	f.stockChange, errs[2] = newExplainedForm[MallStockChange](s, "MallStockChange")
	f.codes, errs[3] = newExplainedForm[MallCodes](s, "MallCodes")
	f.mallOrder, errs[4] = newExplainedForm[MallOrderRequest](s, "MallOrderRequest")
	f.dispatch, errs[5] = newExplainedForm[MallDispatch](s, "MallDispatch")
	f.returnGoods, errs[6] = newExplainedForm[MallReturnRequest](s, "MallReturnRequest")
	f.category, errs[7] = newExplainedForm[MallCategoryChange](s, "MallCategoryChange")
	f.proposal, errs[8] = newExplainedForm[MallProposalRequest](s, "MallProposalRequest")
	f.mallRejection, errs[9] = newExplainedForm[MallRejection](s, "MallRejection")
	f.claimGrant, errs[10] = newExplainedForm[MallClaimGrant](s, "MallClaimGrant")
	f.claimRefusal, errs[11] = newExplainedForm[MallClaimRefusal](s, "MallClaimRefusal")
	return errors.Join(errs[:]...)
}

func newTermsForm(checks *validator.Validate, s schemas) (*jsonbody.Form[Terms], error) {
	return jsonbody.NewForm[Terms](checks, s.always("Terms"))
}

// schemas are the document's.
type schemas openapi3.Schemas

// loadSchemas reads the document, which is part of the program, once.
var loadSchemas = sync.OnceValues(func() (schemas, error) {
	raw, err := openapi.Document(openapi.Exchange)
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("api: %s: %w", openapi.Exchange, err)
	}
	return schemas(document.Components.Schemas), nil
})

func (s schemas) always(name string) func(map[string]any) *openapi3.Schema {
	schema := s[name].Value
	return func(map[string]any) *openapi3.Schema { return schema }
}

// conversion takes a body that names a quote for one under a quote, so that the
// explanation is about the alternative that was meant.
func (s schemas) conversion() func(map[string]any) *openapi3.Schema {
	byQuote, byRate := s["ConversionByQuote"].Value, s["ConversionByRate"].Value
	return func(body map[string]any) *openapi3.Schema {
		if _, quoted := body["quote_id"]; quoted {
			return byQuote
		}
		return byRate
	}
}

// batchItem is as conversion, for an item that has one in it.
func (s schemas) batchItem() func(map[string]any) *openapi3.Schema {
	choose, byQuote, byRate := s.conversion(), *s["ConversionBatchItem"].Value, *s["ConversionBatchItem"].Value
	for item, name := range map[*openapi3.Schema]string{&byQuote: "ConversionByQuote", &byRate: "ConversionByRate"} {
		item.Properties = maps.Clone(item.Properties)
		item.Properties["conversion"] = s[name]
	}
	return func(body map[string]any) *openapi3.Schema {
		conversion, _ := body["conversion"].(map[string]any)
		if choose(conversion) == s["ConversionByQuote"].Value {
			return &byQuote
		}
		return &byRate
	}
}
