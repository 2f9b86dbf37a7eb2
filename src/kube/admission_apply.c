// SPDX-License-Identifier: Apache-2.0
#include "kube/admission.h"

#include "kube/apply/server_side.h"

static enum write_action refuse(struct problem *problem, err_t err, const struct apply_conflicts *conflicts,
                                const diag_t *diag)
{
    if (err != ERR_CONFLICT) {
        problem_set(problem, err == ERR_INVALID ? PROBLEM_BAD_REQUEST : PROBLEM_INVALID, "%s%s%s", diag->where,
                    diag->where[0] == '\0' ? "" : ": ", diag->text);
        problem->field = arena_copy(problem->arena, bytes_of_text(diag->where));
        return WRITE_REFUSE;
    }
    problem_set(problem, PROBLEM_CONFLICT, "%.*s", BYTES_ARG(conflicts->message));
    for (size_t i = 0; i < conflicts->count; i++)
        problem_cause(problem, "FieldManagerConflict", conflicts->items[i].field, "conflict with %.*s",
                      BYTES_ARG(conflicts->items[i].manager));
    return WRITE_REFUSE;
}

enum write_action admit_apply(struct admission *admission, const struct json_value *live,
                              const struct json_value *config, bool force, struct json_value **ret_object)
{
    struct apply_scope scope = admission_scope(admission);
    struct apply_conflicts conflicts = { 0 };
    struct json_value *object;
    diag_t diag = { 0 };
    if (live == NULL && object_meta_text(config, "uid").size > 0) {
        problem_conflict(admission->problem, admission->kind, admission->name,
                         "uid mismatch: the object is not there any more");
        return WRITE_REFUSE;
    }
    err_t err = server_side_apply(&scope, live, config, admission->manager, force, admission->arena, &object,
                                  &conflicts, &diag);
    if (err != ERR_OK)
        return refuse(admission->problem, err, &conflicts, &diag);
    admission->is_apply = true;
    if (live != NULL)
        return admit_update(admission, live, object, ret_object);
    json_unset(object_metadata(object), BYTES_LITERAL("resourceVersion"));
    *ret_object = object;
    return admit_create(admission, object) ? WRITE_PUT : WRITE_REFUSE;
}
