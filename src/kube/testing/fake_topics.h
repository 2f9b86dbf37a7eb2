// SPDX-License-Identifier: Apache-2.0
// Tests only: the topics of the engine in memory. An operation is done and answered in a later turn.
#pragma once

#include "engine/engine.h"

enum { FAKE_CONFIGS_MAX = 8 };

struct fake_topic {
    bytes_t name; // and the texts below: of the heap
    uint8_t id[ENGINE_TOPIC_ID_SIZE];
    bool is_internal;
    int32_t partition_count;
    bytes_t config_names[FAKE_CONFIGS_MAX], config_values[FAKE_CONFIGS_MAX];
    size_t config_count;
};

struct fake_topics {
    struct fake_topic *items;
    size_t count, capacity;
    uint8_t next_id;
    err_t error;                                   // of every operation that changes something, from now on
    size_t made, described, altered, deleted;      // operations that were asked for
    void (*on_described)(struct fake_topics *all); // before the next answer to a description; then it is NULL
};

// The functions of the driver; the engine is a struct fake_engine's.
void fake_topic_ensure(struct engine *engine, struct engine_topic_op *op);
void fake_topic_delete(struct engine *engine, struct engine_topic_op *op);
void fake_topic_describe(struct engine *engine, struct engine_topic_op *op);
// The value "bad" is refused.
void fake_topic_alter(struct engine *engine, struct engine_topic_op *op);

// NULL: there is none.
struct fake_topic *fake_topic_find(struct fake_topics *all, const char *name);
struct fake_topic *fake_topic_put(struct fake_topics *all, const char *name, int32_t partition_count);
void fake_topic_drop(struct fake_topics *all, const char *name);
// VALUE NULL: back to the default.
void fake_topic_config(struct fake_topic *topic, const char *name, const char *value);
void fake_topics_free(struct fake_topics *all);
