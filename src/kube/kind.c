// SPDX-License-Identifier: Apache-2.0
#include "kube/kind.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "kube/schema/schema_compile.h"
#include "kube/table/table.h"

#include <stdlib.h>

// The schema of one version. Most of the built-in ones are never asked for, and the largest take megabytes.
struct kind_schema {
    struct kind *kind;
    bytes_t text;                    // of a kind of eddy's own: one line of its definition
    const struct json_value *source; // NULL: not read yet
    const struct schema *compiled;   // NULL: not made yet
};

static bytes_t kind_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct kind, node)->key;
}

void kinds_init(struct kinds *kinds)
{
    *kinds = (struct kinds){ .map = MAP_INIT(kind_key) };
    list_init(&kinds->list);
    list_init(&kinds->retired);
}

static void kind_free(struct kind *kind)
{
    arena_free(&kind->arena);
    free(kind);
}

void kinds_deinit(struct kinds *kinds)
{
    list_splice(&kinds->retired, &kinds->list);
    LIST_EACH(&kinds->retired, node)
    kind_free(LIST_ITEM(node, struct kind, list));
    map_free(&kinds->map);
}

// --- from a definition

static const bytes_t *texts_at(struct arena *arena, const struct json_value *object, const char *name,
                               size_t *ret_count)
{
    const struct json_value *array = json_get(object, name);
    *ret_count = 0;
    if (array == NULL || array->count == 0)
        return NULL;
    bytes_t *texts = arena_array(arena, array->count, sizeof *texts);
    for (const struct json_value *value = array->first; value != NULL; value = value->next)
        texts[(*ret_count)++] = value->text;
    return texts;
}

static void columns_of(struct kind *kind, struct kind_version *version, const struct json_value *source)
{
    const char *wrong = NULL;
    version->columns = table_columns_compile(json_get(source, "additionalPrinterColumns"), &kind->arena, &wrong);
    if (wrong != NULL)
        log_line(LOG_WARN, "a printer column cannot be used; those behind it are left out",
                 LOG_FIELDS(log_bytes("kind", kind->key), log_text("why", wrong)));
}

static void subresources_of(struct kind_version *version, const struct json_value *source)
{
    const struct json_value *subresources = json_get(source, "subresources");
    const struct json_value *scale = json_get(subresources, "scale");
    version->has_status = json_get(subresources, "status") != NULL;
    version->has_scale = scale != NULL;
    version->scale_spec_path = json_text_at(scale, "specReplicasPath");
    version->scale_status_path = json_text_at(scale, "statusReplicasPath");
    version->scale_selector_path = json_text_at(scale, "labelSelectorPath");
}

static void deprecation_of(struct kind *kind, struct kind_version *version, const struct json_value *source)
{
    bool is_deprecated = false;
    (void)json_get_bool(json_get(source, "deprecated"), &is_deprecated);
    if (!is_deprecated)
        return;
    version->deprecation = json_text_at(source, "deprecationWarning");
    if (version->deprecation.size == 0)
        version->deprecation = bytes_of_text(arena_format(&kind->arena, "%.*s %.*s is deprecated",
                                                          BYTES_ARG(version->api_version), BYTES_ARG(kind->name)));
}

static void version_of(struct kind *kind, struct kind_version *version, const struct json_value *source)
{
    version->name = json_text_at(source, "name");
    version->api_version =
        kind->group.size == 0
            ? version->name
            : bytes_of_text(arena_format(&kind->arena, "%.*s/%.*s", BYTES_ARG(kind->group), BYTES_ARG(version->name)));
    (void)json_get_bool(json_get(source, "served"), &version->served);
    columns_of(kind, version, source);
    subresources_of(version, source);
    deprecation_of(kind, version, source);
}

// --- schemas

static struct kind_schema *schema_new(struct kind *kind, bytes_t text, const struct json_value *source)
{
    struct kind_schema *schema = arena_alloc(&kind->arena, sizeof *schema);
    *schema = (struct kind_schema){ .kind = kind, .text = text, .source = source };
    return schema;
}

static err_t schema_make(const struct kind_version *version, bytes_t where, struct field_errors *errors)
{
    struct kind *kind = version->schema->kind;
    struct schema_compile how = { where, version->has_status, !kind->is_custom };
    return schema_compile(version->schema->source, &how, &kind->arena, &version->schema->compiled, errors);
}

