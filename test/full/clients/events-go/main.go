// SPDX-License-Identifier: Apache-2.0

// events-go send URL: sends the messages of its input, one of JSON a line, and prints the status of each answer.
// events-go receive: a server; prints its port, then each event that comes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/cloudevents/sdk-go/v2/types"
)

type message struct {
	Mode  string `json:"mode"`
	Event struct {
		Attributes map[string]string          `json:"attributes"`
		Extensions map[string]json.RawMessage `json:"extensions"`
		Data       *struct {
			JSON   json.RawMessage `json:"json"`
			Text   *string         `json:"text"`
			Base64 []byte          `json:"base64"`
		} `json:"data"`
	} `json:"event"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var saying sync.Mutex

func say(value any) {
	text, err := json.Marshal(value)
	must(err)
	saying.Lock()
	defer saying.Unlock()
	fmt.Println(string(text))
}

func extensionOf(text json.RawMessage) any {
	var moment struct{ Time time.Time }
	if json.Unmarshal(text, &moment) == nil {
		return moment.Time
	}
	var value any
	must(json.Unmarshal(text, &value))
	if number, is := value.(float64); is {
		return int32(number)
	}
	return value
}

// In JSON the SDK writes all that is not application/json as a string, also other JSON and bytes that are no UTF-8, unless it is
// told to write base64.
func mark(e *event.Event) {
	media := e.DataContentType()
	e.DataBase64 = !strings.HasPrefix(media, "application/json") && !strings.HasPrefix(media, "text/")
}

func eventOf(m message) event.Event {
	made := event.New()
	a := m.Event.Attributes
	made.SetID(a["id"])
	made.SetSource(a["source"])
	made.SetType(a["type"])
	moment, err := types.ParseTime(a["time"])
	must(err)
	made.SetTime(moment)
	for name, set := range map[string]func(string){"subject": made.SetSubject, "dataschema": made.SetDataSchema, "datacontenttype": made.SetDataContentType} {
		if a[name] != "" {
			set(a[name])
		}
	}
	for name, text := range m.Event.Extensions {
		made.SetExtension(name, extensionOf(text))
	}
	if data := m.Event.Data; data != nil {
		switch {
		case data.JSON != nil:
			made.DataEncoded = data.JSON
		case data.Text != nil:
			made.DataEncoded = []byte(*data.Text)
		default:
			made.DataEncoded = data.Base64
		}
	}
	mark(&made)
	must(made.Validate())
	return made
}

func batchStatus(url string, events []event.Event) int {
	request, err := cehttp.NewHTTPRequestFromEvents(context.Background(), url, events)
	must(err)
	answer, err := http.DefaultClient.Do(request)
	must(err)
	answer.Body.Close()
	return answer.StatusCode
}

func send(url string) {
	client, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(url))
	must(err)
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var m message
		must(json.Unmarshal(line, &m))
		if m.Mode == "batch" {
			say(map[string]int{"status": batchStatus(url, []event.Event{eventOf(m), eventOf(m)})})
			continue
		}
		ctx := cloudevents.WithEncodingBinary(context.Background())
		if m.Mode == "structured" {
			ctx = cloudevents.WithEncodingStructured(context.Background())
		}
		var result *cehttp.Result
		if !cloudevents.ResultAs(client.Send(ctx, eventOf(m)), &result) {
			must(fmt.Errorf("%s %s: no answer", m.Mode, m.Event.Attributes["id"]))
		}
		say(map[string]int{"status": result.StatusCode})
	}
}

func shown(e *event.Event) (map[string]string, []byte) {
	attributes := map[string]string{"specversion": e.SpecVersion(), "id": e.ID(), "source": e.Source(), "type": e.Type()}
	for name, value := range map[string]string{"subject": e.Subject(), "dataschema": e.DataSchema(), "datacontenttype": e.DataContentType()} {
		if value != "" {
			attributes[name] = value
		}
	}
	if !e.Time().IsZero() {
		attributes["time"] = types.FormatTime(e.Time())
	}
	for name, value := range e.Extensions() {
		text, err := types.Format(value)
		must(err)
		attributes[name] = text
	}
	return attributes, e.Data()
}

func take(writer http.ResponseWriter, request *http.Request) {
	in := cehttp.NewMessageFromHttpRequest(request)
	mode := map[binding.Encoding]string{binding.EncodingBinary: "binary", binding.EncodingStructured: "structured"}[in.ReadEncoding()]
	got, err := binding.ToEvent(request.Context(), in)
	if err != nil {
		say(map[string]string{"path": request.URL.Path, "error": err.Error()})
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	attributes, data := shown(got)
	say(map[string]any{"path": request.URL.Path, "mode": mode, "attributes": attributes, "data": data})
	ctx := binding.WithForceBinary(request.Context())
	switch strings.TrimPrefix(request.URL.Path, "/") {
	case "structured":
		ctx = binding.WithForceStructured(request.Context())
	case "binary":
	default:
		writer.WriteHeader(http.StatusAccepted)
		return
	}
	got.SetID(got.ID() + "-reply")
	got.SetType("reply")
	mark(got)
	must(cehttp.WriteResponseWriter(ctx, binding.ToMessage(got), http.StatusOK, writer))
}

func receive() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	say(map[string]int{"port": listener.Addr().(*net.TCPAddr).Port})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	must(http.Serve(listener, http.HandlerFunc(take)))
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "send":
		send(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "receive":
		receive()
	default:
		must(fmt.Errorf("usage: events-go send URL | receive"))
	}
}
