package samtest

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/localgw"
)

// TestInvoke invokes every function once as the documentation says: sam local invoke FUNCTION -e events/FIXTURE.json.
func TestInvoke(t *testing.T) {
	e := startEngine(t)
	w := startWorld(t, e.address)
	for _, i := range invocations {
		t.Run(i.function, func(t *testing.T) {
			cmd := w.samLocal(t, e, "invoke", i.function, "-e", eventFile(i.event))
			var said bytes.Buffer
			cmd.Stderr = &said
			reply, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, said.Bytes(), reply)
			}
			checkReply(t, i.event, reply)
			if t.Failed() {
				t.Logf("%s", said.Bytes())
			}
		})
	}
}

// TestRuntimeInterfaceEmulator calls every bootstrap once under AWS's own emulator of the runtime, without a container.
func TestRuntimeInterfaceEmulator(t *testing.T) {
	dir := built(t)
	w := startWorld(t, "127.0.0.1")
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range invocations {
		t.Run(i.function, func(t *testing.T) {
			endpoint := serve(t, "Runtime Interface Emulator", func(port string) *exec.Cmd {
				cmd := script(t, "sam.sh", "rie", port, freePort(t), filepath.Join(dir, i.function, "bootstrap"))
				cmd.Env = append(os.Environ(), w.environ(deployed[i.function])...)
				return cmd
			})
			event, err := os.ReadFile(eventFile(i.event))
			if err != nil {
				t.Fatal(err)
			}
			checkReply(t, i.event, post(t, endpoint+"/2015-03-31/functions/function/invocations", event))
		})
	}
}

func post(t *testing.T, url string, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, reply)
	}
	return reply
}
