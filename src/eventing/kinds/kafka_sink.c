// SPDX-License-Identifier: Apache-2.0
// KafkaSink: an address whose events become records of a topic.
#include "base/mem.h"
#include "eventing/kinds/kafka_sink_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/look.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"

#include <stdlib.h>

EMBED(kafka_sink_definition, "kafkasink");

struct sink_look {
    struct look *look;
    struct engine_topic_op op;
};

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    look_fill_address(look, INBOX_KAFKA_SINK, status, arena);
}

static void inbox_open(struct look *look, bytes_t topic)
{
    struct inboxes *inboxes = &look->eventing->inboxes;
    const struct inbox *was = inbox_find(inboxes, INBOX_KAFKA_SINK, look->work->name_space, look->work->name);
    bytes_t mode = json_text_at(json_get(look->object, "spec"), "contentMode");
    enum cloudevent_mode wanted = bytes_is(mode, "structured") ? CLOUDEVENT_MODE_STRUCTURED : CLOUDEVENT_MODE_BINARY;
    if (was != NULL && was->mode == wanted && bytes_equal(was->topic, topic))
        return;
    inbox_put(inboxes, INBOX_KAFKA_SINK, look->work->name_space, look->work->name, topic, wanted);
    eventing_changed(look->eventing);
}

static void inbox_close(struct eventing *eventing, const struct work *work)
{
    if (inbox_find(&eventing->inboxes, INBOX_KAFKA_SINK, work->name_space, work->name) == NULL)
        return;
    inbox_remove(&eventing->inboxes, INBOX_KAFKA_SINK, work->name_space, work->name);
    eventing_changed(eventing);
}

static void on_topic(struct engine_topic_op *op)
{
    struct sink_look *this = CONTAINER_OF(op, struct sink_look, op);
    struct look *look = this->look;
    bool is_own = op->err == ERR_OK && op->found.is_internal;
    err_t err = is_own ? ERR_INVALID : op->err;
    bytes_t topic = json_text_at(json_get(look->object, "spec"), "topic");
    const char *why = is_own ? "The topic is one of the server's own: name another."
                             : arena_format(&look->arena, "%s", op->diag.text);
    free(this);
    look->fill = fill_status;
    if (err == ERR_OK) {
        inbox_open(look, topic);
        look_true(look, "TopicReady");
        look_addressable(look);
        look_conclude(look);
    } else if (err == ERR_INVALID || err == ERR_CONFLICT || err == ERR_LIMIT) {
        inbox_close(look->eventing, look->work);
        look_condition(look, "TopicReady", "False", "TopicFailed", why);
        look_condition(look, "Addressable", "Unknown", NULL, NULL);
        look_conclude(look);
    } else {
        look_retry(look);
    }
}

static void bring_about(struct look *look)
{
    const struct json_value *spec = json_get(look->object, "spec");
    int64_t count = int_at(spec, "numPartitions");
    struct sink_look *this = mem_zalloc(1, sizeof *this);
    this->look = look;
    this->op = (struct engine_topic_op){
        .on_done = on_topic,
        .name = json_text_at(spec, "topic"),
        .partition_count =
            count > 0 && count <= INT32_MAX ? (int32_t)count : look->controller->kube->options.topic_partitions,
    };
    look->eventing->engine->driver->topic_ensure(look->eventing->engine, &this->op);
}

// The topic stays when the resource goes: what is in it is nobody's to throw away.
static void reconcile(struct controller *controller, struct work *work)
{
    look_reconcile(controller, work, bring_about, inbox_close);
}

// --- start

static void *start(struct kube *kube, struct kind *kind)
{
    return look_controller_start(kube, kind, reconcile, false);
}

static const struct kind_controller controller_of_sinks = { start, look_controller_stop, look_controller_free };

const struct kind_rules kafka_sink_rules = {
    .definition = kafka_sink_definition,
    .inspect = kafka_sink_inspect,
    .controller = &controller_of_sinks,
};
