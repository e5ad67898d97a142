package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// readForm reads a multipart form into fields. Its whole body is held, which MaxBodyBytes bounds.
func readForm(w http.ResponseWriter, r *http.Request, known map[string]fieldType) (*fields, error) {
	boundary, err := formBoundary(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	text, err := readBytes(w, r)
	if err != nil {
		return nil, err
	}
	return decodeForm(text, boundary, known)
}

func formBoundary(contentType string) (string, error) {
	media, params, err := mime.ParseMediaType(contentType)
	b := params["boundary"]
	if err != nil || media != "multipart/form-data" || !inUTF8(params) || b == "" || len(b) > 70 || strings.ContainsFunc(b, notVisible) {
		return "", fault.New(fault.Malformed, "unsupported_content_type", "Send the body as multipart/form-data in UTF-8, with a boundary of 1 to 70 visible characters.")
	}
	return b, nil
}

func inUTF8(params map[string]string) bool {
	c := params["charset"]
	return c == "" || strings.EqualFold(c, "utf-8") || strings.EqualFold(c, "us-ascii")
}

// decodeForm reads a form strictly. What is not exactly a sequence of named parts between its boundaries is
// fault.Malformed, what has more than MaxFormParts fault.TooLarge; unknown and repeated names, and parts that are not
// what their field has to be, become problems. The boundary, the order of parts and what surrounds a part's value make
// no difference.
func decodeForm(text []byte, boundary string, known map[string]fieldType) (*fields, error) {
	if !framed(text, boundary) {
		return nil, malformedForm(errors.New("the body doesn't begin and end with its boundary"))
	}
	f := newFields()
	parts := multipart.NewReader(bytes.NewReader(text), boundary)
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { // a wrapped one is the end in the wrong place
			return f, nil
		}
		if err != nil { // whose text holds what was sent
			return nil, malformedForm(errors.New("a part's headers can't be read"))
		}
		if n == MaxFormParts {
			return nil, fault.Newf(fault.TooLarge, "request_too_large", "A form has at most %d parts.", MaxFormParts)
		}
		if err := f.readPart(part, known); err != nil {
			return nil, malformedForm(err)
		}
	}
}

// framed reports whether nothing stands before the first boundary and nothing but blanks after the last.
func framed(text []byte, boundary string) bool {
	end := []byte("\r\n--" + boundary + "--")
	whole := append([]byte("\r\n"), text...)
	i := bytes.Index(whole, end)
	return bytes.HasPrefix(text, []byte("--"+boundary)) && i >= 0 && len(bytes.Trim(whole[i+len(end):], " \t\r\n")) == 0
}

func malformedForm(err error) error {
	return fault.Wrap(err, fault.Malformed, "malformed_form", "The body must be one multipart form, each part with a name of its own, and nothing around it.")
}

// readPart reads a part to its end. An error says what is wrong with the form itself.
func (f *fields) readPart(part *multipart.Part, known map[string]fieldType) error {
	name, isFile, err := disposition(part.Header)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	kind, ok := known[name]
	repeated := f.given[name] && kind != textsField
	f.given[name] = true
	if problem := partProblem(part.Header, content, kind, isFile); !ok {
		f.wrong(name, "is not a known field")
	} else if repeated {
		f.wrong(name, "must be given once")
	} else if problem != "" {
		f.wrong(name, problem)
	} else if kind == secretField {
		f.secrets[name] = seal.NewSecret(string(content))
	} else if len(content) > 0 {
		f.values[name] = append(f.values[name], string(content))
	}
	return nil
}

// disposition is the part's name, and whether it is a file.
func disposition(h textproto.MIMEHeader) (name string, isFile bool, err error) {
	values := h.Values("Content-Disposition")
	if len(values) != 1 {
		return "", false, errors.New("a part has no Content-Disposition, or two")
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || media != "form-data" || params["name"] == "" || !utf8.ValidString(params["name"]) {
		return "", false, errors.New("a part has no name")
	}
	_, isFile = params["filename"]
	return params["name"], isFile, nil
}

// partProblem is what keeps the part from being a field of the kind, "" for nothing.
func partProblem(h textproto.MIMEHeader, content []byte, kind fieldType, isFile bool) string {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	typed := h.Get("Content-Type") != ""
	switch coding := strings.ToLower(h.Get("Content-Transfer-Encoding")); {
	case coding != "" && coding != "7bit" && coding != "8bit" && coding != "binary":
		return "must come as it is, without a transfer encoding"
	case typed && err != nil:
		return "must have a readable Content-Type or none"
	case typed && !inUTF8(params):
		return "must be in UTF-8"
	case kind == secretField && !isFile:
		return "must be sent as a file"
	case kind == secretField && len(content) == 0:
		return "must not be empty"
	case kind == secretField:
		return ""
	case isFile:
		return "must be sent as text, not as a file"
	case typed && media != "text/plain", !utf8.Valid(content):
		return "must be text in UTF-8"
	}
	return ""
}
