// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/builtin.h"
#include "kube/kinds/kinds.h"

#include "kube/client.h"
#include "kube/condition.h"
#include "kube/testing/world.h"

static struct {
    struct kind *kind;
    void *state; // of the controller
    bool is_running;
    const char *patch; // of the object that is changed, JSON: spec, annotations, finalizer (one more)
    enum problem_reason reason;
    const char *message;
} topics;

static struct fake_topics *all;

// --- the controller

static void start(int64_t resync_ms)
{
    world.kube.options.topic_partitions = 2;
    world.kube.options.resync_ms = resync_ms;
    (void)kinds_define_own(&world.kube.resources.kinds, &event_rules);
    topics.kind = kinds_define_own(&world.kube.resources.kinds, &kafka_topic_rules);
    topics.state = kafka_topic_rules.controller->start(&world.kube, topics.kind);
    topics.is_running = true;
    all = &world.fake.topics;
    world_settle();
}

static void stop(void)
{
    if (!topics.is_running)
        return;
    kafka_topic_rules.controller->stop(topics.state);
    world_settle();
    kafka_topic_rules.controller->free(topics.state);
    topics.is_running = false;
}

static int set_up(void **state)
{
    memset(&topics, 0, sizeof topics);
    (void)world_set_up(state);
    start(0);
    return 0;
}

static int tear_down(void **state)
{
    stop();
    return world_tear_down(state);
}

// --- resources, in the namespace "a"

static void on_done(struct client_op *op)
{
    topics.reason = op->reason;
    topics.message = arena_format(&world.arena, "%.*s", BYTES_ARG(op->message));
}

static struct client_op *op_new(const char *name)
{
    struct client_op *op = client_op_new(&world.kube, topics.kind, BYTES_LITERAL("a"), bytes_of_text(name), "test");
    op->on_done = on_done;
    return op;
}

static void make(const char *name, const char *spec, const char *annotations)
{
    client_create(
        op_new(name),
        world_tree(arena_format(&world.arena, "{\"metadata\":{\"annotations\":{%s}},\"spec\":%s}", annotations, spec)));
    world_settle();
}

static bool on_change(struct client_op *op, struct json_value *object)
{
    struct json_value *patch = world_tree(topics.patch);
    struct json_value *spec = json_find(patch, BYTES_LITERAL("spec"));
    struct json_value *annotations = json_find(patch, BYTES_LITERAL("annotations"));
    bytes_t finalizer = json_text_at(patch, "finalizer");
    if (spec != NULL)
        json_set(object, BYTES_LITERAL("spec"), json_copy(&op->arena, spec));
    if (annotations != NULL)
        json_set(object_metadata(object), BYTES_LITERAL("annotations"), json_copy(&op->arena, annotations));
    if (finalizer.size > 0)
        object_finalizer_add(object, &op->arena, finalizer);
    return true;
}

static void change(const char *name, const char *patch)
{
    struct client_op *op = op_new(name);
    topics.patch = patch;
    op->change = on_change;
    client_update(op);
    world_settle();
}

static void resource_delete(const char *name)
{
    client_delete(op_new(name));
    world_settle();
}

static const struct json_value *object(const char *name)
{
    struct json_value *found = NULL;
    err_t err = client_get(&world.kube, topics.kind, BYTES_LITERAL("a"), bytes_of_text(name), &world.arena, &found);
    return err == ERR_OK ? found : NULL;
}

// "Ready=True", "Ready=False NotSupported: ..."; "" where there is no condition.
static const char *condition(const char *name, const char *type)
{
    const struct json_value *found = condition_find(object(name), type);
    bytes_t reason = json_text_at(found, "reason"), message = json_text_at(found, "message");
    if (found == NULL)
        return "";
    return arena_format(&world.arena, "%s=%.*s%s%.*s%s%.*s", type, BYTES_ARG(json_text_at(found, "status")),
                        reason.size > 0 ? " " : "", BYTES_ARG(reason), message.size > 0 ? ": " : "",
                        BYTES_ARG(message));
}

static const char *status(const char *name, const char *member)
{
    const struct json_value *found = json_get(json_get(object(name), "status"), member);
    return found == NULL ? "" : world_text(found);
}

static const char *config(const char *topic, const char *name)
{
    const struct fake_topic *found = fake_topic_find(all, topic);
    for (size_t i = 0; found != NULL && i < found->config_count; i++) {
        if (bytes_is(found->config_names[i], name))
            return arena_format(&world.arena, "%.*s", BYTES_ARG(found->config_values[i]));
    }
    return NULL;
}

// --- a topic by YAML

