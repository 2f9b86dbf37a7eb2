// SPDX-License-Identifier: Apache-2.0
#include "eventing/resolve.h"

#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "eventing/http_sink.h"
#include "eventing/topic_sink.h"
#include "eventing/trust.h"
#include "http/url.h"

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

// One destination on its way to a sink.
struct way {
    struct eventing *eventing;
    bytes_t authorities; // CACerts
    enum cloudevent_mode mode;
    struct arena arena;
};

static const char *address_of(struct way *way, enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    const char *base = way->eventing->base_url == NULL ? "" : way->eventing->base_url;
    return arena_format(&way->arena, "%s%s", base, inbox_path(&way->arena, kind, name_space, name));
}

static err_t inbox_sink(struct way *way, enum inbox_kind kind, bytes_t name_space, bytes_t name, struct sink **ret_sink,
                        diag_t *diag)
{
    const struct inbox *inbox = inbox_find(&way->eventing->inboxes, kind, name_space, name);
    if (inbox == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "ref", "%.*s/%.*s does not exist, or is not ready", BYTES_ARG(name_space),
                         BYTES_ARG(name));
    *ret_sink = topic_sink_new(way->eventing->engine, inbox->topic, inbox->mode,
                               kind == INBOX_BROKER ? TOPIC_SINK_BROKER : TOPIC_SINK_PLAIN,
                               address_of(way, kind, name_space, name));
    topic_sink_tell(*ret_sink, &way->eventing->inboxes, inbox->key);
    return ERR_OK;
}

// NULL: nobody has to be trusted. What CACerts says must be right also where it is not needed.
static err_t trust_of(struct way *way, bool is_secure, struct trust **ret_trust, diag_t *diag)
{
    struct eventing *eventing = way->eventing;
    diag_t why = { 0 };
    err_t err = ERR_OK;
    if (way->authorities.size > 0) {
        err = trust_get(&eventing->trusts, way->authorities, ret_trust, &why);
        return err == ERR_OK ? ERR_OK : diag_fail(diag, err, "CACerts", "CACerts cannot be used: %s", why.text);
    }
    if (is_secure && eventing->trust == NULL)
        err = trust_get(&eventing->trusts, BYTES_NULL, &eventing->trust, diag);
    if (err == ERR_OK)
        *ret_trust = is_secure ? trust_ref(eventing->trust) : NULL;
    return err;
}

static err_t http_resolve(struct way *way, bytes_t uri, bool is_secure, struct sink **ret_sink, diag_t *diag)
{
    struct trust *trust;
    err_t err = trust_of(way, is_secure, &trust, diag);
    if (err != ERR_OK)
        return err;
    err = http_sink_new(way->eventing->client, uri, way->mode, trust, ret_sink, diag);
    trust_unref(trust);
    return err;
}

// A name of the cluster is ours, or nobody's.
static err_t cluster_resolve(struct way *way, bytes_t host, bytes_t path, struct sink **ret_sink, diag_t *diag)
{
    enum inbox_kind kind;
    bytes_t name_space, name;
    switch (inbox_match(host, path, &kind, &name_space, &name)) {
    case INBOX_FOUND:
        return inbox_sink(way, kind, name_space, name, ret_sink, diag);
    case INBOX_NO_PATH:
    case INBOX_AT_ROOT:
        return diag_fail(diag, ERR_NOT_FOUND, "uri", "%.*s takes no events at the path \"%.*s\"", BYTES_ARG(host),
                         BYTES_ARG(path));
    case INBOX_NOWHERE:
    default:
        return diag_fail(diag, ERR_NOT_FOUND, "uri", "%.*s is a name of the cluster that nothing here answers to",
                         BYTES_ARG(host));
    }
}

static err_t uri_resolve(struct way *way, bytes_t uri, struct sink **ret_sink, diag_t *diag)
{
    struct http_url url;
    err_t err = http_url_parse(uri, &url, diag);
    if (err != ERR_OK)
        return err;
    bytes_t host = bytes_of_text(url.address.host);
    if (inbox_is_cluster_host(host))
        err = cluster_resolve(way, host, url.target, ret_sink, diag);
    else
        err = http_resolve(way, uri, url.is_secure, ret_sink, diag);
    http_url_free(&url);
    return err;
}

