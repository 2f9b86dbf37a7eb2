// SPDX-License-Identifier: Apache-2.0
// URLs to send to (http/url.h). What is taken can be put together again and is the same then; nothing of it could end a
// line of a request.
#include "http/url.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/line.h"

#include <stdlib.h>

static void check(const struct http_url *url)
{
    ASSERT(url->address.host[0] != '\0' && url->address.port > 0);
    ASSERT(url->target.size > 0 && url->target.data[0] == '/');
    ASSERT(http_authority_valid(url->host));
    for (size_t i = 0; i < url->target.size; i++)
        ASSERT(url->target.data[i] > ' ' && url->target.data[i] < 0x7f && url->target.data[i] != '#');
    char *text = mem_format("%.*s%.*s", BYTES_ARG(url->origin), BYTES_ARG(url->target));
    struct http_url again;
    ASSERT(http_url_parse(bytes_of_text(text), &again, NULL) == ERR_OK);
    ASSERT(bytes_equal(again.origin, url->origin) && bytes_equal(again.target, url->target));
    ASSERT(bytes_equal(again.host, url->host) && strcmp(again.address.host, url->address.host) == 0);
    http_url_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_url url;
    diag_t diag = { 0 };
    if (size > HTTP_URL_SIZE_MAX - 32) // what is put together may be longer
        return 0;
    if (http_url_parse(bytes_of(data, size), &url, &diag) != ERR_OK) {
        ASSERT(diag.text[0] != '\0');
        return 0;
    }
    check(&url);
    http_url_free(&url);
    return 0;
}
