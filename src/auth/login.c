// SPDX-License-Identifier: Apache-2.0
// First whom the credentials name, then whether they prove it. The order in which kinds of credentials count is
// nats-server's: nkey, certificate, user, token.
#include "auth/login.h"

#include "auth/nkey.h"
#include "auth/password.h"
#include "base/assert.h"
#include "base/base64.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/disk.h"
#include "io/tls.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    DESCRIBED_MAX = 64, // bytes of a name in a log line
};

const char *denial_text(enum denial denial)
{
    static const char *const texts[DENIAL_COUNT] = {
#define DENIAL_TEXT(name, text) [DENIAL_##name] = (text),
        DENIAL_TABLE(DENIAL_TEXT)
#undef DENIAL_TEXT
    };
    ASSERT(denial < DENIAL_COUNT);
    return texts[denial];
}

// A name as a log line may show it.
static void name_shown(bytes_t name, char to[DESCRIBED_MAX + 3])
{
    size_t size = name.size < DESCRIBED_MAX ? name.size : DESCRIBED_MAX, at = 0;
    to[at++] = '"';
    for (size_t i = 0; i < size; i++)
        to[at++] = name.data[i] >= ' ' && name.data[i] < 0x7f ? (char)name.data[i] : '?';
    to[at++] = '"';
    to[at] = '\0';
}

void credentials_describe(const struct credentials *credentials, char *to, size_t size)
{
    // What stands in the place of a public key and is none may be a seed.
    struct nkey key;
    bytes_t nkey = credentials->nkey;
    if (nkey.size > 0 && nkey_parse(nkey, &key) != ERR_OK)
        nkey = BYTES_LITERAL("(not a public key)");
    const struct {
        bool shown;
        const char *what;
        bytes_t name; // empty: not told
    } rows[] = {
        { nkey.size > 0, "nkey ", nkey },
        { credentials->user.size > 0, "user ", credentials->user },
        { credentials->password.size > 0, "a password", BYTES_NULL },
        { credentials->signature.size > 0, "a signature", BYTES_NULL },
        { credentials->token.size > 0, "a token", BYTES_NULL },
        { credentials->certificate != NULL, "a certificate", BYTES_NULL },
    };
    ASSERT(size > 0);
    size_t at = 0;
    snprintf(to, size, "no credentials");
    for (size_t i = 0; i < ARRAY_COUNT(rows) && at < size; i++) {
        char name[DESCRIBED_MAX + 3] = "";
        if (rows[i].name.size > 0)
            name_shown(rows[i].name, name);
        if (rows[i].shown)
            at += (size_t)snprintf(to + at, size - at, "%s%s%s", at == 0 ? "" : ", ", rows[i].what, name);
    }
}

// What a look-up says: somebody who has still to match SECRET (null: nothing is left to prove), or nobody.
struct claim {
    const struct principal *principal;
    bytes_t secret, shown;
    enum denial denial; // NONE: somebody
    enum denial wrong;  // if it does not match
};

static struct claim claim_denied(enum denial denial)
{
    return (struct claim){ .denial = denial };
}

static struct claim claim_nkey(const struct directory *directory, const struct credentials *credentials)
{
    struct identity found = directory_nkey(directory, credentials->nkey);
    struct nkey key;
    if (found.principal == NULL || nkey_parse(credentials->nkey, &key) != ERR_OK)
        return claim_denied(DENIAL_UNKNOWN_NKEY);
    if (found.principal == directory_anonymous(directory))
        return (struct claim){ .principal = found.principal }; // who shows nothing is let in as such
    if (credentials->signature.size == 0)
        return claim_denied(DENIAL_NO_SIGNATURE);
    uint8_t signature[BASE64_SIZE(NKEY_SIGNATURE_SIZE)];
    size_t size;
    bytes_t text = credentials->signature;
    // Clients write it for URLs; some write it with the ordinary alphabet.
    bool read = text.size <= sizeof(signature) && (base64_decode(BASE64_URL, text, signature, &size) ||
                                                   base64_decode(BASE64_STANDARD, text, signature, &size));
    if (!read || credentials->nonce.size == 0 || !nkey_verify(&key, credentials->nonce, bytes_of(signature, size)))
        return claim_denied(DENIAL_WRONG_SIGNATURE);
    return (struct claim){ .principal = found.principal };
}

static struct identity user_of_names(const struct directory *directory, const struct tls_names *names)
{
    struct identity found = { 0 };
    for (size_t i = 0; i < names->count && found.principal == NULL; i++)
        found = directory_user(directory, names->items[i]);
    return found;
}

// Alternative names before the subject: e-mail addresses, then hosts, then URIs (docs.nats.io, "TLS Authentication").
static struct claim claim_certificate(const struct directory *directory, const struct credentials *credentials)
{
    const struct tls_peer *peer = credentials->certificate;
    if (peer == NULL)
        return claim_denied(DENIAL_NO_CERTIFICATE);
    const struct tls_names *const kinds[] = { &peer->emails, &peer->hosts, &peer->uris };
    struct identity found = { 0 };
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && found.principal == NULL; i++)
        found = user_of_names(directory, kinds[i]);
    if (found.principal == NULL)
        found = directory_user_by_dn(directory, peer->subject);
    if (found.principal == NULL)
        return claim_denied(DENIAL_UNKNOWN_CERTIFICATE);
    return (struct claim){ found.principal, found.secret, credentials->password, DENIAL_NONE, DENIAL_WRONG_PASSWORD };
}

