// SPDX-License-Identifier: Apache-2.0
#include "kube/recorder.h"

#include "base/assert.h"
#include "io/clock.h"
#include "kube/admission.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/text.h"
#include "kube/client.h"
#include "kube/testing/world.h"

static struct kind *events;
static struct controller expiry;
static bool is_expiring;

static int set_up(void **state)
{
    (void)world_set_up(state);
    events = kinds_define_own(&world.kube.resources.kinds, &event_rules);
    is_expiring = false;
    return 0;
}

static int tear_down(void **state)
{
    if (is_expiring) {
        controller_stop(&expiry);
        world_settle();
        controller_deinit(&expiry);
    }
    return world_tear_down(state);
}

static void expire_after(int64_t ms)
{
    world.kube.options.events_ttl_ms = ms;
    events_expiry_start(&expiry, &world.kube);
    is_expiring = true;
    world_settle();
}

static const char *const thing = "{\"metadata\":{\"name\":\"t\",\"namespace\":\"a\",\"uid\":\"u1\"}}";

static void tell(const char *reason, const char *message)
{
    record_event(&world.kube, world.things, world_tree(thing), true, reason, message);
    world_settle();
}

// "REASON xCOUNT: MESSAGE;" of each event.
static const char *told(void)
{
    struct resources_walk walk;
    struct table_row row;
    const char *all = "";
    assert_int_equal(
        resources_walk_start(&walk, &world.kube.resources, events, BYTES_LITERAL(""), 0, BYTES_NULL, &world.arena),
        ERR_OK);
    while (resources_walk_next(&walk, &row)) {
        struct json_value *event;
        assert_int_equal(object_decode(row.value, events, events->storage, row.version, &world.arena, &event), ERR_OK);
        const struct json_value *about = json_get(event, "involvedObject");
        all = arena_format(&world.arena, "%s%.*s %.*s/%.*s %.*s x%d: %.*s;", all,
                           BYTES_ARG(json_text_at(event, "type")), BYTES_ARG(json_text_at(about, "namespace")),
                           BYTES_ARG(json_text_at(about, "name")), BYTES_ARG(json_text_at(event, "reason")),
                           (int)int_at(event, "count"), BYTES_ARG(json_text_at(event, "message")));
    }
    return all;
}

static void the_same_again_is_counted(void **state)
{
    (void)state;
    tell("Failed", "it broke");
    tell("Failed", "it broke");
    tell("Failed", "it broke");
    assert_string_equal(told(), "Warning a/t Failed x3: it broke;");
}

static void what_differs_is_another_event(void **state)
{
    (void)state;
    tell("Failed", "it broke");
    record_event(&world.kube, world.things, world_tree(thing), false, "Failed", "it broke");
    world_settle();
    const char *all = told();
    assert_non_null(strstr(all, "Warning a/t Failed x1: it broke;"));
    assert_non_null(strstr(all, "Normal a/t Failed x1: it broke;"));
}

static void a_message_has_an_end(void **state)
{
    (void)state;
    char *message = arena_alloc(&world.arena, 5000);
    memset(message, 'm', 4999);
    tell("Failed", message);
    assert_true(strlen(told()) < 1200);
}

static bool is_empty(void)
{
    return strcmp(told(), "") == 0;
}

static void an_event_goes_when_it_has_not_happened_for_a_while(void **state)
{
    (void)state;
    tell("Failed", "it broke");
    expire_after(3600 * 1000);
    assert_string_equal(told(), "Warning a/t Failed x1: it broke;");
    controller_stop(&expiry);
    world_settle();
    controller_deinit(&expiry);
    expire_after(20);
    for (int i = 0; i < 500 && !is_empty(); i++)
        world_sleep(10);
    assert_true(is_empty());
}

static void others_events_stay_for_the_newest_of_their_times(void **state)
{
    static const char *const members[] = { "\"series\":{\"lastObservedTime\":\"#\"}", "\"lastTimestamp\":\"#\"",
                                           "\"eventTime\":\"#\"" };
    (void)state;
    expire_after(1000);
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        struct client_op *op = client_op_new(&world.kube, events, BYTES_LITERAL("a"),
                                             bytes_of_text(arena_format(&world.arena, "e%zu", i)), "tester");
        bytes_t later = time_text(&world.arena, clock_wall_ms() + 3600 * 1000);
        const char *mark = strchr(members[i], '#'), *behind = mark + 1;
        const char *before = arena_format(&world.arena, "%.*s", (int)(mark - members[i]), members[i]);
        client_create(op,
                      world_tree(arena_format(
                          &world.arena,
                          "{\"metadata\":{\"name\":\"e%zu\"},\"involvedObject\":{\"namespace\":\"a\"},\"reason\":\"R\","
                          "\"firstTimestamp\":\"2001-01-01T00:00:00Z\",%s%.*s%s}",
                          i, before, BYTES_ARG(later), behind)));
    }
    world_sleep(2500); // created now, and older than a second soon
    const char *all = told();
    for (size_t count = 0; count < ARRAY_COUNT(members); count++) {
        assert_non_null(all = strstr(all, " R x0"));
        all++;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_again_is_counted),
        TEST(what_differs_is_another_event),
        TEST(a_message_has_an_end),
        TEST(an_event_goes_when_it_has_not_happened_for_a_while),
        TEST(others_events_stay_for_the_newest_of_their_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
