// SPDX-License-Identifier: Apache-2.0
// filter_bench FORM COUNT: what an event costs that finds whom it goes to among COUNT triggers with filters of that
// form, of which one takes it, by the index and by asking every filter; and what it costs to read the event out of its
// record. CPU nanoseconds, and bytes of memory for each trigger in the index.
#include "base/assert.h"
#include "base/mem.h"
#include "cloudevents/binding.h"
#include "cloudevents/filter/filter.h"
#include "cloudevents/kafka_binding.h"
#include "eventing/filter_index.h"
#include "eventing/view.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS = 1000, RUN_NS = 400000000, ASKING_ALL_NS = 100000000 };

// # is the number of the trigger.
static const struct {
    const char *name, *spec;
} forms[] = {
    { "exact", "{\"filter\":{\"attributes\":{\"type\":\"com.example.order.#.created\"}}}" },
    { "exact source, type",
      "{\"filters\":[{\"exact\":{\"source\":\"/shop\",\"type\":\"com.example.order.#.created\"}}]}" },
    { "prefix", "{\"filters\":[{\"prefix\":{\"type\":\"com.example.order.#.\"}}]}" },
    { "suffix", "{\"filters\":[{\"suffix\":{\"type\":\".#.created\"}}]}" },
    { "any of two", "{\"filters\":[{\"any\":[{\"exact\":{\"subject\":\"s#\"}},{\"prefix\":{\"type\":\"com.example."
                    "order.#.\"}}]}]}" },
    { "cesql, type", "{\"filters\":[{\"cesql\":\"LENGTH(source) > 3 AND type = 'com.example.order.#.created'\"}]}" },
    { "cesql, LIKE", "{\"filters\":[{\"cesql\":\"type LIKE 'com.example.order.#.%' OR EXISTS ext#\"}]}" },
    { "cesql, all the same", "{\"filters\":[{\"cesql\":\"LENGTH(id) > 100\"}]}" },
    { "cesql, nothing to look up", "{\"filters\":[{\"cesql\":\"LENGTH(type) > # + 100\"}]}" },
};

struct trigger {
    struct filter_entry entry;
    struct filter filter;
};

static struct cloudevent events[EVENTS];
static struct cloudevent_record records[EVENTS];
static size_t taken;

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// FORM with the number in place of each #.
static const char *spec_of(const char *form, int number, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    for (const char *c = form; *c != '\0'; c++) {
        if (*c == '#')
            writer_format(&out, "%d", number);
        else
            writer_u8(&out, (uint8_t)*c);
    }
    const char *spec = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return spec;
}

static void trigger_init(struct trigger *trigger, const char *form, int number, struct arena *arena)
{
    static const struct json_limits limits = { .size = 4096, .values = 100 };
    struct arena of_spec = ARENA_INIT;
    struct json_value *spec;
    err_t err = json_parse(bytes_of_text(spec_of(form, number, &of_spec)), &limits, &of_spec, &spec, NULL);
    ASSERT(err == ERR_OK);
    err = filter_compile(spec, arena, &trigger->filter, NULL);
    ASSERT(err == ERR_OK);
    arena_free(&of_spec);
}

