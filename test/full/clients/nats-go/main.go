// SPDX-License-Identifier: Apache-2.0

// nats.go as test_nats_clients.py drives it: natsdriver URL self | serve PREFIX | ask PREFIX COUNT | service PREFIX.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

const patience = 20 * time.Second

func must(err error) {
	if err != nil {
		log.Fatalf("failed: %v", err)
	}
}

func want(is bool, format string, arguments ...any) {
	if !is {
		log.Fatalf("failed: "+format, arguments...)
	}
}

func connect(url string, options ...nats.Option) *nats.Conn {
	options = append(options, nats.ReconnectWait(50*time.Millisecond), nats.MaxReconnects(-1),
		nats.ReconnectHandler(func(*nats.Conn) { fmt.Println("reconnected") }))
	connection, err := nats.Connect(url, options...)
	must(err)
	return connection
}

func next(subscription *nats.Subscription) *nats.Msg {
	message, err := subscription.NextMsg(patience)
	must(err)
	return message
}

// Each check has a subject of its own.
var checks = []struct {
	name string
	run  func(nc *nats.Conn, subject string)
}{
	{"publish", func(nc *nats.Conn, subject string) {
		subscription, err := nc.SubscribeSync(subject + ".*")
		must(err)
		for i := 0; i < 1000; i++ {
			must(nc.Publish(subject+".a", []byte(strconv.Itoa(i))))
		}
		for i := 0; i < 1000; i++ {
			got := string(next(subscription).Data)
			want(got == strconv.Itoa(i), "%s instead of %d", got, i)
		}
	}},
	{"headers", func(nc *nats.Conn, subject string) {
		subscription, err := nc.SubscribeSync(subject)
		must(err)
		message := nats.NewMsg(subject)
		message.Header["A"] = []string{"b", "c"}
		message.Data = []byte("x")
		must(nc.PublishMsg(message))
		got := next(subscription)
		want(strings.Join(got.Header["A"], "+") == "b+c" && string(got.Data) == "x", "%v", got)
	}},
	{"request", func(nc *nats.Conn, subject string) {
		_, err := nc.Subscribe(subject, func(m *nats.Msg) { must(m.Respond(append([]byte("to "), m.Data...))) })
		must(err)
		for i := 0; i < 100; i++ {
			answer, err := nc.Request(subject, []byte(strconv.Itoa(i)), patience)
			must(err)
			want(string(answer.Data) == "to "+strconv.Itoa(i), "%s", answer.Data)
		}
	}},
	{"no responders", func(nc *nats.Conn, subject string) {
		_, err := nc.Request(subject, nil, patience)
		want(errors.Is(err, nats.ErrNoResponders), "%v", err)
	}},
	{"queue", func(nc *nats.Conn, subject string) {
		total := make(chan int, 300)
		for i := 0; i < 3; i++ {
			_, err := nc.QueueSubscribe(subject, "q", func(*nats.Msg) { total <- 1 })
			must(err)
		}
		for i := 0; i < 300; i++ {
			must(nc.Publish(subject, nil))
		}
		for i := 0; i < 300; i++ {
			select {
			case <-total:
			case <-time.After(patience):
				log.Fatalf("failed: %d of 300", i)
			}
		}
		must(nc.Flush())
		want(len(total) == 0, "more than 300")
	}},
	{"unsubscribe after two", func(nc *nats.Conn, subject string) {
		subscription, err := nc.SubscribeSync(subject)
		must(err)
		must(subscription.AutoUnsubscribe(2))
		for i := 0; i < 5; i++ {
			must(nc.Publish(subject, nil))
		}
		next(subscription)
		next(subscription)
		_, err = subscription.NextMsg(100 * time.Millisecond)
		want(errors.Is(err, nats.ErrMaxMessages), "%v", err)
	}},
	{"largest payload", func(nc *nats.Conn, subject string) {
		subscription, err := nc.SubscribeSync(subject)
		must(err)
		payload := bytes.Repeat([]byte("x"), int(nc.MaxPayload()))
		must(nc.Publish(subject, payload))
		want(bytes.Equal(next(subscription).Data, payload), "it changed")
		want(errors.Is(nc.Publish(subject, append(payload, 'x')), nats.ErrMaxPayload), "one byte more was sent")
	}},
	{"drain a subscription", func(nc *nats.Conn, subject string) {
		seen := 0
		done := make(chan bool)
		subscription, err := nc.Subscribe(subject, func(*nats.Msg) { seen++ })
		must(err)
		subscription.SetClosedHandler(func(string) { close(done) })
		for i := 0; i < 500; i++ {
			must(nc.Publish(subject, nil))
		}
		must(nc.Flush())
		must(subscription.Drain())
		<-done
		want(seen == 500, "%d of 500", seen)
	}},
	{"no echo", func(nc *nats.Conn, subject string) {
		deaf := connect(nc.ConnectedUrl(), nats.NoEcho())
		defer deaf.Close()
		own, err := deaf.SubscribeSync(subject)
		must(err)
		other, err := nc.SubscribeSync(subject)
		must(err)
		must(nc.Flush())
		must(deaf.Publish(subject, nil))
		must(deaf.Flush())
		next(other)
		_, err = own.NextMsg(100 * time.Millisecond)
		want(errors.Is(err, nats.ErrTimeout), "%v", err)
	}},
	{"round trip", func(nc *nats.Conn, _ string) {
		_, err := nc.RTT()
		must(err)
		want(nc.HeadersSupported() && nc.ConnectedServerVersion() != "", "INFO is not complete")
	}},
}

