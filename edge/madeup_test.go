package edge

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMadeUpRequests: 10,000 requests and replies of any shape, in front of an API that now and then fails in any way. The
// function never throws, asks nobody but the API and tells it nothing but what it may; what it answers, CloudFront can send; and
// a request gets through only by a token that is rightly signed, to the export that the token is for.
func TestMadeUpRequests(t *testing.T) {
	const requests = 10_000
	for _, seed := range []string{"1", "2"} {
		cmd := exec.CommandContext(t.Context(), nodeJS(t), filepath.Join(here, "testdata/madeup.mjs"), filepath.Join(here, "code/download.mjs"), seed, fmt.Sprint(requests/2))
		out, err := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		var wrong, through int
		_, scanned := fmt.Sscanf(lines[len(lines)-1], "%d wrong, %d of", &wrong, &through)
		if err != nil || scanned != nil || wrong > 0 {
			t.Errorf("seed %s: %v\n%.5000s", seed, err, out)
		}
		if through < requests/20 || through > requests/3 {
			t.Errorf("seed %s: %d got through: the test shows little", seed, through)
		}
	}
}
