package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/api"
)

// What a request may cost, however nasty it is, in bytes that are allocated: so many for each of its own, so many for each of
// one that is over the limit, and so many whatever it is. Its reply and what is logged of it have so many at most.
const (
	costOfAByte  = 64
	costBeyond   = 2
	costOfAny    = 1 << 20
	largestReply = 64 << 10
	largestLog   = 4 << 10
)

// filled is a text of no more than size bytes: a beginning, as many items as there is room for, and an end.
func filled(size int, begin, end, between string, item func(n int) string) string {
	var b strings.Builder
	b.WriteString(begin)
	for n := 0; ; n++ {
		next := item(n)
		if n > 0 {
			next = between + next
		}
		if b.Len()+len(next)+len(end) > size {
			break
		}
		b.WriteString(next)
	}
	return b.String() + end
}

func always(s string) func(int) string { return func(int) string { return s } }

// nastyBodies are JSON bodies of a size that cost more to read than others.
func nastyBodies(size int) map[string]string {
	deep := strings.Repeat("[", 9_998) + strings.Repeat("]", 9_998)
	return map[string]string{
		"open brackets":           strings.Repeat("[", size),
		"open objects":            filled(size, "", "", "", always(`{"":`)),
		"brackets":                strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"the deepest there are":   filled(size, "[", "]", ",", always(deep)),
		"the deepest in a field":  filled(size, `{"prompt_run_ids":[`, "]}", ",", always(deep)),
		"unknown names":           filled(size, "{", "}", ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }),
		"unknown names, longer":   filled(size, "{", "}", ",", func(n int) string { return fmt.Sprintf(`"%0999d":0`, n) }),
		"one unknown name":        filled(size, `{"`, `":0}`, "", always("x")),
		"one name of escapes":     filled(size, `{"`, `":0}`, "", always(`\u0001`)),
		"names of escapes":        filled(size, "{", "}", ",", func(n int) string { return fmt.Sprintf(`"\u%04x\ud83d\ude00":0`, n%0xd800) }),
		"names of other values":   filled(size, `{"x":{`, "}}", ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }),
		"one long name twice":     `{"` + strings.Repeat("x", size/2-10) + `":0,"` + strings.Repeat("x", size/2-10) + `":0}`,
		"an open long name":       `{"` + strings.Repeat("x", size-20) + `":{"x":[`,
		"a bad long name":         `{"` + strings.Repeat("x", size-20) + `":{"x":01}`,
		"a long word":             `{"x":` + strings.Repeat("t", size-20) + `}`,
		"one name again":          filled(size, "{", "}", ",", always(`"x":0`)),
		"one known name again":    filled(size, "{", "}", ",", always(`"name":"x"`)),
		"the last name again":     filled(size-16, "{", `,"0":0}`, ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }),
		"a text of escapes":       filled(size, `{"destination_subpath":"`, `"}`, "", always(`\u0001`)),
		"a name of escapes":       filled(size, `{"name":"`, `"}`, "", always(`\ud83d\ude00`)),
		"a text of quotes":        filled(size, `{"name":"`, `"}`, "", always(`\"`)),
		"a text of half a letter": filled(size, `{"name":"`, `"}`, "", always("\xf0")),
		"a path to be unescaped":  filled(size, `{"destination_subpath":"`, `"}`, "", always("%25")),
		"a path of folders":       filled(size, `{"destination_subpath":"`, `"}`, "", always("a/")),
		"ids":                     filled(size, `{"prompt_run_ids":[`, "]}", ",", func(n int) string { return fmt.Sprintf(`"%x"`, n) }),
		"empty ids":               filled(size, `{"prompt_run_ids":[`, "]}", ",", always(`""`)),
		"ids that are none":       filled(size, `{"prompt_run_ids":[`, "]}", ",", always("0")),
		"formats":                 filled(size, `{"formats":[`, "]}", ",", func(n int) string { return fmt.Sprintf(`"%x"`, n) }),
		"events":                  filled(size, `{"events":[`, "]}", ",", func(n int) string { return fmt.Sprintf(`"%x"`, n) }),
		"scopes":                  filled(size, `{"scopes":[`, "]}", ",", func(n int) string { return fmt.Sprintf(`"%x"`, n) }),
		"metadata":                filled(size, `{"metadata":{`, "}}", ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }),
		"a number":                filled(size, `{"debounce_interval":`, "}", "", always("9")),
		"a secret":                filled(size, `{"aws_secret_access_key":"`, `"}`, "", always("<")),
		"blanks":                  filled(size, "{", "}", "", always(" ")),
		"nothing but blanks":      strings.Repeat(" ", size),
		"no text":                 strings.Repeat("\x00", size),
	}
}

