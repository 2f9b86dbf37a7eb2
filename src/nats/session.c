// SPDX-License-Identifier: Apache-2.0
#include "nats/session.h"

#include "auth/directory.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/log.h"
#include "nats/access.h"
#include "nats/info.h"
#include "nats/trace.h"

#include <stdio.h>
#include <stdlib.h>

static bytes_t subscription_key(const struct map_node *node)
{
    const struct nats_subscription *subscription = CONTAINER_OF_CONST(node, struct nats_subscription, node);
    return bytes_of(subscription->id + 1, subscription->sub.owners - 1);
}

void nats_session_options(struct nats_session *session, const struct nats_connect *connect)
{
    session->echo = connect->echo;
    session->verbose = connect->verbose;
    session->pedantic = connect->pedantic;
    session->headers = session->limits.headers = connect->headers && !session->site->options->no_headers;
    session->no_responders = connect->no_responders;
    session->protocol =
        connect->protocol >= 0 && connect->protocol <= NATS_PROTOCOL_MAX ? (uint8_t)connect->protocol : 0;
}

void nats_session_limit(struct nats_session *session)
{
    const struct nats_options *options = session->site->options;
    session->out.mark = (size_t)options->max_pending / 4 * 3;
    session->limits.line_size = (size_t)options->max_control_line;
    session->limits.payload_size = (size_t)options->max_payload;
}

void nats_session_init(struct nats_session *session, struct nats_site *site, const struct nats_session_ops *ops,
                       const struct nats_out_ops *out_ops, uint64_t id, bytes_t peer_ip)
{
    *session = (struct nats_session){ .site = site, .ops = ops, .id = id, .peer_ip = peer_ip };
    nats_out_init(&session->out, &site->chunks, out_ops);
    nats_session_limit(session);
    session->subscriptions = MAP_INIT(subscription_key);
    nats_session_options(session, &NATS_CONNECT_INIT);
    nats_admission_init(session);
}

void nats_session_arrive(struct nats_session *session, struct nats_site *site)
{
    bytes_t name = nats_account_name(session->account);
    session->site = site;
    session->out.chunks = &site->chunks;
    session->account = nats_account_find(site->accounts, name);
    if (session->account == NULL) // users of other configurations, which it is closed for
        session->account = nats_account_find(site->accounts, bytes_of_text(NATS_ACCOUNT_GLOBAL));
    session->is_abroad = session->is_leaving = false;
    nats_session_limit(session);
}

void nats_session_leave(struct nats_session *session)
{
    struct map_node *node = map_next(&session->subscriptions, NULL);
    while (node != NULL) {
        struct map_node *next = map_next(&session->subscriptions, node);
        nats_account_unsubscribe(session->account, CONTAINER_OF(node, struct nats_subscription, node));
        node = next;
    }
}

void nats_session_deinit(struct nats_session *session)
{
    ASSERT(session->subscriptions.count == 0);
    nats_admission_stop(session);
    map_free(&session->subscriptions);
    nats_out_deinit(&session->out);
    free(session->name);
    free(session->lang);
    free(session->version);
}

// --- what it says

static void send_text(struct nats_session *session, const char *text)
{
    nats_out_bytes(&session->out, bytes_of_text(text));
}

