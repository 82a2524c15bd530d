package api

import (
	"encoding/json"
	"time"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/problem"
)

func keyPath(client, key string) string { return clientsPath + client + "/keys/" + key }

func (a *API) listKeys(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	c, err := a.client(r)
	if err != nil {
		return reply{}, err
	}
	out := ClientKeyList{Keys: make([]ClientKey, 0, len(c.Keys))}
	for i := range c.Keys {
		out.Keys = append(out.Keys, a.renderKey(&c.Keys[i]))
	}
	return ok(&out), nil
}

func (a *API) getKey(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	c, err := a.client(r)
	if err != nil {
		return reply{}, err
	}
	key, found := c.Key(r.c.Param("key_id"))
	if !found {
		return reply{}, partners.ErrNoClient
	}
	return ok(a.renderKey(key)), nil
}

func (a *API) addKey(r *request, body ClientKeyRequest) (reply, error) {
	notBefore, err := optionalInstant("/not_before", body.NotBefore)
	if err != nil {
		return reply{}, err
	}
	notAfter, err := optionalInstant("/not_after", body.NotAfter)
	if err != nil {
		return reply{}, err
	}
	c, key, err := a.o.Registry.AddKey(r.context(), a.administrator(r), r.c.Param("client_id"), body.Key, notBefore, notAfter)
	if err != nil {
		return reply{}, err
	}
	return created(keyPath(c.ID, key.ID), a.renderKey(key)), nil
}

func (a *API) retireKey(r *request, body KeyRetirement) (reply, error) {
	at, err := optionalInstant("/at", body.At)
	if err != nil {
		return reply{}, err
	}
	id := r.c.Param("key_id")
	c, err := a.o.Registry.RetireKey(r.context(), a.administrator(r), r.c.Param("client_id"), id, at, body.AllowLast)
	if err != nil {
		return reply{}, err
	}
	key, found := c.Key(id)
	if !found {
		return reply{}, partners.ErrNoClient
	}
	return ok(a.renderKey(key)), nil
}

// optionalInstant reads a field that the form has accepted.
func optionalInstant(pointer string, text *string) (time.Time, error) {
	if text == nil {
		return time.Time{}, nil
	}
	ms, detail := parseInstant(*text)
	if detail != "" {
		return time.Time{}, problem.Invalid(problem.At(pointer, "instant", detail))
	}
	return at(ms), nil
}

func (a *API) renderKey(k *partners.Key) ClientKey {
	return ClientKey{ID: k.ID, Algorithm: ClientKeyAlgorithm(k.Algorithm), State: ClientKeyState(k.State(a.o.Now())), SignsRequests: k.Signs(),
		Configured: k.Configured, Jwk: jwkOf(k), NotBefore: k.NotBefore, NotAfter: k.NotAfter, RetiredAt: k.RetiredAt, AddedAt: k.AddedAt}
}

// jwkOf is the public key as the text of a JWK.
func jwkOf(k *partners.Key) string {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	b, err := partners.KeySet(*k)
	if err != nil || json.Unmarshal(b, &set) != nil || len(set.Keys) != 1 {
		panic("api: a registered key that is no key") // it was checked when it was registered
	}
	return string(set.Keys[0])
}
