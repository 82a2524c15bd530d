package config

import (
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/web/identity"
)

// Identity says by whom members are named.
type Identity struct {
	Issuer           string   `yaml:"issuer" env:"ISSUER" doc:"The provider's issuer URL, exactly as it names itself, such as https://id.example.com/realms/customers. Empty: members can't sign in."`
	ClientID         string   `yaml:"client_id" env:"CLIENT_ID" doc:"As which the gateway is registered there, with the redirect URL/mall/sign-in/callback and the post-logout redirect URL/mall/signed-out."`
	ClientSecretFile string   `yaml:"client_secret_file" env:"CLIENT_SECRET_FILE" doc:"File with the client's secret. Empty: a public client, which PKCE protects."`
	MemberClaim      string   `yaml:"member_claim" env:"MEMBER_CLAIM" doc:"Claim of the ID token that has the utility's number of the member, as a text."`
	NameClaim        string   `yaml:"name_claim" env:"NAME_CLAIM" doc:"Claim of the ID token that has what to call the member."`
	Scopes           []string `yaml:"scopes" env:"SCOPES" doc:"Scopes that are asked for, besides openid."`
	Prompt           string   `yaml:"prompt" env:"PROMPT" doc:"What the provider is to ask even who is signed in there: login, consent or select_account. Empty: nothing."`
	Algorithms       []string `yaml:"algorithms" env:"ALGORITHMS" doc:"Algorithms with which ID tokens may be signed, asymmetric ones."`
}

// defaultIdentity is what most providers need.
func defaultIdentity() Identity {
	return Identity{MemberClaim: "sub", NameClaim: "name", Scopes: []string{"profile"}, Algorithms: []string{"RS256", "PS256", "ES256"}}
}

func (i *Identity) validate(wrong report, sandbox bool) {
	if i.Issuer == "" {
		return
	}
	if !isBaseURL(i.Issuer) {
		wrong("mall.identity.issuer", "%q is not a URL like https://id.example.com/realms/customers", i.Issuer)
	} else if strings.HasPrefix(i.Issuer, "http:") && !sandbox {
		wrong("mall.identity.issuer", "%q is not https: who is between could be anybody", i.Issuer)
	}
	if i.ClientID == "" {
		wrong("mall.identity.client_id", "is missing")
	}
	if i.MemberClaim == "" {
		wrong("mall.identity.member_claim", "is missing; sub is the usual one")
	}
	if !slices.Contains([]string{"", "login", "consent", "select_account"}, i.Prompt) {
		wrong("mall.identity.prompt", "%q is not login, consent, select_account or empty", i.Prompt)
	}
	if len(i.Algorithms) == 0 {
		wrong("mall.identity.algorithms", "are missing; choose from %v", identity.Algorithms())
	}
	for _, a := range i.Algorithms {
		if !slices.Contains(identity.Algorithms(), a) {
			wrong("mall.identity.algorithms", "%q is not one of %v", a, identity.Algorithms())
		}
	}
}
