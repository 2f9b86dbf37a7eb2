// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include "app/config.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/nats_server.h"
#include "io/system.h"
#include "kafka/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void complain_text(struct writer *out)
{
    // Where standard error is closed there is nobody left to tell.
    (void)system_write_err(writer_view(out));
    writer_free(out);
}

static void help_write(void)
{
    struct writer out = WRITER_INIT;
    writer_text(&out,
                "eddy: an event-driven architecture in one program\n\nusage: eddy COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; i < cli_command_count; i++)
        writer_format(&out, "  %-11s %s\n", cli_commands[i].name, cli_commands[i].summary);
    writer_text(&out,
                "\n`eddy help COMMAND` says more. First steps:\n"
                "  eddy serve --data ./eddy-data\n"
                "  echo hello | eddy produce greetings\n"
                "  eddy consume greetings --from earliest --count 1\n"
                "\nexit codes: 0 it worked, 1 it did not, 2 the command line is wrong, 3 serve: the disk failed\n");
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit unknown_command(const char *name)
{
    struct nearest nearest = nearest_to(bytes_of_text(name));
    for (size_t i = 0; i < cli_command_count; i++)
        nearest_offer(&nearest, cli_commands[i].name);
    struct writer out = WRITER_INIT;
    writer_format(&out, "eddy: there is no command \"%s\"", name);
    if (nearest.best != NULL)
        writer_format(&out, "; did you mean \"%s\"?", nearest.best);
    writer_text(&out, "\n`eddy help` lists the commands.\n");
    complain_text(&out);
    return CLI_USAGE;
}

// Why standard output did not take everything, but for a reader that went away.
static err_t output_err;

static bool is_help(const char *name)
{
    return strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
}

static enum cli_exit command_run(int count, const char *const *arguments)
{
    const char *help[2]; // what `eddy help topic create` is: `eddy topic create --help`
    const char *name = count > 1 ? arguments[1] : "help";
    const char *const *rest = arguments + 2;
    int rest_count = count - 2;
    if (is_help(name) && count <= 2) {
        help_write();
        return count > 1 ? CLI_OK : CLI_USAGE;
    }
    if (is_help(name)) {
        name = arguments[2];
        rest = help;
        rest_count = 0;
        if (count > 3)
            help[rest_count++] = arguments[3];
        help[rest_count++] = "--help";
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return cli_commands[i].run(rest_count, rest);
    }
    return unknown_command(name);
}

// Whatever a link to the program is called is behind the last slash.
static bool is_called(const char *program, const char *name)
{
    const char *slash = strrchr(program, '/');
    return strcmp(slash == NULL ? program : slash + 1, name) == 0;
}

enum cli_exit cli_main(int count, const char *const *arguments)
{
    bool is_nats_server = count > 0 && is_called(arguments[0], CLI_NATS_SERVER);
    enum cli_exit code = is_nats_server ? cli_nats_server(count - 1, arguments + 1) : command_run(count, arguments);
    if (output_err == ERR_OK)
        return code;
    diag_t diag = { 0 };
    (void)diag_fail(&diag, output_err, "standard output", "cannot be written: %s", err_text(output_err));
    (void)cli_complain(count > 1 ? arguments[1] : "help", &diag);
    return code == CLI_OK ? CLI_FAILED : code;
}

static void usage_help(const struct cli_usage *usage, struct option_table table)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "usage: eddy %s %s\n\n%s\n\n", usage->name, usage->pattern, usage->text);
    option_write_help(table, &out);
    (void)cli_print(&out);
    writer_free(&out);
}

static bool wants_help(int count, const char *const *texts)
{
    for (int i = 0; i < count && strcmp(texts[i], "--") != 0; i++) {
        if (strcmp(texts[i], "--help") == 0 || strcmp(texts[i], "-h") == 0)
            return true;
    }
    return false;
}

