// Package strictjson checks that a text is one strict JSON object and finds members of it, in one pass, without
// decoding values and, once warm, without allocating. Strict is: the grammar of RFC 8259 and nothing around it, valid
// UTF-8, no half of a surrogate pair in an escape, no two members of one name in any object (names are compared as
// they read, not as they are spelt), and objects and arrays nested no deeper than the caller allows.
package strictjson
