// SPDX-License-Identifier: Apache-2.0
#include "cli/curl_library.h"

#include "base/assert.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static const char file_name[] = "libcurl.so.4"; // the ABI, unchanged since 2006

#define AT(member) offsetof(struct curl_library, member)
static const struct {
    const char *name;
    size_t at;
} symbols[] = {
    { "curl_global_init", AT(global_init) },       { "curl_easy_init", AT(easy_init) },
    { "curl_easy_setopt", AT(easy_setopt) },       { "curl_easy_getinfo", AT(easy_getinfo) },
    { "curl_easy_perform", AT(easy_perform) },     { "curl_easy_cleanup", AT(easy_cleanup) },
    { "curl_easy_strerror", AT(easy_strerror) },   { "curl_slist_append", AT(slist_append) },
    { "curl_slist_free_all", AT(slist_free_all) },
};
_Static_assert(sizeof(struct curl_library) == ARRAY_COUNT(symbols) * sizeof(void *), "a row for each function");

static bool is_loaded;
static struct curl_library library;

err_t curl_library_load(const struct curl_library **ret_library, diag_t *diag)
{
    if (!is_loaded) {
        void *handle = dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
        if (handle == NULL)
            return diag_fail(diag, ERR_NOT_FOUND, file_name,
                             "cannot be loaded, and this command needs it: install libcurl (Debian: libcurl4)");
        for (size_t i = 0; i < ARRAY_COUNT(symbols); i++) {
            void *symbol = dlsym(handle, symbols[i].name);
            if (symbol == NULL)
                return diag_fail(diag, ERR_NOT_FOUND, file_name, "it has no function %s", symbols[i].name);
            memcpy((char *)&library + symbols[i].at, &symbol, sizeof symbol);
        }
        (void)library.global_init(CURL_GLOBAL_DEFAULT);
        is_loaded = true;
    }
    *ret_library = &library;
    return ERR_OK;
}
