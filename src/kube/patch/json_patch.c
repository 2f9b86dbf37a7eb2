// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/json_patch.h"

#include "base/json_edit.h"
#include "kube/patch/shown.h"
#include "kube/patch/json_pointer.h"

struct operation {
    const char *name;
    bytes_t path, from;
    const struct json_value *value;
};

struct run {
    struct arena *arena;
    struct json_value *document;
    size_t steps;
    size_t copied_bytes, copied_values;
};

// Where a pointer leads: to KEY inside of UP, which need not be there, or to the whole document (UP is NULL).
struct place {
    struct json_value *up;
    bytes_t key;
};

// --- places
//
// What these functions return is the sentence that says what is wrong, or NULL.

static const char *index_of(struct run *run, bytes_t key, size_t count, size_t *ret_index)
{
    err_t err = json_pointer_index(key, ret_index);
    if (err == ERR_MALFORMED)
        return arena_format(run->arena, "strconv.Atoi: parsing %s: invalid syntax", shown_quoted(run->arena, key));
    if (err != ERR_OK || *ret_index >= count)
        return arena_format(run->arena, "Unable to access invalid index: %.*s: invalid index referenced",
                            BYTES_ARG(key));
    return NULL;
}

// What is at PLACE; NULL: an object that has no such member.
static const char *place_get(struct run *run, const struct place *place, struct json_value **ret_value)
{
    if (place->up == NULL) {
        *ret_value = run->document;
        return NULL;
    }
    if (place->up->type == JSON_OBJECT) {
        run->steps += place->up->count;
        *ret_value = json_find(place->up, place->key);
        return NULL;
    }
    size_t index;
    const char *wrong = index_of(run, place->key, place->up->count, &index);
    if (wrong != NULL)
        return wrong;
    run->steps += index;
    *ret_value = json_at(place->up, index);
    return NULL;
}

// False: the way to PATH's last step is not there.
static bool place_find(struct run *run, bytes_t path, struct place *ret_place)
{
    struct json_pointer pointer;
    if (json_pointer_parse(run->arena, path, &pointer) != ERR_OK)
        return false;
    struct place place = { 0 };
    for (size_t i = 0; i < pointer.count; i++) {
        struct json_value *inside = NULL;
        if (place_get(run, &place, &inside) != NULL || inside == NULL ||
            (inside->type != JSON_OBJECT && inside->type != JSON_ARRAY))
            return false;
        place = (struct place){ inside, pointer.keys[i] };
    }
    *ret_place = place;
    return true;
}

struct extent {
    size_t values, bytes; // bytes of the text, but for escapes
    size_t height;        // objects and arrays inside of each other, itself included
};

static void measure(const struct json_value *value, size_t height, struct extent *extent)
{
    static const size_t frame[] = {
        [JSON_NULL] = 4, [JSON_BOOL] = 4, [JSON_NUMBER] = 0, [JSON_STRING] = 2, [JSON_ARRAY] = 2, [JSON_OBJECT] = 2,
    };
    extent->values++;
    extent->bytes += frame[value->type] + value->text.size + (value->type == JSON_BOOL && !value->is_true);
    if (value->type != JSON_OBJECT && value->type != JSON_ARRAY)
        return;
    if (height + 1 > extent->height)
        extent->height = height + 1;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next) {
        extent->bytes += (value->type == JSON_OBJECT ? inside->name.size + 3 : 0) + (inside->next != NULL);
        measure(inside, height + 1, extent);
    }
}

static struct extent extent_of(struct run *run, const struct json_value *value)
{
    struct extent extent = { 0 };
    measure(value, 0, &extent);
    run->steps += extent.values;
    return extent;
}

static const char *fits(struct run *run, const struct place *place, const struct json_value *value)
{
    size_t depth = extent_of(run, value).height;
    for (const struct json_value *up = place->up; up != NULL; up = up->up)
        depth++;
    return depth <= JSON_DEPTH_MAX ? NULL
                                   : arena_format(run->arena, "the result is more than %d levels deep", JSON_DEPTH_MAX);
}

// "add" (RFC 6902 4.1): a member is set, an item comes before the one that has the index.
static const char *place_add(struct run *run, const struct place *place, struct json_value *value)
{
    const char *wrong = fits(run, place, value);
    if (wrong != NULL)
        return wrong;
    if (place->up == NULL) {
        run->document = value;
        return NULL;
    }
    if (place->up->type == JSON_OBJECT) {
        run->steps += place->up->count;
        json_set(place->up, place->key, value);
        return NULL;
    }
    if (bytes_is(place->key, "-")) {
        json_append(place->up, value);
        return NULL;
    }
    size_t index;
    wrong = index_of(run, place->key, place->up->count + 1, &index);
    if (wrong != NULL && json_pointer_index(place->key, &index) == ERR_MALFORMED)
        return arena_format(run->arena, "value was not a proper array index: '%.*s': %s", BYTES_ARG(place->key), wrong);
    if (wrong != NULL)
        return wrong;
    run->steps += index;
    json_insert(place->up, index, value);
    return NULL;
}

