// SPDX-License-Identifier: Apache-2.0
// eddy explain KIND[.FIELD...]: what the fields of a kind mean, as the server's OpenAPI says. With --broker it explains
// an event instead (explain_broker.c).
#include "cli/explain.h"

#include "base/json_edit.h"
#include "cli/explain_broker.h"
#include "cli/explain_text.h"
#include "cli/kube_target.h"

enum { PATH_MAX_SIZE = 64 };

struct config {
    struct kube_link_options link;
    const char *api_version;
    bool recursive;
};

static const struct option_row rows[] = {
    { .flag = "--recursive",
      .letter = 'R',
      .group = "Explain",
      .type = OPTION_BOOL,
      .help = "fields of fields, without their descriptions",
      .at = offsetof(struct config, recursive) },
    { .flag = "--api-version",
      .group = "Explain",
      .type = OPTION_TEXT,
      .value_name = "GROUP/VERSION",
      .help = "the kind as this version has it",
      .at = offsetof(struct config, api_version) },
    KUBE_ROWS(struct config),
};

static err_t fetch(struct kube_session *session, const char *path, struct kube_answer *answer, diag_t *diag)
{
    const struct kube_request request = { .method = "GET", .path = path };
    err_t err = kube_link_call(session->link, &request, &session->arena, answer);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "%s", cli_shown(&session->arena, bytes_of_text(answer->message)));
    return ERR_OK;
}

// /openapi/v3 says where the document of each version is.
static err_t document_fetch(struct kube_session *session, const struct kube_kind *kind,
                            const struct json_value **ret_document, diag_t *diag)
{
    struct arena *arena = &session->arena;
    struct kube_answer answer;
    err_t err = fetch(session, "/openapi/v3", &answer, diag);
    if (err != ERR_OK)
        return err;
    const char *key = arena_format(arena, "%s/%.*s", kind->group.size == 0 ? "api" : "apis",
                                   BYTES_ARG(kube_kind_api_version(kind, arena)));
    bytes_t path = json_text_at(json_find(json_get(answer.tree, "paths"), bytes_of_text(key)), "serverRelativeURL");
    if (path.size == 0 || path.data[0] != '/')
        return diag_fail(diag, ERR_NOT_FOUND, key, "the server has no OpenAPI v3 document of this version");
    err = fetch(session, arena_text(arena, path), &answer, diag);
    if (err == ERR_OK)
        *ret_document = answer.tree;
    return err;
}

// Another version of the kind than the preferred one.
static err_t version_find(const struct kube_session *session, const char *api_version, const struct kube_kind **kind,
                          diag_t *diag)
{
    const struct kube_kind *found = kube_kinds_of_object(&session->kinds, bytes_of_text(api_version), (*kind)->name);
    if (found == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, api_version, "the server has no %.*s in this version",
                         BYTES_ARG((*kind)->name));
    *kind = found;
    return ERR_OK;
}

// FIELDS: "spec.parts", "". Their names live in the session's arena.
static err_t path_split(struct kube_session *session, const char *fields, const char **path, size_t *ret_size,
                        diag_t *diag)
{
    *ret_size = 0;
    while (*fields != '\0') {
        size_t size = strcspn(fields, ".");
        if (*ret_size == PATH_MAX_SIZE)
            return diag_fail(diag, ERR_INVALID, "", "the path has more than %d fields", PATH_MAX_SIZE);
        if (size > 0)
            path[(*ret_size)++] = arena_text(&session->arena, bytes_of(fields, size));
        fields += size + (fields[size] == '.');
    }
    return ERR_OK;
}

static err_t print(struct kube_session *session, const struct config *config, const char *text, diag_t *diag)
{
    const char *path[PATH_MAX_SIZE];
    struct explain explain = { .path = path, .recursive = config->recursive };
    size_t kind_size = strcspn(text, ".");
    const struct kube_kind *kind = NULL;
    err_t err = kube_kind_read(session, bytes_of(text, kind_size), &kind, diag);
    if (err == ERR_OK && config->api_version != NULL)
        err = version_find(session, config->api_version, &kind, diag);
    if (err == ERR_OK)
        err = path_split(session, text + kind_size, path, &explain.path_size, diag);
    if (err == ERR_OK)
        err = document_fetch(session, kind, &explain.document, diag);
    if (err != ERR_OK)
        return err;
    struct writer out = WRITER_INIT;
    explain.group = kind->group;
    explain.version = kind->version;
    explain.kind = kind->name;
    err = explain_text(&explain, &out, diag);
    if (err == ERR_OK)
        (void)cli_print(&out);
    writer_free(&out);
    return err;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    diag_t diag = { 0 };
    err_t err = print(session, (const struct config *)options, arguments->rest[0], &diag);
    return err == ERR_OK ? CLI_OK : cli_complain(session->command, &diag);
}

enum cli_exit cli_explain(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "explain", "KIND[.FIELD...] [options]",
          "Says what a kind of Kubernetes resource is for and what its fields mean, as `kubectl explain` does.\n\n"
          "  eddy explain pod\n"
          "  eddy explain pod.spec.containers\n"
          "  eddy explain job --recursive\n\n"
          "With --broker it says which triggers take an event, and why (`eddy explain --broker B --help`):\n\n"
          "  eddy explain --broker default --event order.json",
          1, 1 },
        { rows, ARRAY_COUNT(rows) },
        NULL,
        run,
    };
    struct config config;
    const char *flag = cli_explain_misses_broker(count, texts);
    if (cli_explains_broker(count, texts))
        return cli_explain_broker(count, texts);
    if (flag != NULL) {
        diag_t diag;
        (void)diag_fail(&diag, ERR_INVALID, flag,
                        "goes with --broker: eddy explain --broker NAME --event FILE|--id ID");
        (void)cli_complain("explain", &diag);
        return CLI_USAGE;
    }
    return kube_command_run(&command, &config.link, count, texts);
}
