// SPDX-License-Identifier: Apache-2.0
// What the rules of several kinds do: fill what is left out of references, and look at what must not change. Trees in,
// trees out (kind_rules.fill and check); what fills comes before validation, so a value may be of any type. NULL is
// nothing.
#pragma once

#include "base/json_edit.h"
#include "kube/kind.h"
#include "kube/schema/field_error.h"

// {apiVersion, kind, name}: gets NAME_SPACE where it names none.
void reference_fill(struct arena *arena, struct json_value *reference, bytes_t name_space);
// {ref, uri}: its ref.
void destination_fill(struct arena *arena, struct json_value *destination, bytes_t name_space);
// The member NAME of SPEC, a destination.
void destination_at_fill(struct arena *arena, struct json_value *spec, const char *name, bytes_t name_space);
// The dead letter sink of the member delivery of SPEC.
void delivery_fill(struct arena *arena, struct json_value *spec, bytes_t name_space);

// channelTemplate of SPEC where there is none: what it was in LIVE, else an InMemoryChannel. SPEC may be NULL.
void channel_template_fill(struct arena *arena, struct json_value *spec, const struct json_value *live);

// The member spec of an object, to be changed.
struct json_value *spec_of(struct json_value *object);
// The member NAME of spec is what it was in LIVE, if there was one; else WHY is told of spec.NAME.
void kept_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                const char *name, const char *why);
// Calls LOOK for each item of LIST, which is at PATH; what is no list has none.
void items_inspect(struct field_errors *errors, const struct json_value *list, const struct field_path *path,
                   void (*look)(struct field_errors *errors, const struct json_value *item,
                                const struct field_path *path));
// VALUE, of any type, is the name of a topic (kind_rules.inspect).
void topic_inspect(struct field_errors *errors, const struct json_value *value, const struct field_path *path);
// The names in spec.ceOverrides.extensions.
void overrides_check(struct field_errors *errors, const struct json_value *object);
