package connector

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedTestsExist: what docs/connectors.md says is shown by a test, is. A name that ends in … stands for all
// that begin so.
func TestDocumentedTestsExist(t *testing.T) {
	doc, err := os.ReadFile("../../docs/connectors.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile("../" + path)
		source.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)(…?)`").FindAllStringSubmatch(string(doc), -1)
	if len(names) < 40 {
		t.Errorf("the document names %d tests", len(names))
	}
	for _, n := range names {
		declared := "func " + n[1] + "("
		if n[2] != "" {
			declared = "func " + n[1]
		}
		if !strings.Contains(source.String(), declared) {
			t.Errorf("there is no %s", n[1])
		}
	}
}
