package templatetest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
)

// TestNoCircle: CloudFormation makes a resource after those that it names, and refuses a template in which two name each
// other, over however many others. It sees the description of the HTTP surface as the API's own text; cfn-lint doesn't.
func TestNoCircle(t *testing.T) {
	names := references(t)
	state := map[string]int{} // 1 while a resource's own references are followed, 2 after
	var follow func(path []string, id string)
	follow = func(path []string, id string) {
		path = append(path, id)
		switch state[id] {
		case 1:
			t.Errorf("a circle: %s", strings.Join(path[slices.Index(path, id):], " names "))
		case 0:
			state[id] = 1
			for _, next := range names[id] {
				follow(path, next)
			}
		}
		state[id] = 2
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		follow(nil, id)
	}
}

var reference = regexp.MustCompile(`\$\{(\w+)(\.[\w.]+)?}`)

// references are the resources that each resource names.
func references(t *testing.T) map[string][]string {
	t.Helper()
	var tmpl struct {
		Resources map[string]struct {
			Type       string
			DependsOn  any
			Properties map[string]any
		}
	}
	parse(t, exports.Template, &tmpl)
	var description any
	parse(t, openapi.Description, &description)
	all := map[string][]string{}
	for id, r := range tmpl.Resources {
		for _, own := range []string{"Events", "DeploymentPreference"} { // SAM makes resources of their own out of them
			delete(r.Properties, own)
		}
		if r.Type == "AWS::Serverless::Api" {
			r.Properties["DefinitionBody"] = description
			delete(r.Properties, "Variables") // the stage's, which is made after it
		}
		raw, err := json.Marshal(r.Properties)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, m := range reference.FindAllSubmatch(raw, -1) {
			found[string(m[1])] = true
		}
		switch d := r.DependsOn.(type) {
		case string:
			found[d] = true
		case []any:
			for _, one := range d {
				found[one.(string)] = true
			}
		}
		all[id] = slices.Sorted(maps.Keys(found))
		all[id] = slices.DeleteFunc(all[id], func(name string) bool { _, is := tmpl.Resources[name]; return !is })
	}
	return all
}
