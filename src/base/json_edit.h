// SPDX-License-Identifier: Apache-2.0
// Makes and changes JSON trees (json.h) in place. New values live in the caller's arena; texts and names that are given
// are views and outlive the tree. A value that is put into a tree is in no other (json_copy makes one that is free, and
// json_detach frees one). Objects have each name once; a text of somebody else may have it twice: json_unique comes
// first.
#pragma once

#include "base/json.h"
#include "base/json_write.h"

struct json_value *json_new(struct arena *arena, enum json_type type) __attribute__((returns_nonnull));
struct json_value *json_new_bytes(struct arena *arena, bytes_t text) __attribute__((returns_nonnull));
struct json_value *json_new_text(struct arena *arena, const char *text) __attribute__((returns_nonnull));
struct json_value *json_new_int(struct arena *arena, int64_t number) __attribute__((returns_nonnull));
struct json_value *json_new_bool(struct arena *arena, bool is_true) __attribute__((returns_nonnull));
// With all that is inside; texts are shared. The copy is in no tree and keeps its name.
struct json_value *json_copy(struct arena *arena, const struct json_value *value) __attribute__((returns_nonnull));

// Like json_get, for a name that is not text of the program. NULL: no such member, or OBJECT is NULL or no object.
struct json_value *json_find(const struct json_value *object, bytes_t name);
// The value at INDEX, from 0; NULL behind the end, or if ARRAY is NULL or no array.
struct json_value *json_at(const struct json_value *array, size_t index);

// The member NAME is VALUE from now on, in the old one's place, else as the last one.
void json_set(struct json_value *object, bytes_t name, struct json_value *value);
// The same for texts of the program, for literals: json_set_text(object, arena, "kind", "Status").
void json_set_text(struct json_value *object, struct arena *arena, const char *name, const char *text);
void json_set_bytes(struct json_value *object, struct arena *arena, const char *name, bytes_t text);
void json_set_int(struct json_value *object, struct arena *arena, const char *name, int64_t number);
// The member NAME as an object: the one that is there, or a new one in place of anything else.
struct json_value *json_set_object(struct json_value *object, struct arena *arena, const char *name)
    __attribute__((returns_nonnull));
// Takes the member away. False: there was none.
bool json_unset(struct json_value *object, bytes_t name);

void json_append(struct json_value *array, struct json_value *value);
// Before the value at INDEX; INDEX == count appends. Also a member, whose name is set, into an object.
void json_insert(struct json_value *array, size_t index, struct json_value *value);
// Takes the value out of the array or object that it is in; a root stays as it is.
void json_detach(struct json_value *value);
// FRESH stands where OLD stood, with its name; OLD is in no tree then. OLD must not be a root.
void json_replace(struct json_value *old, struct json_value *fresh);

// The members by name, those of one name in their own order; an array's values as they stand. A NULL
// ends them. Released with free().
struct json_value **json_sorted(const struct json_value *value) __attribute__((malloc, returns_nonnull));

// In all objects of the tree VALUE the last member of each name stays, as most readers take it; ON_HIDDEN (may be NULL)
// gets each of the others while it still is in its place.
typedef void json_on_hidden(void *owner, const struct json_value *member);
void json_unique(struct json_value *value, json_on_hidden *on_hidden, void *owner);
// The same in OBJECT, not in what is inside of its members.
void json_unique_members(struct json_value *object, json_on_hidden *on_hidden, void *owner);

// Same types and contents. Members in any order; numbers by value (1 equals 1.0 and 1e0).
bool json_equal(const struct json_value *a, const struct json_value *b);
// The same of values that may not be there: NULL equals NULL alone.
bool json_same(const struct json_value *a, const struct json_value *b);

// Writes the tree; numbers as they were read.
void json_value_write(struct json_writer *json, const struct json_value *value);
