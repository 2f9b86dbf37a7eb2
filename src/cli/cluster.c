// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/find_coordinator.h"
#include "kafka/api/metadata.h"
#include "kafka/client.h"
#include "kafka/errors.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_VERSION_WITH_KEYS = 4 }; // of FindCoordinator: KIP-699
enum { DEFAULT_PORT = 9092, LEADER_WAIT_MS = 50, LEADER_TRIES = 200, MISSING_TRIES = 60 };

struct node {
    int32_t id; // CLUSTER_ANY_NODE: the bootstrap connection
    struct address address;
    struct kafka_client *client; // NULL: not connected
    struct cluster *cluster;
    bool ready;
};

struct cluster {
    struct loop *loop;
    struct node nodes[CLUSTER_NODES_MAX];
    size_t node_count;
    diag_t closed;    // why a connection ended
    err_t closed_err; // ERR_OK while none did
    bool answered;
    err_t answer_err;
    cluster_take_fn *take;
    void *take_owner;
    struct timer timer;
};

static void on_ready(struct kafka_client *client)
{
    struct node *node = kafka_client_owner(client);
    node->ready = true;
    loop_stop(node->cluster->loop);
}

static void on_close(struct kafka_client *client, err_t why, const diag_t *diag)
{
    struct node *node = kafka_client_owner(client);
    node->client = NULL;
    node->ready = false;
    node->cluster->closed_err = why == ERR_OK ? ERR_CLOSED : why;
    if (diag != NULL)
        node->cluster->closed = *diag;
    loop_stop(node->cluster->loop);
}

static const struct kafka_client_ops client_ops = { .on_ready = on_ready, .on_close = on_close };

// Why there is no connection, and what to do: a server that was named on the command line is perhaps not started, one
// that the cluster named is perhaps wrongly advertised.
static err_t connect_fail(const struct node *node, diag_t *diag)
{
    const struct cluster *cluster = node->cluster;
    err_t err = cluster->closed_err;
    char address[280];
    address_format(&node->address, address, sizeof(address));
    const char *why = cluster->closed.text[0] != '\0' ? cluster->closed.text : err_text(err);
    if (err == ERR_NOT_FOUND)
        why = "there is no host of this name";
    else if (err == ERR_REFUSED)
        why = "nobody listens there";
    if (node->id != CLUSTER_ANY_NODE)
        return diag_fail(
            diag, err, address,
            "%s. This is where the server says that it is (eddy serve --kafka-advertise HOST:PORT, Kafka's "
            "advertised.listeners)",
            why);
    return diag_fail(diag, err, address, "%s. `eddy serve` starts a server; --bootstrap names another address", why);
}

static err_t node_connect(struct node *node, diag_t *diag)
{
    struct cluster *cluster = node->cluster;
    if (node->ready)
        return ERR_OK;
    cluster->closed_err = ERR_OK;
    node->client = kafka_client_open(cluster->loop, &node->address,
                                     &(struct kafka_client_options){ .client_id = "eddy" }, &client_ops, node);
    while (!node->ready && cluster->closed_err == ERR_OK)
        loop_run(cluster->loop);
    if (node->ready)
        return ERR_OK;
    return connect_fail(node, diag);
}

static struct node *node_add(struct cluster *cluster, int32_t id)
{
    if (cluster->node_count == CLUSTER_NODES_MAX)
        return NULL;
    struct node *node = &cluster->nodes[cluster->node_count++];
    *node = (struct node){ .id = id, .cluster = cluster };
    return node;
}

// The next address of a list with commas; false at its end.
static bool next_address(const char **at, struct address *ret_address, err_t *ret_err)
{
    if (**at == '\0')
        return false;
    size_t size = strcspn(*at, ",");
    char *text = bytes_to_text(bytes_of(*at, size));
    *ret_err = address_parse(text, DEFAULT_PORT, ret_address, NULL);
    if (*ret_err == ERR_OK && ret_address->port == 0)
        *ret_err = ERR_INVALID;
    free(text);
    *at += size + ((*at)[size] == ',');
    return true;
}

