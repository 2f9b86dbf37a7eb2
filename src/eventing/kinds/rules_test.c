// SPDX-License-Identifier: Apache-2.0
// The kinds whose rules are few.
#include "eventing/kinds/rules.h"

#include "base/test.h"
#include "eventing/kinds/broker_rules.h"
#include "eventing/kinds/channel_rules.h"
#include "eventing/kinds/event_type_rules.h"
#include "eventing/kinds/flow_rules.h"
#include "eventing/kinds/kafka_source_rules.h"
#include "eventing/kinds/testing.h"

#define DELIVERY "\"delivery\":{\"deadLetterSink\":{\"ref\":{\"name\":\"d\"}}}"
#define FILLED   "\"delivery\":{\"deadLetterSink\":{\"ref\":{\"name\":\"d\",\"namespace\":\"n\"}}}"
#define META     "\"metadata\":{\"namespace\":\"n\"}"
#define TEMPLATE "\"channelTemplate\":{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"InMemoryChannel\"}"

static void a_broker_gets_a_class_and_a_delivery(void **state)
{
    (void)state;
    assert_filled(broker_fill, "{" META "}", NULL,
                  "{\"metadata\":{\"namespace\":\"n\",\"annotations\":{\"eventing.knative.dev/broker.class\":"
                  "\"MTChannelBasedBroker\"}},\"spec\":{\"delivery\":{\"retry\":10,\"backoffPolicy\":\"exponential\","
                  "\"backoffDelay\":\"PT0.2S\"},\"config\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                  "\"name\":\"config-br-default-channel\",\"namespace\":\"knative-eventing\"}}}");
    assert_filled(
        broker_fill,
        "{\"metadata\":{\"namespace\":\"n\",\"annotations\":{\"eventing.knative.dev/broker.class\":\"Kafka\"}},"
        "\"spec\":{\"config\":{\"kind\":\"ConfigMap\"}," DELIVERY "}}",
        NULL,
        "{\"metadata\":{\"namespace\":\"n\",\"annotations\":{\"eventing.knative.dev/broker.class\":\"Kafka\"}},"
        "\"spec\":{\"config\":{\"kind\":\"ConfigMap\",\"namespace\":\"n\"}," FILLED "}}");
    assert_filled(broker_fill, "{\"metadata\":{\"annotations\":1},\"spec\":[]}", NULL,
                  "{\"metadata\":{\"annotations\":1},\"spec\":[]}");
}

static void a_broker_keeps_its_class_and_config(void **state)
{
    static const char kafka[] = "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/broker.class\":\"Kafka\"}}}";
    (void)state;
    assert_filled(broker_fill, "{\"metadata\":{},\"spec\":{\"delivery\":{}}}", kafka,
                  "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/broker.class\":\"Kafka\"}},"
                  "\"spec\":{\"delivery\":{}}}");
    assert_filled(broker_fill, "{\"metadata\":{},\"spec\":{\"delivery\":{}}}",
                  "{\"metadata\":{},\"spec\":{\"config\":{\"namespace\":\"n\",\"name\":\"c\"}}}",
                  "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/broker.class\":\"MTChannelBasedBroker\"}},"
                  "\"spec\":{\"delivery\":{},\"config\":{\"namespace\":\"n\",\"name\":\"c\"}}}");
    assert_string_equal(complaints(broker_check, kafka, kafka), "");
    assert_string_equal(
        complaints(broker_check,
                   "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/broker.class\":\"Other\"}},"
                   "\"spec\":{\"config\":{\"name\":\"c\"}}}",
                   kafka),
        "[spec.config: Forbidden: the config of a broker cannot be changed, "
        "metadata.annotations[eventing.knative.dev/broker.class]: Forbidden: the class of a broker cannot be changed]");
}

