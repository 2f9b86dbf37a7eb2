// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/path_element.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

// --- order

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int number_compare(const struct json_value *a, const struct json_value *b)
{
    int64_t a_int, b_int;
    if (json_get_int(a, &a_int) && json_get_int(b, &b_int))
        return sign(a_int, b_int);
    double a_double = 0, b_double = 0;
    (void)json_get_double(a, &a_double);
    (void)json_get_double(b, &b_double);
    return (a_double > b_double) - (a_double < b_double);
}

static int array_compare(const struct json_value *a, const struct json_value *b)
{
    const struct json_value *left = a->first, *right = b->first;
    for (; left != NULL && right != NULL; left = left->next, right = right->next) {
        int order = path_value_compare(left, right);
        if (order != 0)
            return order;
    }
    return (left != NULL) - (right != NULL);
}

static int key_by_name(const void *a, const void *b)
{
    const struct path_key *left = a, *right = b;
    return bytes_compare(left->name, right->name);
}

void path_keys_sort(struct path_key *keys, size_t count)
{
    qsort(keys, count, sizeof *keys, key_by_name);
}

static int keys_compare(const struct path_key *a, size_t a_count, const struct path_key *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = bytes_compare(a[i].name, b[i].name);
        if (order == 0)
            order = path_value_compare(a[i].value, b[i].value);
        if (order != 0)
            return order;
    }
    return (a_count > b_count) - (a_count < b_count);
}

static struct path_key *members_of(const struct json_value *object)
{
    struct path_key *keys = mem_zalloc(object->count + 1, sizeof *keys);
    size_t count = 0;
    for (const struct json_value *member = object->first; member != NULL; member = member->next)
        keys[count++] = (struct path_key){ member->name, member };
    path_keys_sort(keys, count);
    return keys;
}

static int object_compare(const struct json_value *a, const struct json_value *b)
{
    struct path_key *of_a = members_of(a), *of_b = members_of(b);
    int order = keys_compare(of_a, a->count, of_b, b->count);
    free(of_a);
    free(of_b);
    return order;
}

// As deep as JSON_DEPTH_MAX, at most.
int path_value_compare(const struct json_value *a, const struct json_value *b)
{
    static const int ranks[] = {
        [JSON_NUMBER] = 0, [JSON_STRING] = 1, [JSON_BOOL] = 2, [JSON_ARRAY] = 3, [JSON_OBJECT] = 4, [JSON_NULL] = 5,
    };
    if (a->type != b->type)
        return ranks[a->type] < ranks[b->type] ? -1 : 1;
    switch (a->type) {
    case JSON_NUMBER:
        return number_compare(a, b);
    case JSON_STRING:
        return bytes_compare(a->text, b->text);
    case JSON_BOOL:
        return sign(a->is_true, b->is_true);
    case JSON_ARRAY:
        return array_compare(a, b);
    case JSON_OBJECT:
        return object_compare(a, b);
    case JSON_NULL:
        break;
    }
    return 0;
}

int path_element_compare(const struct path_element *a, const struct path_element *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case PATH_FIELD:
        return bytes_compare(a->field, b->field);
    case PATH_KEY:
        return keys_compare(a->keys, a->key_count, b->keys, b->key_count);
    case PATH_VALUE:
        return path_value_compare(a->value, b->value);
    case PATH_INDEX:
        break;
    }
    return sign(a->index, b->index);
}

// --- FieldsV1

// The JSON inside a step: key members or the item of a set.
static const struct json_limits inner_limits = { .size = 64 << 10, .values = 256 };

static err_t decode_keys(bytes_t text, struct arena *arena, struct path_element *ret_element, diag_t *diag)
{
    struct json_value *object;
    err_t err = json_parse(text, &inner_limits, arena, &object, diag);
    if (err != ERR_OK)
        return err;
    if (object->type != JSON_OBJECT)
        return diag_fail(diag, ERR_MALFORMED, "managedFields", "an object is expected behind k:");
    json_unique(object, NULL, NULL);
    struct path_key *keys = arena_array(arena, object->count, sizeof *keys);
    size_t count = 0;
    for (const struct json_value *member = object->first; member != NULL; member = member->next)
        keys[count++] = (struct path_key){ member->name, member };
    path_keys_sort(keys, count);
    *ret_element = (struct path_element){ .kind = PATH_KEY, .keys = keys, .key_count = count };
    return ERR_OK;
}

static err_t decode_value(bytes_t text, struct arena *arena, struct path_element *ret_element, diag_t *diag)
{
    struct json_value *value;
    err_t err = json_parse(text, &inner_limits, arena, &value, diag);
    if (err != ERR_OK)
        return err;
    json_unique(value, NULL, NULL);
    *ret_element = (struct path_element){ .kind = PATH_VALUE, .value = value };
    return ERR_OK;
}

