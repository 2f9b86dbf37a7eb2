// SPDX-License-Identifier: Apache-2.0
// Services, events and leases.
#include "kube/builtin/builtin_world.h"

#define SERVICE "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
#define EVENT   "apiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: default}\n"

static void ports_are_filled_in(void **state)
{
    struct world *world = *state;
    struct json_value *service = yaml(world, SERVICE "spec: {selector: {app: x}, ports: [{port: 80}]}\n");
    assert_string_equal(admitted(world, service, NULL), "");
    assert_string_equal(
        json_of(world, json_get(service, "spec")),
        "{\"selector\":{\"app\":\"x\"},\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"targetPort\":80}],"
        "\"sessionAffinity\":\"None\",\"type\":\"ClusterIP\"}");
    assert_string_equal(cell_of(world, service, "Cluster-IP", 0), "<none>");
    assert_string_equal(cell_of(world, service, "External-IP", 0), "<none>");
    assert_string_equal(cell_of(world, service, "Port(s)", 0), "80/TCP");
    assert_string_equal(cell_of(world, service, "Selector", 0), "app=x");
}

static void columns_know_the_types(void **state)
{
    struct world *world = *state;
    struct json_value *service = yaml(world, SERVICE "spec: {type: ExternalName, externalName: a.example}\n");
    assert_string_equal(admitted(world, service, NULL), "");
    assert_string_equal(cell_of(world, service, "External-IP", 0), "a.example");
    assert_string_equal(cell_of(world, service, "Port(s)", 0), "<none>");
    service = yaml(world, SERVICE "spec: {type: LoadBalancer, ports: [{name: a, port: 80, nodePort: 30000}, {name: b, "
                                  "port: 53, protocol: UDP}]}\n");
    assert_string_equal(admitted(world, service, NULL), "");
    assert_string_equal(cell_of(world, service, "External-IP", 0), "<pending>");
    assert_string_equal(cell_of(world, service, "Port(s)", 0), "80:30000/TCP,53/UDP");
}

static void ports_that_cannot_be_are_refused(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *spec, *wrong;
    } rows[] = {
        { "{}", "spec.ports: Required value" },
        { "{clusterIP: None}", "" },
        { "{type: ExternalName}", "spec.externalName: Required value" },
        { "{ports: [{port: 0}]}", "[spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive" },
        { "{ports: [{port: 1}, {port: 2, name: b}]}", "spec.ports[0].name: Required value" },
        { "{ports: [{port: 1, name: b}, {port: 2, name: b}]}", "spec.ports[1].name: Duplicate value: \"b\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value *service = yaml(world, arena_format(&world->arena, SERVICE "spec: %s\n", rows[i].spec));
        const char *wrong = admitted(world, service, NULL), *expected = rows[i].wrong;
        if (expected[0] == '[' ? strstr(wrong, expected + 1) == NULL : strcmp(wrong, expected) != 0)
            fail_msg("%s: %s", rows[i].spec, wrong);
    }
}

static void events_tell_when_and_about_what(void **state)
{
    struct world *world = *state;
    struct json_value *event =
        yaml(world, EVENT "involvedObject: {kind: Pod, name: p, namespace: default}\nmessage: ' done\n\n'\n"
                          "firstTimestamp: '1970-01-01T00:00:00Z'\nlastTimestamp: '1970-01-01T00:00:50Z'\ncount: 3\n"
                          "source: {component: kubelet, host: n1}\n");
    assert_string_equal(admitted(world, event, NULL), "");
    assert_string_equal(cell_of(world, event, "Last Seen", 60000), "10s");
    assert_string_equal(cell_of(world, event, "First Seen", 60000), "60s");
    assert_string_equal(cell_of(world, event, "Object", 0), "pod/p");
    assert_string_equal(cell_of(world, event, "Source", 0), "kubelet, n1");
    assert_string_equal(cell_of(world, event, "Message", 0), "done");
    assert_string_equal(cell_of(world, event, "Count", 0), "3");
    event = yaml(world, EVENT "involvedObject: {}\neventTime: '1970-01-01T00:00:30.000000Z'\nseries: {count: 9, "
                              "lastObservedTime: '1970-01-01T00:00:59.000000Z'}\n");
    assert_string_equal(cell_of(world, event, "Last Seen", 60000), "1s");
    assert_string_equal(cell_of(world, event, "Count", 0), "9");
    assert_string_equal(cell_of(world, yaml(world, EVENT), "Last Seen", 0), "<unknown>");
}

static void events_are_where_their_object_is(void **state)
{
    struct world *world = *state;
    const char *wrong = admitted(world, yaml(world, EVENT "involvedObject: {namespace: other}\n"), NULL);
    assert_string_equal(wrong, "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace");
    assert_string_equal(admitted(world, yaml(world, EVENT "involvedObject: {kind: Node, name: n1}\n"), NULL), "");
}

static void leases_keep_microseconds(void **state)
{
    struct world *world = *state;
    struct json_value *lease =
        yaml(world, "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\nspec: {renewTime: "
                    "'2026-01-01T00:00:00.123456Z', leaseDurationSeconds: 15}\n");
    assert_string_equal(admitted(world, lease, NULL), "");
    assert_non_null(strstr(json_of(world, lease), "2026-01-01T00:00:00.123456Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_filled_in),
        cmocka_unit_test(columns_know_the_types),
        cmocka_unit_test(ports_that_cannot_be_are_refused),
        cmocka_unit_test(events_tell_when_and_about_what),
        cmocka_unit_test(events_are_where_their_object_is),
        cmocka_unit_test(leases_keep_microseconds),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
