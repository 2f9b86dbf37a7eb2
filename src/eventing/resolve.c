// SPDX-License-Identifier: Apache-2.0
#include "eventing/resolve.h"

#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "eventing/http_sink.h"
#include "eventing/topic_sink.h"
#include "http/url.h"
#include "io/tls.h"

#include <stdlib.h>

// What a ref may name. The version does not matter: all of a group lead to the same.
static const struct {
    const char *group, *kind;
    enum inbox_kind inbox;
    const char *suffix; // behind its name in that of its inbox
} kinds[] = {
    { "eventing.knative.dev", "Broker", INBOX_BROKER, "" },
    { "messaging.knative.dev", "Channel", INBOX_CHANNEL, "" },
    { "messaging.knative.dev", "InMemoryChannel", INBOX_CHANNEL, "" },
    { "messaging.knative.dev", "KafkaChannel", INBOX_CHANNEL, "" },
    { "flows.knative.dev", "Sequence", INBOX_CHANNEL, "-kn-sequence-0" },
    { "flows.knative.dev", "Parallel", INBOX_CHANNEL, "-kn-parallel" },
    { "eventing.knative.dev", "KafkaSink", INBOX_KAFKA_SINK, "" },
};

static bool group_is(bytes_t api_version, const char *group)
{
    size_t size = strlen(group);
    return api_version.size > size && memcmp(api_version.data, group, size) == 0 && api_version.data[size] == '/';
}

static err_t inbox_sink(struct eventing *eventing, enum inbox_kind kind, bytes_t name_space, bytes_t name,
                        struct sink **ret_sink, diag_t *diag)
{
    const struct inbox *inbox = inbox_find(&eventing->inboxes, kind, name_space, name);
    struct arena arena = ARENA_INIT;
    if (inbox == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "ref", "%.*s/%.*s does not exist, or is not ready", BYTES_ARG(name_space),
                         BYTES_ARG(name));
    const char *base = eventing->base_url == NULL ? "" : eventing->base_url;
    const char *uri = arena_format(&arena, "%s%s", base, inbox_path(&arena, kind, name_space, name));
    *ret_sink = topic_sink_new(eventing->engine, inbox->topic, inbox->mode,
                               kind == INBOX_BROKER ? TOPIC_SINK_BROKER : TOPIC_SINK_PLAIN, uri);
    topic_sink_tell(*ret_sink, &eventing->inboxes, inbox->key);
    arena_free(&arena);
    return ERR_OK;
}

static err_t ref_resolve(struct eventing *eventing, const struct json_value *ref, bytes_t name_space,
                         struct sink **ret_sink, diag_t *diag)
{
    bytes_t api_version = json_text_at(ref, "apiVersion"), kind = json_text_at(ref, "kind");
    bytes_t name = json_text_at(ref, "name"), own = json_text_at(ref, "namespace");
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (!bytes_is(kind, kinds[i].kind) || !group_is(api_version, kinds[i].group))
            continue;
        char *inbox = mem_format("%.*s%s", BYTES_ARG(name), kinds[i].suffix);
        err_t err =
            inbox_sink(eventing, kinds[i].inbox, own.size > 0 ? own : name_space, bytes_of_text(inbox), ret_sink, diag);
        free(inbox);
        return err;
    }
    return diag_fail(diag, ERR_UNSUPPORTED, "ref",
                     "eddy does not deliver to a %.*s of %.*s yet: name a uri, or a Broker, a Channel, a Sequence, a "
                     "Parallel or a KafkaSink",
                     BYTES_ARG(kind), BYTES_ARG(api_version));
}

static err_t http_resolve(struct eventing *eventing, bytes_t uri, bool is_secure, struct sink **ret_sink, diag_t *diag)
{
    static const struct tls_config config = { .min_version = TLS_1_2, .alpn = "http/1.1" };
    err_t err = is_secure && eventing->tls == NULL ? tls_client_new(&config, &eventing->tls, diag) : ERR_OK;
    if (err != ERR_OK)
        return err;
    return http_sink_new(eventing->client, uri, CLOUDEVENT_MODE_BINARY, is_secure ? eventing->tls : NULL, ret_sink,
                         diag);
}

// A name of the cluster is ours, or nobody's.
static err_t uri_resolve(struct eventing *eventing, bytes_t uri, struct sink **ret_sink, diag_t *diag)
{
    struct http_url url;
    enum inbox_kind kind;
    bytes_t name_space, name;
    err_t err = http_url_parse(uri, &url, diag);
    if (err != ERR_OK)
        return err;
    bytes_t host = bytes_of_text(url.address.host);
    if (!inbox_is_cluster_host(host))
        err = http_resolve(eventing, uri, url.is_secure, ret_sink, diag);
    else if (inbox_match(host, url.target, &kind, &name_space, &name) == INBOX_FOUND)
        err = inbox_sink(eventing, kind, name_space, name, ret_sink, diag);
    else
        err = diag_fail(diag, ERR_NOT_FOUND, "uri", "%s is a name of the cluster that nothing here answers to",
                        url.address.host);
    http_url_free(&url);
    return err;
}

err_t destination_resolve(struct eventing *eventing, const struct json_value *destination, bytes_t name_space,
                          struct sink **ret_sink, diag_t *diag)
{
    const struct json_value *ref = json_get(destination, "ref");
    bytes_t uri = json_text_at(destination, "uri");
    bool has_ref = ref != NULL && ref->type == JSON_OBJECT;
    if (has_ref && uri.size > 0)
        return diag_fail(diag, ERR_UNSUPPORTED, "uri",
                         "a path below what the ref names is not delivered to: name one of the two");
    if (has_ref)
        return ref_resolve(eventing, ref, name_space, ret_sink, diag);
    if (uri.size == 0)
        return diag_fail(diag, ERR_INVALID, "", "expected at least one of ref and uri");
    return uri_resolve(eventing, uri, ret_sink, diag);
}
