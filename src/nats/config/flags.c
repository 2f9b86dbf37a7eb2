// SPDX-License-Identifier: Apache-2.0
#include "nats/config/flags.h"

#include <stddef.h>
#include <stdio.h>

#define AT(field) offsetof(struct nats_config, field)

enum flag_type {
    FLAG_TEXT,    // const char *
    FLAG_INTEGER, // int64_t; 0 leaves what the file says
    FLAG_BOOL,    // bool, in up to three places
    FLAG_CONFIG,  // the configuration file
    FLAG_SIGNAL,
    FLAG_ACTION,  // a bool that chooses ACTION
    FLAG_REFUSED, // a value that is not served, WORDS say why
    FLAG_REFUSED_BOOL,
    FLAG_NOTED, // a number that changes nothing
};

enum { PLACES_MAX = 3 };

struct flag_row {
    const char *names; // without dashes, the one for the help first
    enum flag_type type;
    const char *value; // what follows, for the help
    const char *help;
    size_t at[PLACES_MAX]; // the first is always one; of the others 0 is none
    int64_t min, max;
    enum nats_action action;
    const char *words;
};

struct nats_flag_value {
    const struct flag_row *row;
    const char *name; // as it was written
    const char *text;
    int64_t number; // FLAG_BOOL: 0 or 1
    const struct nats_flag_value *next;
};

static const char CLUSTER[] =
    "eddy is one server; servers that find each other are a NATS cluster, which nats-server makes";
static const char SYSLOG[] = "log lines go to the standard error or to a file (-l), not to a syslog";
static const char JETSTREAM[] = "JetStream is not served yet";

#define TEXT(names, value, field, help)                                                                                \
    {                                                                                                                  \
        names, FLAG_TEXT, value, help, { AT(field) }, 0, 0, NATS_RUN, NULL                                             \
    }
#define PORT(names, field, help)                                                                                       \
    {                                                                                                                  \
        names, FLAG_INTEGER, "port", help, { AT(field) }, -1, UINT16_MAX, NATS_RUN, NULL                               \
    }
#define NUMBER(names, value, field, help)                                                                              \
    {                                                                                                                  \
        names, FLAG_INTEGER, value, help, { AT(field) }, 0, INT32_MAX, NATS_RUN, NULL                                  \
    }
#define BOOL(names, help, ...)                                                                                         \
    {                                                                                                                  \
        names, FLAG_BOOL, NULL, help, { __VA_ARGS__ }, 0, 0, NATS_RUN, NULL                                            \
    }
#define ACTION(names, action, help)                                                                                    \
    {                                                                                                                  \
        names, FLAG_ACTION, NULL, help, { 0 }, 0, 0, action, NULL                                                      \
    }
#define REFUSED(names, value, words, help)                                                                             \
    {                                                                                                                  \
        names, FLAG_REFUSED, value, help, { 0 }, 0, 0, NATS_RUN, words                                                 \
    }
#define REFUSED_BOOL(names, words, help)                                                                               \
    {                                                                                                                  \
        names, FLAG_REFUSED_BOOL, NULL, help, { 0 }, 0, 0, NATS_RUN, words                                             \
    }
#define NOTED(names, value, words, help)                                                                               \
    {                                                                                                                  \
        names, FLAG_NOTED, value, help, { 0 }, 0, 0, NATS_RUN, words                                                   \
    }
// A row without a name is a heading of the help.
#define GROUP(heading)                                                                                                 \
    {                                                                                                                  \
        NULL, FLAG_TEXT, NULL, heading, { 0 }, 0, 0, NATS_RUN, NULL                                                    \
    }

