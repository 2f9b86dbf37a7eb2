// SPDX-License-Identifier: Apache-2.0
// Objects and lists in the form that a client asked for: as they are, as rows of a Table, or their metadata alone
// (Kubernetes API concepts, "Receiving resources as Tables"). Values are those of rows.
#pragma once

#include "kube/request.h"

void shape_object(const struct request *request, bytes_t value, int64_t resource_version, struct writer *text);
// The object of a watch's event; a Table has its columns in the first one only.
void shape_event(const struct request *request, bytes_t value, int64_t resource_version, bool is_first,
                 struct writer *text);
// An object with nothing but a resourceVersion.
void shape_bookmark(const struct request *request, int64_t resource_version, bool ends_initial, struct writer *text);

// A list; zeroed is empty.
struct shape_page {
    struct table_row *rows; // valid until the next turn
    size_t count, capacity;
    int64_t version;        // the list's resourceVersion
    bytes_t continue_token; // BYTES_NULL: nothing follows
    int64_t rest_count;     // 0: not told
};

void shape_page_add(struct shape_page *page, const struct table_row *row);
void shape_page_write(const struct request *request, const struct shape_page *page, struct writer *text);
void shape_page_free(struct shape_page *page);
