package templatetest

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// power is one line of docs/permissions.md: a policy, whom it is about, an action, and what it is done to.
type power struct {
	policy string // logical id of what has the policy
	who    string // logical id of a role, or who else the policy names
	action string // "not " and the action where it is refused
	on     string // with its conditions
}

// rows are the powers, each with its reasons.
type rows map[power][]string

const permissionsFile = "../../docs/permissions.md"

// TestPermissions holds docs/permissions.md and the template against each other, in both directions: nothing is granted
// or refused without a line, every line has its reason, and nothing is said twice.
func TestPermissions(t *testing.T) {
	written, granted := permitted(t), map[power]bool{}
	for _, p := range powers(t, load(t)) {
		if granted[p] {
			t.Errorf("the template says twice: %s", p)
		}
		granted[p] = true
		if len(written[p]) == 0 {
			t.Errorf("not in docs/permissions.md: %s", p)
		}
	}
	for p, reasons := range written {
		if !granted[p] {
			t.Errorf("docs/permissions.md has what the template hasn't: %s", p)
		}
		if len(reasons) != 1 || len(strings.Fields(reasons[0])) < 3 {
			t.Errorf("%s has the reasons %q", p, reasons)
		}
	}
}

func (p power) String() string {
	return fmt.Sprintf("%s: %s %s %s", p.policy, p.who, p.action, p.on)
}

