// SPDX-License-Identifier: Apache-2.0
// Pods, and what makes pods.
#include "kube/builtin/builtin_world.h"

#define POD        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
#define DEPLOYMENT "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
#define JOB        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, uid: u-1}\n"
#define TEMPLATE   "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}"

static const struct json_value *at(const struct json_value *value, const char *const *names)
{
    for (; *names != NULL && value != NULL; names++)
        value = value->type == JSON_ARRAY ? value->first : json_get(value, *names);
    return value;
}
#define AT(value, ...) at(value, (const char *const[]){ __VA_ARGS__, NULL })

static void images_say_when_they_are_pulled(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *image, *policy;
    } rows[] = { { "nginx", "\"Always\"" },
                 { "nginx:latest", "\"Always\"" },
                 { "nginx:1.25", "\"IfNotPresent\"" },
                 { "localhost:5000/nginx", "\"Always\"" },
                 { "localhost:5000/nginx:2", "\"IfNotPresent\"" },
                 { "nginx@sha256:00", "\"IfNotPresent\"" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text =
            arena_format(&world->arena, POD "spec: {containers: [{name: c, image: '%s'}]}\n", rows[i].image);
        struct json_value *pod = yaml(world, text);
        assert_string_equal(admitted(world, pod, NULL), "");
        assert_string_equal(json_of(world, AT(pod, "spec", "containers", "0", "imagePullPolicy")), rows[i].policy);
    }
}

static void pods_get_what_kubernetes_fills_in(void **state)
{
    struct world *world = *state;
    struct json_value *pod = yaml(
        world, POD "spec: {volumes: [{name: v}], containers: [{name: c, image: i, resources: {limits: {cpu: 1}}}]}\n");
    assert_string_equal(admitted(world, pod, NULL), "");
    assert_string_equal(json_of(world, AT(pod, "spec", "restartPolicy")), "\"Always\"");
    assert_string_equal(json_of(world, AT(pod, "spec", "terminationGracePeriodSeconds")), "30");
    assert_string_equal(json_of(world, AT(pod, "spec", "serviceAccount")), "\"default\"");
    assert_string_equal(json_of(world, AT(pod, "spec", "volumes", "0", "emptyDir")), "{}");
    assert_string_equal(json_of(world, AT(pod, "spec", "containers", "0", "resources")),
                        "{\"limits\":{\"cpu\":1},\"requests\":{\"cpu\":1}}");
    assert_string_equal(json_of(world, json_get(pod, "status")), "{\"phase\":\"Pending\",\"qosClass\":\"Burstable\"}");
    assert_string_equal(cell_of(world, pod, "Ready", 0), "0/1");
    assert_string_equal(cell_of(world, pod, "Status", 0), "Pending");
    assert_string_equal(cell_of(world, pod, "Restarts", 0), "0");
    assert_string_equal(cell_of(world, pod, "IP", 0), "<none>");
}

static void specs_that_cannot_be_are_refused(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *spec, *wrong;
    } rows[] = {
        { "{containers: []}", "spec.containers: Required value" },
        { "{containers: [{name: c}]}", "spec.containers[0].image: Required value" },
        { "{containers: [{name: C, image: i}]}", "spec.containers[0].name: Invalid value: \"C\"" },
        { "{containers: [{name: c, image: i, ports: [{containerPort: 70000}]}]}",
          "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive" },
        { "{containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}]}",
          "spec.containers[0].volumeMounts[0].name: Invalid value: \"v\": no volume has this name" },
        { "{containers: [{name: c, image: i}], volumes: [{name: v, emptyDir: {}, hostPath: {path: /}}]}",
          "spec.volumes[0]: Forbidden: may not specify more than 1 volume type" },
        { "{restartPolicy: Sometimes, containers: [{name: c, image: i}]}",
          "spec.restartPolicy: Unsupported value: \"Sometimes\"" },
        { "{containers: 5}", "spec.containers" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value *pod = yaml(world, arena_format(&world->arena, POD "spec: %s\n", rows[i].spec));
        const char *wrong = admitted(world, pod, NULL);
        if (strncmp(wrong, rows[i].wrong, strlen(rows[i].wrong)) != 0)
            fail_msg("%s: %s", rows[i].spec, wrong);
    }
    assert_string_equal(admitted(world, yaml(world, POD), NULL), "spec.containers: Required value");
}