// As Go quotes a text (%q), but for characters beyond ASCII, which stay as they are.
static void write_quoted(struct writer *to, bytes_t text)
{
    static const char names[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
    writer_u8(to, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        const char *name = c == 0 ? NULL : strchr(names, c);
        if (name != NULL)
            writer_format(to, "\\%c", letters[name - names]);
        else if (c < ' ' || c == 0x7f)
            writer_format(to, "\\x%02x", c);
        else
            writer_u8(to, c);
    }
    writer_u8(to, '"');
}

static void complaint_begin(struct writer *text, const char *what, bytes_t subject)
{
    writer_format(text, "-ERR '%s ", what);
    write_quoted(text, subject);
}

static void complaint_end(struct nats_session *session, struct writer *text)
{
    writer_text(text, "'\r\n");
    nats_out_bytes(&session->out, writer_view(text));
    writer_free(text);
}

static void complain(struct nats_session *session, const char *what, bytes_t subject, const char *more)
{
    struct writer text = WRITER_INIT;
    complaint_begin(&text, what, subject);
    writer_text(&text, more);
    complaint_end(session, &text);
}

// A subscription is refused, or (ID) was there and is no longer allowed.
static void complain_of_sub(struct nats_session *session, bytes_t subject, bytes_t queue, bytes_t id)
{
    struct writer text = WRITER_INIT;
    complaint_begin(&text, "Permissions Violation for Subscription to", subject);
    if (queue.data != NULL) {
        writer_text(&text, " using queue ");
        write_quoted(&text, queue);
    }
    if (id.data != NULL) {
        writer_text(&text, " (sid ");
        write_quoted(&text, id);
        writer_u8(&text, ')');
    }
    complaint_end(session, &text);
}

void nats_session_fail(struct nats_session *session, enum nats_error error)
{
    if (session->is_closed)
        return;
    if (nats_error_told(error) != NULL) {
        send_text(session, "-ERR '");
        send_text(session, nats_error_told(error));
        send_text(session, "'\r\n");
    }
    if (nats_error_reason(error) == NULL)
        return;
    session->is_closed = true;
    nats_admission_stop(session);
    session->ops->on_fail(session, error);
}

void nats_session_ok(struct nats_session *session)
{
    if (session->verbose)
        send_text(session, "+OK\r\n");
}

// Where no_auth_user stands for whoever shows nothing, a client is told first that it need not show anything (as
// nats-server does it; later lines tell that something is checked).
static bool is_auth_required(const struct directory *directory, bool is_first)
{
    const struct principal *anonymous = directory_anonymous(directory);
    bool is_somebody = anonymous != NULL && anonymous->kind != PRINCIPAL_ANONYMOUS;
    return directory_checks(directory) && !(is_first && is_somebody);
}

static void send_info(struct nats_session *session, const struct nats_account *account, bool is_first)
{
    const struct nats_site *site = session->site;
    const struct nats_access *access = site->access;
    struct nats_info info = { .server_id = site->server_id,
                              .server_name = site->server_name,
                              .host = site->host,
                              .port = site->port,
                              .max_payload = site->options->max_payload,
                              .client_id = session->id,
                              .client_ip = session->peer_ip,
                              .account = account == NULL ? BYTES_NULL : nats_account_name(account),
                              .is_auth_required = is_auth_required(access->directory, is_first),
                              .is_tls_required = access->tls != NULL && !access->tls_is_optional,
                              .is_tls_available = access->tls != NULL && access->tls_is_optional,
                              .is_tls_verified = access->tls_verifies,
                              .nonce = is_first ? session->nonce : "",
                              .is_lame_duck = site->is_lame_duck,
                              .no_headers = site->options->no_headers };
    struct writer line = WRITER_INIT;
    nats_info_write(&info, &line);
    nats_out_bytes(&session->out, writer_view(&line));
    writer_free(&line);
}

void nats_session_greet(struct nats_session *session)
{
    send_info(session, NULL, true);
}

void nats_session_inform(struct nats_session *session, const struct nats_account *account)
{
    if (!session->is_closed && session->protocol > 0)
        send_info(session, account, false);
}

void nats_session_ping(struct nats_session *session)
{
    session->pings_out++;
    send_text(session, "PING\r\n");
}

// --- CONNECT

static void on_connect(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)buf;
    nats_admission_connect(session, command);
}

// --- SUB, UNSUB

static struct nats_subscription *find_subscription(const struct nats_session *session, bytes_t id)
{
    struct map_node *node = map_find(&session->subscriptions, id);
    return node == NULL ? NULL : CONTAINER_OF(node, struct nats_subscription, node);
}

// The queue that nats-server keeps for itself.
static const bytes_t system_queue = { (const uint8_t *)"_sys_", 5 };

