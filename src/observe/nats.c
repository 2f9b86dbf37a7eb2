// SPDX-License-Identifier: Apache-2.0
#include "observe/nats.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/json.h"
#include "base/mem.h"
#include "nats/monitor.h"
#include "nats/nats.h"
#include "observe/exposition.h"

#include <stdio.h>
#include <stdlib.h>

// What one page needs; goes to the door's loop and comes back.
struct gather {
    struct message ask, answer;
    struct nats_door *door;
    const char *labels; // server_id="..."
    struct scraper *scraper;
    struct writer *out;
    struct writer text;
    struct arena arena;
    size_t step;
};

// Our own pages; an account takes about 25 values.
static const struct json_limits limits = { .size = 64 << 20, .values = 1 << 20 };

// --- lines

static void write_head(struct gather *g, const char *name, const char *page, const char *what)
{
    static const char counter[] = "_total";
    size_t size = strlen(name);
    char help[160];
    snprintf(help, sizeof(help), "%s of NATS' /%s.", what, page);
    if (size > strlen(counter) && strcmp(name + size - strlen(counter), counter) == 0)
        // A number that goes up and down under a name that only a counter may have: it gets no type.
        writer_format(&g->text, "# HELP %s %s\n# TYPE %s untyped\n", name, help, name);
    else
        exposition_family(&g->text, name, help, METRIC_GAUGE);
}

static void write_line(struct gather *g, const char *name, const char *label, bytes_t value, double number)
{
    writer_format(&g->text, "%s{%s", name, g->labels);
    if (label != NULL)
        exposition_label(&g->text, true, label, value);
    writer_text(&g->text, "} ");
    exposition_number(&g->text, number);
    writer_u8(&g->text, '\n');
}

// --- numbers under their path

// "http_req_stats" and "/varz" are http_req_stats_varz.
static const char *path_name(struct gather *g, const char *before, bytes_t name)
{
    char *path = arena_format(&g->arena, "%s_%.*s", before, BYTES_ARG(name));
    char *to = path;
    for (const char *from = path; *from != '\0'; from++) {
        char c = *from == '/' ? '_' : *from;
        if (c != '_' || (to > path && to[-1] != '_'))
            *to++ = c;
    }
    to -= to > path && to[-1] == '_';
    *to = '\0';
    return path;
}

enum text_form { AS_LABEL, AS_TIME };

// Strings that become numbers: 1 with the text as a label, or milliseconds of Unix time.
static const struct {
    const char *name;
    enum text_form form;
} texts[] = {
    { "server_id", AS_LABEL }, { "server_name", AS_LABEL },     { "version", AS_LABEL },
    { "start", AS_TIME },      { "config_load_time", AS_TIME },
};

static void write_text(struct gather *g, const char *page, const char *metric, const struct json_value *value)
{
    const char *name = arena_text(&g->arena, value->name);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        int64_t unix_ms = 0;
        if (strcmp(texts[i].name, name) != 0)
            continue;
        if (texts[i].form == AS_TIME && civil_parse(value->text, &unix_ms) != ERR_OK)
            continue;
        write_head(g, metric, page, name);
        if (texts[i].form == AS_TIME)
            write_line(g, metric, NULL, BYTES_NULL, (double)unix_ms);
        else
            write_line(g, metric, "value", value->text, 1);
    }
}

// The pages are our own: not deeper than three.
static void write_object(struct gather *g, const char *page, const char *before, const struct json_value *object)
{
    for (const struct json_value *value = object == NULL ? NULL : object->first; value != NULL; value = value->next) {
        const char *metric = path_name(g, before, value->name);
        double number;
        if (json_get_double(value, &number)) {
            write_head(g, metric, page, metric + strlen("gnatsd_") + strlen(page) + 1);
            write_line(g, metric, NULL, BYTES_NULL, number);
        } else if (value->type == JSON_STRING) {
            write_text(g, page, metric, value);
        } else if (value->type == JSON_OBJECT) {
            write_object(g, page, metric, value);
        }
    }
}

// --- the others

static void write_varz(struct gather *g, const struct json_value *page)
{
    write_object(g, "varz", "gnatsd_varz", page);
}

static void write_subsz(struct gather *g, const struct json_value *page)
{
    write_object(g, "subsz", "gnatsd_subsz", page);
}

static void write_routez(struct gather *g, const struct json_value *page)
{
    write_object(g, "routez", "gnatsd_routez", page);
}

static void write_connz(struct gather *g, const struct json_value *page)
{
    write_object(g, "connz", "gnatsd_connz", page);
}

