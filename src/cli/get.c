// SPDX-License-Identifier: Apache-2.0
// eddy get KIND [NAME...]: objects as a table or in the other forms of `kubectl get`; with -w what becomes of them.
#include "cli/get.h"

#include "base/json_edit.h"
#include "cli/get_watch.h"
#include "cli/kube_fetch.h"
#include "cli/kube_target.h"
#include "io/system.h"

static const struct option_row rows[] = {
    { .flag = "--output",
      .letter = 'o',
      .group = "Output",
      .type = OPTION_TEXT,
      .value_name = "FORM",
      .help = "wide, json, yaml, name, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE or custom-columns=NAME:PATH,...",
      .at = offsetof(struct get_config, output) },
    { .flag = "--no-headers",
      .group = "Output",
      .type = OPTION_BOOL,
      .help = "no line with the names of the columns",
      .at = offsetof(struct get_config, no_headers) },
    { .flag = "--show-labels",
      .group = "Output",
      .type = OPTION_BOOL,
      .help = "all labels as the last column",
      .at = offsetof(struct get_config, show_labels) },
    { .flag = "--label-columns",
      .letter = 'L',
      .group = "Output",
      .type = OPTION_TEXT,
      .repeats = true,
      .joint = ',',
      .value_name = "LABEL,...",
      .help = "these labels as columns",
      .at = offsetof(struct get_config, label_columns) },
    { .flag = "--show-managed-fields",
      .group = "Output",
      .type = OPTION_BOOL,
      .help = "json and yaml with metadata.managedFields",
      .at = offsetof(struct get_config, show_managed) },
    { .flag = "--selector",
      .letter = 'l',
      .group = "Selection",
      .type = OPTION_TEXT,
      .value_name = "LABELS",
      .help = "only what has these labels: app=web,tier in (a,b),!old",
      .at = offsetof(struct get_config, labels) },
    { .flag = "--field-selector",
      .group = "Selection",
      .type = OPTION_TEXT,
      .value_name = "FIELDS",
      .help = "only what has these fields: metadata.name=web",
      .at = offsetof(struct get_config, fields) },
    { .flag = "--all-namespaces",
      .letter = 'A',
      .group = "Selection",
      .type = OPTION_BOOL,
      .help = "of all namespaces",
      .at = offsetof(struct get_config, all_namespaces) },
    { .flag = "--ignore-not-found",
      .group = "Selection",
      .type = OPTION_BOOL,
      .help = "what is not there is no failure",
      .at = offsetof(struct get_config, ignore_not_found) },
    { .flag = "--watch",
      .letter = 'w',
      .group = "Watch",
      .type = OPTION_BOOL,
      .help = "go on with each change, until interrupted",
      .at = offsetof(struct get_config, watch) },
    { .flag = "--watch-only",
      .group = "Watch",
      .type = OPTION_BOOL,
      .help = "changes alone, not what is there already",
      .at = offsetof(struct get_config, watch_only) },
    { .flag = "--output-watch-events",
      .group = "Watch",
      .type = OPTION_BOOL,
      .help = "with each change what it was: ADDED, MODIFIED, DELETED",
      .at = offsetof(struct get_config, watch_events) },
    KUBE_ROWS(struct get_config),
};
const struct option_table get_options = { rows, ARRAY_COUNT(rows) };

// --- what is asked for

struct get {
    struct kube_session *session;
    const struct get_config *config;
    struct kube_targets targets;
    struct kube_output output;
    struct writer out;        // for standard output
    struct writer complaints; // for standard error, behind it
    bool has_failed;
};

