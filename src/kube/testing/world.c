// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/world.h"

#include "kube/builtin/builtin.h"
#include "kube/client.h"
#include "kube/schema/field_error.h"
#include "kube/yaml/yaml_read.h"

struct world world;

const char world_definition[] = "metadata:\n"
                                "  name: things.example.com\n"
                                "spec:\n"
                                "  group: example.com\n"
                                "  scope: Namespaced\n"
                                "  names: {plural: things, singular: thing, kind: Thing, shortNames: [th]}\n"
                                "  versions:\n"
                                "  - name: v1beta1\n"
                                "    served: true\n"
                                "    storage: false\n"
                                "    schema: &schema\n"
                                "      openAPIV3Schema:\n"
                                "        type: object\n"
                                "        properties:\n"
                                "          spec:\n"
                                "            type: object\n"
                                "            properties:\n"
                                "              size: {type: integer, default: 3, maximum: 9}\n"
                                "              color: {type: string}\n"
                                "          status:\n"
                                "            type: object\n"
                                "            properties:\n"
                                "              ready: {type: boolean}\n"
                                "  - name: v1\n"
                                "    served: true\n"
                                "    storage: true\n"
                                "    subresources: {status: {}}\n"
                                "    schema: *schema\n";

struct kind *world_kind(struct kinds *kinds, const char *definition, const struct kind_rules *rules)
{
    static const struct yaml_limits limits = { .size = 1 << 20, .values = 20000, .repeated = 1000, .documents = 1 };
    struct arena arena = ARENA_INIT;
    struct field_errors errors = field_errors_in(&arena);
    struct yaml_stream stream;
    diag_t diag = { 0 };
    struct kind *kind = NULL;
    if (yaml_read(bytes_of_text(definition), &limits, &arena, &stream, &diag) != ERR_OK)
        fail_msg("%s: %s", diag.where, diag.text);
    if (kinds_define(kinds, stream.documents[0], rules, &kind, &errors) != ERR_OK)
        fail_msg("%.*s: %.*s", BYTES_ARG(errors.first->field), BYTES_ARG(errors.first->text));
    arena_free(&arena);
    return kind;
}

struct json_value *world_tree(const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 20000 };
    struct json_value *value = NULL;
    assert_int_equal(
        json_parse(bytes_of_text(arena_format(&world.arena, "%s", text)), &limits, &world.arena, &value, NULL), ERR_OK);
    return value;
}

const char *world_text(const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(&world.arena, writer_view(&out));
    writer_free(&out);
    return text;
}

// --- turns

enum { TURNS = 8 };

static struct turns {
    struct message message;
    int left;
} turns;

static void on_turn(struct message *message)
{
    if (world.fake.pending > 0)
        turns.left = TURNS;
    if (turns.left-- > 0)
        loop_post(world.loop, message);
    else
        loop_stop(world.loop);
}

void world_settle(void)
{
    turns = (struct turns){ { .on_message = on_turn }, TURNS };
    loop_post(world.loop, &turns.message);
    loop_run(world.loop);
}

static void on_woken(struct timer *timer)
{
    loop_stop(timer->loop);
}

void world_sleep(int64_t ms)
{
    struct timer timer;
    timer_init(&timer, world.loop, on_woken);
    timer_start(&timer, ms);
    loop_run(world.loop);
}

// --- start and end

static void on_ready(void *owner)
{
    *(bool *)owner = true;
}

static char token[] = "t";

// What kube_open would set.
static void door_fill(struct kube *kube)
{
    static const char *const groups[] = { "system:masters", NULL };
    kube->options = (struct kube_options){ .watches_max = 3, .list_size_max = 1 << 20 };
    http_limits_default(&kube->options.limits);
    kube->users[0] = (struct user){ "tester", groups, token, false };
    kube->user_count = 1;
    list_init(&kube->waiting);
    kube->is_ready = true;
}

static void start(size_t history_count)
{
    bool is_ready = false;
    door_fill(&world.kube);
    struct resources_limits limits = { history_count, 1 << 20 };
    assert_int_equal(resources_open(&world.kube.resources, &world.fake.engine, &limits, NULL), ERR_OK);
    world.things = world_kind(&world.kube.resources.kinds, world_definition, NULL);
    world.v1 = kind_version_find(world.things, BYTES_LITERAL("v1"));
    resources_start(&world.kube.resources, on_ready, &is_ready);
    world_settle();
    assert_true(is_ready);
}

int world_set_up(void **state)
{
    (void)state;
    world = (struct world){ .loop = loop_new(0) };
    world.kube.loop = world.loop;
    fake_engine_init(&world.fake, world.loop);
    start(100);
    return 0;
}

static void on_made(struct client_op *op)
{
    assert_int_equal(op->reason, PROBLEM_NONE);
}

int world_set_up_door(void **state)
{
    (void)world_set_up(state);
    struct kube *kube = &world.kube;
    kube->namespaces = kinds_define_own(&kube->resources.kinds, &namespace_rules);
    struct client_op *op = client_op_new(kube, kube->namespaces, BYTES_LITERAL(""), BYTES_LITERAL("ns"), "tester");
    op->on_done = on_made;
    client_create(op, json_new(&op->arena, JSON_OBJECT));
    world_settle();
    return 0;
}

void world_restart(size_t history_count)
{
    resources_deinit(&world.kube.resources);
    fake_engine_restart(&world.fake);
    start(history_count);
}

static struct talk asked;

static void asked_end(void)
{
    if (asked.session.site != NULL)
        talk_end(&asked, world_settle);
    asked = (struct talk){ 0 };
}

int world_tear_down(void **state)
{
    (void)state;
    asked_end();
    resources_deinit(&world.kube.resources);
    fake_engine_deinit(&world.fake);
    loop_free(world.loop);
    arena_free(&world.arena);
    return 0;
}

// --- rows

static void on_put(struct engine_put_op *op)
{
    assert_int_equal(op->err, ERR_OK);
}

int64_t world_put(enum change change, const char *name_space, const char *name, int n)
{
    struct writer value = WRITER_INIT;
    const char *text = arena_format(&world.arena, "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"n\":%d}",
                                    name, name_space, n);
    object_encode(&value, change, world_tree(text));
    struct engine_put_op op = {
        .on_done = on_put,
        .table = world.kube.resources.table,
        .key = resources_key(&world.arena, world.things, bytes_of_text(name_space), bytes_of_text(name)),
        .value = writer_view(&value),
        .expected_version = TABLE_ANY,
    };
    world.fake.engine.driver->table_put(&op);
    world_settle();
    writer_free(&value);
    return op.version;
}

// --- requests

const struct talk *world_ask_as(const char *method, const char *target, const char *type, const char *body,
                                const char *accept)
{
    struct ask ask = { .method = method, .target = target, .type = type, .accept = accept };
    if (body != NULL)
        ask.body = bytes_of_text(body);
    asked_end();
    talk_begin(&asked, &world.kube, &ask, world_settle);
    return &asked;
}

const struct talk *world_ask(const char *method, const char *target, const char *body)
{
    return world_ask_as(method, target, NULL, body, NULL);
}

const char *world_refused(const struct talk *talk, int code, const char *reason)
{
    int64_t told = 0;
    if (talk->status != code || !json_get_int(json_get(talk->tree, "code"), &told) || told != code ||
        !bytes_is(json_text_at(talk->tree, "kind"), "Status") || !bytes_is(json_text_at(talk->tree, "reason"), reason))
        fail_msg("%d: %.*s", talk->status, BYTES_ARG(talk->body));
    return arena_text(&world.arena, json_text_at(talk->tree, "message"));
}
