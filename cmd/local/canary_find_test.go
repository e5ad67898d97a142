package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// encodings are the forms in which a secret could stand somewhere, each by its name. Text in base64 looks different at
// each of three offsets, and its ends depend on what stands beside it, so those are cut off.
func encodings(secret string) map[string]string {
	raw, _ := json.Marshal(secret) // of what is a string
	var percent strings.Builder
	for _, b := range []byte(secret) {
		fmt.Fprintf(&percent, "%%%02X", b)
	}
	all := map[string]string{
		"plain": secret, "in JSON": strings.Trim(string(raw), `"`), "in a query": url.QueryEscape(secret), "in a path": url.PathEscape(secret),
		"percent-encoded": percent.String(), "in hex": hex.EncodeToString([]byte(secret)), "in upper hex": strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for offset := range 3 {
		padded := append(make([]byte, offset), secret...)
		for name, coding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
			text := strings.TrimRight(coding.EncodeToString(padded), "=")
			all[fmt.Sprintf("in %s at %d", name, offset)] = text[(offset*8+5)/6 : len(text)-1]
		}
	}
	return all
}

// find gives every form of every secret that stands in the text.
func find(text []byte, secrets map[string]string) (found []string) {
	for name, secret := range secrets {
		for how, form := range encodings(secret) {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, name+" "+how)
			}
		}
	}
	return found
}

// TestFinderFinds plants a secret in each form, among others.
func TestFinderFinds(t *testing.T) {
	const secret = "canary~Secret/key+1"
	around := func(n int) string { return strings.Repeat("x", n) + secret + "yz" }
	for name, text := range map[string]string{
		"plain": around(5), "JSON": `{"a":"` + around(1) + `"}`, "hex": hex.EncodeToString([]byte(around(2))), "upper hex": strings.ToUpper(hex.EncodeToString([]byte(around(2)))),
		"query": "a=" + url.QueryEscape(around(1)), "path": "/" + url.PathEscape(around(1)),
		"base64 at 0": base64.StdEncoding.EncodeToString([]byte(around(3))), "base64 at 1": base64.StdEncoding.EncodeToString([]byte(around(4))),
		"base64 at 2": base64.StdEncoding.EncodeToString([]byte(around(5))), "base64url": base64.RawURLEncoding.EncodeToString([]byte(around(4))),
	} {
		if len(find([]byte(text), map[string]string{"secret": secret})) == 0 {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	if found := find([]byte("canary~Secret/key+2"), map[string]string{"secret": secret}); len(found) > 0 {
		t.Errorf("found in what it isn't in: %v", found)
	}
}