static void a_channel_keeps_its_template(void **state)
{
    static const char kafka[] = "{\"spec\":{\"channelTemplate\":{\"kind\":\"KafkaChannel\"}}}";
    (void)state;
    assert_filled(log_channel_fill, "{" META ",\"spec\":{" DELIVERY "}}", NULL, "{" META ",\"spec\":{" FILLED "}}");
    assert_filled(log_channel_fill, "{" META "}", NULL, "{" META "}");
    assert_filled(channel_fill, "{" META ",\"spec\":{" DELIVERY "}}", NULL,
                  "{" META ",\"spec\":{" FILLED "," TEMPLATE "}}");
    assert_filled(channel_fill, "{" META "}", NULL, "{" META ",\"spec\":{" TEMPLATE "}}");
    assert_filled(channel_fill, "{" META ",\"spec\":{}}", kafka,
                  "{" META ",\"spec\":{\"channelTemplate\":{\"kind\":\"KafkaChannel\"}}}");
    assert_filled(channel_fill, "{" META ",\"spec\":1}", NULL, "{" META ",\"spec\":1}");
    assert_string_equal(complaints(channel_check, kafka, NULL), "");
    assert_string_equal(complaints(channel_check, kafka, kafka), "");
    assert_string_equal(complaints(channel_check, "{\"spec\":{}}", kafka),
                        "spec.channelTemplate: Forbidden: the template of a channel cannot be changed");
}

static void a_kafka_channel_keeps_what_its_topic_was_made_with(void **state)
{
    static const char was[] = "{\"spec\":{\"numPartitions\":3,\"retentionDuration\":\"P7D\"}}";
    (void)state;
    assert_string_equal(complaints(kafka_channel_check, was, NULL), "");
    assert_string_equal(complaints(kafka_channel_check, was, was), "");
    assert_string_equal(
        complaints(kafka_channel_check, "{\"spec\":{\"numPartitions\":4,\"retentionDuration\":\"P7D\"}}", was),
        "spec.numPartitions: Forbidden: what the topic of a channel was made with cannot be changed");
}

static void a_subscription_keeps_its_channel(void **state)
{
    (void)state;
    assert_filled(subscription_fill,
                  "{" META ",\"spec\":{\"channel\":{\"name\":\"c\"},\"subscriber\":{\"ref\":{\"name\":\"s\"}},"
                  "\"reply\":{\"ref\":{\"name\":\"r\",\"namespace\":\"other\"}}," DELIVERY "}}",
                  NULL,
                  "{" META ",\"spec\":{\"channel\":{\"name\":\"c\"},\"subscriber\":{\"ref\":{\"name\":\"s\","
                  "\"namespace\":\"n\"}},\"reply\":{\"ref\":{\"name\":\"r\",\"namespace\":\"other\"}}," FILLED "}}");
    assert_string_equal(complaints(subscription_check,
                                   "{\"spec\":{\"channel\":{\"name\":\"a\"},\"reply\":{\"uri\":\"u\"}}}",
                                   "{\"spec\":{\"channel\":{\"name\":\"a\"}}}"),
                        "");
    assert_string_equal(complaints(subscription_check, "{\"spec\":{\"channel\":{\"name\":\"a\"},\"reply\":{}}}", NULL),
                        "spec.subscriber: Required value: a subscription has a subscriber or a reply");
    assert_string_equal(complaints(subscription_check,
                                   "{\"spec\":{\"channel\":{\"name\":\"b\"},\"subscriber\":{\"uri\":\"u\"}}}",
                                   "{\"spec\":{\"channel\":{\"name\":\"a\"}}}"),
                        "spec.channel: Forbidden: the channel of a subscription cannot be changed: delete the "
                        "subscription and make it anew");
}

static void flows_fill_what_they_refer_to(void **state)
{
    (void)state;
    assert_filled(sequence_fill,
                  "{" META ",\"spec\":{\"steps\":[{\"ref\":{\"name\":\"a\"}," DELIVERY "},{\"uri\":\"u\"},1],"
                  "\"reply\":{\"ref\":{\"name\":\"r\"}}}}",
                  NULL,
                  "{" META ",\"spec\":{\"steps\":[{\"ref\":{\"name\":\"a\",\"namespace\":\"n\"}," FILLED
                  "},{\"uri\":\"u\"},1],\"reply\":{\"ref\":{\"name\":\"r\",\"namespace\":\"n\"}}," TEMPLATE "}}");
    assert_filled(parallel_fill,
                  "{" META ",\"spec\":{\"branches\":[{\"filter\":{\"ref\":{}},\"subscriber\":{\"ref\":{}},"
                  "\"reply\":{\"ref\":{}}," DELIVERY "}],\"reply\":{\"ref\":{}}}}",
                  NULL,
                  "{" META
                  ",\"spec\":{\"branches\":[{\"filter\":{\"ref\":{\"namespace\":\"n\"}},\"subscriber\":{\"ref\":"
                  "{\"namespace\":\"n\"}},\"reply\":{\"ref\":{\"namespace\":\"n\"}}," FILLED
                  "}],\"reply\":{\"ref\":{\"namespace\":\"n\"}}," TEMPLATE "}}");
    assert_filled(parallel_fill, "{\"spec\":{\"branches\":1}}", NULL, "{\"spec\":{\"branches\":1," TEMPLATE "}}");
    assert_filled(sequence_fill, "{}", NULL, "{}");
}