static void only_the_image_of_a_pod_changes(void **state)
{
    struct world *world = *state;
    struct json_value *live = yaml(world, POD "spec: {containers: [{name: c, image: i:1}]}\n");
    assert_string_equal(admitted(world, live, NULL), "");
    assert_string_equal(admitted(world, yaml(world, POD "spec: {containers: [{name: c, image: i:2}]}\n"), live), "");
    const char *wrong =
        admitted(world, yaml(world, POD "spec: {containers: [{name: c, image: i:1, tty: true}]}\n"), live);
    assert_non_null(strstr(wrong, "spec: Forbidden: pod updates may not change fields other than"));
}

// What kubectl shows of a pod that something runs.
static void a_pod_tells_what_it_is_at(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *rest, *status, *ready, *restarts;
    } rows[] = {
        { "status: {phase: Running, containerStatuses: [{name: c, ready: true, restartCount: 2, state: {running: {}},"
          " lastState: {terminated: {finishedAt: '1970-01-01T00:00:00Z'}}}]}",
          "Running", "1/1", "2 (60s ago)" },
        { "status: {phase: Running, containerStatuses: [{name: c, restartCount: 7, state: {waiting: {reason: "
          "CrashLoopBackOff}}}]}",
          "CrashLoopBackOff", "0/1", "7" },
        { "status: {phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 3}}}]}", "ExitCode:3",
          "0/1", "0" },
        { "status: {phase: Failed, reason: Evicted}", "Evicted", "0/1", "0" },
        { "status: {phase: Pending, initContainerStatuses: [{name: a, state: {terminated: {exitCode: 0}}}, {name: b, "
          "state: {running: {}}}]}",
          "Init:1/2", "0/1", "0" },
        { "status: {phase: Pending, initContainerStatuses: [{name: a, state: {waiting: {reason: ErrImagePull}}}]}",
          "Init:ErrImagePull", "0/1", "0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = arena_format(
            &world->arena, POD "spec: {initContainers: [{name: a}, {name: b}], containers: [{name: c}]}\n%s\n",
            rows[i].rest);
        struct json_value *pod = yaml(world, text);
        assert_string_equal(cell_of(world, pod, "Status", 60000), rows[i].status);
        assert_string_equal(cell_of(world, pod, "Ready", 60000), rows[i].ready);
        assert_string_equal(cell_of(world, pod, "Restarts", 60000), rows[i].restarts);
    }
    struct json_value *going =
        yaml(world, "apiVersion: v1\nkind: Pod\nmetadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}\n");
    assert_string_equal(cell_of(world, going, "Status", 0), "Terminating");
}

static void deployments_get_what_kubernetes_fills_in(void **state)
{
    struct world *world = *state;
    struct json_value *deployment =
        yaml(world, DEPLOYMENT "spec: {selector: {matchLabels: {app: web}}, strategy: {}, " TEMPLATE "}\n");
    assert_string_equal(admitted(world, deployment, NULL), "");
    assert_string_equal(
        json_of(world, AT(deployment, "spec", "strategy")),
        "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":\"25%\",\"maxSurge\":\"25%\"}}");
    assert_string_equal(json_of(world, AT(deployment, "spec", "replicas")), "1");
    assert_string_equal(json_of(world, AT(deployment, "spec", "revisionHistoryLimit")), "10");
    assert_string_equal(json_of(world, json_get(deployment, "status")), "{}");
    assert_string_equal(cell_of(world, deployment, "Ready", 0), "0/1");
    assert_string_equal(cell_of(world, deployment, "Up-to-date", 0), "0");
    assert_string_equal(cell_of(world, deployment, "Images", 0), "i");
    assert_string_equal(cell_of(world, deployment, "Selector", 0), "app=web");
}

