// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when a command wants it. Linked, it and the 25 libraries that come with it would be loaded at every
// start of eddy: 3 ms more for each command, and 4 MB more for a server, which has no use for it.
#pragma once

#include "base/err.h"

#include <curl/curl.h>

struct curl_library {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
    CURLcode (*easy_perform)(CURL *curl);
    void (*easy_cleanup)(CURL *curl);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
};

// Stays loaded, initialized. ERR_NOT_FOUND: it is not installed; DIAG says what to do. One thread.
err_t curl_library_load(const struct curl_library **ret_library, diag_t *diag) MUST_CHECK;