// --- operations

static const char *apply_add(struct run *run, const struct operation *op)
{
    struct place place;
    if (!place_find(run, op->path, &place))
        return arena_format(run->arena, "add operation does not apply: doc is missing path: \"%.*s\": missing value",
                            BYTES_ARG(op->path));
    const char *wrong = place_add(run, &place, json_copy(run->arena, op->value));
    return wrong == NULL ? NULL
                         : arena_format(run->arena, "error in add for path: '%.*s': %s", BYTES_ARG(op->path), wrong);
}

static const char *apply_remove(struct run *run, const struct operation *op)
{
    struct place place;
    if (!place_find(run, op->path, &place) || place.up == NULL)
        return arena_format(run->arena, "remove operation does not apply: doc is missing path: \"%.*s\": missing value",
                            BYTES_ARG(op->path));
    struct json_value *there = NULL;
    const char *wrong = place_get(run, &place, &there);
    if (wrong == NULL && there == NULL)
        wrong = arena_format(run->arena, "Unable to remove nonexistent key: %.*s: missing value", BYTES_ARG(place.key));
    if (wrong != NULL)
        return arena_format(run->arena, "error in remove for path: '%.*s': %s", BYTES_ARG(op->path), wrong);
    json_detach(there);
    return NULL;
}

static const char *apply_replace(struct run *run, const struct operation *op)
{
    struct place place;
    if (!place_find(run, op->path, &place))
        return arena_format(run->arena, "replace operation does not apply: doc is missing path: %.*s: missing value",
                            BYTES_ARG(op->path));
    struct json_value *there = NULL, *value = json_copy(run->arena, op->value);
    const char *wrong = place_get(run, &place, &there);
    if (wrong != NULL || there == NULL)
        return arena_format(run->arena, "replace operation does not apply: doc is missing key: %.*s: missing value",
                            BYTES_ARG(op->path));
    wrong = fits(run, &place, value);
    if (wrong != NULL)
        return arena_format(run->arena, "error in replace for path: '%.*s': %s", BYTES_ARG(op->path), wrong);
    if (place.up == NULL)
        run->document = value;
    else
        json_replace(there, value);
    return NULL;
}

static const char *apply_move(struct run *run, const struct operation *op)
{
    struct place from, to;
    if (!place_find(run, op->from, &from) || from.up == NULL)
        return arena_format(run->arena, "move operation does not apply: doc is missing from path: %.*s: missing value",
                            BYTES_ARG(op->from));
    struct json_value *there = NULL;
    const char *wrong = place_get(run, &from, &there);
    if (wrong == NULL && there == NULL)
        wrong = arena_format(run->arena, "Unable to remove nonexistent key: %.*s: missing value", BYTES_ARG(from.key));
    if (wrong != NULL)
        return arena_format(run->arena, "error in move for path: '%.*s': %s", BYTES_ARG(from.key), wrong);
    json_detach(there); // before the way to its new place is looked for: that must not lead through itself
    if (!place_find(run, op->path, &to))
        return arena_format(run->arena,
                            "move operation does not apply: doc is missing destination path: %.*s: missing value",
                            BYTES_ARG(op->path));
    wrong = place_add(run, &to, there);
    return wrong == NULL ? NULL
                         : arena_format(run->arena, "error in move for path: '%.*s': %s", BYTES_ARG(op->path), wrong);
}

// kube-apiserver counts the bytes; what is here is the same for any text without escapes.
static const char *copy_is_small(struct run *run, const struct json_value *value)
{
    struct extent extent = extent_of(run, value);
    run->copied_bytes += extent.bytes;
    run->copied_values += extent.values;
    if (run->copied_bytes > JSON_PATCH_COPY_MAX)
        return arena_format(
            run->arena,
            "Unable to complete the copy, the accumulated size increase of copy is %zu, exceeding the limit %d",
            run->copied_bytes, JSON_PATCH_COPY_MAX);
    if (run->copied_values > JSON_PATCH_COPY_VALUES_MAX)
        return arena_format(
            run->arena, "Unable to complete the copy, the accumulated values of copy are %zu, exceeding the limit %d",
            run->copied_values, JSON_PATCH_COPY_VALUES_MAX);
    return NULL;
}

static const char *apply_copy(struct run *run, const struct operation *op)
{
    struct place from, to;
    if (!place_find(run, op->from, &from))
        return arena_format(run->arena, "copy operation does not apply: doc is missing from path: %.*s: missing value",
                            BYTES_ARG(op->from));
    struct json_value *there = NULL;
    const char *wrong = place_get(run, &from, &there);
    if (wrong == NULL && there == NULL)
        wrong = arena_format(run->arena, "unable to get nonexistent key: %.*s: missing value", BYTES_ARG(from.key));
    if (wrong != NULL)
        return arena_format(run->arena, "error in copy for from: '%.*s': %s", BYTES_ARG(op->from), wrong);
    if (!place_find(run, op->path, &to))
        return arena_format(run->arena,
                            "copy operation does not apply: doc is missing destination path: %.*s: missing value",
                            BYTES_ARG(op->path));
    wrong = copy_is_small(run, there);
    if (wrong != NULL)
        return wrong;
    wrong = place_add(run, &to, json_copy(run->arena, there));
    return wrong == NULL ? NULL : arena_format(run->arena, "error while adding value during copy: %s", wrong);
}

