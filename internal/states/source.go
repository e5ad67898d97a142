package states

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module  = "github.com/videovector/exports"
	domain  = module + "/internal/export"
	itself  = module + "/internal/states"
	support = "test" // what packages end in that tests alone import
)

// Source is the part of the module's source that knows the domain, with its types.
type Source struct {
	Domain   *Package
	packages []*Package // the domain not among them
}

// Package is one package's source.
type Package struct {
	Types *types.Package
	files []*ast.File
	info  *types.Info
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Export     string
	Standard   bool
}

// ReadSource reads the domain, and every package below internal/ that imports it. dir is a folder of the module.
func ReadSource(ctx context.Context, dir string) (*Source, error) {
	all, err := list(ctx, dir)
	if err != nil {
		return nil, err
	}
	compiled := map[string]string{}
	for _, p := range all {
		compiled[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if compiled[path] == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(compiled[path])
	})
	var s Source
	for _, p := range all {
		switch {
		case p.ImportPath == domain:
			s.Domain, err = check(fset, imports, p)
		case strings.HasPrefix(p.ImportPath, module+"/internal/") && slices.Contains(p.Imports, domain) && !aside(p.ImportPath):
			var found *Package
			found, err = check(fset, imports, p)
			s.packages = append(s.packages, found)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.Domain == nil || len(s.packages) == 0 {
		return nil, errors.New("the domain, or what imports it, is not here")
	}
	return &s, nil
}

// aside reports whether only tests import the package, or one that it is inside.
func aside(path string) bool {
	return path == itself || slices.ContainsFunc(strings.Split(path, "/"), func(element string) bool { return strings.HasSuffix(element, support) })
}

func list(ctx context.Context, dir string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Imports,Export,Standard", module+"/internal/...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
}

func check(fset *token.FileSet, imports types.Importer, l listed) (*Package, error) {
	p := &Package{info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}}
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	var err error
	p.Types, err = (&types.Config{Importer: imports}).Check(l.ImportPath, fset, p.files, p.info)
	return p, err
}

// functions are the package's functions and methods that have a body.
func (p *Package) functions(yield func(*types.Func, *ast.FuncDecl) bool) {
	for _, f := range p.files {
		for _, d := range f.Decls {
			if decl, ok := d.(*ast.FuncDecl); ok && decl.Body != nil {
				if fn, ok := p.info.Defs[decl.Name].(*types.Func); ok && !yield(fn, decl) {
					return
				}
			}
		}
	}
}

// variables are the package's variables, each with every value of its declaration.
func (p *Package) variables(yield func(*types.Var, ast.Node) bool) {
	for _, f := range p.files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, spec := range decl.Specs {
				v := spec.(*ast.ValueSpec) // in a var declaration
				for _, name := range v.Names {
					for _, value := range v.Values {
						if of, ok := p.info.Defs[name].(*types.Var); ok && !yield(of, value) {
							return
						}
					}
				}
			}
		}
	}
}
