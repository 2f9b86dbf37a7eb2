// SPDX-License-Identifier: Apache-2.0
#include "nats/access.h"

#include "auth/directory.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"
#include "io/tls.h"
#include "nats/config/config_file.h"

#include <stdlib.h>

// --- users

// nats-server takes an empty list for one that is not given.
static struct permission_list list_of(const struct nats_rules *rules)
{
    return (struct permission_list){ rules->items, rules->count, rules->given && rules->count > 0 };
}

static struct permission_config permissions_of(const struct nats_permissions_config *config)
{
    return (struct permission_config){ .publish_allow = list_of(&config->publish_allow),
                                       .publish_deny = list_of(&config->publish_deny),
                                       .subscribe_allow = list_of(&config->subscribe_allow),
                                       .subscribe_deny = list_of(&config->subscribe_deny),
                                       .allow_responses = config->allow_responses,
                                       .responses_max = config->responses_max,
                                       .responses_expire_ms = config->responses_expire_ms };
}

static err_t add_user(struct directory *directory, bytes_t account, const struct nats_user_config *user, diag_t *diag)
{
    struct permission_config permissions;
    struct user_config config = { account, user->name, user->nkey, user->password, NULL };
    if (user->permissions != NULL) {
        permissions = permissions_of(user->permissions);
        config.permissions = &permissions;
    }
    err_t err = directory_add_user(directory, &config, diag);
    if (err == ERR_OK || user->place.file == NULL)
        return err;
    diag_t why = *diag;
    return conf_fail(diag, err, &user->place, "%s: %s", why.where, why.text);
}

static err_t add_users(struct directory *directory, bytes_t account, const struct nats_user_config *users, diag_t *diag)
{
    err_t err = ERR_OK;
    for (const struct nats_user_config *user = users; user != NULL && err == ERR_OK; user = user->next)
        err = add_user(directory, account, user, diag);
    return err;
}

static err_t add_account(struct directory *directory, const struct nats_account_config *account, diag_t *diag)
{
    if (account->max_connections > 0 || account->max_subscriptions > 0 || account->max_payload > 0)
        return conf_fail(diag, ERR_UNSUPPORTED, &account->place,
                         "limits of one account are not kept yet; those of the server are");
    bool is_there = directory_account(directory, account->name) != NULL;
    err_t err = is_there ? ERR_OK : directory_add_account(directory, account->name, diag);
    return err == ERR_OK ? add_users(directory, account->name, account->users, diag) : err;
}

static err_t add_single(struct directory *directory, const struct nats_authorization_config *config, diag_t *diag)
{
    if (config->token != NULL)
        return directory_set_token(directory, bytes_of_text(config->token), diag);
    if (config->user == NULL)
        return ERR_OK;
    const struct nats_user_config user = { .name = bytes_of_text(config->user),
                                           .password =
                                               config->password == NULL ? BYTES_NULL : bytes_of_text(config->password),
                                           .permissions = config->default_permissions };
    return add_user(directory, BYTES_NULL, &user, diag);
}

static err_t fill_directory(struct directory *directory, const struct nats_config *config, diag_t *diag)
{
    err_t err = add_single(directory, &config->authorization, diag);
    if (err == ERR_OK)
        err = add_users(directory, BYTES_NULL, config->authorization.users, diag);
    for (const struct nats_account_config *account = config->accounts; account != NULL && err == ERR_OK;
         account = account->next)
        err = add_account(directory, account, diag);
    if (err == ERR_OK && config->system_account != NULL)
        err = directory_set_system_account(directory, bytes_of_text(config->system_account), diag);
    if (err == ERR_OK && config->no_auth_user != NULL)
        err = directory_set_no_auth_user(directory, bytes_of_text(config->no_auth_user), diag);
    return err;
}

// --- TLS

static bytes_t joined(struct writer *to, const struct nats_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        writer_format(to, "%s%s", i == 0 ? "" : ":", texts->items[i]);
    writer_u8(to, '\0');
    return writer_view(to);
}

