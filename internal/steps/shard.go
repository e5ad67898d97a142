package steps

// A sharded document is cut at part boundaries: shard i writes partsPerShard parts, the last shard what is left of
// the full parts, and Assemble the tail: the bytes after the last full part, with the closing.

// partsPerShard is how many parts make about that many bytes.
func (p frozen) partsPerShard(shardBytes int64) int64 { return max(1, shardBytes/p.PartBytes) }

// fullParts is how many parts hold nothing but records and what stands before them.
func (p frozen) fullParts() (int64, error) {
	l, err := p.Document.Layout()
	return l.Records / p.PartBytes, err
}

// shardRange is the byte range of a shard and the number of its first part.
func (p frozen) shardRange(shard int) (from, to int64, first int, err error) {
	full, err := p.fullParts()
	if err != nil {
		return 0, 0, 0, err
	}
	per := (full + int64(p.Shards) - 1) / int64(p.Shards)
	start := min(int64(shard)*per, full)
	end := min(start+per, full)
	return start * p.PartBytes, end * p.PartBytes, int(start) + 1, nil
}