static void on_sub(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)buf;
    const struct nats_options *options = session->site->options;
    session->changes++;
    if (command->count != 2 && command->count != 3) {
        nats_session_fail(session, NATS_ERROR_BAD_ARGUMENTS);
        return;
    }
    bytes_t subject = command->arguments[0], id = command->arguments[command->count - 1];
    bytes_t queue = command->count == 3 ? command->arguments[1] : BYTES_NULL;
    size_t most = (size_t)options->max_subscriptions, tokens = (size_t)options->max_subject_tokens;
    if (bytes_equal(queue, system_queue) || !nats_admission_may_subscribe(session, subject, queue)) {
        complain_of_sub(session, subject, queue, BYTES_NULL);
    } else if (tokens > 0 && subject_token_count(subject) > tokens) {
        complain(session, "Permissions Violation for Subscription to", subject, ", too many tokens");
    } else if (most > 0 && session->subscriptions.count >= most) {
        nats_session_fail(session, NATS_ERROR_TOO_MANY_SUBSCRIPTIONS);
    } else if (find_subscription(session, id) != NULL) {
        nats_session_ok(session); // the first one stays
    } else if (!subject_is_valid(subject)) {
        nats_session_fail(session, NATS_ERROR_INVALID_SUBJECT);
    } else {
        (void)nats_account_subscribe(session->account, session, subject, queue, id);
        nats_session_ok(session);
    }
}

void nats_session_recheck(struct nats_session *session)
{
    struct writer subject = WRITER_INIT;
    struct map_node *node = map_next(&session->subscriptions, NULL);
    while (node != NULL) {
        struct nats_subscription *subscription = CONTAINER_OF(node, struct nats_subscription, node);
        bytes_t queue = subscription->sub.queue == NULL ? BYTES_NULL : subscription->sub.queue->name;
        node = map_next(&session->subscriptions, node);
        writer_reset(&subject);
        nats_sub_subject(&subscription->sub, &subject);
        if (nats_admission_may_subscribe(session, writer_view(&subject), queue))
            continue;
        complain_of_sub(session, writer_view(&subject), queue, subscription_key(&subscription->node));
        nats_account_unsubscribe(session->account, subscription);
    }
    writer_free(&subject);
}

static void on_unsub(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)buf;
    session->changes++;
    if (command->count != 1 && command->count != 2) {
        nats_session_fail(session, NATS_ERROR_BAD_ARGUMENTS);
        return;
    }
    int64_t max = command->count == 2 ? nats_parse_size(command->arguments[1]) : -1;
    struct nats_subscription *subscription = find_subscription(session, command->arguments[0]);
    nats_session_ok(session);
    if (subscription == NULL)
        return;
    if (max > 0 && (uint64_t)max > subscription->delivered)
        subscription->max = (uint64_t)max;
    else
        nats_account_unsubscribe(session->account, subscription);
}

// --- PUB, HPUB

static bool has_prefix(bytes_t subject, const char *prefix)
{
    size_t size = strlen(prefix);
    return subject.size > size && memcmp(subject.data, prefix, size) == 0;
}

// Subjects that servers use among themselves; nobody else may publish to them or ask for answers there.
static inline bool is_reserved(bytes_t subject, bool is_reply)
{
    if (subject.size == 0 || (subject.data[0] != '_' && subject.data[0] != '$'))
        return false;
    if (has_prefix(subject, "_GR_.") || has_prefix(subject, "$GR."))
        return true;
    return is_reply && (has_prefix(subject, "_R_.") || has_prefix(subject, "$JS.ACK."));
}

// Nobody got it, and the publisher waits for an answer: it is told, on its own subscription.
static void tell_no_responders(struct nats_session *session, const struct nats_command *command)
{
    const struct nats_subscription *own = nats_account_own(session->account, session, command->reply);
    if (own == NULL)
        return;
    struct writer text = WRITER_INIT;
    size_t size = sizeof("NATS/1.0 503\r\nNats-Subject: \r\n\r\n") - 1 + command->subject.size;
    writer_format(&text, "HMSG %.*s%.*s %zu %zu\r\nNATS/1.0 503\r\nNats-Subject: %.*s\r\n\r\n\r\n",
                  BYTES_ARG(command->reply), BYTES_ARG(nats_subscription_id(own)), size, size,
                  BYTES_ARG(command->subject));
    nats_out_bytes(&session->out, writer_view(&text));
    writer_free(&text);
}

