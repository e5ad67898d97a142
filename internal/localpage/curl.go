package localpage

import (
	"encoding/json"
	"net/url"
	"strings"
)

// curl is a request that one can paste into a shell. The key isn't in it: curl takes the header from a file.
type curl struct{ ID, Does, Command string }

// curls are those that need no export.
func (p *page) curls(x *Example) []curl {
	all := []curl{{"list", "list the exports", p.command("GET", "/exports", nil)}}
	if x == nil {
		return all
	}
	return append([]curl{{"create", "make the documented export", p.command("POST", "/exports/index/"+url.PathEscape(x.Index), newForm(x).request(), "Idempotency-Key: "+x.IdempotencyKey)}}, all...)
}

// curlsOf are those of an export, as far as they make sense in its state.
func (p *page) curlsOf(e exportView) []curl {
	at := "/exports/" + url.PathEscape(e.ID)
	all := []curl{{"show", "show this export", p.command("GET", at, nil)}}
	if e.DownloadURL != "" {
		all = append(all,
			curl{"download", "download the document", p.command("GET", at+"/download", nil) + " \\\n  -OJ"},
			curl{"link", "make a link that needs no key", p.command("POST", at+"/download-url", nil)})
	}
	if p.calls.Cancel && e.Open() {
		all = append(all, curl{"cancel", "cancel it", p.command("POST", at+"/cancel", nil)})
	}
	if p.calls.Retry && e.Failed() {
		all = append(all, curl{"retry", "try again", p.command("POST", at+"/retry", nil)})
	}
	return all
}

func (p *page) command(method, path string, body any, headers ...string) string {
	words := []string{"curl -sS"}
	if method != "GET" {
		words[0] += " -X " + method
	}
	words[0] += " " + quoted(p.cfg.BaseURL+path)
	words = append(words, "-H "+quoted("@"+p.cfg.KeyFile))
	for _, h := range headers {
		words = append(words, "-H "+quoted(h))
	}
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return ""
		}
		words = append(words, "-H 'Content-Type: application/json'", "-d "+quoted(string(raw)))
	}
	return strings.Join(words, " \\\n  ")
}

// quoted is a word of a shell's command line, as it is.
func quoted(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@,+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