static err_t rest_check(const struct cli_usage *usage, const struct cli_arguments *arguments, diag_t *diag)
{
    int count = arguments->rest_count;
    if (count < usage->rest_min)
        return diag_fail(diag, ERR_INVALID, "", "%.*s is missing; usage: eddy %s %s", (int)strcspn(usage->pattern, " "),
                         usage->pattern, usage->name, usage->pattern);
    if (count > usage->rest_max)
        return diag_fail(diag, ERR_INVALID, arguments->rest[usage->rest_max], "is one too many; usage: eddy %s %s",
                         usage->name, usage->pattern);
    return ERR_OK;
}

static void on_stray(void *owner, bytes_t name, const char *nearest)
{
    if (nearest == NULL)
        return; // a command that ends at once is not the place to be curious
    struct writer out = WRITER_INIT;
    writer_format(&out, "eddy %s: %.*s: this variable is ignored; did you mean %s?\n", *(const char **)owner,
                  BYTES_ARG(name), nearest);
    complain_text(&out);
}

void cli_warn_strays(const char *command)
{
    app_env_strays(on_stray, &command);
}

static bool has_flag(struct option_table table, const char *flag)
{
    for (size_t i = 0; i < table.count; i++)
        if (table.rows[i].flag != NULL && strcmp(table.rows[i].flag, flag) == 0)
            return true;
    return false;
}

// A NATS server is named by another flag than a Kafka one.
static err_t explain_server(struct option_table table, err_t err, diag_t *diag)
{
    static const struct {
        const char *flag, *letter, *meant, *text;
    } rows[] = {
        { "--bootstrap", "-b", "--kubeconfig",
          "this command speaks the Kubernetes API; --server https://HOST:6443 names the server" },
        { "--server", "-s", "--bootstrap", "this command speaks Kafka; --bootstrap HOST:9092 names the server" },
        { "--bootstrap", "-b", "--server", "this command speaks NATS; --server nats://HOST:4222 names the server" },
    };
    char where[sizeof diag->where];
    memcpy(where, diag->where, sizeof where);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if ((strcmp(where, rows[i].flag) == 0 || strcmp(where, rows[i].letter) == 0) && has_flag(table, rows[i].meant))
            return diag_fail(diag, err, where, "%s", rows[i].text);
    return err;
}

bool cli_arguments_read(struct cli_arguments *arguments, const struct cli_usage *usage, struct option_table table,
                        void *config, int count, const char *const *texts, enum cli_exit *ret_exit)
{
    if (wants_help(count, texts)) {
        usage_help(usage, table);
        *ret_exit = CLI_OK;
        return false;
    }
    diag_t diag = { 0 };
    option_set_init(&arguments->set, table, config);
    err_t err =
        count > CLI_REST_MAX ? diag_fail(&diag, ERR_INVALID, "arguments", "more than %d", CLI_REST_MAX) : ERR_OK;
    if (err == ERR_OK)
        err = option_set_env(&arguments->set, system_environment(), &diag);
    if (err == ERR_OK)
        err = option_set_flags(&arguments->set, count, texts, arguments->rest, &arguments->rest_count, &diag);
    if (err == ERR_NOT_FOUND)
        err = explain_server(table, err, &diag);
    if (err == ERR_OK)
        err = rest_check(usage, arguments, &diag);
    if (err == ERR_OK) {
        cli_warn_strays(usage->name);
        return true;
    }
    (void)cli_complain(usage->name, &diag);
    option_set_free(&arguments->set);
    *ret_exit = CLI_USAGE;
    return false;
}

void cli_arguments_free(struct cli_arguments *arguments)
{
    option_set_free(&arguments->set);
}

bool cli_print(struct writer *out)
{
    err_t err = system_write_out(writer_view(out));
    writer_reset(out);
    if (err != ERR_OK && err != ERR_RESET)
        output_err = err;
    return err == ERR_OK;
}

enum cli_exit cli_complain(const char *command, const diag_t *diag)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "eddy %s: ", command);
    if (diag->where[0] != '\0')
        writer_format(&out, "%s: ", diag->where);
    writer_format(&out, "%s\n", diag->text);
    complain_text(&out);
    return CLI_FAILED;
}