static void on_pub(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    if (session->pedantic && !subject_is_literal(command->subject))
        nats_session_fail(session, NATS_ERROR_INVALID_PUBLISH);
    if (is_reserved(command->subject, false) ||
        (session->principal->permissions != NULL && !nats_admission_may_publish(session, command->subject))) {
        complain(session, "Permissions Violation for Publish to", command->subject, "");
        return;
    }
    if (command->reply.data != NULL && is_reserved(command->reply, true)) {
        complain(session, "Permissions Violation for Publish with Reply of", command->reply, "");
        return;
    }
    nats_session_ok(session);
    size_t delivered = nats_account_publish(session->account, session, command, buf);
    if (delivered == 0 && session->no_responders && command->reply.data != NULL)
        tell_no_responders(session, command);
}

// --- the others

static void on_ping(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)command;
    (void)buf;
    send_text(session, "PONG\r\n");
    if (!session->is_connected || session->is_ponged)
        return;
    session->is_ponged = true;
    nats_session_inform(session, session->account);
}

static void on_pong(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)command;
    (void)buf;
    session->pings_out = 0;
}

// A server's INFO means nothing here, but it has to be JSON.
static void on_info(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)buf;
    struct arena arena = ARENA_INIT;
    struct nats_connect ignored = NATS_CONNECT_INIT;
    if (nats_connect_read(command->line, &arena, &ignored) != ERR_OK)
        nats_session_fail(session, NATS_ERROR_BAD_ARGUMENTS);
    arena_free(&arena);
}

static void on_ok(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)session;
    (void)command;
    (void)buf;
}

static void on_err(struct nats_session *session, const struct nats_command *command, struct buf *buf)
{
    (void)command;
    (void)buf;
    nats_session_fail(session, NATS_ERROR_CLIENT_COMPLAINED);
}

typedef void handler_fn(struct nats_session *session, const struct nats_command *command, struct buf *buf);

static handler_fn *const handlers[NATS_VERB_COUNT] = {
    [NATS_PUB] = on_pub,   [NATS_HPUB] = on_pub,  [NATS_SUB] = on_sub,         [NATS_UNSUB] = on_unsub,
    [NATS_PING] = on_ping, [NATS_PONG] = on_pong, [NATS_CONNECT] = on_connect, [NATS_INFO] = on_info,
    [NATS_OK] = on_ok,     [NATS_ERR] = on_err,
};

static const enum nats_error parse_errors[] = {
    [NATS_PARSE_UNKNOWN] = NATS_ERROR_UNKNOWN_OPERATION,
    [NATS_PARSE_BAD] = NATS_ERROR_BAD_ARGUMENTS,
    [NATS_PARSE_LINE_TOO_LONG] = NATS_ERROR_LINE_TOO_LONG,
    [NATS_PARSE_PAYLOAD_TOO_LARGE] = NATS_ERROR_PAYLOAD_TOO_LARGE,
};

bool nats_site_is_full(const struct nats_site *site)
{
    return site->chunks.turn_size > NATS_TURN_SIZE_MAX;
}

bool nats_session_must_wait(const struct nats_session *session)
{
    return session->is_stalled || session->is_leaving || session->login != NULL || nats_site_is_full(session->site);
}

// The first byte of a command of a client that CONNECT is expected of, or that is abroad. False: not here, or not at
// all.
static bool may_begin(struct nats_session *session, uint8_t first)
{
    if ((first | 0x20) == 'c')
        return true;
    if (session->is_expected && !nats_admission_unnamed(session))
        return false;
    session->is_leaving = session->is_abroad;
    return !session->is_leaving;
}

size_t nats_session_data(struct nats_session *session, bytes_t input, struct buf *buf, size_t *ret_wanted)
{
    size_t used = 0;
    bool is_traced = log_enabled(LOG_TRACE);
    *ret_wanted = 1;
    while (used < input.size && !session->is_closed && !nats_session_must_wait(session)) {
        struct nats_command command;
        size_t size;
        if ((session->is_expected || session->is_abroad) && !may_begin(session, input.data[used]))
            break;
        enum nats_parse result =
            nats_parse(&session->limits, bytes_of(input.data + used, input.size - used), &command, &size);
        if (result == NATS_PARSE_MORE) {
            *ret_wanted = size;
            break;
        }
        if (result != NATS_PARSE_DONE) {
            counter_add(&session->site->metrics->bad_requests, 1);
            nats_session_fail(session, parse_errors[result]);
            break;
        }
        if (is_traced)
            nats_trace_command(session, &command);
        handlers[command.verb](session, &command, buf);
        used += size;
    }
    return used;
}