// A text of eddy's own is correct: the tests of builtin/ compile each schema.
static const struct json_value *own_read(bytes_t text, struct arena *arena)
{
    static const struct json_limits limits = { .size = SIZE_MAX, .values = SIZE_MAX };
    struct json_value *value = NULL;
    err_t err = json_parse(text, &limits, arena, &value, NULL);
    ASSERT(err == ERR_OK);
    return value;
}

const struct json_value *kind_version_schema_source(const struct kind_version *version)
{
    struct kind_schema *schema = version->schema;
    if (schema != NULL && schema->source == NULL)
        schema->source = own_read(schema->text, &schema->kind->arena);
    return schema == NULL ? NULL : schema->source;
}

const struct schema *kind_version_schema(const struct kind_version *version)
{
    if (version->schema == NULL)
        return NULL;
    if (version->schema->compiled == NULL) {
        struct arena arena = ARENA_INIT;
        struct field_errors errors = field_errors_in(&arena);
        (void)kind_version_schema_source(version);
        err_t err = schema_make(version, BYTES_LITERAL("schema"), &errors);
        ASSERT(err == ERR_OK);
        arena_free(&arena);
    }
    return version->schema->compiled;
}

// --- versions

struct version_rank {
    int64_t stability, major, minor;
};

static bool number_take(bytes_t *rest, int64_t *ret_number)
{
    size_t size = 0;
    while (size < rest->size && size < 9 && rest->data[size] >= '0' && rest->data[size] <= '9')
        size++;
    bool ok = bytes_to_int64(bytes_of(rest->data, size), ret_number);
    *rest = bytes_of(rest->data + size, rest->size - size);
    return ok;
}

static struct version_rank version_rank(bytes_t name)
{
    static const struct {
        const char *word;
        int64_t stability;
    } words[] = { { "alpha", 1 }, { "beta", 2 } };
    struct version_rank rank = { 0 };
    if (name.size < 2 || name.data[0] != 'v')
        return rank;
    bytes_t rest = bytes_of(name.data + 1, name.size - 1);
    if (!number_take(&rest, &rank.major))
        return (struct version_rank){ 0 };
    if (rest.size == 0)
        return (struct version_rank){ 3, rank.major, 0 };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        size_t size = strlen(words[i].word);
        bytes_t behind = bytes_of(rest.data + size, rest.size < size ? 0 : rest.size - size);
        if (rest.size > size && memcmp(rest.data, words[i].word, size) == 0 && number_take(&behind, &rank.minor) &&
            behind.size == 0)
            return (struct version_rank){ words[i].stability, rank.major, rank.minor };
    }
    return (struct version_rank){ 0 };
}

int kind_version_order(bytes_t a, bytes_t b)
{
    struct version_rank l = version_rank(a), r = version_rank(b);
    if (l.stability != r.stability)
        return l.stability > r.stability ? -1 : 1;
    if (l.major != r.major)
        return l.major > r.major ? -1 : 1;
    if (l.minor != r.minor)
        return l.minor > r.minor ? -1 : 1;
    return bytes_compare(a, b);
}

static int by_priority(const void *a, const void *b)
{
    const struct kind_version *left = a, *right = b;
    return kind_version_order(left->name, right->name);
}

// All of it but the schemas, in the order of the text. BYTES_NULL: none is the one that objects are kept in.
static bytes_t versions_of(struct kind *kind, const struct json_value *list)
{
    kind->versions = arena_array(&kind->arena, list->count, sizeof *kind->versions);
    bytes_t storage = BYTES_NULL;
    for (const struct json_value *source = list->first; source != NULL; source = source->next) {
        bool is_storage = false;
        (void)json_get_bool(json_get(source, "storage"), &is_storage);
        if (is_storage)
            storage = json_text_at(source, "name");
        version_of(kind, &kind->versions[kind->version_count++], source);
    }
    return storage;
}

// The schemas of a user's kind are compiled at once: that is where errors are found.
static err_t schemas_of(struct kind *kind, const struct json_value *list, struct field_errors *errors)
{
    struct kind_version *version = kind->versions;
    err_t err = ERR_OK;
    for (const struct json_value *source = list->first; source != NULL && err == ERR_OK; source = source->next) {
        const struct json_value *schema = json_get(json_get(source, "schema"), "openAPIV3Schema");
        size_t index = (size_t)(version - kind->versions);
        if (schema != NULL) {
            version->schema = schema_new(kind, BYTES_NULL, schema);
            err = schema_make(
                version, bytes_of_text(arena_format(errors->arena, "spec.versions[%zu].schema.openAPIV3Schema", index)),
                errors);
        }
        version++;
    }
    return err;
}

