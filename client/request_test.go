package client

import "testing"

// TestWhatMayBeRepeated: a request that isn't repeatable by its nature needs an idempotency key.
func TestWhatMayBeRepeated(t *testing.T) {
	for method, want := range map[string]bool{"GET": true, "PUT": true, "DELETE": true, "POST": false, "PATCH": false} {
		if got := (request{method: method}).repeatable(); got != want {
			t.Errorf("%s without a key: %v, want %v", method, got, want)
		}
		if !(request{method: method, idempotencyKey: "k"}).repeatable() {
			t.Errorf("%s with a key is not repeatable", method)
		}
	}
	tries := 0
	c := &caller{retries: 3}
	err := c.retry(t.Context(), request{method: "POST"}, func() error { tries++; return &transportError{text: "lost"} })
	if err == nil || tries != 1 {
		t.Errorf("a POST without a key was tried %d times: %v", tries, err)
	}
}
