// Package captions makes caption and chapter files out of segments: one file per video, all of them in one ZIP archive,
// as <run>/<video>.vtt or .srt. A cue's times are the segment's and its text is a field that the caller chooses; segments
// that lack one of these are counted and left out. The same segments give the same archive.
//
// Cues are held until there are too many of them; the videos that came first are written then. Memory is bounded, and an
// archive may be of any size as long as the segments of a video stand near each other.
package captions