// Cuts the first line off.
static bytes_t line_take(bytes_t *lines)
{
    const uint8_t *end = memchr(lines->data, '\n', lines->size);
    ASSERT(end != NULL);
    size_t size = (size_t)(end - lines->data);
    bytes_t line = bytes_of(lines->data, size);
    *lines = bytes_of(end + 1, lines->size - size - 1);
    return line;
}

// One line of the definition for each version.
static void own_schemas_of(struct kind *kind, bytes_t lines)
{
    for (size_t i = 0; i < kind->version_count; i++) {
        bytes_t line = line_take(&lines);
        if (line.size > 0)
            kind->versions[i].schema = schema_new(kind, line, NULL);
    }
}

// False: there is none that objects are kept in.
static bool versions_sort(struct kind *kind, bytes_t storage)
{
    qsort(kind->versions, kind->version_count, sizeof *kind->versions, by_priority);
    for (size_t i = 0; i < kind->version_count; i++) {
        if (storage.data != NULL && bytes_equal(kind->versions[i].name, storage))
            kind->storage = &kind->versions[i];
    }
    return kind->storage != NULL;
}

static void names_of(struct kind *kind, const struct json_value *spec)
{
    struct arena *arena = &kind->arena;
    const struct json_value *names = json_get(spec, "names");
    kind->group = json_text_at(spec, "group");
    kind->plural = json_text_at(names, "plural");
    kind->name = json_text_at(names, "kind");
    kind->singular = json_text_at(names, "singular");
    if (kind->singular.size == 0) {
        char *lower = arena_text(arena, kind->name);
        for (char *at = lower; *at != '\0'; at++)
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
        kind->singular = bytes_of_text(lower);
    }
    kind->list_name = json_text_at(names, "listKind");
    if (kind->list_name.size == 0)
        kind->list_name = bytes_of_text(arena_format(arena, "%.*sList", BYTES_ARG(kind->name)));
    kind->short_names = texts_at(arena, names, "shortNames", &kind->short_name_count);
    kind->categories = texts_at(arena, names, "categories", &kind->category_count);
    kind->is_namespaced = bytes_is(json_text_at(spec, "scope"), "Namespaced");
    kind->prefix = bytes_of_text(arena_format(arena, "%.*s/%.*s/",
                                              BYTES_ARG(kind->group.size == 0 ? BYTES_LITERAL("core") : kind->group),
                                              BYTES_ARG(kind->plural)));
    kind->key = bytes_of(kind->prefix.data, kind->prefix.size - 1);
}

// The kind keeps a copy of the definition: what it points to lives as long as it.
static const struct json_value *spec_copy(struct kind *kind, const struct json_value *spec)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    json_value_write(&json, spec);
    kind->text = arena_copy(&kind->arena, writer_view(&text));
    writer_free(&text);
    return own_read(kind->text, &kind->arena);
}

static struct kind *kind_new(const struct kind_rules *rules)
{
    struct kind *kind = mem_zalloc(1, sizeof *kind);
    kind->rules = rules;
    kind->is_custom = rules == NULL;
    list_init(&kind->watchers);
    list_init(&kind->events);
    return kind;
}

static void kind_add(struct kinds *kinds, struct kind *kind)
{
    struct kind *old = kinds_find(kinds, kind->group, kind->plural);
    if (old != NULL)
        kinds_remove(kinds, old);
    map_insert(&kinds->map, &kind->node);
    list_append(&kinds->list, &kind->list);
    kinds->generation++;
}

err_t kinds_define(struct kinds *kinds, const struct json_value *definition, const struct kind_rules *rules,
                   struct kind **ret_kind, struct field_errors *errors)
{
    struct kind *kind = kind_new(rules);
    const struct json_value *spec = spec_copy(kind, json_get(definition, "spec"));
    const struct json_value *versions = json_get(spec, "versions");
    names_of(kind, spec);
    bytes_t storage = versions_of(kind, versions);
    err_t err = schemas_of(kind, versions, errors);
    if (err == ERR_OK && !versions_sort(kind, storage)) {
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.versions"), BYTES_NULL,
                        BYTES_LITERAL("must have exactly one version marked as storage version"));
        err = ERR_INVALID;
    }
    if (err != ERR_OK) {
        kind_free(kind);
        return err;
    }
    kind_add(kinds, kind);
    *ret_kind = kind;
    return ERR_OK;
}

