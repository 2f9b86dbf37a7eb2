// SPDX-License-Identifier: Apache-2.0
// How old something is, as Kubernetes tells people (k8s.io/apimachinery/pkg/util/duration.HumanDuration): 5s, 9m37s,
// 2d3h.
#pragma once

#include "base/bytes.h"

enum { AGE_TEXT_SIZE = 48 };

// Two figures at most. A time that lies ahead by up to two seconds is "0s" (clocks differ), further ahead "<invalid>".
// Terminated. Returns RET_TEXT.
const char *age_text(int64_t age_ms, char ret_text[AGE_TEXT_SIZE]);
// Of a timestamp of the API (RFC 3339) at NOW_MS, Unix time: "<unknown>" where there is none, "<invalid>" where the
// text is no timestamp.
const char *age_of_timestamp(bytes_t timestamp, int64_t now_ms, char ret_text[AGE_TEXT_SIZE]);
