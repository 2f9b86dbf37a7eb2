// SPDX-License-Identifier: Apache-2.0
// eddy explain --broker B --event FILE, or --id ID: which triggers take an event, and which part of a filter decided.
// The filters are those of the triggers as the server has them, asked by the code that the server asks them by.
#include "cli/explain_broker.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/json_edit.h"
#include "cli/explain_event.h"
#include "cli/groups.h"
#include "cli/kube_fetch.h"
#include "cli/kube_target.h"
#include "cloudevents/filter/filter.h"
#include "cloudevents/json_format.h"
#include "eventing/topic_names.h"
#include "eventing/view.h"
#include "io/clock.h"
#include "kube/condition.h"
#include "kube/yaml/yaml_write.h"

#include <stdlib.h>

#define EXTERNAL "kafka.eventing.knative.dev/external.topic"

enum { HOUR_MS = 60 * 60 * 1000 };

struct config {
    struct kube_link_options link;
    const char *broker, *event, *id, *source, *bootstrap;
    int output;
};

enum { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_YAML };
static const char *const outputs[] = { "table", "json", "yaml", NULL };

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--broker", .group = "Explain", .type = OPTION_TEXT, .value_name = "[NAMESPACE/]NAME",
      .help = "the broker whose triggers are asked", .at = offsetof(struct config, broker) },
    { .flag = "--event", .letter = 'e', .group = "Explain", .type = OPTION_PATH, .value_name = "FILE",
      .help = "an event in CloudEvents' JSON format; - is standard input", .at = offsetof(struct config, event) },
    { .flag = "--id", .group = "Explain", .type = OPTION_TEXT, .value_name = "ID",
      .help = "an event that came to the broker in the last hour", .at = offsetof(struct config, id) },
    { .flag = "--source", .group = "Explain", .type = OPTION_TEXT, .value_name = "SOURCE",
      .help = "of the event with that id, where several sources have it", .at = offsetof(struct config, source) },
    { .flag = "--output", .letter = 'o', .group = "Explain", .type = OPTION_ENUM, .choices = outputs, .default_text = "table",
      .help = "a table for people, JSON or YAML", .at = offsetof(struct config, output) },
    { .flag = "--bootstrap", .letter = 'b', .env = "EDDY_BOOTSTRAP", .group = "Common", .type = OPTION_TEXT,
      .default_text = "localhost:9092", .value_name = "ADDR",
      .help = "Kafka address where --id looks", .at = offsetof(struct config, bootstrap) },
    KUBE_ROWS(struct config),
};
// clang-format on

// One trigger and what it makes of the event.
struct answer {
    const struct json_value *trigger;
    bytes_t name;
    enum { TAKES, PASSES_BY, BROKEN } result;
    const char *why;
    int64_t committed; // of the event's partition; -1: not known
};

struct explanation {
    struct kube_session *session;
    const struct config *config;
    const char *name_space, *name; // of the broker
    const struct json_value *broker;
    struct explain_event event;
    struct answer *answers;
    size_t count;
    struct arena *arena;
};

static const char *const results[] = { [TAKES] = "match", [PASSES_BY] = "no match", [BROKEN] = "invalid filter" };

// --- what the server has

static err_t kind_of(const struct explanation *this, const char *name, const struct kube_kind **ret_kind, diag_t *diag)
{
    return kube_kind_read(this->session, bytes_of_text(name), ret_kind, diag);
}

static err_t broker_fetch(struct explanation *this, diag_t *diag)
{
    const struct kube_kind *kind;
    struct kube_answer answer;
    err_t err = kind_of(this, "brokers.eventing.knative.dev", &kind, diag);
    if (err != ERR_OK)
        return err;
    err = kube_fetch_one(this->session, kind, this->name_space, this->name, this->arena, &answer);
    if (err != ERR_OK)
        return diag_fail(diag, err, arena_format(this->arena, "%s/%s", this->name_space, this->name), "%s",
                         cli_shown(this->arena, bytes_of_text(answer.message)));
    this->broker = answer.tree;
    return ERR_OK;
}

