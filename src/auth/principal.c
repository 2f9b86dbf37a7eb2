// SPDX-License-Identifier: Apache-2.0
#include "auth/principal.h"

#include "base/assert.h"

bool authorize(const struct principal *principal, enum auth_operation operation, struct auth_resource resource)
{
    const struct permissions *permissions = principal->permissions;
    if (permissions == NULL)
        return true;
    switch (operation) {
    case AUTH_PUBLISH:
        return permissions_publish(permissions, resource.subject);
    case AUTH_SUBSCRIBE:
        return permissions_subscribe(permissions, resource.subject, resource.queue);
    case AUTH_DELIVER:
        return permissions_deliver(permissions, resource.subject, resource.queue);
    }
    ASSERT(false);
    return false;
}

bool authorize_filters(const struct principal *principal, bytes_t subject, bytes_t queue)
{
    return principal->permissions != NULL && permissions_filters(principal->permissions, subject, queue);
}
