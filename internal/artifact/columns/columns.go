// Package columns says which columns a table of results has, and cuts records into their cells. The columns follow from
// the runs' JSON Schemas alone and never from the data, so the same runs have the same table whatever they hold. No
// value is lost: what has no column, or doesn't fit the type of its column, stands in one of the two columns for the
// rest.
package columns

// Type is what a column holds.
type Type uint8

// Types. A list holds scalars and may hold nulls among them.
const (
	Text        Type = iota // a string
	Integer                 // a number without fraction or exponent, within 64 bits
	Number                  // a number within the range of a double
	Boolean                 // true or false
	Timestamp               // an RFC 3339 time
	JSON                    // any value, as JSON text
	TextList                // an array of Text
	IntegerList             // an array of Integer
	NumberList              // an array of Number
	BooleanList             // an array of Boolean
)

// Column is one column. Every column may be null.
type Column struct {
	Name string // as in a header: "result_id", "metadata.scene.mood"
	Type Type
}

// Cell is one value of a record. It is part of the record's text, or of the memory of what cut it, and is valid until
// the next record is cut.
type Cell struct {
	// Raw is the value's JSON text as it stands in the record, nil for null and for a member that is not there. It fits
	// the column's type.
	Raw []byte
	// Int is the value of an Integer, and of a Timestamp the milliseconds since 1970 in UTC, rounded down.
	Int int64
	// Plain tells of a Text that Raw without its quotes is the string: it holds no escape.
	Plain bool
}
