package hostile

import (
	"go/ast"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decoding are the names of functions that read text, and the calls by which they do.
var (
	decoding      = regexp.MustCompile(`^([pP]arse|[dD]ecode|UnmarshalJSON$|UnmarshalDynamoDB|read(JSON|Manifest|Latest|Fields|Form|Body)|ReadGrant)`)
	decodingCalls = regexp.MustCompile(`/(json|xml|strictjson|jsontext|attributevalue)\.(Unmarshal\w*|NewDecoder)$`)
)

// ours are packages whose readers get nothing from outside, and why.
var ours = map[string]string{
	"cmd":                         "what the developer or operator gives on the command line",
	"internal/bench":              "files that the benchmark has written",
	"internal/asl/motojudge":      "replies of the other interpreter, in tests",
	"internal/connector/conntest": "what a test has written",
	"internal/cost":               "the definition of the state machine, at build time",
	"internal/fixture":            "replies of our functions, in tests",
	"internal/localgw":            "answers of our functions, on one machine; requests go by net/http",
	"internal/localpage":          "replies of our API, on one machine",
	"internal/localpipe":          "answers of our functions, on one machine",
	"internal/localsfn":           "calls of our functions, on one machine",
	"internal/metrics/emftest":    "log lines of our own, in tests",
	"internal/mutants":            "files of the repository",
	"internal/states":             "files of the repository",
	"internal/store/sqlitestore":  "rows that it has written, on one machine",
	"internal/store/storetest":    "rows that it has written, in tests",
	"internal/seal":               "plain text that was sealed for this account and record: anything else doesn't open",
}

// heldBy is the fuzz target that holds each function that reads what comes from outside.
var heldBy = map[string]string{
	"client.Connector.UnmarshalJSON": "FuzzReply", "client.Delivery.UnmarshalJSON": "FuzzReply", "client.Export.UnmarshalJSON": "FuzzReply",
	"client.Webhook.UnmarshalJSON": "FuzzReply", "client.newError": "FuzzReply", "client.reply.decode": "FuzzReply",
	"client.VerifyWebhook": "FuzzVerifyWebhook", "client.Event.Export": "FuzzVerifyWebhook",

	"internal/api.ParseOrigin": "FuzzOrigin", "internal/api.parseBrowse": "FuzzBrowse", "internal/api.parseDeliveryQuery": "FuzzDeliveryQuery",
	"internal/api.parseListQuery": "FuzzListQuery", "internal/api.parseWait": "FuzzPrefer", "internal/api.parseAutomation": "FuzzAutomation",
	"internal/api.parseWebhook": "FuzzWebhook", "internal/api.provider.parse": "FuzzConnector",
	"internal/api.readForm": "FuzzForm", "internal/api.decodeForm": "FuzzForm",
	"internal/api.parseOrder": "FuzzOrder", "internal/api.parseFiles": "FuzzOrder", "internal/api.parseCompression": "FuzzOrder", "internal/api.readBody": "FuzzOrder",
	"internal/api.readFields": "FuzzOrder", "internal/api.decodeFields": "FuzzOrder", "internal/api.fields.readValue": "FuzzOrder", "internal/api.stringsOf": "FuzzOrder",

	"internal/artifact.DecodeManifest": "FuzzManifest", "internal/artifact.Inspect": "FuzzInspect", "internal/artifact.inspection.value": "FuzzInspect",
	"internal/artifact.Parser.Parse": "FuzzParse", "internal/artifact/captions.NewBatch": "FuzzFiles",
	"internal/artifact/columns.parse": "FuzzNew", "internal/artifact/columns.parseValue": "FuzzNew",
	"internal/artifact/columns.value.parseItems": "FuzzNew", "internal/artifact/columns.value.parseMembers": "FuzzNew",

	"internal/asl.Draw": "FuzzRun", "internal/asl.condition": "FuzzRun", "internal/asl.decode": "FuzzRun", "internal/asl.decodeValue": "FuzzRun",
	"internal/asl.functionFailure": "FuzzRun", "internal/asl.optional.UnmarshalJSON": "FuzzRun", "internal/asl.parseArgument": "FuzzRun",
	"internal/asl.parseArguments": "FuzzRun", "internal/asl.parseCall": "FuzzRun", "internal/asl.parseFunction": "FuzzRun", "internal/asl.parsePath": "FuzzRun",
	"internal/asl.parseQuoted": "FuzzRun", "internal/asl.parseStep": "FuzzRun", "internal/asl.path.UnmarshalJSON": "FuzzRun", "internal/asl.rule.UnmarshalJSON": "FuzzRun",
	"internal/asl.template.UnmarshalJSON": "FuzzRun", "internal/asl.text": "FuzzRun", "internal/asl.parseLines": "FuzzJournal",

	"internal/auth.Keyring.OpenToken": "FuzzToken", "internal/auth.decode": "FuzzToken", "internal/auth.ParseScope": "FuzzToken",
	"internal/changes.Event.UnmarshalJSON":   "FuzzHandle",
	"internal/connector.ParseGCSCredentials": "FuzzGCSCredentials", "internal/connector.ParseRSAKey": "FuzzGCSCredentials",
	"internal/connector.decodeAccount": "FuzzGCSCredentials", "internal/connector.decodeKey": "FuzzGCSCredentials",
	"internal/connector.ParsePattern": "FuzzPattern", "internal/connector.readLatest": "FuzzLatest",
	"internal/connector/azureconn.signInRefusal": "FuzzReplies", "internal/connector/azureconn.target.page": "FuzzReplies",
	"internal/connector/gcsconn.reasonOf": "FuzzReplies", "internal/connector/gcsconn.session.finish": "FuzzReplies",
	"internal/connector/gcsconn.target.ask": "FuzzReplies", "internal/connector/gcsconn.tokenRefusal": "FuzzReplies",
	"internal/connector/bearer.ReadGrant": "FuzzGrant",
	"internal/export.ParseExecutionName":  "FuzzExecutionName", "internal/export.ParseLife": "FuzzParseLife",
	"internal/signkeys.Parse":    "FuzzParse",
	"internal/steps.Sweep.ended": "FuzzSweepEvent", "internal/steps.readJSON": "FuzzReadJSON", "internal/steps.readManifest": "FuzzReadJSON",
	"internal/steps.Caught.reported": "FuzzCaught", "internal/steps.reported.code": "FuzzCaught",
	"internal/store/dynamostore.decode": "FuzzRows", "internal/store/dynamostore.decodeRun": "FuzzRows",
	"internal/store/dynamostore.millis.UnmarshalDynamoDBAttributeValue": "FuzzRows",
}

// TestDecoders: every function that decodes what comes from outside has a fuzz target of its own package to its name. A new one
// is missing here, and so is the target of one that is gone. Whether the target reaches the function its author has to see.
func TestDecoders(t *testing.T) {
	targets := map[string]bool{}
	for file, f := range tests(t) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				targets[filepath.ToSlash(filepath.Dir(file))+"."+fn.Name.Name] = true
			}
		}
	}
	found := map[string]bool{}
	for path, file := range parsed(t, func(path string, _ []byte) bool { return !strings.HasSuffix(path, "_test.go") }) {
		if slices.ContainsFunc(slices.Collect(maps.Keys(ours)), func(of string) bool { return strings.HasPrefix(path, of+"/") }) {
			continue
		}
		for _, fn := range decoders(file) {
			dir := filepath.ToSlash(filepath.Dir(path))
			name := dir + "." + fn
			found[name] = true
			if target := heldBy[name]; target == "" {
				t.Errorf("%s reads text: name its fuzz target, or say why its package needs none", name)
			} else if !targets[dir+"."+target] {
				t.Errorf("%s is to be held by %s, which %s hasn't got", name, target, dir)
			}
		}
	}
	for name := range heldBy {
		if !found[name] {
			t.Errorf("%s is no function that reads text any more", name)
		}
	}
}

// decoders are the functions of the file that read text.
func decoders(file *ast.File) (found []string) {
	imported := map[string]string{} // paths, by the names that they have here
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		name := path[strings.LastIndex(path, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = path
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		reads := decoding.MatchString(fn.Name.Name)
		ast.Inspect(fn, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := call.X.(*ast.Ident); ok {
					reads = reads || decodingCalls.MatchString(imported[of.Name]+"."+call.Sel.Name)
				}
			}
			return true
		})
		if reads {
			found = append(found, nameOf(fn))
		}
	}
	return found
}

// nameOf is Type.Method or Function.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	of := fn.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	if g, ok := of.(*ast.IndexExpr); ok {
		of = g.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}
