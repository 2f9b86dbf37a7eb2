// SPDX-License-Identifier: Apache-2.0

// What the CloudEvents SDK of Go makes of messages. Without an argument it writes golden_cases.jsonl: messages by hand and
// messages of random events that the SDK itself wrote, each with the event that the SDK reads in it, or null where it
// refuses. With an argument it reads messages of that form, and writes the events.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/cloudevents/sdk-go/v2/types"
)

type message struct {
	Binding string      `json:"binding"`
	Headers [][2]string `json:"headers"`
	Body    *string     `json:"body"`
	Event   *plain      `json:"event"`
	Differs string      `json:"differs,omitempty"` // why eddy does otherwise
}

type plain struct {
	Attributes map[string]interface{} `json:"attributes"`
	Data       *string                `json:"data"`
}

func encoded(data []byte) *string {
	if data == nil {
		return nil
	}
	text := base64.StdEncoding.EncodeToString(data)
	return &text
}

func decoded(text *string) []byte {
	if text == nil {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		panic(err)
	}
	return data
}

// 0.3 as 1.0. The SDK keeps datacontentencoding as an extension.
func asV1(e *event.Event) error {
	if e.SpecVersion() == event.CloudEventsVersionV1 {
		return nil
	}
	e.Context = e.Context.AsV1()
	return e.Context.SetExtension("datacontentencoding", nil)
}

func plainOf(e *event.Event) *plain {
	attributes := map[string]interface{}{"specversion": e.SpecVersion(), "id": e.ID(), "source": e.Source(), "type": e.Type()}
	for name, value := range map[string]string{"subject": e.Subject(), "datacontenttype": e.DataContentType(), "dataschema": e.DataSchema()} {
		if value != "" {
			attributes[name] = value
		}
	}
	if !e.Time().IsZero() {
		attributes["time"] = e.Time().Format(time.RFC3339Nano)
	}
	for name, value := range e.Extensions() {
		switch value := value.(type) {
		case bool, int32:
			attributes[name] = value
		default:
			text, err := types.Format(value)
			if err != nil {
				panic(err)
			}
			attributes[name] = text
		}
	}
	data := e.Data()
	if len(data) == 0 {
		data = nil
	}
	return &plain{attributes, encoded(data)}
}

// The event, or nil where the SDK refuses the message.
func read(m *message) *plain {
	header := http.Header{}
	for _, pair := range m.Headers {
		header.Add(pair[0], pair[1])
	}
	received := cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(decoded(m.Body))))
	e, err := binding.ToEvent(context.Background(), received)
	if err == nil {
		err = e.Validate()
	}
	if err == nil {
		err = asV1(e)
	}
	if err != nil {
		return nil
	}
	return plainOf(e)
}

func write(m *message, out *json.Encoder) {
	m.Event = read(m)
	if err := out.Encode(m); err != nil {
		panic(err)
	}
}

// --- random events

var words = []string{"a", "order", "com.example.created", "x-1", "urn:y:z", "1234-1234", "O'Brien", "(b)", "~", "A_B", "k=v;w"}

func word(r *rand.Rand) string { return words[r.Intn(len(words))] }

func randomEvent(r *rand.Rand) event.Event {
	versions := []string{"1.0", "1.0", "1.0", "0.3"}
	e := event.New(versions[r.Intn(len(versions))])
	sources := []string{"/s", "https://example.com/a?b=c#d", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "#f", "mailto:a@b.c", "//h/p%20q"}
	e.SetID(word(r))
	e.SetSource(sources[r.Intn(len(sources))])
	e.SetType(word(r))
	if r.Intn(2) == 0 {
		e.SetSubject(word(r))
	}
	if r.Intn(2) == 0 {
		e.SetTime(time.Unix(r.Int63n(4e9), r.Int63n(1000)*int64(r.Intn(2)*1000000)).UTC())
	}
	if r.Intn(3) == 0 {
		e.SetDataSchema("https://example.com/schema.json")
	}
	for i := r.Intn(4); i > 0; i-- {
		values := []interface{}{word(r), r.Int31() - r.Int31(), r.Intn(2) == 0, []byte{1, 2, 255}, types.Timestamp{Time: time.Unix(r.Int63n(4e9), 0).UTC()}}
		e.SetExtension([]string{"ext", "x1", "partitionkey", "comexample"}[r.Intn(4)], values[r.Intn(len(values))])
	}
	setData(r, &e)
	return e
}

