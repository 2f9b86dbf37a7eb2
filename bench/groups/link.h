// SPDX-License-Identifier: Apache-2.0
// Many connections of one thread, on one epoll: requests leave at once, whole answers come back to a function.
#pragma once
#include "../common/client.h"

struct link {
    int fd;
    // BODY is without length and correlation id. The latter is the API: whoever sends a request writes it there.
    void (*on_reply)(struct link *link, int api, const uint8_t *body, size_t size);
    uint8_t *in;
    size_t in_size, in_capacity;
    struct out unsent;
};

void link_open(struct link *link, const char *address, void (*on_reply)(struct link *, int, const uint8_t *, size_t));
void link_send(struct link *link, const struct out *request);
void link_close(struct link *link);

// Waits for answers for at most WAIT_MS and hands them out.
void links_turn(int wait_ms);