static void selectors_match_their_template_for_good(void **state)
{
    struct world *world = *state;
    struct json_value *live =
        yaml(world, DEPLOYMENT "spec: {selector: {matchExpressions: [{key: app, operator: In, values: [web, x]}, {key: "
                               "old, operator: DoesNotExist}]}, " TEMPLATE "}\n");
    assert_string_equal(admitted(world, live, NULL), "");
    assert_string_equal(cell_of(world, live, "Selector", 0), "app in (web,x),!old");
    static const struct {
        const char *selector, *wrong;
    } rows[] = {
        { "{matchLabels: {app: other}}", "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` "
                                         "does not match template `labels`" },
        { "{}", "spec.selector: Invalid value: {}: empty selector is invalid for deployment" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text =
            arena_format(&world->arena, DEPLOYMENT "spec: {selector: %s, " TEMPLATE "}\n", rows[i].selector);
        assert_string_equal(admitted(world, yaml(world, text), NULL), rows[i].wrong);
    }
    const char *wrong =
        admitted(world, yaml(world, DEPLOYMENT "spec: {selector: {matchLabels: {app: web}}, " TEMPLATE "}\n"), live);
    assert_string_equal(wrong, "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\"}}: field is immutable");
}

static void a_job_chooses_its_pods_by_itself(void **state)
{
    struct world *world = *state;
    struct json_value *job =
        yaml(world, JOB "spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n");
    assert_string_equal(admitted(world, job, NULL), "");
    assert_string_equal(json_of(world, AT(job, "spec", "selector")),
                        "{\"matchLabels\":{\"batch.kubernetes.io/controller-uid\":\"u-1\"}}");
    assert_string_equal(cell_of(world, job, "Completions", 0), "0/1");
    assert_string_equal(cell_of(world, job, "Status", 0), "Running");
    job = yaml(world, JOB "spec: {template: {spec: {containers: [{name: c, image: i}]}}}\n");
    assert_string_equal(admitted(world, job, NULL), "spec.template.spec.restartPolicy: Required value: valid values: "
                                                    "\"OnFailure\", \"Never\"");
}

static void a_job_tells_how_far_it_is(void **state)
{
    struct world *world = *state;
    struct json_value *job = yaml(
        world, JOB "spec: {completions: 3}\nstatus: {succeeded: 2, startTime: '1970-01-01T00:00:00Z', completionTime: "
                   "'1970-01-01T00:01:05Z', conditions: [{type: Complete, status: 'True'}]}\n");
    assert_string_equal(cell_of(world, job, "Completions", 0), "2/3");
    assert_string_equal(cell_of(world, job, "Status", 0), "Complete");
    assert_string_equal(cell_of(world, job, "Duration", 0), "65s");
}

// fill comes before validation: it must not paint over what is wrong.
static void what_has_another_type_is_refused(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *object, *field;
    } rows[] = {
        { DEPLOYMENT "spec: {strategy: Recreate, selector: {matchLabels: {app: web}}, " TEMPLATE "}\n",
          "spec.strategy:" },
        { DEPLOYMENT "spec: {strategy: {rollingUpdate: 5}, selector: {matchLabels: {app: web}}, " TEMPLATE "}\n",
          "spec.strategy.rollingUpdate:" },
        { DEPLOYMENT "spec: 5\n", "spec:" },
        { JOB "spec: {template: x}\n", "spec.template:" },
        { JOB "spec: {selector: x, " TEMPLATE "}\n", "spec.selector:" },
        { JOB "spec: {template: {metadata: {labels: []}}}\n", "spec.template.metadata.labels:" },
        { POD "spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 1}, requests: x}}]}\n",
          "spec.containers[0].resources.requests:" },
        { POD "spec: {containers: [5], volumes: [7]}\n", "spec.containers[0]:" },
        { "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: x\nstringData: {a: b}\n", "data:" },
        { "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: 5}\n", "stringData.a:" },
        { "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [x]}\n", "spec.ports[0]:" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *wrong = admitted(world, yaml(world, rows[i].object), NULL);
        if (strstr(wrong, rows[i].field) == NULL)
            fail_msg("%s: %s", rows[i].object, wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_say_when_they_are_pulled),
        cmocka_unit_test(pods_get_what_kubernetes_fills_in),
        cmocka_unit_test(specs_that_cannot_be_are_refused),
        cmocka_unit_test(only_the_image_of_a_pod_changes),
        cmocka_unit_test(a_pod_tells_what_it_is_at),
        cmocka_unit_test(deployments_get_what_kubernetes_fills_in),
        cmocka_unit_test(selectors_match_their_template_for_good),
        cmocka_unit_test(a_job_chooses_its_pods_by_itself),
        cmocka_unit_test(a_job_tells_how_far_it_is),
        cmocka_unit_test(what_has_another_type_is_refused),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
