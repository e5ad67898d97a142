// Package artifacttest makes the random cases of the property tests of artifact and of the packages below it: seeds,
// records of every kind, and readers that give a text in pieces. What a seed makes stays the same from run to run.
package artifacttest

import (
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
)

// Seeds are n cases of a property test: their numbers, and for each a source of random numbers of its own.
func Seeds(n uint64) iter.Seq2[uint64, *rand.Rand] {
	return func(yield func(uint64, *rand.Rand) bool) {
		for seed := range n {
			if !yield(seed, rand.New(rand.NewPCG(seed, 1))) {
				return
			}
		}
	}
}

// Record is a strict record of some kind and size, now and then with what trips careless code.
func Record(r *rand.Rand, id int) string {
	extras := []string{
		"", `,"x":null`, `,"text":"😀 \ud83d\ude00 ü"`, `,"text":"line\nfeed\tand \"quotes\" \\"`, `,"n":1.50e+10,"deep":[[{"a":[]}]]`,
		`,"selected":true`, `,"status":"failed"`, `,"field_extraction_succeeded":false`, ` , "spaced" : [ 1 , 2 ] `, `,"sep":"},\n{"`,
		`,"long":"` + strings.Repeat("x", r.IntN(600)) + `"`, `,"start_time":1.5,"end_time":2`,
	}
	kind := []string{"segment", "video", "other"}[r.IntN(3)]
	return fmt.Sprintf(`{"result_type":%q,"result_id":"%d"%s}`, kind, id, extras[r.IntN(len(extras))])
}

// Chunks reads the text in pieces of random size, of none to most bytes.
func Chunks(text string, r *rand.Rand, most int) io.Reader {
	return &chunks{text, r, most}
}

type chunks struct {
	left   string
	random *rand.Rand
	most   int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.left == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.random.IntN(c.most+1))], c.left)
	c.left = c.left[n:]
	return n, nil
}
