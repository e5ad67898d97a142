package corpus

import "math/rand/v2"

// text appends JSON to a buffer. What it appends as text is escaped already.
type text struct {
	b   []byte
	rng *rand.Rand
}

func (t *text) add(s string) *text {
	t.b = append(t.b, s...)
	return t
}

// pick appends one of the texts.
func (t *text) pick(from []string) *text { return t.add(from[t.rng.IntN(len(from))]) }

// prose is about that many words of one language, with something odd in between now and then. Every other text is
// English.
func (t *text) prose(words int) *text {
	language := languages[0]
	if t.rng.IntN(2) == 0 {
		language = languages[t.rng.IntN(len(languages))]
	}
	if t.rng.IntN(30) == 0 { // a list, and what a spreadsheet takes for a formula
		t.add("- ")
	}
	for n := range words {
		if n > 0 {
			t.add(language.blank)
		}
		t.pick(language.words)
		switch t.rng.IntN(24) {
		case 0:
			t.add(language.stop)
		case 1:
			t.add(language.comma)
		case 2:
			if t.rng.IntN(3) == 0 {
				t.add(" ").pick(oddities)
			}
		}
	}
	return t
}

// strings is an array of texts of one to three words.
func (t *text) strings(most int) *text {
	t.add("[")
	for n := range t.rng.IntN(most + 1) {
		if n > 0 {
			t.add(",")
		}
		t.add(`"`).pick(labels).add(`"`)
	}
	return t.add("]")
}

// fraction is a number from 0 to 1 of six digits.
func (t *text) fraction() *text { return t.add("0.").number(t.rng.IntN(1_000_000), 6) }

// language is what texts of a language are made of.
type language struct {
	words              []string
	blank, comma, stop string
}

var languages = []language{
	{english, " ", ",", "."},
	{german, " ", ",", "."},
	{french, " ", ",", "."},
	{russian, " ", ",", "."},
	{chinese, "", "，", "。"},
	{japanese, "", "、", "。"},
}

var (
	english = []string{
		"a", "the", "and", "of", "in", "on", "with", "behind", "towards", "while", "person", "people", "woman", "man", "child", "crowd", "camera",
		"pans", "slowly", "quickly", "left", "right", "across", "street", "harbour", "stadium", "kitchen", "loading", "dock", "evening", "light",
		"vehicle", "crossing", "forklift", "bicycle", "umbrella", "microphone", "goal", "keeper", "referee", "applause", "rain", "window", "close-up",
		"wide", "shot", "speaks", "laughs", "answers", "holds", "a red box", "the interviewer", "in the background", "from above", "documentary", "1987",
	}
	german = []string{
		"und", "der", "die", "das", "eine", "über", "Straße", "Menschen", "Kamera", "schwenkt", "langsam", "nach", "links", "Fußgänger", "Brücke",
		"größere", "Menge", "jubelt", "während", "Gespräch", "Küche", "Gemüse", "Sprecherin", "erklärt", "zurück", "Halbzeit", "schöner", "Pass", "für", "früh",
	}
	french = []string{
		"et", "la", "le", "une", "caméra", "glisse", "vers", "l'arrière", "café", "été", "marché", "très", "lumière", "élégante", "garçon", "à", "côté",
		"du", "port", "où", "les", "bateaux", "rentrent", "déjà", "présentatrice", "répond", "fenêtre", "façade",
	}
	russian = []string{
		"и", "на", "человек", "улица", "камера", "медленно", "вечер", "свет", "говорит", "толпа", "мост", "рынок", "женщина", "смеётся", "дождь", "поезд",
	}
	chinese  = []string{"人物", "走过", "街道", "夜市", "灯光", "镜头", "慢慢", "向左", "一碗面", "两块钱", "孩子", "笑着", "车辆", "雨中", "观众", "鼓掌"}
	japanese = []string{"カメラ", "が", "ゆっくり", "左へ", "人々", "夜の", "市場", "料理", "を", "作る", "雨", "電車", "笑顔", "の", "選手", "ゴール"}

	// oddities are escapes in all their spellings, emoji plain and as surrogate pairs, quotes and control characters.
	oddities = []string{
		"🎉", "🏟️", "👩‍🍳", "🚦", `\ud83d\ude00`, `\"never first\"`, `\n`, `\n\n`, `\t`, `\u00e9t\u00e9`, `and\/or`, `C:\\media\\in`, `\u0007`, `\u000b`,
		`<b>`, `&amp;`, `, \"quoted, with comma\"`, `'87`, `=`, `\u2028`, `…`, `–`, `100 %`, `#tag`,
	}
	labels = []string{
		"fishing boat", "microphone", "score board", "umbrella", "cast-iron pan", "traffic light", "paper lantern 🏮", "press camera", "Fußball",
		"alcohol in shot", "brand logo visible", "strong language", "flashing lights", "夜市", "goal", "yellow card", "corner", `12\" record`, "",
	}
	footage = []string{
		"1987-harbour-opening.mov", "1991-cup-final.mov", "1994-election-night.mov", "1999-eclipse-special.mov", "2003-city-marathon.mov",
		"2008-flood-report.mov", "2012-cooking-with-näna.mov", "2019-night-market-夜市.mov", "camera 4, gate \\\"B\\\".mp4",
	}
)
