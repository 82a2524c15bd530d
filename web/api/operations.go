package api

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/partners"
)

// operation is one route of the document.
type operation struct {
	method string
	path   string // as gin writes it
	// open needs no token. Otherwise a token is needed, with the scope unless that
	// is empty.
	open  bool
	scope partners.Scope
	// limit is what a request counts as; byMethod if it says nothing.
	limit  class
	route  string // the path as the document has it
	handle func(r *request) (reply, error)
	// plain takes the place of handle for what is not an operation on resources.
	plain gin.HandlerFunc
}

func (a *API) operations() []operation {
	return append(slices.Concat(a.serviceOperations(), a.webhookOperations(), a.signingOperations(), a.rewardOperations(), a.mallOperations(), a.supportOperations()),
		operation{method: http.MethodPost, path: "/v1/quotes", scope: partners.ScopeQuotes, handle: withBody(a.forms.quote, saved(a, a.createQuote))},
		operation{method: http.MethodGet, path: "/v1/quotes/:id", scope: partners.ScopeQuotes, handle: a.getQuote},

		operation{method: http.MethodPost, path: "/v1/conversions", scope: partners.ScopeConversions, limit: converting, handle: withBody(a.forms.conversion, a.createConversion)},
		operation{method: http.MethodPost, path: "/v1/conversions/batch", scope: partners.ScopeConversions, limit: converting, handle: a.createBatch},
		operation{method: http.MethodGet, path: "/v1/conversions", scope: partners.ScopeConversions, handle: a.listConversions},
		operation{method: http.MethodGet, path: "/v1/conversions/:id", scope: partners.ScopeConversions, handle: a.getConversion},
		operation{method: http.MethodGet, path: "/v1/conversions/:id/receipt", scope: partners.ScopeConversions, handle: a.getReceipt},
		operation{method: http.MethodGet, path: "/v1/conversions/:id/evidence", scope: partners.ScopeConversions, handle: a.getEvidence},
		operation{method: http.MethodPost, path: "/v1/conversions/:id/reversals", scope: partners.ScopeConversions, limit: converting, handle: withBody(a.forms.reversal, a.createReversal)},
		operation{method: http.MethodGet, path: "/v1/conversions/:id/reversals", scope: partners.ScopeConversions, handle: a.listReversals},
		operation{method: http.MethodGet, path: "/v1/conversions/:id/reversals/:reversal_id", scope: partners.ScopeConversions, handle: a.getReversal},

		operation{method: http.MethodPost, path: "/v1/conversion_files", scope: partners.ScopeConversions, handle: withBody(a.forms.file, saved(a, a.createFile))},
		operation{method: http.MethodGet, path: "/v1/conversion_files", scope: partners.ScopeConversions, handle: a.listFiles},
		operation{method: http.MethodGet, path: "/v1/conversion_files/:id", scope: partners.ScopeConversions, handle: a.getFile},
		operation{method: http.MethodHead, path: "/v1/conversion_files/:id", scope: partners.ScopeConversions, handle: a.headFile},
		operation{method: http.MethodPatch, path: "/v1/conversion_files/:id", scope: partners.ScopeConversions, handle: a.appendFile},
		operation{method: http.MethodDelete, path: "/v1/conversion_files/:id", scope: partners.ScopeConversions, handle: a.deleteFile},
		operation{method: http.MethodPost, path: "/v1/conversion_files/:id/complete", scope: partners.ScopeConversions, handle: withBody(a.forms.completion, a.completeFile)},
		operation{method: http.MethodGet, path: "/v1/conversion_files/:id/results", scope: partners.ScopeConversions, handle: a.getResults},

		operation{method: http.MethodGet, path: "/v1/agreements", scope: partners.ScopeAgreements, handle: a.listAgreements},
		operation{method: http.MethodPost, path: "/v1/agreements", scope: partners.ScopeAgreements, handle: withBody(a.forms.terms, saved(a, a.proposeAgreement))},
		operation{method: http.MethodGet, path: "/v1/agreements/:id", scope: partners.ScopeAgreements, handle: a.getAgreement},
		operation{method: http.MethodPost, path: "/v1/agreements/:id/accept", scope: partners.ScopeAgreements, handle: withBody(a.forms.acceptance, saved(a, a.acceptAgreement))},
		operation{method: http.MethodPost, path: "/v1/agreements/:id/reject", scope: partners.ScopeAgreements, handle: withBody(a.forms.rejection, saved(a, a.rejectAgreement))},

		operation{method: http.MethodPost, path: "/v1/links", scope: partners.ScopeLinks, handle: withBody(a.forms.link, saved(a, a.createLink))},
		operation{method: http.MethodGet, path: "/v1/links", scope: partners.ScopeLinks, handle: a.listLinks},
		operation{method: http.MethodGet, path: "/v1/links/:id", scope: partners.ScopeLinks, handle: a.getLink},
		operation{method: http.MethodDelete, path: "/v1/links/:id", scope: partners.ScopeLinks, handle: a.endLink},

		operation{method: http.MethodGet, path: "/v1/clients", scope: partners.ScopeCredentials, handle: a.listClients},
		operation{method: http.MethodPost, path: "/v1/clients", scope: partners.ScopeCredentials, handle: withBody(a.forms.client, saved(a, a.createClient))},
		operation{method: http.MethodGet, path: "/v1/clients/:client_id", scope: partners.ScopeCredentials, handle: a.getClient},
		operation{method: http.MethodPatch, path: "/v1/clients/:client_id", scope: partners.ScopeCredentials, handle: withBody(a.forms.clientChange, a.changeClient)},
		operation{method: http.MethodGet, path: "/v1/clients/:client_id/keys", scope: partners.ScopeCredentials, handle: a.listKeys},
		operation{method: http.MethodPost, path: "/v1/clients/:client_id/keys", scope: partners.ScopeCredentials, handle: withBody(a.forms.key, saved(a, a.addKey))},
		operation{method: http.MethodGet, path: "/v1/clients/:client_id/keys/:key_id", scope: partners.ScopeCredentials, handle: a.getKey},
		operation{method: http.MethodPost, path: "/v1/clients/:client_id/keys/:key_id/retire", scope: partners.ScopeCredentials, handle: withBody(a.forms.retirement, a.retireKey)},
		operation{method: http.MethodGet, path: "/v1/access_log", scope: partners.ScopeAccessLog, handle: a.listAccesses},

		operation{method: http.MethodGet, path: "/v1/positions", scope: partners.ScopeSettlements, handle: a.listPositions},
		operation{method: http.MethodGet, path: "/v1/settlements", scope: partners.ScopeSettlements, handle: a.listSettlements},
		operation{method: http.MethodPost, path: "/v1/settlements", scope: partners.ScopeOperator, handle: a.settleDue},
		operation{method: http.MethodGet, path: "/v1/settlements/:settlement_id", scope: partners.ScopeSettlements, handle: a.getSettlement},
		operation{method: http.MethodGet, path: "/v1/settlements/:settlement_id/statement", scope: partners.ScopeSettlements, handle: a.getStatement},

		operation{method: http.MethodGet, path: "/v1/programmes", handle: a.listProgrammes},
		operation{method: http.MethodPost, path: "/v1/statements", scope: partners.ScopeSettlements, handle: a.sendStatement},
		operation{method: http.MethodGet, path: "/v1/statements", scope: partners.ScopeSettlements, handle: a.listStatements},
		operation{method: http.MethodGet, path: "/v1/statements/:id", scope: partners.ScopeSettlements, handle: a.getReceivedStatement},
		operation{method: http.MethodPost, path: "/v1/reconciliations", scope: partners.ScopeOperator, handle: a.reconcileDue},
		operation{method: http.MethodGet, path: "/v1/breaks", scope: partners.ScopeSettlements, handle: a.listBreaks},
		operation{method: http.MethodGet, path: "/v1/breaks/:break_id", scope: partners.ScopeSettlements, handle: a.getBreak},
		operation{method: http.MethodPost, path: "/v1/breaks/:break_id/comments", scope: partners.ScopeSettlements, handle: withExplained(a.forms.comment, saved(a, a.commentBreak))},
		operation{method: http.MethodPost, path: "/v1/breaks/:break_id/adjustment", scope: partners.ScopeSettlements, handle: withExplained(a.forms.answer, saved(a, a.answerAdjustment))},
		operation{method: http.MethodGet, path: "/v1/sandbox/clock", scope: partners.ScopeSandbox, handle: a.getClock},
		operation{method: http.MethodPost, path: "/v1/sandbox/clock", scope: partners.ScopeSandbox, handle: withBody(a.forms.clock, a.moveClock)},
	)
}

