// SPDX-License-Identifier: Apache-2.0
// Schemas for the tests of strategic merges: from OpenAPI text to the nodes, and only what a merge looks at. Tests
// only.
#pragma once

#include "base/json_edit.h"
#include "kube/schema/schema.h"

#include "base/test.h"

static inline int schema_test_by_name(const void *a, const void *b)
{
    const struct schema_member *left = a, *right = b;
    return bytes_compare(left->name, right->name);
}

static inline const struct schema *schema_test_node(struct arena *arena, const struct json_value *source)
{
    if (source == NULL)
        return NULL;
    struct schema *schema = arena_alloc(arena, sizeof *schema);
    bytes_t type = BYTES_NULL, strategy = BYTES_NULL;
    json_get_text(json_get(source, "type"), &type);
    json_get_text(json_get(source, "x-kubernetes-patch-strategy"), &strategy);
    json_get_text(json_get(source, "x-kubernetes-patch-merge-key"), &schema->patch_merge_key);
    const char *strategies = arena_text(arena, strategy);
    schema->type = bytes_is(type, "object") ? SCHEMA_OBJECT : bytes_is(type, "array") ? SCHEMA_ARRAY : SCHEMA_ANY;
    schema->patch_merge = strstr(strategies, "merge") != NULL;
    schema->patch_replace = strstr(strategies, "replace") != NULL;
    schema->patch_retain_keys = strstr(strategies, "retainKeys") != NULL;
    schema->items = schema_test_node(arena, json_get(source, "items"));
    schema->additional = schema_test_node(arena, json_get(source, "additionalProperties"));
    const struct json_value *properties = json_get(source, "properties");
    size_t count = properties == NULL ? 0 : properties->count, filled = 0;
    struct schema_member *members = arena_array(arena, count, sizeof *members);
    for (const struct json_value *p = count == 0 ? NULL : properties->first; p != NULL; p = p->next)
        members[filled++] = (struct schema_member){ p->name, schema_test_node(arena, p) };
    qsort(members, count, sizeof *members, schema_test_by_name);
    schema->members = members;
    schema->member_count = count;
    return schema;
}
