// SPDX-License-Identifier: Apache-2.0
// Values as kube-apiserver's sentences show them: that program is written in Go, and its complaints print values by
// Go's rules.
#pragma once

#include "base/json.h"

// "object", "array", "string", "number", "bool", "null": what encoding/json calls a value that it cannot use.
const char *shown_kind(const struct json_value *value);
// The Go type that the value is decoded into ("map[string]interface {}", "int64"), as a complaint about types shows it.
const char *shown_type(const struct json_value *value);
// As fmt's %v: map[a:1 b:[x y]], members by name. In ARENA; shortened when it is longer than a sentence should be.
const char *shown_value(struct arena *arena, const struct json_value *value);
// As strconv.Quote: "a\tb". In ARENA.
const char *shown_quoted(struct arena *arena, bytes_t text);
