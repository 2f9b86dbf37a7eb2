// SPDX-License-Identifier: Apache-2.0
// Questions about access: SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview and
// LocalSubjectAccessReview (authorization.k8s.io), SelfSubjectReview (authentication.k8s.io). There are two kinds of
// users (../api.h): those who may do everything, and those who may only read, and ask these questions.
#include "base/assert.h"
#include "base/json_edit.h"
#include "io/clock.h"
#include "kube/admission.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/body.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/object.h"
#include "kube/schema/field_error.h"
#include "kube/schema/schema_validate.h"

EMBED(self_subject_access_review_definition, "self_subject_access_review");
EMBED(self_subject_rules_review_definition, "self_subject_rules_review");
EMBED(subject_access_review_definition, "subject_access_review");
EMBED(local_subject_access_review_definition, "local_subject_access_review");
EMBED(self_subject_review_definition, "self_subject_review");

// What readers may do. The questions are made with create.
static const char *const read_verbs[] = { "get", "list", "watch" };
static const struct {
    const char *group, *resource;
} questions[] = {
    { "authorization.k8s.io", "selfsubjectaccessreviews" }, { "authorization.k8s.io", "selfsubjectrulesreviews" },
    { "authorization.k8s.io", "subjectaccessreviews" },     { "authorization.k8s.io", "localsubjectaccessreviews" },
    { "authentication.k8s.io", "selfsubjectreviews" },
};

// --- the question

static bool is_valid(struct request *request, struct json_value *object)
{
    struct field_errors errors = field_errors_in(&request->arena);
    schema_validate(object, kind_version_schema(request->kind_version), &errors);
    problem_invalid(&request->problem, request->kind, BYTES_LITERAL(""), &errors);
    return errors.count == 0;
}

// The body, checked, with an empty status. NULL: problem.
static struct json_value *question_read(struct request *request)
{
    struct json_value *object = NULL;
    struct admission admission = {
        .kind = request->kind,
        .version = request->kind_version,
        .name_space = request->name_space,
        .arena = &request->arena,
        .problem = &request->problem,
        .now_ms = clock_wall_ms(),
        .validation = FIELD_VALIDATION_IGNORE,
    };
    if (!body_read(request, &object))
        return NULL;
    if (object == NULL)
        object = json_new(&request->arena, JSON_OBJECT);
    if (!admit_body(&admission, object))
        return NULL;
    // What the server fills in: clients send it empty, with nulls.
    json_unset(object_metadata(object), BYTES_LITERAL("creationTimestamp"));
    json_unset(object, BYTES_LITERAL("status"));
    if (!is_valid(request, object))
        return NULL;
    json_set(object, BYTES_LITERAL("status"), json_new(&request->arena, JSON_OBJECT));
    return object;
}

static void question_answer(struct request *request, struct json_value *object)
{
    if (object == NULL)
        answer_problem(request);
    else
        answer_tree(request, 201, object);
}

// --- who may do what

static bool is_read_verb(bytes_t verb)
{
    for (size_t i = 0; i < ARRAY_COUNT(read_verbs); i++) {
        if (bytes_is(verb, read_verbs[i]))
            return true;
    }
    return false;
}

static bool is_question(const struct json_value *attributes)
{
    for (size_t i = 0; i < ARRAY_COUNT(questions); i++) {
        if (bytes_is(json_text_at(attributes, "group"), questions[i].group) &&
            bytes_is(json_text_at(attributes, "resource"), questions[i].resource))
            return true;
    }
    return false;
}

static bool reader_may(const struct json_value *spec)
{
    const struct json_value *resource = json_get(spec, "resourceAttributes");
    bytes_t path_verb = json_text_at(json_get(spec, "nonResourceAttributes"), "verb"),
            verb = json_text_at(resource, "verb");
    if (resource == NULL)
        return bytes_is(path_verb, "get") || bytes_is(path_verb, "head");
    return is_read_verb(verb) || (bytes_is(verb, "create") && is_question(resource));
}

enum access { ACCESS_ALL, ACCESS_READ, ACCESS_NONE };

