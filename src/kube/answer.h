// SPDX-License-Identifier: Apache-2.0
// Answers to requests: each ends its request, which must not be touched afterwards.
#pragma once

#include "kube/request.h"

// The problem of the request.
void answer_problem(struct request *request);
// One object of the request's kind, in the form that the client wants. VALUE is a row's value.
void answer_object(struct request *request, int status, bytes_t value, int64_t resource_version);
// A tree, as it is.
void answer_tree(struct request *request, int status, const struct json_value *tree);
// JSON that is written already; takes the text over.
void answer_text(struct request *request, int status, struct writer *text);
// The same of another media type, which lives as long as the request.
void answer_typed(struct request *request, int status, struct writer *text, const char *type);
// {"kind":"Status","status":"Success"} with details about an object that is gone.
void answer_success(struct request *request, bytes_t name, bytes_t uid);
// Ends a request that answered by itself.
void request_free(struct request *request);
