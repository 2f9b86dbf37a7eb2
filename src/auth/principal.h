// SPDX-License-Identifier: Apache-2.0
// Who is on the other side of a session, and the one question that every door asks before it does something for it.
// Principals belong to a directory (auth/directory.h) and live as long as it; they are immutable.
#pragma once

#include "auth/permission.h"

// A room of its own for subjects and streams: what is published in one is not seen in another.
struct account {
    bytes_t name;
    size_t index;   // in its directory, for tables: 0 is "$G"
    bool is_system; // the server's own events and requests ("$SYS")
};

enum principal_kind {
    PRINCIPAL_ANONYMOUS, // nobody asked for credentials
    PRINCIPAL_USER,      // by password, by certificate, or as no_auth_user
    PRINCIPAL_NKEY,
    PRINCIPAL_TOKEN,
    PRINCIPAL_SERVER, // eddy itself, in the system account
};

struct principal {
    enum principal_kind kind;
    bytes_t name; // for logs and monitoring: the user, or the nkey; empty otherwise. Never a secret
    const struct account *account;
    const struct permissions *permissions; // NULL: everything within the account
};

enum auth_operation {
    AUTH_PUBLISH,   // to a literal subject
    AUTH_SUBSCRIBE, // to a subject with or without wildcards, by a queue or not
    AUTH_DELIVER,   // a message with a literal subject to a subscription (asked where authorize_filters says so)
};

struct auth_resource {
    bytes_t subject;
    bytes_t queue; // of the subscription; empty: none
};

bool authorize(const struct principal *principal, enum auth_operation operation, struct auth_resource resource);
// A subscription to SUBJECT (by QUEUE, or empty) may meet messages that the principal must not get: AUTH_DELIVER is
// asked for each.
bool authorize_filters(const struct principal *principal, bytes_t subject, bytes_t queue);