// nastyForms are forms likewise.
func nastyForms(size int) map[string]string {
	const end = "--b--\r\n"
	header := func(s string) string { return part(`Content-Disposition: form-data; name="a"`+"\r\n"+s, "") }
	return map[string]string{
		"parts":                       filled(size, "", end, "", always(text("name", ""))),
		"parts of other names":        filled(size, "", end, "", func(n int) string { return text(fmt.Sprint(n), "") }),
		"parts without headers":       filled(size, "", end, "", always(part("", ""))),
		"a header without colon":      "--b\r\n" + strings.Repeat("\x00", size-30) + "\r\n\r\n" + end,
		"a long boundary":             text("a", "") + "--b" + strings.Repeat("\x00", size-100) + "\r\n\r\n" + end,
		"boundaries":                  filled(size, "", end, "", always("--b\r\n")),
		"boundaries that are none":    filled(size, text("name", "n")[:50], "\r\n"+end, "", always("\r\n--")),
		"a part of headers":           filled(size-100, "--b\r\n", "Content-Disposition: form-data; name=\"a\"\r\n\r\n\r\n"+end, "", func(n int) string { return fmt.Sprintf("%x:\r\n", n) }),
		"a part of one header":        filled(size-100, "--b\r\n", "Content-Disposition: form-data; name=\"a\"\r\n\r\n\r\n"+end, "", always("a:\r\n")),
		"64 parts of headers":         filled(size, "", end, "", always(header(strings.Repeat("a:\r\n", size/64/4-40)))),
		"a name":                      filled(size, "--b\r\nContent-Disposition: form-data; name=\"", "\"\r\n\r\n\r\n"+end, "", always("a")),
		"a name of escapes":           filled(size, "--b\r\nContent-Disposition: form-data; name=\"", "\"\r\n\r\n\r\n"+end, "", always(`\"`)),
		"a name in percents":          filled(size, "--b\r\nContent-Disposition: form-data; name*=utf-8''", "\r\n\r\n\r\n"+end, "", always("%41")),
		"a disposition of parameters": filled(size, "--b\r\nContent-Disposition: form-data; name=a", "\r\n\r\n\r\n"+end, "", func(n int) string { return fmt.Sprintf(";a%d=b", n) }),
		"a name in pieces":            filled(size, "--b\r\nContent-Disposition: form-data", "\r\n\r\n\r\n"+end, "", func(n int) string { return fmt.Sprintf(";name*%d=b", n) }),
		"a folded header":             filled(size, "--b\r\nContent-Disposition: form-data; name=a", "\r\n\r\n\r\n"+end, "", always("\r\n ")),
		"a text":                      text("name", strings.Repeat("\x01", size-100)) + end,
		"a key file of brackets":      file([]byte(strings.Repeat("[", size-200))) + end,
		"a key file of names":         file([]byte(filled(size-200, "{", "}", ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }))) + end,
		"a key file of the limit":     file([]byte(filled(min(size-200, 64<<10), "{", "}", ",", func(n int) string { return fmt.Sprintf(`"%x":0`, n) }))) + end,
		"a key of the limit":          file([]byte(filled(min(size-200, 64<<10), `{"type":"service_account","private_key":"`, `"}`, "", always(`\n`)))) + end,
		"one boundary":                strings.Repeat("-", size),
	}
}

// TestNastyRequests: what a request costs grows with its size and no faster, whatever it is made of; its reply is small, and so
// is what is logged of it. One that is over the limit costs little more than to be read.
func TestNastyRequests(t *testing.T) {
	w := newWorld(t)
	form := nastyTarget{"ManageConnectorFunction", "POST", "/v2/connectors/gcs", formType}
	for _, size := range []int{api.MaxBodyBytes / 2, api.MaxBodyBytes, api.MaxBodyBytes + 64, 4 << 20} {
		for name, body := range nastyBodies(size) {
			for _, to := range []nastyTarget{
				{"CreateExportFunction", "POST", "/v2/exports/index/idx", "application/json"},
				{"ManageConnectorFunction", "POST", "/v2/connectors/s3", "application/json"},
				{"ManageConnectorFunction", "PATCH", "/v2/connectors/conn", "application/json"},
				{"ManageWebhookFunction", "POST", "/v2/webhooks", "application/json"},
				{"ManageAutomationFunction", "PUT", "/v2/indexes/idx/automations/export", "application/json"},
			} {
				w.holdCost(fmt.Sprintf("%s of %d to %s", name, size, to.path), to, body)
			}
		}
		for name, body := range nastyForms(size) {
			w.holdCost(fmt.Sprintf("a form, %s of %d", name, size), form, body)
		}
	}
}

// nastyTarget is what takes a body.
type nastyTarget struct{ function, method, path, contentType string }

// holdCost sends the body and holds what it costs.
func (w *world) holdCost(name string, to nastyTarget, body string) {
	w.t.Helper()
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: to.method, Path: to.path, Headers: map[string]string{"Content-Type": to.contentType},
		Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "req-1", Authorizer: map[string]any{"account_id": "acct", "scope": "admin"}},
	}
	each := costOfAByte
	if len(body) > api.MaxBodyBytes {
		each = costBeyond
	}
	w.log.Reset()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out, err := w.functions[to.function](w.t.Context(), ev)
	runtime.ReadMemStats(&after)
	w.must(err)
	if cost, most := after.TotalAlloc-before.TotalAlloc, uint64(costOfAny+each*len(body)); cost > most {
		w.t.Errorf("%s: %d bytes cost %d, more than %d", name, len(body), cost, most)
	}
	if out.StatusCode >= http.StatusInternalServerError || len(body) > api.MaxBodyBytes && out.StatusCode != http.StatusRequestEntityTooLarge {
		w.t.Errorf("%s: answered %d", name, out.StatusCode)
	}
	if len(out.Body) > largestReply || w.log.Len() > largestLog {
		w.t.Errorf("%s: answered with %d bytes, of which %d are logged: %.100s", name, len(out.Body), w.log.Len(), out.Body)
	}
}