// A URL of this process is one of its addresses, or none.
static err_t own_resolve(struct way *way, const char *uri, bytes_t target, struct sink **ret_sink, diag_t *diag)
{
    const uint8_t *query = memchr(target.data, '?', target.size);
    bytes_t path = query == NULL ? target : bytes_of(target.data, (size_t)(query - target.data)), name_space, name;
    enum inbox_kind kind;
    if (inbox_match(BYTES_NULL, path, &kind, &name_space, &name) == INBOX_FOUND)
        return inbox_sink(way, kind, name_space, name, ret_sink, diag);
    return diag_fail(diag, ERR_NOT_FOUND, "uri", "with ref, the uri leads to %s, where no events are taken", uri);
}

// A reference below the address of what is in this process: it may lead to another address here, or away.
static err_t below_resolve(struct way *way, const char *address, bytes_t reference, struct sink **ret_sink,
                           diag_t *diag)
{
    struct http_url base, url;
    err_t err = http_url_parse(bytes_of_text(address), &base, diag);
    if (err != ERR_OK)
        return err;
    const char *uri = http_url_resolve(&base, reference, &way->arena);
    err = http_url_parse(bytes_of_text(uri), &url, diag);
    if (err == ERR_OK) {
        if (bytes_equal(url.origin, base.origin))
            err = own_resolve(way, uri, url.target, ret_sink, diag);
        else
            err = uri_resolve(way, bytes_of_text(uri), ret_sink, diag);
        http_url_free(&url);
    }
    http_url_free(&base);
    return err;
}

static err_t named_resolve(struct way *way, enum inbox_kind kind, bytes_t name_space, bytes_t name, bytes_t reference,
                           struct sink **ret_sink, diag_t *diag)
{
    struct sink *named = NULL;
    err_t err = inbox_sink(way, kind, name_space, name, &named, diag);
    if (err != ERR_OK)
        return err;
    if (reference.size == 0) {
        *ret_sink = named;
        return ERR_OK;
    }
    if (way->eventing->base_url == NULL)
        err = diag_fail(diag, ERR_NOT_FOUND, "uri", "what ref names has no address: the door is closed (--events off)");
    else
        err = below_resolve(way, named->uri, reference, ret_sink, diag);
    sink_unref(named);
    return err;
}

static err_t ref_resolve(struct way *way, const struct json_value *ref, bytes_t name_space, bytes_t reference,
                         struct sink **ret_sink, diag_t *diag)
{
    bytes_t api_version = json_text_at(ref, "apiVersion"), kind = json_text_at(ref, "kind");
    bytes_t name = json_text_at(ref, "name"), own = json_text_at(ref, "namespace");
    if (http_url_is_absolute(reference))
        return diag_fail(diag, ERR_INVALID, "uri", "absolute URI is not allowed when Ref exists");
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (!bytes_is(kind, kinds[i].kind) || !group_is(api_version, kinds[i].group))
            continue;
        const char *inbox = arena_format(&way->arena, "%.*s%s", BYTES_ARG(name), kinds[i].suffix);
        return named_resolve(way, kinds[i].inbox, own.size > 0 ? own : name_space, bytes_of_text(inbox), reference,
                             ret_sink, diag);
    }
    return diag_fail(diag, ERR_UNSUPPORTED, "ref",
                     "eddy does not deliver to a %.*s of %.*s yet: name a uri, or a Broker, a Channel, a Sequence, a "
                     "Parallel or a KafkaSink",
                     BYTES_ARG(kind), BYTES_ARG(api_version));
}

err_t destination_resolve(struct eventing *eventing, const struct json_value *destination, bytes_t name_space,
                          enum cloudevent_mode mode, struct sink **ret_sink, diag_t *diag)
{
    const struct json_value *ref = json_get(destination, "ref");
    bytes_t uri = json_text_at(destination, "uri");
    bool has_ref = ref != NULL && ref->type == JSON_OBJECT;
    struct way way = {
        .eventing = eventing, .authorities = json_text_at(destination, "CACerts"), .mode = mode, .arena = ARENA_INIT
    };
    err_t err;
    if (has_ref)
        err = ref_resolve(&way, ref, name_space, uri, ret_sink, diag);
    else if (uri.size > 0)
        err = uri_resolve(&way, uri, ret_sink, diag);
    else
        err = diag_fail(diag, ERR_INVALID, "", "expected at least one of ref and uri");
    arena_free(&way.arena);
    return err;
}