static void take_pins(struct nats_access *access, const struct nats_texts *texts)
{
    access->pin_count = texts->count;
    access->pins = mem_zalloc(texts->count + 1, sizeof(*access->pins));
    for (size_t i = 0; i < texts->count; i++) {
        for (size_t k = 0; k < 2 * TLS_KEY_HASH_SIZE; k++) {
            unsigned c = (unsigned char)texts->items[i][k] | 0x20U; // a hexadecimal digit, as the configuration checked
            uint8_t digit = (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
            access->pins[i][k / 2] = (uint8_t)(access->pins[i][k / 2] << 4 | digit);
        }
    }
}

static err_t open_tls(struct nats_access *access, const struct nats_tls_config *config, diag_t *diag)
{
    if (config->connection_rate_limit > 0)
        return diag_fail(diag, ERR_UNSUPPORTED, "tls.connection_rate_limit",
                         "handshakes are not counted; leave it out");
    struct writer ciphers = WRITER_INIT, curves = WRITER_INIT;
    const struct tls_config settings = {
        .certificate_file = config->cert_file,
        .key_file = config->key_file,
        .ca_file = config->ca_file,
        .verify = config->verify ? TLS_VERIFY_REQUIRED : TLS_VERIFY_NONE,
        .min_version = config->min_version != NULL && strcmp(config->min_version, "1.3") == 0 ? TLS_1_3 : TLS_1_2,
        .ciphers =
            config->cipher_suites.count == 0 ? NULL : (const char *)joined(&ciphers, &config->cipher_suites).data,
        .curves = config->curve_preferences.count == 0 ? NULL
                                                       : (const char *)joined(&curves, &config->curve_preferences).data,
    };
    err_t err = tls_server_new(&settings, &access->tls, diag);
    writer_free(&ciphers);
    writer_free(&curves);
    access->tls_verifies = config->verify;
    access->maps_certificates = config->verify_and_map;
    access->tls_timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : TLS_HANDSHAKE_TIMEOUT_MS;
    access->handshake = config->handshake;
    access->handshake_delay_ms = config->handshake_delay_ms;
    take_pins(access, &config->pinned_certs);
    return err;
}

// --- all of it

err_t nats_access_new(const struct nats_config *config, struct nats_access **ret_access, diag_t *diag)
{
    struct nats_access *access = mem_zalloc(1, sizeof(*access));
    access->directory = directory_new();
    access->auth_timeout_ms = NATS_AUTH_TIMEOUT_MS;
    err_t err = ERR_OK;
    if (config != NULL)
        err = fill_directory(access->directory, config, diag);
    if (err == ERR_OK)
        err = directory_seal(access->directory, diag);
    if (err == ERR_OK && config != NULL && config->tls.given)
        err = open_tls(access, &config->tls, diag);
    if (err != ERR_OK) {
        nats_access_free(access);
        return err;
    }
    if (access->tls != NULL) // as nats-server: a client has a second more than for its handshake
        access->auth_timeout_ms = access->tls_timeout_ms + 1000;
    if (config != NULL) {
        access->tls_is_optional = config->allow_non_tls;
        if (config->authorization.timeout_ms > 0)
            access->auth_timeout_ms = config->authorization.timeout_ms;
    }
    *ret_access = access;
    return ERR_OK;
}

err_t nats_access_load(const char *path, const char *const *environment, struct nats_access **ret_access, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    struct nats_config config;
    nats_config_default(&config);
    err_t err = nats_config_load(path, environment, &arena, &config, NULL, diag);
    if (err == ERR_OK)
        err = nats_config_check(&config, diag);
    if (err == ERR_OK)
        err = nats_access_new(&config, ret_access, diag);
    arena_free(&arena);
    return err;
}

void nats_access_free(struct nats_access *access)
{
    if (access == NULL)
        return;
    directory_free(access->directory);
    tls_context_unref(access->tls);
    free(access->pins);
    free(access);
}

bool nats_access_checks(const struct nats_access *access)
{
    const struct principal *anonymous = directory_anonymous(access->directory);
    bool is_open = anonymous != NULL && anonymous->kind == PRINCIPAL_ANONYMOUS;
    return !is_open || (access->tls_verifies && !access->tls_is_optional);
}

bool nats_access_is_pinned(const struct nats_access *access, const struct tls_peer *certificate)
{
    for (size_t i = 0; i < access->pin_count; i++)
        if (certificate != NULL && memcmp(access->pins[i], certificate->key_sha256, TLS_KEY_HASH_SIZE) == 0)
            return true;
    return access->pin_count == 0;
}
