// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
)

const patience = 60 * time.Second // for anything that a server should answer

// A record as the tests write and read it: one line of JSON.
type record struct {
	Partition int32       `json:"partition"`
	Offset    int64       `json:"offset"`
	Timestamp int64       `json:"timestamp"` // milliseconds
	Key       *string     `json:"key"`
	Value     *string     `json:"value"`
	Headers   [][2]string `json:"headers"`
}

func text(data []byte) *string {
	if data == nil {
		return nil
	}
	value := string(data)
	return &value
}

func data(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

// readRecords returns the records of the standard input.
func readRecords() ([]record, error) {
	var records []record
	lines := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var next record
		if err := lines.Decode(&next); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return nil, err
		}
		records = append(records, next)
	}
}

var printing sync.Mutex

// show prints one line of JSON.
func show(value any) {
	printing.Lock()
	defer printing.Unlock()
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

// commands calls ON_COMMAND with the words of each line of the standard input, and returns at its end.
func commands(onCommand func(words []string) error) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := onCommand(strings.Fields(lines.Text())); err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}
	}
	return lines.Err()
}

// showOwned tells which partitions a member has now, and what changed.
func showOwned(owned, assigned, revoked []int32) {
	show(map[string]any{"owns": append([]int32{}, owned...), "assigned": append([]int32{}, assigned...), "revoked": append([]int32{}, revoked...)})
}

func showError(err error) {
	show(map[string]any{"error": err.Error(), "code": codeOf(err)})
}

// codeOf returns the error's number in Kafka's protocol, or 0 where it has none.
func codeOf(err error) int16 {
	var franz *kerr.Error
	var sarama sarama.KError
	switch {
	case errors.As(err, &franz):
		return franz.Code
	case errors.As(err, &sarama):
		return int16(sarama)
	}
	return 0
}
