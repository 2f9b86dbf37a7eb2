// SPDX-License-Identifier: Apache-2.0
#include "cli/get_watch.h"

#include "base/json_edit.h"

struct print_options get_print_options(const struct get_config *config, const struct kube_output *output,
                                       struct arena *arena)
{
    struct print_options options = {
        .wide = output->form == KUBE_WIDE,
        .no_headers = config->no_headers,
        .show_labels = config->show_labels,
    };
    const char *list = config->label_columns == NULL ? "" : config->label_columns;
    const char **labels = arena_array(arena, strlen(list) + 1, sizeof *labels);
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        if (size > 0)
            labels[options.label_count++] = arena_text(arena, bytes_of(list, size));
        list += size + (list[size] == ',');
    }
    options.labels = labels;
    return options;
}

struct watch {
    const struct get_config *config;
    struct kube_output *output;
    struct table_print print;
    struct writer out;
    diag_t diag;
    err_t err;
};

// What -o json and -o yaml show with --output-watch-events: an event of the API.
static struct json_value *event_new(struct arena *arena, const char *type, struct json_value *object)
{
    struct json_value *event = json_new(arena, JSON_OBJECT);
    json_set_text(event, arena, "type", type);
    json_set(event, BYTES_LITERAL("object"), object);
    return event;
}

// False: nobody reads any more, or the form does not fit.
static bool print_object(struct watch *watch, const char *type, const struct json_value *object)
{
    struct arena arena = ARENA_INIT;
    struct json_value *shown = json_copy(&arena, object);
    bool is_whole = watch->output->form == KUBE_JSON || watch->output->form == KUBE_YAML;
    if (is_whole && watch->config->watch_events)
        shown = event_new(&arena, type, shown);
    watch->err = kube_output_print(watch->output, shown, &watch->out, &watch->diag);
    arena_free(&arena);
    return watch->err == ERR_OK && cli_print(&watch->out);
}

static bool print_table(struct watch *watch, const char *type, const struct json_value *table)
{
    table_print(&watch->print, table, watch->config->watch_events ? type : NULL, &watch->out);
    return cli_print(&watch->out);
}

static bool on_event(void *owner, const char *type, const struct json_value *object)
{
    struct watch *watch = owner;
    return kube_output_is_table(watch->output) ? print_table(watch, type, object) : print_object(watch, type, object);
}

// What is there when the watch begins.
static bool print_first(struct watch *watch, const struct json_value *list)
{
    const struct json_value *items = json_get(list, "items");
    if (watch->config->watch_only)
        return true;
    if (kube_output_is_table(watch->output))
        return print_table(watch, "ADDED", list);
    bool is_read = true;
    for (const struct json_value *item = items == NULL ? NULL : items->first; is_read && item != NULL;
         item = item->next)
        is_read = print_object(watch, "ADDED", item);
    return is_read;
}

static bool is_empty(const struct json_value *list)
{
    const struct json_value *rows = json_get(list, "rows"), *items = json_get(list, "items");
    return (rows == NULL || rows->count == 0) && (items == NULL || items->count == 0);
}

static err_t list_and_watch(struct kube_session *session, struct kube_query *query, struct watch *watch,
                            struct kube_answer *answer)
{
    // A list of one: its version is where the watch begins.
    struct kube_query list = *query;
    if (query->name != NULL) {
        list.fields = arena_format(&session->arena, "metadata.name=%s", query->name);
        list.name = NULL;
    }
    err_t err = kube_fetch(session, &list, &session->arena, answer);
    if (err == ERR_OK && query->name != NULL && !watch->config->watch_only && is_empty(answer->tree)) {
        answer->message = arena_format(&session->arena, "%s \"%s\" not found",
                                       kube_kind_shown(query->kind, &session->arena), query->name);
        err = ERR_NOT_FOUND;
    }
    if (err != ERR_OK || !print_first(watch, answer->tree))
        return err;
    bytes_t version = json_text_at(json_get(answer->tree, "metadata"), "resourceVersion");
    return kube_watch(session, &list, version, on_event, watch, &session->arena, answer);
}

enum cli_exit get_watch(struct kube_session *session, const struct get_config *config, struct kube_query query,
                        struct kube_output *output)
{
    struct watch watch = { .config = config, .output = output };
    struct print_options options = get_print_options(config, output, &session->arena);
    struct kube_answer answer = { 0 };
    enum cli_exit code = CLI_OK;
    options.with_namespace = config->all_namespaces && query.kind->is_namespaced;
    table_print_init(&watch.print, &options);
    if (list_and_watch(session, &query, &watch, &answer) != ERR_OK)
        code = kube_complain(session, NULL, &answer);
    else if (watch.err != ERR_OK)
        code = cli_complain(session->command, &watch.diag);
    table_print_deinit(&watch.print);
    writer_free(&watch.out);
    return code;
}