static void a_topic_is_made_changed_and_deleted_with_its_resource(void **state)
{
    (void)state;
    make("t", "{\"partitions\":3,\"config\":{\"retention.ms\":1000,\"x\":true}}", "");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    assert_string_equal(config("t", "retention.ms"), "1000");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_string_equal(status("t", "topicName"), "\"t\"");
    assert_string_equal(status("t", "topicId"), "\"AQAAAAAAAAAAAAAAAAAAAA\"");
    assert_string_equal(status("t", "observedGeneration"), "1");
    assert_string_equal(status("t", "configNames"), "[\"retention.ms\",\"x\"]");
    assert_true(object_has_finalizer(object("t"), BYTES_LITERAL("strimzi.io/topic-operator")));
    change("t", "{\"spec\":{\"partitions\":5,\"config\":{\"retention.ms\":2000}}}");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 5);
    assert_string_equal(config("t", "retention.ms"), "2000");
    assert_null(config("t", "x"));
    assert_string_equal(status("t", "observedGeneration"), "2");
    assert_string_equal(status("t", "configNames"), "[\"retention.ms\"]");
    resource_delete("t");
    assert_null(fake_topic_find(all, "t"));
    assert_null(object("t"));
}

static void what_is_left_out_is_the_servers_default(void **state)
{
    (void)state;
    make("plain", "{\"topicName\":\"Plain_1\"}", "");
    assert_int_equal(fake_topic_find(all, "Plain_1")->partition_count, 2);
    assert_string_equal(status("plain", "topicName"), "\"Plain_1\"");
    assert_string_equal(status("plain", "configNames"), "");
    assert_int_equal(all->altered, 0);
}

static void a_topic_that_is_there_is_adopted(void **state)
{
    (void)state;
    fake_topic_config(fake_topic_put(all, "t", 4), "theirs", "7");
    make("t", "{\"config\":{\"ours\":\"1\"}}", "");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_int_equal(all->made, 0);
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 4);
    assert_string_equal(config("t", "ours"), "1");
    change("t", "{\"spec\":{}}");
    assert_null(config("t", "ours"));
    assert_string_equal(config("t", "theirs"), "7");
}

static void nothing_is_written_when_nothing_changed(void **state)
{
    (void)state;
    make("t", "{\"config\":{\"a\":\"1\"}}", "");
    int64_t version = world.fake.version;
    size_t described = all->described;
    stop();
    start(0);
    assert_int_equal(all->described, described + 1);
    assert_int_equal(world.fake.version, version);
    assert_int_equal(all->altered, 0);
    assert_int_equal(all->made, 1);
}

static void partitions_do_not_get_fewer(void **state)
{
    (void)state;
    make("t", "{\"partitions\":3}", "");
    change("t", "{\"spec\":{\"partitions\":2,\"config\":{\"a\":\"1\"}}}");
    assert_string_equal(condition("t", "Ready"), "Ready=False NotSupported: Decreasing partitions not supported");
    assert_string_equal(config("t", "a"), "1");
    assert_string_equal(status("t", "configNames"), "[\"a\"]");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    change("t", "{\"spec\":{\"partitions\":3}}");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_null(config("t", "a"));
}

static void more_copies_than_one_are_a_warning(void **state)
{
    (void)state;
    make("t", "{\"replicas\":3}", "");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_string_equal(condition("t", "Warning"),
                        "Warning=True SingleNode: spec.replicas is 3: this server is one node "
                        "and keeps one copy of each partition");
    change("t", "{\"spec\":{\"replicas\":1}}");
    assert_string_equal(condition("t", "Warning"), "");
}

static void what_the_engine_refuses_is_told_in_its_words(void **state)
{
    (void)state;
    make("t", "{\"config\":{\"a\":\"bad\"}}", "");
    assert_string_equal(condition("t", "Ready"), "Ready=False KafkaError: Invalid value bad for configuration a");
    assert_null(fake_topic_find(all, "t"));
    assert_string_equal(status("t", "configNames"), "");
    change("t", "{\"spec\":{\"config\":{\"a\":\"good\"}}}");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    fake_topic_config(fake_topic_find(all, "t"), "b", "theirs");
    change("t", "{\"spec\":{\"config\":{\"a\":\"good\",\"b\":\"bad\"}}}");
    assert_string_equal(condition("t", "Ready"), "Ready=False KafkaError: Invalid value bad for configuration b");
    assert_string_equal(status("t", "configNames"), "[\"a\"]");
    change("t", "{\"spec\":{}}");
    assert_null(config("t", "a"));
    assert_string_equal(config("t", "b"), "theirs");
}

