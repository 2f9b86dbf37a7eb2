// SPDX-License-Identifier: Apache-2.0
#include "kube/select/field.h"

#include "base/json_edit.h"

#include <stdlib.h>

// --- what can be asked for

static const struct field_label common[] = {
    { "metadata.name", "metadata.name", NULL },
    { "metadata.namespace", "metadata.namespace", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label event_fields[] = {
    { "involvedObject.kind", "involvedObject.kind", NULL },
    { "involvedObject.namespace", "involvedObject.namespace", NULL },
    { "involvedObject.name", "involvedObject.name", NULL },
    { "involvedObject.uid", "involvedObject.uid", NULL },
    { "involvedObject.apiVersion", "involvedObject.apiVersion", NULL },
    { "involvedObject.resourceVersion", "involvedObject.resourceVersion", NULL },
    { "involvedObject.fieldPath", "involvedObject.fieldPath", NULL },
    { "reason", "reason", NULL },
    { "reportingComponent", "reportingComponent", NULL },
    { "source", "source.component", "reportingComponent" },
    { "type", "type", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label new_event_fields[] = {
    { "regarding.kind", "regarding.kind", NULL },
    { "regarding.namespace", "regarding.namespace", NULL },
    { "regarding.name", "regarding.name", NULL },
    { "regarding.uid", "regarding.uid", NULL },
    { "regarding.apiVersion", "regarding.apiVersion", NULL },
    { "regarding.resourceVersion", "regarding.resourceVersion", NULL },
    { "regarding.fieldPath", "regarding.fieldPath", NULL },
    { "reason", "reason", NULL },
    { "reportingController", "reportingController", NULL },
    { "source", "deprecatedSource.component", "reportingController" },
    { "type", "type", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label namespace_fields[] = {
    { "name", "metadata.name", NULL },
    { "status.phase", "status.phase", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label secret_fields[] = {
    { "type", "type", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label pod_fields[] = {
    { "spec.nodeName", "spec.nodeName", NULL },
    { "spec.restartPolicy", "spec.restartPolicy", NULL },
    { "spec.schedulerName", "spec.schedulerName", NULL },
    { "spec.serviceAccountName", "spec.serviceAccountName", NULL },
    { "status.phase", "status.phase", NULL },
    { "status.podIP", "status.podIP", NULL },
    { "status.nominatedNodeName", "status.nominatedNodeName", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label job_fields[] = {
    { "status.successful", "status.succeeded", NULL },
    { NULL, NULL, NULL },
};

static const struct field_label replica_fields[] = {
    { "status.replicas", "status.replicas", NULL },
    { NULL, NULL, NULL },
};

static const struct {
    const char *group, *kind;
    const struct field_label *labels;
} kinds[] = {
    { "", "Event", event_fields },   { "", "Namespace", namespace_fields },
    { "", "Pod", pod_fields },       { "", "ReplicationController", replica_fields },
    { "", "Secret", secret_fields }, { "apps", "ReplicaSet", replica_fields },
    { "batch", "Job", job_fields },  { "events.k8s.io", "Event", new_event_fields },
};

const struct field_label *field_labels_of(bytes_t group, bytes_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (bytes_is(group, kinds[i].group) && bytes_is(kind, kinds[i].kind))
            return kinds[i].labels;
    }
    return NULL;
}

static const struct field_label *find(const struct field_label *labels, bytes_t name)
{
    while (labels != NULL && labels->label != NULL && !bytes_is(name, labels->label))
        labels++;
    return labels == NULL || labels->label == NULL ? NULL : labels;
}

// --- text. Functions return the sentence that says what is wrong, in the arena, or NULL.

// "\\", "\," and "\=" are the characters themselves; ',' and '=' do not stand alone.
static const char *unescape(struct arena *arena, bytes_t text, bytes_t *ret_value)
{
    uint8_t *value = arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == ',' || c == '=')
            return arena_format(arena, "invalid field selector: unescaped character in value: %d", c);
        if (c == '\\') {
            size_t left = text.size - i - 1;
            size_t next = bytes_utf8_size(bytes_of(text.data + i + 1, left));
            c = left == 0 ? 0 : text.data[++i];
            if (c != '\\' && c != ',' && c != '=')
                return arena_format(arena, "invalid field selector: invalid escape sequence: \\%.*s", (int)next,
                                    (const char *)text.data + i);
        }
        value[size++] = c;
    }
    *ret_value = bytes_of(value, size);
    return NULL;
}

struct term {
    bytes_t label, value;
    bool differs;
};

// "label=value", "label==value", "label!=value": the first operator counts.
static bool split_term(bytes_t text, struct term *ret_term)
{
    for (size_t i = 0; i < text.size; i++) {
        bool equals_next = i + 1 < text.size && text.data[i + 1] == '=';
        bool differs = text.data[i] == '!' && equals_next;
        if (text.data[i] != '=' && !differs)
            continue;
        size_t behind = i + (equals_next ? 2 : 1);
        *ret_term = (struct term){ bytes_of(text.data, i), bytes_of(text.data + behind, text.size - behind), differs };
        return true;
    }
    return false;
}

// Up to the next ',' that no '\' stands before.
static size_t term_size(bytes_t text)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != ',')
        size += text.data[size] == '\\' && size + 1 < text.size ? 2 : 1;
    return size;
}

static int by_bytes(const void *a, const void *b)
{
    const bytes_t *left = a, *right = b;
    return bytes_compare(*left, *right);
}

// kube-apiserver reads terms in their order: of several faults it is the first one in that order that is told.
static size_t terms_cut(bytes_t text, bytes_t *terms)
{
    size_t count = 0;
    while (text.size > 0) {
        size_t size = term_size(text), used = size < text.size ? size + 1 : size;
        if (size > 0)
            terms[count++] = bytes_of(text.data, size);
        text = bytes_of(text.data + used, text.size - used);
    }
    if (count > 0)
        qsort(terms, count, sizeof *terms, by_bytes);
    return count;
}

static const char *read_terms(struct arena *arena, bytes_t text, const bytes_t *terms, size_t count,
                              struct term *ret_terms)
{
    for (size_t i = 0; i < count; i++) {
        if (!split_term(terms[i], &ret_terms[i]))
            return arena_format(arena, "invalid selector: '%.*s'; can't understand '%.*s'", BYTES_ARG(text),
                                BYTES_ARG(terms[i]));
        const char *wrong = unescape(arena, ret_terms[i].value, &ret_terms[i].value);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static const char *read_labels(struct arena *arena, const struct term *terms, size_t count,
                               const struct field_label *labels, struct field_selector *ret_selector)
{
    struct field_requirement *requirements = arena_array(arena, count, sizeof *requirements);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (terms[i].label.size == 0 && terms[i].value.size == 0)
            continue; // "=" says nothing, and kube-apiserver lets it
        const struct field_label *field = find(common, terms[i].label);
        if (field == NULL)
            field = find(labels, terms[i].label);
        if (field == NULL)
            return arena_format(arena, "field label not supported: %.*s", BYTES_ARG(terms[i].label));
        requirements[kept++] = (struct field_requirement){ *field, terms[i].value, terms[i].differs };
    }
    *ret_selector = (struct field_selector){ requirements, kept };
    return NULL;
}

err_t field_selector_parse(struct arena *arena, bytes_t text, const struct field_label *labels,
                           struct field_selector *ret_selector, const char **ret_text)
{
    size_t most = 1;
    for (size_t i = 0; i < text.size; i++)
        most += text.data[i] == ',';
    bytes_t *cut = arena_array(arena, most, sizeof *cut);
    struct term *terms = arena_array(arena, most, sizeof *terms);
    size_t count = terms_cut(text, cut);
    const char *wrong = read_terms(arena, text, cut, count, terms);
    if (wrong == NULL)
        wrong = read_labels(arena, terms, count, labels, ret_selector);
    if (wrong == NULL)
        return ERR_OK;
    *ret_text = wrong;
    return ERR_INVALID;
}

// --- objects

// What stands at PATH, names with dots between; empty if it is not there or no scalar.
static bytes_t field_value(const struct json_value *object, const char *path)
{
    while (object != NULL) {
        const char *dot = strchr(path, '.');
        object = json_find(object, bytes_of(path, dot == NULL ? strlen(path) : (size_t)(dot - path)));
        if (dot == NULL)
            break;
        path = dot + 1;
    }
    if (object != NULL && object->type == JSON_BOOL)
        return object->is_true ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
    return object != NULL && (object->type == JSON_STRING || object->type == JSON_NUMBER) ? object->text
                                                                                          : BYTES_LITERAL("");
}

static bool requirement_met(const struct field_requirement *requirement, const struct json_value *object)
{
    bytes_t value = field_value(object, requirement->field.path);
    if (value.size == 0 && requirement->field.otherwise != NULL)
        value = field_value(object, requirement->field.otherwise);
    return bytes_equal(value, requirement->value) != requirement->differs;
}

bool field_selector_matches(const struct field_selector *selector, const struct json_value *object)
{
    for (size_t i = 0; i < selector->count; i++) {
        if (!requirement_met(&selector->requirements[i], object))
            return false;
    }
    return true;
}

bool field_selector_exact(const struct field_selector *selector, const char *label, bytes_t *ret_value)
{
    for (size_t i = 0; i < selector->count; i++) {
        const struct field_requirement *requirement = &selector->requirements[i];
        if (!requirement->differs && strcmp(requirement->field.label, label) == 0) {
            *ret_value = requirement->value;
            return true;
        }
    }
    return false;
}
