// Command oracle answers with what the real Go libraries do.
//
// It reads one JSON request a line and writes one JSON answer a line. A string that is not UTF-8
// travels as base64 of its bytes, so that byte semantics survive. The property tests hold
// stoker.core against it (tests/property/test_go_parity.py).
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// The order of the fields is the order in which Go prints them.
type templateContext struct {
	GatewayName string
	PodName     string
	PodOrdinal  int
	Namespace   string
	Ref         string
	Commit      string
	CRName      string
	Labels      map[string]string
	Vars        map[string]string
}

type request struct {
	Op       string           `json:"op"`
	Template string           `json:"template"` // base64
	Context  *templateContext `json:"context"`
	JSON     string           `json:"json"`    // base64
	Path     string           `json:"path"`    // base64
	Value    string           `json:"value"`   // base64
	Pattern  string           `json:"pattern"` // base64
	Key      string           `json:"key"`     // base64
	Body     string           `json:"body"`    // base64
}

type answer struct {
	Want    string `json:"want,omitempty"` // base64
	Match   bool   `json:"match,omitempty"`
	Valid   bool   `json:"valid,omitempty"`
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
}

func decode(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

type limited struct {
	strings.Builder
}

var errTooLong = errors.New("oracle: output too long")

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > 4<<20 {
		return 0, errTooLong
	}
	return l.Builder.Write(p)
}

func renderTemplate(r request) answer {
	t, err := template.New("").Option("missingkey=error").Parse(decode(r.Template))
	if err != nil {
		return answer{Error: "parse_error", Message: err.Error()}
	}
	var out limited
	if err := t.Execute(&out, r.Context); err != nil {
		kind := "exec_error"
		if strings.Contains(err.Error(), "map has no entry for key") ||
			strings.Contains(err.Error(), "nil data; no entry for key") {
			kind = "missing_key"
		}
		return answer{Error: kind, Message: err.Error()}
	}
	return answer{Want: encode(out.String())}
}

func setField(r request) answer {
	document, path, text := decode(r.JSON), decode(r.Path), decode(r.Value)
	if !json.Valid([]byte(document)) {
		return answer{Error: "invalid_json"}
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		value = text
	}
	out, err := sjson.Set(document, path, value)
	if err != nil {
		return answer{Error: "bad_path", Message: err.Error()}
	}
	return answer{Want: encode(out), Valid: gjson.Valid(out) && json.Valid([]byte(out))}
}

func globMatch(r request) answer {
	ok, err := doublestar.Match(decode(r.Pattern), decode(r.Path))
	if err != nil {
		return answer{Error: "bad_pattern", Message: err.Error()}
	}
	return answer{Match: ok}
}

func signBody(r request) answer {
	mac := hmac.New(sha256.New, []byte(decode(r.Key)))
	mac.Write([]byte(decode(r.Body)))
	return answer{Want: encode("sha256=" + hex.EncodeToString(mac.Sum(nil)))}
}

func safely(r request, run func(request) answer) answer {
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- answer{Error: "panic", Message: fmt.Sprint(p)}
			}
		}()
		done <- run(r)
	}()
	select {
	case a := <-done:
		return a
	case <-time.After(5 * time.Second):
		return answer{Error: "timeout"}
	}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var r request
		var a answer
		if err := json.Unmarshal(line, &r); err != nil {
			a = answer{Error: "bad_request", Message: err.Error()}
		} else {
			switch r.Op {
			case "template":
				a = safely(r, renderTemplate)
			case "sjson":
				a = safely(r, setField)
			case "match":
				a = safely(r, globMatch)
			case "sign":
				a = safely(r, signBody)
			default:
				a = answer{Error: "bad_request", Message: "unknown op " + r.Op}
			}
		}
		if err := encoder.Encode(a); err != nil {
			panic(err)
		}
		if err := out.Flush(); err != nil {
			panic(err)
		}
	}
}
