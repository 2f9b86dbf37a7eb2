// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/namesake.h"

#include "kube/client.h"
#include "kube/object.h"

#include <string.h>

static bool is_older(const struct json_value *one, const struct json_value *other)
{
    int by_time =
        bytes_compare(object_meta_text(one, "creationTimestamp"), object_meta_text(other, "creationTimestamp"));
    return by_time != 0 ? by_time < 0 : bytes_compare(object_meta_text(one, "uid"), object_meta_text(other, "uid")) < 0;
}

// One that is called JOINED, wherever its namespace ends.
static const struct json_value *find(struct look *look, bytes_t joined, char separator)
{
    const struct work *work = look->work;
    for (size_t i = 1; i + 1 < joined.size; i++) {
        struct json_value *object;
        if (joined.data[i] != separator)
            continue;
        bytes_t name_space = { joined.data, i }, name = { joined.data + i + 1, joined.size - i - 1 };
        if (bytes_equal(name_space, work->name_space) && bytes_equal(name, work->name))
            continue;
        if (client_get(look->controller->kube, look->controller->kind, name_space, name, &look->arena, &object) ==
                ERR_OK &&
            is_older(object, look->object))
            return object;
    }
    return NULL;
}

const struct json_value *namesake_find(struct look *look, char separator)
{
    const char *text = arena_format(&look->arena, "%.*s%c%.*s" DEAD_LETTERS, BYTES_ARG(look->work->name_space),
                                    separator, BYTES_ARG(look->work->name));
    bytes_t dead = bytes_of_text(text), own = { dead.data, dead.size - strlen(DEAD_LETTERS) };
    const struct json_value *found = find(look, own, separator);
    if (found == NULL)
        found = find(look, dead, separator);
    if (found == NULL && bytes_ends_with(own, BYTES_LITERAL(DEAD_LETTERS)))
        found = find(look, (bytes_t){ own.data, own.size - strlen(DEAD_LETTERS) }, separator);
    return found;
}
