// SPDX-License-Identifier: Apache-2.0
// What NATS clients send (nats/parser.h, nats/session.h). The input's first bytes say how the rest is cut; with the
// cuts and without, the client and another one that subscribes to everything must be sent the same.
#include "nats/session.h"

#include "base/assert.h"
#include "nats/access.h"

#include <stdlib.h>

enum { CUTS = 4 };

struct client {
    struct nats_session session;
    struct writer got;
};

struct world {
    struct nats_options options;
    struct nats_metrics metrics;
    struct nats_accounts accounts;
    struct nats_access *access;
    struct nats_site site;
    struct client one, other;
};

static void on_dirty(struct nats_out *out)
{
    (void)out;
}

static void on_slice(struct nats_out *out, struct slice slice)
{
    writer_bytes(&CONTAINER_OF(out, struct client, session.out)->got, slice.bytes);
    slice_free(&slice);
}

static size_t on_waiting(struct nats_out *out)
{
    (void)out;
    return 0;
}

static void on_fail(struct nats_session *session, enum nats_error error)
{
    writer_text(&CONTAINER_OF(session, struct client, session)->got, nats_error_reason(error));
}

static void on_connect(struct nats_session *session)
{
    (void)session;
}

static const struct nats_out_ops out_ops = { .on_dirty = on_dirty, .on_slice = on_slice, .on_waiting = on_waiting };
static const struct nats_session_ops session_ops = { .on_fail = on_fail, .on_connect = on_connect };

static void client_init(struct client *client, struct world *world, uint64_t id)
{
    *client = (struct client){ 0 };
    nats_session_init(&client->session, &world->site, &session_ops, &out_ops, id, BYTES_LITERAL("::1"));
}

static void client_end(struct client *client)
{
    nats_out_flush(&client->session.out);
    nats_session_leave(&client->session);
    nats_session_deinit(&client->session);
}

// A piece, behind what was left of the ones before; in memory of exactly its size, so that reading past it is noticed.
static size_t feed(struct client *client, bytes_t input, size_t from, size_t to, bool may_share)
{
    struct buf *buf = buf_new(to - from);
    memcpy(buf->data, input.data + from, to - from);
    size_t wanted,
        used = nats_session_data(&client->session, bytes_of(buf->data, to - from), may_share ? buf : NULL, &wanted);
    ASSERT(used <= to - from);
    ASSERT(client->session.is_closed || used == to - from || wanted > to - from - used);
    buf_unref(buf);
    return from + used;
}

static void run(struct world *world, bytes_t input, const uint8_t *cuts)
{
    *world = (struct world){ .options = { .max_payload = 20000, .max_control_line = 128, .max_pending = 1 << 30 } };
    diag_t diag;
    err_t err = nats_access_new(NULL, &world->access, &diag);
    ASSERT(err == ERR_OK);
    world->site = (struct nats_site){ .options = &world->options,
                                      .metrics = &world->metrics,
                                      .accounts = &world->accounts,
                                      .access = world->access,
                                      .server_name = "n",
                                      .host = "h" };
    nats_accounts_init(&world->accounts, 5, 0, 1);
    client_init(&world->one, world, 1);
    client_init(&world->other, world, 2);
    static const uint8_t hello[] = "CONNECT {\"verbose\":false}\r\nSUB > 1\r\n";
    (void)feed(&world->other, bytes_of(hello, sizeof hello - 1), 0, sizeof hello - 1, false);
    size_t done = 0, seen = 0;
    for (size_t i = 0; seen < input.size && !world->one.session.is_closed; i++) {
        seen = cuts == NULL ? input.size : seen + cuts[i % CUTS] % 40U + 1U;
        seen = seen < input.size ? seen : input.size;
        done = feed(&world->one, input, done, seen, cuts != NULL);
    }
    client_end(&world->one);
    client_end(&world->other);
    nats_accounts_deinit(&world->accounts);
    nats_chunks_free(&world->site.chunks);
    nats_access_free(world->access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CUTS)
        return 0;
    static struct world whole, cut;
    bytes_t input = bytes_of(data + CUTS, size - CUTS);
    run(&whole, input, NULL);
    run(&cut, input, data);
    ASSERT(bytes_equal(writer_view(&whole.one.got), writer_view(&cut.one.got)));
    ASSERT(bytes_equal(writer_view(&whole.other.got), writer_view(&cut.other.got)));
    writer_free(&whole.one.got);
    writer_free(&whole.other.got);
    writer_free(&cut.one.got);
    writer_free(&cut.other.got);
    return 0;
}
