// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
)

const produceKey = 0 // the API key of Produce in Kafka's protocol

// A dialer whose connections lose the answer to one Produce: it is carried out, and the client does not learn it.
type losingDialer struct {
	which    int64 // counted from 1; 0: none
	produces atomic.Int64
	lost     atomic.Int64
}

func (d *losingDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &losingConnection{Conn: connection, dialer: d}, nil
}

func (d *losingDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

type losingConnection struct {
	net.Conn
	dialer  *losingDialer
	isFatal atomic.Bool // the next answer is lost, and the connection with it
}

// Both clients write a request in one piece: size (4 bytes), API key (2), and so on.
func (c *losingConnection) Write(from []byte) (int, error) {
	if len(from) > 6 && binary.BigEndian.Uint16(from[4:]) == produceKey && c.dialer.produces.Add(1) == c.dialer.which {
		c.isFatal.Store(true)
	}
	return c.Conn.Write(from)
}

func (c *losingConnection) Read(into []byte) (int, error) {
	size, err := c.Conn.Read(into)
	if size > 0 && c.isFatal.Load() {
		c.dialer.lost.Add(1)
		c.Conn.Close()
		return 0, errors.New("the test lost this answer")
	}
	return size, err
}

// check fails if no answer was lost though one should have been.
func (d *losingDialer) check() error {
	if d.which > 0 && d.lost.Load() == 0 {
		return errors.New("no answer was lost: the test shows nothing")
	}
	return nil
}