// signingOperations take a settlement from reconciled to settled.
func (a *API) signingOperations() []operation {
	const one, orders = "/v1/settlements/:settlement_id", "/v1/payment_orders"
	return []operation{
		{method: http.MethodPost, path: one + "/acknowledgement", scope: partners.ScopeSettlements, handle: withBody(a.forms.decision, saved(a, a.acknowledgeSettlement))},
		{method: http.MethodPost, path: one + "/proposal", scope: partners.ScopeOperator, handle: a.proposeSettlement},
		{method: http.MethodPost, path: one + "/signature", scope: partners.ScopeOperator, handle: withBody(a.forms.signature, saved(a, a.signSettlement))},
		{method: http.MethodGet, path: one + "/payment", scope: partners.ScopeSettlements, handle: a.getPaymentInstruction},
		{method: http.MethodGet, path: one + "/journal", scope: partners.ScopeOperator, handle: a.getJournal},
		{method: http.MethodGet, path: "/v1/liability", scope: partners.ScopeOperator, handle: a.getLiability},
		{method: http.MethodGet, path: orders, scope: partners.ScopeOperator, handle: a.listPaymentOrders},
		{method: http.MethodPost, path: orders, scope: partners.ScopeOperator, handle: withExplained(a.forms.order, saved(a, a.preparePaymentOrder))},
		{method: http.MethodGet, path: orders + "/:order_id", scope: partners.ScopeOperator, handle: a.getPaymentOrder},
		{method: http.MethodPost, path: orders + "/:order_id/release", scope: partners.ScopeOperator, handle: a.releasePaymentOrder},
		{method: http.MethodPost, path: orders + "/:order_id/withdrawal", scope: partners.ScopeOperator, handle: withBody(a.forms.withdrawal, saved(a, a.withdrawPaymentOrder))},
		{method: http.MethodGet, path: orders + "/:order_id/file", scope: partners.ScopeOperator, handle: a.getPaymentFile},
		{method: http.MethodPost, path: "/v1/bank_files", scope: partners.ScopeOperator, handle: a.readBankFile},
	}
}

