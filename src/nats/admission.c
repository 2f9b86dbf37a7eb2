// SPDX-License-Identifier: Apache-2.0
#include "nats/admission.h"

#include "auth/login.h"
#include "auth/responses.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "nats/access.h"
#include "nats/session.h"

#include <stdlib.h>

enum { SHOWN_SIZE = 256 }; // of what a log line says about credentials

static const struct directory *directory_of(const struct nats_session *session)
{
    return session->site->access->directory;
}

// --- who it is

static void forget_responses(struct nats_session *session)
{
    if (session->responses == NULL)
        return;
    responses_free(session->responses);
    free(session->responses);
    session->responses = NULL;
}

// Where the limits stay the same, so does what may be answered.
static void take_responses(struct nats_session *session, const struct permissions *permissions)
{
    struct response_limits limits = { 0 };
    if (permissions != NULL)
        limits = permissions_responses(permissions);
    const struct responses *now = session->responses;
    if (now != NULL && limits.allowed && limits.max == now->limits.max && limits.expire_ms == now->limits.expire_ms)
        return;
    forget_responses(session);
    if (!limits.allowed)
        return;
    session->responses = mem_zalloc(1, sizeof(*session->responses));
    responses_init(session->responses, limits);
}

static void take_principal(struct nats_session *session, const struct principal *principal)
{
    struct nats_account *account = nats_account_find(session->site->accounts, principal->account->name);
    ASSERT(account != NULL);
    if (account != session->account)
        nats_session_leave(session); // what it subscribed to before CONNECT is of the other account
    session->principal = principal;
    session->account = account;
    session->is_abroad = account->home != account->accounts->at;
    take_responses(session, principal->permissions);
    session->is_watched = session->responses != NULL;
}

void nats_admission_init(struct nats_session *session)
{
    const struct principal *anonymous = directory_anonymous(directory_of(session));
    session->is_expected = directory_checks(directory_of(session));
    if (anonymous != NULL)
        take_principal(session, anonymous);
    else // until it is let in nothing is done in it
        session->account = nats_account_find(session->site->accounts, bytes_of_text(NATS_ACCOUNT_GLOBAL));
}

static void drop_login(struct nats_session *session)
{
    session->login = NULL;
    free(session->shown);
    session->shown = NULL;
}

void nats_admission_stop(struct nats_session *session)
{
    if (session->login != NULL)
        login_cancel(session->login);
    drop_login(session);
    forget_responses(session);
    session->is_watched = false;
}

static void deny(struct nats_session *session, const char *shown, const char *why)
{
    char *peer = bytes_to_text(session->peer_ip);
    log_line(LOG_WARN, "a nats client may not come in",
             LOG_FIELDS(log_text("peer", peer), log_text("shown", shown), log_text("why", why)));
    free(peer);
    nats_session_fail(session, NATS_ERROR_AUTHORIZATION);
}

bool nats_admission_unnamed(struct nats_session *session)
{
    session->is_expected = false;
    if (session->principal == NULL)
        deny(session, "no CONNECT", "it has to come first");
    return !session->is_closed;
}

// --- CONNECT

static void finish_connect(struct nats_session *session, struct verdict verdict, const char *shown)
{
    if (verdict.principal == NULL) {
        deny(session, shown, denial_text(verdict.denial));
        return;
    }
    session->is_expected = false;
    forget_responses(session); // of whoever it was before
    take_principal(session, verdict.principal);
    if (session->refusal != NATS_ERROR_COUNT)
        nats_session_fail(session, session->refusal);
    else
        nats_session_ok(session);
    session->is_leaving = session->is_abroad && !session->is_closed;
    if (!session->is_closed)
        session->ops->on_connect(session);
}

static void on_login(void *owner, struct verdict verdict)
{
    struct nats_session *session = owner;
    char *shown = session->shown;
    session->shown = NULL;
    session->login = NULL;
    finish_connect(session, verdict, shown);
    free(shown);
    if (!session->is_closed)
        session->ops->on_resume(session);
}

static void log_in(struct nats_session *session, const struct nats_connect *connect)
{
    const struct nats_access *access = session->site->access;
    const struct credentials credentials = { .user = connect->user,
                                             .password = connect->pass,
                                             .token = connect->auth_token,
                                             .nkey = connect->nkey,
                                             .signature = connect->sig,
                                             .nonce = bytes_of_text(session->nonce),
                                             .by_certificate = access->maps_certificates,
                                             .certificate = session->certificate };
    char shown[SHOWN_SIZE];
    struct verdict verdict;
    credentials_describe(&credentials, shown, sizeof(shown));
    session->login = login_start(session->site->verifier, access->directory, &credentials, on_login, session, &verdict);
    if (session->login == NULL)
        finish_connect(session, verdict, shown);
    else
        session->shown = mem_text(shown);
}