static void what_may_be_mended_is_tried_again_without_a_word(void **state)
{
    (void)state;
    all->error = ERR_NO_SPACE;
    make("t", "{}", "");
    assert_string_equal(condition("t", "Ready"), "");
    all->error = ERR_OK;
    world_sleep(100);
    world_settle();
    assert_string_equal(condition("t", "Ready"), "Ready=True");
}

static void the_servers_own_topics_are_left_alone(void **state)
{
    (void)state;
    fake_topic_put(all, "__own", 1)->is_internal = true;
    make("t", "{\"topicName\":\"__own\",\"partitions\":9,\"config\":{\"a\":\"1\"}}", "");
    assert_string_equal(condition("t", "Ready"),
                        "Ready=False NotSupported: The topic '__own' is the server's own and is left alone");
    resource_delete("t");
    assert_null(object("t"));
    assert_non_null(fake_topic_find(all, "__own"));
    assert_int_equal(all->altered + all->deleted + all->made, 0);
}

static void the_topic_of_a_resource_cannot_be_changed(void **state)
{
    (void)state;
    make("t", "{}", "");
    change("t", "{\"spec\":{\"topicName\":\"u\"}}");
    assert_int_equal(topics.reason, PROBLEM_INVALID);
    assert_non_null(strstr(topics.message, "spec.topicName: Invalid value: \"u\": field is immutable"));
    make("bare", "null", "");
    assert_int_equal(topics.reason, PROBLEM_INVALID);
}

// --- whose it is

static void the_older_resource_has_the_topic(void **state)
{
    (void)state;
    make("z", "{\"topicName\":\"t\",\"config\":{\"a\":\"1\"}}", "");
    make("b", "{\"topicName\":\"t\",\"partitions\":9,\"config\":{\"a\":\"2\"}}", "");
    assert_string_equal(condition("b", "Ready"),
                        "Ready=False ResourceConflict: The topic 't' is managed by the KafkaTopic a/z, which is older");
    assert_string_equal(status("b", "topicName"), "");
    assert_string_equal(status("b", "topicId"), "");
    assert_string_equal(config("t", "a"), "1");
    int64_t version = world.fake.version;
    stop();
    start(0); // what was known of the order is known again
    assert_int_equal(world.fake.version, version);
    assert_string_equal(condition("z", "Ready"), "Ready=True");
    assert_non_null(strstr(condition("b", "Ready"), "ResourceConflict"));
    assert_int_equal(all->altered, 0);
    resource_delete("b");
    assert_null(object("b"));
    assert_non_null(fake_topic_find(all, "t"));
    assert_int_equal(all->deleted, 0);
}

static void the_next_gets_the_topic_when_its_owner_goes(void **state)
{
    (void)state;
    make("z", "{\"topicName\":\"t\"}", "");
    make("b", "{\"topicName\":\"t\",\"partitions\":9}", "");
    resource_delete("z");
    assert_int_equal(all->deleted, 1);
    assert_string_equal(condition("b", "Ready"), "Ready=True");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 9);
}

static void the_next_gets_the_topic_while_its_owner_is_held_by_others(void **state)
{
    (void)state;
    make("z", "{\"topicName\":\"t\"}", "");
    make("b", "{\"topicName\":\"t\",\"partitions\":9}", "");
    change("z", "{\"finalizer\":\"example.com/hold\"}");
    resource_delete("z");
    assert_true(object_is_deleting(object("z")));
    assert_int_equal(all->deleted, 1);
    assert_string_equal(condition("b", "Ready"), "Ready=True");
    change("z", "{\"annotations\":{\"x\":\"y\"}}");
    assert_string_equal(condition("b", "Ready"), "Ready=True");
    assert_int_equal(all->deleted, 1);
}

static void what_is_not_managed_is_not_touched(void **state)
{
    (void)state;
    make("t", "{\"partitions\":3}", "\"strimzi.io/managed\":\"false\"");
    assert_int_equal(all->described, 0);
    assert_string_equal(condition("t", "Unmanaged"), "Unmanaged=True");
    assert_string_equal(condition("t", "Ready"), "");
    change("t", "{\"annotations\":{}}");
    assert_string_equal(condition("t", "Unmanaged"), "");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    change("t", "{\"annotations\":{\"strimzi.io/managed\":\"false\"},\"spec\":{\"partitions\":4}}");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    assert_string_equal(status("t", "topicId"), "");
    make("u", "{\"topicName\":\"t\"}", "");
    assert_string_equal(condition("u", "Ready"), "Ready=True");
    resource_delete("t");
    assert_null(object("t"));
    assert_non_null(fake_topic_find(all, "t"));
}

