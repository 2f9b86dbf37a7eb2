// SPDX-License-Identifier: Apache-2.0
#include "kube/admission.h"

#include "base/assert.h"
#include "base/civil.h"
#include "io/clock.h"
#include "io/random.h"
#include "kube/apply/managed.h"
#include "kube/schema/schema_default.h"
#include "kube/schema/schema_prune.h"
#include "kube/schema/schema_validate.h"
#include "kube/metadata.h"
#include "kube/select/name.h"

bytes_t time_text(struct arena *arena, int64_t wall_ms)
{
    char text[CIVIL_TEXT_SIZE];
    return arena_copy(arena, bytes_of_text(civil_format_seconds(wall_ms, text)));
}

bytes_t uid_text(uint64_t *last_uid, struct arena *arena)
{
    uint64_t now = (uint64_t)clock_wall_ms() << 12, last = now > *last_uid ? now : *last_uid + 1;
    uint8_t b[16];
    *last_uid = last;
    random_bytes(b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(last >> (52 - 8 * i));
    b[6] = (uint8_t)(0x70 | (last >> 8 & 0x0f));
    b[7] = (uint8_t)last;
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    // Digits by hand: printf took a fifteenth of all that a creation costs.
    static const char digits[] = "0123456789abcdef", form[] = "00000000-0000-0000-0000-000000000000";
    char *text = arena_text(arena, BYTES_LITERAL(form));
    char *at = text;
    for (size_t i = 0; i < sizeof b; i++) {
        at += *at == '-';
        *at++ = digits[b[i] >> 4];
        *at++ = digits[b[i] & 15];
    }
    return bytes_of_text(text);
}

// --- the body

// What is stored is written again inside of lists, tables and events, and JSON_WRITE_DEPTH_MAX bounds all of it.
enum { OBJECT_DEPTH_MAX = 48 };

static unsigned depth_of(const struct json_value *value)
{
    unsigned deepest = 0;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next) {
        unsigned depth = depth_of(inside);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static bool refuse(const struct admission *admission, enum problem_reason reason, const char *text)
{
    problem_set(admission->problem, reason, "%s", text);
    return false;
}

static bool type_fits(const struct admission *admission, struct json_value *object)
{
    struct arena *arena = admission->arena;
    bytes_t api_version = BYTES_LITERAL(""), kind = BYTES_LITERAL("");
    (void)json_get_text(json_get(object, "apiVersion"), &api_version);
    (void)json_get_text(json_get(object, "kind"), &kind);
    if (api_version.size > 0 && !bytes_equal(api_version, admission->version->api_version)) {
        problem_set(admission->problem, PROBLEM_BAD_REQUEST,
                    "the API version in the data (%.*s) does not match the expected API version (%.*s)",
                    BYTES_ARG(api_version), BYTES_ARG(admission->version->api_version));
        return false;
    }
    if (kind.size > 0 && !bytes_equal(kind, admission->kind->name)) {
        problem_set(admission->problem, PROBLEM_BAD_REQUEST,
                    "the kind in the data (%.*s) does not match the expected kind (%.*s)", BYTES_ARG(kind),
                    BYTES_ARG(admission->kind->name));
        return false;
    }
    json_set_bytes(object, arena, "apiVersion", admission->version->api_version);
    json_set_bytes(object, arena, "kind", admission->kind->name);
    return true;
}

static bool path_fits(const struct admission *admission, struct json_value *object)
{
    struct json_value *metadata = json_set_object(object, admission->arena, "metadata");
    bytes_t name_space = object_namespace(object), name = object_name(object);
    if (name_space.size > 0 && !bytes_equal(name_space, admission->name_space))
        return refuse(admission, PROBLEM_BAD_REQUEST,
                      admission->kind->is_namespaced
                          ? "the namespace of the provided object does not match the namespace sent on the request"
                          : "namespace may not be set on an object of the cluster");
    if (admission->name_space.size > 0)
        json_set_bytes(metadata, admission->arena, "namespace", admission->name_space);
    if (admission->name.size == 0)
        return true;
    if (name.size > 0 && !bytes_equal(name, admission->name)) {
        problem_set(admission->problem, PROBLEM_BAD_REQUEST,
                    "the name of the object (%.*s) does not match the name on the URL (%.*s)", BYTES_ARG(name),
                    BYTES_ARG(admission->name));
        return false;
    }
    json_set_bytes(metadata, admission->arena, "name", admission->name);
    return true;
}

// What strict decoding complains about: names that stand twice, and fields that the schema does not know.
struct complaints {
    struct arena *arena;
    struct writer text;
    bytes_t field;                     // the first that is complained about
    const struct admission *admission; // of warnings, which come one by one; NULL: all in one text
};

static void complain(struct complaints *complaints, bytes_t field, bytes_t text)
{
    if (complaints->field.size == 0)
        complaints->field = field;
    if (complaints->admission != NULL) {
        if (complaints->admission->on_warning != NULL)
            complaints->admission->on_warning(complaints->admission->owner, text);
        return;
    }
    if (complaints->text.size > 0)
        writer_text(&complaints->text, ", ");
    writer_bytes(&complaints->text, text);
}

static void path_of(struct writer *out, const struct json_value *value)
{
    if (value->up == NULL)
        return;
    path_of(out, value->up);
    if (value->up->type == JSON_OBJECT) {
        writer_text(out, value->up->up == NULL ? "" : ".");
        writer_bytes(out, value->name);
        return;
    }
    size_t index = 0;
    for (const struct json_value *at = value->up->first; at != value; at = at->next)
        index++;
    writer_format(out, "[%zu]", index);
}

static void on_hidden(void *owner, const struct json_value *member)
{
    struct complaints *complaints = owner;
    struct writer path = WRITER_INIT;
    path_of(&path, member);
    bytes_t field = arena_copy(complaints->arena, writer_view(&path));
    writer_free(&path);
    complain(complaints, field,
             bytes_of_text(arena_format(complaints->arena, "duplicate field \"%.*s\"", BYTES_ARG(field))));
}

static void complain_unknown(struct complaints *complaints, const struct schema_unknowns *unknowns)
{
    for (const struct schema_unknown *unknown = unknowns->first; unknown != NULL; unknown = unknown->next) {
        struct writer text = WRITER_INIT;
        schema_unknown_write(&text, unknown);
        complain(complaints, unknown->path, arena_copy(complaints->arena, writer_view(&text)));
        writer_free(&text);
    }
}

static bool unknown_fields(const struct admission *admission, struct json_value *object)
{
    bool warns = admission->validation == FIELD_VALIDATION_WARN;
    struct complaints complaints = { .arena = admission->arena, .admission = warns ? admission : NULL };
    struct schema_unknowns unknowns = schema_unknowns_in(admission->arena);
    json_unique(object, admission->validation == FIELD_VALIDATION_IGNORE ? NULL : on_hidden, &complaints);
    const struct schema *schema = kind_version_schema(admission->version);
    if (schema != NULL)
        schema_prune(object, schema, &unknowns);
    if (admission->validation != FIELD_VALIDATION_IGNORE)
        complain_unknown(&complaints, &unknowns);
    if (complaints.text.size == 0)
        return true;
    bytes_t shown = writer_view(&complaints.text);
    problem_set(admission->problem, PROBLEM_BAD_REQUEST,
                "%.*s in version \"%.*s\" cannot be handled as a %.*s: strict decoding error: %.*s",
                BYTES_ARG(admission->kind->name), BYTES_ARG(admission->version->name), BYTES_ARG(admission->kind->name),
                BYTES_ARG(shown));
    admission->problem->field = complaints.field;
    writer_free(&complaints.text);
    return false;
}

// What the server owns is overwritten, so that validation would not see it: Go's decoder complains about these.
static bool metadata_decodes(const struct admission *admission, const struct json_value *object)
{
    static const struct {
        const char *name, *go_type;
        enum json_type type;
    } rows[] = {
        { "name", "string", JSON_STRING },
        { "generateName", "string", JSON_STRING },
        { "namespace", "string", JSON_STRING },
        { "selfLink", "string", JSON_STRING },
        { "uid", "types.UID", JSON_STRING },
        { "resourceVersion", "string", JSON_STRING },
        { "creationTimestamp", "v1.Time", JSON_STRING },
        { "deletionTimestamp", "v1.Time", JSON_STRING },
        { "generation", "int64", JSON_NUMBER },
        { "deletionGracePeriodSeconds", "int64", JSON_NUMBER },
    };
    static const char *const types[] = { [JSON_NULL] = "null",     [JSON_BOOL] = "bool",   [JSON_NUMBER] = "number",
                                         [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object" };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct json_value *member = json_get(object_metadata(object), rows[i].name);
        int64_t whole;
        bool is_good = member == NULL || member->type == JSON_NULL ||
                       (member->type == rows[i].type && (member->type == JSON_STRING || json_get_int(member, &whole)));
        if (is_good)
            continue;
        problem_set(
            admission->problem, PROBLEM_BAD_REQUEST,
            "%.*s in version \"%.*s\" cannot be handled as a %.*s: json: cannot unmarshal %s into Go struct field "
            "ObjectMeta.metadata.%s of type %s",
            BYTES_ARG(admission->kind->name), BYTES_ARG(admission->version->name), BYTES_ARG(admission->kind->name),
            types[member->type], rows[i].name, rows[i].go_type);
        admission->problem->field = bytes_of_text(arena_format(admission->arena, "metadata.%s", rows[i].name));
        return false;
    }
    return true;
}

bool admit_body(const struct admission *admission, struct json_value *object)
{
    if (object->type != JSON_OBJECT)
        return refuse(admission, PROBLEM_BAD_REQUEST, "the body has to be one JSON object");
    if (depth_of(object) > OBJECT_DEPTH_MAX)
        return refuse(admission, PROBLEM_BAD_REQUEST, "the object is nested deeper than 48 levels");
    if (!type_fits(admission, object))
        return false;
    const struct json_value *metadata = json_get(object, "metadata");
    if (metadata != NULL && metadata->type != JSON_OBJECT && metadata->type != JSON_NULL)
        return refuse(admission, PROBLEM_BAD_REQUEST, "metadata has to be an object");
    return unknown_fields(admission, object) && metadata_decodes(admission, object) && path_fits(admission, object);
}

// --- validation

// What was taken once is not asked about again, so that a status can be written whatever was taken.
static bool is_asked_for(const struct json_value *object, const struct json_value *live)
{
    const struct json_value *now = object_metadata(object), *before = object_metadata(live);
    return live == NULL || !json_same(json_get(object, "spec"), json_get(live, "spec")) ||
           !json_same(json_get(now, "annotations"), json_get(before, "annotations"));
}

static void inspect(const struct kind_rules *rules, const struct json_value *object, struct field_errors *errors)
{
    struct field_errors better = field_errors_in(errors->arena);
    rules->inspect(&better, object);
    field_errors_replace(errors, &better);
}

static bool validate(const struct admission *admission, const struct json_value *object, const struct json_value *live)
{
    struct field_errors errors = field_errors_in(admission->arena);
    const struct kind_rules *rules = admission->kind->rules;
    metadata_check(&errors, object, rules == NULL ? NAME_DNS_SUBDOMAIN : rules->name_rule);
    const struct schema *schema = kind_version_schema(admission->version);
    if (schema != NULL)
        schema_validate(object, schema, &errors);
    if (rules != NULL && rules->inspect != NULL && is_asked_for(object, live))
        inspect(rules, object, &errors);
    if (rules != NULL && rules->check != NULL && errors.count == 0)
        rules->check(&errors, object, live);
    problem_invalid(admission->problem, admission->kind, object_name(object), &errors);
    return errors.count == 0;
}

static bool fill(const struct admission *admission, struct json_value *object, const struct json_value *live)
{
    const struct schema *schema = kind_version_schema(admission->version);
    const struct kind_rules *rules = admission->kind->rules;
    if (schema != NULL && schema_default(object, schema, admission->arena) != ERR_OK)
        return refuse(admission, PROBLEM_TOO_LARGE, "the defaults of the kind make the object too large");
    bool can_warn = rules != NULL && rules->warning != NULL && admission->on_warning != NULL;
    const char *warning = can_warn ? rules->warning(admission->arena, object) : NULL;
    if (warning != NULL)
        admission->on_warning(admission->owner, bytes_of_text(warning));
    if (rules != NULL && rules->fill != NULL)
        rules->fill(admission->arena, object, live);
    return true;
}

// --- managedFields

struct apply_scope admission_scope(const struct admission *admission)
{
    const struct kind *kind = admission->kind;
    bytes_t *served = arena_array(admission->arena, kind->version_count, sizeof *served);
    size_t count = 0;
    for (size_t i = 0; i < kind->version_count; i++) {
        if (&kind->versions[i] != admission->version && kind->versions[i].served)
            served[count++] = kind->versions[i].api_version;
    }
    return (struct apply_scope){
        .schema = kind_version_schema(admission->version),
        .api_version = admission->version->api_version,
        .served = served,
        .served_count = count,
        .subresource = admission->subresource,
        .now_s = admission->now_ms / 1000,
    };
}

// Who wrote what; an apply has done it itself.
static void owners_count(const struct admission *admission, const struct json_value *live, struct json_value *object)
{
    diag_t diag = { 0 };
    struct apply_scope scope = admission_scope(admission);
    // What cannot be accounted for is stored without accounts, as kube-apiserver does.
    if (!admission->is_apply &&
        managed_update(&scope, live, object, admission->manager, admission->arena, &diag) != ERR_OK)
        json_unset(object_metadata(object), BYTES_LITERAL("managedFields"));
    if (live != NULL)
        (void)managed_keep_times(live, object, admission->arena);
}

static bool same_owners(const struct json_value *live, const struct json_value *object)
{
    return json_same(json_get(object_metadata(live), "managedFields"),
                     json_get(object_metadata(object), "managedFields"));
}

// --- a new one

static const char *const server_fields[] = { "uid",        "creationTimestamp", "deletionTimestamp",
                                             "generation", "resourceVersion",   "deletionGracePeriodSeconds",
                                             "selfLink" };

static bool name_make(const struct admission *admission, struct json_value *object)
{
    bytes_t base = object_meta_text(object, "generateName");
    if (object_name(object).size > 0)
        return true;
    if (base.size == 0) {
        struct field_errors errors = field_errors_in(admission->arena);
        field_error_add(&errors, FIELD_REQUIRED, BYTES_LITERAL("metadata.name"), BYTES_NULL,
                        BYTES_LITERAL("name or generateName is required"));
        problem_invalid(admission->problem, admission->kind, BYTES_LITERAL(""), &errors);
        return false;
    }
    json_set_bytes(object_metadata(object), admission->arena, "name",
                   name_generate(admission->arena, base, random_u64()));
    return true;
}

static bool has_generation(const struct kind *kind)
{
    return kind->rules == NULL || !kind->rules->no_generation;
}

bool admit_create(const struct admission *admission, struct json_value *object)
{
    struct arena *arena = admission->arena;
    struct json_value *metadata = json_set_object(object, arena, "metadata");
    if (object_meta_text(object, "resourceVersion").size > 0)
        return refuse(admission, PROBLEM_BAD_REQUEST, "resourceVersion should not be set on objects to be created");
    if (!name_make(admission, object))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(server_fields); i++)
        json_unset(metadata, bytes_of_text(server_fields[i]));
    json_set_bytes(metadata, arena, "uid", uid_text(admission->last_uid, arena));
    json_set_bytes(metadata, arena, "creationTimestamp", time_text(arena, admission->now_ms));
    if (has_generation(admission->kind))
        json_set_int(metadata, arena, "generation", 1);
    if (admission->version->has_status)
        json_unset(object, BYTES_LITERAL("status"));
    if (!fill(admission, object, NULL) || !validate(admission, object, NULL))
        return false;
    owners_count(admission, NULL, object);
    return true;
}

// --- a change

// What the server owns stays as it is, whatever the body says.
static void server_fields_keep(const struct admission *admission, const struct json_value *live,
                               struct json_value *object)
{
    struct json_value *metadata = object_metadata(object);
    for (size_t i = 0; i < ARRAY_COUNT(server_fields); i++) {
        bytes_t name = bytes_of_text(server_fields[i]);
        const struct json_value *kept = json_find(object_metadata(live), name);
        if (kept == NULL)
            json_unset(metadata, name);
        else
            json_set(metadata, name, json_copy(admission->arena, kept));
    }
}

static bool preconditions_hold(const struct admission *admission, const struct json_value *live, bytes_t uid,
                               bytes_t resource_version)
{
    bytes_t name = object_name(live);
    if (uid.size > 0 && !bytes_equal(uid, object_meta_text(live, "uid"))) {
        problem_conflict(admission->problem, admission->kind, name,
                         arena_format(admission->arena,
                                      "Precondition failed: UID in precondition: %.*s, UID in object meta: %.*s",
                                      BYTES_ARG(uid), BYTES_ARG(object_meta_text(live, "uid"))));
        return false;
    }
    if (resource_version.size > 0 && !bytes_is(resource_version, "0") &&
        !bytes_equal(resource_version, object_meta_text(live, "resourceVersion"))) {
        problem_conflict(admission->problem, admission->kind, name, PROBLEM_TEXT_MODIFIED);
        return false;
    }
    return true;
}

static void member_take(const struct admission *admission, struct json_value *to, const struct json_value *from,
                        const char *name)
{
    const struct json_value *member = json_get(from, name);
    if (member == NULL)
        json_unset(to, bytes_of_text(name));
    else
        json_set(to, bytes_of_text(name), json_copy(admission->arena, member));
}

// Whoever writes the object does not write its status, and the other way round.
static struct json_value *scope_cut(const struct admission *admission, const struct json_value *live,
                                    struct json_value *object)
{
    if (bytes_is(admission->subresource, "status")) {
        struct json_value *merged = json_copy(admission->arena, live);
        struct json_value *metadata = object_metadata(merged);
        const struct json_value *managed = json_get(object_metadata(object), "managedFields");
        member_take(admission, merged, object, "status");
        if (managed != NULL)
            json_set(metadata, BYTES_LITERAL("managedFields"), json_copy(admission->arena, managed));
        return merged;
    }
    if (admission->version->has_status)
        member_take(admission, object, live, "status");
    return object;
}

// A copy without some members of the object and of its metadata, to be compared.
static struct json_value *without(struct arena *arena, const struct json_value *object, const char *const *members,
                                  const char *const *meta_members)
{
    struct json_value *copy = json_copy(arena, object);
    for (; *members != NULL; members++)
        json_unset(copy, bytes_of_text(*members));
    struct json_value *metadata = object_metadata(copy);
    for (; metadata != NULL && *meta_members != NULL; meta_members++)
        json_unset(metadata, bytes_of_text(*meta_members));
    return copy;
}

static bool differ(const struct admission *admission, const struct json_value *live, const struct json_value *object,
                   const char *const *members, const char *const *meta_members)
{
    struct arena *arena = admission->arena;
    return !json_equal(without(arena, live, members, meta_members), without(arena, object, members, meta_members));
}

// A new generation is a change of what somebody wants: not of metadata, not of status.
static void generation_count(const struct admission *admission, const struct json_value *live,
                             struct json_value *object)
{
    static const char *const with_status[] = { "metadata", "status", NULL };
    static const char *const without_status[] = { "metadata", NULL };
    static const char *const none[] = { NULL };
    const char *const *members = admission->version->has_status ? with_status : without_status;
    if (has_generation(admission->kind) && differ(admission, live, object, members, none))
        json_set_int(object_metadata(object), admission->arena, "generation", object_generation(live) + 1);
}

static bool finalizers_fit(const struct admission *admission, const struct json_value *live,
                           const struct json_value *object)
{
    const struct json_value *list = json_get(object_metadata(object), "finalizers");
    if (!object_is_deleting(live) || list == NULL)
        return true;
    struct field_errors errors = field_errors_in(admission->arena);
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (!object_has_finalizer(live, item->text))
            field_error_add(&errors, FIELD_FORBIDDEN, BYTES_LITERAL("metadata.finalizers"), BYTES_NULL,
                            BYTES_LITERAL("no new finalizers can be added if the object is being deleted"));
    }
    problem_invalid(admission->problem, admission->kind, object_name(live), &errors);
    return errors.count == 0;
}

static bool is_held(const struct admission *admission, const struct json_value *object)
{
    const struct kind_rules *rules = admission->kind->rules;
    return object_has_finalizer(object, BYTES_NULL) ||
           (rules != NULL && rules->is_held != NULL && rules->is_held(object));
}

enum write_action admit_update(const struct admission *admission, const struct json_value *live,
                               struct json_value *object, struct json_value **ret_object)
{
    static const char *const none[] = { NULL };
    static const char *const aside[] = { "managedFields", "resourceVersion", NULL };
    if (!preconditions_hold(admission, live, object_meta_text(object, "uid"),
                            object_meta_text(object, "resourceVersion")))
        return WRITE_REFUSE;
    object = scope_cut(admission, live, object);
    server_fields_keep(admission, live, object);
    if (!fill(admission, object, live) || !finalizers_fit(admission, live, object) ||
        !validate(admission, object, live))
        return WRITE_REFUSE;
    generation_count(admission, live, object);
    *ret_object = object;
    if (object_is_deleting(object) && !is_held(admission, object))
        return WRITE_REMOVE;
    bool differs = differ(admission, live, object, none, aside);
    owners_count(admission, live, object);
    return differs || !same_owners(live, object) ? WRITE_PUT : WRITE_KEEP;
}

// --- the end

enum write_action admit_delete(const struct admission *admission, struct json_value *live,
                               const struct deletion *deletion)
{
    static const struct {
        enum propagation propagation;
        bytes_t finalizer;
    } rows[] = { { PROPAGATION_FOREGROUND, { (const uint8_t *)"foregroundDeletion", 18 } },
                 { PROPAGATION_ORPHAN, { (const uint8_t *)"orphan", 6 } } };
    struct json_value *metadata = object_metadata(live);
    bool was_deleting = object_is_deleting(live);
    size_t changes = 0;
    if (!preconditions_hold(admission, live, deletion->uid, deletion->resource_version))
        return WRITE_REFUSE;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bool has = object_has_finalizer(live, rows[i].finalizer), wants = deletion->propagation == rows[i].propagation;
        if (has == wants)
            continue;
        changes++;
        if (wants)
            object_finalizer_add(live, admission->arena, rows[i].finalizer);
        else
            object_finalizer_remove(live, rows[i].finalizer);
    }
    if (!is_held(admission, live))
        return WRITE_REMOVE;
    if (was_deleting)
        return changes == 0 ? WRITE_KEEP : WRITE_PUT;
    json_set_bytes(metadata, admission->arena, "deletionTimestamp", time_text(admission->arena, admission->now_ms));
    json_set_int(metadata, admission->arena, "deletionGracePeriodSeconds", 0);
    if (has_generation(admission->kind))
        json_set_int(metadata, admission->arena, "generation", object_generation(live) + 1);
    if (admission->kind->rules != NULL && admission->kind->rules->begin_deletion != NULL)
        admission->kind->rules->begin_deletion(admission->arena, live);
    return WRITE_PUT;
}
