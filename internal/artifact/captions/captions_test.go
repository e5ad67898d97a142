package captions

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/fault"
)

// archive makes an archive of records, and gives its files.
func archive(t testing.TB, f artifact.Format, field string, records ...string) (files map[string]string, w *Writer) {
	t.Helper()
	var out bytes.Buffer
	w = NewWriter(&out, f)
	if err := write(w, field, records...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return unzip(t, out.Bytes()), w
}

// write writes records in batches of two.
func write(w *Writer, field string, records ...string) error {
	p, b := artifact.NewParser(), NewBatch(field)
	for i, raw := range records {
		if i%2 == 0 {
			b.Reset("run_in")
		}
		if r, err := p.Parse([]byte(raw)); err == nil {
			b.Add(p, r, []byte(raw))
		}
		if i%2 == 1 || i == len(records)-1 {
			if err := w.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func unzip(t testing.TB, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		files[f.Name] = string(content)
	}
	return files
}

func seg(video, start, end, text string) string {
	return fmt.Sprintf(`{"result_type":"segment","result_id":"x","run_id":"run_1","video_id":%q,"start_time":%s,"end_time":%s,"metadata_text":%s}`, video, start, end, text)
}

func TestFiles(t *testing.T) {
	records := []string{
		seg("vid_1", "2.5", "4", `"Second & <last>."`), seg("vid_2", "0", "1.0005", `"Other --> video"`),
		seg("vid_1", "0", "2.5", `" First.\r\n\r\n\tMore of it \n"`), seg("vid_1", "0", "2", `"Earlier end"`),
		seg("vid_1", "null", "2", `"no time"`), seg("vid_1", "0", "2", `" \n "`), seg("vid_1", "0", "2", "null"), seg("vid_1", "0", `"2"`, `"x"`),
		`{"result_type":"video","result_id":"v","video_id":"vid_1","metadata_text":"no segment"}`,
	}
	for format, want := range map[artifact.Format]map[string]string{
		artifact.VTT: {
			"run_1/vid_1.vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nEarlier end\n\n00:00:00.000 --> 00:00:02.500\nFirst.\nMore of it\n\n00:00:02.500 --> 00:00:04.000\nSecond &amp; &lt;last&gt;.\n",
			"run_1/vid_2.vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:01.001\nOther --&gt; video\n",
		},
		artifact.SRT: {
			"run_1/vid_1.srt": "1\n00:00:00,000 --> 00:00:02,000\nEarlier end\n\n2\n00:00:00,000 --> 00:00:02,500\nFirst.\nMore of it\n\n3\n00:00:02,500 --> 00:00:04,000\nSecond & <last>.\n",
			"run_1/vid_2.srt": "1\n00:00:00,000 --> 00:00:01,001\nOther -- > video\n",
		},
		artifact.VTTChapters: {
			"run_1/vid_1.vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nEarlier end\n\n00:00:00.000 --> 00:00:02.500\nFirst.\n\n00:00:02.500 --> 00:00:04.000\nSecond &amp; &lt;last&gt;.\n",
			"run_1/vid_2.vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:01.001\nOther --&gt; video\n",
		},
	} {
		files, w := archive(t, format, "", records...)
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if w.Cues() != 4 || w.Skipped() != 4 {
			t.Errorf("%s: %d cues, %d skipped", format, w.Cues(), w.Skipped())
		}
	}
}

func TestTimes(t *testing.T) {
	for value, want := range map[string]string{
		"0": "00:00:00.000", "-3.5": "00:00:00.000", "-0": "00:00:00.000", "3599.9994": "00:59:59.999", "3599.9996": "01:00:00.000",
		"360000": "100:00:00.000", "1.5e1": "00:00:15.000", "1e-9": "00:00:00.000", "999999999": "277777:46:39.000",
	} {
		ms, ok := milliseconds([]byte(value))
		if got := clock(ms, '.'); !ok || got != want {
			t.Errorf("%s is %s, %v; want %s", value, got, ok, want)
		}
	}
	for _, value := range []string{"", "null", `"1"`, "1e999", "1e10", "true", "[1]"} {
		if _, ok := milliseconds([]byte(value)); ok {
			t.Errorf("%s is a time", value)
		}
	}
	if files, _ := archive(t, artifact.VTT, "", seg("v", "-2", "-1", `"before"`), seg("v", "5", "5", `"at once"`)); !strings.Contains(files["run_1/v.vtt"], "00:00:00.000 --> 00:00:00.001\n") ||
		!strings.Contains(files["run_1/v.vtt"], "00:00:05.000 --> 00:00:05.001\n") {
		t.Errorf("cues without a length:\n%s", files["run_1/v.vtt"])
	}
}

func TestFields(t *testing.T) {
	record := ` {"result_type":"segment","result_id":"x","video_id":"v","start_time":0,"end_time":1,"n":{"m":7.50},"metadata_text":"deflt","metadata":{"a":"A","summary":"\u00dc","o":{"t":"deep"},"list":["x"],"b":true}} `
	for field, want := range map[string]string{
		"": "deflt", "metadata_text": "deflt", "metadata.summary": "Ü", "metadata.o.t": "deep", "n.m": "7.50", "video_id": "v", "start_time": "0",
		"metadata": "", "metadata.o": "", "metadata.list": "", "metadata.b": "", "metadata.none": "", "metadata.summary.x": "", "metadata_text.x": "", ".": "", "n": "",
	} {
		files, w := archive(t, artifact.SRT, field, record)
		got := ""
		if file := strings.Split(files["run_in/v.srt"], "\n"); len(file) > 2 {
			got = file[2]
		}
		if got != want || w.Cues()+w.Skipped() != 1 {
			t.Errorf("%q is %q, want %q", field, got, want)
		}
	}
}

func TestTitles(t *testing.T) {
	word := strings.Repeat("x", 30)
	for text, want := range map[string]string{
		"One. Two.": "One.", "What? Yes": "What?", "v1.2 is out! Now": "v1.2 is out!", "line\nnext": "line", "ends here.": "ends here.",
		"一番。二番。": "一番。", strings.Repeat("ü", 100): strings.Repeat("ü", 100), strings.Repeat("ü", 101): strings.Repeat("ü", 100) + "…",
		word + " " + word + " " + word + " " + word: word + " " + word + " " + word + "…",
	} {
		if got := title(text); got != want {
			t.Errorf("title(%q) = %q, want %q", text, got, want)
		}
	}
	got := chapters([]cue{{0, 10, "A. x"}, {10, 20, "A. y"}, {20, 30, "B"}, {30, 40, "A."}})
	if diff := cmp.Diff([]cue{{0, 20, "A."}, {20, 30, "B"}, {30, 40, "A."}}, got, cmp.AllowUnexported(cue{})); diff != "" {
		t.Errorf("chapters (-want +got):\n%s", diff)
	}
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9_%~-][A-Za-z0-9_.%~-]*$`)

// TestNames: hostile ids stay in their folder, and no two videos share a file, not even where case doesn't count.
func TestNames(t *testing.T) {
	ids := []string{"", "_", ".", "..", "../../etc/passwd", "a", "A", "a/b", "a%2Fb", "é", "e\u0301", strings.Repeat("x", 300), strings.Repeat("x", 301), strings.Repeat("X", 300), "nul\x00", "a~", `c:\x`, ".hidden", "-rf"}
	n, seen := names{}, map[string]bool{}
	for _, run := range ids {
		for _, id := range ids {
			path := n.of(video{run, id}, artifact.VTT)
			folder, file, ok := strings.Cut(path, "/")
			if !ok || !safeName.MatchString(folder) || !safeName.MatchString(file) || len(folder) > maxName || len(file) > 2*maxName || !strings.HasSuffix(file, ".vtt") {
				t.Errorf("%q, %q makes %s", run, id, path)
			}
			if seen[strings.ToLower(path)] {
				t.Errorf("%s is the name of two videos", path)
			}
			seen[strings.ToLower(path)] = true
		}
	}
	if got := safe("vid_1.a-B"); got != "vid_1.a-B" {
		t.Errorf("a plain id becomes %s", got)
	}
}

// TestBudget: videos whose segments stand together are written as they come, in any number; one that comes back within
// the budget is merged, and one that comes back later ends the pass.
func TestBudget(t *testing.T) {
	var records []string
	for i := range 400 {
		v := fmt.Sprint("v", i/4)
		records = append(records, seg(v, fmt.Sprint(i), fmt.Sprint(i+1), `"`+strings.Repeat("x", 1000)+`"`))
	}
	var out bytes.Buffer
	w := NewWriter(&out, artifact.VTT)
	w.budget = 150_000
	if err := write(w, "", records...); err != nil {
		t.Fatal(err)
	}
	if len(w.held) > 150 || len(w.written) == 0 {
		t.Errorf("%d videos are held, %d written", len(w.held), len(w.written))
	}
	back := write(w, "", seg("v99", "0", "1", `"again"`))
	late := write(w, "", seg("v0", "0", "1", `"again"`))
	if back != nil || fault.As(late).Code != "captions_too_large" || !fault.Is(late, fault.Invalid) {
		t.Errorf("a video comes back: %v; too late: %v", back, late)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := unzip(t, out.Bytes())
	if len(files) != 100 || strings.Count(files["run_1/v0.vtt"], "-->") != 4 || strings.Count(files["run_1/v99.vtt"], "-->") != 5 {
		t.Errorf("%d files", len(files))
	}
	w = NewWriter(io.Discard, artifact.VTT)
	w.budget = 3000
	if err := write(w, "", records[:4]...); fault.As(err).Code != "captions_too_large" {
		t.Errorf("a video beyond the budget: %v", err)
	}
}

// parsed reads a caption file back, strictly.
func parsed(content string, f artifact.Format) (cues []cue, err error) {
	arrow := regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$`)
	if f == artifact.SRT {
		arrow = regexp.MustCompile(strings.ReplaceAll(arrow.String(), `\.`, `,`))
	} else {
		var ok bool
		if content, ok = strings.CutPrefix(content, "WEBVTT\n\n"); !ok {
			return nil, fmt.Errorf("no WEBVTT")
		}
	}
	for i, block := range strings.Split(strings.TrimSuffix(content, "\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		if f == artifact.SRT {
			if lines[0] != strconv.Itoa(i+1) {
				return nil, fmt.Errorf("cue %d is numbered %q", i+1, lines[0])
			}
			lines = lines[1:]
		}
		m := arrow.FindStringSubmatch(lines[0])
		text := strings.Join(lines[1:], "\n")
		if m == nil || text == "" || strings.Contains(text, "-->") {
			return nil, fmt.Errorf("cue %d is %q", i+1, block)
		}
		var n [9]int64
		for k := 1; k < 9; k++ {
			n[k], _ = strconv.ParseInt(m[k], 10, 64)
		}
		if f != artifact.SRT {
			text = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
		}
		cues = append(cues, cue{n[1]*3_600_000 + n[2]*60_000 + n[3]*1000 + n[4], n[5]*3_600_000 + n[6]*60_000 + n[7]*1000 + n[8], text})
	}
	return cues, nil
}

// FuzzFiles: whatever segments say, their files read back as the cues that they are, in order.
func FuzzFiles(f *testing.F) {
	f.Add("a\n\nb --> c", "<i>&amp;", 1.5, 2.0, -3.0, 1e8)
	f.Add("WEBVTT", "\x00\r\r\n \u2028 ", 0.0, 0.0, 0.0004, 360000.5)
	f.Add("1", "NOTE -->-->", 5.0, 4.0, 1e300, 3.0)
	f.Fuzz(func(t *testing.T, one, two string, a, b, c, d float64) {
		if a != a || b != b || c != c || d != d {
			return // JSON has no such numbers
		}
		one, two = strings.ToValidUTF8(one, "?"), strings.ToValidUTF8(two, "?")
		records := []string{
			seg("v", fmt.Sprintf("%.4f", a), fmt.Sprintf("%.4f", b), quoted(one)), seg("v", fmt.Sprintf("%.4f", c), fmt.Sprintf("%.4f", d), quoted(two)),
		}
		for _, format := range []artifact.Format{artifact.VTT, artifact.SRT, artifact.VTTChapters} {
			files, w := archive(t, format, "", records...)
			if w.Cues() == 0 {
				continue
			}
			extension := map[bool]string{true: ".srt", false: ".vtt"}[format == artifact.SRT]
			cues, err := parsed(files["run_1/v"+extension], format)
			if err != nil {
				t.Fatalf("%s: %v\n%q", format, err, files)
			}
			if format != artifact.VTTChapters && int64(len(cues)) != w.Cues() {
				t.Errorf("%s: %d cues of %d", format, len(cues), w.Cues())
			}
			for i, c := range cues {
				if c.end <= c.start || i > 0 && c.start < cues[i-1].start {
					t.Errorf("%s: %v", format, cues)
				}
			}
			if len(cues) == 1 && format == artifact.VTT && cues[0].text != lines(one) && cues[0].text != lines(two) {
				t.Errorf("%q reads back as %q", one, cues[0].text)
			}
		}
	})
}

// quoted is a text as JSON.
func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can be marshalled
	}
	return string(raw)
}

// TestSameSegmentsSameArchive, and any order of videos gives the same files.
func TestSameSegmentsSameArchive(t *testing.T) {
	var records []string
	for i := range 200 {
		records = append(records, seg(fmt.Sprint("v", i%7), fmt.Sprint(i), fmt.Sprint(i+2), fmt.Sprintf(`"text %d"`, i)))
	}
	var one, two bytes.Buffer
	for _, out := range []*bytes.Buffer{&one, &two} {
		w := NewWriter(out, artifact.SRT)
		if err := write(w, "", records...); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the archives differ")
	}
	want, _ := archive(t, artifact.SRT, "", records...)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	got, _ := archive(t, artifact.SRT, "", records...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shuffled (-want +got):\n%s", diff)
	}
}