static struct claim claim_user(const struct directory *directory, const struct credentials *credentials)
{
    struct identity found = directory_user(directory, credentials->user);
    if (found.principal == NULL)
        return claim_denied(DENIAL_UNKNOWN_USER);
    if (found.secret.data == NULL)
        return claim_denied(DENIAL_NO_PASSWORD);
    return (struct claim){ found.principal, found.secret, credentials->password, DENIAL_NONE, DENIAL_WRONG_PASSWORD };
}

static struct claim claim_of(const struct directory *directory, const struct credentials *credentials)
{
    const struct principal *anonymous = directory_anonymous(directory);
    bool shows_nothing = credentials->user.size == 0 && credentials->password.size == 0 && credentials->token.size == 0;
    if (!directory_checks(directory))
        return (struct claim){ .principal = anonymous };
    if (credentials->nkey.size > 0 && directory_has_nkeys(directory))
        return claim_nkey(directory, credentials);
    bool has_users = directory_has_users(directory);
    if (credentials->by_certificate && has_users)
        return claim_certificate(directory, credentials);
    if (shows_nothing && anonymous != NULL)
        return (struct claim){ .principal = anonymous };
    struct identity token = directory_token(directory);
    if (credentials->user.size > 0 && (has_users || token.principal == NULL))
        return claim_user(directory, credentials);
    if (credentials->token.size == 0)
        return claim_denied(DENIAL_NO_CREDENTIALS);
    if (token.principal == NULL)
        return claim_denied(DENIAL_WRONG_TOKEN);
    return (struct claim){ token.principal, token.secret, credentials->token, DENIAL_NONE, DENIAL_WRONG_TOKEN };
}

struct login {
    struct disk_job job;
    struct list_node node; // in waiting, until its turn comes
    struct verifier *verifier;
    on_login_fn *on_login; // NULL: cancelled
    void *owner;
    const struct principal *principal;
    enum denial wrong;
    bool right;
    char *stored;
    size_t stored_size;
    uint8_t *shown;
    size_t shown_size;
};

struct verifier {
    struct loop *loop;
    struct list_node waiting;
    size_t waiting_count;
    struct login *running;
    bool freed;
};

struct verifier *verifier_new(struct loop *loop)
{
    struct verifier *verifier = mem_zalloc(1, sizeof(*verifier));
    verifier->loop = loop;
    list_init(&verifier->waiting);
    return verifier;
}

static void login_free(struct login *login)
{
    secret_wipe(login->stored, login->stored_size);
    secret_wipe(login->shown, login->shown_size);
    free(login->stored);
    free(login->shown);
    free(login);
}

static void run_login(struct disk_job *job)
{
    struct login *login = CONTAINER_OF(job, struct login, job);
    login->right =
        password_verify(bytes_of(login->stored, login->stored_size), bytes_of(login->shown, login->shown_size));
}

static void run_next(struct verifier *verifier);

static void on_login_done(struct disk_job *job)
{
    struct login *login = CONTAINER_OF(job, struct login, job);
    struct verifier *verifier = login->verifier;
    verifier->running = NULL;
    if (verifier->freed)
        free(verifier);
    else
        run_next(verifier);
    if (login->on_login != NULL)
        login->on_login(login->owner, login->right ? (struct verdict){ login->principal, DENIAL_NONE }
                                                   : (struct verdict){ NULL, login->wrong });
    login_free(login);
}

static void run_next(struct verifier *verifier)
{
    struct list_node *node = list_first(&verifier->waiting);
    if (verifier->running != NULL || node == NULL)
        return;
    struct login *login = LIST_ITEM(node, struct login, node);
    list_remove(&login->node);
    verifier->waiting_count--;
    verifier->running = login;
    login->job = (struct disk_job){ .loop = verifier->loop, .run = run_login, .on_done = on_login_done };
    disk_submit(DISK_COMPUTE, &login->job);
}

void login_cancel(struct login *login)
{
    login->on_login = NULL;
    if (login->verifier->running == login)
        return; // a thread has it
    list_remove(&login->node);
    login->verifier->waiting_count--;
    login_free(login);
}

void verifier_free(struct verifier *verifier)
{
    if (verifier == NULL)
        return;
    struct list_node *node;
    while ((node = list_first(&verifier->waiting)) != NULL)
        login_cancel(LIST_ITEM(node, struct login, node));
    verifier->freed = true;
    if (verifier->running != NULL)
        login_cancel(verifier->running);
    else
        free(verifier);
}

// A copy that is never NULL.
static void *copy_of(bytes_t bytes)
{
    void *copy = mem_alloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

struct login *login_start(struct verifier *verifier, const struct directory *directory,
                          const struct credentials *credentials, on_login_fn *on_login, void *owner,
                          struct verdict *ret_verdict)
{
    struct claim claim = claim_of(directory, credentials);
    *ret_verdict = (struct verdict){ claim.principal, claim.denial };
    if (claim.denial != DENIAL_NONE || claim.secret.data == NULL)
        return NULL;
    if (!password_is_hash(claim.secret)) {
        if (!password_verify(claim.secret, claim.shown))
            *ret_verdict = (struct verdict){ NULL, claim.wrong };
        return NULL;
    }
    if (verifier->waiting_count == VERIFIER_WAITING_MAX) {
        *ret_verdict = (struct verdict){ NULL, DENIAL_BUSY };
        return NULL;
    }
    struct login *login = mem_zalloc(1, sizeof(*login));
    login->verifier = verifier;
    login->on_login = on_login;
    login->owner = owner;
    login->principal = claim.principal;
    login->wrong = claim.wrong;
    login->stored = copy_of(claim.secret);
    login->stored_size = claim.secret.size;
    login->shown = copy_of(claim.shown);
    login->shown_size = claim.shown.size;
    list_append(&verifier->waiting, &login->node);
    verifier->waiting_count++;
    run_next(verifier);
    return login;
}
