package strictjson

import "fmt"

// Reason is what is wrong with a text.
type Reason uint8

// Reasons to refuse a text.
const (
	Syntax        Reason = iota + 1 // it breaks the grammar, or a string holds what no string may
	DuplicateName                   // an object has two members of one name
	TooDeep                         // objects and arrays nest beyond the limit
	NotObject                       // it is not an object at all
	Trailing                        // something follows the object
	TooLong                         // it is longer than MaxBytes
)

var reasons = [...]string{
	Syntax: "it breaks the grammar", DuplicateName: "an object has two members of one name", TooDeep: "it nests too deeply",
	NotObject: "it is not an object", Trailing: "something follows the object", TooLong: "it is too long",
}

// Failure is why a text was refused. It holds nothing of the text.
type Failure struct {
	Reason Reason
	Offset int // of the byte that can't stand where it stands, or of the end where more should follow
}

func (f *Failure) Error() string {
	return fmt.Sprintf("not strict JSON at byte %d: %s", f.Offset, reasons[f.Reason])
}

// none is what the scanner's functions give instead of an offset when they have failed.
const none = -1

func (s *Scanner) fail(r Reason, at int) int {
	s.failure = Failure{r, at}
	return none
}
