// SPDX-License-Identifier: Apache-2.0
// eddy describe KIND [NAME]: all that is known of objects, for people, with the events that were told of them.
#include "cli/describe.h"

#include "base/json_edit.h"
#include "cli/describe_object.h"
#include "cli/kube_fetch.h"
#include "cli/kube_target.h"
#include "io/clock.h"
#include "io/system.h"

struct config {
    struct kube_link_options link;
    const char *labels;
    bool all_namespaces, show_events;
};

static const struct option_row rows[] = {
    { .flag = "--selector",
      .letter = 'l',
      .group = "Describe",
      .type = OPTION_TEXT,
      .value_name = "LABELS",
      .help = "only what has these labels",
      .at = offsetof(struct config, labels) },
    { .flag = "--all-namespaces",
      .letter = 'A',
      .group = "Describe",
      .type = OPTION_BOOL,
      .help = "of all namespaces",
      .at = offsetof(struct config, all_namespaces) },
    { .flag = "--show-events",
      .group = "Describe",
      .type = OPTION_BOOL,
      .default_text = "true",
      .help = "with what was told of the object (Events); of several objects only where this is given",
      .at = offsetof(struct config, show_events) },
    KUBE_ROWS(struct config),
};

struct describe {
    struct kube_session *session;
    const struct config *config;
    struct json_value *objects; // an array, in the session's arena
    bool has_failed;
};

// The Events of OBJECT; NULL: they are not to be had.
static const struct json_value *events_of(const struct describe *describe, const struct json_value *object,
                                          struct arena *arena)
{
    const struct kube_kind *kind = kube_kinds_find(&describe->session->kinds, BYTES_LITERAL("events.v1."));
    if (kind == NULL)
        return NULL;
    const struct json_value *metadata = json_get(object, "metadata");
    bytes_t name_space = json_text_at(metadata, "namespace");
    struct kube_answer answer;
    const struct kube_query query = {
        .kind = kind,
        .name_space = name_space.size == 0 ? NULL : arena_text(arena, name_space),
        .fields = arena_format(arena, "involvedObject.kind=%.*s,involvedObject.name=%.*s,involvedObject.uid=%.*s",
                               BYTES_ARG(json_text_at(object, "kind")), BYTES_ARG(json_text_at(metadata, "name")),
                               BYTES_ARG(json_text_at(metadata, "uid"))),
    };
    return kube_fetch(describe->session, &query, arena, &answer) == ERR_OK ? answer.tree : NULL;
}

static void print(const struct describe *describe, bool with_events)
{
    struct writer out = WRITER_INIT;
    for (const struct json_value *object = describe->objects->first; object != NULL; object = object->next) {
        struct arena arena = ARENA_INIT;
        const struct json_value *events = with_events ? events_of(describe, object, &arena) : NULL;
        writer_text(&out, object == describe->objects->first ? "" : "\n\n");
        describe_object(object, events, clock_wall_ms(), &out);
        arena_free(&arena);
    }
    (void)cli_print(&out);
    writer_free(&out);
}

static bool begins_with(const struct json_value *object, const char *start)
{
    return bytes_starts_with(json_text_at(json_get(object, "metadata"), "name"), bytes_of_text(start));
}

static void add_list(struct describe *describe, const struct json_value *list, const char *start)
{
    const struct json_value *items = json_get(list, "items");
    struct json_value *item = items == NULL ? NULL : items->first;
    while (item != NULL) {
        struct json_value *next = item->next;
        if (begins_with(item, start)) {
            json_detach(item);
            json_append(describe->objects, item);
        }
        item = next;
    }
}

// Of a name that is not there, all that begin with it: pods have names that nobody types to the end.
static void add_target(struct describe *describe, const struct kube_target *target)
{
    struct arena *arena = &describe->session->arena;
    struct kube_answer answer, list;
    struct kube_query query = {
        .kind = target->kind,
        .name_space = describe->config->all_namespaces ? NULL : describe->session->name_space,
        .name = target->name,
        .labels = describe->config->labels,
    };
    size_t before = describe->objects->count;
    err_t err = kube_fetch(describe->session, &query, arena, &answer);
    query.name = NULL;
    if (err == ERR_OK && target->name != NULL)
        json_append(describe->objects, answer.tree);
    else if (err == ERR_OK)
        add_list(describe, answer.tree, "");
    else if (err == ERR_NOT_FOUND && target->name != NULL &&
             kube_fetch(describe->session, &query, arena, &list) == ERR_OK)
        add_list(describe, list.tree, target->name);
    if (err != ERR_OK && describe->objects->count == before) {
        (void)kube_complain(describe->session, NULL, &answer);
        describe->has_failed = true;
    }
}

static err_t check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct config *config = (const struct config *)options;
    bool has_name = arguments->rest_count > 1 || strchr(arguments->rest[0], '/') != NULL;
    if (has_name && config->labels != NULL)
        return diag_fail(diag, ERR_INVALID, "", "a selector chooses among all: it cannot stand beside a name");
    if (has_name && config->all_namespaces)
        return diag_fail(diag, ERR_INVALID, "--all-namespaces", "a name is one of a single namespace: -n NAMESPACE");
    return ERR_OK;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    const struct config *config = (const struct config *)options;
    struct describe describe = { .session = session,
                                 .config = config,
                                 .objects = json_new(&session->arena, JSON_ARRAY) };
    struct kube_targets targets;
    diag_t diag = { 0 };
    err_t err = kube_targets_read(session, arguments, &targets, &diag);
    if (err != ERR_OK) {
        (void)cli_complain(session->command, &diag);
        return err == ERR_INVALID ? CLI_USAGE : CLI_FAILED;
    }
    for (size_t i = 0; i < targets.count; i++)
        add_target(&describe, &targets.items[i]);
    bool is_asked = option_flag_source(&arguments->set, "--show-events") == OPTION_FROM_FLAG;
    print(&describe, config->show_events && (is_asked || describe.objects->count == 1));
    if (describe.objects->count == 0 && !describe.has_failed)
        kube_say_nothing_found(session, &targets, config->all_namespaces);
    return describe.has_failed ? CLI_FAILED : CLI_OK;
}

enum cli_exit cli_describe(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "describe", "KIND [NAME...] [options]",
          "Shows all that is known of Kubernetes resources, for people: every field, and the events that were told of "
          "them. A name that is not there stands for all that begin with it; values of Secrets are not shown.\n\n"
          "  eddy describe pod web\n"
          "  eddy describe configmaps -l app=web",
          1, CLI_REST_MAX },
        { rows, ARRAY_COUNT(rows) },
        check,
        run,
    };
    struct config config;
    return kube_command_run(&command, &config.link, count, texts);
}