static const char *apply_test(struct run *run, const struct operation *op)
{
    struct place place;
    if (!place_find(run, op->path, &place))
        return arena_format(run->arena, "test operation does not apply: is missing path: %.*s: missing value",
                            BYTES_ARG(op->path));
    struct json_value *there = NULL;
    const char *wrong = place_get(run, &place, &there);
    if (wrong != NULL)
        return arena_format(run->arena, "error in test for path: '%.*s': %s", BYTES_ARG(op->path), wrong);
    extent_of(run, op->value);
    if (there == NULL ? op->value->type == JSON_NULL : json_equal(there, op->value))
        return NULL;
    return arena_format(run->arena, "testing value %.*s failed: test failed", BYTES_ARG(op->path));
}

static const struct {
    const char *name;
    bool needs_from, needs_value;
    const char *(*apply)(struct run *run, const struct operation *op);
} operations[] = {
    { "add", false, true, apply_add },         { "remove", false, false, apply_remove },
    { "replace", false, true, apply_replace }, { "move", true, false, apply_move },
    { "copy", true, false, apply_copy },       { "test", false, true, apply_test },
};

// --- the list

// kube-apiserver reads every operation before it applies the first one.
static const char *shape_fault(struct arena *arena, const struct json_value *op)
{
    static const char *const texts[] = { "op", "path", "from" };
    if (op->type != JSON_OBJECT && op->type != JSON_NULL)
        return arena_format(
            arena, "error decoding patch: json: cannot unmarshal %s into Go value of type handlers.jsonPatchOp",
            shown_kind(op));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct json_value *member = json_get(op, texts[i]);
        if (member != NULL && member->type != JSON_STRING && member->type != JSON_NULL)
            return arena_format(
                arena,
                "error decoding patch: json: cannot unmarshal %s into Go struct field jsonPatchOp.%s of type string",
                shown_kind(member), texts[i]);
    }
    return NULL;
}

static err_t patch_check(struct arena *arena, const struct json_value *patch, const char **ret_text)
{
    if (patch->type != JSON_ARRAY && patch->type != JSON_NULL) {
        *ret_text = arena_format(
            arena, "error decoding patch: json: cannot unmarshal %s into Go value of type []handlers.jsonPatchOp",
            shown_kind(patch));
        return ERR_MALFORMED;
    }
    for (const struct json_value *op = patch->first; op != NULL; op = op->next) {
        const char *wrong = shape_fault(arena, op);
        if (wrong != NULL) {
            *ret_text = wrong;
            return ERR_MALFORMED;
        }
    }
    if (patch->count > JSON_PATCH_OPERATIONS_MAX) {
        *ret_text = arena_format(arena, "The allowed maximum operations in a JSON patch is %d, got %zu",
                                 JSON_PATCH_OPERATIONS_MAX, patch->count);
        return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

static const char *apply(struct run *run, const struct json_value *object)
{
    struct operation op = { .value = json_get(object, "value") };
    bytes_t name = BYTES_LITERAL("unknown");
    json_get_text(json_get(object, "op"), &name);
    size_t row = 0, rows = sizeof operations / sizeof operations[0];
    while (row < rows && !bytes_is(name, operations[row].name))
        row++;
    if (row == rows)
        return arena_format(run->arena, "Unexpected kind: %.*s", BYTES_ARG(name));
    op.name = operations[row].name;
    if (operations[row].needs_from && !json_get_text(json_get(object, "from"), &op.from))
        return arena_format(
            run->arena, "%s operation failed to decode from: operation, missing from field: missing value", op.name);
    if (!json_get_text(json_get(object, "path"), &op.path))
        return arena_format(run->arena,
                            "%s operation failed to decode path: operation missing path field: missing value", op.name);
    if (operations[row].needs_value && op.value == NULL)
        return arena_format(
            run->arena, "%s operation failed to decode value: operation, missing value field: missing value", op.name);
    return operations[row].apply(run, &op);
}

err_t json_patch_apply(struct arena *arena, const struct json_value *document, const struct json_value *patch,
                       struct json_value **ret_document, const char **ret_text)
{
    err_t err = patch_check(arena, patch, ret_text);
    if (err != ERR_OK)
        return err;
    struct run run = { .arena = arena, .document = json_copy(arena, document) };
    for (const struct json_value *op = patch->first; op != NULL; op = op->next) {
        const char *wrong = apply(&run, op);
        if (wrong != NULL) {
            *ret_text = wrong;
            return ERR_INVALID;
        }
        if (run.steps > JSON_PATCH_STEPS_MAX) {
            *ret_text =
                "the operations of this JSON patch take too many steps on a document of this size: send them in parts";
            return ERR_TOO_LARGE;
        }
    }
    *ret_document = run.document;
    return ERR_OK;
}