err_t get_check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct get_config *config = (const struct get_config *)options;
    struct arena arena = ARENA_INIT;
    struct kube_output output;
    bool has_name = arguments->rest_count > 1 || strchr(arguments->rest[0], '/') != NULL;
    err_t err = kube_output_read(config->output, &arena, &output, diag);
    if (err == ERR_OK && has_name && (config->labels != NULL || config->fields != NULL))
        err = diag_fail(diag, ERR_INVALID, "", "a selector chooses among all: it cannot stand beside a name");
    if (err == ERR_OK && has_name && config->all_namespaces)
        err = diag_fail(diag, ERR_INVALID, "--all-namespaces", "a name is one of a single namespace: -n NAMESPACE");
    arena_free(&arena);
    return err;
}

static struct kube_query query_of(const struct get *get, const struct kube_target *target)
{
    const struct get_config *config = get->config;
    return (struct kube_query){
        .kind = target->kind,
        .name_space = config->all_namespaces ? NULL : get->session->name_space,
        .name = target->name,
        .labels = config->labels,
        .fields = config->fields,
        .as_table = kube_output_is_table(&get->output),
    };
}

static void complain_later(struct get *get, const char *where, const struct kube_answer *answer)
{
    kube_complaint_write(&get->complaints, get->session->command, where, answer);
    get->has_failed = true;
}

// NULL: there is none; a complaint waits, unless that is to be ignored.
static struct json_value *fetch(struct get *get, const struct kube_target *target)
{
    struct kube_query query = query_of(get, target);
    struct kube_answer answer;
    err_t err = kube_fetch(get->session, &query, &get->session->arena, &answer);
    if (err == ERR_OK)
        return answer.tree;
    bool is_ignored = err == ERR_NOT_FOUND && target->name != NULL && get->config->ignore_not_found;
    if (!is_ignored)
        complain_later(get, NULL, &answer);
    return NULL;
}

// --- tables

static size_t count_kinds(const struct kube_targets *targets)
{
    size_t count = 0;
    for (size_t i = 0; i < targets->count; i++)
        count += i == 0 || targets->items[i].kind != targets->items[i - 1].kind;
    return count;
}

static void add_rows(struct json_value *table, struct json_value *more)
{
    struct json_value *rows_to = json_find(table, BYTES_LITERAL("rows")),
                      *from = json_find(more, BYTES_LITERAL("rows"));
    while (rows_to != NULL && from != NULL && from->first != NULL) {
        struct json_value *row = from->first;
        json_detach(row);
        json_append(rows_to, row);
    }
}

// The rows of the targets from *AT on that are of one kind; NULL: nothing came.
static struct json_value *table_of_kind(struct get *get, size_t *at)
{
    const struct kube_kind *kind = get->targets.items[*at].kind;
    struct json_value *table = NULL;
    for (; *at < get->targets.count && get->targets.items[*at].kind == kind; (*at)++) {
        struct json_value *more = fetch(get, &get->targets.items[*at]);
        if (table == NULL)
            table = more;
        else if (more != NULL)
            add_rows(table, more);
    }
    return table;
}

static void print_tables(struct get *get)
{
    struct arena *arena = &get->session->arena;
    struct print_options options = get_print_options(get->config, &get->output, arena);
    bool with_prefix = count_kinds(&get->targets) > 1;
    for (size_t at = 0; at < get->targets.count;) {
        const struct kube_kind *kind = get->targets.items[at].kind;
        struct json_value *table = table_of_kind(get, &at);
        struct table_print print;
        struct writer text = WRITER_INIT;
        options.with_namespace = get->config->all_namespaces && kind->is_namespaced;
        options.prefix = with_prefix ? kube_kind_shown(kind, arena) : NULL;
        table_print_init(&print, &options);
        table_print(&print, table, NULL, &text);
        table_print_deinit(&print);
        // As in kubectl: an empty line between two kinds with headers.
        if (text.size > 0 && get->out.size > 0 && !get->config->no_headers)
            writer_u8(&get->out, '\n');
        writer_bytes(&get->out, writer_view(&text));
        writer_free(&text);
    }
}

// --- the other forms