// TestNoWildcardWithoutReason: what reaches every resource, every action, every name or every account is listed here.
func TestNoWildcardWithoutReason(t *testing.T) {
	want := []string{
		"ArtifactsBucketPolicy not s3:* on the whole bucket, for everybody",
		"ConnectorKey on *, which is the key itself in its own policy",
		"ExportMachineRole log delivery on *: its actions know no resources",
		"ResultsBucketPolicy not s3:* on the whole bucket, for everybody",
		"SigningKeysPolicy refuses on *, which is the secret itself in its own policy",
		"TracingPolicy, MachineTracingPolicy trace segments on *: X-Ray knows no resources",
		"customers' roles, of any account but ours",
	}
	var got []string
	for _, p := range powers(t, load(t)) {
		on, _, _ := strings.Cut(p.on, " if ")
		refused := strings.HasPrefix(p.action, "not ")
		switch {
		case p.policy == "ConnectorKey" && on == "*" && !strings.Contains(p.action, "*"):
			got = append(got, want[1])
		case p.policy == "ExportMachineRole" && on == "*" && strings.HasPrefix(p.action, "logs:"):
			got = append(got, want[2])
		case p.action == "not s3:*" && p.who == "everybody":
			got = append(got, p.policy+" not s3:* on the whole bucket, for everybody")
		case p.policy == "SigningKeysPolicy" && on == "*" && refused:
			got = append(got, want[4])
		case strings.HasPrefix(p.action, "xray:") && strings.HasSuffix(p.policy, "TracingPolicy"):
			got = append(got, want[5])
		case p.action == "sts:AssumeRole" && on == "iam::*:role/*":
			got = append(got, want[6])
		case strings.Contains(p.action, "*"), on == "*", !refused && p.who == "everybody", strings.Contains(on, "::*:"):
			t.Errorf("without a reason in this test: %s", p)
		case !refused && strings.Contains(on, "*") && !confined(on):
			t.Errorf("reaches beyond a prefix of ours: %s", p)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("what is wide (-want +got):\n%s", diff)
	}
}

// wide are the patterns that may be for every account's things, each for the functions that docs/permissions.md names.
var wide = regexp.MustCompile(`^(Table (ACCT|RUN|KEY)#\*|ArtifactsBucket/(work|artifacts)/\*|states:here:execution:\$\{AWS::StackName}-export[:/]\*|execute-api:here:\$\{Api}/(\*/\*/\*|authorizers/\*))$`)

// confined reports whether a pattern is bound to the session's account, or one of those that may be wide.
func confined(on string) bool {
	_, source, called := strings.Cut(on, " for ")
	return strings.Contains(on, "{account}") || wide.MatchString(on) || called && wide.MatchString(source)
}

// TestWhoReachesEveryAccount: which roles have a pattern over every account's records or objects. No role of a step has.
func TestWhoReachesEveryAccount(t *testing.T) {
	got := map[string][]string{}
	for _, p := range powers(t, load(t)) {
		if strings.HasPrefix(p.on, "Table ") && strings.HasSuffix(p.on, "#*") || strings.HasPrefix(p.on, "ArtifactsBucket/") || strings.HasPrefix(p.on, "ResultsBucket/") {
			if !strings.Contains(p.on, "{account}") && !strings.HasPrefix(p.action, "not ") {
				got[p.who] = append(got[p.who], p.action+" "+p.on)
			}
		}
	}
	for who := range got {
		slices.Sort(got[who])
	}
	want := map[string][]string{
		"AuthorizeRole":            {"dynamodb:GetItem Table KEY#*"},
		"CreateExportRole":         {"dynamodb:BatchGetItem Table ACCT#*", "dynamodb:GetItem Table ACCT#*", "dynamodb:PutItem Table ACCT#*", "dynamodb:Query Table ACCT#*", "dynamodb:Query Table RUN#*"},
		"ReadExportRole":           {"dynamodb:GetItem Table ACCT#*", "dynamodb:Query Table ACCT#*"},
		"DownloadExportRole":       {"dynamodb:GetItem Table ACCT#*", "dynamodb:GetItem Table KEY#*"},
		"ManageConnectorRole":      {"dynamodb:DeleteItem Table ACCT#*", "dynamodb:GetItem Table ACCT#*", "dynamodb:PutItem Table ACCT#*", "dynamodb:Query Table ACCT#*"},
		"ManageWebhookRole":        {"dynamodb:DeleteItem Table ACCT#*", "dynamodb:GetItem Table ACCT#*", "dynamodb:PutItem Table ACCT#*", "dynamodb:Query Table ACCT#*"},
		"SendEventsRole":           {"dynamodb:GetItem Table ACCT#*", "dynamodb:PutItem Table ACCT#*", "dynamodb:Query Table ACCT#*"},
		"SweepRole":                {"dynamodb:GetItem Table ACCT#*", "dynamodb:PutItem Table ACCT#*", "s3:AbortMultipartUpload ArtifactsBucket/artifacts/*", "s3:AbortMultipartUpload ArtifactsBucket/work/*"},
		"cloudfront.amazonaws.com": {"s3:GetObject ArtifactsBucket/artifacts/* if StringEquals AWS:SourceArn cloudfront::${AWS::AccountId}:distribution/${Distribution}"},
		"ExportMachineRole":        {"s3:AbortMultipartUpload ArtifactsBucket/work/*", "s3:GetObject ArtifactsBucket/work/*", "s3:ListMultipartUploadParts ArtifactsBucket/work/*", "s3:PutObject ArtifactsBucket/work/*"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who reaches every account (-want +got):\n%s", diff)
	}
}

// TestWhoTouchesSecrets: one function seals connectors' secrets, two open them, and as many webhooks', all of them under a
// session of the account that the secrets are bound to; and no policy but the key's own says so. Nobody who opens the one
// kind opens the other.
func TestWhoTouchesSecrets(t *testing.T) {
	const ofWebhook = "* if StringEquals kms:EncryptionContext:account_id {account}, StringLike kms:EncryptionContext:webhook_id *"
	const bound = "* if StringEquals kms:EncryptionContext:account_id {account}, StringLike kms:EncryptionContext:connector_id *"
	got := map[power]bool{}
	for _, p := range powers(t, load(t)) {
		use := slices.Contains([]string{"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "*"}, strings.TrimPrefix(p.action, "kms:"))
		if strings.HasPrefix(p.action, "kms:") && use {
			got[p] = true
		}
	}
	want := map[power]bool{
		{"ConnectorKey", "ManageConnectorAccountRole", "kms:GenerateDataKey", bound}: true,
		{"ConnectorKey", "ManageConnectorAccountRole", "kms:Decrypt", bound}:         true,
		{"ConnectorKey", "DeliverAccountRole", "kms:Decrypt", bound}:                 true,

		{"ConnectorKey", "ManageWebhookAccountRole", "kms:GenerateDataKey", ofWebhook}: true,
		{"ConnectorKey", "ManageWebhookAccountRole", "kms:Decrypt", ofWebhook}:         true,
		{"ConnectorKey", "SendEventsAccountRole", "kms:Decrypt", ofWebhook}:            true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who uses the key (-want +got):\n%s", diff)
	}
}

// TestAccountRoles: each is taken by the one function that is given it, with the account as the only tag.
func TestAccountRoles(t *testing.T) {
	tmpl := load(t)
	const tagged = " if ForAllValues:StringEquals aws:TagKeys account_id, StringLike aws:RequestTag/account_id *"
	got, want := map[power]bool{}, map[power]bool{}
	for _, p := range powers(t, tmpl) {
		if strings.HasSuffix(p.policy, "AccountRole") && p.on == p.policy+tagged {
			got[p] = true
		}
	}
	for id, f := range functions(t, tmpl) {
		name := strings.TrimSuffix(id, "Function")
		given := f.Environment.Variables["ACCOUNT_ROLE_ARN"]
		if given == nil {
			continue
		}
		if given != "${"+name+"AccountRole.Arn}" {
			t.Errorf("%s is given the role %v", id, given)
		}
		for _, action := range []string{"sts:AssumeRole", "sts:TagSession"} {
			want[power{name + "AccountRole", name + "Role", action, name + "AccountRole" + tagged}] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who takes roles (-want +got):\n%s", diff)
	}
}

// permitted reads the tables of docs/permissions.md. A cell's words in backquotes are what it is about; a row stands for
// each of them with each.
func permitted(t *testing.T) rows {
	t.Helper()
	raw, err := os.ReadFile(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	all := rows{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for n, line := range strings.Split(string(raw), "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 5 {
			t.Errorf("line %d has %d cells", n+1, len(cells))
			continue
		}
		words := func(cell int) (list []string) {
			for _, m := range quoted.FindAllStringSubmatch(cells[cell], -1) {
				list = append(list, m[1])
			}
			if len(list) == 0 {
				t.Errorf("line %d: %q names nothing", n+1, cells[cell])
			}
			return list
		}
		for _, policy := range words(0) {
			name := strings.TrimSuffix(strings.TrimSuffix(policy, "Role"), "Account")
			names := strings.NewReplacer("itself", policy, "{name}", name)
			for _, who := range words(1) {
				for _, action := range words(2) {
					for _, on := range words(3) {
						p := power{policy, names.Replace(who), action, names.Replace(on)}
						all[p] = append(all[p], strings.TrimSpace(cells[4]))
					}
				}
			}
		}
	}
	return all
}

// powers are all that the template's policies say, of roles, resources and functions.
func powers(t *testing.T, tmpl template) []power {
	t.Helper()
	var all []power
	for id, r := range tmpl.Resources {
		var p struct {
			AssumeRolePolicyDocument, KeyPolicy, PolicyDocument, ResourcePolicy document
			Policies                                                            json.RawMessage
			ManagedPolicyArns, Roles                                            []string
			Events                                                              map[string]json.RawMessage
			Action, FunctionName, Principal, SourceArn, SourceAccount           string // of a Lambda permission
		}
		if err := json.Unmarshal(orEmpty(r.Properties), &p); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		switch r.Type {
		case "AWS::IAM::Role":
			all = append(all, p.AssumeRolePolicyDocument.powers(id, "", id)...)
			var policies []struct{ PolicyDocument document }
			if err := json.Unmarshal(orEmptyList(p.Policies), &policies); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			for _, policy := range policies {
				all = append(all, policy.PolicyDocument.powers(id, id, "")...)
			}
			for _, arn := range p.ManagedPolicyArns {
				all = append(all, power{id, id, "every action of", short(arn)})
			}
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy":
			for _, role := range p.Roles {
				all = append(all, p.PolicyDocument.powers(id, short(role), "")...)
			}
		case "AWS::Lambda::Permission":
			source := short(p.SourceArn)
			if p.SourceAccount != "" {
				source += " of " + p.SourceAccount
			}
			all = append(all, power{strings.TrimSuffix(id, "Permission") + "Function", p.Principal, p.Action, short(p.FunctionName) + " for " + source})
		case functionType:
			if p.Policies != nil {
				t.Errorf("%s has policies that the SAM transform would put into a role", id)
			}
			for name := range p.Events {
				all = append(all, power{id, "events.amazonaws.com", "lambda:InvokeFunction", id + " for " + name})
			}
		default:
			for _, d := range []document{p.KeyPolicy, p.PolicyDocument, p.ResourcePolicy} {
				all = append(all, d.powers(id, "", "")...)
			}
		}
	}
	return all
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("{}")
	}
	return raw
}

func orEmptyList(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("[]")
	}
	return raw
}

// powers are the statements' of a policy. The role is who has it, "" where its statements name somebody; the resource
// stands for what a policy without one is about.
func (d document) powers(policy, role, resource string) (all []power) {
	for _, s := range d.Statement {
		who := []string{role}
		if role == "" {
			who = s.principals()
		}
		on := s.Resource
		if len(on) == 0 {
			on = oneOrMore{resource}
		}
		for _, name := range who {
			for _, action := range s.Action {
				if s.Effect != "Allow" {
					action = "not " + action
				}
				for _, thing := range on {
					for _, condition := range s.conditions() {
						all = append(all, power{policy, name, action, short(thing) + condition})
					}
				}
			}
		}
	}
	return all
}

// principals are whom a statement of a resource's policy names.
func (s statement) principals() []string {
	named, ok := s.Principal.(map[string]any)
	if !ok {
		return []string{"everybody"}
	}
	var all []string
	for _, value := range named {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			all = append(all, short(fmt.Sprint(one)))
		}
	}
	return all
}

var attribute = regexp.MustCompile(`\$\{(\w+)(?:\.(?:Arn|Alias))?}`)

// short is an ARN or a reference as docs/permissions.md has it.
func short(arn string) string {
	arn = strings.ReplaceAll(arn, "${!aws:PrincipalTag/account_id}", "{account}")
	arn = strings.ReplaceAll(arn, "${aws:PrincipalTag/account_id}", "{account}")
	arn = strings.TrimPrefix(arn, "arn:${AWS::Partition}:")
	arn = strings.ReplaceAll(arn, "${AWS::Region}:${AWS::AccountId}:", "here:")
	if attribute.MatchString(arn) && !strings.Contains(arn, ":") {
		return attribute.ReplaceAllString(arn, "$1")
	}
	return arn
}

// conditions is what the lines of a statement end with: one for each pattern of partition keys.
func (s statement) conditions() []string {
	var rest, keys []string
	for operator, tests := range s.Condition {
		for key, value := range tests {
			list, ok := value.([]any)
			if !ok {
				list = []any{value}
			}
			var values []string
			for _, v := range list {
				values = append(values, short(fmt.Sprint(v)))
			}
			if operator == "ForAllValues:StringLike" && key == "dynamodb:LeadingKeys" {
				for _, v := range values {
					keys = append(keys, " "+v)
				}
				continue
			}
			rest = append(rest, operator+" "+key+" "+strings.Join(values, " or "))
		}
	}
	if len(rest) > 0 {
		slices.Sort(rest)
		return []string{" if " + strings.Join(rest, ", ")}
	}
	if len(keys) > 0 {
		return keys
	}
	return []string{""}
}

// document is an IAM policy.
type document struct{ Statement []statement }

type statement struct {
	Effect    string
	Action    oneOrMore
	Resource  oneOrMore
	Principal any
	Condition map[string]map[string]any
}

// UnmarshalJSON takes a statement that is there on a condition for one that is there.
func (s *statement) UnmarshalJSON(raw []byte) error {
	var choice struct {
		If []json.RawMessage `json:"Fn::If"`
	}
	if err := json.Unmarshal(raw, &choice); err == nil && len(choice.If) == 3 {
		raw = choice.If[1]
	}
	type plain statement
	return json.Unmarshal(raw, (*plain)(s))
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// TestSessionsReachNoOtherAccount: nothing that a session of one account may do is done to another one's, not even to one
// whose name begins alike, and without an account it may do nothing of the kind.
func TestSessionsReachNoOtherAccount(t *testing.T) {
	theirs := func(account string) []string {
		bound := " * if StringEquals kms:EncryptionContext:account_id " + account + ", StringLike kms:EncryptionContext:connector_id conn"
		calls := []string{
			"s3:GetObject ResultsBucket/results/" + account + "/run/part", "dynamodb:Query Table RUN#" + account + "#run",
			"kms:Decrypt" + bound, "kms:GenerateDataKey" + bound,
		}
		for _, action := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem"} {
			calls = append(calls, "dynamodb:"+action+" Table ACCT#"+account)
		}
		for _, folder := range []string{"work", "artifacts"} {
			calls = append(calls, "s3:ListBucketMultipartUploads ArtifactsBucket if StringLike s3:prefix "+folder+"/"+account+"/exp/")
			for _, action := range []string{"GetObject", "PutObject", "AbortMultipartUpload"} {
				calls = append(calls, "s3:"+action+" ArtifactsBucket/"+folder+"/"+account+"/exp/a")
			}
		}
		return calls
	}
	own := map[string]bool{}
	for _, p := range powers(t, load(t)) {
		if !strings.HasSuffix(p.who, "AccountRole") || p.policy != p.who && p.policy != "ConnectorKey" {
			continue
		}
		for _, text := range theirs("acct") {
			own[text] = own[text] || p.allows(text, "acct")
		}
		for session, other := range map[string]string{"acct": "acct2", "acct2": "acct", "": "acct", "a": "b"} {
			for _, text := range theirs(other) {
				if p.allows(text, session) {
					t.Errorf("%s lets a session of %q do %s", p, session, text)
				}
			}
		}
	}
	for text, allowed := range own {
		if !allowed && !strings.HasPrefix(text, "dynamodb:DeleteItem") { // which no session may
			t.Errorf("no session of the account itself may %s", text)
		}
	}
}
