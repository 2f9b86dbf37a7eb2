// SPDX-License-Identifier: Apache-2.0
// eddy delete KIND NAME..., or -f FILE: asks the server to delete objects, and waits until they are gone.
#include "cli/delete.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "cli/kube_fetch.h"
#include "cli/kube_object.h"
#include "cli/kube_target.h"
#include "cli/kube_url.h"
#include "io/clock.h"

#include <stdlib.h>

enum dry_run { DRY_NONE, DRY_CLIENT, DRY_SERVER };
static const char *const dry_runs[] = { "none", "client", "server", NULL };
static const char *const cascades[] = { "background", "foreground", "orphan", NULL };

struct config {
    struct kube_link_options link;
    const char *files, *labels, *fields;
    bool recursive, all, all_namespaces, wait, ignore_not_found;
    int cascade, dry_run;
    int64_t timeout_ms, grace_s;
};

static const struct option_row rows[] = {
    { .flag = "--filename",
      .letter = 'f',
      .group = "Objects",
      .type = OPTION_TEXT,
      .repeats = true,
      .joint = ',',
      .value_name = "FILE|DIR|-",
      .help = "those of manifests: a file, a folder or standard input; several with commas",
      .at = offsetof(struct config, files) },
    { .flag = "--recursive",
      .letter = 'R',
      .group = "Objects",
      .type = OPTION_BOOL,
      .help = "folders inside of folders, too",
      .at = offsetof(struct config, recursive) },
    { .flag = "--all",
      .group = "Objects",
      .type = OPTION_BOOL,
      .help = "all of the kind in the namespace",
      .at = offsetof(struct config, all) },
    { .flag = "--all-namespaces",
      .letter = 'A',
      .group = "Objects",
      .type = OPTION_BOOL,
      .help = "with --all or a selector: in all namespaces",
      .at = offsetof(struct config, all_namespaces) },
    { .flag = "--selector",
      .letter = 'l',
      .group = "Objects",
      .type = OPTION_TEXT,
      .value_name = "LABELS",
      .help = "those that have these labels",
      .at = offsetof(struct config, labels) },
    { .flag = "--field-selector",
      .group = "Objects",
      .type = OPTION_TEXT,
      .value_name = "FIELDS",
      .help = "those that have these fields",
      .at = offsetof(struct config, fields) },
    { .flag = "--ignore-not-found",
      .group = "Objects",
      .type = OPTION_BOOL,
      .help = "what is not there is no failure; --all and selectors imply it",
      .at = offsetof(struct config, ignore_not_found) },
    { .flag = "--cascade",
      .group = "Delete",
      .type = OPTION_ENUM,
      .default_text = "background",
      .choices = cascades,
      .help = "what the object owns goes after it, goes before it, or stays",
      .at = offsetof(struct config, cascade) },
    { .flag = "--grace-period",
      .group = "Delete",
      .type = OPTION_INT,
      .default_text = "-1",
      .min = -1,
      .max = 1 << 30,
      .value_name = "SECONDS",
      .help = "how long the object may take to end; -1: as it says itself",
      .at = offsetof(struct config, grace_s) },
    { .flag = "--dry-run",
      .group = "Delete",
      .type = OPTION_ENUM,
      .default_text = "none",
      .choices = dry_runs,
      .help = "delete nothing: only look (client), or have the server check it (server)",
      .at = offsetof(struct config, dry_run) },
    { .flag = "--wait",
      .group = "Delete",
      .type = OPTION_BOOL,
      .default_text = "true",
      .help = "until the objects are gone, finalizers included; --no-wait: only ask for it",
      .at = offsetof(struct config, wait) },
    { .flag = "--timeout",
      .group = "Delete",
      .type = OPTION_DURATION,
      .default_text = "0",
      .help = "how long to wait; 0: for ever",
      .at = offsetof(struct config, timeout_ms) },
    KUBE_ROWS(struct config),
};

// What was deleted and may take its time to go.
struct leaving {
    const struct kube_kind *kind;
    const char *name_space, *name, *uid; // in the session's arena
};

struct delete
{
    struct kube_session *session;
    const struct config *config;
    struct leaving *leaving;
    size_t count, capacity;
    size_t met; // objects that were deleted, or would be
    bool has_failed;
};

// --- one object

static bool is_selected(const struct config *config)
{
    return config->all || config->labels != NULL || config->fields != NULL;
}

static void say(const struct delete *delete, const struct kube_kind *kind, const char *name_space, const char *name)
{
    static const char *const notes[] = { "", " (dry run)", " (server dry run)" };
    struct writer out = WRITER_INIT;
    struct arena arena = ARENA_INIT;
    writer_format(&out, "%s \"%s\" deleted", kube_kind_shown(kind, &arena), name);
    if (kind->is_namespaced)
        writer_format(&out, " from %s namespace", name_space);
    writer_format(&out, "%s\n", notes[delete->config->dry_run]);
    (void)cli_print(&out);
    writer_free(&out);
    arena_free(&arena);
}