// clang-format off
static const struct flag_row rows[] = {
    GROUP("Server"),
    TEXT("a addr net", "host", host, "address to listen on (0.0.0.0)"),
    PORT("p port", port, "port for clients (4222); -1 takes a free one"),
    TEXT("n name server_name", "name", server_name, "the server's name (its id)"),
    TEXT("P pid", "file", pid_file, "write the process id to this file"),
    PORT("m http_port", http_port, "port for monitoring over HTTP"),
    PORT("ms https_port", https_port, "port for monitoring over HTTPS"),
    { "c config", FLAG_CONFIG, "file", "configuration file", { 0 }, 0, 0, NATS_RUN, NULL },
    ACTION("t", NATS_TEST, "read the configuration file, say whether it is valid, and end"),
    { "sl signal", FLAG_SIGNAL, "signal[=pid]",
      "tell a running server (a process id, 12* for all that begin so, or a file that holds one): ldm, stop, quit, term, "
      "reopen or reload",
      { 0 }, 0, 0, NATS_SEND_SIGNAL, NULL },
    TEXT("client_advertise", "host:port", client_advertise, "what clients are told to connect to"),
    TEXT("ports_file_dir", "folder", ports_file_dir, "write the ports in use to a file in this folder"),
    GROUP("Log"),
    TEXT("l log", "file", log_file, "write log lines to this file"),
    BOOL("T logtime", "log lines begin with the time (on)", AT(logtime)),
    BOOL("logtime_utc", "in UTC", AT(logtime_utc)),
    BOOL("D debug", "tell more", AT(debug)),
    BOOL("V trace", "tell what clients say", AT(trace)),
    BOOL("VV", "the same, of the system account and with headers, too", AT(trace), AT(trace_more)),
    BOOL("DV", "-D and -V", AT(debug), AT(trace)),
    BOOL("DVV", "-D and -VV", AT(debug), AT(trace), AT(trace_more)),
    NUMBER("max_traced_msg_len", "bytes", max_traced_message, "how much of a message -V shows (all)"),
    NOTED("log_size_limit", "bytes", "changes nothing: rename the file and send SIGUSR1, as logrotate does",
          "changes nothing: files are rotated from outside"),
    REFUSED_BOOL("s syslog", SYSLOG, "not served"),
    REFUSED("r remote_syslog", "address", SYSLOG, "not served"),
    GROUP("JetStream"),
    REFUSED_BOOL("js jetstream", JETSTREAM, "not served yet"),
    TEXT("sd store_dir", "folder", store_dir, "the folder for what is kept"),
    GROUP("Authorization"),
    TEXT("user", "user", authorization.user, "the user that clients must name"),
    TEXT("pass", "password", authorization.password, "and its password"),
    TEXT("auth", "token", authorization.token, "the token that clients must have"),
    GROUP("TLS"),
    BOOL("tls", "clients speak TLS", AT(tls.given)),
    TEXT("tlscert", "file", tls.cert_file, "the server's certificate"),
    TEXT("tlskey", "file", tls.key_file, "its private key"),
    BOOL("tlsverify", "clients speak TLS and show a certificate", AT(tls.given), AT(tls.verify)),
    TEXT("tlscacert", "file", tls.ca_file, "who signs the clients' certificates"),
    GROUP("Cluster (a real NATS cluster is made of nats-servers)"),
    REFUSED("routes", "urls", CLUSTER, "not served"),
    REFUSED("cluster", "url", CLUSTER, "not served"),
    REFUSED("cluster_listen", "url", CLUSTER, "not served"),
    REFUSED("cluster_name", "name", CLUSTER, "not served"),
    REFUSED("cluster_advertise", "host:port", CLUSTER, "not served"),
    REFUSED("connect_retries", "number", CLUSTER, "not served"),
    REFUSED_BOOL("no_advertise", CLUSTER, "not served"),
    GROUP("Others"),
    NOTED("profile", "port", "changes nothing: there is no profiler in eddy", "changes nothing: there is no profiler"),
    ACTION("h help", NATS_SHOW_HELP, "show this"),
    ACTION("v version", NATS_SHOW_VERSION, "show the version"),
    ACTION("help_tls", NATS_SHOW_HELP_TLS, "explain TLS"),
};
// clang-format on

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static bool is_flag_of(const struct flag_row *row, const char *name, size_t size)
{
    for (const char *at = row->names; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strcspn(at, " ") == size && strncmp(at, name, size) == 0)
            return true;
    }
    return false;
}

static const struct flag_row *find_row(const char *name, size_t size)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (is_flag_of(&rows[i], name, size))
            return &rows[i];
    return NULL;
}

static bool is_bool(const struct flag_row *row)
{
    return row->type == FLAG_BOOL || row->type == FLAG_ACTION || row->type == FLAG_REFUSED_BOOL;
}

// The words of Go's package flag.
static bool parse_bool(const char *text, int64_t *ret_number)
{
    static const char *const words[] = {
        "0", "1", "f", "t", "F", "T", "false", "true", "FALSE", "TRUE", "False", "True"
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_number = i % 2;
            return true;
        }
    }
    return false;
}