static void make_events(int count, struct arena *arena)
{
    for (int i = 0; i < EVENTS; i++) {
        int number = (int)((int64_t)i * 7919 % count);
        struct cloudevent *event = &events[i];
        event->core[CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0");
        event->core[CLOUDEVENT_ID] = bytes_of_text(arena_format(arena, "5f3a-%d", i));
        event->core[CLOUDEVENT_SOURCE] = BYTES_LITERAL("/shop");
        event->core[CLOUDEVENT_TYPE] = bytes_of_text(arena_format(arena, "com.example.order.%d.created", number));
        event->core[CLOUDEVENT_TIME] = BYTES_LITERAL("2026-01-31T12:00:00Z");
        event->core[CLOUDEVENT_DATACONTENTTYPE] = BYTES_LITERAL("application/json");
        event->data = BYTES_LITERAL("{\"item\": \"tea\"}");
        struct writer room = WRITER_INIT;
        err_t err = cloudevent_kafka_encode(event, CLOUDEVENT_MODE_BINARY, arena, &room, &records[i]);
        ASSERT(err == ERR_OK);
        writer_free(&room);
    }
}

// --- what is measured

struct run {
    struct filter_index *index;
    struct trigger *triggers;
    int count;
};

static void on_entry(void *owner, struct filter_entry *entry)
{
    (void)owner;
    (void)entry;
    taken++;
}

static void by_index(const struct run *run, size_t at)
{
    filter_index_match(run->index, &events[at], on_entry, NULL);
}

static void by_asking_all(const struct run *run, size_t at)
{
    struct cesql_event view = view_of(&events[at]);
    struct arena scratch = ARENA_INIT;
    for (int i = 0; i < run->count; i++) {
        taken += filter_matches(&run->triggers[i].filter, &view, &scratch);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
}

static void by_reading(const struct run *run, size_t at)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent_message message;
    struct cloudevent event;
    (void)run;
    cloudevent_message_init(&message, &cloudevent_binding_kafka, &arena);
    for (size_t i = 0; i < records[at].header_count; i++)
        cloudevent_message_field(&message, records[at].headers[i].key, records[at].headers[i].value);
    err_t err = cloudevent_message_decode(&message, records[at].value, &event, NULL);
    ASSERT(err == ERR_OK);
    arena_free(&arena);
}

static void by_explaining(const struct run *run, size_t at)
{
    struct cesql_event view = view_of(&events[at]);
    struct writer out = WRITER_INIT;
    filter_explain(&run->triggers[at % (size_t)run->count].filter, &view, &out);
    writer_free(&out);
}

// To ask the clock is a system call: not for each event, unless that takes long anyhow.
static double measure(const struct run *run, void (*one)(const struct run *run, size_t at), int64_t run_ns)
{
    int64_t start = cpu_ns(), end;
    size_t done = 0, block = 1;
    do {
        for (size_t i = 0; i < block; i++)
            one(run, done++ % EVENTS);
        end = cpu_ns();
        block = end - start < run_ns / 100 ? block * 2 : block;
    } while (end - start < run_ns);
    return (double)(end - start) / (double)done;
}

int main(int argc, char **argv)
{
    struct filter_index index;
    struct arena filters = ARENA_INIT, arena = ARENA_INIT;
    size_t form = 0;
    int count = argc == 3 ? atoi(argv[2]) : 0;
    while (argc == 3 && form < sizeof forms / sizeof forms[0] && strcmp(forms[form].name, argv[1]) != 0)
        form++;
    if (count <= 0 || form == sizeof forms / sizeof forms[0]) {
        fprintf(stderr, "usage: filter_bench FORM COUNT\n");
        return 2;
    }
    struct run run = { &index, mem_zalloc((size_t)count, sizeof *run.triggers), count };
    for (int i = 0; i < count; i++)
        trigger_init(&run.triggers[i], forms[form].spec, i, &filters);
    make_events(count, &arena);
    filter_index_init(&index);
    size_t before = mallinfo2().uordblks;
    int64_t start = cpu_ns();
    for (int i = 0; i < count; i++)
        filter_index_put(&index, &run.triggers[i].entry, &run.triggers[i].filter);
    double put_ns = (double)(cpu_ns() - start) / count;
    double memory = (double)(mallinfo2().uordblks - before) / count;
    (void)measure(&run, by_index, RUN_NS / 4); // warm
    double index_ns = measure(&run, by_index, RUN_NS), all_ns = measure(&run, by_asking_all, ASKING_ALL_NS);
    double read_ns = measure(&run, by_reading, ASKING_ALL_NS);
    double explain_ns = measure(&run, by_explaining, ASKING_ALL_NS);
    printf("{\"explain_ns\": %.1f, \"index_ns\": %.1f, \"all_ns\": %.1f, \"read_ns\": %.1f, \"put_ns\": %.0f, "
           "\"bytes\": %.0f, \"rules\": "
           "%zu}\n",
           explain_ns, index_ns, all_ns, read_ns, put_ns, memory, index.rules.count);
    return 0;
}
