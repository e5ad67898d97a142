package main

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The README's picture of the page, its size in pixels, and how large the file may be.
const (
	screenshot                  = "../../docs/page.png"
	shotWidth, shotHeight       = 1280, 1130
	maxShotBytes          int64 = 200_000
)

// TestScreenshot looks after the README's picture of the page; with -update a browser makes it anew.
func TestScreenshot(t *testing.T) {
	if *update {
		if err := os.WriteFile(screenshot, takeScreenshot(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(screenshot)
	if err != nil {
		t.Fatal(err)
	}
	shot, err := png.Decode(bytes.NewReader(raw))
	if err != nil || shot.Bounds().Dx() != shotWidth || shot.Bounds().Dy() != shotHeight || int64(len(raw)) > maxShotBytes {
		t.Errorf("%s is of %d bytes: %v", screenshot, len(raw), err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "(docs/page.png)") {
		t.Errorf("the README doesn't show it: %v", err)
	}
}

// takeScreenshot makes three exports, the documented one last, and gives a picture of the page.
func takeScreenshot(t *testing.T) []byte {
	s := startService(t)
	for _, body := range []string{`{"destination_connector_id":"` + s.brokenConnector() + `"}`, `{"formats":["csv","parquet"]}`, exampleBody} {
		s.await(s.create("/exports/index/idx_archive", body), 30*time.Second)
	}
	b := openTab(t)
	b.do(chromedp.EmulateViewport(shotWidth, shotHeight))
	b.open(s.origin() + "/")
	b.await(state + ` === "completed"`)
	raw, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	shot, err := png.Decode(bytes.NewReader(raw))
	b.must(err)
	var out bytes.Buffer
	b.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduce(shot)))
	return out.Bytes()
}

// reduce is the picture in the 256 colours that it has most of, each pixel in the nearest one.
func reduce(shot image.Image) image.Image {
	times := map[color.RGBA]int{}
	bounds := shot.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			times[color.RGBAModel.Convert(shot.At(x, y)).(color.RGBA)]++
		}
	}
	var colours []color.RGBA
	for c := range times {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return times[b] - times[a] })
	var palette color.Palette
	for _, c := range colours[:min(256, len(colours))] {
		palette = append(palette, c)
	}
	reduced := image.NewPaletted(bounds, palette)
	draw.Draw(reduced, bounds, shot, bounds.Min, draw.Src)
	return reduced
}
