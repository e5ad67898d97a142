package importlaw

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/videovector/exports"

// law is one rule. From and To are import path prefixes, relative to the module where they start with a slash; a
// prefix matches whole path elements. Except lists packages under From to which the rule does not apply.
type law struct {
	from   string
	to     []string
	except []string
	reason string
}

var aws = []string{"github.com/aws"}

var laws = []law{
	{from: "/internal/export", to: []string{"/", "golang.org", "github.com"}, reason: "the domain is the standard library and our rules: no technology may leak into it"},
	{from: "/internal/fault", to: []string{"/", "golang.org", "github.com"}, reason: "every layer speaks of failure, so its vocabulary may depend on none of them"},
	{from: "/internal/failpoint", to: []string{"/", "golang.org", "github.com"}, except: []string{"/internal/failpoint/"}, reason: "every layer names places where it may be killed, and a release knows nothing of them"},
	{from: "/internal/store", to: []string{"/internal/store", "/internal/blob", "/internal/connector", "/internal/api", "/internal/steps"}, except: []string{"/internal/store/"}, reason: "a contract that knows an implementation is no contract"},
	{from: "/internal/blob", to: []string{"/internal/blob", "/internal/store", "/internal/connector", "/internal/api", "/internal/steps"}, except: []string{"/internal/blob/"}, reason: "a contract that knows an implementation is no contract"},
	{from: "/internal/store/dynamostore", to: []string{"/internal/store/sqlitestore", "/internal/api", "/internal/steps", "/internal/blob", "/internal/connector"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/store/sqlitestore", to: []string{"/internal/store/dynamostore", "/internal/api", "/internal/steps", "/internal/blob", "/internal/connector"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/blob/s3blob", to: []string{"/internal/store", "/internal/api", "/internal/steps", "/internal/connector"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/connector", to: []string{"/internal/connector", "net/http", "/internal/api", "/internal/steps", "/internal/store/dynamostore", "/internal/store/sqlitestore"}, except: []string{"/internal/connector/"}, reason: "a contract that knows an implementation is no contract"},
	{from: "/internal/connector", to: append([]string{"/internal/connector/s3conn", "/internal/blob"}, aws...), except: []string{"/internal/connector/s3conn", "/internal/connector/clouds"}, reason: "what speaks to one cloud, or to none, carries no other one's SDK"},
	{from: "/internal/connector/guard", to: []string{"/internal/connector", "/internal/store", "/internal/seal"}, reason: "what lets requests out must not know whose they are"},
	{from: "/internal/connector/s3conn", to: []string{"/internal/store/dynamostore", "/internal/store/sqlitestore", "/internal/api", "/internal/steps"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/connector/azureconn", to: []string{"/internal/connector/s3conn", "/internal/connector/gcsconn", "/internal/store/dynamostore", "/internal/store/sqlitestore", "/internal/api", "/internal/steps"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/connector/gcsconn", to: []string{"/internal/connector/s3conn", "/internal/connector/azureconn", "/internal/store/dynamostore", "/internal/store/sqlitestore", "/internal/api", "/internal/steps"}, reason: "an adapter hides one technology and is replaceable alone"},
	{from: "/internal/api", to: append([]string{"/internal/steps", "/internal/store/dynamostore", "/internal/store/sqlitestore", "/internal/blob/s3blob"}, aws...), reason: "the HTTP behaviour is tested without a cloud and ports to another one"},
	{from: "/internal/auth", to: append([]string{"/internal/api", "/internal/steps", "/internal/store/dynamostore", "/internal/store/sqlitestore"}, aws...), reason: "who may do what does not depend on where it runs"},
	{from: "/internal/apikey", to: append([]string{"/internal/api", "/internal/steps", "/internal/store/dynamostore", "/internal/store/sqlitestore"}, aws...), reason: "keys are made and ended alike in every store"},
	{from: "/functions", to: []string{"/internal/apikey", "/internal/usagekey/awsplan"}, reason: "no function administers keys: none has the permissions to"},
	{from: "/internal/steps", to: append([]string{"/internal/api", "/internal/store/dynamostore", "/internal/store/sqlitestore", "/internal/blob/s3blob"}, aws...), reason: "the steps run under any engine and over any store"},
	{from: "/internal/artifact", to: append([]string{"/internal/store", "/internal/blob", "/internal/steps", "/internal/api"}, aws...), reason: "a document is readers and writers; it must be producible on a laptop from files alone"},
	{from: "/internal/webhook", to: append([]string{"/internal/api", "/internal/steps", "/internal/store/dynamostore", "/internal/store/sqlitestore"}, aws...), reason: "what customers are told does not depend on where it runs, and who shows an export hands its object in"},
	{from: "/internal/changes", to: append([]string{"/internal/store", "/internal/steps", "/internal/api", "/internal/localpipe"}, aws...), reason: "who tells of a change and who acts on it know the change, and not each other"},
	{from: "/internal/asl", to: append([]string{"/internal/steps", "/internal/api", "/internal/store", "/internal/blob"}, aws...), reason: "the interpreter knows the language, not this project's machine"},
	{from: "/internal", to: []string{"github.com/aws/aws-lambda-go/events"}, except: []string{"/internal/apigw", "/internal/localgw"}, reason: "handlers are written against net/http and typed steps, never against event types"},
	{from: "/internal/metrics", to: append([]string{"/internal/store", "/internal/steps", "/internal/api", "net"}, aws...), reason: "a metric is a line of the log: nobody waits for it, and nothing needs a permission"},
	{from: "/internal", to: []string{"/functions", "/cmd"}, reason: "only the mains wire; nothing depends on a main"},
	{from: "/functions", to: []string{"/internal/store/sqlitestore", "/internal/blob/embeds3", "/internal/asl", "/internal/localgw", "/internal/localpage", "/internal/localpipe", "/internal/samlocal", "/internal/demo"}, reason: "what is deployed carries nothing of the local stack"},
	{from: "/internal/localpage", to: append([]string{"/internal/api", "/internal/steps", "/internal/store", "/internal/blob", "/internal/connector", "/internal/wiring"}, aws...), reason: "the page shows what the API says: whoever needs more of it gets it from the API"},
	{from: "/cmd", to: []string{"github.com/chromedp"}, reason: "a browser is a tool of tests"},
	{from: "/client", to: []string{"/", "golang.org", "github.com"}, reason: "a user's program takes the SDK and the standard library, nothing else"},
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func TestNoForbiddenEdge(t *testing.T) {
	pkgs := list(t)
	for _, l := range laws {
		for _, p := range pkgs {
			for _, imported := range p.Imports {
				if l.forbids(p.ImportPath, imported) {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, l.reason)
				}
			}
		}
	}
}

func TestLawSeesItsPackages(t *testing.T) {
	pkgs := list(t)
	for _, l := range laws {
		if !slices.ContainsFunc(pkgs, func(p pkg) bool { return under(p.ImportPath, l.from) }) {
			t.Errorf("the law on %s matches no package: is it misspelt?", l.from)
		}
	}
}

func TestForbids(t *testing.T) {
	l := law{from: "/internal/store", to: []string{"/internal/store", "github.com/aws"}, except: []string{"/internal/store/"}}
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{module + "/internal/store", module + "/internal/store/dynamostore", true},
		{module + "/internal/store", "github.com/aws/aws-sdk-go-v2/aws", true},
		{module + "/internal/store", module + "/internal/storefront", false},
		{module + "/internal/store", module + "/internal/export", false},
		{module + "/internal/store/dynamostore", "github.com/aws/aws-sdk-go-v2/aws", false},
	} {
		if got := l.forbids(c.from, c.to); got != c.want {
			t.Errorf("forbids(%s, %s) = %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

func (l law) forbids(from, to string) bool {
	if !under(from, l.from) || slices.ContainsFunc(l.except, func(e string) bool { return under(from, e) }) {
		return false
	}
	return slices.ContainsFunc(l.to, func(t string) bool { return under(to, t) })
}

// under reports whether an import path is the prefix or lies below it. A prefix that ends in a slash matches what
// lies below only.
func under(path, prefix string) bool {
	if strings.HasPrefix(prefix, "/") {
		prefix = module + prefix
	}
	if below, ok := strings.CutSuffix(prefix, "/"); ok {
		return strings.HasPrefix(path, below+"/")
	}
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
