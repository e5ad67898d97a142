package connector

import (
	"strings"
	"testing"
)

// hostShaped is what every name that becomes part of a host or a path must refuse, whatever its grammar is.
var hostShaped = []string{
	"", " ", ".", "..", "/", "a/b", "../a", "a..b/c", "a%2fb", "a%2Fb", "%2e%2e", `a\b`, "a?b", "a#b", "a@b", "user:pw@host", "a:b", "a:80", "a b", " ab", "ab ",
	"a\nb", "abc\n", "\nabc", "a\rb", "a\x00b", "a\tb", "localhost:80", "127.0.0.1:80", "127.0.0.1", "169.254.169.254", "0.0.0.0", "010.0.0.1",
	"999.1.1.1", "[::1]", "::1", "fd00:ec2::254", "http://a", "https://example.com", "//example.com", "example.com/", "ａｂｃ", "abcé", "аbc", "a\u200bb",
	"a\xffb", "ABC/..", "${a}", "{a}", "a*b", "'a'", `"a"`, "a;b", "a,b", "a&b", "a=b", "a|b", "<a>", strings.Repeat("a", 3000),
}

// checks are the parsers, with what each takes and what each refuses beyond hostShaped.
var checks = map[string]struct {
	check     func(string) error
	good, bad []string
}{
	"region": {CheckRegion,
		[]string{"us-east-1", "eu-west-1", "ap-southeast-7", "mx-central-1"},
		[]string{"us-east-9", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "US-EAST-1", "us-east-1.evil.example", "us-east-1a", "aws-global"}},
	"S3 bucket": {CheckBucketS3,
		[]string{"abc", "my-bucket", "my.bucket.name", "0abc", "abc9", strings.Repeat("a", 63), "a.b", "a-b.c"},
		[]string{"ab", "Abc", "abc-", "-abc", ".abc", "abc.", "a..b", "a_b", strings.Repeat("a", 64), "192.168.5.4", "xn--abc", "sthree-abc", "sthree-configurator-x",
			"amzn-s3-demo-x", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--usw2-az1--x-s3", "abc--table-s3", "arn:aws:s3:::abc"}},
	"GCS bucket": {CheckBucketGCS,
		[]string{"abc", "my_bucket", "my-bucket", "my.bucket.example", "0abc9", strings.Repeat("a", 63), strings.Repeat("a", 63) + "." + strings.Repeat("b", 63)},
		[]string{"ab", "Abc", "abc-", "_abc", ".abc", "abc.", "a..b", strings.Repeat("a", 64), "goog-abc", "my-google-bucket", "g00gle", "192.168.5.4", strings.Repeat("ab.", 80) + "c"}},
	"project": {CheckGCPProjectID,
		[]string{"my-project", "abcdef", "a12345", "example.com:my-project", strings.Repeat("a", 30)},
		[]string{"abcde", "1abcdef", "my-project-", "My-project", "my_project", "my.project", strings.Repeat("a", 31), "example:my-project", ":my-project"}},
	"storage account": {CheckAzureAccount,
		[]string{"abc", "account123", "0abc", strings.Repeat("a", 24)},
		[]string{"ab", "Account", "my-account", "my_account", "my.account", strings.Repeat("a", 25), "abc.blob.core.windows.net", "abc.evil.example"}},
	"container": {CheckAzureContainer,
		[]string{"abc", "my-container", "0abc9", strings.Repeat("a", 63)},
		[]string{"ab", "Abc", "my--container", "-abc", "abc-", "my_container", "my.container", strings.Repeat("a", 64), "$root", "$web", "$logs"}},
	"tenant": {CheckTenantID,
		[]string{"72f988bf-86f1-41af-91ab-2d7cd011db47", "72F988BF-86F1-41AF-91AB-2D7CD011DB47", "contoso.onmicrosoft.com", "example.com", "a-b.example.co.uk"},
		[]string{"common", "organizations", "consumers", "72f988bf86f141af91ab2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db4", "{72f988bf-86f1-41af-91ab-2d7cd011db47}",
			"-a.example", "a-.example", "a..example", ".example.com", "example.com.", "example.c", "example.1", "a_b.example", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com"}},
	"client": {CheckClientID,
		[]string{"72f988bf-86f1-41af-91ab-2d7cd011db47", "72F988BF-86F1-41AF-91AB-2D7CD011DB47"},
		[]string{"72f988bf86f141af91ab2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db4g", "contoso.com", "my-app"}},
	"role": {CheckRoleARN,
		[]string{"arn:aws:iam::123456789012:role/exports", "arn:aws:iam::123456789012:role/team/a/Exports+=,.@-_1", "arn:aws:iam::000000000000:role/" + strings.Repeat("r", 64)},
		[]string{"arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role//a", "arn:aws:iam::12345678901:role/a", "arn:aws:iam::1234567890123:role/a",
			"arn:aws-cn:iam::123456789012:role/a", "arn:aws-us-gov:iam::123456789012:role/a", "arn:aws:sts::123456789012:assumed-role/a/b", "arn:aws:iam::123456789012:user/a",
			"arn:aws:iam:us-east-1:123456789012:role/a", "arn:aws:iam::123456789012:role/a b", "arn:aws:iam::123456789012:role/" + strings.Repeat("r", 65),
			" arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/a\n", "ARN:aws:iam::123456789012:role/a", "arn:aws:iam::*:role/a",
			"arn:aws:iam::123456789012:role/" + strings.Repeat("p/", 300) + "a"}},
}

func TestNames(t *testing.T) {
	for name, c := range checks {
		for _, s := range c.good {
			if err := c.check(s); err != nil {
				t.Errorf("%s %q: %v", name, s, err)
			}
		}
		for _, s := range append(hostShaped, c.bad...) {
			switch err := c.check(s); {
			case err == nil:
				t.Errorf("%s %q was taken", name, s)
			case !strings.HasPrefix(err.Error(), "must be "):
				t.Errorf("%s %q: %v", name, s, err)
			}
		}
	}
}

func TestExternalID(t *testing.T) {
	for s, want := range map[string]bool{
		"ab": true, "vvx-0123456789abcdef0123456789abcdef": true, "a+b=c,d.e@f:g/h-i_j": true, strings.Repeat("a", 1224): true,
		"": false, "a": false, "a b": false, "a\n": false, "a*b": false, "aé": false, strings.Repeat("a", 1225): false,
	} {
		if err := CheckExternalID(s); (err == nil) != want {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestKeys(t *testing.T) {
	for key, want := range map[string]bool{
		"a": true, "a/b.json": true, "a b+c%20d#e?f&g=h": true, "%2e%2e/a": true, "..a/b..": true, "...": true, "é漢😀": true, strings.Repeat("a", 1024): true,
		"": false, "/a": false, "a/": false, "a//b": false, ".": false, "..": false, "../a": false, "a/../b": false, "a/..": false, "./a": false, "a/./b": false,
		`a\b`: false, "a\x00b": false, "a\nb": false, "a\u0085b": false, "a\xffb": false, strings.Repeat("a", 1025): false,
	} {
		if err := CheckKey(key); (err == nil) != want {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// FuzzNames holds what every taken name has in common: it can be put into a host or a path as it is.
func FuzzNames(f *testing.F) {
	for _, c := range checks {
		for _, s := range append(c.good, c.bad...) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, c := range checks {
			if c.check(s) != nil {
				continue
			}
			if name != "role" && name != "project" && strings.ContainsAny(s, "/:@?#%[]\\ \t\r\n") || strings.Contains(s, "..") && name != "role" {
				t.Errorf("%s %q was taken", name, s)
			}
		}
	})
}
