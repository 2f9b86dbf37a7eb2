// SPDX-License-Identifier: Apache-2.0
// eddy apply -f FILE: makes the server have what manifests say. As `kubectl apply` does it, so that both can be used on
// the same objects: the manifest is kept in an annotation, and a merge patch says what it has that the object lacks,
// and what it does not say any more. With --server-side the server keeps the books (managedFields).
#include "cli/apply.h"

#include "base/json_edit.h"
#include "cli/kube_fetch.h"
#include "cli/kube_merge.h"
#include "cli/kube_object.h"
#include "cli/kube_url.h"

enum dry_run { DRY_NONE, DRY_CLIENT, DRY_SERVER };
static const char *const dry_runs[] = { "none", "client", "server", NULL };
enum validate { VALIDATE_STRICT, VALIDATE_WARN, VALIDATE_IGNORE, VALIDATE_TRUE, VALIDATE_FALSE };
static const char *const validates[] = { "strict", "warn", "ignore", "true", "false", NULL };

struct config {
    struct kube_link_options link;
    const char *files, *manager;
    bool recursive, server_side, force_conflicts;
    int dry_run, validate;
};

static const struct option_row rows[] = {
    { .flag = "--filename",
      .letter = 'f',
      .group = "Manifests",
      .type = OPTION_TEXT,
      .repeats = true,
      .joint = ',',
      .value_name = "FILE|DIR|-",
      .help = "manifests: a file, a folder (its *.yaml, *.yml, *.json) or standard input; several with commas",
      .at = offsetof(struct config, files) },
    { .flag = "--recursive",
      .letter = 'R',
      .group = "Manifests",
      .type = OPTION_BOOL,
      .help = "folders inside of folders, too",
      .at = offsetof(struct config, recursive) },
    { .flag = "--server-side",
      .group = "Apply",
      .type = OPTION_BOOL,
      .help = "the server merges, field by field, and knows who owns which",
      .at = offsetof(struct config, server_side) },
    { .flag = "--force-conflicts",
      .group = "Apply",
      .type = OPTION_BOOL,
      .help = "with --server-side: take over fields that others own",
      .at = offsetof(struct config, force_conflicts) },
    { .flag = "--field-manager",
      .group = "Apply",
      .type = OPTION_TEXT,
      .value_name = "NAME",
      .help = "in whose name; else kubectl's, so that both can be used on the same objects",
      .at = offsetof(struct config, manager) },
    { .flag = "--dry-run",
      .group = "Apply",
      .type = OPTION_ENUM,
      .default_text = "none",
      .choices = dry_runs,
      .help = "change nothing: only look (client), or have the server check it (server)",
      .at = offsetof(struct config, dry_run) },
    { .flag = "--validate",
      .group = "Apply",
      .type = OPTION_ENUM,
      .default_text = "strict",
      .choices = validates,
      .help = "what becomes of fields that the schema does not know: refused (strict, true), told of (warn) or dropped",
      .at = offsetof(struct config, validate) },
    KUBE_ROWS(struct config),
};

// One object under way.
struct apply {
    struct kube_session *session;
    const struct config *config;
    struct kube_object object;
    struct arena arena;
};

// --- requests

static const char *manager_of(const struct config *config)
{
    if (config->manager != NULL)
        return config->manager;
    return config->server_side ? "kubectl" : "kubectl-client-side-apply";
}

static bytes_t validation_of(const struct config *config)
{
    static const char *const words[] = { "Strict", "Warn", "Ignore", "Strict", "Ignore" };
    return bytes_of_text(words[config->validate]);
}

// NAME NULL: where objects are created.
static const char *path_of(struct apply *apply, const char *name, bool is_forced)
{
    const struct config *config = apply->config;
    struct writer url = WRITER_INIT;
    kube_url_kind(&url, apply->object.kind, apply->object.name_space, name);
    kube_url_parameter(&url, "fieldManager", bytes_of_text(manager_of(config)));
    kube_url_parameter(&url, "fieldValidation", validation_of(config));
    kube_url_parameter(&url, "dryRun", config->dry_run == DRY_SERVER ? BYTES_LITERAL("All") : BYTES_NULL);
    kube_url_parameter(&url, "force", is_forced ? BYTES_LITERAL("true") : BYTES_NULL);
    return kube_url_finish(&url, &apply->arena);
}

static err_t put(struct apply *apply, const char *method, const char *path, const char *type,
                 const struct json_value *body, struct kube_answer *answer)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    json_value_write(&json, body);
    const struct kube_request request = {
        .method = method, .path = path, .content_type = type, .body = writer_view(&text)
    };
    err_t err = kube_link_call(apply->session->link, &request, &apply->arena, answer);
    writer_free(&text);
    return err;
}

// --- what happens to an object

static enum cli_exit say(const struct apply *apply, const char *what)
{
    static const char *const notes[] = { "", " (dry run)", " (server dry run)" };
    struct writer out = WRITER_INIT;
    writer_format(&out, "%s %s%s\n", apply->object.shown, what, notes[apply->config->dry_run]);
    bool is_read = cli_print(&out);
    writer_free(&out);
    return is_read ? CLI_OK : CLI_FAILED;
}

static enum cli_exit complain(const struct apply *apply, const struct kube_answer *answer)
{
    return kube_manifest_complain(apply->session, apply->object.manifest, apply->object.shown, answer);
}

