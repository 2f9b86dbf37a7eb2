// SPDX-License-Identifier: Apache-2.0

// Two Kafka clients of Go behind one command line; ../README.md says what each command does.
//
//	clients franz|sarama COMMAND ADDRESS [WORD...] [NAME=VALUE...]
package main

import (
	"fmt"
	"os"
	"strings"
)

type command func(arguments arguments) error

var clients = map[string]map[string]command{
	"franz":  {"produce": franzProduce, "consume": franzConsume, "member": franzMember, "admin": franzAdmin},
	"sarama": {"produce": saramaProduce, "consume": saramaConsume, "member": saramaMember, "admin": saramaAdmin},
}

func main() {
	if len(os.Args) < 4 || clients[os.Args[1]][os.Args[2]] == nil {
		fmt.Fprintln(os.Stderr, "usage: clients franz|sarama produce|consume|member|admin ADDRESS [WORD...] [NAME=VALUE...]")
		os.Exit(2)
	}
	run := clients[os.Args[1]][os.Args[2]]
	if err := run(parseArguments(os.Args[3:])); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", os.Args[1], strings.Join(os.Args[2:], " "), err)
		os.Exit(1)
	}
}
