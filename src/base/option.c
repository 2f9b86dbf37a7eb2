// SPDX-License-Identifier: Apache-2.0
// Values: parsed by type, checked against limits, stored when their source is strong enough; environment and flags.
#include "base/option.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/nearest.h"

#include <stdlib.h>

#define SHOWN_SIZE_MAX 60 // of a wrong value in a complaint

// A value on its way into the config struct.
union value {
    int64_t number;
    bytes_t text;
};

static bool parse_bool(bytes_t text, int64_t *ret_number)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (bytes_is(text, words[i])) {
            *ret_number = (int64_t)(i % 2);
            return true;
        }
    }
    return false;
}

static bool parse_address(bytes_t text)
{
    bytes_t host;
    uint16_t port;
    return bytes_is(text, "off") || option_parse_address(text, &host, &port);
}

static bool parse_choice(const struct option_row *row, bytes_t text, int64_t *ret_number)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (bytes_is(text, row->choices[i])) {
            *ret_number = i;
            return true;
        }
    }
    return false;
}

// As bytes_to_int64; a number may be given its plus.
static bool parse_int(bytes_t text, int64_t *ret_number)
{
    bool has_plus = text.size > 1 && text.data[0] == '+' && text.data[1] >= '0' && text.data[1] <= '9';
    return bytes_to_int64(has_plus ? bytes_of(text.data + 1, text.size - 1) : text, ret_number);
}

static bool parse(const struct option_row *row, bytes_t text, union value *ret)
{
    bool is_unlimited = row->min < 0 && bytes_is(text, "-1");
    switch (row->type) {
    case OPTION_BOOL:
        return parse_bool(text, &ret->number);
    case OPTION_INT:
        return parse_int(text, &ret->number);
    case OPTION_SIZE:
        ret->number = -1;
        return is_unlimited || option_parse_size(text, &ret->number);
    case OPTION_DURATION:
        ret->number = -1;
        return is_unlimited || option_parse_duration(text, &ret->number);
    case OPTION_ENUM:
        return parse_choice(row, text, &ret->number);
    case OPTION_ADDRESS:
        ret->text = text;
        return parse_address(text);
    case OPTION_PATH:
        ret->text = text;
        return text.size > 0 && memchr(text.data, 0, text.size) == NULL;
    case OPTION_TEXT:
    case OPTION_TYPE_COUNT:
        break;
    }
    ret->text = text;
    return text.size == 0 || memchr(text.data, 0, text.size) == NULL;
}

static const char *const expectations[OPTION_TYPE_COUNT] = {
    [OPTION_TEXT] = "a text without zero bytes",
    [OPTION_BOOL] = "true or false",
    [OPTION_INT] = "a whole number",
    [OPTION_SIZE] = "a size such as 512, 64KB, 64MB or 1GB",
    [OPTION_DURATION] = "a duration such as 250ms, 5s, 10m, 1h or 7d",
    [OPTION_ADDRESS] = "an address such as 127.0.0.1:9092, [::1]:9092, :9092 or off",
    [OPTION_ENUM] = "one of ",
    [OPTION_PATH] = "a path",
};

