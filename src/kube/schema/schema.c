// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema.h"

const struct schema *schema_member_find(const struct schema *schema, bytes_t name)
{
    if (schema == NULL)
        return NULL;
    size_t from = 0, to = schema->member_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = bytes_compare(name, schema->members[middle].name);
        if (order == 0)
            return schema->members[middle].schema;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return schema->additional;
}