static void write_accounts(struct gather *g, const struct json_value *page)
{
    static const struct {
        const char *metric, *object, *name; // object: NULL for the account itself
    } rows[] = {
        { "gnatsd_accstatz_current_connections", NULL, "conns" },
        { "gnatsd_accstatz_total_connections", NULL, "total_conns" },
        { "gnatsd_accstatz_subscriptions", NULL, "num_subscriptions" },
        { "gnatsd_accstatz_leaf_nodes", NULL, "leafnodes" },
        { "gnatsd_accstatz_sent_messages", "sent", "msgs" },
        { "gnatsd_accstatz_sent_bytes", "sent", "bytes" },
        { "gnatsd_accstatz_received_messages", "received", "msgs" },
        { "gnatsd_accstatz_received_bytes", "received", "bytes" },
        { "gnatsd_accstatz_slow_consumers", NULL, "slow_consumers" },
    };
    const struct json_value *accounts = json_get(page, "account_statz");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        write_head(g, rows[i].metric, "accstatz", rows[i].name);
        for (const struct json_value *a = accounts == NULL ? NULL : accounts->first; a != NULL; a = a->next) {
            bytes_t name = BYTES_NULL;
            double number = 0;
            (void)json_get_text(json_get(a, "acc"), &name);
            (void)json_get_double(json_get(rows[i].object == NULL ? a : json_get(a, rows[i].object), rows[i].name),
                                  &number);
            writer_format(&g->text, "%s{%s", rows[i].metric, g->labels);
            exposition_label(&g->text, true, "account", name);
            exposition_label(&g->text, true, "account_id", name);
            exposition_label(&g->text, true, "account_name", name);
            writer_text(&g->text, "} ");
            exposition_number(&g->text, number);
            writer_u8(&g->text, '\n');
        }
    }
}

static void write_health(struct gather *g, const struct json_value *page)
{
    bytes_t status = BYTES_NULL;
    (void)json_get_text(json_get(page, "status"), &status);
    write_head(g, "gnatsd_healthz_status", "healthz", "1 for ok: status");
    write_line(g, "gnatsd_healthz_status", NULL, BYTES_NULL, bytes_is(status, "ok"));
    write_head(g, "gnatsd_healthz_status_value", "healthz", "status");
    write_line(g, "gnatsd_healthz_status_value", "value", status, 1);
}

// --- to the door and back

static void on_answer(struct message *message)
{
    struct gather *g = CONTAINER_OF(message, struct gather, answer);
    struct scraper *scraper = g->scraper;
    writer_bytes(g->out, writer_view(&g->text));
    writer_free(&g->text);
    free(g);
    scraper_collected(scraper);
}

static const struct step {
    const char *path, *query;
    void (*write)(struct gather *g, const struct json_value *page);
} steps[] = {
    { "/varz", "", write_varz },
    { "/subsz", "", write_subsz },
    { "/routez", "", write_routez },
    { NATS_CONNZ_SUMS, "", write_connz },
    { "/accstatz", "unused=1", write_accounts },
    { "/healthz", "", write_health },
};

static void ask(struct gather *g);

static void on_page(void *owner, int status, bytes_t text)
{
    struct gather *g = owner;
    struct json_value *page = NULL;
    (void)status; // /healthz tells in words, too
    err_t err = json_parse(arena_copy(&g->arena, text), &limits, &g->arena, &page, NULL);
    ASSERT(err == ERR_OK || err == ERR_TOO_LARGE); // written by ourselves
    steps[g->step++].write(g, page);
    ask(g);
}

// The next page. Where the door has one loop it comes at once.
static void ask(struct gather *g)
{
    if (g->step < ARRAY_COUNT(steps)) {
        const struct step *step = &steps[g->step];
        nats_monitor_ask(g->door, step->path, bytes_of_text(step->query), on_page, g);
        return;
    }
    arena_free(&g->arena);
    loop_post(g->scraper->loop, &g->answer);
}

static void on_ask(struct message *message)
{
    struct gather *g = CONTAINER_OF(message, struct gather, ask);
    g->labels = nats_door_labels(g->door);
    ask(g);
}

static void collect(struct collector *base, struct scraper *scraper, struct writer *out)
{
    const struct nats_collector *collector = CONTAINER_OF(base, struct nats_collector, collector);
    if (collector->door == NULL) {
        scraper_collected(scraper);
        return;
    }
    struct gather *g = mem_alloc(sizeof(*g));
    *g = (struct gather){ .ask.on_message = on_ask, .answer.on_message = on_answer };
    g->door = collector->door;
    g->scraper = scraper;
    g->out = out;
    loop_post(collector->loop, &g->ask);
}

void nats_collector_init(struct nats_collector *collector)
{
    *collector = (struct nats_collector){ .collector.collect = collect };
}

void nats_collector_set(struct nats_collector *collector, struct loop *loop, struct nats_door *door)
{
    collector->loop = loop;
    collector->door = door;
}
