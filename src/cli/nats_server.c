// SPDX-License-Identifier: Apache-2.0
// eddy in the place of nats-server: its flags, its complaints, its exit codes.
#include "cli/nats_server.h"

#include "app/nats_server.h"
#include "app/nats_settings.h"
#include "io/file.h"
#include "io/system.h"

#include <stdio.h>

enum { PROCESSES_MAX = 64, PID_FILE_SIZE_MAX = 64 };

static enum cli_exit print(struct writer *out)
{
    enum cli_exit code = cli_print(out) ? CLI_OK : CLI_FAILED;
    writer_free(out);
    return code;
}

// "nats-server: WHERE: TEXT" to standard error; WHERE may be empty.
static enum cli_exit complain(const char *where, const char *text)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, CLI_NATS_SERVER ": %s%s%s\n", where, where[0] == '\0' ? "" : ": ", text);
    // Where standard error is closed there is nobody left to tell.
    (void)system_write_err(writer_view(&out));
    writer_free(&out);
    return CLI_FAILED;
}

// ---- --signal

static const struct {
    const char *name;
    enum system_signal number;
} signals[] = {
    { "ldm", SYSTEM_USER_2 },     { "stop", SYSTEM_KILL },     { "quit", SYSTEM_INTERRUPT },
    { "term", SYSTEM_TERMINATE }, { "reopen", SYSTEM_USER_1 }, { "reload", SYSTEM_HANGUP },
};

// A process id, or the file that holds one.
static err_t read_target(const char *target, uint64_t *ret_id, diag_t *diag)
{
    int64_t id;
    bytes_t text = bytes_of_text(target);
    struct buf *file = NULL;
    err_t err = ERR_OK;
    if (!bytes_to_int64(text, &id)) {
        err = file_read_whole(target, PID_FILE_SIZE_MAX, &file);
        if (err != ERR_OK)
            return diag_fail(diag, err, "", "invalid pid: %s: no process id, and no file that holds one: %s", target,
                             err_text(err));
        text = bytes_of(file->data, file->capacity);
        while (text.size > 0 && text.data[text.size - 1] <= ' ')
            text.size--;
    }
    if (!bytes_to_int64(text, &id) || id < 1)
        err = diag_fail(diag, ERR_INVALID, "", "invalid pid: %s", target);
    else
        *ret_id = (uint64_t)id;
    buf_unref(file);
    return err;
}

// Whoever goes by the name, as long as that is one.
static err_t find_target(uint64_t *ret_id, diag_t *diag)
{
    uint64_t ids[PROCESSES_MAX];
    size_t count = system_find_processes(CLI_NATS_SERVER, ids, PROCESSES_MAX);
    if (count == 0)
        return diag_fail(diag, ERR_NOT_FOUND, "", "no " CLI_NATS_SERVER " processes running");
    if (count > 1) {
        struct writer list = WRITER_INIT;
        for (size_t i = 0; i < count && i < PROCESSES_MAX; i++)
            writer_format(&list, "\n%llu", (unsigned long long)ids[i]);
        err_t err = diag_fail(diag, ERR_INVALID, "", "multiple " CLI_NATS_SERVER " processes running:%.*s",
                              BYTES_ARG(writer_view(&list)));
        writer_free(&list);
        return err;
    }
    *ret_id = ids[0];
    return ERR_OK;
}

// "12*": all whose process id begins with 12.
static err_t find_targets(const char *pattern, uint64_t ids[PROCESSES_MAX], size_t *ret_count, diag_t *diag)
{
    size_t size = strlen(pattern) - 1, kept = 0;
    size_t count = system_find_processes(CLI_NATS_SERVER, ids, PROCESSES_MAX);
    for (size_t i = 0; i < count && i < PROCESSES_MAX; i++) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)ids[i]);
        if (strncmp(text, pattern, size) == 0)
            ids[kept++] = ids[i];
    }
    *ret_count = kept;
    return kept > 0
               ? ERR_OK
               : diag_fail(diag, ERR_NOT_FOUND, "", "no " CLI_NATS_SERVER " processes running with the id %s", pattern);
}

