// SPDX-License-Identifier: Apache-2.0
#include "kube/table/print.h"

#include "base/assert.h"
#include "base/json.h"

#include "base/test.h"

static const char kind[] = "trigger.eventing.knative.dev";
static const char *const keys[] = { "app", "a.b/c" };

// Tables that come one behind the other.
static const char two_rows[] =
    "[{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{},\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\","
    "\"description\":\"\",\"priority\":0},{\"name\":\"Broker\",\"type\":\"string\",\"format\":\"\",\"description\":"
    "\"\",\"priority\":0},{\"name\":\"Subscriber_URI\",\"type\":\"string\",\"format\":\"\",\"description\":\"\","
    "\"priority\":0},{\"name\":\"Age\",\"type\":\"date\",\"format\":\"\",\"description\":\"\",\"priority\":0},{"
    "\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"Reason\","
    "\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"N\",\"type\":\"integer\","
    "\"format\":\"\",\"description\":\"\",\"priority\":1}],\"rows\":[{\"cells\":[\"t1\",\"default\",null,\"1s\",null,"
    "null,5],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"labels\":{}}}},{\"cells\":[\"t9\",\"default\",null,"
    "\"9m37s\",null,null,1.5],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{\"name\":\"t9\",\"namespace\":\"default\",\"labels\":{\"app\":\"x\",\"b\":\"y\"}}}}]}]";
static const char odd_cells[] =
    "[{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{},\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\","
    "\"description\":\"\",\"priority\":0},{\"name\":\"Broker\",\"type\":\"string\",\"format\":\"\",\"description\":"
    "\"\",\"priority\":0},{\"name\":\"Subscriber_URI\",\"type\":\"string\",\"format\":\"\",\"description\":\"\","
    "\"priority\":0},{\"name\":\"Age\",\"type\":\"date\",\"format\":\"\",\"description\":\"\",\"priority\":0},{"
    "\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"Reason\","
    "\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"N\",\"type\":\"integer\","
    "\"format\":\"\",\"description\":\"\",\"priority\":1}],\"rows\":[{\"cells\":[\"very-long-name-of-a-trigger\","
    "\"default\",\"http://\303\251.example/"
    "x\",\"1s\",\"True\",\"line\\nbreak\",true],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta."
    "k8s.io/"
    "v1\",\"metadata\":{\"name\":\"very-long-name-of-a-trigger\",\"namespace\":\"test-ogqtjsad\",\"labels\":{}}}},{"
    "\"cells\":[\"s\",\"\\u001b[1m\",null,\"1s\",\"False\",\"\",\"x\"],\"object\":{\"kind\":\"PartialObjectMetadata\","
    "\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"s\",\"namespace\":\"n\",\"labels\":{}}}}]}]";
static const char watch[] =
    "[{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{},\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\","
    "\"description\":\"\",\"priority\":0},{\"name\":\"Broker\",\"type\":\"string\",\"format\":\"\",\"description\":"
    "\"\",\"priority\":0},{\"name\":\"Subscriber_URI\",\"type\":\"string\",\"format\":\"\",\"description\":\"\","
    "\"priority\":0},{\"name\":\"Age\",\"type\":\"date\",\"format\":\"\",\"description\":\"\",\"priority\":0},{"
    "\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"Reason\","
    "\"type\":\"string\",\"format\":\"\",\"description\":\"\",\"priority\":0},{\"name\":\"N\",\"type\":\"integer\","
    "\"format\":\"\",\"description\":\"\",\"priority\":1}],\"rows\":[{\"cells\":[\"t1\",\"default\",null,\"1s\",null,"
    "null,5],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"labels\":{}}}}]},{\"kind\":\"Table\","
    "\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{},\"columnDefinitions\":null,\"rows\":[{\"cells\":[\"t1-much-longer\",\"default\",null,\"2s\","
    "\"True\",null,5],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{\"name\":\"t1-much-longer\",\"namespace\":\"default\",\"labels\":{}}}}]},{\"kind\":\"Table\","
    "\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{},\"columnDefinitions\":null,\"rows\":[{\"cells\":[\"t\",\"d\",null,\"2s\",\"True\",null,5],"
    "\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
    "v1\",\"metadata\":{\"name\":\"t\",\"namespace\":\"default\",\"labels\":{}}}}]}]";