func (a *API) webhookOperations() []operation {
	const path = "/v1/webhook_endpoints"
	all := []operation{
		{method: http.MethodPost, path: path, handle: withExplained(a.forms.webhookEndpoint, saved(a, a.createWebhookEndpoint))},
		{method: http.MethodGet, path: path, handle: a.listWebhookEndpoints},
		{method: http.MethodGet, path: path + "/:id", handle: ofWebhookEndpoint(a.getWebhookEndpoint)},
		{method: http.MethodPatch, path: path + "/:id", handle: withExplained(a.forms.webhookChange, a.changeWebhookEndpoint)},
		{method: http.MethodDelete, path: path + "/:id", handle: ofWebhookEndpoint(a.deleteWebhookEndpoint)},
		{method: http.MethodGet, path: path + "/:id/secret", handle: ofWebhookEndpoint(a.getWebhookSecret)},
		{method: http.MethodPost, path: path + "/:id/secret/rotate", handle: withExplained(a.forms.webhookRotation, a.rotateWebhookSecret)},
		{method: http.MethodPost, path: path + "/:id/test", handle: ofWebhookEndpoint(a.testWebhookEndpoint)},
		{method: http.MethodGet, path: path + "/:id/deliveries", handle: a.listWebhookDeliveries},
		{method: http.MethodGet, path: path + "/:id/deliveries/:sequence", handle: ofWebhookEndpoint(a.getWebhookDelivery)},
		{method: http.MethodPost, path: path + "/:id/deliveries/:sequence/resend", handle: ofWebhookEndpoint(a.resendWebhookDelivery)},
		{method: http.MethodPost, path: path + "/:id/replay", handle: withExplained(a.forms.webhookReplay, a.replayWebhooks)},
	}
	for i := range all {
		all[i].scope = partners.ScopeWebhooks
	}
	return all
}