// A List of the core group, as kubectl makes one.
static struct json_value *list_new(struct arena *arena)
{
    struct json_value *list = json_new(arena, JSON_OBJECT);
    json_set_text(list, arena, "apiVersion", "v1");
    json_set(list, BYTES_LITERAL("items"), json_new(arena, JSON_ARRAY));
    json_set_text(list, arena, "kind", "List");
    json_set_text(json_set_object(list, arena, "metadata"), arena, "resourceVersion", "");
    return list;
}

static void add_objects(struct json_value *items, struct json_value *value)
{
    struct json_value *from = json_find(value, BYTES_LITERAL("items"));
    bool is_list = from != NULL && from->type == JSON_ARRAY;
    if (!is_list)
        json_append(items, value);
    while (is_list && from->first != NULL) {
        struct json_value *item = from->first;
        json_detach(item);
        json_append(items, item);
    }
}

static void print_objects(struct get *get)
{
    struct arena *arena = &get->session->arena;
    struct kube_targets *targets = &get->targets;
    bool is_one = targets->count == 1 && targets->items[0].name != NULL;
    struct json_value *value = is_one ? NULL : list_new(arena);
    for (size_t i = 0; i < targets->count; i++) {
        struct json_value *got = fetch(get, &targets->items[i]);
        if (is_one)
            value = got;
        else if (got != NULL)
            add_objects(json_find(value, BYTES_LITERAL("items")), got);
    }
    diag_t diag = { 0 };
    if (value != NULL && kube_output_print(&get->output, value, &get->out, &diag) != ERR_OK) {
        const struct kube_answer answer = { .message = diag.text };
        complain_later(get, diag.where, &answer);
    }
}

// --- the command

static void print(struct get *get)
{
    if (kube_output_is_table(&get->output))
        print_tables(get);
    else
        print_objects(get);
    bool is_nothing = get->out.size == 0 && !get->has_failed && !get->config->ignore_not_found;
    if (is_nothing && kube_output_is_table(&get->output))
        kube_say_nothing_found(get->session, &get->targets, get->config->all_namespaces);
    (void)cli_print(&get->out);
    (void)system_write_err(writer_view(&get->complaints));
}

enum cli_exit get_run(struct kube_session *session, const struct kube_link_options *options,
                      const struct cli_arguments *arguments)
{
    struct get get = { .session = session, .config = (const struct get_config *)options };
    diag_t diag = { 0 };
    err_t err = kube_output_read(get.config->output, &session->arena, &get.output, &diag);
    get.output.no_headers = get.config->no_headers;
    get.output.with_managed = get.config->show_managed;
    if (err == ERR_OK)
        err = kube_targets_read(session, arguments, &get.targets, &diag);
    if (err != ERR_OK) {
        (void)cli_complain(session->command, &diag);
        return err == ERR_INVALID ? CLI_USAGE : CLI_FAILED;
    }
    if (get.config->watch || get.config->watch_only) {
        if (get.targets.count == 1)
            return get_watch(session, get.config, query_of(&get, &get.targets.items[0]), &get.output);
        (void)diag_fail(&diag, ERR_INVALID, "--watch", "only one kind can be watched, or one object");
        (void)cli_complain(session->command, &diag);
        return CLI_USAGE;
    }
    print(&get);
    writer_free(&get.out);
    writer_free(&get.complaints);
    return get.has_failed ? CLI_FAILED : CLI_OK;
}

enum cli_exit cli_get(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "get", "KIND [NAME...] [options]",
          "Shows Kubernetes resources as `kubectl get` does: a table, or objects in the forms of -o. KIND is a plural, "
          "a singular, a short name, several with commas, or \"all\"; KIND/NAME names one object.\n\n"
          "  eddy get configmaps\n"
          "  eddy get cm/settings -o yaml\n"
          "  eddy get pods -A -l app=web -w",
          1, CLI_REST_MAX },
        { rows, ARRAY_COUNT(rows) },
        get_check,
        get_run,
    };
    struct get_config config;
    return kube_command_run(&command, &config.link, count, texts);
}
