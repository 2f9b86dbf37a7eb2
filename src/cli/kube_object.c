// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_object.h"

#include "base/json_edit.h"
#include "base/nearest.h"

static enum cli_exit refuse_kind(const struct kube_session *session, const struct kube_manifest *manifest)
{
    bytes_t version = json_text_at(manifest->object, "apiVersion"), name = json_text_at(manifest->object, "kind");
    struct nearest nearest = nearest_to(name);
    struct arena arena = ARENA_INIT;
    const char *other = NULL; // the same kind, elsewhere
    for (size_t i = 0; i < session->kinds.count; i++) {
        const struct kube_kind *kind = &session->kinds.items[i];
        nearest_offer(&nearest, arena_text(&arena, kind->name));
        if (other == NULL && bytes_equal(kind->name, name))
            other = arena_text(&arena, kube_kind_api_version(kind, &arena));
    }
    if (other != NULL)
        (void)kube_manifest_refuse(session, manifest, "apiVersion", "the server has no %.*s in %.*s, but in %s",
                                   BYTES_ARG(name), BYTES_ARG(version), other);
    else if (nearest.best != NULL)
        (void)kube_manifest_refuse(session, manifest, "kind", "the server has no kind %.*s; did you mean %s?",
                                   BYTES_ARG(name), nearest.best);
    else
        (void)kube_manifest_refuse(session, manifest, "kind",
                                   "the server has no kind %.*s in %.*s; is its CustomResourceDefinition applied?",
                                   BYTES_ARG(name), BYTES_ARG(version));
    arena_free(&arena);
    return CLI_FAILED;
}

static const struct kube_kind *kind_of(const struct kube_session *session, const struct kube_manifest *manifest)
{
    const struct json_value *object = manifest->object;
    return kube_kinds_of_object(&session->kinds, json_text_at(object, "apiVersion"), json_text_at(object, "kind"));
}

// A kind whose definition was applied a moment ago is served soon. NULL: it was complained of.
static const struct kube_kind *kind_find(struct kube_session *session, const struct kube_manifest *manifest,
                                         bool is_expected)
{
    enum { PAUSE_MS = 50, PAUSES = 100 };
    const struct kube_kind *kind = kind_of(session, manifest);
    diag_t diag = { 0 };
    for (int i = 0; kind == NULL && is_expected && i < PAUSES; i++) {
        if (i > 0)
            kube_pause(PAUSE_MS);
        if (kube_session_discover(session, &diag) != ERR_OK) {
            (void)cli_complain(session->command, &diag);
            return NULL;
        }
        kind = kind_of(session, manifest);
    }
    if (kind == NULL)
        (void)refuse_kind(session, manifest);
    return kind;
}

static bool name_check(const struct kube_session *session, const struct kube_manifest *manifest,
                       const struct json_value *metadata)
{
    if (json_text_at(metadata, "name").size > 0)
        return true;
    bool is_generated = json_text_at(metadata, "generateName").size > 0;
    (void)kube_manifest_refuse(session, manifest, "metadata", "%s",
                               is_generated ? "the object needs a name: generateName makes another one each time"
                                            : "metadata.name is missing");
    return false;
}

bool kube_object_identify(struct kube_session *session, const struct kube_manifest *manifest, const char *asked,
                          bool is_expected, struct arena *arena, struct kube_object *ret_object)
{
    struct json_value *metadata = json_find(manifest->object, BYTES_LITERAL("metadata"));
    const struct kube_kind *kind = kind_find(session, manifest, is_expected);
    if (kind == NULL || !name_check(session, manifest, metadata))
        return false;
    bytes_t name_space = json_text_at(metadata, "namespace");
    if (kind->is_namespaced && name_space.size > 0 && asked != NULL && !bytes_is(name_space, asked)) {
        (void)kube_manifest_refuse(session, manifest, "metadata.namespace",
                                   "the manifest is for the namespace %.*s, --namespace says %s", BYTES_ARG(name_space),
                                   asked);
        return false;
    }
    if (kind->is_namespaced && name_space.size == 0) {
        name_space = bytes_of_text(session->name_space);
        json_set_bytes(metadata, &session->arena, "namespace", name_space);
    }
    const char *name = arena_text(arena, json_text_at(metadata, "name"));
    *ret_object = (struct kube_object){
        .manifest = manifest,
        .kind = kind,
        .name = name,
        .name_space = kind->is_namespaced ? arena_text(arena, name_space) : NULL,
        .shown = arena_format(arena, "%s/%s", kube_kind_shown(kind, arena), name),
    };
    return true;
}
