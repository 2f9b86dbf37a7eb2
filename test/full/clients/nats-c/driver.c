// SPDX-License-Identifier: Apache-2.0
// nats.c as test_nats_clients.py drives it: driver URL self | serve PREFIX | ask PREFIX COUNT.
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 20000, SHORT_MS = 100, SUBJECT_SIZE = 256 };

static void must(natsStatus status, const char *what)
{
    if (status == NATS_OK)
        return;
    fprintf(stderr, "failed: %s: %s\n", what, natsStatus_GetText(status));
    nats_PrintLastErrorStack(stderr);
    exit(1);
}

static void want(bool is, const char *what)
{
    if (is)
        return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static void say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    (void)closure;
    say("reconnected");
}

static void on_closed(natsConnection *nc, void *closure)
{
    (void)nc;
    *(volatile bool *)closure = true;
}

static natsConnection *open_connection(const char *url, bool no_echo, volatile bool *closed)
{
    natsOptions *options = NULL;
    natsConnection *nc = NULL;
    must(natsOptions_Create(&options), "options");
    must(natsOptions_SetURL(options, url), "url");
    must(natsOptions_SetNoEcho(options, no_echo), "echo");
    must(natsOptions_SetReconnectWait(options, 50), "reconnect wait");
    must(natsOptions_SetMaxReconnect(options, -1), "reconnects");
    must(natsOptions_SetReconnectedCB(options, on_reconnected, NULL), "callback");
    if (closed != NULL)
        must(natsOptions_SetClosedCB(options, on_closed, (void *)closed), "callback");
    must(natsConnection_Connect(&nc, options), "connect");
    natsOptions_Destroy(options);
    return nc;
}

static natsMsg *next(natsSubscription *subscription)
{
    natsMsg *message = NULL;
    must(natsSubscription_NextMsg(&message, subscription, PATIENCE_MS), "a message");
    return message;
}

static void check_publish(natsConnection *nc, const char *subject)
{
    char wildcard[SUBJECT_SIZE], exact[SUBJECT_SIZE], text[16];
    snprintf(wildcard, sizeof wildcard, "%s.*", subject);
    snprintf(exact, sizeof exact, "%s.a", subject);
    natsSubscription *subscription = NULL;
    must(natsConnection_SubscribeSync(&subscription, nc, wildcard), "subscribe");
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        must(natsConnection_PublishString(nc, exact, text), "publish");
    }
    for (int i = 0; i < 1000; i++) {
        natsMsg *message = next(subscription);
        snprintf(text, sizeof text, "%d", i);
        want(strcmp(natsMsg_GetData(message), text) == 0, "order");
        natsMsg_Destroy(message);
    }
    natsSubscription_Destroy(subscription);
}

static void check_headers(natsConnection *nc, const char *subject)
{
    natsSubscription *subscription = NULL;
    natsMsg *sent = NULL;
    const char **values = NULL;
    int count = 0;
    must(natsConnection_SubscribeSync(&subscription, nc, subject), "subscribe");
    must(natsMsg_Create(&sent, subject, NULL, "x", 1), "message");
    must(natsMsgHeader_Add(sent, "A", "b"), "header");
    must(natsMsgHeader_Add(sent, "A", "c"), "header");
    must(natsConnection_PublishMsg(nc, sent), "publish");
    natsMsg *got = next(subscription);
    must(natsMsgHeader_Values(got, "A", &values, &count), "header");
    want(count == 2 && strcmp(values[0], "b") == 0 && strcmp(values[1], "c") == 0, "values");
    want(natsMsg_GetDataLength(got) == 1, "payload");
    free((void *)values);
    natsMsg_Destroy(got);
    natsMsg_Destroy(sent);
    natsSubscription_Destroy(subscription);
}

static void on_request(natsConnection *nc, natsSubscription *subscription, natsMsg *message, void *closure)
{
    char text[64];
    (void)subscription;
    (void)closure;
    snprintf(text, sizeof text, "to %s", natsMsg_GetData(message));
    must(natsConnection_PublishString(nc, natsMsg_GetReply(message), text), "answer");
    natsMsg_Destroy(message);
}

