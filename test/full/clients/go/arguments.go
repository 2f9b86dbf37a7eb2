// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// What follows the command: the server's address, words, and named options.
type arguments struct {
	address string
	words   []string
	options map[string]string
}

func parseArguments(all []string) arguments {
	parsed := arguments{address: all[0], options: map[string]string{}}
	for _, argument := range all[1:] {
		if name, value, isOption := strings.Cut(argument, "="); isOption {
			parsed.options[name] = value
		} else {
			parsed.words = append(parsed.words, argument)
		}
	}
	return parsed
}

// word returns the word at INDEX, or an empty one.
func (a arguments) word(index int) string {
	if index < len(a.words) {
		return a.words[index]
	}
	return ""
}

func (a arguments) option(name, otherwise string) string {
	if value, isThere := a.options[name]; isThere {
		return value
	}
	return otherwise
}

// number returns a numeric option. A wrong one is a mistake of the test: the program ends.
func (a arguments) number(name string, otherwise int64) int64 {
	text, isThere := a.options[name]
	if !isThere {
		return otherwise
	}
	return mustNumber(text)
}

// offsets returns the options that are named by a partition: 0=5 1=7.
func (a arguments) offsets() map[int32]int64 {
	found := map[int32]int64{}
	for name, value := range a.options {
		if partition, err := strconv.ParseInt(name, 10, 32); err == nil {
			found[int32(partition)] = mustNumber(value)
		}
	}
	return found
}

func mustNumber(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%q is not a number", text))
	}
	return value
}

// shift takes the first word away.
func (a *arguments) shift() string {
	first := a.word(0)
	a.words = a.words[min(1, len(a.words)):]
	return first
}