func self(url string) {
	nc := connect(url)
	for _, check := range checks {
		check.run(nc, nats.NewInbox()[1:])
		fmt.Println("ok", check.name)
	}
	must(nc.Drain())
}

// serve answers requests on PREFIX.echo as one of the queue group q until somebody writes to PREFIX.stop.
func serve(url, prefix string) {
	closed := make(chan bool)
	nc := connect(url, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	served := 0
	_, err := nc.QueueSubscribe(prefix+".echo", "q", func(m *nats.Msg) {
		served++
		answer := nats.NewMsg(m.Reply)
		answer.Header.Set("Who", "go")
		answer.Data = append([]byte("go:"), m.Data...)
		must(nc.PublishMsg(answer))
	})
	must(err)
	_, err = nc.Subscribe(prefix+".stop", func(*nats.Msg) { must(nc.Drain()) })
	must(err)
	must(nc.Flush())
	fmt.Println("ready")
	<-closed
	fmt.Println("served", served)
}

func ask(url, prefix string, count int) {
	nc := connect(url)
	for i := 0; i < count; i++ {
		answer, err := nc.Request(prefix+".echo", []byte(strconv.Itoa(i)), patience)
		must(err)
		fmt.Println(string(answer.Data))
	}
	must(nc.Drain())
}

// service offers PREFIX.double: the text twice, an error when there is none.
func service(url, prefix string) {
	closed := make(chan bool)
	nc := connect(url, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	offered, err := micro.AddService(nc, micro.Config{Name: prefix, Version: "1.0.0", Description: "go"})
	must(err)
	must(offered.AddEndpoint("double", micro.HandlerFunc(func(r micro.Request) {
		if len(r.Data()) == 0 {
			must(r.Error("400", "nothing to double", nil))
			return
		}
		must(r.Respond(bytes.Repeat(r.Data(), 2)))
	}), micro.WithEndpointSubject(prefix+".double")))
	_, err = nc.Subscribe(prefix+".stop", func(*nats.Msg) {
		must(offered.Stop())
		must(nc.Drain())
	})
	must(err)
	must(nc.Flush())
	fmt.Println("ready")
	<-closed
}

func main() {
	log.SetFlags(0)
	switch arguments := os.Args[1:]; arguments[1] {
	case "self":
		self(arguments[0])
	case "serve":
		serve(arguments[0], arguments[2])
	case "ask":
		count, err := strconv.Atoi(arguments[3])
		must(err)
		ask(arguments[0], arguments[2], count)
	case "service":
		service(arguments[0], arguments[2])
	}
}
