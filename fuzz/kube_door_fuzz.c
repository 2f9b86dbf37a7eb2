// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API as a whole (kube/door.c), on a table in memory in the twin. The input is requests, with a zero
// byte between two: a letter for the method, one for the type of the body, one for Accept, the target up to the end of
// the line, then the body. A byte 1 in target or body stands for the newest resourceVersion, 2 for the newest uid.
// Every answer is whole, an error is a Status with its code, each line of a watch is an event, and what was written can
// be read, and written again as it was read.
#include "kube/api.h"
#include "kube/testing/fake_engine.h"
#include "kube/testing/talk.h"

#include "base/assert.h"
#include "base/log.h"
#include "io/sim/sim.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { REQUESTS_MAX = 12, TURN_MS = 5, TURNS_MAX = 200, TARGET_MAX = 2000 };

static struct door {
    struct sim *sim;
    struct loop *loop;
    struct fake_engine fake;
    struct kube *kube;
    char version[24], uid[40];
} door;

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS" };
static const char *const types[] = { "application/json",
                                     "application/yaml",
                                     "application/merge-patch+json",
                                     "application/json-patch+json",
                                     "application/strategic-merge-patch+json",
                                     "application/apply-patch+yaml",
                                     "application/vnd.kubernetes.protobuf" };
static const char *const accepts[] = { "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io",
                                       "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
                                       "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };

static void settle(void)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        enum sim_end end = sim_run_ms(door.sim, TURN_MS);
        ASSERT(end == SIM_TIME || end == SIM_IDLE);
        if (door.fake.pending == 0)
            return;
    }
}

static void door_open(void)
{
    static const struct address address = { .host = "localhost" };
    struct kube_options options = {
        .token = "t",
        .body_size = 1 << 20,
        .history_count = 20,
        .history_size = 1 << 20,
        .watches_max = 2,
        .list_size_max = 1 << 20,
    };
    diag_t diag = { 0 };
    door = (struct door){ .sim = sim_new(1, NULL) };
    door.loop = loop_new(0);
    fake_engine_init(&door.fake, door.loop);
    http_limits_default(&options.limits);
    err_t err = kube_open(&door.fake.engine, &address, &options, &door.kube, &diag);
    ASSERT(err == ERR_OK);
    loop_start_thread(door.loop);
    settle();
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
}

static struct close_order {
    struct message message;
    bool is_closed;
} close_order;

static void on_close_order(struct message *message)
{
    (void)message;
    kube_close(door.kube, on_closed, &close_order.is_closed);
}

static void door_close(void)
{
    close_order = (struct close_order){ .message.on_message = on_close_order };
    loop_post(door.loop, &close_order.message);
    for (int i = 0; i < TURNS_MAX && !(close_order.is_closed && door.fake.pending == 0); i++)
        settle();
    ASSERT(close_order.is_closed);
    kube_free(door.kube);
    loop_stop(door.loop);
    loop_join(door.loop);
    fake_engine_deinit(&door.fake);
    loop_free(door.loop);
    sim_free(door.sim);
}

// --- what an answer has to be

static void status_check(const struct talk *talk)
{
    int64_t code = 0;
    bool has_code = json_get_int(json_get(talk->tree, "code"), &code);
    ASSERT(bytes_is(json_text_at(talk->tree, "kind"), "Status"));
    ASSERT(has_code && code == talk->status);
    ASSERT(json_text_at(talk->tree, "message").size > 0);
}

static void events_check(const struct talk *talk)
{
    static const struct json_limits limits = { .size = 16 << 20, .values = 1000000 };
    for (bytes_t rest = talk->body; rest.size > 0;) {
        struct arena arena = ARENA_INIT;
        struct json_value *event = NULL;
        const uint8_t *lf = memchr(rest.data, '\n', rest.size);
        ASSERT(lf != NULL);
        size_t size = (size_t)(lf - rest.data);
        err_t err = json_parse(bytes_of(rest.data, size), &limits, &arena, &event, NULL);
        ASSERT(err == ERR_OK);
        ASSERT(json_text_at(event, "type").size > 0 && json_get(event, "object") != NULL);
        rest = bytes_of(lf + 1, rest.size - size - 1);
        arena_free(&arena);
    }
}

