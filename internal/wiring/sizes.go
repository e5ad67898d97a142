package wiring

import (
	"fmt"
	"strconv"
)

// Sizes are when packaging shards, and how large a shard is at least, in bytes; 0 means as deployed. Functions of a local
// service get them by their environment: nobody waits for gigabytes there.
type Sizes struct{ ShardAbove, ShardSize int64 }

func (s *Sizes) variables() []variable {
	return []variable{{"SHARD_ABOVE", &s.ShardAbove}, {"SHARD_SIZE", &s.ShardSize}}
}

type variable struct {
	name string
	size *int64
}

// Environment are the variables of the sizes that are set, as NAME=value.
func (s Sizes) Environment() (lines []string) {
	for _, v := range s.variables() {
		if *v.size > 0 {
			lines = append(lines, fmt.Sprintf("%s=%d", v.name, *v.size))
		}
	}
	return lines
}

// SizesFromEnvironment is the reverse of Environment.
func SizesFromEnvironment(get func(string) string) (s Sizes, err error) {
	for _, v := range s.variables() {
		text := get(v.name)
		if text == "" {
			continue
		}
		if *v.size, err = strconv.ParseInt(text, 10, 64); err != nil || *v.size <= 0 {
			return Sizes{}, fmt.Errorf("the environment variable %s is no size in bytes", v.name)
		}
	}
	return s, nil
}
