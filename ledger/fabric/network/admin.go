package network

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// answerMax bounds what is read of an answer.
const answerMax = 4 << 20

// ordererAdmin speaks to the orderers' administration, which demands the client
// certificate of their company.
type ordererAdmin struct {
	client *http.Client
	at     func(*orderer) string
}

func (s *site) ordererAdmin() (*ordererAdmin, error) {
	dir := s.company(ordererCompany.Name, "admin", "tls")
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		return nil, fmt.Errorf("network: administrator of the orderers: %w", err)
	}
	root, err := os.ReadFile(s.ordererTLSRoot())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: pool}
	return &ordererAdmin{&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}, s.adminAt}, nil
}

// channelStatus is what an orderer says about the channel.
type channelStatus struct {
	Status string `json:"status"`
	Height uint64 `json:"height"`
}

// status asks an orderer for the channel; false when it has not joined it.
func (a *ordererAdmin) status(ctx context.Context, o *orderer) (s channelStatus, joined bool, err error) {
	url := fmt.Sprintf("https://%s/participation/v1/channels/%s", a.at(o), channelName)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return s, false, err
	}
	code, body, err := a.do(request)
	if err != nil || code == http.StatusNotFound {
		return s, false, err
	}
	if code != http.StatusOK {
		return s, false, fmt.Errorf("network: %s: %d: %s", o.Name, code, body)
	}
	return s, true, json.Unmarshal(body, &s)
}

// join gives an orderer the channel's first block.
func (a *ordererAdmin) join(ctx context.Context, o *orderer, block []byte) error {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("config-block", "channel.block")
	if err == nil {
		_, err = part.Write(block)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	url := "https://" + a.at(o) + "/participation/v1/channels"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &form)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	code, body, err := a.do(request)
	if err == nil && code != http.StatusCreated {
		err = fmt.Errorf("network: %s did not join the channel: %d: %s", o.Name, code, body)
	}
	return err
}

func (a *ordererAdmin) do(r *http.Request) (code int, body []byte, err error) {
	answer, err := a.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, answerMax))
	return answer.StatusCode, body, err
}

// metric reads one metric of the channel from a node's operations address; false
// when the node does not have it (yet).
func metric(ctx context.Context, operations, name string) (value uint64, ok bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+operations+"/metrics", nil)
	if err != nil {
		return 0, false
	}
	answer, err := (&http.Client{Timeout: 2 * time.Second}).Do(request)
	if err != nil {
		return 0, false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	if err != nil {
		return 0, false
	}
	prefix := fmt.Sprintf("%s{channel=%q} ", name, channelName)
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			// Written as a floating-point number, large ones with an exponent.
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return uint64(v), err == nil && v >= 0
		}
	}
	return 0, false
}
