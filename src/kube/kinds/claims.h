// SPDX-License-Identifier: Apache-2.0
// Who has a name that only one may have, such as a topic: the oldest of the objects that ask for it. Pure; belongs to
// the controller that asks.
#pragma once

#include "base/map.h"

struct claims {
    struct map names;  // struct claim_name
    struct map claims; // struct claim, by object
    // OBJECT has got the name, or lost it, by what somebody else did: it has to be looked at. May be NULL. Not allowed
    // to ask anything here.
    void (*on_change)(void *owner, bytes_t object);
    void *owner;
};

// Who asks; copied.
struct claimant {
    bytes_t object; // "NAMESPACE/NAME"
    bytes_t uid;
    bytes_t created; // RFC 3339, in UTC
    bool has_it;     // it says that it has the name: goes before others that were made in the same second
};

void claims_init(struct claims *claims, void (*on_change)(void *owner, bytes_t object), void *owner);
void claims_deinit(struct claims *claims);
// An object asks for at most one name: the last one. Of those that were made in the same second, the first that asked
// goes before.
void claims_ask(struct claims *claims, bytes_t name, const struct claimant *claimant);
// The object asks for nothing any more.
void claims_drop(struct claims *claims, bytes_t object);
// The object that has the name; BYTES_NULL: nobody asks for it.
bytes_t claims_holder(const struct claims *claims, bytes_t name);