static void answer_check(const struct ask *ask, const struct talk *talk, bool is_whole)
{
    bool has_body = strcmp(ask->method, "HEAD") != 0 && talk->body.size > 0;
    if (!has_body || talk->status == 0)
        return;
    if (talk->status >= 400)
        status_check(talk);
    else if (!is_whole)
        events_check(talk);
}

static bytes_t meta_of(const struct talk *talk, const char *name)
{
    return json_text_at(json_get(talk->tree, "metadata"), name);
}

// --- requests

// What was written can be read at its place, and put there again.
static void read_again(const char *target)
{
    struct talk read, again;
    const struct ask get = { .method = "GET", .target = target };
    talk_begin(&read, door.kube, &get, settle);
    if (read.status == 200 && meta_of(&read, "resourceVersion").size > 0 && json_get(read.tree, "items") == NULL) {
        const struct ask put = { .method = "PUT", .target = target, .body = read.body };
        talk_begin(&again, door.kube, &put, settle);
        if (again.status != 200 && again.status != 404 && again.status != 409 && again.status != 405) {
            fprintf(stderr, "%s: %.*s\n%.*s\n", target, BYTES_ARG(read.body), BYTES_ARG(again.body));
            ASSERT(again.status == 200);
        }
        talk_end(&again, settle);
    }
    talk_end(&read, settle);
}

static void remember(const struct talk *talk)
{
    bytes_t version = meta_of(talk, "resourceVersion"), uid = meta_of(talk, "uid");
    if (version.size > 0 && version.size < sizeof door.version)
        (void)snprintf(door.version, sizeof door.version, "%.*s", BYTES_ARG(version));
    if (uid.size > 0 && uid.size < sizeof door.uid)
        (void)snprintf(door.uid, sizeof door.uid, "%.*s", BYTES_ARG(uid));
}

static bytes_t filled(struct arena *arena, bytes_t text)
{
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 1 || text.data[i] == 2)
            writer_text(&out, text.data[i] == 1 ? door.version : door.uid);
        else
            writer_u8(&out, text.data[i]);
    }
    bytes_t copy = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return copy.data == NULL ? BYTES_LITERAL("") : copy;
}

static void request_run(bytes_t text, struct arena *arena)
{
    const uint8_t *lf = text.size < 4 ? NULL : memchr(text.data + 3, '\n', text.size - 3);
    size_t target_size = lf == NULL ? 0 : (size_t)(lf - text.data) - 3;
    struct talk talk;
    if (target_size == 0 || target_size > TARGET_MAX)
        return;
    struct ask ask = {
        .method = methods[text.data[0] % (sizeof methods / sizeof *methods)],
        .type = types[text.data[1] % (sizeof types / sizeof *types)],
        .accept = accepts[text.data[2] % (sizeof accepts / sizeof *accepts)],
        .target = arena_text(arena, filled(arena, bytes_of(text.data + 3, target_size))),
        .body = filled(arena, bytes_of(lf + 1, text.size - target_size - 4)),
    };
    talk_begin(&talk, door.kube, &ask, settle);
    answer_check(&ask, &talk, talk.is_finished);
    if (talk.status < 300)
        remember(&talk);
    char target[TARGET_MAX + 300] = "";
    size_t path_size = strcspn(ask.target, "?");
    bytes_t name = meta_of(&talk, "name");
    bool is_write = talk.status == 200 || talk.status == 201;
    if (is_write && strcmp(ask.method, "POST") == 0 && name.size < 256)
        (void)snprintf(target, sizeof target, "%.*s/%.*s", (int)path_size, ask.target, BYTES_ARG(name));
    else if (is_write && (ask.method[1] == 'U' || ask.method[1] == 'A'))
        (void)snprintf(target, sizeof target, "%.*s", (int)path_size, ask.target);
    talk_end(&talk, settle);
    if (target[0] != '\0')
        read_again(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    bytes_t rest = bytes_of(data, size);
    log_set_level(LOG_ERROR);
    door_open();
    for (int i = 0; i < REQUESTS_MAX && rest.size > 0; i++) {
        const uint8_t *end = memchr(rest.data, 0, rest.size);
        size_t part = end == NULL ? rest.size : (size_t)(end - rest.data);
        request_run(bytes_of(rest.data, part), &arena);
        rest = bytes_of(rest.data + part, rest.size - part);
        if (rest.size > 0)
            rest = bytes_of(rest.data + 1, rest.size - 1);
    }
    door_close();
    arena_free(&arena);
    return 0;
}