func setData(r *rand.Rand, e *event.Event) {
	var err error
	kinds := 6
	if e.SpecVersion() != event.CloudEventsVersionV1 {
		kinds = 3 // the SDK does not set bytes in 0.3
	}
	switch r.Intn(kinds) {
	case 0:
		err = e.SetData("application/json", map[string]interface{}{"a": r.Intn(100), "b": []interface{}{nil, true, "\u20ac\n"}})
	case 1:
		err = e.SetData("text/json; charset=utf-8", []string{word(r)})
	case 2:
		err = e.SetData("text/plain", "line\n\u00e4 \U0001F600 \"q\"")
	case 3:
		err = e.SetData("application/xml", []byte("<a/>"))
	case 4:
		err = e.SetData("application/octet-stream", []byte{0, 1, 254, 255})
	}
	if err != nil {
		panic(err)
	}
}

func encode(e *event.Event, structured bool) *message {
	request, err := http.NewRequest(http.MethodPost, "http://localhost", nil)
	if err != nil {
		panic(err)
	}
	ctx := binding.WithForceBinary(context.Background())
	if structured {
		ctx = binding.WithForceStructured(context.Background())
	}
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(e), request); err != nil {
		panic(err)
	}
	m := &message{Binding: "http"}
	for name, values := range request.Header {
		m.Headers = append(m.Headers, [2]string{name, values[0]})
	}
	sort.Slice(m.Headers, func(i, k int) bool { return m.Headers[i][0] < m.Headers[k][0] })
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			panic(err)
		}
		m.Body = encoded(body)
	}
	return m
}

// --- messages by hand

const (
	base   = "ce-specversion: 1.0|ce-id: 1|ce-source: /s|ce-type: t"
	legacy = "ce-specversion: 0.3|ce-id: 1|ce-source: /s|ce-type: t"
	inJSON = "Content-Type: application/cloudevents+json"
	fields = `"specversion":"1.0","id":"1","source":"/s","type":"t"`
	older  = `"specversion":"0.3","id":"1","source":"/s","type":"t"`
)

