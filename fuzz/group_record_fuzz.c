// SPDX-License-Identifier: Apache-2.0
// Records of __consumer_offsets, as a disk or another Kafka may give them. Input: the size of the key, the key, the
// value. What is read as a group is written and read again, and is the same.
#include "base/assert.h"
#include "engine/embedded/group_record.h"
#include "engine/embedded/offsets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_write(struct groups *groups, struct group *group)
{
    (void)groups;
    (void)group;
}

static struct group *load(struct groups *groups, bytes_t key, bytes_t value)
{
    static const struct group_options options = { .session_max_ms = INT32_MAX, .size_max = INT32_MAX };
    groups_init(groups, &options, on_write);
    groups_time_set(groups, 1, 1);
    if (group_record_load(groups, key, value) != ERR_OK)
        return NULL;
    struct group *group = groups_next(groups, NULL);
    (void)group_reads_topic(group, BYTES_LITERAL("topic"));
    return group;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || data[0] > size - 1)
        return 0;
    bytes_t key = bytes_of(data + 1, data[0]), value = bytes_of(data + 1 + data[0], size - 1 - data[0]);
    struct engine_offset offset;
    (void)!offsets_row_read(key, value, &offset);
    struct groups groups, others;
    struct group *group = load(&groups, key, value);
    if (group != NULL) {
        struct writer first = WRITER_INIT, second = WRITER_INIT, again = WRITER_INIT;
        group_record_value_write(&first, group);
        group_record_key_write(&again, group->id);
        struct group *same = load(&others, writer_view(&again), writer_view(&first));
        ASSERT(same != NULL && same->joined_count == group->joined_count);
        group_record_value_write(&second, same);
        ASSERT(bytes_equal(writer_view(&first), writer_view(&second)));
        groups_free(&others);
        writer_free(&first);
        writer_free(&second);
        writer_free(&again);
    }
    groups_free(&groups);
    return 0;
}