static void options_write(const struct config *config, struct writer *out)
{
    static const char *const policies[] = { "Background", "Foreground", "Orphan" };
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_text(&json, "kind", "DeleteOptions");
    json_field_text(&json, "apiVersion", "v1");
    json_field_text(&json, "propagationPolicy", policies[config->cascade]);
    if (config->grace_s >= 0)
        json_field_int(&json, "gracePeriodSeconds", config->grace_s);
    if (config->dry_run == DRY_SERVER) {
        json_key(&json, "dryRun");
        json_array_begin(&json);
        json_text(&json, "All");
        json_array_end(&json);
    }
    json_object_end(&json);
}

static err_t ask(const struct delete *delete, const struct kube_kind *kind, const char *name_space, const char *name,
                 struct arena *arena, struct kube_answer *answer)
{
    if (delete->config->dry_run == DRY_CLIENT)
        return kube_fetch_one(delete->session, kind, name_space, name, arena, answer);
    struct writer url = WRITER_INIT, body = WRITER_INIT;
    kube_url_kind(&url, kind, name_space, name);
    options_write(delete->config, &body);
    const struct kube_request request = { .method = "DELETE",
                                          .path = kube_url_finish(&url, arena),
                                          .body = writer_view(&body) };
    err_t err = kube_link_call(delete->session->link, &request, arena, answer);
    writer_free(&body);
    return err;
}

// The answer is the object as it is on its way out, or a Status whose details have its uid.
static void remember(struct delete *delete, const struct kube_kind *kind, const char *name_space, const char *name,
                     const struct json_value *answer)
{
    struct arena *arena = &delete->session->arena;
    bytes_t uid = json_text_at(json_get(answer, "metadata"), "uid");
    if (uid.size == 0)
        uid = json_text_at(json_get(answer, "details"), "uid");
    MEM_GROW(delete->leaving, delete->count, delete->capacity);
    delete->leaving[delete->count++] = (struct leaving){
        .kind = kind,
        .name_space = name_space == NULL ? NULL : arena_text(arena, bytes_of_text(name_space)),
        .name = arena_text(arena, bytes_of_text(name)),
        .uid = arena_text(arena, uid),
    };
}

// MANIFEST NULL: the object is named by the command line.
static void delete_one(struct delete *delete, const struct kube_kind *kind, const char *name_space, const char *name,
                       const struct kube_object *object)
{
    struct arena arena = ARENA_INIT;
    struct kube_answer answer;
    const struct config *config = delete->config;
    err_t err = ask(delete, kind, name_space, name, &arena, &answer);
    bool is_ignored = err == ERR_NOT_FOUND && (config->ignore_not_found || is_selected(config));
    if (err == ERR_OK) {
        delete->met++;
        say(delete, kind, name_space, name);
        if (config->dry_run == DRY_NONE)
            remember(delete, kind, name_space, name, answer.tree);
    } else if (!is_ignored) {
        delete->has_failed = true;
        if (object != NULL)
            (void)kube_manifest_complain(delete->session, object->manifest, object->shown, &answer);
        else
            (void)kube_complain(delete->session, NULL, &answer);
    }
    arena_free(&arena);
}

// --- all of them

static void delete_selected(struct delete *delete, const struct kube_kind *kind)
{
    const struct config *config = delete->config;
    struct arena arena = ARENA_INIT;
    struct kube_answer answer;
    const struct kube_query query = {
        .kind = kind,
        .name_space = config->all_namespaces ? NULL : delete->session->name_space,
        .labels = config->labels,
        .fields = config->fields,
    };
    const struct json_value *items = NULL;
    if (kube_fetch(delete->session, &query, &arena, &answer) == ERR_OK) {
        items = json_get(answer.tree, "items");
    } else {
        delete->has_failed = true;
        (void)kube_complain(delete->session, NULL, &answer);
    }
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        const struct json_value *metadata = json_get(item, "metadata");
        const char *name_space = arena_text(&arena, json_text_at(metadata, "namespace"));
        delete_one(delete, kind, kind->is_namespaced ? name_space : NULL,
                   arena_text(&arena, json_text_at(metadata, "name")), NULL);
    }
    arena_free(&arena);
}

static void delete_targets(struct delete *delete, const struct kube_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct kube_kind *kind = targets->items[i].kind;
        const char *name = targets->items[i].name;
        if (name == NULL)
            delete_selected(delete, kind);
        else
            delete_one(delete, kind, kind->is_namespaced ? delete->session->name_space : NULL, name, NULL);
    }
}

