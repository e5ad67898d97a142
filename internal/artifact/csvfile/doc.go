// Package csvfile writes tables as CSV (RFC 4180): UTF-8 without byte order mark, a comma between fields, CRLF at the
// end of lines. A field stands in quotes if it holds a comma, a quote, CR or LF, or begins or ends with a blank.
//
// Null and the empty string differ: null is an empty field, the empty string is one in quotes. Readers keep them apart
// if they are told to: DuckDB's read_csv with all_varchar=true (or explicit columns), an empty nullstr, allow_quoted_nulls=false,
// quote='"' and escape='"'. With its defaults it takes both for null. Go's encoding/csv takes both for the empty string,
// and makes CRLF in a field LF.
//
// Values are what they are in the record: numbers, booleans and times as they stand there, byte for byte, strings as
// they read, control characters and NUL included, arrays and objects as their JSON text. A string that a spreadsheet
// would run as a formula gets an apostrophe before it: one that begins with = + - @ or their full-width forms, also
// behind blanks, and one that begins with a tab, CR or LF. So does a string that begins so behind apostrophes: who
// takes one of them away from each has every string back. Numbers aren't guarded, nor are JSON texts: they begin with a
// bracket, a quote, a letter or a number.
package csvfile
