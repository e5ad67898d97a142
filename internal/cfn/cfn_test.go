package cfn_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/cfn"
)

const template = `
Parameters:
  Mode: { Type: String, Default: "off", AllowedValues: ["off", "on"] }
  Origins: { Type: CommaDelimitedList, Default: "" }
  Name: { Type: String }
Conditions:
  On: !Equals [!Ref Mode, "on"]
  Off: !Not [!Condition On]
  HasOrigins: !Not [!Equals [!Join [",", !Ref Origins], ""]]
  OneOrigin: { "Fn::And": [{ Condition: HasOrigins }, { "Fn::Equals": [{ "Fn::Select": [0, { Ref: Origins }] }, { "Fn::Join": [",", { Ref: Origins }] }] }] }
  Either: !Or [!Condition On, !Condition HasOrigins]
  Odd: !Contains [a, b]
  Nameless: !Equals [!Ref Name, x]
`

func load(t *testing.T, values map[string]string) *cfn.Stack {
	t.Helper()
	s, err := cfn.Load([]byte(template), values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		values map[string]string
		want   string // the conditions that hold
	}{
		{nil, "Off"},
		{map[string]string{"Mode": "on"}, "Either On"},
		{map[string]string{"Origins": "https://a"}, "Either HasOrigins Off OneOrigin"},
		{map[string]string{"Origins": "https://a,https://b"}, "Either HasOrigins Off"},
	} {
		s, got := load(t, c.values), []string{}
		for _, name := range []string{"Either", "HasOrigins", "Off", "On", "OneOrigin"} {
			held, err := s.Holds(name)
			if err != nil {
				t.Error(err)
			}
			if held {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.values, got, c.want)
		}
	}
	for name, want := range map[string]string{"Odd": "Contains", "Nameless": "Name", "None": "no condition None"} {
		if _, err := load(t, nil).Holds(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one of %q", name, err, want)
		}
	}
	if _, err := cfn.Load([]byte(template), map[string]string{"Mod": "on"}); err == nil {
		t.Error("a parameter that isn't there has a value")
	}
}

const document = `a:
  "Fn::If": [On, { b: 1 }, { Ref: "AWS::NoValue" }]
c: [{ "Fn::If": [On, x, { Ref: "AWS::NoValue" }] }, y]
d: { "Fn::If": [Off, { "Fn::If": [HasOrigins, { "Fn::Join": ["", ["'", { "Fn::Select": [0, { Ref: Origins }] }, "'"]] }, none] }, on] }
e: { "Fn::Sub": "${Api}" }
`

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		values map[string]string
		want   string
	}{
		{nil, "c: [y]\nd: none\ne: {\"Fn::Sub\": \"${Api}\"}\n"},
		{map[string]string{"Origins": "https://a,https://b"}, "c: [y]\nd: '''https://a'''\ne: {\"Fn::Sub\": \"${Api}\"}\n"},
		{map[string]string{"Mode": "on"}, "a: {b: 1}\nc: [x, y]\nd: on\ne: {\"Fn::Sub\": \"${Api}\"}\n"},
	} {
		got, err := load(t, c.values).Resolve([]byte(document))
		if diff := cmp.Diff(c.want, string(got)); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", c.values, err, diff)
		}
	}
	for _, bad := range []string{`a: { "Fn::If": [On, 1] }`, `a: { "Fn::If": [None, 1, 2] }`, `a: { Ref: Name }`, "a: [", `a: { "Fn::Select": [3, [a]] }`} {
		if got, err := load(t, nil).Resolve([]byte(bad)); err == nil {
			t.Errorf("%s becomes %s", bad, got)
		}
	}
}
