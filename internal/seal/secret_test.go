package seal

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestNothingPrintsASecret tries every verb and encoder, on the secret itself and inside of other values.
func TestNothingPrintsASecret(t *testing.T) {
	const text = "canary-7c1f"
	s := NewSecret(text)
	values := map[string]any{
		"itself": s, "pointer": &s, "map": Secrets{"key": s}, "slice": []Secret{s},
		"field": struct{ Key Secret }{s}, "any": []any{s},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) {
				t.Errorf("%s, %s: %s", name, verb, got)
			}
		}
		raw, err := json.Marshal(v)
		if err != nil || bytes.Contains(raw, []byte(text)) {
			t.Errorf("%s as JSON: %s, %v", name, raw, err)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		if strings.Contains(log.String(), text) {
			t.Errorf("%s in a log: %s", name, log.String())
		}
	}
	type credentials struct{ Key Secret }
	if raw, err := xml.Marshal(credentials{s}); err != nil || bytes.Contains(raw, []byte(text)) {
		t.Errorf("as XML: %s, %v", raw, err)
	}
	if got := fmt.Sprintf("%v %s", s, fmt.Errorf("with %v", s)); got != "[redacted] with [redacted]" {
		t.Errorf("printed as %q", got)
	}
	if s.Reveal() != text {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
}

func TestSecretsStayWithTheirRecord(t *testing.T) {
	k, err := NewKeyFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	here := Context{AccountID: "acct", ConnectorID: "conn_1"}
	sealed, err := SealSecrets(t.Context(), k, here, Secrets{"key": NewSecret("canary-7c1f")})
	if err != nil || bytes.Contains(sealed, []byte("canary")) {
		t.Fatalf("sealed = %q, %v", sealed, err)
	}
	opened, err := OpenSecrets(t.Context(), k, here, sealed)
	if err != nil || len(opened) != 1 || opened["key"].Reveal() != "canary-7c1f" {
		t.Errorf("opened %v, %v", opened, err)
	}
	for _, there := range []Context{{AccountID: "acct", ConnectorID: "conn_2"}, {AccountID: "acct_2", ConnectorID: "conn_1"}, {}} {
		if _, err := OpenSecrets(t.Context(), k, there, sealed); err == nil {
			t.Errorf("opened in the record %+v", there)
		}
	}
}
