// SPDX-License-Identifier: Apache-2.0
// A dead letter as people and programs read it.
#pragma once

#include "base/json_write.h"
#include "cli/dlq_letter.h"

// "new", "uncertain", "replayed", "dropped".
const char *dlq_state_shown(enum dlq_state state);
// The members of an object: id, time, state and what was done, from, error, event.
void dlq_letter_json(const struct dlq_letter *letter, struct json_writer *json);
// The event as JSON on several lines.
void dlq_event_write(const struct cloudevent *event, struct writer *out);
// "replayed to trigger/n/t as topic/0/5 at ...": what MARK says, in words.
void dlq_mark_tell(const struct dlq_mark *mark, struct writer *out);