static err_t decode_index(bytes_t text, struct path_element *ret_element, diag_t *diag)
{
    int64_t index;
    if (!bytes_to_int64(text, &index))
        return diag_fail(diag, ERR_MALFORMED, "managedFields", "a number is expected behind i:");
    *ret_element = (struct path_element){ .kind = PATH_INDEX, .index = index };
    return ERR_OK;
}

err_t path_element_decode(bytes_t text, struct arena *arena, struct path_element *ret_element, bool *ret_known,
                          diag_t *diag)
{
    if (text.size < 2 || text.data[1] != ':')
        return diag_fail(diag, ERR_MALFORMED, "managedFields", "a letter and a colon are expected at the start");
    *ret_known = true;
    bytes_t rest = bytes_of(text.data + 2, text.size - 2);
    switch (text.data[0]) {
    case 'f':
        *ret_element = path_field(rest);
        return ERR_OK;
    case 'k':
        return decode_keys(rest, arena, ret_element, diag);
    case 'v':
        return decode_value(rest, arena, ret_element, diag);
    case 'i':
        return decode_index(rest, ret_element, diag);
    default:
        *ret_known = false;
        return ERR_OK;
    }
}

// Numbers the way they come back from a double, whichever way they were written.
static void write_value(struct json_writer *json, const struct json_value *value)
{
    int64_t whole;
    double number = 0;
    if (value->type != JSON_NUMBER)
        json_value_write(json, value);
    else if (json_get_int(value, &whole))
        json_int(json, whole);
    else if (json_get_double(value, &number) && number >= -9e15 && number <= 9e15 && number == (double)(int64_t)number)
        json_int(json, (int64_t)number);
    else
        json_double(json, number);
}

static void write_keys(struct json_writer *json, const struct path_element *element)
{
    json_object_begin(json);
    for (size_t i = 0; i < element->key_count; i++) {
        json_key_bytes(json, element->keys[i].name);
        write_value(json, element->keys[i].value);
    }
    json_object_end(json);
}

// Inside JSON that is not a string these do not occur.
void path_html_safe(struct writer *out, bytes_t json)
{
    size_t from = 0;
    for (size_t i = 0; i < json.size; i++) {
        if (json.data[i] != '<' && json.data[i] != '>' && json.data[i] != '&')
            continue;
        writer_bytes(out, bytes_of(json.data + from, i - from));
        writer_format(out, "\\u00%02x", json.data[i]);
        from = i + 1;
    }
    writer_bytes(out, bytes_of(json.data + from, json.size - from));
}

bytes_t path_element_encode(const struct path_element *element, struct arena *arena)
{
    static const char *const prefixes[] = { "f:", "k:", "v:", "i:" };
    struct writer inner = WRITER_INIT, out = WRITER_INIT;
    struct json_writer json = json_writer_of(&inner);
    writer_text(&out, prefixes[element->kind]);
    switch (element->kind) {
    case PATH_FIELD:
        writer_bytes(&out, element->field);
        break;
    case PATH_KEY:
        write_keys(&json, element);
        break;
    case PATH_VALUE:
        write_value(&json, element->value);
        break;
    case PATH_INDEX:
        writer_format(&out, "%" PRId64, element->index);
        break;
    }
    if (inner.size > 0)
        path_html_safe(&out, writer_view(&inner));
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&inner);
    writer_free(&out);
    return text;
}

// --- messages

// Quoted as Go's %q does it.
void path_text_print(bytes_t text, struct writer *out)
{
    static const char plain[] = "\a\b\f\n\r\t\v\"\\", letters[] = "abfnrtv\"\\";
    writer_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        const char *found = c == 0 ? NULL : strchr(plain, c);
        if (found != NULL)
            writer_format(out, "\\%c", letters[found - plain]);
        else if (c < 0x20 || c == 0x7f)
            writer_format(out, "\\x%02x", c);
        else
            writer_u8(out, c);
    }
    writer_u8(out, '"');
}

static void print_value(const struct json_value *value, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    if (value->type == JSON_STRING)
        path_text_print(value->text, out);
    else
        write_value(&json, value);
}

void path_element_print(const struct path_element *element, struct writer *out)
{
    switch (element->kind) {
    case PATH_FIELD:
        writer_u8(out, '.');
        writer_bytes(out, element->field);
        return;
    case PATH_KEY:
        for (size_t i = 0; i < element->key_count; i++) {
            writer_text(out, i == 0 ? "[" : ",");
            writer_bytes(out, element->keys[i].name);
            writer_u8(out, '=');
            print_value(element->keys[i].value, out);
        }
        writer_text(out, element->key_count == 0 ? "[]" : "]");
        return;
    case PATH_VALUE:
        writer_text(out, "[=");
        print_value(element->value, out);
        writer_u8(out, ']');
        return;
    case PATH_INDEX:
        writer_format(out, "[%" PRId64 "]", element->index);
        return;
    }
}
