package webhook

import (
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLocal: what is set travels by the environment, and lets out to the receiver on this machine, and nowhere else.
func TestLocal(t *testing.T) {
	r := newReceiver(t, nil)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	want := Local{Allow: "127.0.0.1:1," + r.Listener.Addr().String(), CAFile: file, Retry: time.Second}
	lines := want.Environment()
	got, err := LocalFromEnvironment(func(name string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	})
	if err != nil || got != want || len(lines) != 3 || (Local{}).Environment() != nil {
		t.Errorf("%+v, %v", got, err)
	}
	client, err := got.Client()
	if err != nil {
		t.Fatal(err)
	}
	reply, err := client.Get(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	for _, l := range []Local{{}, {Allow: want.Allow}, {CAFile: file}} {
		client, err := l.Client()
		if err != nil {
			t.Fatal(err)
		}
		if reply, err := client.Get(r.URL); err == nil {
			reply.Body.Close()
			t.Errorf("%+v lets out: %s", l, http.StatusText(reply.StatusCode))
		}
	}
	for _, name := range []string{"missing.pem", "webhook.go"} {
		if _, err := (Local{CAFile: name}).Client(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := LocalFromEnvironment(func(string) string { return "soon" }); err == nil {
		t.Error("a duration that is none was taken")
	}
}
