// SPDX-License-Identifier: Apache-2.0
// ServiceAccount: a name that programs go by. ../account.c makes and takes its tokens.
#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/account.h"
#include "kube/builtin/builtin.h"
#include "kube/embed.h"
#include "kube/table/table.h"

EMBED(service_account_definition, "service_account");
EMBED(token_request_schema, "token_request");

static const struct kind_subresource subresources[] = {
    { "token", account_token_create, "authentication.k8s.io", "v1", "TokenRequest", token_request_schema },
};

static void secrets_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *secrets = json_get(object, "secrets");
    (void)now_ms;
    writer_format(to, "%zu", secrets == NULL ? 0 : secrets->count);
}

static const struct table_cell cells[] = { { "Secrets", secrets_cell }, { NULL, NULL } };

const struct kind_rules service_account_rules = {
    .definition = service_account_definition,
    .subresources = subresources,
    .subresource_count = ARRAY_COUNT(subresources),
    .cells = cells,
    .no_generation = true,
};