static bool is_of_broker(const struct explanation *this, const struct json_value *trigger)
{
    const struct json_value *spec = json_get(trigger, "spec");
    bytes_t own = json_text_at(spec, "broker");
    return bytes_is(own.size > 0 ? own : json_text_at(json_get(spec, "brokerRef"), "name"), this->name);
}

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct answer *)a)->name, ((const struct answer *)b)->name);
}

static err_t triggers_fetch(struct explanation *this, diag_t *diag)
{
    struct kube_query query = { .name_space = this->name_space };
    struct kube_answer answer;
    err_t err = kind_of(this, "triggers.eventing.knative.dev", &query.kind, diag);
    if (err != ERR_OK)
        return err;
    err = kube_fetch(this->session, &query, this->arena, &answer);
    if (err != ERR_OK)
        return diag_fail(diag, err, "triggers", "%s", cli_shown(this->arena, bytes_of_text(answer.message)));
    const struct json_value *items = json_get(answer.tree, "items");
    this->answers = arena_array(this->arena, items == NULL ? 0 : items->count, sizeof *this->answers);
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        if (is_of_broker(this, item))
            this->answers[this->count++] = (struct answer){ .trigger = item,
                                                            .name = json_text_at(json_get(item, "metadata"), "name"),
                                                            .committed = -1 };
    }
    if (this->count > 0)
        qsort(this->answers, this->count, sizeof *this->answers, by_name);
    return ERR_OK;
}

// --- the event

static const char *topic_of(const struct explanation *this)
{
    bytes_t external = json_text_at(json_get(json_get(this->broker, "metadata"), "annotations"), EXTERNAL);
    if (external.size > 0)
        return arena_text(this->arena, external);
    return arena_format(this->arena, TOPIC_OF_BROKERS "%s-%s", this->name_space, this->name);
}

// What each trigger's group has committed in the event's partition.
static err_t commits_find(struct explanation *this, struct cluster *cluster, diag_t *diag)
{
    struct cli_groups groups;
    err_t err = cli_groups_open(&groups, cluster, this->arena, diag);
    if (err != ERR_OK)
        return err;
    groups.groups = arena_array(this->arena, this->count, sizeof *groups.groups);
    groups.count = this->count;
    for (size_t i = 0; i < this->count && err == ERR_OK; i++) {
        const char *group =
            arena_format(this->arena, "knative-trigger-%s-%.*s", this->name_space, BYTES_ARG(this->answers[i].name));
        groups.groups[i].name = bytes_of_text(group);
        err = cluster_coordinator(cluster, group, &groups.groups[i].coordinator, diag);
    }
    if (err == ERR_OK)
        err = cli_groups_offsets(&groups, diag);
    for (size_t i = 0; i < this->count && err == ERR_OK; i++) {
        for (size_t p = 0; p < groups.groups[i].place_count; p++) {
            const struct cli_place *place = &groups.groups[i].places[p];
            if (bytes_is(place->topic, this->event.topic) && place->partition == this->event.partition)
                this->answers[i].committed = place->committed;
        }
    }
    return err;
}

static err_t event_find(struct explanation *this, diag_t *diag)
{
    const struct config *config = this->config;
    const struct explain_wanted wanted = { config->id, config->source, clock_wall_ms() - HOUR_MS };
    struct cluster *cluster;
    err_t err = cluster_open(config->bootstrap, &cluster, diag);
    if (err != ERR_OK)
        return err;
    err = explain_event_find(cluster, topic_of(this), &wanted, this->arena, &this->event, diag);
    if (err == ERR_OK)
        err = commits_find(this, cluster, diag);
    cluster_close(cluster);
    return err;
}

// --- the answers

static void answer_find(const struct explanation *this, struct answer *answer)
{
    struct cesql_event view = view_of(&this->event.event);
    struct arena scratch = ARENA_INIT;
    struct writer why = WRITER_INIT;
    struct filter filter;
    diag_t diag = { 0 };
    if (filter_compile(json_get(answer->trigger, "spec"), this->arena, &filter, &diag) != ERR_OK) {
        answer->result = BROKEN;
        writer_format(&why, "%s: %s", diag.where, diag.text);
    } else {
        answer->result = filter_matches(&filter, &view, &scratch) ? TAKES : PASSES_BY;
        filter_explain(&filter, &view, &why);
    }
    answer->why = arena_text(this->arena, writer_view(&why));
    writer_free(&why);
    arena_free(&scratch);
}

