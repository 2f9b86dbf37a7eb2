// SPDX-License-Identifier: Apache-2.0
// What the verbs that change objects share.
#pragma once

#include "kube/admission.h"

struct patch_type;

struct change_op {
    struct request *request;
    struct write write;
    struct admission admission; // its problem is the write's
    struct json_value *body;
    const struct patch_type *patch;
    struct deletion deletion;
};

void change_init(struct change_op *change, struct request *request, struct arena *arena);
// In the request's arena.
struct change_op *change_new(struct request *request);
// Answers with the problem of the write.
void change_refuse(struct change_op *change);
// Starts the write; its on_done, unless it is set, answers with the object.
void change_start(struct change_op *change);
// The namespace of the request is there and is not being deleted. False: problem.
bool change_namespace_fits(struct change_op *change);