static void check_request(natsConnection *nc, const char *subject)
{
    natsSubscription *subscription = NULL;
    natsMsg *answer = NULL;
    must(natsConnection_Subscribe(&subscription, nc, subject, on_request, NULL), "subscribe");
    for (int i = 0; i < 100; i++) {
        char text[16], wanted[64];
        snprintf(text, sizeof text, "%d", i);
        snprintf(wanted, sizeof wanted, "to %d", i);
        must(natsConnection_RequestString(&answer, nc, subject, text, PATIENCE_MS), "request");
        want(strcmp(natsMsg_GetData(answer), wanted) == 0, "answer");
        natsMsg_Destroy(answer);
    }
    natsSubscription_Destroy(subscription);
}

static void check_no_responders(natsConnection *nc, const char *subject)
{
    natsMsg *answer = NULL;
    want(natsConnection_RequestString(&answer, nc, subject, "", PATIENCE_MS) == NATS_NO_RESPONDERS, "an answer");
}

static void check_queue(natsConnection *nc, const char *subject)
{
    natsSubscription *members[3] = { NULL };
    uint64_t total = 0;
    for (int i = 0; i < 3; i++)
        must(natsConnection_QueueSubscribeSync(&members[i], nc, subject, "q"), "subscribe");
    for (int i = 0; i < 300; i++)
        must(natsConnection_Publish(nc, subject, NULL, 0), "publish");
    must(natsConnection_Flush(nc), "flush");
    for (int i = 0; i < 3; i++) {
        uint64_t queued = 0;
        must(natsSubscription_QueuedMsgs(members[i], &queued), "queued");
        total += queued;
        natsSubscription_Destroy(members[i]);
    }
    want(total == 300, "300 in all");
}

static void check_unsubscribe(natsConnection *nc, const char *subject)
{
    natsSubscription *subscription = NULL;
    natsMsg *message = NULL;
    must(natsConnection_SubscribeSync(&subscription, nc, subject), "subscribe");
    must(natsSubscription_AutoUnsubscribe(subscription, 2), "unsubscribe");
    for (int i = 0; i < 5; i++)
        must(natsConnection_Publish(nc, subject, NULL, 0), "publish");
    natsMsg_Destroy(next(subscription));
    natsMsg_Destroy(next(subscription));
    want(natsSubscription_NextMsg(&message, subscription, SHORT_MS) == NATS_MAX_DELIVERED_MSGS, "a third message");
    natsSubscription_Destroy(subscription);
}

static void check_largest(natsConnection *nc, const char *subject)
{
    natsSubscription *subscription = NULL;
    int64_t size = natsConnection_GetMaxPayload(nc);
    char *payload = malloc((size_t)size + 1);
    memset(payload, 'x', (size_t)size + 1);
    must(natsConnection_SubscribeSync(&subscription, nc, subject), "subscribe");
    must(natsConnection_Publish(nc, subject, payload, (int)size), "publish");
    natsMsg *got = next(subscription);
    want(natsMsg_GetDataLength(got) == size && memcmp(natsMsg_GetData(got), payload, (size_t)size) == 0, "payload");
    want(natsConnection_Publish(nc, subject, payload, (int)size + 1) == NATS_MAX_PAYLOAD, "a byte more was sent");
    natsMsg_Destroy(got);
    natsSubscription_Destroy(subscription);
    free(payload);
}

static void on_count(natsConnection *nc, natsSubscription *subscription, natsMsg *message, void *closure)
{
    (void)nc;
    (void)subscription;
    ++*(int *)closure;
    natsMsg_Destroy(message);
}

static void check_drain(natsConnection *nc, const char *subject)
{
    natsSubscription *subscription = NULL;
    int seen = 0;
    must(natsConnection_Subscribe(&subscription, nc, subject, on_count, &seen), "subscribe");
    for (int i = 0; i < 500; i++)
        must(natsConnection_Publish(nc, subject, NULL, 0), "publish");
    must(natsConnection_Flush(nc), "flush");
    must(natsSubscription_Drain(subscription), "drain");
    must(natsSubscription_WaitForDrainCompletion(subscription, PATIENCE_MS), "the end of the drain");
    want(seen == 500, "500 messages");
    natsSubscription_Destroy(subscription);
}

