package strictjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// comparisons scans a text that is as it should be and gives how many pairs of names were compared.
func comparisons(t *testing.T, s *Scanner, text string) int {
	t.Helper()
	before := s.names.compared
	if err := s.Scan([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return s.names.compared - before
}

// TestManyNamesAreNotQuadratic counts comparisons: some few for a name, however many names an object has and whatever
// they have in common.
func TestManyNamesAreNotQuadratic(t *testing.T) {
	const n = 100_000
	small := `{"x":[` + strings.Repeat(manyNames(few, "aaaaaaaa%dbbbbbbbb")+",", n/few) + `1]}`
	for name, text := range map[string]string{
		"short":                      manyNames(n, "%d"),
		"long":                       manyNames(n, "the first and the last of it are the same %06d in every single one"),
		"one fingerprint":            manyNames(n, "12345678%06d12345678"),
		"with escapes":               manyNames(n, `\u00e9%d`),
		"below":                      `{"x":` + manyNames(n, "%d") + `,"y":` + manyNames(n, "%d") + `}`,
		"of many objects":            small,
		"of objects beyond the few":  `{"x":[` + strings.Repeat(manyNames(few+1, "12345678%d12345678")+",", n/few) + `1]}`,
		"a big object in every name": nest(400, 300),
	} {
		t.Run(name, func(t *testing.T) {
			s := New(depth)
			names := strings.Count(text, `":`)
			if got := comparisons(t, s, text); got > few*names {
				t.Errorf("%d comparisons for %d names", got, names)
			}
		})
	}
	if got := comparisons(t, New(depth), manyNames(n, "12345678%06d12345678")); got > 4*n {
		t.Errorf("%d comparisons for %d names of one object", got, n)
	}
}

// nest is an object of so many members, the last of which holds another one, and so on.
func nest(members, levels int) string {
	one := strings.TrimSuffix(manyNames(members, "12345678%06d12345678"), "0}")
	return strings.Repeat(one, levels) + "0" + strings.Repeat("}", levels)
}

// TestMemoryOfNamesIsBounded: what a record with very many names took is given back.
func TestMemoryOfNamesIsBounded(t *testing.T) {
	s := New(depth)
	const n = 1_000_000
	text := manyNames(n, "%d")
	comparisons(t, s, text)
	if got := cap(s.names.seen); got > 2*n {
		t.Errorf("room for %d names, there are %d", got, n)
	}
	comparisons(t, s, `{"a":1}`)
	if got := cap(s.names.seen); got > keep {
		t.Errorf("room for %d names is kept", got)
	}
	if got := cap(s.names.spare); got > 4*keep {
		t.Errorf("%d slots are kept", got)
	}
}

// TestADuplicateIsFoundAnywhere doubles one name of an object of any size, spelt otherwise or not, between objects
// that have names of their own.
func TestADuplicateIsFoundAnywhere(t *testing.T) {
	s := New(depth, noted...)
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		n := 1 + random.IntN(3*few)
		first, second := random.IntN(n), random.IntN(n)
		var members []string
		for k := range n {
			if k == second {
				k = first
			}
			members = append(members, spell(random, k)+":"+inner(random))
		}
		text := "{" + strings.Join(members, ",") + "}"
		if random.IntN(2) == 0 {
			text = `{"a":[` + text + `]}`
		}
		agree(t, s, []byte(text))
		f := scan(t, s, []byte(text))
		if first == second && f != nil || first != second && (f == nil || f.Reason != DuplicateName) {
			t.Fatalf("seed %d: %v, the names %d and %d are one: %s", seed, f, first, second, text)
		}
	}
}

// spell is the k-th name, in quotes; now and then its first byte is an escape.
func spell(random *rand.Rand, k int) string {
	name := fmt.Sprintf("name%d", k)
	if k%3 == 0 {
		name = fmt.Sprintf("name12345678%012345678dname12345678", k)
	}
	if random.IntN(3) == 0 {
		return `"\u006e` + name[1:] + `"`
	}
	return `"` + name + `"`
}

// inner is a value, now and then with names of its own.
func inner(random *rand.Rand) string {
	switch random.IntN(6) {
	case 0:
		return manyNames(1+random.IntN(2*few), "name%d")
	case 1:
		return `[{"\u006eame1":{"name1":{}}},{"name1":1}]`
	}
	return "0"
}