static bool access_answer(struct request *request, struct json_value *object, enum access access)
{
    static const char *const whys[] = { [ACCESS_ALL] = "this user may do everything",
                                        [ACCESS_READ] = "this user may only read",
                                        [ACCESS_NONE] = "there is no such user" };
    struct arena *arena = &request->arena;
    const struct json_value *spec = json_get(object, "spec");
    if ((json_get(spec, "resourceAttributes") == NULL) == (json_get(spec, "nonResourceAttributes") == NULL)) {
        struct field_errors errors = field_errors_in(arena);
        field_error_add(&errors, FIELD_INVALID, BYTES_LITERAL("spec.resourceAttributes"), BYTES_NULL,
                        BYTES_LITERAL("exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        problem_invalid(&request->problem, request->kind, BYTES_LITERAL(""), &errors);
        return false;
    }
    bool may = access == ACCESS_ALL || (access == ACCESS_READ && reader_may(spec));
    struct json_value *status = json_set_object(object, arena, "status");
    json_set(status, BYTES_LITERAL("allowed"), json_new_bool(arena, may));
    json_set_text(status, arena, "reason", whys[access]);
    return true;
}

static enum access access_of(const struct user *user)
{
    return user->is_read_only ? ACCESS_READ : ACCESS_ALL;
}

static void self_access_answer(struct request *request)
{
    struct json_value *object = question_read(request);
    if (object != NULL && !access_answer(request, object, access_of(request->user)))
        object = NULL;
    question_answer(request, object);
}

static enum access access_of_name(const struct kube *kube, bytes_t name)
{
    static const char prefix[] = "system:serviceaccount:";
    for (size_t i = 0; i < kube->user_count; i++) {
        if (bytes_is(name, kube->users[i].name))
            return access_of(&kube->users[i]);
    }
    bool is_account = name.size > sizeof prefix - 1 && memcmp(name.data, prefix, sizeof prefix - 1) == 0;
    return is_account ? ACCESS_READ : ACCESS_NONE;
}

static void other_access_answer(struct request *request)
{
    struct json_value *object = question_read(request);
    bytes_t name = json_text_at(json_get(object, "spec"), "user");
    if (object != NULL && !access_answer(request, object, access_of_name(request->kube, name)))
        object = NULL;
    question_answer(request, object);
}

// --- all rules

static void texts_set(struct arena *arena, struct json_value *object, const char *name, const char *const *texts,
                      size_t count)
{
    struct json_value *list = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < count; i++)
        json_append(list, json_new_text(arena, texts[i]));
    json_set(object, bytes_of_text(name), list);
}

static void rule_add(struct arena *arena, struct json_value *rules, const char *const *verbs, size_t verb_count,
                     const char *group, const char *resource)
{
    struct json_value *rule = json_new(arena, JSON_OBJECT);
    texts_set(arena, rule, "verbs", verbs, verb_count);
    texts_set(arena, rule, "apiGroups", &group, 1);
    texts_set(arena, rule, "resources", &resource, 1);
    json_append(rules, rule);
}

static void rules_answer(struct request *request)
{
    static const char *const all[] = { "*" }, *const create[] = { "create" }, *const get[] = { "get" };
    struct arena *arena = &request->arena;
    struct json_value *object = question_read(request);
    bool is_reader = request->user->is_read_only;
    if (object != NULL) {
        struct json_value *rules = json_new(arena, JSON_ARRAY), *paths = json_new(arena, JSON_ARRAY);
        struct json_value *status = json_set_object(object, arena, "status"), *path = json_new(arena, JSON_OBJECT);
        if (is_reader)
            rule_add(arena, rules, read_verbs, ARRAY_COUNT(read_verbs), "*", "*");
        else
            rule_add(arena, rules, all, 1, "*", "*");
        for (size_t i = 0; is_reader && i < ARRAY_COUNT(questions); i++)
            rule_add(arena, rules, create, 1, questions[i].group, questions[i].resource);
        texts_set(arena, path, "verbs", is_reader ? get : all, 1);
        texts_set(arena, path, "nonResourceURLs", all, 1);
        json_append(paths, path);
        json_set(status, BYTES_LITERAL("resourceRules"), rules);
        json_set(status, BYTES_LITERAL("nonResourceRules"), paths);
        json_set(status, BYTES_LITERAL("incomplete"), json_new_bool(arena, false));
    }
    question_answer(request, object);
}

// --- who am I

static void self_answer(struct request *request)
{
    struct arena *arena = &request->arena;
    struct json_value *object = question_read(request);
    if (object != NULL) {
        struct json_value *info = json_set_object(json_set_object(object, arena, "status"), arena, "userInfo");
        size_t count = 0;
        while (request->user->groups[count] != NULL)
            count++;
        json_set_text(info, arena, "username", request->user->name);
        texts_set(arena, info, "groups", request->user->groups, count);
        struct json_value *metadata = json_set_object(object, arena, "metadata");
        json_set_bytes(metadata, arena, "creationTimestamp", time_text(arena, clock_wall_ms()));
    }
    question_answer(request, object);
}

const struct kind_rules self_subject_access_review_rules = {
    .definition = self_subject_access_review_definition,
    .answer = self_access_answer,
};
const struct kind_rules self_subject_rules_review_rules = {
    .definition = self_subject_rules_review_definition,
    .answer = rules_answer,
};
const struct kind_rules subject_access_review_rules = {
    .definition = subject_access_review_definition,
    .answer = other_access_answer,
};
const struct kind_rules local_subject_access_review_rules = {
    .definition = local_subject_access_review_definition,
    .answer = other_access_answer,
};
const struct kind_rules self_subject_review_rules = {
    .definition = self_subject_review_definition,
    .answer = self_answer,
};
