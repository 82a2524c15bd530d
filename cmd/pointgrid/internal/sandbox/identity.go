package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/web/identity/identitysim"
	"github.com/pointgrid/pointgrid/web/mall"
)

// IdentityProvider stands for the utility's identity provider among the hosts, and
// MemberClient is as whom the gateway is known there.
const (
	IdentityProvider = "identity-provider"
	MemberClient     = "pointgrid-mall"
)

// startIdentity serves the provider on a free port.
func (h *Hosts) startIdentity(ctx context.Context, gatewayURL string, members int, now func() time.Time) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	o := identitysim.Options{Issuer: "http://" + l.Addr().String(), Client: MemberClient,
		Redirects: []string{gatewayURL + mall.CallbackPath, gatewayURL + mall.GoodbyePath}, Now: now, Random: rand.Reader}
	for n := 1; n <= members; n++ { // those with a story can be chosen; the number of any other can be typed
		story, told := PersonaOf(Member(n))
		o.Members = append(o.Members, identitysim.Member{Number: Member(n), Name: MemberName(n), About: story.Look, AboutEN: story.LookEN, Hidden: !told})
	}
	provider, err := identitysim.New(o)
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: provider.Handler()}
	h.URLs[IdentityProvider] = o.Issuer
	context.AfterFunc(ctx, func() { _ = server.Close() }) // there is nothing to finish
	go func() { _ = server.Serve(l) }()                   // ends with the context
	return nil
}

// MemberName is what the n-th member is called; nobody is.
func MemberName(n int) string {
	if p, ok := PersonaOf(Member(n)); ok {
		return p.Name + " " + p.NameEN
	}
	family := []struct{ zh, en string }{{"李", "Li"}, {"王", "Wang"}, {"张", "Zhang"}, {"陈", "Chen"}, {"赵", "Zhao"}, {"周", "Zhou"}, {"吴", "Wu"}, {"林", "Lin"}, {"何", "He"}, {"沈", "Shen"}, {"顾", "Gu"}}
	given := []struct{ zh, en string }{{"晓明", "Xiaoming"}, {"静怡", "Jingyi"}, {"建国", "Jianguo"}, {"思远", "Siyuan"}, {"雨桐", "Yutong"}, {"海燕", "Haiyan"}, {"子涵", "Zihan"},
		{"文博", "Wenbo"}, {"丽华", "Lihua"}, {"志强", "Zhiqiang"}, {"梦洁", "Mengjie"}, {"国平", "Guoping"}, {"若曦", "Ruoxi"}}
	f, g := family[(n-1)%len(family)], given[(n-1)%len(given)]
	return fmt.Sprintf("%s%s %s %s", f.zh, g.zh, f.en, g.en)
}
