// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/group_record.h"

#include "base/mem.h"
#include "base/reader.h"
#include "engine/embedded/group_impl.h"

#include <stdlib.h>

enum {
    KEY_VERSION = 2,
    VALUE_VERSION = 3,
    VALUE_VERSION_REBALANCE_TIMEOUT = 1,
    VALUE_VERSION_STATE_TIME = 2,
    VALUE_VERSION_INSTANCE = 3,
    VALUE_VERSION_FLEXIBLE = 4,
    MEMBER_SIZE_MIN = 8, // of any version: no more members than fit are believed
};

// --- writing

static void string_write(struct writer *w, bytes_t text)
{
    writer_i16(w, text.data == NULL ? (int16_t)-1 : (int16_t)text.size);
    writer_bytes(w, text);
}

static void bytes_write(struct writer *w, bytes_t bytes)
{
    writer_i32(w, (int32_t)bytes.size);
    writer_bytes(w, bytes);
}

void group_record_key_write(struct writer *w, bytes_t group_id)
{
    writer_i16(w, KEY_VERSION);
    string_write(w, group_id);
}

void group_record_value_write(struct writer *w, const struct group *group)
{
    writer_i16(w, VALUE_VERSION);
    string_write(w, group->protocol_type.data == NULL ? BYTES_LITERAL("") : group->protocol_type);
    writer_i32(w, group->generation);
    string_write(w, group->protocol_name);
    string_write(w, group->leader == NULL ? BYTES_NULL : group->leader->id);
    writer_i64(w, group->state_time_ms);
    writer_i32(w, (int32_t)group->joined_count);
    LIST_EACH(&group->joined, node)
    {
        const struct group_member *member = LIST_ITEM(node, struct group_member, node);
        string_write(w, member->id);
        string_write(w, member->instance_id);
        string_write(w, member->client_id);
        string_write(w, member->client_host);
        writer_i32(w, member->rebalance_timeout_ms);
        writer_i32(w, member->session_timeout_ms);
        bytes_write(w, group_member_metadata(member));
        bytes_write(w, member->assignment);
    }
}

// --- reading

struct source {
    struct reader r;
    int16_t version;
};

// Null where the size says so.
static bytes_t sized_read(struct source *source, int64_t size, bool may_be_null)
{
    if (size < -1 || (size == -1 && !may_be_null))
        reader_fail(&source->r, ERR_MALFORMED);
    if (size < 0 || source->r.err != ERR_OK)
        return BYTES_NULL;
    bytes_t bytes = reader_bytes(&source->r, (size_t)size);
    return bytes.data == NULL && source->r.err == ERR_OK ? BYTES_LITERAL("") : bytes;
}

static bytes_t string_read(struct source *source, bool may_be_null)
{
    bool is_flexible = source->version >= VALUE_VERSION_FLEXIBLE;
    int64_t size = is_flexible ? (int64_t)reader_uvarint(&source->r) - 1 : reader_i16(&source->r);
    return sized_read(source, size, may_be_null);
}

static bytes_t bytes_read(struct source *source)
{
    bool is_flexible = source->version >= VALUE_VERSION_FLEXIBLE;
    int64_t size = is_flexible ? (int64_t)reader_uvarint(&source->r) - 1 : reader_i32(&source->r);
    return sized_read(source, size, false);
}

static void tags_skip(struct source *source)
{
    if (source->version < VALUE_VERSION_FLEXIBLE)
        return;
    uint32_t count = reader_uvarint(&source->r);
    for (uint32_t i = 0; i < count && source->r.err == ERR_OK; i++) {
        (void)reader_uvarint(&source->r);
        reader_skip(&source->r, reader_uvarint(&source->r));
    }
}

// A member as it was when its generation began.
static void member_read(struct group *group, struct source *source, bytes_t leader)
{
    struct group_protocol protocol = { .name = group->protocol_name };
    struct group_join join = { .protocol_type = group->protocol_type, .protocols = &protocol };
    bytes_t id = string_read(source, false);
    if (source->version >= VALUE_VERSION_INSTANCE)
        join.instance_id = string_read(source, true);
    join.client_id = string_read(source, false);
    join.client_host = string_read(source, false);
    if (source->version >= VALUE_VERSION_REBALANCE_TIMEOUT)
        join.rebalance_timeout_ms = reader_i32(&source->r);
    join.session_timeout_ms = reader_i32(&source->r);
    if (source->version < VALUE_VERSION_REBALANCE_TIMEOUT)
        join.rebalance_timeout_ms = join.session_timeout_ms;
    protocol.metadata = bytes_read(source);
    bytes_t assignment = bytes_read(source);
    tags_skip(source);
    bool is_double = group_member_find(group, id) != NULL ||
                     (join.instance_id.data != NULL && group_instance_find(group, join.instance_id) != NULL);
    if (source->r.err == ERR_OK && (is_double || join.session_timeout_ms < 0 || join.rebalance_timeout_ms < 0))
        reader_fail(&source->r, ERR_MALFORMED);
    if (source->r.err != ERR_OK)
        return;
    join.protocol_count = protocol.name.data == NULL ? 0 : 1;
    struct group_member *member = group_member_new(group, id, &join, false);
    group_bytes_set(&member->assignment, assignment);
    if (bytes_equal(leader, id))
        group->leader = member;
}

static err_t value_read(struct group *group, bytes_t value)
{
    struct source source = { .r = reader_of(value) };
    source.version = reader_i16(&source.r);
    if (source.r.err == ERR_OK && (source.version < 0 || source.version > VALUE_VERSION_FLEXIBLE))
        return ERR_UNSUPPORTED;
    bytes_t type = string_read(&source, false);
    group->generation = reader_i32(&source.r);
    bytes_t name = string_read(&source, true), leader = string_read(&source, true);
    group->state_time_ms = source.version >= VALUE_VERSION_STATE_TIME ? reader_i64(&source.r) : -1;
    bool is_flexible = source.version >= VALUE_VERSION_FLEXIBLE;
    int64_t count = is_flexible ? (int64_t)reader_uvarint(&source.r) - 1 : reader_i32(&source.r);
    if (source.r.err == ERR_OK && (count < 0 || count > (int64_t)(reader_left(&source.r) / MEMBER_SIZE_MIN)))
        reader_fail(&source.r, ERR_MALFORMED);
    if (source.r.err != ERR_OK)
        return source.r.err;
    group_bytes_set(&group->protocol_type, type.size == 0 ? BYTES_NULL : type);
    group_bytes_set(&group->protocol_name, name);
    for (int64_t i = 0; i < count && source.r.err == ERR_OK; i++)
        member_read(group, &source, leader);
    tags_skip(&source);
    group->state = group->joined_count > 0 ? GROUP_STABLE : GROUP_EMPTY;
    return source.r.err;
}

err_t group_record_load(struct groups *groups, bytes_t key, bytes_t value)
{
    struct source source = { .r = reader_of(key) };
    int16_t version = reader_i16(&source.r);
    if (source.r.err == ERR_OK && version != KEY_VERSION)
        return ERR_UNSUPPORTED;
    bytes_t id = string_read(&source, false);
    if (source.r.err != ERR_OK)
        return source.r.err;
    struct group *group = groups_ensure(groups, id);
    err_t err = value_read(group, value);
    if (err == ERR_OK)
        return ERR_OK;
    // Its offsets stay: the group is there, without members.
    struct list_node *node;
    while ((node = list_first(&group->joined)) != NULL)
        group_member_remove(groups, LIST_ITEM(node, struct group_member, node), GROUP_UNKNOWN_MEMBER);
    group->state = GROUP_EMPTY;
    return err;
}
