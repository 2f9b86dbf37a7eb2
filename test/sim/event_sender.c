// SPDX-License-Identifier: Apache-2.0
#include "event_run.h"

#include "base/mem.h"
#include "eventing/http_sink.h"
#include "http/client.h"

enum { TRIES = 3, BURST_MAX = 40, PAUSE_MAX_MS = 60, TIMEOUT_MS = 2000 };

// An event on its way to the door, until it is acknowledged or given up.
struct sending {
    struct list_node node;
    struct life *life;
    struct handover handover;
    struct cloudevent event;
    size_t number;
    int tries;
    char id[16], type[8], data[64];
};

size_t event_number(bytes_t id)
{
    int64_t number;
    return bytes_to_int64(id, &number) && number >= 0 ? (size_t)number : NO_EVENT;
}

static void on_sent(struct handover *handover)
{
    struct sending *sending = CONTAINER_OF(handover, struct sending, handover);
    struct life *life = sending->life;
    totals.full += handover->status == 503;
    if (handover->status == 202) {
        life->run->sent[sending->number].is_acked = true;
    } else if (handover->status != 0 && handover->status != 503) {
        FAIL(life->run, "the door answers event %zu with %d", sending->number, handover->status);
    } else if (++sending->tries < TRIES && !life->is_stopping) {
        sink_send(life->door, handover); // it may be there already, and will be twice then
        return;
    }
    list_remove(&sending->node);
    free(sending);
}

static void send_one(struct life *life)
{
    struct run *run = life->run;
    struct sending *sending = mem_zalloc(1, sizeof *sending);
    MEM_GROW(run->sent, run->sent_count, run->sent_capacity);
    sending->number = run->sent_count++;
    run->sent[sending->number] = (struct sent){ .is_behind = run->fates[LATEST][PARTITIONS - 1].begin >= 0 };
    snprintf(sending->id, sizeof sending->id, "%zu", sending->number);
    snprintf(sending->type, sizeof sending->type, "t%zu", sending->number % TYPES);
    snprintf(sending->data, sizeof sending->data, "event %zu", sending->number);
    sending->life = life;
    sending->event = (struct cloudevent){ .core = { [CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0"),
                                                    [CLOUDEVENT_ID] = bytes_of_text(sending->id),
                                                    [CLOUDEVENT_SOURCE] = BYTES_LITERAL("/sim"),
                                                    [CLOUDEVENT_TYPE] = bytes_of_text(sending->type) },
                                          .data = bytes_of_text(sending->data) };
    sending->handover = (struct handover){ .event = &sending->event, .timeout_ms = TIMEOUT_MS, .on_done = on_sent };
    list_append(&life->sendings, &sending->node);
    sink_send(life->door, &sending->handover);
}

static void on_sender(struct timer *timer)
{
    struct life *life = CONTAINER_OF(timer, struct life, sender_timer);
    for (uint64_t count = choose(life->run, BURST_MAX); count > 0 && life->run->sent_count < life->run->record_limit;
         count--)
        send_one(life);
    if (life->run->sent_count < life->run->record_limit)
        timer_start(timer, 1 + (int64_t)choose(life->run, PAUSE_MAX_MS));
}

void sender_start(struct life *life)
{
    struct http_client_config config;
    char uri[80];
    http_client_config_default(&config);
    config.connection_count = 1 + (uint32_t)choose(life->run, 8);
    life->sender = http_client_open(others_loop(life), &config);
    snprintf(uri, sizeof uri, "http://localhost:%u/sim/default", (unsigned)ingress_port(life->ingress));
    if (http_sink_new(life->sender, bytes_of_text(uri), CLOUDEVENT_MODE_BINARY, NULL, &life->door, NULL) != ERR_OK)
        FAIL(life->run, "the door has no address");
    timer_init(&life->sender_timer, others_loop(life), on_sender);
    timer_start(&life->sender_timer, 1);
}

static void on_closed(void *owner)
{
    struct life *life = owner;
    sink_unref(life->door);
    life->closing--;
}

void sender_stop(struct life *life)
{
    timer_stop(&life->sender_timer);
    http_client_close(life->sender, on_closed, life);
}
