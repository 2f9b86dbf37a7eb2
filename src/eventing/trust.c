// SPDX-License-Identifier: Apache-2.0
#include "eventing/trust.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/tls.h"

#include <stdlib.h>

static bytes_t trust_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct trust, node)->authorities;
}

void trusts_init(struct map *map)
{
    *map = MAP_INIT(trust_key);
}

err_t trust_get(struct map *map, bytes_t authorities, struct trust **ret_trust, diag_t *diag)
{
    struct map_node *node = map_find(map, authorities);
    if (node != NULL) {
        *ret_trust = trust_ref(CONTAINER_OF(node, struct trust, node));
        return ERR_OK;
    }
    const struct tls_config config = { .ca_text = authorities, .min_version = TLS_1_2, .alpn = "http/1.1" };
    struct tls_context *tls;
    err_t err = tls_client_new(&config, &tls, diag);
    if (err != ERR_OK)
        return err;
    struct trust *trust = mem_zalloc(1, sizeof *trust);
    *trust = (struct trust){ .map = map, .references = 1, .tls = tls };
    trust->authorities = bytes_of(bytes_to_text(authorities), authorities.size);
    map_insert(map, &trust->node);
    *ret_trust = trust;
    return ERR_OK;
}

struct trust *trust_ref(struct trust *trust)
{
    trust->references++;
    return trust;
}

void trust_unref(struct trust *trust)
{
    if (trust == NULL || --trust->references > 0)
        return;
    map_remove(trust->map, &trust->node);
    tls_context_unref(trust->tls);
    free((void *)(uintptr_t)trust->authorities.data);
    free(trust);
}
