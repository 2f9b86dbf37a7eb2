// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/conflicts.h"

#include <stdlib.h>

struct sorted {
    struct disputed disputed;
    bytes_t identifier;
};

struct printer {
    struct arena *arena;
    bytes_t manager;
    struct apply_conflict *items;
    size_t count;
};

static int by_identifier(const void *a, const void *b)
{
    const struct sorted *left = a, *right = b;
    return bytes_compare(left->identifier, right->identifier);
}

// "name" with subresource "status" using group/version.
static bytes_t manager_text(const struct managed_entry *entry, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    path_text_print(entry->manager, &out);
    if (entry->subresource.size > 0) {
        writer_text(&out, " with subresource ");
        path_text_print(entry->subresource, &out);
    }
    if (!entry->applied) {
        writer_text(&out, " using ");
        writer_bytes(&out, entry->api_version);
    }
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void print_field(void *owner, const struct path_element *path, size_t path_size)
{
    struct printer *printer = owner;
    printer->items[printer->count++] = (struct apply_conflict){
        .manager = printer->manager,
        .field = field_path_print(printer->arena, path, path_size),
    };
}

static bytes_t message_of(const struct apply_conflicts *conflicts, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    if (conflicts->count == 1)
        writer_format(&out, "Apply failed with 1 conflict: conflict with %.*s: %.*s",
                      BYTES_ARG(conflicts->items[0].manager), BYTES_ARG(conflicts->items[0].field));
    else
        writer_format(&out, "Apply failed with %zu conflicts: ", conflicts->count);
    for (size_t i = 0; conflicts->count > 1 && i < conflicts->count; i++) {
        const struct apply_conflict *conflict = &conflicts->items[i];
        bool same = i > 0 && conflict[-1].manager.data == conflict->manager.data;
        if (!same)
            writer_format(&out, "%sconflicts with %.*s:", i == 0 ? "" : "\n", BYTES_ARG(conflict->manager));
        writer_format(&out, "\n- %.*s", BYTES_ARG(conflict->field));
    }
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

struct apply_conflicts conflicts_print(struct disputed *disputed, size_t count, const struct field_set *allowed,
                                       struct arena *arena)
{
    struct sorted *sorted = arena_array(arena, count, sizeof *sorted);
    size_t fields = 0;
    for (size_t i = 0; i < count; i++) {
        sorted[i].disputed = disputed[i];
        sorted[i].disputed.fields = field_set_difference(arena, disputed[i].fields, allowed);
        sorted[i].identifier = managed_identifier(disputed[i].entry, arena);
        fields += field_set_size(sorted[i].disputed.fields);
    }
    qsort(sorted, count, sizeof *sorted, by_identifier);
    struct printer printer = { .arena = arena, .items = arena_array(arena, fields, sizeof(struct apply_conflict)) };
    for (size_t i = 0; i < count; i++) {
        printer.manager = manager_text(sorted[i].disputed.entry, arena);
        field_set_each(sorted[i].disputed.fields, print_field, &printer);
    }
    struct apply_conflicts conflicts = { .items = printer.items, .count = printer.count };
    conflicts.message = conflicts.count == 0 ? BYTES_NULL : message_of(&conflicts, arena);
    return conflicts;
}

struct json_value *apply_conflict_causes(const struct apply_conflicts *conflicts, struct arena *arena)
{
    struct json_value *causes = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < conflicts->count; i++) {
        const struct apply_conflict *conflict = &conflicts->items[i];
        struct json_value *cause = json_new(arena, JSON_OBJECT);
        json_set_text(cause, arena, "reason", "FieldManagerConflict");
        json_set_text(cause, arena, "message", arena_format(arena, "conflict with %.*s", BYTES_ARG(conflict->manager)));
        json_set_bytes(cause, arena, "field", conflict->field);
        json_append(causes, cause);
    }
    return causes;
}
