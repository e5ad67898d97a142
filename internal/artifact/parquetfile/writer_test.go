package parquetfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact/columns"
)

// job is one file to write.
type job struct {
	cols    []columns.Column
	rows    [][]string
	options Options
	limits  *limits
	batch   func() int // rows of the next batch; nil for one batch of all
}

// write writes the file.
func (j job) write(tb testing.TB) []byte {
	tb.Helper()
	if j.limits == nil {
		j.limits = defaultLimits()
	}
	if j.batch == nil {
		j.batch = func() int { return max(1, len(j.rows)) }
	}
	var out bytes.Buffer
	w, b := newWriter(&out, j.cols, j.options, j.limits), NewBatch(j.cols)
	for rest := j.rows; len(rest) > 0; {
		n := min(j.batch(), len(rest))
		for _, row := range rest[:n] {
			b.Add(cells(tb, j.cols, row))
		}
		if b.Rows() != n {
			tb.Fatalf("a batch of %d rows, want %d", b.Rows(), n)
		}
		if err := w.Write(b); err != nil {
			tb.Fatal(err)
		}
		b.Reset()
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// check reads the file and compares every value.
func (j job) check(tb testing.TB, file []byte) table {
	tb.Helper()
	got, err := read(file)
	if err != nil {
		tb.Fatal(err)
	}
	if got.rows != int64(len(j.rows)) {
		tb.Fatalf("%d rows, want %d", got.rows, len(j.rows))
	}
	if n, err := Rows(bytes.NewReader(file), int64(len(file))); n != got.rows || err != nil {
		tb.Errorf("Rows tells %d and %v, want %d", n, err, got.rows)
	}
	from := 0
	for g, columns := range got.groups {
		for c, values := range columns {
			j.checkValues(tb, c, j.rows[from:from+len(values)], values)
			j.checkBounds(tb, c, values, got.chunks[g][c])
		}
		from += len(columns[0])
	}
	return got
}

func (j job) checkValues(tb testing.TB, c int, rows [][]string, got []any) {
	tb.Helper()
	for i, row := range rows {
		if want := want(tb, j.cols[c].Type, row[c]); !cmp.Equal(got[i], want) {
			tb.Fatalf("%s of row %d is %q, want %q of %s", j.cols[c].Name, i, got[i], want, row[c])
		}
	}
}

// checkBounds holds the statistics of a string column against all of its values; those of the other types are held
// against what DuckDB and pyarrow make of them.
func (j job) checkBounds(tb testing.TB, c int, values []any, m meta) {
	tb.Helper()
	if j.cols[c].Type != columns.Text && j.cols[c].Type != columns.JSON {
		return
	}
	for _, v := range values {
		if v == nil {
			continue
		}
		if v := v.(string); m.min == nil || v < string(m.min) || m.max != nil && v > string(m.max) {
			tb.Fatalf("%q is not within %q and %q", v, m.min, m.max)
		}
	}
	if len(m.min) > maxBound || len(m.max) > maxBound || !utf8.Valid(m.min) || !utf8.Valid(m.max) {
		tb.Errorf("bounds %q and %q", m.min, m.max)
	}
}

// small are limits that make pages and dictionaries end all the time.
func small(r *rand.Rand) *limits {
	return &limits{
		pageBytes: 8 << r.IntN(8), pageLevels: 1 + r.IntN(64), plainBytes: 16 << r.IntN(8),
		trialEntries: 1 << r.IntN(6), trialBytes: 8 << r.IntN(8), maxEntries: 2 + r.IntN(300), maxBytes: 16 << r.IntN(10),
	}
}

// TestEveryValueComesBack reads files whose pages, row groups and dictionaries end all the time, and writes each again
// in other batches and on more goroutines.
func TestEveryValueComesBack(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		j := job{cols: everyType, rows: randomRows(r, everyType, r.IntN(400)), limits: small(r)}
		j.options = Options{Codec: Codec(r.IntN(3)), RowGroupBytes: 1 << r.IntN(18)}
		file := j.write(t)
		j.check(t, file)
		j.batch = func() int { return 1 + r.IntN(30) }
		j.options.Parallel = 1 + r.IntN(4)
		if again := j.write(t); !bytes.Equal(again, file) {
			t.Fatalf("seed %d: other batches give another file", seed)
		}
	}
}

// FuzzWrite writes and reads rows that a seed stands for, with any text among them.
func FuzzWrite(f *testing.F) {
	f.Add(uint64(1), uint16(3), "text")
	f.Add(uint64(2), uint16(300), "\x00\U0010ffff")
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, text string) {
		r := rand.New(rand.NewPCG(seed, 2))
		j := job{cols: everyType, rows: randomRows(r, everyType, int(n%500)), limits: small(r)}
		j.options = Options{Codec: Codec(r.IntN(3)), RowGroupBytes: 1 << r.IntN(18), Parallel: 1 + r.IntN(2)}
		j.batch = func() int { return 1 + r.IntN(100) }
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range j.rows {
			if r.IntN(3) == 0 {
				j.rows[i][0] = string(quoted)
			}
		}
		file := j.write(t)
		j.check(t, file)
		j.batch = nil
		if again := j.write(t); !bytes.Equal(again, file) {
			t.Fatal("other batches give another file")
		}
	})
}

