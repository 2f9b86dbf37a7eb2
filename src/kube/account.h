// SPDX-License-Identifier: Apache-2.0
// Service accounts as users: who comes with a token of one (token.h), and how one is made.
#pragma once

#include "kube/request.h"

// The user whose token it is, in the arena: it may read, as the user of the viewer's token. NULL: the token is none of
// this server, it has expired, or its account is gone.
const struct user *account_user(const struct kube *kube, bytes_t token, struct arena *arena);
// The subresource token of serviceaccounts: answers a TokenRequest (authentication.k8s.io/v1).
void account_token_create(struct request *request);
