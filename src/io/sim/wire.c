// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "io/sim/net_sim.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000 };

int64_t net_latency_ns(struct sim *sim)
{
    int64_t most_ns = (int64_t)sim->options.latency_max_us * NS_PER_US;
    if (sim->options.steady)
        return most_ns / 2;
    return 1 + (int64_t)sim_rng_below(&sim->network, (uint64_t)most_ns);
}

static void arrival_fire(struct sim_event *event);
static void room_fire(struct sim_event *event);

static unsigned receiver_of(const struct direction *direction)
{
    return direction == &direction->wire->to[0] ? 0 : 1;
}

static void direction_init(struct direction *direction, struct wire *wire)
{
    direction->wire = wire;
    direction->arrival = (struct sim_event){ .fire = arrival_fire, .kind = SIM_EVENT_NET };
    direction->room = (struct sim_event){ .fire = room_fire, .kind = SIM_EVENT_NET };
    list_init(&direction->flying);
}

struct wire *wire_new(struct sim *sim, struct conn *opener, struct conn *accepter)
{
    struct wire *wire = mem_zalloc(1, sizeof(*wire));
    wire->sim = sim;
    direction_init(&wire->to[0], wire);
    direction_init(&wire->to[1], wire);
    wire->ends[0] = opener;
    wire->ends[1] = accepter;
    opener->wire = accepter->wire = wire;
    opener->side = 0;
    accepter->side = 1;
    return wire;
}

static void flying_drop(struct direction *direction)
{
    heap_remove(&direction->wire->sim->events, &direction->arrival.node);
    LIST_EACH(&direction->flying, node)
    {
        struct segment *segment = LIST_ITEM(node, struct segment, node);
        direction->used -= segment->size;
        list_remove(node);
        free(segment);
    }
}

void wire_free(struct wire *wire)
{
    for (size_t i = 0; i < 2; i++) {
        struct direction *direction = &wire->to[i];
        if (wire->ends[i] != NULL)
            wire->ends[i]->wire = NULL;
        flying_drop(direction);
        heap_remove(&wire->sim->events, &direction->room.node);
        free(direction->arrived);
    }
    free(wire);
}

// --- sending

// An event of its own for each segment could overtake one that a stall holds back: there is one for the first.
static void arrival_set(struct direction *direction)
{
    struct list_node *first = list_first(&direction->flying);
    if (first == NULL || direction->arrival.node.place != 0)
        return;
    int64_t at_ns = LIST_ITEM(first, struct segment, node)->at_ns;
    if (at_ns < direction->stalled_until_ns)
        at_ns = direction->stalled_until_ns;
    sim_schedule_at(direction->wire->sim, &direction->arrival, at_ns);
}

static void segment_add(struct direction *direction, enum segment_kind kind, bytes_t bytes)
{
    struct sim *sim = direction->wire->sim;
    struct segment *segment = mem_zalloc(1, sizeof(*segment) + bytes.size);
    segment->kind = kind;
    segment->size = bytes.size;
    if (bytes.size > 0)
        memcpy(segment->data, bytes.data, bytes.size);
    segment->at_ns = sim->now_ns + net_latency_ns(sim);
    if (segment->at_ns < direction->last_ns)
        segment->at_ns = direction->last_ns;
    direction->last_ns = segment->at_ns;
    direction->used += bytes.size;
    list_append(&direction->flying, &segment->node);
    arrival_set(direction);
}

static void stall(struct direction *direction, int64_t time_ms)
{
    struct sim *sim = direction->wire->sim;
    int64_t until_ns = sim->now_ns + time_ms * NS_PER_MS;
    if (until_ns > direction->stalled_until_ns)
        direction->stalled_until_ns = until_ns;
    heap_remove(&sim->events, &direction->arrival.node);
    arrival_set(direction);
    sim_fault_add(sim, SIM_EVENT_NET);
}

void wire_send(struct direction *direction, enum segment_kind kind, bytes_t bytes)
{
    struct sim *sim = direction->wire->sim;
    const struct sim_options *options = &sim->options;
    if (direction->wire->cut)
        return;
    if (sim_rng_chance(&sim->network, options->stall_ppm))
        stall(direction, 1 + (int64_t)sim_rng_below(&sim->network, options->stall_max_ms));
    if (kind == SEGMENT_DATA && sim_rng_chance(&sim->network, options->reset_ppm)) {
        sim_fault_add(sim, SIM_EVENT_NET);
        wire_reset(direction->wire);
        return;
    }
    if (bytes.size > 1 && sim_rng_chance(&sim->network, options->chunk_ppm)) {
        size_t first = 1 + (size_t)sim_rng_below(&sim->network, bytes.size - 1);
        segment_add(direction, kind, bytes_of(bytes.data, first));
        bytes = bytes_of(bytes.data + first, bytes.size - first);
    }
    segment_add(direction, kind, bytes);
}