static void keep_text(char **text, bytes_t value)
{
    if (value.data == NULL)
        return;
    free(*text);
    *text = bytes_to_text(value);
}

// What is wrong with it, for somebody who is let in.
static enum nats_error refusal_of(const struct nats_session *session, const struct nats_connect *connect)
{
    if (connect->protocol < 0 || connect->protocol > NATS_PROTOCOL_MAX)
        return NATS_ERROR_BAD_PROTOCOL;
    return connect->no_responders && !session->headers ? NATS_ERROR_NO_RESPONDERS_HEADERS : NATS_ERROR_COUNT;
}

static void take_connect(struct nats_session *session, const struct nats_connect *connect)
{
    nats_session_options(session, connect);
    keep_text(&session->name, connect->name);
    keep_text(&session->lang, connect->lang);
    keep_text(&session->version, connect->version);
    if (session->is_connected)
        nats_session_leave(session); // perhaps into another account
    session->is_connected = true;
    session->refusal = refusal_of(session, connect);
    if (connect->account.size > 0 || connect->new_account)
        deny(session, "an account", "clients cannot choose it");
    else
        log_in(session, connect);
}

void nats_admission_connect(struct nats_session *session, const struct nats_command *command)
{
    struct arena arena = ARENA_INIT;
    struct nats_connect connect = { .verbose = session->verbose,
                                    .pedantic = session->pedantic,
                                    .echo = session->echo,
                                    .headers = session->headers,
                                    .no_responders = session->no_responders,
                                    .protocol = session->protocol };
    if (nats_connect_read(command->line, &arena, &connect) == ERR_OK)
        take_connect(session, &connect);
    else
        nats_session_fail(session, NATS_ERROR_BAD_ARGUMENTS);
    arena_free(&arena);
}

// --- other users

static struct identity identity_in(const struct directory *directory, const struct principal *principal)
{
    switch (principal->kind) {
    case PRINCIPAL_USER:
        return directory_user(directory, principal->name);
    case PRINCIPAL_NKEY:
        return directory_nkey(directory, principal->name);
    case PRINCIPAL_TOKEN:
        return directory_token(directory);
    case PRINCIPAL_ANONYMOUS:
        return (struct identity){ .principal = directory_anonymous(directory) };
    case PRINCIPAL_SERVER:
        break;
    }
    return (struct identity){ 0 };
}

static void admit_again(struct nats_session *session, const struct directory *old)
{
    const struct principal *was = session->principal;
    if (session->login != NULL) {
        nats_session_fail(session, NATS_ERROR_SERVER_SHUTDOWN);
        return;
    }
    if (was == NULL)
        return;
    struct identity now = identity_in(directory_of(session), was);
    if (now.principal == NULL || now.principal->kind != was->kind ||
        !bytes_equal(now.principal->account->name, was->account->name) ||
        !bytes_equal(now.secret, identity_in(old, was).secret))
        deny(session, "a session", "the users are others now");
    else
        take_principal(session, now.principal);
    if (!session->is_closed && now.principal->permissions != NULL)
        nats_session_recheck(session);
}

void nats_admission_again(struct nats_session *session, const struct directory *old)
{
    if (!session->is_closed)
        admit_again(session, old);
    if (session->is_closed)
        session->principal = NULL; // it is the old directory's
}

// --- what it may do

bool nats_admission_may_publish(struct nats_session *session, bytes_t subject)
{
    if (authorize(session->principal, AUTH_PUBLISH, (struct auth_resource){ .subject = subject }))
        return true;
    return session->responses != NULL && responses_take(session->responses, subject, session->site->now_ms);
}

bool nats_admission_may_subscribe(struct nats_session *session, bytes_t subject, bytes_t queue)
{
    if (!authorize(session->principal, AUTH_SUBSCRIBE, (struct auth_resource){ .subject = subject, .queue = queue }))
        return false;
    session->is_watched = session->is_watched || authorize_filters(session->principal, subject, queue);
    return true;
}

bool nats_admission_may_get(struct nats_session *session, bytes_t subject, bytes_t queue, bytes_t reply)
{
    if (!authorize(session->principal, AUTH_DELIVER, (struct auth_resource){ .subject = subject, .queue = queue }))
        return false;
    if (session->responses != NULL)
        responses_expect(session->responses, reply, session->site->now_ms);
    return true;
}