static void a_pause_is_told_and_ends(void **state)
{
    (void)state;
    make("t", "{\"partitions\":3}", "");
    change("t", "{\"annotations\":{\"strimzi.io/pause-reconciliation\":\"true\"},\"spec\":{\"partitions\":4}}");
    assert_string_equal(condition("t", "ReconciliationPaused"), "ReconciliationPaused=True");
    assert_string_equal(condition("t", "Ready"), "");
    assert_string_equal(status("t", "topicName"), "\"t\"");
    assert_string_not_equal(status("t", "topicId"), "");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    change("t", "{\"annotations\":{}}");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 4);
}

// --- the end, and what others do

static void a_topic_that_cannot_be_deleted_keeps_its_resource(void **state)
{
    (void)state;
    make("t", "{}", "");
    all->error = ERR_DENIED;
    resource_delete("t");
    assert_true(object_is_deleting(object("t")));
    assert_string_equal(condition("t", "Ready"), "Ready=False KafkaError: The topic cannot be deleted.");
    change("t", "{\"annotations\":{\"strimzi.io/managed\":\"false\"}}");
    assert_null(object("t"));
    assert_non_null(fake_topic_find(all, "t"));
}

static void a_resource_whose_topic_is_gone_goes(void **state)
{
    (void)state;
    make("t", "{}", "");
    fake_topic_drop(all, "t");
    resource_delete("t");
    assert_null(object("t"));
    assert_int_equal(all->deleted, 0);
}

static void what_others_did_to_a_topic_is_seen_after_a_while(void **state)
{
    (void)state;
    stop();
    start(20);
    make("t", "{\"partitions\":3,\"config\":{\"a\":\"1\"}}", "");
    const char *id = status("t", "topicId");
    fake_topic_config(fake_topic_find(all, "t"), "a", "2");
    fake_topic_config(fake_topic_find(all, "t"), "b", "2");
    world_sleep(60);
    assert_string_equal(config("t", "a"), "1");
    assert_string_equal(config("t", "b"), "2");
    fake_topic_drop(all, "t");
    world_sleep(60);
    world_settle();
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    assert_string_not_equal(status("t", "topicId"), id);
    stop();
    world_sleep(60);
}

static void somebody_makes_it(struct fake_topics *topics_of_all)
{
    fake_topic_config(fake_topic_put(topics_of_all, "t", 1), "b", "2");
}

static void a_topic_that_somebody_makes_meanwhile_is_adopted(void **state)
{
    (void)state;
    int64_t version = world.fake.version;
    all->on_described = somebody_makes_it;
    make("t", "{\"partitions\":3,\"config\":{\"a\":\"1\"}}", "");
    assert_string_equal(condition("t", "Ready"), "Ready=True");
    assert_int_equal(world.fake.version, version + 3); // the resource, its finalizer, its status: one look did it
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    assert_string_equal(config("t", "a"), "1");
    assert_string_equal(config("t", "b"), "2");
}

static void somebody_deletes_it(struct fake_topics *topics_of_all)
{
    fake_topic_drop(topics_of_all, "t");
}

static void a_topic_that_somebody_deletes_meanwhile_is_made_again(void **state)
{
    (void)state;
    make("t", "{}", "");
    all->on_described = somebody_deletes_it;
    change("t", "{\"spec\":{\"partitions\":3}}");
    world_sleep(50);
    world_settle();
    assert_int_equal(fake_topic_find(all, "t")->partition_count, 3);
    assert_string_equal(condition("t", "Ready"), "Ready=True");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_topic_is_made_changed_and_deleted_with_its_resource),
        TEST(what_is_left_out_is_the_servers_default),
        TEST(a_topic_that_is_there_is_adopted),
        TEST(nothing_is_written_when_nothing_changed),
        TEST(partitions_do_not_get_fewer),
        TEST(more_copies_than_one_are_a_warning),
        TEST(what_the_engine_refuses_is_told_in_its_words),
        TEST(what_may_be_mended_is_tried_again_without_a_word),
        TEST(the_servers_own_topics_are_left_alone),
        TEST(the_topic_of_a_resource_cannot_be_changed),
        TEST(the_older_resource_has_the_topic),
        TEST(the_next_gets_the_topic_when_its_owner_goes),
        TEST(the_next_gets_the_topic_while_its_owner_is_held_by_others),
        TEST(what_is_not_managed_is_not_touched),
        TEST(a_pause_is_told_and_ends),
        TEST(a_topic_that_cannot_be_deleted_keeps_its_resource),
        TEST(a_resource_whose_topic_is_gone_goes),
        TEST(what_others_did_to_a_topic_is_seen_after_a_while),
        TEST(a_topic_that_somebody_makes_meanwhile_is_adopted),
        TEST(a_topic_that_somebody_deletes_meanwhile_is_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