size_t wire_space(const struct direction *direction)
{
    size_t window = direction->wire->sim->options.window_size;
    return direction->used < window ? window - direction->used : 0;
}

static void room_set(struct direction *direction)
{
    if (direction->waited && direction->room.node.place == 0 && wire_space(direction) > 0)
        sim_schedule(direction->wire->sim, &direction->room, net_latency_ns(direction->wire->sim));
}

void wire_wait(struct direction *direction)
{
    direction->waited = true;
    room_set(direction);
}

static void room_fire(struct sim_event *event)
{
    struct direction *direction = CONTAINER_OF(event, struct direction, room);
    struct conn *sender = direction->wire->ends[1 - receiver_of(direction)];
    direction->waited = false;
    if (sender != NULL)
        conn_writable(sender);
}

// --- arriving

static void arrived_add(struct direction *direction, const uint8_t *data, size_t size)
{
    if (direction->read == direction->filled)
        direction->read = direction->filled = 0;
    if (direction->capacity - direction->filled < size) {
        direction->capacity = direction->filled + size;
        direction->arrived = mem_realloc(direction->arrived, direction->capacity);
    }
    memcpy(direction->arrived + direction->filled, data, size);
    direction->filled += size;
}

size_t wire_readable(const struct direction *direction)
{
    return direction->filled - direction->read;
}

size_t wire_read(struct direction *direction, uint8_t *to, size_t size)
{
    if (size > wire_readable(direction))
        size = wire_readable(direction);
    if (size > 0 && to != NULL)
        memcpy(to, direction->arrived + direction->read, size);
    direction->read += size;
    direction->used -= size;
    room_set(direction);
    return size;
}

static void reset_arrived(struct direction *direction)
{
    struct sim *sim = direction->wire->sim;
    direction->reset = true;
    flying_drop(direction);
    // Whether bytes that lie there can still be read differs between systems.
    if (sim->options.steady || sim_rng_below(&sim->network, 2) == 0)
        (void)wire_read(direction, NULL, wire_readable(direction));
}

static void segment_take(struct direction *direction, const struct segment *segment)
{
    if (direction->reset) {
        direction->used -= segment->size;
        return;
    }
    switch (segment->kind) {
    case SEGMENT_OPEN:
        direction->opened = true;
        break;
    case SEGMENT_DATA:
        arrived_add(direction, segment->data, segment->size);
        break;
    case SEGMENT_END:
        direction->ended = true;
        break;
    case SEGMENT_RESET:
        reset_arrived(direction);
        break;
    }
}

static void arrival_fire(struct sim_event *event)
{
    struct direction *direction = CONTAINER_OF(event, struct direction, arrival);
    struct wire *wire = direction->wire;
    struct conn *receiver = wire->ends[receiver_of(direction)];
    struct list_node *first = list_first(&direction->flying);
    ASSERT(first != NULL);
    struct segment *segment = LIST_ITEM(first, struct segment, node);
    list_remove(first);
    if (receiver == NULL) {
        // Nobody is there who could read it.
        struct direction *back = &wire->to[1 - receiver_of(direction)];
        if (segment->kind == SEGMENT_DATA && !back->reset)
            segment_add(back, SEGMENT_RESET, BYTES_NULL);
        direction->used -= segment->size;
    } else {
        segment_take(direction, segment);
        conn_readable(receiver);
    }
    free(segment);
    arrival_set(direction);
}

// --- ends

void wire_reset(struct wire *wire)
{
    wire->cut = true;
    for (size_t i = 0; i < 2; i++) {
        flying_drop(&wire->to[i]);
        segment_add(&wire->to[i], SEGMENT_RESET, BYTES_NULL);
    }
}

void wire_leave(struct conn *conn)
{
    struct wire *wire = conn->wire;
    if (wire == NULL)
        return;
    struct direction *in = wire_in(conn), *out = wire_out(conn);
    wire->ends[conn->side] = NULL;
    conn->wire = NULL;
    if (wire->ends[1 - conn->side] == NULL) {
        wire_free(wire);
        return;
    }
    if (in->reset)
        return;
    bool is_rude = wire_readable(in) > 0;
    if (is_rude && sim_rng_below(&wire->sim->network, 2) == 0)
        flying_drop(out);
    segment_add(out, is_rude ? SEGMENT_RESET : SEGMENT_END, BYTES_NULL);
}

void sim_conn_reset(struct conn *conn)
{
    if (conn->wire == NULL || conn->wire->cut)
        return;
    sim_fault_add(conn->wire->sim, SIM_EVENT_NET);
    wire_reset(conn->wire);
}

void sim_conn_stall(struct conn *conn, int64_t time_ms)
{
    if (conn->wire != NULL)
        stall(wire_in(conn), time_ms);
}