static void write_expectation(const struct option_row *row, struct writer *out)
{
    writer_text(out, expectations[row->type]);
    for (int i = 0; row->type == OPTION_ENUM && row->choices[i] != NULL; i++)
        writer_format(out, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
}

static err_t complain_form(const struct option_row *row, const char *where, bytes_t text, diag_t *diag)
{
    struct writer out = WRITER_INIT;
    write_expectation(row, &out);
    bytes_t shown = bytes_of(text.data, text.size < SHOWN_SIZE_MAX ? text.size : SHOWN_SIZE_MAX);
    err_t err = diag_fail(diag, ERR_INVALID, where, "\"%.*s\" is not valid; expected %.*s", BYTES_ARG(shown),
                          BYTES_ARG(writer_view(&out)));
    writer_free(&out);
    return err;
}

static void write_number(const struct option_row *row, int64_t number, struct writer *out)
{
    if (row->type == OPTION_SIZE)
        option_write_size(number, out);
    else if (row->type == OPTION_DURATION)
        option_write_duration(number, out);
    else
        writer_format(out, "%lld", (long long)number);
}

static err_t complain_limit(const struct option_row *row, const char *where, int64_t number, diag_t *diag)
{
    struct writer out = WRITER_INIT;
    write_number(row, number, &out);
    writer_text(&out, " is out of range; allowed is ");
    write_number(row, row->min, &out);
    writer_text(&out, " to ");
    write_number(row, row->max, &out);
    if (row->limit_reason != NULL)
        writer_format(&out, " (%s)", row->limit_reason);
    err_t err = diag_fail(diag, ERR_INVALID, where, "%.*s", BYTES_ARG(writer_view(&out)));
    writer_free(&out);
    return err;
}

static bool is_number(enum option_type type)
{
    return type == OPTION_INT || type == OPTION_SIZE || type == OPTION_DURATION;
}

static void store(struct option_set *set, const struct option_row *row, union value value)
{
    char *field = (char *)set->config + row->at;
    switch (row->type) {
    case OPTION_BOOL:
        *(bool *)(void *)field = value.number != 0;
        return;
    case OPTION_ENUM:
        *(int *)(void *)field = (int)value.number;
        return;
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        *(int64_t *)(void *)field = value.number;
        return;
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
    case OPTION_TYPE_COUNT:
        break;
    }
    *(const char **)(void *)field = value.text.data == NULL ? NULL : arena_text(&set->arena, value.text);
}

// What the row has already, and one value more.
static bytes_t add_value(struct option_set *set, const struct option_row *row, bytes_t value)
{
    ASSERT(row->type == OPTION_TEXT);
    const char *values = *(const char *const *)(const void *)((const char *)set->config + row->at);
    char joint = row->joint == '\0' ? ' ' : row->joint;
    return bytes_of_text(arena_format(&set->arena, "%s%c%.*s", values, joint, BYTES_ARG(value)));
}

static err_t set_row(struct option_set *set, const struct option_row *row, const char *where, bytes_t text,
                     enum option_source source, const char *origin, diag_t *diag)
{
    size_t index = (size_t)(row - set->table.rows);
    union value value = { 0 };
    if (!parse(row, text, &value))
        return complain_form(row, where, text, diag);
    bool limited = is_number(row->type) && (row->min != 0 || row->max != 0);
    if (limited && (value.number < row->min || value.number > row->max))
        return complain_limit(row, where, value.number, diag);
    if (source < set->sources[index])
        return ERR_OK;
    if (row->repeats && source == OPTION_FROM_FLAG && set->sources[index] == source)
        value.text = add_value(set, row, value.text);
    store(set, row, value);
    set->sources[index] = source;
    set->origins[index] = arena_text(&set->arena, bytes_of_text(origin));
    return ERR_OK;
}

void option_set_init(struct option_set *set, struct option_table table, void *config)
{
    *set = (struct option_set){ .table = table, .config = config, .arena = ARENA_INIT };
    set->sources = mem_zalloc(table.count, sizeof *set->sources);
    set->origins = mem_zalloc(table.count, sizeof *set->origins);
    for (size_t i = 0; i < table.count; i++) {
        const struct option_row *row = &table.rows[i];
        ASSERT((row->type == OPTION_ENUM) == (row->choices != NULL));
        set->origins[i] = "";
        if (row->default_text == NULL) {
            store(set, row, (union value){ 0 });
            continue;
        }
        err_t err = set_row(set, row, "", bytes_of_text(row->default_text), OPTION_FROM_DEFAULT, "", NULL);
        ASSERT(err == ERR_OK);
    }
}

void option_set_free(struct option_set *set)
{
    free(set->sources);
    free((void *)set->origins);
    arena_free(&set->arena);
    *set = (struct option_set){ 0 };
}

static bool text_is(const char *text, bytes_t bytes)
{
    return text != NULL && bytes_is(bytes, text);
}

const struct option_row *option_find(struct option_table table, bytes_t name)
{
    for (size_t i = 0; i < table.count; i++) {
        if (text_is(table.rows[i].name, name))
            return &table.rows[i];
    }
    return NULL;
}

// The option that has no flag, but would have this one: `--kafka-group-size-max` for kafka.group-size-max.
static const struct option_row *row_without_flag(struct option_table table, bytes_t flag)
{
    for (size_t i = 0; i < table.count; i++) {
        const struct option_row *row = &table.rows[i];
        size_t size = row->name == NULL || row->env == NULL || row->flag != NULL ? 0 : strlen(row->name);
        if (size == 0 || flag.size != size + 2 || memcmp(flag.data, "--", 2) != 0)
            continue;
        size_t at = 0;
        while (at < size && flag.data[at + 2] == (row->name[at] == '.' ? '-' : row->name[at]))
            at++;
        if (at == size)
            return row;
    }
    return NULL;
}

// Names the nearest flag or key.
static err_t complain_unknown(struct option_table table, bytes_t name, bool is_flag, diag_t *diag)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < table.count; i++)
        nearest_offer(&nearest, is_flag ? table.rows[i].flag : table.rows[i].name);
    char where[sizeof((diag_t *)NULL)->where];
    size_t size = name.size < sizeof where ? name.size : sizeof where - 1;
    if (size > 0)
        memcpy(where, name.data, size);
    where[size] = '\0';
    const struct option_row *row = is_flag ? row_without_flag(table, name) : NULL;
    if (row != NULL)
        return diag_fail(diag, ERR_NOT_FOUND, where,
                         "this option has no flag: set %s in the environment, or %s in the config file", row->env,
                         row->name);
    const char *kind = is_flag ? "there is no such flag" : "there is no such option";
    if (nearest.best == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, where, "%s", kind);
    return diag_fail(diag, ERR_NOT_FOUND, where, "%s; did you mean %s?", kind, nearest.best);
}