struct kind *kinds_define_own(struct kinds *kinds, const struct kind_rules *rules)
{
    struct kind *kind = kind_new(rules);
    kind->text = bytes_of_text(rules->definition);
    bytes_t lines = kind->text;
    const struct json_value *spec = json_get(own_read(line_take(&lines), &kind->arena), "spec");
    names_of(kind, spec);
    bytes_t storage = versions_of(kind, json_get(spec, "versions"));
    own_schemas_of(kind, lines);
    bool has_storage = versions_sort(kind, storage);
    ASSERT(has_storage);
    kind_add(kinds, kind);
    return kind;
}

bool kind_is_brought(const struct kind *kind)
{
    return kind->rules != NULL && kind->rules->definition != NULL && !kind_is_native(kind);
}

struct json_value *kind_definition(const struct kind *kind, struct arena *arena)
{
    ASSERT(kind_is_brought(kind));
    bytes_t lines = kind->text;
    struct json_value *definition = json_copy(arena, own_read(line_take(&lines), arena));
    const struct json_value *versions = json_get(json_get(definition, "spec"), "versions");
    for (struct json_value *version = versions->first; version != NULL; version = version->next) {
        struct json_value *schema = json_set_object(version, arena, "schema");
        json_set(schema, BYTES_LITERAL("openAPIV3Schema"), json_copy(arena, own_read(line_take(&lines), arena)));
    }
    return definition;
}

void kinds_remove(struct kinds *kinds, struct kind *kind)
{
    map_remove(&kinds->map, &kind->node);
    list_remove(&kind->list);
    list_append(&kinds->retired, &kind->list);
    kind->is_retired = true;
    kinds->generation++;
}

// --- look-ups

struct kind *kinds_find(const struct kinds *kinds, bytes_t group, bytes_t plural)
{
    char key[256 + 256 + 2];
    if (group.size > 256 || plural.size > 256)
        return NULL;
    if (group.size == 0)
        group = BYTES_LITERAL("core");
    memcpy(key, group.data, group.size);
    key[group.size] = '/';
    memcpy(key + group.size + 1, plural.data, plural.size);
    struct map_node *node = map_find(&kinds->map, bytes_of(key, group.size + 1 + plural.size));
    return node == NULL ? NULL : CONTAINER_OF(node, struct kind, node);
}

struct kind *kinds_find_object(const struct kinds *kinds, bytes_t api_version, bytes_t name,
                               const struct kind_version **ret_version)
{
    LIST_EACH(&kinds->list, node)
    {
        struct kind *kind = LIST_ITEM(node, struct kind, list);
        if (!bytes_equal(kind->name, name))
            continue;
        for (size_t i = 0; i < kind->version_count; i++) {
            if (!kind->versions[i].served || !bytes_equal(kind->versions[i].api_version, api_version))
                continue;
            if (ret_version != NULL)
                *ret_version = &kind->versions[i];
            return kind;
        }
    }
    return NULL;
}

bool kind_is_question(const struct kind *kind)
{
    return kind->rules != NULL && kind->rules->answer != NULL;
}

bool kind_is_native(const struct kind *kind)
{
    bytes_t group = kind->group;
    bool is_kubernetes = bytes_ends_with(group, BYTES_LITERAL(".k8s.io"));
    return !kind->is_custom && (is_kubernetes || group.size == 0 || memchr(group.data, '.', group.size) == NULL);
}

const struct kind_version *kind_version_find(const struct kind *kind, bytes_t version)
{
    for (size_t i = 0; i < kind->version_count; i++) {
        if (kind->versions[i].served && bytes_equal(kind->versions[i].name, version))
            return &kind->versions[i];
    }
    return NULL;
}

const struct kind_version *kind_version_of(const struct kind *kind, bytes_t api_version)
{
    for (size_t i = 0; i < kind->version_count; i++) {
        if (kind->versions[i].served && bytes_equal(kind->versions[i].api_version, api_version))
            return &kind->versions[i];
    }
    return NULL;
}

uint64_t kinds_hash(const struct kinds *kinds, bytes_t api_version)
{
    static const struct siphash_secret secret; // none: the value is for clients that come back after a restart
    uint64_t hash = 0;
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        if (kind_version_of(kind, api_version) != NULL)
            hash = hash * 31 + siphash_128(secret, kind->text).low;
    }
    return hash;
}
