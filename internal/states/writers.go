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
		if len(all[name].Writers) == 0 && !s.within(name) {
			return nil, fmt.Errorf("no deployed function is seen to lead to %s, and no other transition has it in it", name)
		}
		slices.Sort(all[name].Writers)
		found = append(found, *all[name])
	}
	return found, nil
}

// within reports whether another function of the domain mentions the transition.
func (s *Source) within(name string) bool {
	for fn, decl := range s.Domain.functions {
		if fn.FullName() != name && slices.Contains(s.Domain.mentions(decl.Body), name) {
			return true
		}
	}
	return false
}

// givesExport reports whether the first result is an Export.
func givesExport(fn *types.Func) bool {
	results := fn.Signature().Results()
	return results.Len() > 0 && results.At(0).Type().String() == domain+".Export"
}

// mentions are the functions and the package's variables that stand in a piece of code, by full names, and the methods of
// what it makes: whoever is given that may call them.
func (p *Package) mentions(code ast.Node) (names []string) {
	for node := range ast.Preorder(code) {
		switch node := node.(type) {
		case *ast.CompositeLit:
			names = append(names, methods(p.info.TypeOf(node))...)
		case *ast.Ident:
			switch used := p.info.Uses[node].(type) {
			case *types.Func:
				names = append(names, used.Origin().FullName())
			case *types.Var:
				if used.Parent() == p.Types.Scope() {
					names = append(names, fullName(used))
				}
			}
		}
	}
	return names
}

// methods are those of a type and of pointers to it, by full names; none of a type without a name, nor of the domain's,
// which nobody calls by an interface.
func methods(t types.Type) (names []string) {
	if named, ok := t.(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() != domain {
		for m := range named.Origin().Methods() {
			names = append(names, m.FullName())
		}
	}
	return names
}

// fullName is that of a package's variable.
func fullName(v *types.Var) string { return v.Pkg().Path() + "." + v.Name() }

// wiring has a constructor of every deployed function, named as its folder is.
const wiring = "github.com/videovector/exports/internal/wiring"

// calls are what each function and variable mentions, by full names, and the entry points of the deployed functions: the
// Handle method of a step, the constructor of an HTTP handler and that of the whole function, each named as its folder is.
func (s *Source) calls(deployed []string) (calls map[string][]string, roots map[string]string, err error) {
	calls, roots = map[string][]string{}, map[string]string{}
	for _, p := range s.packages {
		for fn, decl := range p.functions {
			name := fn.FullName()
			if folder := entry(fn); slices.Contains(deployed, folder) {
				roots[name] = folder
			}
			calls[name] = append(calls[name], p.mentions(decl.Body)...)
		}
		for v, value := range p.variables {
			calls[fullName(v)] = append(calls[fullName(v)], p.mentions(value)...)
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
	if recv == nil && results.Len() > 0 && (results.At(0).Type().String() == "net/http.Handler" || fn.Pkg().Path() == wiring) {
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