err_t cluster_bootstrap_check(const char *bootstrap, diag_t *diag)
{
    const char *at = bootstrap;
    struct address address;
    err_t err = bootstrap[0] == '\0' ? ERR_INVALID : ERR_OK;
    while (err == ERR_OK && next_address(&at, &address, &err))
        ;
    if (err == ERR_OK)
        return ERR_OK;
    return diag_fail(diag, ERR_INVALID, "--bootstrap",
                     "\"%s\" is not an address; expected host:port, or several with commas between them", bootstrap);
}

static err_t bootstrap_connect(struct cluster *cluster, const char *bootstrap, diag_t *diag)
{
    struct node *node = node_add(cluster, CLUSTER_ANY_NODE);
    const char *at = bootstrap;
    int count = 0;
    err_t err = ERR_INVALID; // the text was checked
    while (next_address(&at, &node->address, &err)) {
        if (err == ERR_OK)
            err = node_connect(node, diag);
        if (err == ERR_OK)
            return ERR_OK;
        count++;
    }
    if (count > 1) {
        diag_t last = *diag;
        return diag_fail(diag, err, last.where, "%s (none of the %d addresses answers; this is the last)", last.text,
                         count);
    }
    return err;
}

err_t cluster_open(const char *bootstrap, struct cluster **ret_cluster, diag_t *diag)
{
    struct cluster *cluster = mem_zalloc(1, sizeof(*cluster));
    cluster->loop = loop_new(0);
    err_t err = bootstrap_connect(cluster, bootstrap, diag);
    if (err != ERR_OK) {
        cluster_close(cluster);
        return err;
    }
    *ret_cluster = cluster;
    return ERR_OK;
}

void cluster_close(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    for (size_t i = 0; i < cluster->node_count; i++) {
        struct node *node = &cluster->nodes[i];
        if (node->client != NULL)
            kafka_client_close(node->client);
        while (node->client != NULL)
            loop_run(cluster->loop);
    }
    loop_free(cluster->loop);
    free(cluster);
}

static struct node *node_find(struct cluster *cluster, int32_t id)
{
    for (size_t i = 0; i < cluster->node_count; i++) {
        if (cluster->nodes[i].id == id)
            return &cluster->nodes[i];
    }
    return NULL;
}

static void on_answer(void *owner, const struct kafka_answer *answer)
{
    struct cluster *cluster = owner;
    cluster->answered = true;
    cluster->answer_err = answer->err;
    if (answer->err == ERR_OK)
        cluster->take(cluster->take_owner, answer->response, answer->version, answer->frame);
    loop_stop(cluster->loop);
}

static err_t answer_fail(const struct node *node, const char *api, err_t err, diag_t *diag)
{
    char address[280];
    address_format(&node->address, address, sizeof(address));
    if (err == ERR_RESET || err == ERR_CLOSED)
        return diag_fail(diag, err, address,
                         "the connection ended before %s was answered: the server stopped, or was started again", api);
    if (err == ERR_TIMEOUT)
        return diag_fail(diag, err, address, "no answer to %s in time: the server or the network hangs", api);
    if (err == ERR_UNSUPPORTED)
        return diag_fail(diag, err, address, "this server does not serve %s in a version that eddy speaks", api);
    return diag_fail(diag, err, address, "%s was not answered: %s", api, err_text(err));
}

err_t cluster_call(struct cluster *cluster, int32_t id, const struct kafka_api *api, const void *request,
                   cluster_take_fn *take, void *owner, diag_t *diag)
{
    struct node *node = node_find(cluster, id);
    if (node == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, api->name, "the cluster names no broker with id %d", id);
    err_t err = node_connect(node, diag);
    if (err != ERR_OK)
        return err;
    cluster->answered = false;
    cluster->closed_err = ERR_OK;
    cluster->take = take;
    cluster->take_owner = owner;
    err = kafka_client_send(node->client, api, request, on_answer, cluster);
    if (err != ERR_OK)
        return answer_fail(node, api->name, err, diag);
    while (!cluster->answered)
        loop_run(cluster->loop);
    return cluster->answer_err == ERR_OK ? ERR_OK : answer_fail(node, api->name, cluster->answer_err, diag);
}

