// SPDX-License-Identifier: Apache-2.0
// Manifests: the objects that files, folders and standard input hold, each with the place where it stands, so that
// complaints can name file and line.
#pragma once

#include "cli/kube_session.h"

struct kube_manifest_file {
    const char *path; // as complaints show it
    bytes_t text;
};

struct kube_manifest {
    const struct kube_manifest_file *file;
    size_t document;           // among those of the file
    const char *prefix;        // where in the document: "items[2].", ""
    struct json_value *object; // has apiVersion, kind and metadata
};

struct kube_manifests {
    struct kube_manifest *items;
    size_t count, capacity;
    bool has_failed; // a file, or an object in it, could not be read
};

// PATHS: files, folders (their *.yaml, *.yml and *.json by name; RECURSIVE: those of folders inside, too) and "-" for
// standard input, with commas between. What cannot be read is complained of; the rest is read all the same. Lists are
// taken apart. In the session's arena.
void kube_manifests_read(struct kube_session *session, const char *paths, bool recursive,
                         struct kube_manifests *ret_manifests);

// Where the value at PATH ("spec.replicas"; "": the object) stands, or what is nearest around it: "web.yaml:12". In
// ARENA.
const char *kube_manifest_place(const struct kube_manifest *manifest, const char *path, struct arena *arena);

// Why the server refuses an object, one line for each field that is named: "eddy apply: web.yaml:12:
// widget.shop.example.org/one: spec.replicas: Invalid value: ...". SHOWN is the object's kind and name. Returns
// CLI_FAILED.
enum cli_exit kube_manifest_complain(const struct kube_session *session, const struct kube_manifest *manifest,
                                     const char *shown, const struct kube_answer *answer);
// The same for one sentence about the value at PATH.
enum cli_exit kube_manifest_refuse(const struct kube_session *session, const struct kube_manifest *manifest,
                                   const char *path, const char *format, ...) __attribute__((format(printf, 4, 5)));
