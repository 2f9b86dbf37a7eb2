// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/namesake.h"

#include "kube/api.h"
#include "kube/client.h"
#include "kube/object.h"

#include <string.h>

// Of one second the uid tells, which rises (kube/admission.h).
static bool is_older(const struct json_value *one, const struct json_value *other)
{
    int by_time =
        bytes_compare(object_meta_text(one, "creationTimestamp"), object_meta_text(other, "creationTimestamp"));
    return by_time != 0 ? by_time < 0 : bytes_compare(object_meta_text(one, "uid"), object_meta_text(other, "uid")) < 0;
}

static const struct json_value *older_get(struct look *look, const struct kind *kind, bytes_t name_space, bytes_t name)
{
    struct json_value *object;
    err_t err = client_get(look->controller->kube, kind, name_space, name, &look->arena, &object);
    return err == ERR_OK && is_older(object, look->object) ? object : NULL;
}

// One that is called JOINED, wherever its namespace ends.
static const struct json_value *find(struct look *look, const struct namesake_rule *rule, bytes_t joined)
{
    const struct work *work = look->work;
    for (size_t i = 1; i + 1 < joined.size; i++) {
        if (joined.data[i] != rule->separator)
            continue;
        bytes_t name_space = { joined.data, i }, name = { joined.data + i + 1, joined.size - i - 1 };
        if (bytes_equal(name_space, work->name_space) && bytes_equal(name, work->name))
            continue;
        const struct json_value *object = older_get(look, look->controller->kind, name_space, name);
        if (object != NULL && (rule->is_ours == NULL || rule->is_ours(object)))
            return object;
    }
    return NULL;
}

const struct json_value *namesake_find(struct look *look, const struct namesake_rule *rule)
{
    const char *text = arena_format(&look->arena, "%.*s%c%.*s" DEAD_LETTERS, BYTES_ARG(look->work->name_space),
                                    rule->separator, BYTES_ARG(look->work->name));
    bytes_t dead = bytes_of_text(text), own = { dead.data, dead.size - strlen(DEAD_LETTERS) };
    const struct json_value *found = find(look, rule, own);
    if (found == NULL && rule->has_dead_letters)
        found = find(look, rule, dead);
    if (found == NULL && rule->has_dead_letters && bytes_ends_with(own, BYTES_LITERAL(DEAD_LETTERS)))
        found = find(look, rule, (bytes_t){ own.data, own.size - strlen(DEAD_LETTERS) });
    return found;
}

const struct json_value *rival_find(struct look *look, const char *plural)
{
    const struct kind *kind =
        kinds_find(&look->controller->kube->resources.kinds, look->controller->kind->group, bytes_of_text(plural));
    return older_get(look, kind, look->work->name_space, look->work->name);
}

const char *namesake_tell(struct look *look, const struct json_value *older)
{
    bytes_t kind = json_text_at(older, "kind");
    return arena_format(&look->arena, "The %.*s %.*s of %.*s, which was there before, has %s.", BYTES_ARG(kind),
                        BYTES_ARG(object_name(older)), BYTES_ARG(object_namespace(older)),
                        bytes_equal(kind, look->controller->kind->name) ? "topics of the same names" : "that address");
}