static err_t signal_one(uint64_t id, const char *name, diag_t *diag)
{
    size_t i = 0;
    while (i + 1 < ARRAY_COUNT(signals) && strcmp(signals[i].name, name) != 0) // it is one of them: the flags were read
        i++;
    err_t err = system_send_signal(id, signals[i].number);
    return err == ERR_OK ? err
                         : diag_fail(diag, err, "", "signal \"%s\" %llu: %s", name, (unsigned long long)id,
                                     err == ERR_NOT_FOUND ? "no such process" : err_text(err));
}

static enum cli_exit send_signal(const struct nats_flags *flags)
{
    diag_t diag = { 0 };
    uint64_t ids[PROCESSES_MAX] = { 0 };
    size_t count = 1;
    const char *target = flags->signal_target;
    err_t err;
    if (target == NULL)
        err = find_target(&ids[0], &diag);
    else if (strcmp(target + strspn(target, "0123456789"), "*") == 0)
        err = find_targets(target, ids, &count, &diag);
    else
        err = read_target(target, &ids[0], &diag);
    if (err != ERR_OK)
        return complain("", diag.text);
    enum cli_exit code = CLI_OK;
    for (size_t i = 0; i < count; i++)
        if (signal_one(ids[i], flags->signal, &diag) != ERR_OK)
            code = complain("", diag.text);
    return code;
}

// ---- the others

static enum cli_exit test_configuration(const struct nats_flags *flags)
{
    struct nats_settings settings;
    diag_t diag = { 0 };
    if (nats_settings_read(flags, &settings, &diag) != ERR_OK)
        return complain(diag.where, diag.text);
    struct writer out = WRITER_INIT;
    writer_format(&out, CLI_NATS_SERVER ": configuration file %s is valid (sha256:%s)\n", flags->config_file,
                  settings.digest);
    enum cli_exit code = system_write_err(writer_view(&out)) == ERR_OK ? CLI_OK : CLI_FAILED;
    writer_free(&out);
    nats_settings_free(&settings);
    return code;
}

static enum cli_exit show(enum nats_action action)
{
    struct writer out = WRITER_INIT;
    if (action == NATS_SHOW_VERSION)
        writer_text(&out, CLI_NATS_SERVER ": v" NATS_VERSION "\n");
    else if (action == NATS_SHOW_HELP_TLS)
        nats_flags_write_help_tls(&out);
    else
        nats_flags_write_help(&out);
    return print(&out);
}

// nats-server says what it does not understand, shows its help and ends with 0.
static enum cli_exit complain_usage(const diag_t *diag)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "%s\n", diag->text);
    (void)system_write_err(writer_view(&out));
    writer_free(&out);
    return show(NATS_SHOW_HELP);
}

static enum cli_exit run(const struct nats_flags *flags)
{
    diag_t diag = { 0 };
    enum app_end end = nats_server_run(flags, &diag);
    if (diag.text[0] != '\0')
        (void)complain(diag.where, diag.text);
    return (enum cli_exit)end;
}

enum cli_exit cli_nats_server(int count, const char *const *texts)
{
    struct arena arena = ARENA_INIT;
    struct nats_flags flags;
    diag_t diag = { 0 };
    enum cli_exit code;
    err_t err = nats_flags_parse(count, texts, &arena, &flags, &diag);
    if (err == ERR_MALFORMED)
        code = complain_usage(&diag);
    else if (err != ERR_OK)
        code = complain("", diag.text);
    else if (flags.action == NATS_RUN)
        code = run(&flags);
    else if (flags.action == NATS_TEST)
        code = test_configuration(&flags);
    else if (flags.action == NATS_SEND_SIGNAL)
        code = send_signal(&flags);
    else
        code = show(flags.action);
    arena_free(&arena);
    return code;
}