func (a *API) rewardOperations() []operation {
	all := []operation{
		{method: http.MethodPost, path: "/v1/reward_events", limit: converting, handle: a.takeRewardEvents},
		{method: http.MethodGet, path: "/v1/reward_events/:event_id", handle: a.getRewardEvent},
		{method: http.MethodGet, path: "/v1/reward_events/:event_id/receipt", handle: a.getRewardReceipt},
		{method: http.MethodPost, path: "/v1/reward_events/:event_id/cancellation", limit: converting, handle: withBody(a.forms.rewardCancellation, a.cancelRewardEvent)},
		{method: http.MethodGet, path: "/v1/reward_rules", handle: a.listRewardRules},
		{method: http.MethodPost, path: "/v1/reward_rules", handle: withExplained(a.forms.rewardTerms, saved(a, a.proposeRewardRule))},
		{method: http.MethodGet, path: "/v1/reward_rules/:rule_id", handle: a.getRewardRule},
		{method: http.MethodPost, path: "/v1/reward_rules/:rule_id/approval", handle: a.approveRewardRule},
		{method: http.MethodPost, path: "/v1/reward_rules/:rule_id/rejection", handle: withBody(a.forms.rewardCancellation, a.rejectRewardRule)},
		{method: http.MethodPost, path: "/v1/reward_rules/:rule_id/preview", handle: withExplained(a.forms.rewardPreview, a.previewRewardRule)},
		{method: http.MethodGet, path: "/v1/reward_totals", handle: a.listRewardTotals},
		{method: http.MethodGet, path: "/v1/reports/points", handle: a.getPointsReport},
		{method: http.MethodPost, path: "/v1/members", handle: withExplained(a.forms.memberRegistration, a.registerMembers)},
		{method: http.MethodGet, path: "/v1/members/:account/export", scope: partners.ScopeOperator, handle: a.exportMember},
		{method: http.MethodPost, path: "/v1/members/:account/erasure", scope: partners.ScopeOperator, handle: withBody(a.forms.memberErasure, a.eraseMember)},
		{method: http.MethodGet, path: "/v1/members/:account/erasure", scope: partners.ScopeOperator, handle: a.getMemberErasure},
		{method: http.MethodGet, path: "/v1/members/:account/tier", handle: a.getMemberTier},
		{method: http.MethodGet, path: "/v1/members/:account/reward_events", handle: a.listMemberRewardEvents},
		{method: http.MethodGet, path: "/v1/members/:account/expiry_announcements", handle: a.listExpiryAnnouncements},
		{method: http.MethodGet, path: "/v1/members/:account/conversion_bonuses", handle: a.listConversionBonuses},
	}
	for i := range all {
		all[i].scope = cmp.Or(all[i].scope, partners.ScopeRewards)
	}
	return all
}

// serviceOperations are open to everybody.
func (a *API) serviceOperations() []operation {
	return []operation{
		{method: http.MethodPost, path: "/oauth2/token", open: true, plain: a.limitTokens(gin.WrapH(a.token))},
		{method: http.MethodGet, path: "/.well-known/jwks.json", open: true, plain: a.serveKeySet},
		{method: http.MethodGet, path: "/.well-known/oauth-authorization-server", open: true, plain: a.serveMetadata},
		{method: http.MethodGet, path: "/healthz", open: true, plain: a.serveHealth},
		{method: http.MethodGet, path: "/readyz", open: true, plain: a.serveReadiness},
		{method: http.MethodGet, path: "/metrics", open: true, plain: a.metricsHandler()},
		{method: http.MethodGet, path: "/docs", open: true, plain: func(c *gin.Context) { a.site.Page(c.Writer, c.Request) }},
		{method: http.MethodGet, path: "/docs/:file", open: true, plain: a.serveDocsFile},
		{method: http.MethodGet, path: "/openapi/:document", open: true, plain: a.serveDocument},
	}
}
