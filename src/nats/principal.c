// SPDX-License-Identifier: Apache-2.0
#include "nats/principal.h"

#include "nats/nats.h"

static const struct nats_principal local_user = { "local", NATS_ACCOUNT_GLOBAL };

const struct nats_principal *nats_principal_of(const struct nats_connect *connect)
{
    (void)connect;
    return &local_user;
}

const struct nats_principal *nats_principal_unnamed(void)
{
    return &local_user;
}