// What kubectl's own printer (k8s.io/cli-runtime 0.33.1) makes of them, run.
static const struct {
    struct print_options options;
    const char *tables;
    bool with_events;
    const char *text;
} cases[] = {
    { { 0 },
      two_rows,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE     READY   REASON\n"
      "t1     default                    1s              \n"
      "t9     default                    9m37s           \n" },
    { { 0 },
      odd_cells,
      false,
      "NAME                          BROKER    SUBSCRIBER_URI       AGE   READY   REASON\n"
      "very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...\n"
      "s                             ^[[1m                          1s    False   \n" },
    { { 0 },
      watch,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON\n"
      "t1     default                    1s            \n"
      "t1-much-longer   default                    2s    True    \n"
      "t                d                          2s    True    \n" },
    { { .wide = true },
      two_rows,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE     READY   REASON   N\n"
      "t1     default                    1s                       5\n"
      "t9     default                    9m37s                    1.5\n" },
    { { .wide = true },
      odd_cells,
      false,
      "NAME                          BROKER    SUBSCRIBER_URI       AGE   READY   REASON    N\n"
      "very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...   true\n"
      "s                             ^[[1m                          1s    False             x\n" },
    { { .wide = true },
      watch,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON   N\n"
      "t1     default                    1s                     5\n"
      "t1-much-longer   default                    2s    True             5\n"
      "t                d                          2s    True             5\n" },
    { { .no_headers = true },
      two_rows,
      false,
      "t1    default         1s            \n"
      "t9    default         9m37s         \n" },
    { { .no_headers = true },
      odd_cells,
      false,
      "very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...\n"
      "s                             ^[[1m                          1s    False   \n" },
    { { .no_headers = true },
      watch,
      false,
      "t1    default         1s          \n"
      "t1-much-longer   default         2s    True   \n"
      "t                d               2s    True   \n" },
    { { .show_labels = true },
      two_rows,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE     READY   REASON   LABELS\n"
      "t1     default                    1s                       <none>\n"
      "t9     default                    9m37s                    app=x,b=y\n" },
    { { .show_labels = true },
      odd_cells,
      false,
      "NAME                          BROKER    SUBSCRIBER_URI       AGE   READY   REASON    LABELS\n"
      "very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...   <none>\n"
      "s                             ^[[1m                          1s    False             <none>\n" },
    { { .show_labels = true },
      watch,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON   LABELS\n"
      "t1     default                    1s                     <none>\n"
      "t1-much-longer   default                    2s    True             <none>\n"
      "t                d                          2s    True             <none>\n" },
    { { .with_namespace = true },
      two_rows,
      false,
      "NAMESPACE   NAME   BROKER    SUBSCRIBER_URI   AGE     READY   REASON\n"
      "default     t1     default                    1s              \n"
      "default     t9     default                    9m37s           \n" },
    { { .with_namespace = true },
      odd_cells,
      false,
      "NAMESPACE       NAME                          BROKER    SUBSCRIBER_URI       AGE   READY   REASON\n"
      "test-ogqtjsad   very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...\n"
      "n               s                             ^[[1m                          1s    False   \n" },
    { { .with_namespace = true },
      watch,
      false,
      "NAMESPACE   NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON\n"
      "default     t1     default                    1s            \n"
      "default     t1-much-longer   default                    2s    True    \n"
      "default     t                d                          2s    True    \n" },
    { { .prefix = kind },
      two_rows,
      false,
      "NAME                              BROKER    SUBSCRIBER_URI   AGE     READY   REASON\n"
      "trigger.eventing.knative.dev/t1   default                    1s              \n"
      "trigger.eventing.knative.dev/t9   default                    9m37s           \n" },
    { { .prefix = kind },
      odd_cells,
      false,
      "NAME                                                       BROKER    SUBSCRIBER_URI       AGE   READY   REASON\n"
      "trigger.eventing.knative.dev/very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    "
      "line...\n"
      "trigger.eventing.knative.dev/s                             ^[[1m                          1s    False   \n" },
    { { .prefix = kind },
      watch,
      false,
      "NAME                              BROKER    SUBSCRIBER_URI   AGE   READY   REASON\n"
      "trigger.eventing.knative.dev/t1   default                    1s            \n"
      "trigger.eventing.knative.dev/t1-much-longer   default                    2s    True    \n"
      "trigger.eventing.knative.dev/t                d                          2s    True    \n" },
    { { .labels = keys, .label_count = 2 },
      two_rows,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE     READY   REASON   APP   C\n"
      "t1     default                    1s                             \n"
      "t9     default                    9m37s                    x     \n" },
    { { .labels = keys, .label_count = 2 },
      odd_cells,
      false,
      "NAME                          BROKER    SUBSCRIBER_URI       AGE   READY   REASON    APP   C\n"
      "very-long-name-of-a-trigger   default   http://\303\251.example/x   1s    True    line...         \n"
      "s                             ^[[1m                          1s    False                   \n" },
    { { .labels = keys, .label_count = 2 },
      watch,
      false,
      "NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON   APP   C\n"
      "t1     default                    1s                           \n"
      "t1-much-longer   default                    2s    True                   \n"
      "t                d                          2s    True                   \n" },
    { { .with_namespace = true, .prefix = kind, .show_labels = true, .labels = keys, .label_count = 2, .wide = true },
      two_rows,
      false,
      "NAMESPACE   NAME                              BROKER    SUBSCRIBER_URI   AGE     READY   REASON   N     APP   C "
      "    LABELS\n"
      "default     trigger.eventing.knative.dev/t1   default                    1s                       5             "
      "    <none>\n"
      "default     trigger.eventing.knative.dev/t9   default                    9m37s                    1.5   x       "
      "    app=x,b=y\n" },
    { { .with_namespace = true, .prefix = kind, .show_labels = true, .labels = keys, .label_count = 2, .wide = true },
      odd_cells,
      false,
      "NAMESPACE       NAME                                                       BROKER    SUBSCRIBER_URI       AGE   "
      "READY   REASON    N      APP   C     LABELS\n"
      "test-ogqtjsad   trigger.eventing.knative.dev/very-long-name-of-a-trigger   default   http://\303\251.example/x  "
      " 1s    True    line...   true               <none>\n"
      "n               trigger.eventing.knative.dev/s                             ^[[1m                          1s    "
      "False             x                  <none>\n" },
    { { .with_namespace = true, .prefix = kind, .show_labels = true, .labels = keys, .label_count = 2, .wide = true },
      watch,
      false,
      "NAMESPACE   NAME                              BROKER    SUBSCRIBER_URI   AGE   READY   REASON   N     APP   C   "
      "  LABELS\n"
      "default     trigger.eventing.knative.dev/t1   default                    1s                     5               "
      "  <none>\n"
      "default     trigger.eventing.knative.dev/t1-much-longer   default                    2s    True             5   "
      "              <none>\n"
      "default     trigger.eventing.knative.dev/t                d                          2s    True             5   "
      "              <none>\n" },
    { { .with_namespace = true },
      watch,
      true,
      "EVENT      NAMESPACE   NAME   BROKER    SUBSCRIBER_URI   AGE   READY   REASON\n"
      "ADDED      default     t1     default                    1s            \n"
      "MODIFIED   default     t1-much-longer   default                    2s    True    \n"
      "DELETED    default     t                d                          2s    True    \n" },
};

