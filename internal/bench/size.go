package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// weights hold functions of one kind against their limits, in MiB.
type weights struct {
	kind        string
	functions   []string
	binary, zip target
}

var limits = []weights{
	{"API functions", []string{"authorize", "create-export", "read-export", "download-export", "control-export"}, target{12, 10.5, true}, target{4.3, 3.8, true}},
	{"manage-connector", []string{"manage-connector"}, target{12, 10.5, true}, target{4.3, 3.8, true}},
	{"packager", []string{"package"}, target{15, 10.5, true}, target{5.5, 3.8, true}},
}

// sizes notes what the functions weigh on the processor that they are deployed to.
func (b *bench) sizes(ctx context.Context, folder string) {
	b.log("sizes of functions")
	programs, err := buildFunctions(ctx, folder, "arm64")
	for _, l := range limits {
		binary := row{name: "binary arm64, " + l.kind, unit: "MiB", target: l.binary}
		zipped := row{name: "zip arm64, " + l.kind, unit: "MiB", target: l.zip}
		for _, p := range programs {
			name := filepath.Base(filepath.Dir(p))
			if err != nil || !slices.Contains(l.functions, name) {
				continue
			}
			var size, packed float64
			if size, packed, err = weigh(ctx, p); size > binary.value.Median {
				binary.value, binary.remark = spread{size, size, size}, name
				zipped.value, zipped.remark = spread{packed, packed, packed}, name
			}
		}
		if err != nil {
			binary.absent, zipped.absent = err.Error(), err.Error()
		}
		b.rows = append(b.rows, binary, zipped)
	}
}

// weigh gives the size of a file, and of an archive of it, in MiB. An archive is zlib's at its usual level, which is
// gzip's.
func weigh(ctx context.Context, name string) (size, zipped float64, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, 0, err
	}
	packed, err := exec.CommandContext(ctx, "gzip", "-6", "-c", name).Output()
	return float64(info.Size()) / (1 << 20), float64(len(packed)) / (1 << 20), err
}
