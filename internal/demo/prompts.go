package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// prompt is one demo prompt: its schema, and what it extracts from a segment.
type prompt struct {
	id, name, schema string
	extract          func(*rand.Rand) (fields map[string]any, text string)
}

var footage = []string{
	"1987-harbour-opening.mov", "1991-cup-final.mov", "1994-election-night.mov", "1999-eclipse-special.mov",
	"2003-city-marathon.mov", "2008-flood-report.mov", "2012-cooking-with-näna.mov", "2019-night-market-夜市.mov",
}

var sceneReview = prompt{
	id: "prompt_scene_review", name: "Scene review",
	schema: `{"type":"object","properties":{"summary":{"type":"string"},"setting":{"type":"string"},"people_count":{"type":"integer"},` +
		`"confidence":{"type":"number"},"objects":{"type":"array","items":{"type":"string"}}},"required":["summary"]}`,
	extract: func(rng *rand.Rand) (map[string]any, string) {
		setting, objects := pick(rng, settings), some(rng, props)
		people := rng.IntN(9)
		summary := fmt.Sprintf("%s, %s. In view: %s.", setting, pick(rng, moods), strings.Join(objects, ", "))
		return map[string]any{
			"summary": summary, "setting": setting, "people_count": people,
			"confidence": float64(60+rng.IntN(40)) / 100, "objects": objects,
		}, summary
	},
}

var adSafety = prompt{
	id: "prompt_ad_safety", name: "Advertising suitability",
	schema: `{"type":"object","properties":{"suitable":{"type":"boolean"},"rating":{"type":"string"},"concerns":{"type":"array","items":{"type":"string"}},` +
		`"quote":{"type":"string"}},"required":["suitable","rating"]}`,
	extract: func(rng *rand.Rand) (map[string]any, string) {
		concerns := some(rng, worries)[:rng.IntN(2)]
		rating := pick(rng, []string{"general", "general", "general", "guidance", "mature"})
		quote := pick(rng, quotes)
		text := fmt.Sprintf("Rated %s. Heard: %q", rating, quote)
		return map[string]any{"suitable": rating != "mature", "rating": rating, "concerns": concerns, "quote": quote}, text
	},
}

var (
	settings = []string{"Harbour front at dawn", "Packed stadium", "Television studio", "Street market at night", "Mountain road in rain", "Family kitchen"}
	moods    = []string{"calm and wide", "hand-held and hurried", "lit from one side", "slow pan to the left", "crowd cheering 🎉", "close-up, soft focus"}
	props    = []string{"fishing boat", "microphone", "score board", "umbrella", "cast-iron pan", "traffic light", "paper lantern 🏮", "press camera"}
	worries  = []string{"alcohol in shot", "brand logo visible", "strong language", "flashing lights"}
	quotes   = []string{
		"And that is how the harbour looked in '87.", "He shoots – he scores!", "We go live to the town hall, where the count is still on.",
		"Add the salt last; \"never first\", my mother said.", "一碗面，两块钱。", "Bitte treten Sie zurück.",
	}
)

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// some gives two or three different entries.
func some(rng *rand.Rand, from []string) []string {
	order := rng.Perm(len(from))
	chosen := make([]string, 2+rng.IntN(2))
	for i := range chosen {
		chosen[i] = from[order[i]]
	}
	return chosen
}