static err_t check_value(struct nats_flag_value *value, diag_t *diag)
{
    const struct flag_row *row = value->row;
    bool is_number = row->type == FLAG_INTEGER || row->type == FLAG_NOTED;
    if (is_bool(row) && !parse_bool(value->text, &value->number))
        return diag_fail(diag, ERR_MALFORMED, value->name, "invalid boolean value \"%s\" for -%s: parse error",
                         value->text, value->name);
    if (is_number && !bytes_to_int64(bytes_of_text(value->text), &value->number))
        return diag_fail(diag, ERR_MALFORMED, value->name, "invalid value \"%s\" for flag -%s: parse error",
                         value->text, value->name);
    if (row->type == FLAG_INTEGER && (value->number < row->min || value->number > row->max))
        return diag_fail(diag, ERR_INVALID, value->name, "-%s is %lld to %lld, not %lld", value->name,
                         (long long)row->min, (long long)row->max, (long long)value->number);
    if (row->type == FLAG_REFUSED || (row->type == FLAG_REFUSED_BOOL && value->number != 0))
        return diag_fail(diag, ERR_UNSUPPORTED, value->name, "-%s: %s", value->name, row->words);
    return ERR_OK;
}

static err_t choose_signal(struct nats_flags *flags, struct arena *arena, const char *text, diag_t *diag)
{
    static const char *const signals[] = { "ldm", "stop", "quit", "term", "reopen", "reload" };
    size_t size = strcspn(text, "=");
    flags->action = NATS_SEND_SIGNAL;
    flags->signal_target = text[size] == '=' && text[size + 1] != '\0' ? text + size + 1 : NULL;
    flags->signal = arena_text(arena, bytes_of(text, size));
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(signals[i], flags->signal) == 0)
            return ERR_OK;
    return diag_fail(diag, ERR_INVALID, "signal", "unknown signal \"%s\": ldm, stop, quit, term, reopen or reload",
                     flags->signal);
}

// Whoever asks for the version or for help gets it, whatever else stands there; a signal comes before a test.
static void choose_action(struct nats_flags *flags, enum nats_action action)
{
    static const int ranks[] = {
        [NATS_RUN] = 0,           [NATS_TEST] = 1,      [NATS_SEND_SIGNAL] = 2,
        [NATS_SHOW_HELP_TLS] = 3, [NATS_SHOW_HELP] = 4, [NATS_SHOW_VERSION] = 5,
    };
    if (ranks[action] > ranks[flags->action])
        flags->action = action;
}

// What stands behind the flags.
static err_t parse_command(const char *word, struct nats_flags *flags, diag_t *diag)
{
    if (strcmp(word, "version") == 0)
        choose_action(flags, NATS_SHOW_VERSION);
    else if (strcmp(word, "help") == 0)
        choose_action(flags, NATS_SHOW_HELP);
    else
        return diag_fail(diag, ERR_INVALID, word, "unrecognized command: \"%s\"", word);
    return ERR_OK;
}

// Takes the flag at ARGUMENTS[0]; *RET_TAKEN is 2 when its value stands behind it.
static err_t parse_flag(int count, const char *const *arguments, struct arena *arena, struct nats_flag_value *value,
                        int *ret_taken, diag_t *diag)
{
    const char *name = arguments[0] + (arguments[0][1] == '-' ? 2 : 1);
    size_t size = strcspn(name, "=");
    *ret_taken = 1;
    if (size == 0 || name[0] == '-')
        return diag_fail(diag, ERR_MALFORMED, arguments[0], "bad flag syntax: %s", arguments[0]);
    value->name = arena_text(arena, bytes_of(name, size));
    value->row = find_row(name, size);
    if (value->row == NULL)
        return diag_fail(diag, ERR_MALFORMED, value->name, "flag provided but not defined: -%s", value->name);
    if (name[size] == '=') {
        value->text = name + size + 1;
    } else if (is_bool(value->row)) {
        value->text = "true";
    } else if (count > 1) {
        value->text = arguments[1];
        *ret_taken = 2;
    } else {
        return diag_fail(diag, ERR_MALFORMED, value->name, "flag needs an argument: -%s", value->name);
    }
    return check_value(value, diag);
}

