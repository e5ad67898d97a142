package client

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// FuzzVerifyWebhook: a body is taken only if it is signed with the secret, and then it is an event or refused as none.
func FuzzVerifyWebhook(f *testing.F) {
	f.Add("whsec_a", "sha256=00", []byte(`{"id":"evt_1","event":"export.ready","data":{"export_id":"exp_1"}}`), true)
	f.Add("whsec_a", "sha256=", []byte(`{"event":"export.failed","data":[]}`), true)
	f.Add("", "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", []byte(``), false)
	f.Add("whsec_a", "SHA256=00", []byte(`{"created_at":"never"}`), false)
	f.Fuzz(func(t *testing.T, secret, given string, body []byte, sign bool) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		right := "sha256=" + hex.EncodeToString(mac.Sum(nil))
		if sign {
			given = right
		}
		header := http.Header{}
		header.Set("X-Webhook-Signature", given)
		e, err := VerifyWebhook(Secret(secret), header, body)
		if err == nil && (secret == "" || !strings.EqualFold(given, right)) {
			t.Errorf("%q is taken under the signature %q", body, given)
		}
		if err != nil && (e != nil || sign && secret != "" && json.Valid(body) && errors.Is(err, ErrSignature)) {
			t.Errorf("%q is refused with %v, %+v", body, err, e)
		}
		if err == nil {
			if x, err := e.Export(); (err == nil) == (x == nil) {
				t.Errorf("%q is about %+v, %v", body, x, err)
			}
		}
	})
}

// FuzzReply: whatever a server answers, it is what was asked for, with the very bytes that came, or a failure that repeats
// nothing but the API's own code and message.
func FuzzReply(f *testing.F) {
	for _, body := range []string{
		`{"export_id":"exp_1","status":"completed","progress":{}}`, `{"connector_id":"conn_1"}`, `{"webhook_id":"wh_1"}`, `{"delivery_id":"dlv_1","payload":{}}`,
		`{"error":{"code":"not_found","message":"m","details":[],"request_id":"r"}}`, `<html>https://proxy.example/?token=x</html>`, `null`, `[]`, `{"created_at":1}`, "",
	} {
		f.Add(404, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r := reply{status: 200, header: http.Header{}, body: body}
		check := func(v any, raw func() json.RawMessage) {
			if err := r.decode(v); err == nil && len(raw()) > 0 && !bytes.Contains(body, raw()) {
				t.Errorf("%q is kept as %q", body, raw())
			}
		}
		var (
			e Export
			c Connector
			w Webhook
			d Delivery
		)
		check(&e, e.RawJSON)
		check(&c, c.RawJSON)
		check(&w, w.RawJSON)
		check(&d, d.RawJSON)
		failure := newError(&http.Response{StatusCode: status, Header: http.Header{}}, body)
		if failure.Code == "" || failure.Details == nil {
			t.Errorf("%q is %+v", body, failure)
		}
		if failure.Code == codeUnexpectedReply && len(body) > 8 && strings.Contains(failure.Error(), string(body)) {
			t.Errorf("%q is repeated in %q", body, failure)
		}
	})
}
