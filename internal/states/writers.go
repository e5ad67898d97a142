package states

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Transition is one of the domain's ways to make a record out of another one, or out of nothing.
type Transition struct {
	Name    string
	Says    string   // the first sentence of its comment
	Writers []string // the deployed functions that call it, by their folders; none if only other transitions do
}

// Transitions are the domain's exported functions and methods of Export that give an Export. A caller that no deployed
// function leads to is an error: then this reading of the source has a hole. deployed are the functions' folders.
func (s *Source) Transitions(deployed []string) ([]Transition, error) {
	all, order := map[string]*Transition{}, []string(nil) // by full name, in the order of the source
	for fn, decl := range s.Domain.functions {
		if fn.Exported() && givesExport(fn) {
			order = append(order, fn.FullName())
			all[fn.FullName()] = &Transition{Name: fn.Name(), Says: new(doc.Package).Synopsis(decl.Doc.Text())}
		}
	}
	calls, roots, err := s.calls(deployed)
	if err != nil {
		return nil, err
	}
	reached := map[string]bool{}
	for _, root := range slices.Sorted(maps.Keys(roots)) {
		for name := range reachable(calls, root) {
			reached[name] = true
			if t := all[name]; t != nil && !slices.Contains(t.Writers, roots[root]) {
				t.Writers = append(t.Writers, roots[root])
			}
		}
	}
	for _, caller := range slices.Sorted(maps.Keys(calls)) {
		for _, called := range calls[caller] {
			if all[called] != nil && !reached[caller] && roots[caller] == "" {
				return nil, fmt.Errorf("%s calls %s, and no deployed function is seen to lead there", caller, called)
			}
		}
	}
	var found []Transition
	for _, name := range order {
		slices.Sort(all[name].Writers)
		found = append(found, *all[name])
	}
	return found, nil
}

// givesExport reports whether the first result is an Export.
func givesExport(fn *types.Func) bool {
	results := fn.Signature().Results()
	return results.Len() > 0 && results.At(0).Type().String() == domain+".Export"
}

// calls are the functions that each function mentions, by full names, and the entry points of the deployed functions: the
// Handle method of a step and the constructor of an HTTP handler, each named as its folder is.
func (s *Source) calls(deployed []string) (calls map[string][]string, roots map[string]string, err error) {
	calls, roots = map[string][]string{}, map[string]string{}
	for _, p := range s.packages {
		for fn, decl := range p.functions {
			name := fn.FullName()
			if folder := entry(fn); slices.Contains(deployed, folder) {
				roots[name] = folder
			}
			for node := range ast.Preorder(decl.Body) {
				if id, ok := node.(*ast.Ident); ok {
					if called, ok := p.info.Uses[id].(*types.Func); ok {
						calls[name] = append(calls[name], called.Origin().FullName())
					}
				}
			}
		}
	}
	if len(roots) == 0 {
		return nil, nil, fmt.Errorf("no deployed function has an entry point")
	}
	return calls, roots, nil
}

// entry is the folder of the deployed function that would begin in fn, "" if none could.
func entry(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv != nil && fn.Name() == "Handle" {
		if named, ok := recv.Type().(*types.Named); ok {
			return folder(named.Obj().Name())
		}
	}
	results := fn.Signature().Results()
	if recv == nil && results.Len() > 0 && results.At(0).Type().String() == "net/http.Handler" {
		return folder(fn.Name())
	}
	return ""
}

// folder is the name of a type or function as folders have it: CreateExport is create-export.
func folder(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func reachable(calls map[string][]string, from string) map[string]bool {
	seen := map[string]bool{from: true}
	for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
		for _, next := range calls[todo[0]] {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return seen
}
