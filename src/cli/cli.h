// SPDX-License-Identifier: Apache-2.0
// What all subcommands share: the table that names them, their options, their output and their exit codes.
#pragma once

#include "base/assert.h"
#include "base/option.h"
#include "base/writer.h"

// What a script may rely on.
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, // it was tried and did not work
    CLI_USAGE = 2,  // the command line is wrong; nothing was tried
    CLI_DISK = 3,   // eddy serve: the disk failed while it ran
};

struct command {
    const char *name;
    const char *summary; // one line, no full stop
    // ARGUMENTS are those behind the command's name.
    enum cli_exit (*run)(int count, const char *const *arguments);
};

// All subcommands, in the order of the help.
extern const struct command cli_commands[];
extern const size_t cli_command_count;

// Finds and runs the command that ARGUMENTS (with the program's name first) ask for.
enum cli_exit cli_main(int count, const char *const *arguments);

enum { CLI_REST_MAX = 1024 };

// The options of one command, parsed: its own rows, then "--help".
struct cli_arguments {
    struct option_set set;
    const char *rest[CLI_REST_MAX]; // what is no option
    int rest_count;
};

// How a command is called, for its help and its complaints.
struct cli_usage {
    const char *name;    // "topic create"
    const char *pattern; // "NAME [KEY=VALUE ...] [options]"
    const char *text;    // a paragraph or two, with examples
    int rest_min, rest_max;
};

// Fills CONFIG from defaults, environment and flags. True: go on, and call cli_arguments_free at the end. False: help
// or a complaint was printed, *ret_exit says how to leave.
bool cli_arguments_read(struct cli_arguments *arguments, const struct cli_usage *usage, struct option_table table,
                        void *config, int count, const char *const *texts, enum cli_exit *ret_exit);
void cli_arguments_free(struct cli_arguments *arguments);

// Says which EDDY_ variables look like a mistyped option.
void cli_warn_strays(const char *command);

// Writes to standard output and empties OUT. False when nobody reads it any more: time to stop.
bool cli_print(struct writer *out);
// "eddy topic create: where: text" to standard error; returns CLI_FAILED.
enum cli_exit cli_complain(const char *command, const diag_t *diag);
// Fills DIAG for a Kafka error code: what the server says of this case (MESSAGE, may be null), else ours. Returns
// ERR_INVALID.
err_t cli_kafka_fail(diag_t *diag, const char *where, int16_t error, bytes_t message);
// cli_complain of that.
enum cli_exit cli_complain_kafka(const char *command, const char *where, int16_t error, bytes_t message);

// TEXT as a terminal may see it, terminated: names that others chose bring no line breaks and no escape sequences.
const char *cli_shown(struct arena *arena, bytes_t text);

// A table for people: cells are added row by row, columns are aligned when it is written.
struct cli_table {
    const char *const *titles;
    size_t columns;
    const char **cells; // in the arena
    size_t count, capacity;
    struct arena arena;
};
// Shown like cli_shown.
void cli_table_add(struct cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "-" below 0: not known, or none.
void cli_table_number(struct cli_table *table, int64_t number);
// Writes and frees it; OUT NULL: only frees it.
void cli_table_print(struct cli_table *table, struct writer *out);
