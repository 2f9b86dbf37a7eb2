// SPDX-License-Identifier: Apache-2.0
// The verbs. Each takes a request that was read and whose kind is known, and answers it, now or in a later turn.
#pragma once

#include "kube/request.h"

void rest_get(struct request *request);
void rest_list(struct request *request);
void rest_watch(struct request *request);
void rest_create(struct request *request);
void rest_update(struct request *request);
void rest_patch(struct request *request);
void rest_delete(struct request *request);
void rest_delete_collection(struct request *request);

// By method, path and subresource.
void rest_handle(struct request *request);
