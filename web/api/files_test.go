package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// create begins a file and returns its path.
func (c *caller) create(format string) string {
	c.w.t.Helper()
	a := c.post("/v1/conversion_files", map[string]string{"format": format}).is(201)
	if a.text("state") != "uploading" || a.text("links.complete") == "" || a.header.Get("Location") != a.text("links.self") {
		c.w.t.Fatalf("created %s", a.body)
	}
	return a.text("links.self")
}

func (c *caller) append(path string, offset int, text string) *answer {
	c.w.t.Helper()
	return c.do("PATCH", path, text, "Content-Type", "application/partial-upload", "Upload-Offset", fmt.Sprint(offset))
}

func (c *caller) complete(path, text string) *answer {
	c.w.t.Helper()
	sum := sha256.Sum256([]byte(text))
	return c.post(path+"/complete", map[string]any{"bytes": len(text), "sha256": hex.EncodeToString(sum[:])})
}

func (c *caller) finished(path string) *answer {
	c.w.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		a := c.get(path).is(200)
		if a.text("state") == "finished" {
			return a
		}
		if time.Now().After(end) {
			c.w.t.Fatalf("not finished: %s", a.body)
		}
	}
}

func (w *world) file(n int) string {
	link := w.link("sky")
	text := "link_id,amount,reference\n"
	for i := range n {
		text += fmt.Sprintf("%s,3000,F-%d\n", link, i)
	}
	return text
}

func TestAFileIsSentInPiecesConvertedAndAnswered(t *testing.T) {
	w := newWorld(t)
	sky, text := w.as("sky-app"), w.file(3)+"x,3000,F-9\n"
	path := sky.create("csv")
	if a := sky.append(path, 0, text[:50]).is(204); a.header.Get("Upload-Offset") != "50" {
		t.Errorf("the offset is %s", a.header.Get("Upload-Offset"))
	}
	if a := sky.append(path, 0, text).refused(409, "upload_offset_mismatch"); a.header.Get("Upload-Offset") != "50" {
		t.Errorf("a wrong offset is answered with %v", a.header)
	}
	if a := sky.do("HEAD", path, "").is(204); a.header.Get("Upload-Offset") != "50" {
		t.Errorf("HEAD says %s", a.header.Get("Upload-Offset"))
	}
	if a := sky.complete(path, text).refused(409, "upload_offset_mismatch"); a.header.Get("Upload-Offset") != "50" {
		t.Errorf("too soon is answered with %v", a.header)
	}
	sky.get(path+"/results").refused(409, "file_not_finished")
	sky.append(path, 50, text[50:]).is(204)
	sky.post(path+"/complete", map[string]any{"bytes": len(text), "sha256": strings.Repeat("0", 64)}).refused(422, "checksum_mismatch")
	sky.complete(path, text).is(202)
	sky.complete(path, text).is(202)
	a := sky.finished(path)
	if a.at("succeeded") != 3.0 || a.at("failed") != 1.0 || a.at("percent") != 100.0 || a.at("lines") != 5.0 || a.at("lines_read") != 5.0 {
		t.Errorf("finished %s", a.body)
	}
	got := sky.get(path + "/results").is(200)
	if got.header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(string(got.body), "converted") != 3 || strings.Count(string(got.body), "\r\n") != 5 {
		t.Errorf("%v\n%s", got.header, got.body)
	}
	if n := sky.get("/v1/conversions").is(200).count("conversions"); n != 3 {
		t.Errorf("%d conversions, want 3", n)
	}
	sky.append(path, len(text), "x").refused(409, "not_uploading")
	sky.do("DELETE", path, "").refused(409, "not_uploading")
	again := sky.create("csv")
	sky.append(again, 0, text).is(204)
	if a := sky.complete(again, text).refused(409, "file_known"); !strings.Contains(a.text("detail"), strings.TrimPrefix(path, "/v1/conversion_files/")) {
		t.Errorf("sent twice: %s", a.body)
	}
	sky.do("DELETE", again, "").is(204)
	sky.get(again).refused(404, "not_found")
	if n := sky.get("/v1/conversion_files").is(200).count("files"); n != 1 {
		t.Errorf("%d files are listed, want 1", n)
	}
}

