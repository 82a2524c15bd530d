package signature_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	httpsig "github.com/remitly-oss/httpsig-go"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// The general library stands for a partner who does not use our code. It reads
// the system's clock, so these tests do too.

type libraryKeys struct{ public ed25519.PublicKey }

func (k libraryKeys) FetchByKeyID(context.Context, http.Header, string) (httpsig.KeySpecer, error) {
	return httpsig.KeySpec{KeyID: keyID, Algo: httpsig.Algo_ED25519, PubKey: k.public}, nil
}

func (k libraryKeys) Fetch(ctx context.Context, h http.Header, _ httpsig.MetadataProvider) (httpsig.KeySpecer, error) {
	return k.FetchByKeyID(ctx, h, keyID)
}

func fields(body string) []httpsig.SignedField {
	if body == "" {
		return httpsig.Fields("@method", "@authority", "@path")
	}
	return httpsig.Fields("@method", "@authority", "@path", "content-digest")
}

func TestTheLibraryAcceptsWhatWeSign(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(keyID, private, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", `{"amount":"1"}`} {
		r := request(method(body), "http://host.example:8080/v2/debits", body)
		if err := signer.Sign(r, bytesOrNil(body)); err != nil {
			t.Fatal(err)
		}
		profile := httpsig.VerifyProfile{
			SignatureLabel: "sig1", RequiredFields: fields(body), AllowedAlgorithms: []httpsig.Algorithm{httpsig.Algo_ED25519},
			RequiredMetadata: []httpsig.Metadata{httpsig.MetaCreated, httpsig.MetaKeyID, httpsig.MetaNonce},
		}
		if _, err := httpsig.Verify(r, libraryKeys{public}, profile); err != nil {
			t.Errorf("body %q: %v", body, err)
		}
	}
}

func TestWeAcceptWhatTheLibrarySigns(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	verifier := newVerifier(t, public, time.Now)
	for _, body := range []string{"", `{"amount":"1"}`} {
		for _, alg := range []bool{false, true} {
			metadata := []httpsig.Metadata{httpsig.MetaNonce, httpsig.MetaKeyID, httpsig.MetaCreated}
			if alg {
				metadata = append(metadata, httpsig.MetaAlgorithm)
			}
			profile := httpsig.SigningProfile{Algorithm: httpsig.Algo_ED25519, Fields: fields(body), Metadata: metadata}
			r := request(method(body), "http://host.example/debits", body)
			if err := httpsig.Sign(r, profile, httpsig.SigningKey{Key: private, MetaKeyID: keyID}); err != nil {
				t.Fatal(err)
			}
			if _, err := verifier.Verify(r, []byte(body)); err != nil {
				t.Errorf("body %q, alg %t: %v", body, alg, err)
			}
		}
	}
}

func method(body string) string {
	if body == "" {
		return http.MethodGet
	}
	return http.MethodPost
}

// FuzzVerify changes the headers of a request that was signed: whatever still
// passes must be a request that the library accepts too, over the same message.
// Our side runs first, as the library panics on some parameters.
func FuzzVerify(f *testing.F) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := signature.NewSigner(keyID, private, time.Now, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	const body = `{"amount":"1"}`
	good := request(http.MethodPost, "http://host.example/debits", body)
	if err := signer.Sign(good, []byte(body)); err != nil {
		f.Fatal(err)
	}
	input, sig, digest := good.Header.Get("Signature-Input"), good.Header.Get("Signature"), good.Header.Get("Content-Digest")
	f.Add(input, sig, digest)
	f.Add(`a=("x";b="),sig1=(");c, `+input, `a=:AA==:, `+sig, digest)
	f.Add(strings.Replace(input, ";", " ; ", 1), sig, digest)
	f.Add(`sig1=`, `sig1=::`, ``)
	f.Add(`sig1=();`, sig, digest)
	verifier := newVerifier(f, public, time.Now)
	f.Fuzz(func(t *testing.T, input, sig, digest string) {
		r := request(http.MethodPost, "http://host.example/debits", body)
		r.Header.Set("Signature-Input", input)
		r.Header.Set("Signature", sig)
		r.Header.Set("Content-Digest", digest)
		if _, err := verifier.Verify(r, []byte(body)); err != nil {
			return
		}
		r.Body = io.NopCloser(strings.NewReader(body))
		if _, err := httpsig.Verify(r, libraryKeys{public}, httpsig.VerifyProfile{SignatureLabel: "sig1", RequiredFields: fields(body)}); err != nil {
			t.Fatalf("we accept, the library does not: %v\n%s\n%s\n%s", err, input, sig, digest)
		}
	})
}