static void expect_text(const struct print_options *options, const char *tables, bool with_events, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    static const char *const events[] = { "ADDED", "MODIFIED", "DELETED" };
    struct arena arena = ARENA_INIT;
    struct json_value *root = NULL;
    assert_int_equal(json_parse(bytes_of_text(tables), &limits, &arena, &root, NULL), ERR_OK);
    struct writer out = WRITER_INIT;
    struct table_print print;
    table_print_init(&print, options);
    size_t index = 0;
    for (const struct json_value *table = root->first; table != NULL; table = table->next, index++)
        table_print(&print, table, with_events ? events[index] : NULL, &out);
    table_print_deinit(&print);
    writer_u8(&out, 0);
    assert_string_equal((const char *)out.buf->data, text);
    writer_free(&out);
    arena_free(&arena);
}

static void tables_look_as_kubectl_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_text(&cases[i].options, cases[i].tables, cases[i].with_events, cases[i].text);
}

// kubectl 1.33 in front of a real kube-apiserver: get triggers,brokers -A -o wide.
static void a_recorded_session_looks_the_same(void **state)
{
    (void)state;
    static const char tables[] =
        "[{\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\"},{\"name\":\"URL\","
        "\"type\":\"string\"},"
        "{\"name\":\"Age\",\"type\":\"date\"},{\"name\":\"Ready\",\"type\":\"string\"},{\"name\":\"Reason\",\"type\":"
        "\"string\"},"
        "{\"name\":\"Class\",\"type\":\"string\",\"priority\":1}],\"rows\":["
        "{\"cells\":[\"default\",null,\"1s\",null,null,null],\"object\":{\"metadata\":{\"namespace\":\"default\"}}},"
        "{\"cells\":[\"t7\",null,\"9m37s\",null,null,null],\"object\":{\"metadata\":{\"namespace\":\"default\"}}},"
        "{\"cells\":[\"default\",null,\"2m25s\",null,null,\"MTChannelBasedBroker\"],\"object\":{\"metadata\":{"
        "\"namespace\":"
        "\"test-ogqtjsad\"}}}]}]";
    const struct print_options options = { .wide = true,
                                           .with_namespace = true,
                                           .prefix = "broker.eventing.knative.dev" };
    expect_text(
        &options, tables, false,
        "NAMESPACE       NAME                                  URL   AGE     READY   REASON   CLASS\n"
        "default         broker.eventing.knative.dev/default         1s                       \n"
        "default         broker.eventing.knative.dev/t7              9m37s                    \n"
        "test-ogqtjsad   broker.eventing.knative.dev/default         2m25s                    MTChannelBasedBroker\n");
}

static void a_table_without_rows_prints_nothing(void **state)
{
    (void)state;
    const struct print_options options = { 0 };
    expect_text(&options, "[{\"columnDefinitions\":[{\"name\":\"Name\"}],\"rows\":[]},{\"rows\":null},{},5]", false,
                "");
}

static void other_columns_have_headers_of_their_own(void **state)
{
    (void)state;
    const struct print_options options = { 0 };
    expect_text(&options,
                "[{\"columnDefinitions\":[{\"name\":\"Name\"}],\"rows\":[{\"cells\":[\"a\",\"too many\"]}]},"
                "{\"columnDefinitions\":[{\"name\":\"Name\"},{\"name\":\"X\"}],\"rows\":[{\"cells\":[\"b\",1]}]}]",
                false, "NAME\na\nNAME   X\nb      1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_look_as_kubectl_prints_them),
        cmocka_unit_test(a_recorded_session_looks_the_same),
        cmocka_unit_test(a_table_without_rows_prints_nothing),
        cmocka_unit_test(other_columns_have_headers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
