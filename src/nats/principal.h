// SPDX-License-Identifier: Apache-2.0
// Who a client is, and which account that means. The seam for authentication: the session asks once at each CONNECT.
#pragma once

struct nats_connect;

struct nats_principal {
    const char *name, *account;
};

// With no users configured everybody who can reach the door is the local user, in $G, whatever they say about
// themselves. NULL: nobody who may be here.
const struct nats_principal *nats_principal_of(const struct nats_connect *connect);
// Before CONNECT; NULL: a client has to say who it is first.
const struct nats_principal *nats_principal_unnamed(void);
