// SPDX-License-Identifier: Apache-2.0
// The object that a manifest means: its kind on this server, its namespace and its name.
#pragma once

#include "cli/kube_manifest.h"

struct kube_object {
    const struct kube_manifest *manifest;
    const struct kube_kind *kind;
    const char *name;
    const char *name_space; // NULL: the kind has none
    const char *shown;      // "widget.shop.example.org/one"
};

// ASKED: what --namespace says, or NULL; a manifest without namespace gets the session's. IS_EXPECTED: the kind was
// defined a moment ago, it is waited for. False: it was complained of. In ARENA; the manifest's object is completed.
bool kube_object_identify(struct kube_session *session, const struct kube_manifest *manifest, const char *asked,
                          bool is_expected, struct arena *arena, struct kube_object *ret_object);
