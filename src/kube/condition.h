// SPDX-License-Identifier: Apache-2.0
// Conditions of a status: what holds, since when and why (Kubernetes API conventions, "Typical status properties").
#pragma once

#include "base/json_edit.h"

struct condition {
    const char *type;     // "Ready"
    const char *status;   // "True", "False", "Unknown"
    const char *reason;   // one word, or NULL
    const char *message;  // for people, or NULL
    const char *severity; // Knative's: "Info", "Warning"; NULL: none
};

// Sets the condition of that type in status.conditions; lastTransitionTime moves only when its status does. The texts
// are copied to ARENA.
void condition_set(struct json_value *status, struct arena *arena, const struct condition *condition, int64_t now_ms);
// The condition of that type, or NULL.
const struct json_value *condition_find(const struct json_value *object, const char *type);
