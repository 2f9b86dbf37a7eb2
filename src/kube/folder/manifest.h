// SPDX-License-Identifier: Apache-2.0
// The objects that one file names: manifests in YAML or JSON, several documents, lists taken apart. Pure; shared by
// counting, and belongs to one thread at a time.
#pragma once

#include "base/buf.h"
#include "kube/yaml/yaml_read.h"

struct manifests;

struct manifest {
    struct manifests *file;
    const struct json_value *object; // as it stands there
    bytes_t api_version, kind;       // none is empty
    bytes_t name_space, name;        // "default" when it names none
    bytes_t key;                     // of manifest_key
    size_t document;                 // its index in the file
    const char *path;                // in its document: "", or "items[2]"
};

struct manifests {
    size_t refs;
    const char *path; // of the file
    struct buf *text;
    struct manifest *items; // in the order of the file
    size_t count;
    struct arena arena; // of all of it
};

// What one object is known by, whatever version it is written in: "GROUP/KIND/NAMESPACE/NAME". Objects without a
// namespace are taken as in "default": whether a kind has namespaces shows only when it is there.
bytes_t manifest_key(struct arena *arena, bytes_t api_version, bytes_t kind, bytes_t name_space, bytes_t name);

// With one reference; the text is shared. ERR_MALFORMED, ERR_INVALID, ERR_TOO_LARGE: DIAG's text says what is wrong,
// RET_PLACE where (line 0: with all of it). Then the file says nothing at all.
err_t manifests_read(const char *path, struct buf *text, struct manifests **ret_manifests, struct yaml_place *ret_place,
                     diag_t *diag) MUST_CHECK;
struct manifests *manifests_ref(struct manifests *manifests);
// Accepts NULL.
void manifests_unref(struct manifests *manifests);

// Where FIELD ("spec.size"; empty: the object) stands: "PATH:3:5", in the arena. Reads the text again.
const char *manifest_place(const struct manifest *manifest, bytes_t field, struct arena *arena);
// "PATH:3:5"; PATH alone for line 0.
const char *manifest_place_text(const char *path, const struct yaml_place *place, struct arena *arena);