var byHand = []struct{ headers, body, differs string }{
	{base, "", ""},
	{base, "no type", ""},
	{base + "|Content-Type: application/json", `{"a":1}`, ""},
	{base + "|CONTENT-TYPE: text/plain; charset=utf-8", "x", ""},
	{"CE-ID: 1|Ce-Type: t|ce-SOURCE: /s|Ce-Specversion: 1.0|cE-mYeXt: v", "", ""},
	{base + "|ce-n: 5|ce-b: true|ce-x0: -", "", ""},
	{base + "|ce-x: ", "", ""},
	{base + "|ce-subject: a b", "", ""},
	{base + "|ce-subject: r\u00e4w \u20ac", "", ""},
	{base + "|ce-subject: 100%|ce-x: 5\" pipe|ce-y: a+b", "", ""},
	{base + "|ce-subject: a%20b", "", "escapes are resolved"},
	{base + `|ce-subject: "a b"`, "", "quoted strings are resolved"},
	{base + "|ce-time: 2018-04-05T03:56:24Z", "", ""},
	{base + "|ce-time: 2018-04-05T03:56:24.123456789+02:00", "", ""},
	{base + "|ce-time: 2018-04-05t03:56:24z", "", "RFC 3339 allows small letters"},
	{base + "|ce-time: 2018-04-05 03:56:24Z", "", ""},
	{base + "|ce-time: 2018-04-05", "", ""},
	{base + "|ce-time: 2018-04-05T03:56:24+25:00", "", ""},
	{base + "|ce-time: yesterday", "", ""},
	{base + "|ce-time: ", "", ""},
	{base + "|ce-dataschema: https://a/b#c", "", ""},
	{base + "|ce-dataschema: b", "", ""},
	{base + "|ce-dataschema: %zz:", "", ""},
	{base + "|ce-dataschema: https://a/b%20c", "", ""},
	{"ce-specversion: 1.0|ce-id: 1|ce-source: //h/p%20q|ce-type: t", "", ""},
	{base + "|ce-subject: ", "", "what is there must not be empty"},
	{base + "|Content-Type: xyz", "", "a media type has two parts"},
	{base + "|Content-Type: text/plain; charset", "x", ""},
	{base + "|ce-my-ext: x", "", ""},
	{base + "|ce-my_ext: x", "", ""},
	{base + "|ce-data: x", "", "a name must not be data"},
	{base + "|ce-datacontenttype: a/b", "x", ""},
	{base + "|ce-id: 2", "", "an attribute must be there only once"},
	{base + "|ce-x: a|ce-x: b", "", "an attribute must be there only once"},
	{"ce-specversion: 1.0|ce-source: /s|ce-type: t", "", ""},
	{"ce-specversion: 1.0|ce-id: 1|ce-type: t", "", ""},
	{"ce-specversion: 1.0|ce-id: 1|ce-source: /s", "", ""},
	{"ce-specversion: 1.0|ce-id: |ce-source: /s|ce-type: t", "", ""},
	{"ce-specversion: 1.0|ce-id: 1|ce-source: |ce-type: t", "", ""},
	{"ce-specversion: 1.0|ce-id: 1|ce-source: a b|ce-type: t", "", "a URI has no spaces"},
	{"ce-specversion: 1.0|ce-id: 1|ce-source: ://x|ce-type: t", "", ""},
	{"ce-specversion: 1.1|ce-id: 1|ce-source: /s|ce-type: t", "", ""},
	{"ce-id: 1|ce-source: /s|ce-type: t", "", ""},
	{"Content-Type: application/json", "{}", ""},
	{"", "", ""},
	{legacy + "|ce-schemaurl: https://a/b", "", ""},
	{legacy + "|ce-datacontentencoding: base64|Content-Type: a/b", "YQ==", "the SDK takes it in JSON only"},
	{legacy + "|ce-datacontentencoding: gzip", "x", ""},
	{legacy + "|ce-subject: u|ce-ext: e", "x", ""},
	{"Content-Type: application/cloudevents+avro", "x", ""},
	{base + "|Content-Type: application/cloudevents+avro", "x", ""},
	{"Content-Type: application/cloudevents-batch+json", "[]", ""},
	{inJSON, "{" + fields + "}", ""},
	{inJSON + " ; charset=UTF-8", "{" + fields + "}", ""},
	{"content-type: Application/CloudEvents+JSON", " {" + fields + "} ", ""},
	{inJSON + "|ce-id: 2|ce-specversion: 0.3", "{" + fields + "}", ""},
	{inJSON, "{" + fields + `,"data":{"a" : [1, 2.50]}}`, ""},
	{inJSON, "{" + fields + `,"data":null}`, ""},
	{inJSON, "{" + fields + `,"data":"I'm just a string"}`, ""},
	{inJSON, `{"data":[true],"datacontenttype":"a/b+json; x=y",` + fields + "}", "+json is JSON"},
	{inJSON, `{"data":"<a b=\"c\"/>\n\u20ac","datacontenttype":"text/xml",` + fields + "}", ""},
	{inJSON, "{" + fields + `,"datacontenttype":"text/plain","data":{}}`, ""},
	{inJSON, "{" + fields + `,"datacontenttype":"text/plain","data":null}`, ""},
	{inJSON, "{" + fields + `,"data_base64":"AAH/"}`, ""},
	{inJSON, `{"data_base64":"eyJhIjoxfQ==","datacontenttype":"application/json",` + fields + "}", ""},
	{inJSON, "{" + fields + `,"data_base64":"?"}`, ""},
	{inJSON, "{" + fields + `,"data":"x","data_base64":"YQ=="}`, "one of both"},
	{inJSON, "{" + fields + `,"n":-5,"b":false,"x":"v","y":null}`, ""},
	{inJSON, "{" + fields + `,"n":2147483647}`, ""},
	{inJSON, "{" + fields + `,"n":2147483648}`, ""},
	{inJSON, "{" + fields + `,"n":1.5}`, "an Integer has no fraction"},
	{inJSON, "{" + fields + `,"n":{}}`, ""},
	{inJSON, "{" + fields + `,"n":[]}`, ""},
	{inJSON, "{" + fields + `,"MyExt":"v"}`, "a name has small letters"},
	{inJSON, "{" + fields + `,"my-ext":"v"}`, ""},
	{inJSON, "{" + fields + `,"subject":null,"time":null,"datacontenttype":null,"dataschema":null}`, "null is unset"},
	{inJSON, "{" + fields + `,"subject":""}`, "what is there must not be empty"},
	{inJSON, "{" + fields + `,"time":"lunchtime"}`, ""},
	{inJSON, "{" + fields + `,"time":"2018-04-05T18:31:00+01:00"}`, ""},
	{inJSON, "{" + fields + `,"time":5}`, ""},
	{inJSON, "{" + fields + `,"dataschema":"b"}`, ""},
	{inJSON, "{" + fields + `,"id":"2"}`, "an attribute must be there only once"},
	{inJSON, "{" + fields + `,"specversion":"1.0"}`, ""},
	{inJSON, `{"specversion":"1.0","id":25,"source":"/s","type":"t"}`, ""},
	{inJSON, `{"specversion":"1.0","id":"","source":"/s","type":"t"}`, ""},
	{inJSON, `{"specversion":"1.0","id":"1","source":"/s"}`, ""},
	{inJSON, `{"specversion":"0.9","id":"1","source":"/s","type":"t"}`, ""},
	{inJSON, `{"id":"1","source":"/s","type":"t"}`, ""},
	{inJSON, "{" + older + `,"schemaurl":"https://a/b","data":{"a":1}}`, ""},
	{inJSON, "{" + older + `,"datacontentencoding":"base64","data":"eyJhIjoxfQ=="}`, ""},
	{inJSON, `{"data":"YQ==","datacontentencoding":"base64","datacontenttype":"text/plain",` + older + "}", ""},
	{inJSON, "{" + older + `,"datacontentencoding":"gzip","data":"x"}`, ""},
	{inJSON, "{" + older + `,"datacontenttype":"text/plain","data":"x","ext":"e"}`, ""},
	{inJSON, "{" + older + `,"data_base64":"YQ=="}`, "0.3 has no data_base64"},
	{inJSON, "{" + fields + `,"datacontenttype":"application/vnd.x+json","data":"[1]"}`, "+json is JSON"},
	{inJSON, "", ""},
	{inJSON, "[]", ""},
	{inJSON, "{", ""},
	{inJSON, `{"specversion":"1.0"`, ""},
	{inJSON, "{" + fields + `,"x":"a\u0001b"}`, "a String has no control characters"},
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if len(os.Args) > 1 {
		file, err := os.Open(os.Args[1])
		if err != nil {
			panic(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var m message
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				panic(err)
			}
			write(&m, out)
		}
		return
	}
	for _, row := range byHand {
		m := message{Binding: "http", Headers: [][2]string{}, Body: encoded([]byte(row.body)), Differs: row.differs}
		for _, line := range strings.Split(row.headers, "|") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m.Headers = append(m.Headers, [2]string{name, value})
			}
		}
		write(&m, out)
	}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 150; i++ {
		e := randomEvent(random)
		for _, structured := range []bool{false, true} {
			m := encode(&e, structured)
			write(m, out)
			if m.Event == nil {
				fmt.Fprintln(os.Stderr, "the SDK does not read what it wrote:", m)
			}
		}
	}
}
