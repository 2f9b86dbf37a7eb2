// SPDX-License-Identifier: Apache-2.0
// The door of the Kubernetes API: what its clients need to trust it and to be let in, kept in the data folder.
//   kube/ca.crt, ca.key          the authority that is made at the first start
//   kube/server.crt, server.key  signed by it; made anew when they are about to end or other names are wanted
//   kube/token, viewer-token     of the user who may do everything, and of the one who may only read
//   kube/token-key               seals the tokens of service accounts
//   kubeconfig                   for kubectl: address, authority and token
#pragma once

#include "app/app_internal.h"

err_t kube_door_open(struct app *app, struct address *address, diag_t *diag) MUST_CHECK;
void kube_door_close(struct app *app, void (*on_closed)(void *owner), void *owner);
// When no loop runs.
void kube_door_free(struct app *app);
