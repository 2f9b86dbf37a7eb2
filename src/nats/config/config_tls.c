// SPDX-License-Identifier: Apache-2.0
#include "nats/config/config_read.h"

#include <stddef.h>
#include <strings.h>

#define AT(field) offsetof(struct nats_tls_config, field)

// As in nats-server: a client has this long to begin, else it is sent INFO.
enum { HANDSHAKE_DELAY_MS = 50 };

static bool is_word(const struct conf_value *value, const char *word)
{
    return value->type == CONF_STRING && value->text.size == strlen(word) &&
           strncasecmp((const char *)value->text.data, word, value->text.size) == 0;
}

static err_t read_handshake(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_tls_config *tls = into;
    bool is_true = value->type == CONF_BOOL ? value->is_true : is_word(value, "true") || is_word(value, "on");
    bool is_false = value->type == CONF_BOOL ? !value->is_true : is_word(value, "false") || is_word(value, "off");
    tls->handshake_delay_ms = HANDSHAKE_DELAY_MS;
    if (is_true || is_false) {
        tls->handshake = is_true ? NATS_HANDSHAKE_FIRST : NATS_HANDSHAKE_AFTER_INFO;
        return ERR_OK;
    }
    tls->handshake = NATS_HANDSHAKE_AUTO;
    if (is_word(value, "auto") || is_word(value, "auto_fallback"))
        return ERR_OK;
    if (value->type == CONF_STRING && nats_duration_parse(value->text, &tls->handshake_delay_ms) &&
        tls->handshake_delay_ms >= 0)
        return ERR_OK;
    return config_expected(reader, value, "true, false, \"auto\" or a duration");
}

static err_t read_map_too(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_tls_config *tls = into;
    if (value->type != CONF_BOOL)
        return config_expected(reader, value, "true or false");
    tls->verify_and_map = value->is_true;
    tls->verify = tls->verify || value->is_true;
    return ERR_OK;
}

static err_t read_min_version(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_tls_config *tls = into;
    if (!is_word(value, "1.2") && !is_word(value, "1.3"))
        return config_expected(reader, value, "\"1.2\" or \"1.3\"");
    tls->min_version = arena_text(reader->arena, value->text);
    return ERR_OK;
}

static err_t read_pinned(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_tls_config *tls = into;
    if (value->type != CONF_ARRAY)
        return config_expected(reader, value, "an array of SHA-256 sums in hexadecimal");
    const char **sums = arena_array(reader->arena, value->count, sizeof *sums);
    size_t count = 0;
    for (const struct conf_value *item = value->first; item != NULL; item = item->next) {
        const char *sum = item->type == CONF_STRING ? arena_text(reader->arena, item->text) : "";
        if (strlen(sum) != 64 || strspn(sum, "0123456789abcdefABCDEF") != 64)
            return config_expected(reader, item, "a SHA-256 sum in hexadecimal");
        sums[count++] = sum;
    }
    tls->pinned_certs = (struct nats_texts){ sums, count };
    return ERR_OK;
}

static const char OCSP[] = "OCSP is not asked here; leave it out";
static const char STORE[] = "certificates come from files here: cert_file, key_file, ca_file";

// clang-format off
static const struct config_row rows[] = {
    { "cert_file", CONFIG_TEXT, AT(cert_file), 0, 0, NULL, NULL },
    { "key_file", CONFIG_TEXT, AT(key_file), 0, 0, NULL, NULL },
    { "ca_file", CONFIG_TEXT, AT(ca_file), 0, 0, NULL, NULL },
    { "verify", CONFIG_BOOL, AT(verify), 0, 0, NULL, NULL },
    { "verify_and_map", CONFIG_SECTION, 0, 0, 0, read_map_too, NULL },
    { "timeout", CONFIG_TIMEOUT, AT(timeout_ms), 0, 0, NULL, NULL },
    { "handshake_first first immediate", CONFIG_SECTION, 0, 0, 0, read_handshake, NULL },
    { "connection_rate_limit", CONFIG_INTEGER, AT(connection_rate_limit), 0, 0, NULL, NULL },
    { "min_version", CONFIG_SECTION, 0, 0, 0, read_min_version, NULL },
    { "cipher_suites", CONFIG_TEXTS, AT(cipher_suites), 0, 0, NULL, NULL },
    { "curve_preferences", CONFIG_TEXTS, AT(curve_preferences), 0, 0, NULL, NULL },
    { "pinned_certs", CONFIG_SECTION, 0, 0, 0, read_pinned, NULL },
    { "insecure", CONFIG_NOTED, 0, 0, 0, NULL, "is for connections that a server makes; this one makes none" },
    { "verify_cert_and_check_known_urls", CONFIG_REFUSED, 0, 0, 0, NULL, "is for the servers of a cluster" },
    { "allow_insecure_cipher_suites", CONFIG_REFUSED, 0, 0, 0, NULL, "insecure ciphers are not spoken" },
    { "certs certificates", CONFIG_REFUSED, 0, 0, 0, NULL, "one certificate is served: cert_file and key_file" },
    { "cert_store", CONFIG_REFUSED, 0, 0, 0, NULL, STORE },
    { "cert_match_by", CONFIG_REFUSED, 0, 0, 0, NULL, STORE },
    { "cert_match", CONFIG_REFUSED, 0, 0, 0, NULL, STORE },
    { "ca_certs_match", CONFIG_REFUSED, 0, 0, 0, NULL, STORE },
    { "cert_match_skip_invalid", CONFIG_REFUSED, 0, 0, 0, NULL, STORE },
    { "ocsp_peer", CONFIG_REFUSED, 0, 0, 0, NULL, OCSP },
};
// clang-format on

err_t config_read_tls(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_tls_config *tls = &((struct nats_config *)into)->tls;
    tls->given = true;
    return config_read_map(reader, value, CONFIG_TABLE("tls", rows), tls);
}