err_t option_set_value(struct option_set *set, bytes_t name, bytes_t text, enum option_source source,
                       const char *origin, diag_t *diag)
{
    const struct option_row *row = option_find(set->table, name);
    if (row == NULL)
        return complain_unknown(set->table, name, false, diag);
    return set_row(set, row, row->name, text, source, origin, diag);
}

err_t option_set_env(struct option_set *set, const char *const *environment, diag_t *diag)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || equals[1] == '\0')
            continue;
        bytes_t name = bytes_of(*environment, (size_t)(equals - *environment));
        for (size_t i = 0; i < set->table.count; i++) {
            const struct option_row *row = &set->table.rows[i];
            if (!text_is(row->env, name))
                continue;
            err_t err = set_row(set, row, row->env, bytes_of_text(equals + 1), OPTION_FROM_ENV, row->env, diag);
            if (err != ERR_OK)
                return err;
        }
    }
    return ERR_OK;
}

static bool contains(bytes_t text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

// Kubernetes, "Environment variables" of services, and Docker's links before them.
static bool is_service_link(bytes_t name, const char *value)
{
    if (contains(name, "_SERVICE_HOST") || contains(name, "_SERVICE_PORT"))
        return true;
    const char *port = memmem(name.data, name.size, "_PORT", strlen("_PORT"));
    if (port == NULL)
        return false;
    port += strlen("_PORT");
    bool is_end = port == (const char *)name.data + name.size;
    return is_end ? strstr(value, "://") != NULL : port[0] == '_' && port[1] >= '0' && port[1] <= '9';
}

void option_env_strays(struct option_table table, const char *prefix, const char *const *environment,
                       option_stray_fn *on_stray, void *owner)
{
    size_t skipped = strlen(prefix);
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || equals[1] == '\0' || strncmp(*environment, prefix, skipped) != 0)
            continue;
        bytes_t name = bytes_of(*environment, (size_t)(equals - *environment));
        // The prefix is left out: with it, everything would be near to everything.
        struct nearest nearest = nearest_to(bytes_of(name.data + skipped, name.size - skipped));
        const char *best = NULL;
        bool is_known = false;
        for (size_t i = 0; i < table.count; i++) {
            const char *env = table.rows[i].env;
            size_t distance = nearest.distance;
            if (env == NULL || strncmp(env, prefix, skipped) != 0)
                continue;
            is_known |= bytes_is(name, env);
            nearest_offer(&nearest, env + skipped);
            if (nearest.distance < distance)
                best = env;
        }
        if (!is_known && !is_service_link(name, equals + 1))
            on_stray(owner, name, best);
    }
}

