// SPDX-License-Identifier: Apache-2.0
#include "kube/token.h"

#include "auth/digest.h"
#include "base/assert.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/json_write.h"

#define ISSUER  "eddy"
#define PRIVATE "kubernetes.io" // the claim that Kubernetes keeps its own in

// {"alg":"HS256","typ":"JWT"}. A token has exactly this header: nobody chooses another algorithm.
static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

// --- making

static void write_account(struct json_writer *json, const struct token *token)
{
    json_key(json, PRIVATE);
    json_object_begin(json);
    json_field_bytes(json, "namespace", token->name_space);
    json_key(json, "serviceaccount");
    json_object_begin(json);
    json_field_bytes(json, "name", token->name);
    json_field_bytes(json, "uid", token->uid);
    json_object_end(json);
    json_object_end(json);
}

static void write_claims(struct writer *out, const struct token *token, struct arena *arena)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_key(&json, "aud");
    json_array_begin(&json);
    for (size_t i = 0; i < token->audience_count; i++)
        json_bytes(&json, token->audiences[i]);
    json_array_end(&json);
    json_field_int(&json, "exp", token->expires_s);
    json_field_int(&json, "iat", token->issued_s);
    json_field_text(&json, "iss", ISSUER);
    write_account(&json, token);
    json_field_int(&json, "nbf", token->issued_s);
    json_field_text(
        &json, "sub",
        arena_format(arena, "system:serviceaccount:%.*s:%.*s", BYTES_ARG(token->name_space), BYTES_ARG(token->name)));
    json_object_end(&json);
}

static bytes_t url_text(struct arena *arena, bytes_t bytes)
{
    char *text = arena_alloc(arena, BASE64_SIZE(bytes.size) + 1);
    return bytes_of(text, base64_encode(BASE64_URL, bytes, text));
}

bytes_t token_sign(bytes_t key, const struct token *token, struct arena *arena)
{
    struct writer claims = WRITER_INIT;
    uint8_t seal[DIGEST_SIZE];
    write_claims(&claims, token, arena);
    bytes_t payload = url_text(arena, writer_view(&claims));
    writer_free(&claims);
    bytes_t sealed = bytes_of_text(arena_format(arena, "%s.%.*s", header, BYTES_ARG(payload)));
    digest_hmac_sha256(key, sealed, seal);
    bytes_t signature = url_text(arena, bytes_of(seal, sizeof seal));
    return bytes_of_text(arena_format(arena, "%.*s.%.*s", BYTES_ARG(sealed), BYTES_ARG(signature)));
}

// --- reading

static bool text_decode(bytes_t text, struct arena *arena, bytes_t *ret_bytes)
{
    uint8_t *room = arena_alloc(arena, text.size / 4 * 3 + 2);
    size_t size;
    if (!base64_decode(BASE64_URL, text, room, &size))
        return false;
    *ret_bytes = bytes_of(room, size);
    return true;
}

static bool has_seal(bytes_t key, bytes_t sealed, bytes_t signature, struct arena *arena)
{
    uint8_t seal[DIGEST_SIZE];
    bytes_t shown;
    digest_hmac_sha256(key, sealed, seal);
    return text_decode(signature, arena, &shown) && shown.size == DIGEST_SIZE && digest_equal(shown.data, seal);
}

static bool audiences_read(const struct json_value *list, struct arena *arena, struct token *token)
{
    bool is_ours = false;
    if (list == NULL || list->type != JSON_ARRAY || list->count > TOKEN_AUDIENCES_MAX)
        return false;
    bytes_t *audiences = arena_array(arena, list->count, sizeof *audiences);
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        audiences[token->audience_count++] = item->text;
        is_ours |= bytes_is(item->text, TOKEN_AUDIENCE);
    }
    token->audiences = audiences;
    return is_ours;
}

static bool claims_read(bytes_t payload, struct arena *arena, struct token *token)
{
    static const struct json_limits limits = { .size = TOKEN_TEXT_MAX, .values = 64 };
    struct json_value *claims;
    bytes_t text, issuer;
    if (!text_decode(payload, arena, &text) || json_parse(text, &limits, arena, &claims, NULL) != ERR_OK)
        return false;
    const struct json_value *own = json_get(claims, PRIVATE), *account = json_get(own, "serviceaccount");
    return json_get_text(json_get(claims, "iss"), &issuer) && bytes_is(issuer, ISSUER) &&
           json_get_int(json_get(claims, "exp"), &token->expires_s) &&
           json_get_int(json_get(claims, "iat"), &token->issued_s) &&
           json_get_text(json_get(own, "namespace"), &token->name_space) &&
           json_get_text(json_get(account, "name"), &token->name) &&
           json_get_text(json_get(account, "uid"), &token->uid) &&
           audiences_read(json_get(claims, "aud"), arena, token);
}

err_t token_verify(bytes_t key, bytes_t text, int64_t now_s, struct arena *arena, struct token *ret_token)
{
    size_t head = sizeof header - 1;
    if (text.size > TOKEN_TEXT_MAX || text.size < head + 2 || memcmp(text.data, header, head) != 0 ||
        text.data[head] != '.')
        return ERR_DENIED;
    bytes_t rest = bytes_of(text.data + head + 1, text.size - head - 1);
    const uint8_t *dot = memchr(rest.data, '.', rest.size);
    if (dot == NULL)
        return ERR_DENIED;
    bytes_t sealed = bytes_of(text.data, (size_t)(dot - text.data));
    bytes_t signature = bytes_of(dot + 1, text.size - sealed.size - 1);
    struct token token = { 0 };
    if (!has_seal(key, sealed, signature, arena) ||
        !claims_read(bytes_of(rest.data, (size_t)(dot - rest.data)), arena, &token))
        return ERR_DENIED;
    if (now_s >= token.expires_s)
        return ERR_TIMEOUT;
    *ret_token = token;
    return ERR_OK;
}
