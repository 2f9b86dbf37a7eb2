// SPDX-License-Identifier: Apache-2.0
#include "auth/responses.h"

#include "base/mem.h"

#include <stdlib.h>

struct response {
    struct map_node by_subject;
    struct list_node by_age;
    int64_t expires_ms; // INT64_MAX: never
    int64_t left;       // below 0: any number
    size_t size;
    uint8_t subject[];
};

static bytes_t subject_of(const struct map_node *node)
{
    const struct response *response = CONTAINER_OF_CONST(node, struct response, by_subject);
    return bytes_of(response->subject, response->size);
}

void responses_init(struct responses *responses, struct response_limits limits)
{
    responses->limits = limits;
    responses->by_subject = MAP_INIT(subject_of);
    responses->size = 0;
    list_init(&responses->by_age);
}

static void forget(struct responses *responses, struct response *response)
{
    map_remove(&responses->by_subject, &response->by_subject);
    list_remove(&response->by_age);
    responses->size -= sizeof(*response) + response->size;
    free(response);
}

static struct response *oldest(const struct responses *responses)
{
    struct list_node *node = list_first(&responses->by_age);
    return node == NULL ? NULL : LIST_ITEM(node, struct response, by_age);
}

void responses_free(struct responses *responses)
{
    struct response *response;
    while ((response = oldest(responses)) != NULL)
        forget(responses, response);
    map_free(&responses->by_subject);
}

static struct response *find(const struct responses *responses, bytes_t subject)
{
    struct map_node *node = map_find(&responses->by_subject, subject);
    return node == NULL ? NULL : CONTAINER_OF(node, struct response, by_subject);
}

// All live equally long, so that the oldest go first.
static void forget_expired(struct responses *responses, int64_t now_ms)
{
    struct response *response;
    while ((response = oldest(responses)) != NULL && response->expires_ms <= now_ms)
        forget(responses, response);
}

void responses_expect(struct responses *responses, bytes_t reply, int64_t now_ms)
{
    if (!responses->limits.allowed || reply.size == 0)
        return;
    forget_expired(responses, now_ms);
    struct response *response = find(responses, reply);
    if (response != NULL)
        forget(responses, response);
    const size_t size = sizeof(*response) + reply.size;
    while ((response = oldest(responses)) != NULL &&
           (responses->by_subject.count == RESPONSES_MAX || responses->size + size > RESPONSES_SIZE_MAX))
        forget(responses, response);
    response = mem_alloc(size);
    responses->size += size;
    *response = (struct response){ .left = responses->limits.max, .size = reply.size };
    response->expires_ms = responses->limits.expire_ms < 0 ? INT64_MAX : now_ms + responses->limits.expire_ms;
    memcpy(response->subject, reply.data, reply.size);
    map_insert(&responses->by_subject, &response->by_subject);
    list_append(&responses->by_age, &response->by_age);
}

bool responses_take(struct responses *responses, bytes_t subject, int64_t now_ms)
{
    forget_expired(responses, now_ms);
    struct response *response = find(responses, subject);
    if (response == NULL)
        return false;
    if (response->left > 0 && --response->left == 0)
        forget(responses, response);
    return true;
}
