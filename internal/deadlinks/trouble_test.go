package deadlinks

// trouble is what becomes of a link.
type trouble struct {
	name    string
	refused bool // nobody listens
	slows   bool // everything arrives, later
	toxics  []toxic
}

func down(kind string, attributes map[string]int) toxic {
	return toxic{Type: kind, Stream: "downstream", Attributes: attributes}
}

func up(kind string, attributes map[string]int) toxic {
	return toxic{Type: kind, Stream: "upstream", Attributes: attributes}
}

// few is less than the header of any reply, and many is less than any file of the trials, in bytes.
const (
	few  = 100
	many = 64 << 10
)

// troubles are those of every link.
var troubles = []trouble{
	{name: "latency of 150 ms, give or take 100", slows: true, toxics: []toxic{down("latency", map[string]int{"latency": 150, "jitter": 100})}},
	{name: "segments of some 600 bytes, one after the other", slows: true, toxics: []toxic{
		up("slicer", map[string]int{"average_size": 600, "size_variation": 300, "delay": 20}), down("slicer", map[string]int{"average_size": 600, "size_variation": 300, "delay": 20}),
	}},
	{name: "300 kB/s", slows: true, toxics: []toxic{up("bandwidth", map[string]int{"rate": 300}), down("bandwidth", map[string]int{"rate": 300})}},
	{name: "refused", refused: true},
	{name: "reset before the request arrives", toxics: []toxic{up("reset_peer", map[string]int{"timeout": 30})}},
	{name: "reset in place of the reply", toxics: []toxic{down("reset_peer", map[string]int{"timeout": 0})}},
	{name: "closed in the middle of the reply's header", toxics: []toxic{down("limit_data", map[string]int{"bytes": few})}},
	{name: "silent before the request arrives", toxics: []toxic{up("timeout", map[string]int{"timeout": 0})}},
	{name: "silent in place of the reply", toxics: []toxic{down("timeout", map[string]int{"timeout": 0})}},
	{name: "silent in the middle of the reply's header", toxics: []toxic{down("stall", map[string]int{"bytes": few})}},
}

// bulkTroubles are those of links that carry files.
var bulkTroubles = []trouble{
	{name: "closed in the middle of a file to the service", toxics: []toxic{down("limit_data", map[string]int{"bytes": many})}},
	{name: "closed in the middle of a file from it", toxics: []toxic{up("limit_data", map[string]int{"bytes": many})}},
	{name: "silent in the middle of a file to the service", toxics: []toxic{down("stall", map[string]int{"bytes": many})}},
	{name: "silent in the middle of a file from it", toxics: []toxic{up("stall", map[string]int{"bytes": many})}},
}
