package strictjson

import (
	"testing"

	"github.com/videovector/exports/internal/jsonsuite"
)

// TestSuite: the classes of the public suites, with the members noted and without.
func TestSuite(t *testing.T) {
	for _, s := range []*Scanner{New(1000), New(1000, "x", "y")} {
		for _, c := range jsonsuite.Refused() {
			if s.Scan([]byte(c.Text)) == nil {
				t.Errorf("%.40s is taken", c.Name)
			}
		}
		for _, c := range jsonsuite.Accepted() {
			if err := s.Scan([]byte(c.Text)); err != nil {
				t.Errorf("%.40s: %v", c.Name, err)
			}
		}
	}
}
