package steps

import (
	"cmp"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
)

// inputRange is the inputs that one shard reads, [First, Last).
type inputRange struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// shardsOf cuts the inputs into ranges of at least that many bytes each; what is left over is the last one.
func shardsOf(inputs []artifact.Input, shardBytes int64) []inputRange {
	var shards []inputRange
	first, bytes := 0, int64(0)
	for i, in := range inputs {
		if bytes += in.Bytes; bytes >= shardBytes {
			shards = append(shards, inputRange{first, i + 1})
			first, bytes = i+1, 0
		}
	}
	if first < len(inputs) {
		shards = append(shards, inputRange{first, len(inputs)})
	}
	return shards
}

// share is the parts of a plain file that one shard writes: those whose first byte is the shard's own. The bytes after
// the last full part of a document, with its closing, are Assemble's.
type share struct {
	window pack.Window
	part   int // number of the first part
}

// shareOf is the share of a range of inputs in a plain file whose records begin at those offsets. One without any part
// has an empty window.
func (p frozen) shareOf(f plannedFile, offsets []int64, r inputRange) share {
	limit := offsets[len(offsets)-1]
	if f.Format == artifact.JSON {
		limit = p.tailOf(offsets)
	}
	from, to := p.partFrom(offsets[r.First]), p.partFrom(offsets[r.Last])
	if r.Last == len(offsets)-1 {
		to = limit
	}
	return share{pack.Window{At: offsets[r.First], From: min(from, limit), To: min(to, limit)}, int(from/p.PartBytes) + 1}
}

// partFrom is where the first part begins that doesn't begin before the offset.
func (p frozen) partFrom(offset int64) int64 {
	return (offset + p.PartBytes - 1) / p.PartBytes * p.PartBytes
}

// tailOf is where the part of a document begins that holds its closing.
func (p frozen) tailOf(offsets []int64) int64 {
	return offsets[len(offsets)-1] / p.PartBytes * p.PartBytes
}

// inputAt is the input that holds the offset, or the last one.
func inputAt(offsets []int64, offset int64) int {
	i, found := slices.BinarySearchFunc(offsets, offset, cmp.Compare[int64])
	if !found {
		i--
	}
	return max(0, min(i, len(offsets)-2))
}
