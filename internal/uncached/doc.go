// Package uncached writes large files past the page cache. A gigabyte that is copied into the cache costs the kernel as
// much time as checking and digesting it costs its writer, and pushes out what others have in there. Where the disk is
// slower than the writer, or takes no such writes, the cache takes them as ever: nobody waits for the disk.
package uncached
