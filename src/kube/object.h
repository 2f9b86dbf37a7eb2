// SPDX-License-Identifier: Apache-2.0
// An object as it is stored and as it is shown. A row's value is a format byte, the change that made it, and the object
// as JSON without apiVersion and kind (they follow from the key and from the version that is asked for) and without
// resourceVersion (it is the row's version); metadata comes first. So it is shown in any version, and in lists, without
// being parsed.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json_edit.h"
#include "kube/kind.h"

enum change { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED };

// OBJECT has metadata with at least one member. The upgrade recipe: a new format gets the next byte, reads the old
// ones.
void object_encode(struct writer *out, enum change change, const struct json_value *object);
// False: not a value that this eddy wrote.
bool object_is_valid(bytes_t value);
enum change object_change(bytes_t value);
// The whole object as it is shown in VERSION, as text.
void object_write(struct writer *out, const struct kind *kind, const struct kind_version *version, bytes_t value,
                  int64_t row_version);
// The same as a tree; texts are views of VALUE where they can be, so VALUE outlives the tree. ERR_CORRUPT.
err_t object_decode(bytes_t value, const struct kind *kind, const struct kind_version *version, int64_t row_version,
                    struct arena *arena, struct json_value **ret_object) MUST_CHECK;

// Parts of an object. Empty, or NULL, where there is nothing of the right type.
struct json_value *object_metadata(const struct json_value *object);
bytes_t object_meta_text(const struct json_value *object, const char *name);
bytes_t object_name(const struct json_value *object);
bytes_t object_namespace(const struct json_value *object);
const struct json_value *object_labels(const struct json_value *object);
bytes_t object_annotation(const struct json_value *object, const char *name);
int64_t object_generation(const struct json_value *object);
bool object_has_finalizer(const struct json_value *object, bytes_t finalizer); // BYTES_NULL: any
bool object_is_deleting(const struct json_value *object);                      // has a deletionTimestamp
// FINALIZER outlives the tree. It is not there yet.
void object_finalizer_add(struct json_value *object, struct arena *arena, bytes_t finalizer);
void object_finalizer_remove(struct json_value *object, bytes_t finalizer);
