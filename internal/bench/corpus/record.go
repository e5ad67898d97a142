package corpus

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"
)

// epoch is when the first segment of a run was processed.
var epoch = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func runID(run int) string { return fmt.Sprintf("run_%03d", 101+run) }

// Records yields the lines of one of the runs, with their ends, for ever: each video's segments, then its own result. A
// line is valid until the next one.
func Records(run int) iter.Seq[[]byte] {
	w := writer{text: text{rng: rand.New(rand.NewPCG(20260302, uint64(run)))}, run: runID(run), prompt: prompts[run]}
	return func(yield func([]byte) bool) {
		for {
			if !w.video(yield) {
				return
			}
		}
	}
}

// writer writes the results of a run.
type writer struct {
	text
	run      string
	prompt   prompt
	videos   int
	segments int // of all videos
	failed   int // of this video
}

// video writes the results of the next video.
func (w *writer) video(yield func([]byte) bool) bool {
	w.videos++
	w.failed = 0
	image := w.rng.IntN(25) == 0
	count := 20 + w.rng.IntN(100)
	if image {
		count = 1
	}
	at := int64(0) // hundredths of a second
	for range count {
		length := 200 + int64(w.rng.IntN(3000))
		w.b = w.b[:0]
		w.segment(at, at+length, image)
		at += length
		if !yield(w.b) {
			return false
		}
	}
	w.b = w.b[:0]
	w.summary(count)
	return yield(w.b)
}

func (w *writer) segment(from, to int64, image bool) {
	w.segments++
	failed := w.rng.IntN(60) == 0
	w.add(`{"result_type":"segment","result_id":"segment:seg_`).number(w.segments, 8).add(":"+w.run+`","segment_id":"seg_`).number(w.segments, 8)
	w.add(`","video_id":"vid_`).number(w.videos, 6).add(`","run_id":"` + w.run + `","prompt_id":"` + w.prompt.id + `","prompt_run_id":"` + w.run)
	w.add(`","video_name":"`).add(footage[w.videos%len(footage)]).add(`","source_index_id":"idx_archive","executed_at":"`).stamp(w.segments)
	w.add(`","start_time":`).seconds(from, image).add(`,"end_time":`).seconds(to, image)
	w.add(`,"metadata":`)
	if failed {
		w.failed++
		w.add(`{},"metadata_text":"","processing_warning":null,"schema_used":`)
	} else {
		w.prompt.fields(&w.text)
		w.add(`,"metadata_text":"`).prose(25 + w.rng.IntN(110)).add(`","processing_warning":`)
		w.oftenNull(40, `"The audio track is shorter than the video."`).add(`,"schema_used":`)
	}
	w.add(`"` + w.prompt.name + `","field_extraction_succeeded":`).boolean(!failed).add(`,"transcription_succeeded":`).boolean(!image)
	w.add(`,"image_embedding_succeeded":`).oftenNull(2, "true").add(`,"field_extraction_error":`)
	if failed {
		w.add(`"The model returned no answer for this segment.\nIt was asked 3 times."`)
	} else {
		w.add("null")
	}
	w.add(`,"transcription_error":null,"image_embedding_error":null`)
	w.add(`,"segment_uri":"s3://media/vid_`).number(w.videos, 6).add("/seg_").number(w.segments, 8)
	w.add(`.mp4","thumbnail_uri":"s3://media/vid_`).number(w.videos, 6).add("/seg_").number(w.segments, 8)
	w.add(`.jpg","gif_uri":null,"selected":`).boolean(w.rng.IntN(4) == 0).add("}\n")
}

// summary writes the video's own result.
func (w *writer) summary(segments int) {
	w.add(`{"result_type":"video","result_id":"video:vid_`).number(w.videos, 6).add(":" + w.run + `","run_id":"` + w.run + `","prompt_id":"` + w.prompt.id)
	w.add(`","video_id":"vid_`).number(w.videos, 6).add(`","video_name":"`).add(footage[w.videos%len(footage)])
	w.add(`","source_index_id":"idx_archive","executed_at":"`).stamp(w.segments).add(`","status":"`)
	if w.failed > 0 {
		w.add("completed_with_failures")
	} else {
		w.add("completed")
	}
	w.add(`","metadata":`)
	w.prompt.fields(&w.text)
	w.add(`,"metadata_text":"`).prose(60+w.rng.IntN(120)).add(`","successful_segment_count":`).number(segments-w.failed, 1)
	w.add(`,"failed_segment_count":`).number(w.failed, 1).add(`,"source_fingerprint":"sha256:`).hex(16)
	w.add(`","error_message":null,"embedding_status":"completed","embedding_error":null,"parts_total":1,"parts_completed":1,"parts_failed":0,"selected":`)
	w.boolean(w.rng.IntN(4) == 0).add("}\n")
}

// stamp is when the n-th segment was processed.
func (t *text) stamp(n int) *text {
	t.b = epoch.Add(time.Duration(n)*137*time.Millisecond).AppendFormat(t.b, "2006-01-02T15:04:05.000Z")
	return t
}

// seconds is a time within a video as the platform writes it, with two digits; images have none.
func (t *text) seconds(hundredths int64, image bool) *text {
	if image {
		return t.add("null")
	}
	t.b = strconv.AppendInt(t.b, hundredths/100, 10)
	t.b = append(t.b, '.', byte('0'+hundredths/10%10), byte('0'+hundredths%10))
	return t
}

// oftenNull is the value once in n times.
func (t *text) oftenNull(n int, value string) *text {
	if t.rng.IntN(n) == 0 {
		return t.add(value)
	}
	return t.add("null")
}

func (t *text) boolean(v bool) *text {
	t.b = strconv.AppendBool(t.b, v)
	return t
}

// number is n in at least that many digits.
func (t *text) number(n, digits int) *text {
	var scratch [20]byte
	s := strconv.AppendInt(scratch[:0], int64(n), 10)
	for range digits - len(s) {
		t.b = append(t.b, '0')
	}
	t.b = append(t.b, s...)
	return t
}

func (t *text) hex(words int) *text {
	for range words {
		t.b = append(t.b, "0123456789abcdef"[t.rng.IntN(16)])
	}
	return t
}