// Where Kafka's own sentence for a code does not say what to do.
static const struct {
    int16_t error;
    const char *text;
} sentences[] = {
    { KAFKA_UNKNOWN_TOPIC_OR_PARTITION, "there is no such topic; `eddy topic list` shows those that are" },
    { KAFKA_UNKNOWN_TOPIC_ID, "the topic was deleted" },
    { KAFKA_INVALID_TOPIC_EXCEPTION,
      "no topic can have this name: letters, digits, '.', '_' and '-' are allowed, at most 249 of them" },
    { KAFKA_NON_EMPTY_GROUP, "the group has members; stop its consumers first (`eddy group describe` shows them, and a "
                             "consumer that died counts "
                             "until its session ends)" },
    { KAFKA_GROUP_ID_NOT_FOUND, "there is no such group; `eddy group list` shows those that are" },
    { KAFKA_UNKNOWN_MEMBER_ID, "the group has members again; stop its consumers first" },
    { KAFKA_MESSAGE_TOO_LARGE, "this is more than the topic's max.message.bytes allows" },
};

static const char *sentence_of(int16_t error)
{
    for (size_t i = 0; i < ARRAY_COUNT(sentences); i++)
        if (sentences[i].error == error)
            return sentences[i].text;
    return kafka_error_message(error);
}

err_t cli_kafka_fail(diag_t *diag, const char *where, int16_t error, bytes_t message)
{
    bool is_own = message.size > 0 && !bytes_is(message, kafka_error_message(error));
    bytes_t text = is_own ? message : bytes_of_text(sentence_of(error));
    return diag_fail(diag, ERR_INVALID, where, "%.*s (%s)", BYTES_ARG(text), kafka_error_name(error));
}

enum cli_exit cli_complain_kafka(const char *command, const char *where, int16_t error, bytes_t message)
{
    diag_t diag = { 0 };
    (void)cli_kafka_fail(&diag, where, error, message);
    return cli_complain(command, &diag);
}

static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            *text = '?';
    }
}

const char *cli_shown(struct arena *arena, bytes_t text)
{
    char *shown = arena_text(arena, text);
    clean(shown);
    return shown;
}

void cli_table_add(struct cli_table *table, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    ASSERT(size >= 0);
    char *cell = arena_alloc(&table->arena, (size_t)size + 1);
    vsnprintf(cell, (size_t)size + 1, format, again);
    va_end(again);
    va_end(list);
    clean(cell);
    MEM_GROW(table->cells, table->count, table->capacity);
    table->cells[table->count++] = cell;
}

// In characters, as a terminal shows them.
static size_t cell_width(const char *cell)
{
    size_t width = 0;
    for (; *cell != '\0'; cell++)
        width += ((unsigned char)*cell & 0xc0) != 0x80;
    return width;
}

void cli_table_number(struct cli_table *table, int64_t number)
{
    if (number < 0)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%lld", (long long)number);
}

static const char *table_cell(const struct cli_table *table, size_t at)
{
    return at < table->columns ? table->titles[at] : table->cells[at - table->columns];
}

static void table_write(const struct cli_table *table, struct writer *out)
{
    size_t widths[32] = { 0 };
    ASSERT(table->columns <= ARRAY_COUNT(widths));
    for (size_t i = 0; i < table->columns + table->count; i++) {
        size_t width = cell_width(table_cell(table, i));
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i < table->columns + table->count; i++) {
        size_t column = i % table->columns;
        const char *cell = table_cell(table, i);
        writer_text(out, cell);
        for (size_t at = cell_width(cell); at < widths[column] + 2 && column + 1 < table->columns; at++)
            writer_u8(out, ' ');
        if (column + 1 == table->columns)
            writer_u8(out, '\n');
    }
}

void cli_table_print(struct cli_table *table, struct writer *out)
{
    ASSERT(table->count % table->columns == 0);
    if (out != NULL)
        table_write(table, out);
    free(table->cells);
    arena_free(&table->arena);
}