static void delete_manifests(struct delete *delete)
{
    struct kube_session *session = delete->session;
    struct kube_manifests manifests;
    kube_manifests_read(session, delete->config->files, delete->config->recursive, &manifests);
    delete->has_failed = manifests.has_failed;
    for (size_t i = 0; i < manifests.count; i++) {
        struct kube_object object;
        if (kube_object_identify(session, &manifests.items[i], delete->config->link.name_space, false, &session->arena,
                                 &object))
            delete_one(delete, object.kind, object.name_space, object.name, &object);
        else
            delete->has_failed = true;
    }
}

// --- waiting

// Gone, or another object of that name is there.
static bool is_gone(const struct delete *delete, const struct leaving *leaving, struct kube_answer *failure)
{
    struct arena arena = ARENA_INIT;
    struct kube_answer answer;
    err_t err = kube_fetch_one(delete->session, leaving->kind, leaving->name_space, leaving->name, &arena, &answer);
    bytes_t uid = json_text_at(json_get(answer.tree, "metadata"), "uid");
    bool is_other = err == ERR_OK && leaving->uid[0] != '\0' && !bytes_is(uid, leaving->uid);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        failure->message = arena_text(&delete->session->arena, bytes_of_text(answer.message));
    arena_free(&arena);
    return err == ERR_NOT_FOUND || is_other;
}

static enum cli_exit wait_for(const struct delete *delete)
{
    enum { PAUSE_FIRST_MS = 10, PAUSE_MAX_MS = 500 };
    const struct config *config = delete->config;
    int64_t start_ns = clock_mono_ns(), pause_ms = PAUSE_FIRST_MS;
    for (size_t i = 0; i < delete->count;) {
        struct kube_answer failure = { 0 };
        if (is_gone(delete, &delete->leaving[i], &failure)) {
            i++;
            continue;
        }
        bool is_late = config->timeout_ms > 0 && clock_mono_ns() - start_ns > config->timeout_ms * 1000000;
        if (failure.message == NULL && is_late)
            failure.message = "it is still there, perhaps for its finalizers; the wait is over (--timeout)";
        if (failure.message != NULL)
            return kube_complain(delete->session, delete->leaving[i].name, &failure);
        kube_pause(pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
    }
    return CLI_OK;
}

// --- the command

static err_t check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct config *config = (const struct config *)options;
    bool has_kind = arguments->rest_count > 0;
    bool has_name = arguments->rest_count > 1 || (has_kind && strchr(arguments->rest[0], '/') != NULL);
    bool is_chosen = is_selected(config);
    if (!has_kind && config->files == NULL)
        return diag_fail(diag, ERR_INVALID, "", "KIND NAME or -f FILE says what to delete");
    if (config->files != NULL && (has_kind || is_chosen))
        return diag_fail(diag, ERR_INVALID, "-f", "the manifests say what to delete: no KIND, no selector beside them");
    if (has_name && is_chosen)
        return diag_fail(diag, ERR_INVALID, "", "a name and a selector (or --all) cannot stand beside each other");
    if (has_kind && !has_name && !is_chosen)
        return diag_fail(diag, ERR_INVALID, arguments->rest[0], "which of them? NAME..., -l LABELS or --all");
    if (config->all_namespaces && !is_chosen)
        return diag_fail(diag, ERR_INVALID, "--all-namespaces", "a name is one of a single namespace: -n NAMESPACE");
    return ERR_OK;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    const struct config *config = (const struct config *)options;
    struct delete delete = { .session = session, .config = config };
    struct kube_targets targets = { 0 };
    diag_t diag = { 0 };
    enum cli_exit code = CLI_OK;
    if (config->files != NULL) {
        delete_manifests(&delete);
    } else {
        err_t err = kube_targets_read(session, arguments, &targets, &diag);
        if (err != ERR_OK) {
            (void)cli_complain(session->command, &diag);
            return err == ERR_INVALID ? CLI_USAGE : CLI_FAILED;
        }
        delete_targets(&delete, &targets);
    }
    if (is_selected(config) && delete.met == 0 && !delete.has_failed) {
        struct writer out = WRITER_INIT;
        writer_text(&out, "No resources found\n");
        (void)cli_print(&out);
        writer_free(&out);
    }
    if (config->wait)
        code = wait_for(&delete);
    free(delete.leaving);
    return delete.has_failed ? CLI_FAILED : code;
}

enum cli_exit cli_delete(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "delete", "[KIND NAME...] [options]",
          "Deletes Kubernetes resources as `kubectl delete` does, and waits until they are gone.\n\n"
          "  eddy delete configmap settings\n"
          "  eddy delete pods -l app=web\n"
          "  eddy delete -f manifests/ --ignore-not-found",
          0, CLI_REST_MAX },
        { rows, ARRAY_COUNT(rows) },
        check,
        run,
    };
    struct config config;
    return kube_command_run(&command, &config.link, count, texts);
}