static bool is_ready(const struct answer *answer)
{
    return bytes_is(json_text_at(condition_find(answer->trigger, "Ready"), "status"), "True");
}

// Where it would go, or why it goes nowhere.
static bytes_t subscriber_of(const struct answer *answer)
{
    return json_text_at(json_get(answer->trigger, "status"), "subscriberUri");
}

// Whether the trigger has anything to do for the event, and what it has done is known.
static bool is_to_do(const struct answer *answer)
{
    return answer->result == TAKES && answer->committed >= 0;
}

static void print_json(const struct explanation *this, struct writer *out)
{
    char time[CIVIL_TEXT_SIZE];
    const struct explain_event *event = &this->event;
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_text(&json, "namespace", this->name_space);
    json_field_text(&json, "broker", this->name);
    json_key(&json, "event");
    cloudevent_json_encode(&event->event, &json);
    if (event->partition >= 0) {
        json_field_text(&json, "topic", event->topic);
        json_field_int(&json, "partition", event->partition);
        json_field_int(&json, "offset", event->offset);
        json_field_text(&json, "time", civil_format(event->time_ms, time));
    }
    json_key(&json, "triggers");
    json_array_begin(&json);
    for (size_t i = 0; i < this->count; i++) {
        const struct answer *answer = &this->answers[i];
        json_object_begin(&json);
        json_field_bytes(&json, "name", answer->name);
        json_field_text(&json, "result", results[answer->result]);
        json_field_text(&json, "why", answer->why);
        json_field_bool(&json, "ready", is_ready(answer));
        json_field_data(&json, "subscriber", subscriber_of(answer).size == 0 ? BYTES_NULL : subscriber_of(answer));
        if (is_to_do(answer))
            json_field_bool(&json, "done", answer->committed > event->offset);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    writer_text(out, "\n");
}

static const char *done_text(const struct explanation *this, const struct answer *answer)
{
    return !is_to_do(answer) ? "-" : answer->committed > this->event.offset ? "yes" : "not yet";
}

static void print_yaml(const struct explanation *this, struct writer *out)
{
    static const struct json_limits limits = { .size = SIZE_MAX, .values = SIZE_MAX };
    struct writer text = WRITER_INIT;
    struct json_value *tree;
    print_json(this, &text);
    err_t err = json_parse(writer_view(&text), &limits, this->arena, &tree, NULL);
    ASSERT(err == ERR_OK); // it was written here
    yaml_write(out, tree);
    writer_free(&text);
}

// DONE is known of an event in the topic: the trigger's group has committed behind it.
static void print_table(const struct explanation *this, struct writer *out)
{
    static const char *const titles[] = { "TRIGGER", "RESULT", "READY", "SUBSCRIBER", "WHY" };
    static const char *const titles_with_done[] = { "TRIGGER", "RESULT", "READY", "DONE", "SUBSCRIBER", "WHY" };
    bool with_done = this->event.partition >= 0;
    struct cli_table table = { .titles = with_done ? titles_with_done : titles,
                               .columns = with_done ? ARRAY_COUNT(titles_with_done) : ARRAY_COUNT(titles) };
    for (size_t i = 0; i < this->count; i++) {
        const struct answer *answer = &this->answers[i];
        bytes_t uri = subscriber_of(answer);
        cli_table_add(&table, "%.*s", BYTES_ARG(answer->name));
        cli_table_add(&table, "%s", results[answer->result]);
        cli_table_add(&table, "%s", is_ready(answer) ? "True" : "False");
        if (with_done)
            cli_table_add(&table, "%s", done_text(this, answer));
        cli_table_add(&table, "%.*s", (int)(uri.size == 0 ? 1 : uri.size),
                      uri.size == 0 ? "-" : (const char *)uri.data);
        cli_table_add(&table, "%s", answer->why);
    }
    cli_table_print(&table, out);
}

// --- the command

static void broker_name_read(struct explanation *this, const char *text)
{
    const char *slash = strchr(text, '/');
    this->name_space =
        slash == NULL ? this->session->name_space : arena_text(this->arena, bytes_of(text, (size_t)(slash - text)));
    this->name = slash == NULL ? text : slash + 1;
}

static err_t find_all(struct explanation *this, diag_t *diag)
{
    const struct config *config = this->config;
    broker_name_read(this, config->broker);
    err_t err = broker_fetch(this, diag);
    if (err == ERR_OK)
        err = triggers_fetch(this, diag);
    if (err == ERR_OK)
        err = config->event != NULL ? explain_event_read(config->event, this->arena, &this->event, diag)
                                    : event_find(this, diag);
    for (size_t i = 0; i < this->count && err == ERR_OK; i++)
        answer_find(this, &this->answers[i]);
    return err;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    struct explanation this = { .session = session,
                                .config = CONTAINER_OF_CONST(options, struct config, link),
                                .arena = &session->arena };
    struct writer out = WRITER_INIT;
    diag_t diag = { 0 };
    (void)arguments;
    if (find_all(&this, &diag) != ERR_OK)
        return cli_complain(session->command, &diag);
    if (this.config->output == OUTPUT_JSON)
        print_json(&this, &out);
    else if (this.config->output == OUTPUT_YAML)
        print_yaml(&this, &out);
    else if (this.count == 0)
        writer_format(&out, "No trigger of %s/%s asks for events.\n", this.name_space, this.name);
    else
        print_table(&this, &out);
    (void)cli_print(&out);
    writer_free(&out);
    return CLI_OK;
}

static err_t check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct config *config = CONTAINER_OF_CONST(options, struct config, link);
    const char *slash = strchr(config->broker, '/');
    (void)arguments;
    if (config->broker[0] == '\0' || slash == config->broker || (slash != NULL && slash[1] == '\0'))
        return diag_fail(diag, ERR_INVALID, "--broker", "expected NAME or NAMESPACE/NAME");
    if (config->event == NULL && config->id == NULL)
        return diag_fail(diag, ERR_INVALID, "--event", "name an event: a file by --event, or one that came by --id");
    if (config->event != NULL && config->id != NULL)
        return diag_fail(diag, ERR_INVALID, "--event", "name one event, by --event or by --id, not by both");
    if (config->source != NULL && config->id == NULL)
        return diag_fail(diag, ERR_INVALID, "--source", "says which event of --id is meant, and there is none");
    return config->id == NULL ? ERR_OK : cluster_bootstrap_check(config->bootstrap, diag);
}

