package strictjson

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// believable are records as the platform writes them, and some that others would.
var believable = []string{
	`{"result_type":"segment","result_id":"segment:s1:r","video_id":"v","start_time":12.500,"end_time":-1.5E+3,"metadata":{"text":"Straße 人物 😀","tags":["a",null],"n":{"a":{}}},"selected":true}`,
	"{ \"result_type\" : \"video\"\t,\r\n" + `"result_id" : "video:v:r" , "status": "failed", "parts_total":10, "error_message":"\ud83d\ude00 \"x\"\\\/\b\f\n\r\t\u00e9" }`,
	`{"":0,"a":[[],[1,2],{"a":"é"}],"b":{"c":[true,false,null]},"\u0063":"\u4eba","n":-0e1}`,
	"{\"text\":\"한국 यह \u2028 \ufeff ÿ\U0010ffff\",\"12345678\":\"1234567\",\"123456789012345678\":\"\"}",
}

// TestEveryMutation puts every byte in every place of every record, and leaves out, doubles and swaps every byte: the
// verdict is the reference's.
func TestEveryMutation(t *testing.T) {
	s := New(depth, noted...)
	for _, record := range believable {
		for at := range len(record) {
			text := []byte(record)
			for c := range 256 {
				text[at] = byte(c)
				agree(t, s, text)
			}
			agree(t, s, []byte(record))
			agree(t, s, []byte(record[:at]+record[at+1:]))
			agree(t, s, []byte(record[:at+1]+record[at:]))
			if at > 0 {
				text = []byte(record)
				text[at-1], text[at] = text[at], text[at-1]
				agree(t, s, text)
			}
		}
	}
}

func TestEveryPrefixAndSuffix(t *testing.T) {
	s := New(depth, noted...)
	for _, record := range believable {
		agree(t, s, []byte(record))
		for at := range len(record) {
			agree(t, s, []byte(record[:at]))
			agree(t, s, []byte(record[at:]))
			agree(t, s, []byte(record[:at]+record))
			agree(t, s, append([]byte(record[:at]), 0xc3))
		}
	}
}

// TestEveryPlaceInAWord moves whatever a string may hold or not over the edges of words and of the blocks that run takes,
// to the end of the text too.
func TestEveryPlaceInAWord(t *testing.T) {
	s := New(depth, noted...)
	pieces := []string{
		`\"`, `\\`, `\u0061`, `\ud83d\ude00`, `\ud83d`, `\x`, "é", "人", "😀", "é人😀", "\xff", "\xc3", "\xe4\xba", "\xf0\x9f\x98", "\xed\xa0\x80",
		"\x00", "\x1f", " ", "!", "#", "[", "]", "\x7f", "\u0080", `"`, `","`, `":1,"`,
	}
	for before := range 36 {
		for _, piece := range pieces {
			for after := range 36 {
				word := strings.Repeat("x", before) + piece + strings.Repeat("y", after)
				agree(t, s, []byte(`{"a":"`+word+`"}`))
				agree(t, s, []byte(`{"`+word+`":1}`))
				agree(t, s, []byte(`{"a":"`+word))
				agree(t, s, []byte(strings.Repeat(" ", before)+`{`+strings.Repeat(" ", after)+`"a":1}`))
			}
		}
	}
}

// TestSpecial holds the eight bytes at once against one after the other.
func TestSpecial(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	plain := func(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }
	for range 300_000 {
		var word [8]byte
		for k := range word {
			if word[k] = byte(random.Uint32()); random.IntN(4) > 0 {
				word[k] = " !#[]a~\x7f"[random.IntN(8)]
			}
		}
		want := 0
		for want < 8 && plain(word[want]) {
			want++
		}
		if got := bits.TrailingZeros64(special(binary.LittleEndian.Uint64(word[:]))) / 8; got != want {
			t.Fatalf("the first special byte of %q is %d, want %d", word, got, want)
		}
	}
}

// TestRunesByTheWord asks about everything that three bytes can say.
func TestRunesByTheWord(t *testing.T) {
	for x := range uint32(1 << 24) {
		b := [4]byte{byte(x), byte(x >> 8), byte(x >> 16), 0}
		r, n := utf8.DecodeRune(b[:])
		valid := r != utf8.RuneError || n > 1
		if two(x) != (valid && n == 2) || three(x) != (valid && n == 3) {
			t.Fatalf("%x: of two bytes %v, of three %v; it is %q", b[:3], two(x), three(x), r)
		}
	}
}

// TestPairs makes words of what there is in text of two-byte runes, and of what is not.
func TestPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	pieces := []string{"a", "b", " ", "ä", "ю", "\u0080", "\u07ff", "人", "😀", `"`, `\`, "\x1f", "\xc3", "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80"}
	for range 200_000 {
		text := ""
		for range random.IntN(24) {
			text += pieces[random.IntN(len(pieces)/(1+random.IntN(2)))]
		}
		end := pairs([]byte(text), 0)
		for _, r := range text[:end] {
			if r >= 0x800 || r < ' ' || r == '"' || r == '\\' {
				t.Fatalf("%q: %q is passed over", text, text[:end])
			}
		}
		if end > len(text) || !utf8.ValidString(text[:end]) {
			t.Fatalf("%q: %q is passed over", text, text[:end])
		}
	}
	if text := "жзийклмнопжзийклмноп"; pairs([]byte(text), 0) < len(text)-8 {
		t.Errorf("only %d bytes of %s are passed over", pairs([]byte(text), 0), text)
	}
}

func TestUnquote(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	pieces := []string{`\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u00E9`, `\u4eba`, `\ud83d\ude00`, "é", "人", "😀", "x", "", " "}
	for range 20_000 {
		quoted := `"`
		for range random.IntN(8) {
			quoted += pieces[random.IntN(len(pieces))]
		}
		quoted += `"`
		want, err := jsontext.AppendUnquote([]byte("before"), quoted)
		if err != nil {
			t.Fatal(err)
		}
		if got := Unquote([]byte("before"), []byte(quoted)); !bytes.Equal(got, want) {
			t.Fatalf("%s reads as %q, want %q", quoted, got, want)
		}
	}
}

func TestScanningAllocatesNothing(t *testing.T) {
	s := New(depth, noted...)
	for _, record := range append(believable, manyNames(200, "n%d")) {
		text := []byte(record)
		if n := testing.AllocsPerRun(100, func() {
			if err := s.Scan(text); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations for %.40q", n, text)
		}
	}
}

// manyNames is an object of so many members.
func manyNames(n int, format string) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, `,"`+format+`":0`, k)
	}
	return "{" + b.String()[1:] + "}"
}

// FuzzScan: what is taken, and what is seen in it, is what the library takes and sees, whatever record came before.
func FuzzScan(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.text))
	}
	for _, c := range refused {
		f.Add([]byte(c.text))
	}
	for _, record := range believable {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := New(depth, noted...)
		agree(t, s, text)
		agree(t, s, text) // as the record before it
		agree(t, s, []byte(believable[0]))
		agree(t, s, text)
	})
}