static void a_kafka_source_fills_its_sink_and_looks_at_extensions(void **state)
{
    (void)state;
    assert_filled(kafka_source_fill, "{" META ",\"spec\":{\"sink\":{\"ref\":{}}," DELIVERY "}}", NULL,
                  "{" META ",\"spec\":{\"sink\":{\"ref\":{\"namespace\":\"n\"}}," FILLED "}}");
    assert_string_equal(complaints(kafka_source_check, "{\"spec\":{}}", NULL), "");
    assert_filled(kafka_source_fill, "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{\"consumerGroup\":\"\"}}", NULL,
                  "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{\"consumerGroup\":\"knative-kafka-source-u-1\"}}");
    assert_filled(kafka_source_fill, "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{}}",
                  "{\"spec\":{\"consumerGroup\":\"g\"}}",
                  "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{\"consumerGroup\":\"g\"}}");
    assert_string_equal(
        complaints(kafka_source_check, "{\"spec\":{\"consumerGroup\":\"a\"}}", "{\"spec\":{\"consumerGroup\":\"b\"}}"),
        "spec.consumerGroup: Forbidden: the consumer group of a source cannot be changed");
    assert_string_equal(
        complaints(kafka_source_check, "{\"spec\":{\"ceOverrides\":{\"extensions\":{\"a_b\":\"\"}}}}", NULL),
        "spec.ceOverrides.extensions[a_b]: Invalid value: \"a_b\": keys are expected to be alphanumeric");
}

#define SCOPED(scope) "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/scope\":\"" scope "\"}}}"

static void a_channel_in_memory_has_a_scope(void **state)
{
    (void)state;
    assert_string_equal(complaints(in_memory_channel_check, SCOPED("cluster"), NULL), "");
    assert_string_equal(complaints(in_memory_channel_check, SCOPED("namespace"), NULL), "");
    assert_string_equal(complaints(in_memory_channel_check, "{}", NULL), "");
    assert_string_equal(complaints(in_memory_channel_check, SCOPED("all"), NULL),
                        "metadata.annotations[eventing.knative.dev/scope]: Invalid value: \"all\": expected either "
                        "'cluster' or 'namespace'");
}

static void an_event_type_says_all_that_events_must_have(void **state)
{
    (void)state;
    assert_filled(event_type_fill, "{" META ",\"spec\":{\"reference\":{\"name\":\"b\"}}}", NULL,
                  "{" META ",\"spec\":{\"reference\":{\"name\":\"b\",\"namespace\":\"n\"}}}");
    assert_string_equal(complaints(event_type_check, "{\"spec\":{\"type\":\"t\"}}", NULL), "");
    assert_string_equal(complaints(event_type_check,
                                   "{\"spec\":{\"attributes\":[{\"name\":\"type\"},{\"name\":\"source\"},{\"name\":"
                                   "\"specversion\"},{\"name\":\"id\"},{\"name\":\"more\"}]}}",
                                   NULL),
                        "");
    assert_string_equal(
        complaints(event_type_check, "{\"spec\":{\"attributes\":[{\"name\":\"type\"},{\"name\":\"specversion\"}]}}",
                   NULL),
        "[spec.attributes.source: Required value: each event has it, spec.attributes.id: Required value: each event "
        "has it]");
}

#define ATTRIBUTE(name, value) "{\"name\":\"" name "\",\"required\":true,\"value\":\"" value "\"}"
#define ALWAYS                 "{\"name\":\"specversion\",\"required\":true},{\"name\":\"id\",\"required\":true}"
#define OLD(type)              "\"type\":\"" type "\",\"source\":\"s\""
#define NEW(type)              "\"attributes\":[" ATTRIBUTE("type", type) "," ATTRIBUTE("source", "s") "," ALWAYS
#define SPEC(text)             "{\"spec\":{" text "}}"