// TestBytesAreTheSameEverywhere holds files against their digests. Those of Zstd depend on the compressor, so a new
// version of that may change them, and with them every Parquet file that is made again.
func TestBytesAreTheSameEverywhere(t *testing.T) {
	for codec, want := range map[Codec]string{
		Zstd:         "ded35da13a5c707247ffb552742a8f4b4d4bb623f392fd5852b6e351039aa43f",
		Uncompressed: "6cb819d1a853a02b495049824216c9924ce9982d552937d18dfd562295eee21c",
	} {
		r := rand.New(rand.NewPCG(7, 7))
		j := job{cols: everyType, rows: randomRows(r, everyType, 5000), options: Options{Codec: codec, RowGroupBytes: 256 << 10}}
		sum := sha256.Sum256(j.write(t))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("codec %d: %s, want %s", codec, got, want)
		}
	}
}

func TestRowGroupsEndBySize(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	j := job{cols: everyType, rows: randomRows(r, everyType, 20000), options: Options{RowGroupBytes: 1 << 20}}
	raw := 0
	b := NewBatch(j.cols)
	for _, row := range j.rows {
		b.Add(cells(t, j.cols, row))
	}
	for _, size := range b.sizes {
		raw += int(size)
	}
	got := j.check(t, j.write(t))
	if most, least := raw>>20+1, raw/(1<<20+1<<16+4096); len(got.groups) > most || len(got.groups) < least {
		t.Errorf("%d row groups of %d bytes, want %d to %d", len(got.groups), raw, least, most)
	}
}

// TestWhatCompressesBadlyEndsEarlier tells that memory is bounded whatever the data.
func TestWhatCompressesBadlyEndsEarlier(t *testing.T) {
	cols := []columns.Column{{Name: "noise"}}
	w, b := NewWriter(io.Discard, cols, Options{Codec: Uncompressed}), NewBatch(cols)
	text := bytes.Repeat([]byte("x"), 1<<20)
	for i := range 64 {
		b.Reset()
		b.Add([]columns.Cell{{Raw: fmt.Appendf(nil, `"%d%s"`, i, text), Plain: true}})
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.groups) != 2 {
		t.Errorf("%d row groups of 64 MiB that don't compress, want 2", len(w.groups))
	}
}

func TestDictionaryWhereValuesRepeat(t *testing.T) {
	cols := []columns.Column{{Name: "id"}, {Name: "kind"}, {Name: "n", Type: columns.Integer}, {Name: "x", Type: columns.Number}, {Name: "tags", Type: columns.TextList}}
	j := job{cols: cols}
	for i := range 20000 {
		j.rows = append(j.rows, []string{fmt.Sprintf(`"id_%d"`, i), fmt.Sprintf(`"kind %d"`, i*i%97), fmt.Sprint(i % 9), fmt.Sprint(i), fmt.Sprintf(`["%d","%d"]`, i%7, i%5)})
	}
	got := j.check(t, j.write(t))
	for i, want := range []bool{false, true, true, false, true} {
		if m := got.chunks[0][i]; m.dictionary != want {
			t.Errorf("%s has a dictionary: %t, want %t", cols[i].Name, m.dictionary, want)
		}
	}
}

func TestPagesEndBySize(t *testing.T) {
	cols := []columns.Column{{Name: "text"}, {Name: "n", Type: columns.Integer}}
	j := job{cols: cols}
	for i := range 150000 {
		j.rows = append(j.rows, []string{fmt.Sprintf(`"text number %08d"`, i), fmt.Sprint(i)})
	}
	got := j.check(t, j.write(t))
	for i, want := range []int{7, 3} { // 24 bytes a text; 64 Ki integers a page
		if m := got.chunks[0][i]; m.pages != want {
			t.Errorf("%s has %d pages, want %d", cols[i].Name, m.pages, want)
		}
	}
}

func TestGathersWithoutAllocating(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var rows [][]columns.Cell
	for _, row := range randomRows(r, everyType, 1000) {
		rows = append(rows, cells(t, everyType, row))
	}
	w, b := NewWriter(io.Discard, everyType, Options{RowGroupBytes: 1 << 40}), NewBatch(everyType)
	once := func() {
		b.Reset()
		for _, cells := range rows {
			b.Add(cells)
		}
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		once()
	}
	if n := testing.AllocsPerRun(10, once); n > 100 { // pages that end
		t.Errorf("%v allocations for 1,000 rows of %d columns", n, len(everyType))
	}
}

// TestKeepsTheFirstFailure lets the output fail at every write.
func TestKeepsTheFirstFailure(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	j := job{cols: everyType, rows: randomRows(r, everyType, 50)}
	b := NewBatch(j.cols)
	for _, row := range j.rows {
		b.Add(cells(t, j.cols, row))
	}
	full := errors.New("the disk is full")
	for n := 0; ; n++ {
		w := NewWriter(&failing{left: n, err: full}, j.cols, Options{RowGroupBytes: 1})
		err := w.Write(b)
		last := w.Close()
		if last == nil {
			if err != nil {
				t.Fatalf("Close forgets %v", err)
			}
			if err := w.Write(b); err == nil {
				t.Error("a complete file takes more rows")
			}
			return
		}
		if !errors.Is(last, full) {
			t.Fatalf("after %d writes: %v", n, last)
		}
	}
}

// failing fails after some writes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}
