// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
)

// What the administration's commands print, the same for every client.

type committed struct {
	Offset   int64  `json:"offset"`
	Metadata string `json:"metadata"`
}

type memberDescription struct {
	Host       string  `json:"host"`
	Instance   string  `json:"instance"`
	Partitions []int32 `json:"partitions"`
}

type description struct {
	State    string              `json:"state"`
	Protocol string              `json:"protocol"`
	Members  []memberDescription `json:"members"`
}

// add keeps the members in the order of their partitions.
func (d *description) add(member memberDescription) {
	slices.Sort(member.Partitions)
	d.Members = append(d.Members, member)
	slices.SortFunc(d.Members, func(a, b memberDescription) int {
		return cmp.Or(slices.Compare(a.Partitions, b.Partitions), cmp.Compare(a.Instance, b.Instance))
	})
}

// showOutcome prints what the server answered; an error with a number of Kafka's protocol is such an answer, too.
func showOutcome(answer any, err error) error {
	code := codeOf(err)
	if err != nil && code == 0 {
		return err
	}
	if err != nil {
		show(map[string]any{"code": code, "error": err.Error()})
	} else {
		show(map[string]any{"code": 0, "answer": answer})
	}
	return nil
}