err_t nats_flags_parse(int count, const char *const *arguments, struct arena *arena, struct nats_flags *flags,
                       diag_t *diag)
{
    *flags = (struct nats_flags){ .action = NATS_RUN };
    const struct nats_flag_value **last = &flags->values;
    const char *signal = NULL;
    err_t err = ERR_OK;
    int at = 0, taken = 0;
    for (; at < count && arguments[at][0] == '-' && arguments[at][1] != '\0'; at += taken) {
        if (strcmp(arguments[at], "--") == 0) {
            at++;
            break;
        }
        struct nats_flag_value *value = arena_alloc(arena, sizeof *value);
        err = parse_flag(count - at, arguments + at, arena, value, &taken, diag);
        if (err != ERR_OK)
            return err;
        *last = value;
        last = &value->next;
        if (value->row->type == FLAG_CONFIG)
            flags->config_file = value->text;
        else if (value->row->type == FLAG_SIGNAL)
            signal = value->text;
        else if (value->row->type == FLAG_ACTION && value->number != 0)
            choose_action(flags, value->row->action);
    }
    if (at < count)
        err = parse_command(arguments[at], flags, diag);
    bool is_asked = flags->action != NATS_RUN && flags->action != NATS_TEST;
    if (err == ERR_OK && signal != NULL && signal[0] != '\0' && !is_asked)
        err = choose_signal(flags, arena, signal, diag);
    if (err == ERR_OK && flags->action == NATS_TEST && flags->config_file == NULL)
        err =
            diag_fail(diag, ERR_INVALID, "t", "must specify [-c, --config] option to check configuration file syntax");
    return err;
}

static void note(const struct nats_flag_value *value, struct arena *arena, struct nats_config *config)
{
    struct nats_note **last = &config->notes;
    while (*last != NULL)
        last = &(*last)->next;
    *last = arena_alloc(arena, sizeof **last);
    (*last)->place = (struct conf_place){ "the command line", 1, 1 };
    (*last)->text = arena_format(arena, "-%s %s", value->name, value->row->words);
}

void nats_flags_apply(const struct nats_flags *flags, struct arena *arena, struct nats_config *config)
{
    for (const struct nats_flag_value *value = flags->values; value != NULL; value = value->next) {
        const struct flag_row *row = value->row;
        char *base = (char *)config;
        if (row->type == FLAG_TEXT && value->text[0] != '\0')
            *(const char **)(void *)(base + row->at[0]) = value->text;
        else if (row->type == FLAG_INTEGER && value->number != 0)
            *(int64_t *)(void *)(base + row->at[0]) = value->number;
        else if (row->type == FLAG_NOTED)
            note(value, arena, config);
        for (size_t i = 0; row->type == FLAG_BOOL && i < PLACES_MAX && (i == 0 || row->at[i] != 0); i++)
            *(bool *)(base + row->at[i]) = value->number != 0;
    }
}

// "-p, --port <port>"
static void write_names(const struct flag_row *row, char *to, size_t size)
{
    size_t used = 0;
    for (const char *at = row->names; at != NULL && used < size; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        int name_size = (int)strcspn(at, " ");
        bool is_short = name_size <= 2 || (*at >= 'A' && *at <= 'Z');
        used += (size_t)snprintf(to + used, size - used, "%s%s%.*s", at == row->names ? "" : ", ",
                                 is_short ? "-" : "--", name_size, at);
    }
    if (row->value != NULL && used < size)
        snprintf(to + used, size - used, " <%s>", row->value);
}

void nats_flags_write_help(struct writer *out)
{
    writer_text(out, "\nUsage: nats-server [options]\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char names[128];
        if (rows[i].names == NULL) {
            writer_format(out, "\n%s:\n", rows[i].help);
            continue;
        }
        write_names(&rows[i], names, sizeof names);
        writer_format(out, "    %-36s %s\n", names, rows[i].help);
    }
    writer_text(out, "\nThis is eddy, which answers to nats-server's name; `eddy --help` tells what else it does.\n");
}

void nats_flags_write_help_tls(struct writer *out)
{
    writer_text(out, "\nClients that speak TLS need a certificate of the server:\n\n"
                     "    nats-server --tls --tlscert server.pem --tlskey server-key.pem\n\n"
                     "Where clients must show a certificate too, signed by an authority that is known here:\n\n"
                     "    nats-server --tlsverify --tlscert server.pem --tlskey server-key.pem --tlscacert ca.pem\n\n"
                     "The same in the configuration file, and more (verify_and_map, handshake_first, pinned_certs):\n\n"
                     "    tls { cert_file: server.pem, key_file: server-key.pem, ca_file: ca.pem, verify: true }\n");
}