func TestAnNDJSONFileIsAnsweredInNDJSON(t *testing.T) {
	w := newWorld(t)
	sky := w.as("sky-app")
	text := fmt.Sprintf("{\"link_id\":%q,\"amount\":\"3000\",\"reference\":\"F-1\"}\n", w.link("sky"))
	path := sky.create("ndjson")
	sky.append(path, 0, text).is(204)
	sky.complete(path, text).is(202)
	sky.finished(path)
	got := sky.get(path + "/results").is(200)
	if got.header.Get("Content-Type") != "application/x-ndjson" || !strings.HasPrefix(string(got.body), `{"line":1,"reference":"F-1","outcome":"converted","conversion_id":"`) {
		t.Errorf("%v\n%s", got.header, got.body)
	}
}

func TestWhatIsWrongWithAFileIsSaid(t *testing.T) {
	w := newWorld(t)
	sky := w.as("sky-app")
	for code, text := range map[string]string{"file_cut": w.file(2)[:90], "file_header_invalid": "link,amount,reference\nx\n", "file_empty": "link_id,amount,reference\n"} {
		path := sky.create("csv")
		sky.append(path, 0, text).is(204)
		sky.complete(path, text).refused(422, code)
		sky.do("DELETE", path, "").is(204)
	}
	path := sky.create("csv")
	sky.append(path, 0, strings.Repeat("x", 10_001)).refused(413, "file_too_large")
	sky.do("PATCH", path, "x", "Content-Type", "application/json", "Upload-Offset", "0").refused(415, "unsupported_media_type")
	for _, offset := range []string{"", "-1", "1e3", "0x0", "9999999999999999"} {
		sky.do("PATCH", path, "x", "Content-Type", "application/partial-upload", "Upload-Offset", offset).invalid("Upload-Offset pattern")
	}
	sky.post(path+"/complete", `{"bytes":0,"sha256":"x"}`).invalid("/bytes out_of_range", "/sha256 pattern")
	sky.post("/v1/conversion_files", `{"format":"xml","name":"\u0001"}`).invalid("/format not_allowed", "/name pattern")
	sky.post("/v1/conversion_files", `{"format":"xml","name":"\u0000"}`).invalid("/format not_allowed", "/name zero_character", "/name pattern")
	sky.create("csv")
	sky.create("csv")
	sky.post("/v1/conversion_files", `{"format":"csv"}`).refused(409, "too_many_files")
	w.as("ops").post("/v1/conversion_files", `{"format":"csv"}`).refused(422, "mode_refused")
}

func TestOthersFilesAreNotThere(t *testing.T) {
	w := newWorld(t)
	path, shop := w.as("sky-app").create("csv"), w.as("shop-app")
	shop.get(path).refused(404, "not_found")
	shop.do("HEAD", path, "").is(404)
	shop.append(path, 0, "x").refused(404, "not_found")
	shop.complete(path, "x").refused(404, "not_found")
	shop.do("DELETE", path, "").refused(404, "not_found")
	shop.get(path+"/results").refused(404, "not_found")
	w.as("sky-other").get(path).is(200)
	w.as("ops").get(path).is(200)
}

func TestWithAKeyAFileIsBegunOnce(t *testing.T) {
	w := newWorld(t)
	sky := w.as("sky-app")
	first := sky.post("/v1/conversion_files", `{"format":"csv"}`, "Idempotency-Key", "day-1").is(201)
	if again := sky.post("/v1/conversion_files", `{"format":"csv"}`, "Idempotency-Key", "day-1").is(201); again.text("id") != first.text("id") {
		t.Errorf("begun twice: %s and %s", first.body, again.body)
	}
}

// What came before a connection broke is kept, however slowly it came: here more
// slowly than the whole request of another route may.
func TestABrokenUploadGoesOn(t *testing.T) {
	w := newWorld(t)
	sky, text := w.as("sky-app"), w.file(3)
	path := sky.create("csv")
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	must(t, err)
	_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 0\r\nContent-Length: %d\r\n\r\n",
		path, sky.token, len(text))
	must(t, err)
	for i := range 3 {
		_, err := io.WriteString(conn, text[i*40:(i+1)*40])
		must(t, err)
		w.eventually(func() bool { return sky.get(path).is(200).at("upload_offset") == float64((i+1)*40) })
		time.Sleep(500 * time.Millisecond)
	}
	must(t, conn.Close())
	w.eventually(func() bool { return sky.append(path, 120, text[120:]).status == 204 }) // once the gateway has noticed
	sky.complete(path, text).is(202)
	if a := sky.finished(path); a.at("succeeded") != 3.0 {
		t.Errorf("%s", a.body)
	}
}

func (w *world) eventually(condition func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("not in time")
		}
	}
}
