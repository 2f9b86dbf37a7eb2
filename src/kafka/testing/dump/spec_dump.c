// SPDX-License-Identifier: Apache-2.0
// Prints every row of the schema tables, for spec_check.py to compare with Kafka's own message definitions.
#include "base/arena.h"
#include "io/system.h"
#include "kafka/api.h"

static void dump_schema(const struct kafka_schema *schema, const char *path, struct writer *out, struct arena *arena)
{
    static const char *const types[] = { "bool",    "int8", "int16",  "uint16", "int32",   "int64",
                                         "float64", "uuid", "string", "bytes",  "records", "struct" };
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *f = &schema->fields[i];
        const char *type = f->schema != NULL ? f->schema->name : types[f->type & ~(unsigned)KAFKA_ARRAY];
        writer_format(out, "field\t%s/%s\t%s%s\t%d\t%d\t%d\t%d\t%lld\n", path, f->name,
                      f->type >= KAFKA_ARRAY ? "[]" : "", type, f->min, f->max, f->null_at, f->tag,
                      (long long)f->fallback);
        if (f->schema != NULL)
            dump_schema(f->schema, arena_format(arena, "%s/%s", path, f->name), out, arena);
    }
}

int main(void)
{
    struct writer out = WRITER_INIT;
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < kafka_known_api_count; i++) {
        const struct kafka_api *api = kafka_apis[i];
        writer_format(&out, "api\t%s\t%d\t%d\t%d\t%d\n", api->name, api->key, api->min, api->max, api->flexible_from);
        dump_schema(api->request, api->request->name, &out, &arena);
        dump_schema(api->response, api->response->name, &out, &arena);
    }
    err_t err = system_write_out(writer_view(&out));
    writer_free(&out);
    arena_free(&arena);
    return err == ERR_OK ? 0 : 1;
}
