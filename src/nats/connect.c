// SPDX-License-Identifier: Apache-2.0
#include "nats/connect.h"

#include "base/assert.h"
#include "base/json.h"

#include <strings.h>

// A JWT may fill a line; nothing else in a CONNECT is many values.
static const struct json_limits limits = { .size = 1 << 20, .values = 1000 };

#define AT(member) offsetof(struct nats_connect, member)

static const struct {
    const char *name;
    enum json_type type;
    size_t at;
} fields[] = {
    { "verbose", JSON_BOOL, AT(verbose) },
    { "pedantic", JSON_BOOL, AT(pedantic) },
    { "echo", JSON_BOOL, AT(echo) },
    { "headers", JSON_BOOL, AT(headers) },
    { "no_responders", JSON_BOOL, AT(no_responders) },
    { "tls_required", JSON_BOOL, AT(tls_required) },
    { "protocol", JSON_NUMBER, AT(protocol) },
    { "name", JSON_STRING, AT(name) },
    { "lang", JSON_STRING, AT(lang) },
    { "version", JSON_STRING, AT(version) },
    { "user", JSON_STRING, AT(user) },
    { "pass", JSON_STRING, AT(pass) },
    { "auth_token", JSON_STRING, AT(auth_token) },
    { "nkey", JSON_STRING, AT(nkey) },
    { "sig", JSON_STRING, AT(sig) },
    { "jwt", JSON_STRING, AT(jwt) },
    { "account", JSON_STRING, AT(account) },
    { "new_account", JSON_BOOL, AT(new_account) },
};

static bool is_name(bytes_t name, const char *wanted)
{
    return name.size == strlen(wanted) && strncasecmp((const char *)name.data, wanted, name.size) == 0;
}

static err_t take_field(const struct json_value *value, enum json_type type, void *to)
{
    if (value->type == JSON_NULL)
        return ERR_OK;
    bool ok = type == JSON_BOOL     ? json_get_bool(value, to)
              : type == JSON_NUMBER ? json_get_int(value, to)
                                    : json_get_text(value, to);
    return ok ? ERR_OK : ERR_MALFORMED;
}

err_t nats_connect_read(bytes_t json, struct arena *arena, struct nats_connect *connect)
{
    struct json_value *root;
    struct nats_connect read = *connect;
    err_t err = json_parse(json, &limits, arena, &root, NULL);
    if (err == ERR_OK && root->type != JSON_OBJECT && root->type != JSON_NULL)
        err = ERR_MALFORMED;
    for (const struct json_value *value = err == ERR_OK ? root->first : NULL; value != NULL && err == ERR_OK;
         value = value->next) {
        for (size_t i = 0; i < ARRAY_COUNT(fields) && err == ERR_OK; i++) {
            if (is_name(value->name, fields[i].name))
                err = take_field(value, fields[i].type, (char *)&read + fields[i].at);
        }
    }
    if (err == ERR_OK)
        *connect = read;
    return err;
}
