// SPDX-License-Identifier: Apache-2.0
// Tests only: resources on an engine in memory, and the kind example.com/things.
#pragma once

#include "kube/api.h"
#include "kube/testing/fake_engine.h"
#include "kube/testing/talk.h"

#include "base/test.h"

struct world {
    struct loop *loop;
    struct fake_engine fake;
    struct kube kube; // its resources and its loop
    struct kind *things;
    const struct kind_version *v1;
    struct arena arena;
};

extern struct world world;

int world_set_up(void **state);
// The same with namespaces, of which "ns" is there: objects can be made by requests.
int world_set_up_door(void **state);
int world_tear_down(void **state);
// A new start on the same rows; the history holds HISTORY_COUNT changes.
void world_restart(size_t history_count);
// Runs the loop until all puts are answered, and some turns more.
void world_settle(void);
// Runs the loop for about that long: timers fire.
void world_sleep(int64_t ms);
// Asks as a client does (talk.h); BODY may be NULL. Valid until the next one.
const struct talk *world_ask(const char *method, const char *target, const char *body);
// The same where TYPE is that of the body and ACCEPT what the client takes; both may be NULL.
const struct talk *world_ask_as(const char *method, const char *target, const char *type, const char *body,
                                const char *accept);
// The Status must have that code and reason; its message.
const char *world_refused(const struct talk *talk, int code, const char *reason);
// Only the kinds, without I/O: the kind of DEFINITION, YAML.
struct kind *world_kind(struct kinds *kinds, const char *definition, const struct kind_rules *rules);
extern const char world_definition[];

// JSON to a tree in the world's arena, and back.
struct json_value *world_tree(const char *text);
const char *world_text(const struct json_value *value);
// {"metadata":{"name":NAME,"namespace":NAME_SPACE},"n":N} is put (CHANGE), whatever was there; its version.
int64_t world_put(enum change change, const char *name_space, const char *name, int n);
