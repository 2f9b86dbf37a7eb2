// SPDX-License-Identifier: Apache-2.0
#include "kube/kinds/topic_spec.h"

#include "base/writer.h"
#include "kube/builtin/text.h"
#include "kube/object.h"
#include "kube/schema/field_error.h"

bytes_t topic_spec_name(const struct json_value *object)
{
    bytes_t name = json_text_at(json_get(object, "spec"), "topicName");
    return name.size > 0 ? name : object_name(object);
}

// --- configurations

// BYTES_NULL: it is no text, number or truth value.
static bytes_t scalar_text(const struct json_value *value)
{
    switch (value->type) {
    case JSON_BOOL:
        return value->is_true ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
    case JSON_STRING:
        return value->text.size > 0 ? value->text : BYTES_LITERAL("");
    case JSON_NUMBER:
        return value->text;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return BYTES_NULL;
}

// Lists are joined, as Kafka has them: "compact,delete". BYTES_NULL: it can be no value.
static bytes_t config_text(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    bool is_good = true;
    if (value->type != JSON_ARRAY)
        return scalar_text(value);
    for (const struct json_value *item = value->first; item != NULL; item = item->next) {
        bytes_t text = scalar_text(item);
        is_good = is_good && text.data != NULL;
        writer_text(&out, item == value->first ? "" : ",");
        writer_bytes(&out, text);
    }
    bytes_t text = is_good ? bytes_of_text(arena_text(arena, writer_view(&out))) : BYTES_NULL;
    writer_free(&out);
    return text;
}

void topic_spec_read(struct topic_spec *spec, const struct json_value *object, struct arena *arena)
{
    const struct json_value *source = json_get(object, "spec"), *config = json_get(source, "config");
    size_t count = config == NULL ? 0 : config->count;
    *spec = (struct topic_spec){
        .name = topic_spec_name(object),
        .partition_count = int_at(source, "partitions"),
        .replica_count = int_at(source, "replicas"),
        .config_names = arena_array(arena, count, sizeof(bytes_t)),
        .config_values = arena_array(arena, count, sizeof(bytes_t)),
    };
    for (const struct json_value *item = first_of(config); item != NULL; item = item->next) {
        if (item->type == JSON_NULL) // as if it were not there
            continue;
        spec->config_names[spec->config_count] = item->name;
        spec->config_values[spec->config_count++] = config_text(arena, item);
    }
}

void topic_spec_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *config = json_get(json_get(object, "spec"), "config");
    for (const struct json_value *item = first_of(config); item != NULL; item = item->next) {
        if (item->type != JSON_NULL && config_text(errors->arena, item).data == NULL)
            field_error_add(errors, FIELD_INVALID,
                            bytes_of_text(arena_format(errors->arena, "spec.config[%.*s]", BYTES_ARG(item->name))),
                            BYTES_NULL, BYTES_LITERAL("must be a text, a number, true, false, or a list of these"));
    }
    bytes_t name = topic_spec_name(object);
    if (live != NULL && !bytes_equal(name, topic_spec_name(live)))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.topicName"), field_quoted(errors->arena, name),
                        BYTES_LITERAL("field is immutable"));
}

// --- what has to change

// Where NAME stands; COUNT: nowhere.
static size_t place_of(const bytes_t *names, size_t count, bytes_t name)
{
    size_t i = 0;
    while (i < count && !bytes_equal(names[i], name))
        i++;
    return i;
}

size_t topic_spec_changes(const struct topic_spec *spec, const struct json_value *set_names,
                          const struct engine_topic *found, struct arena *arena, bytes_t **ret_names,
                          bytes_t **ret_values)
{
    size_t max = spec->config_count + (set_names == NULL ? 0 : set_names->count), count = 0;
    bytes_t *names = arena_array(arena, max, sizeof *names), *values = arena_array(arena, max, sizeof *values);
    for (size_t i = 0; i < spec->config_count; i++) {
        size_t at = place_of(found->config_names, found->config_count, spec->config_names[i]);
        if (at < found->config_count && bytes_equal(found->config_values[at], spec->config_values[i]))
            continue;
        names[count] = spec->config_names[i];
        values[count++] = spec->config_values[i];
    }
    for (const struct json_value *item = first_of(set_names); item != NULL; item = item->next) {
        if (place_of(spec->config_names, spec->config_count, item->text) == spec->config_count &&
            place_of(found->config_names, found->config_count, item->text) < found->config_count)
            names[count++] = item->text; // its value is BYTES_NULL
    }
    *ret_names = names;
    *ret_values = values;
    return count;
}
