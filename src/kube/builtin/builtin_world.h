// SPDX-License-Identifier: Apache-2.0
// The built-in kinds without a server, for unit tests: objects as YAML, what the rules make of them, what they say.
#pragma once

#include "kube/builtin/builtin.h"
#include "kube/schema/field_error.h"
#include "kube/schema/schema_default.h"
#include "kube/schema/schema_validate.h"
#include "kube/yaml/yaml_read.h"
#include "kube/table/table.h"

#include "base/test.h"

struct world {
    struct arena arena;
    struct kinds kinds;
};

static inline struct json_value *yaml(struct world *world, const char *text)
{
    static const struct yaml_limits limits = { .size = 1 << 20, .values = 100000, .repeated = 50000, .documents = 1 };
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    if (yaml_read(bytes_of_text(text), &limits, &world->arena, &stream, &diag) != ERR_OK)
        fail_msg("%s: %s in %.60s", diag.where, diag.text, text);
    return stream.documents[0];
}

static inline const char *errors_text(struct arena *arena, const struct field_errors *errors)
{
    struct writer out = WRITER_INIT;
    if (errors->count > 0)
        field_errors_write(&out, errors);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline int world_open(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    kinds_init(&world->kinds);
    for (size_t i = 0; i < builtin_kind_count; i++) {
        struct kind *kind = kinds_define_own(&world->kinds, builtin_kinds[i]);
        assert_non_null(kind_version_schema(kind->storage));
    }
    *state = world;
    return 0;
}

static inline int world_close(void **state)
{
    struct world *world = *state;
    kinds_deinit(&world->kinds);
    arena_free(&world->arena);
    free(world);
    return 0;
}

static inline const struct kind *kind_of(struct world *world, const struct json_value *object)
{
    bytes_t api_version = BYTES_NULL, name = BYTES_NULL;
    assert_true(json_get_text(json_get(object, "apiVersion"), &api_version));
    assert_true(json_get_text(json_get(object, "kind"), &name));
    const struct kind *kind = kinds_find_object(&world->kinds, api_version, name, NULL);
    assert_non_null(kind);
    return kind;
}

// What becomes of an object that is made (LIVE is NULL) or changed: defaults are in. Returns what is wrong, in one
// text.
static inline const char *admitted(struct world *world, struct json_value *object, const struct json_value *live)
{
    const struct kind *kind = kind_of(world, object);
    struct field_errors errors = field_errors_in(&world->arena);
    assert_int_equal(schema_default(object, kind_version_schema(kind->storage), &world->arena), ERR_OK);
    if (kind->rules->fill != NULL)
        kind->rules->fill(&world->arena, object, live);
    schema_validate(object, kind_version_schema(kind->storage), &errors);
    if (errors.count == 0 && kind->rules->check != NULL)
        kind->rules->check(&errors, object, live);
    return errors_text(&world->arena, &errors);
}

static inline const char *cell_of(struct world *world, const struct json_value *object, const char *column,
                                  int64_t now_ms)
{
    struct writer out = WRITER_INIT;
    const struct table_cell *cell = table_cell_find(kind_of(world, object)->rules->cells, bytes_of_text(column));
    if (cell == NULL)
        return "(path)";
    cell->write(object, now_ms, &out);
    const char *text = arena_text(&world->arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline const char *json_of(struct world *world, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    if (value != NULL)
        json_value_write(&json, value);
    const char *text = arena_text(&world->arena, writer_view(&out));
    writer_free(&out);
    return text;
}
