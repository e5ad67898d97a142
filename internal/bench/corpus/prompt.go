package corpus

import "strings"

// prompt is what a run asks of every segment.
type prompt struct {
	id, name   string
	properties string // of its JSON Schema, in declared order
	fields     func(t *text)
}

var prompts = []prompt{
	{
		id: "prompt_scene_review", name: "Scene review",
		properties: `"summary":{"type":"string"},"setting":{"type":"string"},"people_count":{"type":"integer"},"confidence":{"type":"number"},` +
			`"objects":{"type":"array","items":{"type":"string"}},"weather":{"type":"object","properties":{"sky":{"type":"string"},"wet":{"type":"boolean"}}}`,
		fields: func(t *text) {
			t.add(`{"summary":"`).prose(20+t.rng.IntN(60)).add(`","setting":"`).pick(settings).add(`","people_count":`).number(t.rng.IntN(40), 1)
			t.add(`,"confidence":`).fraction().add(`,"objects":`).strings(5)
			t.add(`,"weather":{"sky":"`).pick(skies).add(`","wet":`).boolean(t.rng.IntN(3) == 0).add("}}")
		},
	},
	{
		id: "prompt_ad_safety", name: "Advertising suitability",
		properties: `"suitable":{"type":"boolean"},"rating":{"type":"string","enum":["general","guidance","mature"]},` +
			`"concerns":{"type":"array","items":{"type":"string"}},"quote":{"type":["string","null"]},"quote_at":{"type":["number","null"]}`,
		fields: func(t *text) {
			t.add(`{"suitable":`).boolean(t.rng.IntN(9) > 0).add(`,"rating":"`).pick(ratings).add(`","concerns":`).strings(2)
			if t.rng.IntN(3) == 0 {
				t.add(`,"quote":null,"quote_at":null}`)
				return
			}
			t.add(`,"quote":"`).prose(10+t.rng.IntN(60)).add(`","quote_at":`).seconds(int64(t.rng.IntN(500_000)), false).add("}")
		},
	},
	{
		id: "prompt_transcript", name: "Transcript",
		properties: `"transcript":{"type":"string"},"language":{"type":"string"},"speakers":{"type":"integer"},"words":{"type":"integer"},` +
			`"topics":{"type":"array","items":{"type":"string"}}`,
		fields: func(t *text) {
			words := 60 + t.rng.IntN(160)
			t.add(`{"transcript":"`).prose(words).add(`","language":"`).pick(tongues).add(`","speakers":`).number(1+t.rng.IntN(4), 1)
			t.add(`,"words":`).number(words, 1).add(`,"topics":`).strings(4).add("}")
		},
	},
	{
		id: "prompt_match_log", name: "Match log",
		properties: `"event":{"type":"string"},"score":{"type":"object","properties":{"home":{"type":"integer"},"away":{"type":"integer"}}},` +
			`"clock_seconds":{"type":"number"},"players":{"type":"array","items":{"type":"string"}},"highlight":{"type":"boolean"},"commentary":{"type":"string"}`,
		fields: func(t *text) {
			t.add(`{"event":"`).pick(events).add(`","score":{"home":`).number(t.rng.IntN(6), 1).add(`,"away":`).number(t.rng.IntN(6), 1)
			t.add(`},"clock_seconds":`).seconds(int64(t.rng.IntN(540_000)), false).add(`,"players":`).strings(3)
			t.add(`,"highlight":`).boolean(t.rng.IntN(8) == 0).add(`,"commentary":"`).prose(20 + t.rng.IntN(80)).add(`"}`)
		},
	},
}

// Schema is the JSON Schema that the metadata of every run follows.
func Schema() string {
	var all []string
	for _, p := range prompts {
		all = append(all, p.properties)
	}
	return `{"type":"object","properties":{` + strings.Join(all, ",") + "}}\n"
}

var (
	settings = []string{"Harbour front at dawn", "Packed stadium", "Television studio", "Street market at night", "Mountain road in rain", "Küche, hell"}
	skies    = []string{"clear", "overcast", "night", "indoors", "dämmernd"}
	ratings  = []string{"general", "general", "general", "guidance", "mature"}
	tongues  = []string{"en", "en", "de", "fr", "ru", "zh", "ja"}
	events   = []string{"kick-off", "goal", "corner", "yellow card", "substitution", "free kick", "half-time", "Elfmeter"}
)