static enum cli_exit apply_on_server(struct apply *apply)
{
    struct kube_answer answer;
    const char *path = path_of(apply, apply->object.name, apply->config->force_conflicts);
    err_t err = put(apply, "PATCH", path, "application/apply-patch+yaml", apply->object.manifest->object, &answer);
    if (err == ERR_OK)
        return say(apply, "serverside-applied");
    (void)complain(apply, &answer);
    if (err == ERR_CONFLICT) {
        const struct kube_answer hint = {
            .message = "others own what the manifest wants otherwise; --force-conflicts takes it over"
        };
        (void)kube_complain(apply->session, NULL, &hint);
    }
    return CLI_FAILED;
}

static enum cli_exit create(struct apply *apply, const struct json_value *wanted)
{
    struct kube_answer answer;
    if (apply->config->dry_run == DRY_CLIENT)
        return say(apply, "created");
    err_t err = put(apply, "POST", path_of(apply, NULL, false), NULL, wanted, &answer);
    return err == ERR_OK ? say(apply, "created") : complain(apply, &answer);
}

static bytes_t version_of(const struct json_value *object)
{
    return json_text_at(json_get(object, "metadata"), "resourceVersion");
}

static enum cli_exit change(struct apply *apply, const struct json_value *wanted, const struct json_value *live)
{
    struct kube_answer answer;
    const struct json_value *original = kube_merge_original(&apply->arena, live);
    const struct json_value *patch = kube_merge_patch(&apply->arena, original, wanted, live);
    if (patch->count == 0)
        return say(apply, "unchanged");
    if (apply->config->dry_run == DRY_CLIENT)
        return say(apply, "configured");
    const char *path = path_of(apply, apply->object.name, false);
    if (put(apply, "PATCH", path, "application/merge-patch+json", patch, &answer) != ERR_OK)
        return complain(apply, &answer);
    // What the manifest leaves to the server's defaults makes a patch that changes nothing.
    bool is_same = apply->config->dry_run == DRY_NONE && bytes_equal(version_of(answer.tree), version_of(live));
    return say(apply, is_same ? "unchanged" : "configured");
}

static enum cli_exit apply_here(struct apply *apply)
{
    struct kube_answer answer;
    const struct json_value *wanted = kube_merge_annotate(&apply->arena, apply->object.manifest->object);
    err_t err = kube_fetch_one(apply->session, apply->object.kind, apply->object.name_space, apply->object.name,
                               &apply->arena, &answer);
    if (err == ERR_NOT_FOUND)
        return create(apply, wanted);
    return err == ERR_OK ? change(apply, wanted, answer.tree) : complain(apply, &answer);
}

// --- all of them

static bool is_definition(const struct kube_manifest *manifest)
{
    return bytes_is(json_text_at(manifest->object, "kind"), "CustomResourceDefinition");
}

static enum cli_exit apply_one(struct kube_session *session, const struct config *config,
                               const struct kube_manifest *manifest, bool is_expected)
{
    struct apply apply = { .session = session, .config = config };
    enum cli_exit code = CLI_FAILED;
    if (kube_object_identify(session, manifest, config->link.name_space, is_expected, &apply.arena, &apply.object))
        code = config->server_side ? apply_on_server(&apply) : apply_here(&apply);
    arena_free(&apply.arena);
    return code;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    (void)arguments;
    const struct config *config = (const struct config *)options;
    struct kube_manifests manifests;
    bool has_definitions = false;
    kube_manifests_read(session, config->files, config->recursive, &manifests);
    enum cli_exit code = manifests.has_failed ? CLI_FAILED : CLI_OK;
    if (manifests.count == 0 && !manifests.has_failed) {
        const struct kube_answer nothing = { .message = "there are no objects in it" };
        code = kube_complain(session, config->files, &nothing);
    }
    for (size_t i = 0; i < manifests.count; i++) {
        enum cli_exit one = apply_one(session, config, &manifests.items[i], has_definitions);
        bool is_applied = one == CLI_OK && config->dry_run == DRY_NONE;
        has_definitions = has_definitions || (is_applied && is_definition(&manifests.items[i]));
        code = one == CLI_OK ? code : one;
    }
    return code;
}

static err_t check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag)
{
    (void)arguments;
    const struct config *config = (const struct config *)options;
    if (config->files == NULL)
        return diag_fail(diag, ERR_INVALID, "", "-f FILE says what to apply");
    if (config->force_conflicts && !config->server_side)
        return diag_fail(diag, ERR_INVALID, "--force-conflicts", "only with --server-side are there conflicts");
    if (config->server_side && config->dry_run == DRY_CLIENT)
        return diag_fail(diag, ERR_INVALID, "--dry-run", "with --server-side it is the server that knows: =server");
    return ERR_OK;
}

enum cli_exit cli_apply(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "apply", "-f FILE [options]",
          "Makes the server have what manifests say, YAML or JSON, as `kubectl apply` does: what they say is set, what "
          "they do not say any more goes, what others wrote stays. If one object fails, the others are applied.\n\n"
          "  eddy apply -f shop.yaml\n"
          "  eddy apply -f manifests/ -n shop --dry-run=server\n"
          "  generate | eddy apply --server-side -f -",
          0, 0 },
        { rows, ARRAY_COUNT(rows) },
        check,
        run,
    };
    struct config config;
    return kube_command_run(&command, &config.link, count, texts);
}
