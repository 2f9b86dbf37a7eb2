// SPDX-License-Identifier: Apache-2.0
// What the commands of the command line make of a Kubernetes API's answers (cli/): kinds of its discovery, explanations
// of its OpenAPI, descriptions of its objects, and patches against them. The input is one JSON value, taken for all of
// these; as text it is a kubeconfig, too.
#include "base/assert.h"
#include "cli/describe_object.h"
#include "cli/explain_text.h"
#include "cli/kube_config.h"
#include "cli/kube_kinds.h"
#include "cli/kube_merge.h"
#include "kube/patch/merge_patch.h"

static const struct json_limits limits = { .size = 1 << 17, .values = 16384 };

static void check_kinds(struct arena *arena, const struct json_value *value)
{
    struct kube_kinds kinds = { 0 };
    kube_kinds_add(&kinds, value, arena);
    kube_kinds_add(&kinds, json_get(value, "more"), arena);
    for (size_t i = 0; i < kinds.count && i < 32; i++) {
        const struct kube_kind *kind = &kinds.items[i];
        const struct kube_kind *found = kube_kinds_find(&kinds, kind->plural);
        bool is_plain = kind->plural.size > 0 && memchr(kind->plural.data, '.', kind->plural.size) == NULL;
        ASSERT(!is_plain || found != NULL);
        (void)kube_kinds_of_object(&kinds, kube_kind_api_version(kind, arena), kind->name);
        (void)kube_kinds_in_category(&kinds, kind->singular, kind);
        (void)kube_kind_shown(kind, arena);
        (void)kube_kind_can(kind, "list");
    }
    (void)kube_kinds_nearest(&kinds, json_text_at(value, "near"), arena);
}

// Nothing in it steers a terminal.
static void check_plain(bytes_t text)
{
    for (size_t i = 0; i < text.size; i++)
        ASSERT((text.data[i] >= ' ' && text.data[i] != 0x7f) || text.data[i] == '\n' || text.data[i] == '\t');
}

// The first schemas, and a path into them.
static void check_explain(const struct json_value *value)
{
    static const char *const path[] = { "spec", "parts", "name" };
    const struct json_value *schemas = json_get(json_get(value, "components"), "schemas");
    const struct json_value *schema = schemas == NULL ? NULL : schemas->first;
    for (size_t i = 0; schema != NULL && i < 8; schema = schema->next, i++) {
        const struct json_value *names = json_get(schema, "x-kubernetes-group-version-kind");
        const struct json_value *name = names == NULL ? NULL : names->first;
        struct explain explain = {
            .document = value,
            .group = json_text_at(name, "group"),
            .version = json_text_at(name, "version"),
            .kind = json_text_at(name, "kind"),
            .path = path,
            .path_size = i % 4,
        };
        struct writer out = { .limit = 1 << 20 };
        diag_t diag;
        err_t err = explain_text(&explain, &out, &diag);
        ASSERT(err == ERR_OK || out.size == 0);
        check_plain(writer_view(&out));
        writer_free(&out);
    }
}

static void check_describe(const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    describe_object(value, json_get(value, "events"), 1700000000000, &out);
    check_plain(writer_view(&out));
    writer_free(&out);
}

// What the patch makes of the object needs no other patch.
static void check_merge(struct arena *arena, const struct json_value *value)
{
    const struct json_value *original = json_get(value, "original"), *wanted = json_get(value, "wanted");
    const struct json_value *live = json_get(value, "live");
    struct json_value *patched;
    const char *text;
    if (wanted == NULL || wanted->type != JSON_OBJECT || live == NULL || live->type != JSON_OBJECT)
        return;
    const struct json_value *patch = kube_merge_patch(arena, original, wanted, live);
    err_t err = merge_patch_apply(arena, live, patch, &patched, &text);
    ASSERT(err == ERR_OK);
    ASSERT(kube_merge_patch(arena, original, wanted, patched)->count == 0);
    const struct json_value *annotated = kube_merge_annotate(arena, wanted);
    ASSERT(kube_merge_original(arena, annotated) != NULL);
}

static void check_config(struct arena *arena, bytes_t text)
{
    const struct kube_config_file files[] = { { "a/config", text }, { "config", text } };
    struct kube_config config;
    diag_t diag;
    err_t err = kube_config_read(files, 2, NULL, arena, &config, &diag);
    ASSERT(err == ERR_OK || diag.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct json_value *value;
    check_config(&arena, bytes_of(data, size));
    if (json_parse(bytes_of(data, size), &limits, &arena, &value, NULL) == ERR_OK) {
        json_unique(value, NULL, NULL);
        check_kinds(&arena, value);
        check_explain(value);
        check_describe(value);
        check_merge(&arena, value);
    }
    arena_free(&arena);
    return 0;
}