struct metadata_taker {
    struct cluster *cluster;
    struct arena *arena;
    struct cluster_topic *topics;
    size_t count;
};

static int partition_order(const void *a, const void *b)
{
    const struct cluster_partition *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static int topic_order(const void *a, const void *b)
{
    const struct cluster_topic *left = a, *right = b;
    return bytes_compare(left->name, right->name);
}

static void take_broker(struct cluster *cluster, int32_t id, bytes_t host, int32_t port)
{
    if (id < 0 || node_find(cluster, id) != NULL || host.size >= sizeof(cluster->nodes[0].address.host))
        return;
    struct node *node = node_add(cluster, id);
    if (node == NULL)
        return;
    memcpy(node->address.host, host.data, host.size);
    node->address.host[host.size] = '\0';
    node->address.port = (uint16_t)port;
}

static void take_brokers(struct cluster *cluster, const struct kafka_metadata_response *response)
{
    for (int32_t i = 0; i < response->brokers.count; i++) {
        const struct kafka_metadata_response_broker *broker = &response->brokers.items[i];
        take_broker(cluster, broker->node_id, broker->host, broker->port);
    }
}

static void take_topic(struct arena *arena, const struct kafka_metadata_response_topic *from, struct cluster_topic *to)
{
    size_t count = from->partitions.count < 0 ? 0 : (size_t)from->partitions.count;
    *to = (struct cluster_topic){ .name = arena_copy(arena, from->name),
                                  .id = from->topic_id,
                                  .internal = from->is_internal,
                                  .error = from->error_code,
                                  .partitions = arena_array(arena, count, sizeof(*to->partitions)),
                                  .partition_count = count };
    for (size_t i = 0; i < count; i++) {
        const struct kafka_metadata_response_partition *partition = &from->partitions.items[i];
        to->partitions[i] = (struct cluster_partition){ .number = partition->partition_index,
                                                        .leader = partition->leader_id,
                                                        .leader_epoch = partition->leader_epoch,
                                                        .replica_count = partition->replica_nodes.count,
                                                        .isr_count = partition->isr_nodes.count,
                                                        .error = partition->error_code };
    }
    if (count > 0)
        qsort(to->partitions, count, sizeof(*to->partitions), partition_order);
}

static void take_metadata(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct metadata_taker *taker = owner;
    const struct kafka_metadata_response *response = answer;
    take_brokers(taker->cluster, response);
    taker->count = response->topics.count < 0 ? 0 : (size_t)response->topics.count;
    taker->topics = arena_array(taker->arena, taker->count, sizeof(*taker->topics));
    for (size_t i = 0; i < taker->count; i++)
        take_topic(taker->arena, &response->topics.items[i], &taker->topics[i]);
    if (taker->count > 0)
        qsort(taker->topics, taker->count, sizeof(*taker->topics), topic_order);
}

// Whether it pays to ask again. Kafka calls a topic unknown while it makes it; a server that makes none does so too,
// and nobody should wait long for that.
static bool is_on_its_way(const struct metadata_taker *taker, int attempt)
{
    for (size_t i = 0; i < taker->count; i++) {
        if (taker->topics[i].error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
            return attempt < MISSING_TRIES;
        if (taker->topics[i].error == KAFKA_LEADER_NOT_AVAILABLE)
            return true;
        for (size_t p = 0; p < taker->topics[i].partition_count; p++) {
            if (taker->topics[i].partitions[p].leader < 0)
                return true;
        }
    }
    return false;
}

err_t cluster_topics(struct cluster *cluster, const char *name, bool create, struct arena *arena,
                     struct cluster_topic **ret_topics, size_t *ret_count, diag_t *diag)
{
    struct kafka_metadata_request request;
    kafka_defaults(kafka_metadata_api.request, &request);
    struct kafka_metadata_request_topic topic = { 0 };
    request.topics.count = KAFKA_NULL_ARRAY;
    request.allow_auto_topic_creation = create;
    if (name != NULL) {
        topic.name = bytes_of_text(name);
        request.topics.items = &topic;
        request.topics.count = 1;
    }
    struct metadata_taker taker = { .cluster = cluster, .arena = arena };
    for (int attempt = 0; attempt < LEADER_TRIES; attempt++) {
        err_t err = cluster_call(cluster, CLUSTER_ANY_NODE, &kafka_metadata_api, &request, take_metadata, &taker, diag);
        if (err != ERR_OK)
            return err;
        if (!create || !is_on_its_way(&taker, attempt))
            break;
        cluster_sleep(cluster, LEADER_WAIT_MS);
    }
    *ret_topics = taker.topics;
    *ret_count = taker.count;
    return ERR_OK;
}

static void on_sleep(struct timer *timer)
{
    loop_stop(timer->loop);
}

void cluster_sleep(struct cluster *cluster, int64_t delay_ms)
{
    timer_init(&cluster->timer, cluster->loop, on_sleep);
    timer_start(&cluster->timer, delay_ms);
    while (timer_active(&cluster->timer))
        loop_run(cluster->loop);
}

size_t cluster_brokers(const struct cluster *cluster, int32_t ret_ids[CLUSTER_NODES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < cluster->node_count; i++) {
        if (cluster->nodes[i].id != CLUSTER_ANY_NODE)
            ret_ids[count++] = cluster->nodes[i].id;
    }
    return count;
}

const char *cluster_address(const struct cluster *cluster, int32_t id, char *text)
{
    text[0] = '\0';
    for (size_t i = 0; i < cluster->node_count; i++) {
        if (cluster->nodes[i].id == id)
            address_format(&cluster->nodes[i].address, text, CLUSTER_ADDRESS_SIZE);
    }
    return text;
}

struct coordinator_taker {
    struct cluster *cluster;
    const char *group;
    int32_t id;
    int16_t error;
    diag_t diag;
};

static void take_coordinator(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)frame;
    struct coordinator_taker *taker = owner;
    const struct kafka_find_coordinator_response *response = answer;
    struct kafka_coordinator found = { .node_id = response->node_id,
                                       .host = response->host,
                                       .port = response->port,
                                       .error_code = response->error_code,
                                       .error_message = response->error_message };
    if (version >= FIRST_VERSION_WITH_KEYS)
        found = response->coordinators.count > 0
                    ? response->coordinators.items[0]
                    : (struct kafka_coordinator){ .error_code = KAFKA_COORDINATOR_NOT_AVAILABLE };
    taker->error = found.error_code;
    taker->id = found.node_id;
    if (taker->error != KAFKA_NONE)
        (void)cli_kafka_fail(&taker->diag, taker->group, found.error_code, found.error_message);
    else
        take_broker(taker->cluster, found.node_id, found.host, found.port);
}

bool cluster_is_passing(int16_t error)
{
    // A broker that was just made the coordinator says for a moment that it is not.
    return error == KAFKA_COORDINATOR_NOT_AVAILABLE || error == KAFKA_COORDINATOR_LOAD_IN_PROGRESS ||
           error == KAFKA_NOT_COORDINATOR;
}

err_t cluster_coordinator(struct cluster *cluster, const char *group, int32_t *ret_id, diag_t *diag)
{
    bytes_t key = bytes_of_text(group);
    struct kafka_find_coordinator_request request;
    kafka_defaults(kafka_find_coordinator_api.request, &request);
    request.key = key;
    request.coordinator_keys.items = &key;
    request.coordinator_keys.count = 1;
    struct coordinator_taker taker = { .cluster = cluster, .group = group };
    for (int attempt = 0; attempt < LEADER_TRIES; attempt++) {
        err_t err = cluster_call(cluster, CLUSTER_ANY_NODE, &kafka_find_coordinator_api, &request, take_coordinator,
                                 &taker, diag);
        if (err != ERR_OK)
            return err;
        if (!cluster_is_passing(taker.error))
            break;
        cluster_sleep(cluster, LEADER_WAIT_MS);
    }
    *ret_id = taker.id;
    if (taker.error == KAFKA_NONE)
        return ERR_OK;
    *diag = taker.diag;
    return ERR_INVALID;
}
