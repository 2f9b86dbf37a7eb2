// SPDX-License-Identifier: Apache-2.0
// Option tables: one row says everything about an option, and flags, environment names, file keys, defaults, limits,
// help and the listing of `eddy config` all come from it. A value lands in a field of the caller's config struct.
// Precedence, whatever the order of the calls: default < file < environment < flag < runtime.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/writer.h"

enum option_type {
    OPTION_TEXT,     // const char *
    OPTION_BOOL,     // bool; the flag alone means true, --no-... means false
    OPTION_INT,      // int64_t
    OPTION_SIZE,     // int64_t bytes: "64MB" (KB, MB, GB are powers of 1024; a plain number is bytes)
    OPTION_DURATION, // int64_t milliseconds: "250ms", "5s", "10m", "1h30m", "7d"; 0 needs no unit
    OPTION_ADDRESS,  // const char *: "host:port", "[::1]:port", ":port", "port" or "off"
    OPTION_ENUM,     // int, the index into choices
    OPTION_PATH,     // const char *
    OPTION_TYPE_COUNT,
};

enum option_apply { OPTION_AT_RESTART, OPTION_LIVE };

struct option_row {
    const char *name; // the key in the file, "kafka.max-request"; NULL: not in the file
    const char *flag; // "--kafka-max-request"; NULL: no flag
    const char *env;  // "EDDY_KAFKA_MAX_REQUEST"; NULL: none
    char letter;      // 'n' for -n; 0: none
    enum option_apply apply;
    enum option_type type;
    int64_t min, max;           // for numbers; both 0: no limit. A min below 0 allows "-1" for sizes and durations
    size_t at;                  // offset in the config struct
    const char *default_text;   // parsed like any value; NULL: the zero value (a NULL text)
    const char *const *choices; // for OPTION_ENUM, NULL-terminated
    bool repeats;               // an OPTION_TEXT whose flag may come again: its values are joined
    char joint;                 // what stands between them; 0: a space
    const char *group;          // heading in the help; rows of a group stand together
    const char *value_name;     // in the help: "ADDR", "DIR"; NULL: by type
    const char *help;           // one sentence, no full stop needed
    const char *limit_reason;   // why min and max are what they are; NULL: nothing to say
};

struct option_table {
    const struct option_row *rows;
    size_t count;
};

enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENV,
    OPTION_FROM_FLAG,
    OPTION_FROM_RUNTIME,
    OPTION_SOURCE_COUNT,
};

// A config struct with the origin of each of its values. Owns the texts in it until option_set_free.
struct option_set {
    struct option_table table;
    void *config;
    enum option_source *sources; // one for each row
    const char **origins;        // "eddy.yaml line 3", "EDDY_KAFKA", "--kafka", or "" for defaults
    struct arena arena;
};

// Fills CONFIG with the defaults. A default that does not parse is a programmer error.
void option_set_init(struct option_set *set, struct option_table table, void *config);
void option_set_free(struct option_set *set);

// A diag's where names the key, flag, variable or line; its text stands behind "where: ".

// One value by its key, as if from SOURCE. Weaker than the present one: checked, then ignored. ERR_NOT_FOUND
// (the diag names the nearest), ERR_INVALID (the diag says what is expected). ORIGIN is copied.
MUST_CHECK err_t option_set_value(struct option_set *set, bytes_t name, bytes_t text, enum option_source source,
                                  const char *origin, diag_t *diag);
// A YAML file's content; nested maps are joined by '.'. FILE_NAME is for complaints. On failure some values may be set.
MUST_CHECK err_t option_set_file(struct option_set *set, bytes_t yaml, const char *file_name, diag_t *diag);
// NAME=VALUE texts, ended by NULL. Unknown names are left alone (option_env_strays finds them). An empty value counts
// as not set.
MUST_CHECK err_t option_set_env(struct option_set *set, const char *const *environment, diag_t *diag);
// Calls ON_STRAY for each variable that has a value and begins with PREFIX but that no row knows, with the nearest that
// one does (NULL: none is near). Left out is what Kubernetes puts into every pod where a service has our name:
// EDDY_SERVICE_HOST, EDDY_PORT=tcp://..., EDDY_PORT_9092_TCP and the like.
typedef void option_stray_fn(void *owner, bytes_t name, const char *nearest);
void option_env_strays(struct option_table table, const char *prefix, const char *const *environment,
                       option_stray_fn *on_stray, void *owner);
// "--x v", "--x=v", "-n v", "-nv", "-n=v", "--bool", "--no-bool"; "--" ends the flags, a later flag overrides an
// earlier one. What is no flag goes to RET_REST (room for COUNT texts; NULL: it is an error). Unknown flags: the diag
// names the nearest.
MUST_CHECK err_t option_set_flags(struct option_set *set, int count, const char *const *arguments,
                                  const char **ret_rest, int *ret_rest_count, diag_t *diag);

// NULL if no row has that key.
const struct option_row *option_find(struct option_table table, bytes_t name);
// Where the present value of the row with FLAG, which there is, came from.
enum option_source option_flag_source(const struct option_set *set, const char *flag);
// The present value, as it would be given ("64MB", "5s").
void option_write_value(const struct option_set *set, const struct option_row *row, struct writer *out);
// "default", "file", "environment", "flag", "runtime".
const char *option_source_name(enum option_source source);

// Flags in groups, aligned, at most 100 columns.
void option_write_help(struct option_table table, struct writer *out);
// All rows: name, value, source, default, help; for people, and as a JSON array.
void option_write_listing(const struct option_set *set, struct writer *out);
void option_write_json(const struct option_set *set, struct writer *out);

// For values that are no options. False when malformed or beyond int64.
bool option_parse_size(bytes_t text, int64_t *ret_size);
bool option_parse_duration(bytes_t text, int64_t *ret_ms);
// Splits an address that is not "off"; the host is empty when only a port is given, and without its brackets.
bool option_parse_address(bytes_t text, bytes_t *ret_host, uint16_t *ret_port);
// The shortest exact form: "64MB", "5s".
void option_write_size(int64_t size, struct writer *out);
void option_write_duration(int64_t ms, struct writer *out);
