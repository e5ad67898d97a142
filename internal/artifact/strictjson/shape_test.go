package strictjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestShapesAreNoRule scans texts whose names are those of the text before, or some of them, or in another order, or
// twice, or more, or spelt otherwise: nothing depends on what was scanned before.
func TestShapesAreNoRule(t *testing.T) {
	s := New(depth, noted...)
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 1))
		n := random.IntN(12)
		if random.IntN(50) == 0 {
			n = shapeNames + random.IntN(20)
		}
		var members []string
		for k := range n {
			if name := shapedName(random, k); random.IntN(12) > 0 {
				members = append(members, name)
			}
		}
		if n > 0 && random.IntN(4) == 0 {
			members = append(members, shapedName(random, random.IntN(n)))
		}
		if random.IntN(8) == 0 {
			random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		}
		agree(t, s, []byte("{"+strings.Join(members, ",")+"}"))
	}
}

// shapedName is a member whose name is the k-th, among them the noted ones and one that no shape holds.
func shapedName(random *rand.Rand, k int) string {
	name := fmt.Sprintf("member_%d", k)
	switch {
	case k < 5:
		name = noted[k]
	case k == 7:
		name = strings.Repeat("long", shapeBytes/4)
	}
	switch random.IntN(40) {
	case 0:
		name = fmt.Sprintf(`\u%04x`, name[0]) + name[1:]
	case 1:
		return `"` + name + `" : {"` + name + `":1}`
	case 2:
		return `"` + name + `x":0`
	}
	return `"` + name + `":"` + strings.Repeat("x", random.IntN(9)) + `"`
}

// TestTheShapeIsTaken: texts of one kind are told by their shape, also those that lack some members.
func TestTheShapeIsTaken(t *testing.T) {
	s := New(depth, noted...)
	for k, text := range []string{
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}`, `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}`, `{"b":1, "f":2}`, `{ "a": 1, "e":2 }`, `{}`,
		`{"a":1,"g":2}`, `{"a":1,"g":2}`,
	} {
		if err := s.Scan([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if want := k != 0 && k != 5; s.shape.holds != want {
			t.Errorf("text %d is told by its shape: %v, want %v", k, s.shape.holds, want)
		}
	}
}
