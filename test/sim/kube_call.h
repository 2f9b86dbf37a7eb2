// SPDX-License-Identifier: Apache-2.0
// One request to the Kubernetes API at a time, on a connection of its own (HTTP/1.0, so that an answer ends with it).
#pragma once

#include "base/json.h"
#include "base/writer.h"
#include "io/net.h"

struct sim;

struct call {
    struct loop *loop; // set by the owner, as the next two
    struct address address;
    struct sim *sim;
    struct conn *conn; // NULL: none under way
    struct writer request, in;
    struct arena arena; // of the answer's trees, until the next call
    size_t at;          // behind the lines that were shown
    int status;         // 0: no answer
    size_t length;      // of the body; SIZE_MAX: until the connection ends
    size_t body_at;
    // Of a watch: a whole line came. NULL: the answer is one piece.
    void (*on_line)(struct call *call, bytes_t line);
    // The connection is gone. A call may begin here.
    void (*on_done)(struct call *call);
};

// BODY may be NULL, CONTENT_TYPE then too.
void call_start(struct call *call, const char *method, const char *target, const char *content_type, const char *body);
// The whole body as a tree; NULL: it is cut, or no JSON. Texts are views of the answer.
const struct json_value *call_tree(struct call *call, bytes_t text);
// NULL: no JSON.
const struct json_value *tree_of(struct arena *arena, bytes_t text);
bytes_t call_body(const struct call *call);
// The program crashed: nothing comes any more.
void call_lost(struct call *call);
