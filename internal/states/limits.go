package states

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/docblock"
)

// limitTable has the domain's times, and the numbers that stand beside the transitions, with their comments.
func (s *Source) limitTable() string {
	rows := [][]string{{"Name", "Value", "What it is"}}
	for _, spec := range s.constants() {
		var value string
		c := s.Domain.info.Defs[spec.name].(*types.Const) // a constant's definition
		n, exact := constant.Int64Val(constant.ToInt(c.Val()))
		switch {
		case !exact:
			continue
		case c.Type().String() == "time.Duration":
			value = duration(time.Duration(n))
		default:
			value = fmt.Sprint(n)
		}
		rows = append(rows, []string{"`" + spec.name.Name + "`", value, predicate(spec.name.Name, spec.says)})
	}
	return docblock.Table(rows)
}

// limit is a constant and what its comment says; a constant without one shares the comment before.
type limit struct {
	name *ast.Ident
	says string
}

// constants are the domain's times, and the whole numbers of the file in which exports are claimed, if they say what they
// are.
func (s *Source) constants() (all []limit) {
	for _, f := range s.Domain.files {
		beside := declares(f, "Claim")
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			says := ""
			for _, spec := range decl.Specs {
				v := spec.(*ast.ValueSpec) // in a const declaration
				if doc := v.Doc.Text(); doc != "" {
					says = strings.Join(strings.Fields(doc), " ")
				}
				c, ok := s.Domain.info.Defs[v.Names[0]].(*types.Const)
				if ok && says != "" && (c.Type().String() == "time.Duration" || beside && c.Val().Kind() == constant.Int) {
					all = append(all, limit{v.Names[0], says})
				}
			}
		}
	}
	return all
}

func declares(f *ast.File, name string) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Name.Name == name
	})
}
