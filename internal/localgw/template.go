package localgw

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Deployed is what the template says about one function.
type Deployed struct {
	LogicalID string
	Name      string // its folder under functions/
	Timeout   time.Duration
	MemoryMB  int
	Variables []string // names of its environment variables, sorted
}

// defaultMemoryMB is Lambda's own.
const defaultMemoryMB = 128

// functionType is SAM's.
const functionType = "AWS::Serverless::Function"

type samFunction struct {
	CodeURI     yaml.Node `yaml:"CodeUri"`
	Timeout     int       `yaml:"Timeout"`
	MemorySize  int       `yaml:"MemorySize"`
	Environment struct {
		Variables map[string]yaml.Node `yaml:"Variables"`
	} `yaml:"Environment"`
}

// TemplateFunctions reads the functions of a SAM template, by logical id. A function's folder is its CodeUri if that
// lies in functions/, else its logical id in lower case with dashes and without the word Function: CreateExportFunction
// is functions/create-export.
func TemplateFunctions(template []byte) (map[string]Deployed, error) {
	var in struct {
		Globals struct {
			Function samFunction `yaml:"Function"`
		} `yaml:"Globals"`
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(template, &in); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	out := map[string]Deployed{}
	for id, r := range in.Resources {
		if r.Type != functionType {
			continue
		}
		var f samFunction
		if err := r.Properties.Decode(&f); err != nil {
			return nil, fmt.Errorf("template: function %s: %w", id, err)
		}
		out[id] = deployed(id, f, in.Globals.Function)
	}
	if len(out) == 0 {
		return nil, errors.New("template: it has no functions")
	}
	return out, nil
}

func deployed(id string, f, globals samFunction) Deployed {
	d := Deployed{LogicalID: id, Name: dashed(strings.TrimSuffix(id, "Function")), Timeout: defaultTimeout, MemoryMB: defaultMemoryMB}
	if clean := path.Clean(f.CodeURI.Value); path.Base(path.Dir(clean)) == "functions" {
		d.Name = path.Base(clean)
	}
	for _, s := range []samFunction{globals, f} {
		if s.Timeout > 0 {
			d.Timeout = time.Duration(s.Timeout) * time.Second
		}
		if s.MemorySize > 0 {
			d.MemoryMB = s.MemorySize
		}
		d.Variables = slices.AppendSeq(d.Variables, maps.Keys(s.Environment.Variables))
	}
	slices.Sort(d.Variables)
	d.Variables = slices.Compact(d.Variables)
	return d
}

// dashed turns CreateExport into create-export.
func dashed(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