static void an_event_type_is_the_same_in_all_versions(void **state)
{
    (void)state;
    assert_filled(event_type_fill, SPEC(OLD("a")), NULL, SPEC(OLD("a") "," NEW("a") "]"));
    assert_filled(event_type_fill, SPEC(NEW("a") "]"), NULL, SPEC(OLD("a") "," NEW("a") "]"));
    assert_filled(
        event_type_fill, SPEC("\"type\":\"a\",\"schema\":\"u\""), NULL,
        SPEC("\"type\":\"a\",\"schema\":\"u\",\"attributes\":[" ATTRIBUTE(
            "type", "a") ",{\"name\":\"source\",\"required\":true},{\"name\":\"schemadata\",\"required\":false,"
                         "\"value\":\"u\"}," ALWAYS "]"));
}

static void each_version_of_an_event_type_shows_its_own(void **state)
{
    static const char both[] = SPEC(OLD("a") ",\"schema\":\"u\",\"broker\":\"c\",\"schemaData\":\"d\"," NEW("a") "]");
    static const struct {
        const char *version, *shown;
    } rows[] = {
        { "v1beta1", SPEC(OLD("a") ",\"schema\":\"u\",\"broker\":\"c\",\"schemaData\":\"d\"") },
        { "v1beta2", SPEC(OLD("a") ",\"schema\":\"u\",\"broker\":\"c\",\"schemaData\":\"d\"") },
        { "v1beta3", SPEC(NEW("a") "]") },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value *object = tree(both);
        event_type_show(object, bytes_of_text(rows[i].version));
        assert_true(json_equal(object, tree(rows[i].shown)));
    }
}

static void of_two_ways_the_changed_one_counts(void **state)
{
    static const char live[] = SPEC(OLD("a") "," NEW("a") ",{\"name\":\"more\"}]");
    (void)state;
    assert_filled(event_type_fill, live, live, live);
    assert_filled(event_type_fill, SPEC(OLD("b") "," NEW("a") ",{\"name\":\"more\"}]"), live,
                  SPEC(OLD("b") "," NEW("b") ",{\"name\":\"more\"}]"));
    assert_filled(event_type_fill, SPEC(OLD("a") "," NEW("b") "]"), live, SPEC(OLD("b") "," NEW("b") "]"));
    assert_filled(event_type_fill, SPEC(OLD("b")), live, SPEC(OLD("b") "," NEW("b") ",{\"name\":\"more\"}]"));
    assert_filled(event_type_fill, SPEC(NEW("b") "]"),
                  SPEC(OLD("a") ",\"broker\":\"c\",\"schemaData\":\"d\"," NEW("a") "]"),
                  SPEC(OLD("b") ",\"broker\":\"c\",\"schemaData\":\"d\"," NEW("b") "]"));
    assert_filled(event_type_fill, SPEC("\"type\":\"a\"," NEW("a") ",{\"name\":\"more\"}]"), live,
                  SPEC("\"type\":\"a\",\"attributes\":[" ATTRIBUTE(
                      "type", "a") ",{\"name\":\"source\",\"required\":true}," ALWAYS ",{\"name\":\"more\"}]"));
    assert_filled(event_type_fill, SPEC("\"type\":\"a\",\"attributes\":1"), live,
                  SPEC("\"type\":\"a\",\"attributes\":1"));
    assert_filled(event_type_fill, SPEC("\"type\":1,\"attributes\":[1]"), NULL, SPEC("\"type\":1,\"attributes\":[1]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_event_type_is_the_same_in_all_versions, tear_down),
        cmocka_unit_test_teardown(of_two_ways_the_changed_one_counts, tear_down),
        cmocka_unit_test_teardown(each_version_of_an_event_type_shows_its_own, tear_down),
        cmocka_unit_test_teardown(a_channel_in_memory_has_a_scope, tear_down),
        cmocka_unit_test_teardown(an_event_type_says_all_that_events_must_have, tear_down),
        cmocka_unit_test_teardown(a_broker_gets_a_class_and_a_delivery, tear_down),
        cmocka_unit_test_teardown(a_broker_keeps_its_class_and_config, tear_down),
        cmocka_unit_test_teardown(a_channel_keeps_its_template, tear_down),
        cmocka_unit_test_teardown(a_kafka_channel_keeps_what_its_topic_was_made_with, tear_down),
        cmocka_unit_test_teardown(a_subscription_keeps_its_channel, tear_down),
        cmocka_unit_test_teardown(flows_fill_what_they_refer_to, tear_down),
        cmocka_unit_test_teardown(a_kafka_source_fills_its_sink_and_looks_at_extensions, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
