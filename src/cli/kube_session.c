// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_session.h"

#include "io/file.h"
#include "io/loop.h"
#include "io/system.h"

enum { KUBECONFIG_SIZE_MAX = 16 << 20, KUBECONFIG_FILES_MAX = 32 };

// --- complaints

// Of a text from elsewhere: no escape sequences, and what has several lines stays one complaint.
static void put_message(struct writer *to, const char *message)
{
    for (const char *c = message; *c != '\0'; c++) {
        if (*c == '\n')
            writer_text(to, c[1] == '\0' ? "" : "\n  ");
        else
            writer_u8(to, (unsigned char)*c < ' ' || *c == '\x7f' ? '?' : (uint8_t)*c);
    }
}

void kube_complaint_write(struct writer *to, const char *command, const char *where, const struct kube_answer *answer)
{
    writer_format(to, "eddy %s: ", command);
    if (where != NULL && where[0] != '\0') {
        put_message(to, where);
        writer_text(to, ": ");
    }
    put_message(to, answer->message);
    if (answer->reason.size > 0 && answer->status != 401)
        writer_format(to, " (%.*s)", BYTES_ARG(answer->reason));
    writer_text(to, "\n");
}

enum cli_exit kube_complain(const struct kube_session *session, const char *where, const struct kube_answer *answer)
{
    struct writer out = WRITER_INIT;
    kube_complaint_write(&out, session->command, where, answer);
    (void)system_write_err(writer_view(&out)); // where standard error is closed there is nobody left to tell
    writer_free(&out);
    return CLI_FAILED;
}

// --- the kubeconfig

struct config_files {
    struct kube_config_file items[KUBECONFIG_FILES_MAX];
    size_t count;
};

// A file that is not there is passed over: $KUBECONFIG may name several.
static err_t file_add(struct config_files *files, const char *path, struct arena *arena, diag_t *diag)
{
    struct buf *buf;
    err_t err = file_read_whole(path, KUBECONFIG_SIZE_MAX, &buf);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "%s", err_text(err));
    if (files->count == KUBECONFIG_FILES_MAX) {
        buf_unref(buf);
        return diag_fail(diag, ERR_INVALID, "--kubeconfig", "names more than %d files", KUBECONFIG_FILES_MAX);
    }
    bytes_t text = arena_copy(arena, bytes_of(buf->data, buf->capacity));
    files->items[files->count++] = (struct kube_config_file){ path, text };
    buf_unref(buf);
    return ERR_OK;
}

static err_t files_add(struct config_files *files, const char *paths, struct arena *arena, diag_t *diag)
{
    err_t err = ERR_OK;
    while (err == ERR_OK && *paths != '\0') {
        size_t size = strcspn(paths, ":");
        if (size > 0)
            err = file_add(files, arena_text(arena, bytes_of(paths, size)), arena, diag);
        paths += size + (paths[size] == ':');
    }
    return err;
}

// A data folder that the command line names is meant, whatever the environment says.
static const char *paths_of(const struct kube_link_options *options, const struct option_set *set, struct arena *arena)
{
    bool is_data = option_flag_source(set, "--data") == OPTION_FROM_FLAG &&
                   option_flag_source(set, "--kubeconfig") != OPTION_FROM_FLAG;
    if (options->kubeconfig != NULL && !is_data)
        return options->kubeconfig;
    return arena_format(arena, "%s/kubeconfig", options->data);
}

static err_t config_read(const struct kube_link_options *options, const struct option_set *set, struct arena *arena,
                         struct kube_config *ret_config, diag_t *diag)
{
    struct config_files files = { .count = 0 };
    struct kube_config config = { 0 };
    const char *paths = paths_of(options, set, arena);
    err_t err = files_add(&files, paths, arena, diag);
    if (err == ERR_OK && files.count == 0 && options->server == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, paths,
                         "there is no such file. `eddy serve` starts a server, which writes it into its data folder; "
                         "--data names another folder, --kubeconfig another file");
    if (err == ERR_OK && files.count > 0)
        err = kube_config_read(files.items, files.count, options->context, arena, &config, diag);
    if (err != ERR_OK)
        return err;
    if (options->server != NULL)
        config.server = options->server;
    if (options->token != NULL)
        config.token = (struct kube_credential){ .data = bytes_of_text(options->token) };
    *ret_config = config;
    return ERR_OK;
}

// --- the kinds

static err_t discover(struct kube_session *session, const char *path, struct kube_kinds *kinds, diag_t *diag)
{
    static const char accept[] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                                 "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    const struct kube_request request = { .method = "GET", .path = path, .accept = accept };
    struct kube_answer answer;
    err_t err = kube_link_call(session->link, &request, &session->arena, &answer);
    if (err != ERR_OK)
        return diag_fail(diag, err, "", "%s", cli_shown(&session->arena, bytes_of_text(answer.message)));
    if (!bytes_is(json_text_at(answer.tree, "kind"), "APIGroupDiscoveryList"))
        return diag_fail(diag, ERR_UNSUPPORTED, path,
                         "the server does not list its kinds as Kubernetes 1.27 and later do (aggregated discovery)");
    kube_kinds_add(kinds, answer.tree, &session->arena);
    return ERR_OK;
}

err_t kube_session_discover(struct kube_session *session, diag_t *diag)
{
    struct kube_kinds kinds = { 0 };
    err_t err = discover(session, "/api", &kinds, diag);
    if (err == ERR_OK)
        err = discover(session, "/apis", &kinds, diag);
    if (err == ERR_OK)
        session->kinds = kinds;
    return err;
}

// --- commands

static void on_pause_end(struct timer *timer)
{
    loop_stop(timer->loop);
}

void kube_pause(int64_t ms)
{
    struct loop *loop = loop_new(0);
    struct timer timer;
    timer_init(&timer, loop, on_pause_end);
    timer_start(&timer, ms);
    loop_run(loop);
    loop_free(loop);
}

err_t kube_session_open(struct kube_session *session, const struct kube_link_options *options,
                        const struct option_set *set, diag_t *diag)
{
    struct kube_config config = { 0 };
    err_t err = config_read(options, set, &session->arena, &config, diag);
    session->server = config.server;
    if (err == ERR_OK)
        err = kube_link_open(&config, &session->link, diag);
    if (err == ERR_OK)
        err = kube_session_discover(session, diag);
    const char *of_config = config.name_space == NULL ? "default" : config.name_space;
    session->name_space = options->name_space == NULL ? of_config : options->name_space;
    return err;
}

void kube_session_close(struct kube_session *session)
{
    kube_link_close(session->link);
    arena_free(&session->arena);
}

enum cli_exit kube_command_run(const struct kube_command *command, struct kube_link_options *options, int count,
                               const char *const *texts)
{
    struct cli_arguments arguments;
    struct kube_session session = { .command = command->usage.name, .arena = ARENA_INIT };
    enum cli_exit code = CLI_OK;
    if (!cli_arguments_read(&arguments, &command->usage, command->table, options, count, texts, &code))
        return code;
    diag_t diag = { 0 };
    if (command->check != NULL && command->check(options, &arguments, &diag) != ERR_OK) {
        (void)cli_complain(command->usage.name, &diag);
        code = CLI_USAGE;
    } else if (kube_session_open(&session, options, &arguments.set, &diag) != ERR_OK) {
        code = cli_complain(command->usage.name, &diag);
    } else {
        code = command->run(&session, options, &arguments);
    }
    kube_session_close(&session);
    cli_arguments_free(&arguments);
    return code;
}