static bool has_flag(int count, const char *const *texts, const char *flag)
{
    size_t size = strlen(flag);
    for (int i = 0; i < count; i++) {
        if (strncmp(texts[i], flag, size) == 0 && (texts[i][size] == '\0' || texts[i][size] == '='))
            return true;
    }
    return false;
}

bool cli_explains_broker(int count, const char *const *texts)
{
    return has_flag(count, texts, "--broker");
}

const char *cli_explain_misses_broker(int count, const char *const *texts)
{
    static const char *const flags[] = { "--event", "--id", "--source" };
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        if (has_flag(count, texts, flags[i]))
            return flags[i];
    }
    return NULL;
}

enum cli_exit cli_explain_broker(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "explain", "--broker [NAMESPACE/]NAME --event FILE|--id ID [options]",
          "Says for each trigger of a broker whether it takes an event, and which part of its filter decided.\n\n"
          "  eddy explain --broker default --event order.json\n"
          "  eddy explain --broker shop/default --id 5f3a\n\n"
          "RESULT is what the trigger's filter says, SUBSCRIBER where the event goes, READY whether the trigger is\n"
          "delivering. DONE, for an event that came and matches: whether the trigger has nothing to do any more for it "
          "or\n"
          "for what came before it; it is told up to half a second late.",
          0, 0 },
        { rows, ARRAY_COUNT(rows) },
        check,
        run,
    };
    struct config config;
    return kube_command_run(&command, &config.link, count, texts);
}