static void check_no_echo(natsConnection *nc, const char *subject)
{
    char url[SUBJECT_SIZE];
    natsSubscription *own = NULL, *other = NULL;
    natsMsg *message = NULL;
    must(natsConnection_GetConnectedUrl(nc, url, sizeof url), "url");
    natsConnection *deaf = open_connection(url, true, NULL);
    must(natsConnection_SubscribeSync(&own, deaf, subject), "subscribe");
    must(natsConnection_SubscribeSync(&other, nc, subject), "subscribe");
    must(natsConnection_Flush(nc), "flush");
    must(natsConnection_Publish(deaf, subject, NULL, 0), "publish");
    must(natsConnection_Flush(deaf), "flush");
    natsMsg_Destroy(next(other));
    want(natsSubscription_NextMsg(&message, own, SHORT_MS) == NATS_TIMEOUT, "an echo");
    natsSubscription_Destroy(own);
    natsSubscription_Destroy(other);
    natsConnection_Destroy(deaf);
}

static const struct check {
    const char *name;
    void (*run)(natsConnection *nc, const char *subject);
} CHECKS[] = {
    { "publish", check_publish },
    { "headers", check_headers },
    { "request", check_request },
    { "no responders", check_no_responders },
    { "queue", check_queue },
    { "unsubscribe after two", check_unsubscribe },
    { "largest payload", check_largest },
    { "drain a subscription", check_drain },
    { "no echo", check_no_echo },
};

static void self(const char *url)
{
    natsConnection *nc = open_connection(url, false, NULL);
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        natsInbox *inbox = NULL;
        must(natsInbox_Create(&inbox), "inbox");
        CHECKS[i].run(nc, inbox + 1);
        printf("ok %s\n", CHECKS[i].name);
        natsInbox_Destroy(inbox);
    }
    natsConnection_Destroy(nc);
}

static void on_echo(natsConnection *nc, natsSubscription *subscription, natsMsg *message, void *closure)
{
    char text[256];
    natsMsg *answer = NULL;
    (void)subscription;
    ++*(int *)closure;
    int size = snprintf(text, sizeof text, "c:%.*s", natsMsg_GetDataLength(message), natsMsg_GetData(message));
    must(natsMsg_Create(&answer, natsMsg_GetReply(message), NULL, text, size), "answer");
    must(natsMsgHeader_Set(answer, "Who", "c"), "header");
    must(natsConnection_PublishMsg(nc, answer), "answer");
    natsMsg_Destroy(answer);
    natsMsg_Destroy(message);
}

static void on_stop(natsConnection *nc, natsSubscription *subscription, natsMsg *message, void *closure)
{
    (void)subscription;
    (void)closure;
    natsMsg_Destroy(message);
    must(natsConnection_Drain(nc), "drain");
}

static void serve(const char *url, const char *prefix)
{
    char subject[SUBJECT_SIZE];
    static volatile bool closed;
    int served = 0;
    natsSubscription *echo = NULL, *stop = NULL;
    natsConnection *nc = open_connection(url, false, &closed);
    snprintf(subject, sizeof subject, "%s.echo", prefix);
    must(natsConnection_QueueSubscribe(&echo, nc, subject, "q", on_echo, &served), "subscribe");
    snprintf(subject, sizeof subject, "%s.stop", prefix);
    must(natsConnection_Subscribe(&stop, nc, subject, on_stop, NULL), "subscribe");
    must(natsConnection_Flush(nc), "flush");
    say("ready");
    while (!closed)
        nats_Sleep(5);
    printf("served %d\n", served);
    natsSubscription_Destroy(echo);
    natsSubscription_Destroy(stop);
    natsConnection_Destroy(nc);
}

static void ask(const char *url, const char *prefix, int count)
{
    char subject[SUBJECT_SIZE], text[16];
    natsConnection *nc = open_connection(url, false, NULL);
    snprintf(subject, sizeof subject, "%s.echo", prefix);
    for (int i = 0; i < count; i++) {
        natsMsg *answer = NULL;
        snprintf(text, sizeof text, "%d", i);
        must(natsConnection_RequestString(&answer, nc, subject, text, PATIENCE_MS), "request");
        printf("%.*s\n", natsMsg_GetDataLength(answer), natsMsg_GetData(answer));
        natsMsg_Destroy(answer);
    }
    natsConnection_Destroy(nc);
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[2], "self") == 0)
        self(arguments[1]);
    else if (count == 4 && strcmp(arguments[2], "serve") == 0)
        serve(arguments[1], arguments[3]);
    else if (count == 5 && strcmp(arguments[2], "ask") == 0)
        ask(arguments[1], arguments[3], atoi(arguments[4]));
    else
        return 2;
    nats_Close();
    return 0;
}
