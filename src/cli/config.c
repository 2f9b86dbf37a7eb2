// SPDX-License-Identifier: Apache-2.0
#include "cli/config.h"

#include "app/config.h"

static const char help[] =
    "usage: eddy config [--json | --defaults] [options of serve]\n\n"
    "Shows every option: its value, where that came from, its default and what it does. Takes the\n"
    "flags of `eddy serve`, so that a command line can be tried out.\n\n"
    "  --json      as a JSON array\n"
    "  --defaults  print a file with every option at its default, for --config\n";

enum form { FORM_LISTING, FORM_JSON, FORM_DEFAULTS, FORM_HELP };

static const struct {
    const char *flag;
    enum form form;
} forms[] = {
    { "--json", FORM_JSON },
    { "--defaults", FORM_DEFAULTS },
    { "--help", FORM_HELP },
    { "-h", FORM_HELP },
};

// Takes our own flags out; what is left are flags of serve.
static enum form take_form(int count, const char *const *texts, const char **ret_rest, int *ret_count)
{
    enum form form = FORM_LISTING;
    *ret_count = 0;
    for (int i = 0; i < count; i++) {
        bool own = false;
        for (size_t k = 0; k < ARRAY_COUNT(forms); k++) {
            if (strcmp(texts[i], forms[k].flag) != 0)
                continue;
            form = forms[k].form;
            own = true;
        }
        if (!own)
            ret_rest[(*ret_count)++] = texts[i];
    }
    return form;
}

static bool is_plain(bytes_t value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] == '\0' || strchr(plain, value.data[i]) == NULL)
            return false;
    return value.size > 0 && value.data[0] != '-';
}

// Plain words need no quotes in YAML; the rest is double-quoted (YAML 1.2 7.3.1).
static void write_yaml_value(bytes_t value, struct writer *out)
{
    if (value.data == NULL) {
        writer_text(out, "\"\"");
        return;
    }
    if (is_plain(value)) {
        writer_bytes(out, value);
        return;
    }
    writer_u8(out, '"');
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            writer_u8(out, '\\');
        writer_u8(out, value.data[i]);
    }
    writer_u8(out, '"');
}

static void write_default(const struct option_set *set, const struct option_row *row, struct writer *out)
{
    writer_format(out, "\n# %s\n", row->help);
    if (row->limit_reason != NULL)
        writer_format(out, "# Limits: %s.\n", row->limit_reason);
    writer_format(out, "# %s %s\n", row->apply == OPTION_LIVE ? "Applies live (SIGHUP)." : "Needs a restart.",
                  row->env == NULL ? "" : row->env);
    struct writer value = WRITER_INIT;
    option_write_value(set, row, &value);
    // A key without a default stays a comment: there is nothing to set it to.
    writer_format(out, "%s%s: ", row->default_text == NULL ? "# " : "", row->name);
    if (row->default_text != NULL)
        write_yaml_value(writer_view(&value), out);
    writer_u8(out, '\n');
    writer_free(&value);
}

static void write_defaults(struct writer *out)
{
    struct app_config config = { 0 };
    struct option_set set;
    option_set_init(&set, app_option_table(), &config);
    writer_text(out, "# Options of `eddy serve` at their defaults: eddy serve --config FILE\n");
    const char *group = "";
    for (size_t i = 0; i < set.table.count; i++) {
        const struct option_row *row = &set.table.rows[i];
        if (row->name == NULL)
            continue;
        if (strcmp(group, row->group) != 0)
            writer_format(out, "\n# ---- %s\n", row->group);
        group = row->group;
        write_default(&set, row, out);
    }
    option_set_free(&set);
}

static enum cli_exit print(struct writer *out)
{
    bool alive = cli_print(out);
    writer_free(out);
    return alive ? CLI_OK : CLI_FAILED;
}

enum cli_exit cli_config(int count, const char *const *texts)
{
    const char *rest[CLI_REST_MAX] = { 0 };
    struct writer out = WRITER_INIT;
    diag_t diag = { 0 };
    int rest_count = 0;
    if (count > CLI_REST_MAX) {
        (void)diag_fail(&diag, ERR_LIMIT, "arguments", "more than %d", CLI_REST_MAX);
        (void)cli_complain("config", &diag);
        return CLI_USAGE;
    }
    enum form form = take_form(count, texts, rest, &rest_count);
    if (form == FORM_HELP || form == FORM_DEFAULTS) {
        if (form == FORM_HELP)
            writer_text(&out, help);
        else
            write_defaults(&out);
        return print(&out);
    }
    struct app_config config = { 0 };
    struct option_set set;
    if (app_config_read(&set, &config, rest_count, rest, NULL, NULL, &diag) != ERR_OK) {
        (void)cli_complain("config", &diag);
        return CLI_USAGE;
    }
    cli_warn_strays("config");
    if (form == FORM_JSON)
        option_write_json(&set, &out);
    else
        option_write_listing(&set, &out);
    app_config_free(&set, &config);
    return print(&out);
}
