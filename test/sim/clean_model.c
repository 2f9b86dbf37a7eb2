// SPDX-License-Identifier: Apache-2.0
#include "clean_model.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void model_key_ask(struct model_key *key, int64_t serial, bool is_delete)
{
    ASSERT(key->asked_count < MODEL_ASKED_MAX);
    key->asked[key->asked_count++] = (struct model_change){ serial, is_delete ? MODEL_ABSENT : serial };
}

static size_t key_find(const struct model_key *key, int64_t serial)
{
    size_t place = 0;
    while (place < key->asked_count && key->asked[place].serial != serial)
        place++;
    return place;
}

static void key_drop(struct model_key *key, size_t from, size_t count)
{
    key->asked_count -= count;
    memmove(key->asked + from, key->asked + from + count, (key->asked_count - from) * sizeof key->asked[0]);
}

void model_key_ack(struct model_key *key, int64_t serial)
{
    size_t place = key_find(key, serial);
    ASSERT(place < key->asked_count);
    key->acked = key->asked[place].state;
    // Changes of one key happen in the order in which they are asked for.
    key_drop(key, 0, place + 1);
}

void model_key_commit(struct model_key *key, int64_t serial)
{
    if (key_find(key, serial) < key->asked_count)
        model_key_ack(key, serial);
}

void model_key_refuse(struct model_key *key, int64_t serial)
{
    size_t place = key_find(key, serial);
    if (place < key->asked_count)
        key_drop(key, place, 1);
}

bool model_key_allows(const struct model_key *key, int64_t state)
{
    if (state == key->acked)
        return true;
    for (size_t i = 0; i < key->asked_count; i++) {
        if (key->asked[i].state == state)
            return true;
    }
    return false;
}

void model_key_settle(struct model_key *key, int64_t state)
{
    key->acked = state;
    key->asked_count = 0;
}

void model_log_free(struct model_log *log)
{
    free(log->serials);
    *log = (struct model_log){ 0 };
}

bool model_log_note(struct model_log *log, int64_t offset, int64_t serial)
{
    size_t place = (size_t)offset;
    if (place >= log->capacity) {
        size_t capacity = (place + 1) * 2;
        log->serials = mem_realloc(log->serials, capacity * sizeof log->serials[0]);
        memset(log->serials + log->capacity, 0, (capacity - log->capacity) * sizeof log->serials[0]);
        log->capacity = capacity;
    }
    if (log->serials[place] != 0 && log->serials[place] != serial)
        return false;
    log->serials[place] = serial;
    if (log->end <= offset)
        log->end = offset + 1;
    return true;
}

int64_t model_log_at(const struct model_log *log, int64_t offset)
{
    return offset >= 0 && (size_t)offset < log->capacity ? log->serials[offset] : 0;
}