// The command line as it is read.
struct flags {
    struct option_set *set;
    int count, at; // at: the next argument
    const char *const *arguments;
    diag_t *diag;
};

static const struct option_row *find_flag(struct option_table table, bytes_t flag)
{
    for (size_t i = 0; i < table.count; i++) {
        if (text_is(table.rows[i].flag, flag))
            return &table.rows[i];
    }
    return NULL;
}

static const struct option_row *find_letter(struct option_table table, char letter)
{
    for (size_t i = 0; i < table.count; i++) {
        if (table.rows[i].letter == letter)
            return &table.rows[i];
    }
    return NULL;
}

enum option_source option_flag_source(const struct option_set *set, const char *flag)
{
    const struct option_row *row = find_flag(set->table, bytes_of_text(flag));
    ASSERT(row != NULL);
    return set->sources[row - set->table.rows];
}

// VALUE is what was joined to the flag, NULL if nothing was.
static err_t set_flag(struct flags *flags, const struct option_row *row, const char *shown, const char *value)
{
    if (value == NULL && row->type == OPTION_BOOL)
        value = "true";
    if (value == NULL) {
        if (flags->at == flags->count)
            return diag_fail(flags->diag, ERR_INVALID, shown, "needs a value; expected %s",
                             row->type == OPTION_ENUM ? row->choices[0] : expectations[row->type]);
        value = flags->arguments[flags->at++];
    }
    return set_row(flags->set, row, shown, bytes_of_text(value), OPTION_FROM_FLAG, shown, flags->diag);
}

static err_t read_long(struct flags *flags, const char *argument)
{
    const char *equals = strchr(argument, '=');
    bytes_t name = bytes_of(argument, equals == NULL ? strlen(argument) : (size_t)(equals - argument));
    const struct option_row *row = find_flag(flags->set->table, name);
    if (row != NULL)
        return set_flag(flags, row, row->flag, equals == NULL ? NULL : equals + 1);
    if (name.size > 5 && memcmp(name.data, "--no-", 5) == 0 && equals == NULL) {
        // "--no-x" is "--x" with the letters of "no-" taken out.
        char *positive = mem_format("--%s", argument + 5);
        row = find_flag(flags->set->table, bytes_of_text(positive));
        free(positive);
        if (row != NULL && row->type == OPTION_BOOL)
            return set_flag(flags, row, row->flag, "false");
    }
    return complain_unknown(flags->set->table, name, true, flags->diag);
}

static err_t read_letters(struct flags *flags, const char *argument)
{
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const char shown[] = { '-', *letter, '\0' };
        const struct option_row *row = find_letter(flags->set->table, *letter);
        if (row == NULL)
            return complain_unknown(flags->set->table, bytes_of_text(argument), true, flags->diag);
        const char *rest = letter[1] == '=' ? letter + 2 : letter + 1;
        if (row->type != OPTION_BOOL) // the rest of the argument is its value
            return set_flag(flags, row, shown, letter[1] == '\0' ? NULL : rest);
        err_t err = set_flag(flags, row, shown, NULL);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

err_t option_set_flags(struct option_set *set, int count, const char *const *arguments, const char **ret_rest,
                       int *ret_rest_count, diag_t *diag)
{
    struct flags flags = { set, count, 0, arguments, diag };
    int rest_count = 0;
    bool only_rest = false;
    while (flags.at < count) {
        const char *argument = arguments[flags.at++];
        err_t err = ERR_OK;
        if (!only_rest && strcmp(argument, "--") == 0) {
            only_rest = true;
        } else if (!only_rest && strncmp(argument, "--", 2) == 0) {
            err = read_long(&flags, argument);
        } else if (!only_rest && argument[0] == '-' && argument[1] != '\0') {
            err = read_letters(&flags, argument);
        } else if (ret_rest == NULL) {
            err = diag_fail(diag, ERR_INVALID, argument, "is no option, and nothing else is expected here");
        } else {
            ret_rest[rest_count++] = argument;
        }
        if (err != ERR_OK)
            return err;
    }
    if (ret_rest_count != NULL)
        *ret_rest_count = rest_count;
    return ERR_OK;
}
