// SPDX-License-Identifier: Apache-2.0
// What the parts of event_sim share: the world, what is known of each event (event_model.c), who sends events
// (event_sender.c), who receives them (event_sink.c), and what is committed (event_commit.c). A LIFE is the program
// from a start to its end, a STAY the time that a consumer is in its hub.
#pragma once

#include "eventing/hub.h"
#include "eventing/inbox.h"
#include "eventing/ingress.h"
#include "http/server.h"
#include "http/url.h"
#include "io/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LOOPS = 2, // of the program; one more is that of the other machines, who send and receive
    PARTITIONS = 3,
    CONSUMERS = 5,
    TYPES = 4,              // of events
    LATEST = CONSUMERS - 1, // the consumer that begins behind what is there
};

// Where a parcel of a consumer is handed over.
enum way { TO_SUBSCRIBER, TO_DEAD_LETTER_SINK, TO_DEAD_LETTER_TOPIC, WAYS };

// --- the model

// One handover. AWAY: nobody knows yet, or ever will, because of a crash.
enum attempt_end { AWAY, TAKEN, NOT_TAKEN, CANCELLED };

struct attempt {
    int consumer;
    int32_t partition;
    int64_t offset;
    size_t event;
    enum way way;
    int life, stay;
    int seen, accepted; // by the receiver; accepted: with a 2xx that is one
    enum attempt_end end;
    bool is_kept; // a dead letter that was found in its topic
};

// What became of one record for one consumer.
struct fate {
    bool is_settled;  // delivered, or kept as a dead letter
    bool is_over;     // in this stay: the consumer knows that it is
    bool is_said;     // a commit that is durable says that it is done: it never comes again
    int stay, tries;  // of the attempts at the subscriber: in that stay
    int last_status;  // of them
    size_t delivered; // the attempt that was accepted last, + 1
};

struct fates {
    struct fate *items;
    size_t count, capacity;
    int64_t begin;     // of the group: where it was when it joined for the first time; -1: it never did
    int64_t floor;     // committed, at the start of the stay
    int64_t last;      // of an ordered consumer, in this stay: the offset that it is at; -1: none
    int64_t committed; // found at a start; it never falls
};

#define NO_EVENT SIZE_MAX // garbage of another client

// A partition: the number of the event at each offset.
struct log_model {
    size_t *events;
    size_t count, capacity;
};

struct sent {
    bool is_acked, is_found;
    bool is_behind; // sent when the consumer that begins at the end had joined
};

struct life;

struct run {
    uint64_t seed;
    struct sim *sim;
    int number; // of lives
    struct life *life;
    struct attempt *attempts;
    size_t attempt_count, attempt_capacity;
    struct sent *sent;
    size_t sent_count, sent_capacity;
    struct log_model logs[PARTITIONS];
    struct fates fates[CONSUMERS][PARTITIONS];
    int stays[CONSUMERS];
    unsigned trouble[CONSUMERS]; // percent of the requests that a receiver does not simply accept
    size_t record_limit;         // of this life: the sender stops there
};

extern struct event_totals {
    uint64_t acked, unknown, records, garbage, filtered, delivered, dead_sink, dead_topic, attempts, failed;
    uint64_t crashes, lives, stays, full;
    // Deliveries of what was delivered before, and why.
    uint64_t twice, twice_crash, twice_stay, twice_lost, twice_repeated, twice_late;
} totals;

#define FAIL(run, ...)                                                                                                 \
    do {                                                                                                               \
        fprintf(stderr, "event_sim: seed %" PRIu64 ", life %d: ", (run)->seed, (run)->number);                         \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fprintf(stderr, "\n");                                                                                         \
        exit(1);                                                                                                       \
    } while (0)

static inline uint64_t choose(struct run *run, uint64_t bound)
{
    return sim_choose(run->sim, bound);
}

bool model_wants(int consumer, size_t event);
bool model_is_ordered(int consumer);
struct fate *model_fate(struct run *run, int consumer, int32_t partition, int64_t offset);
// A consumer that has joined goes on at these offsets.
void model_joined(struct run *run, int consumer, const struct consumer *member);
// Checks that it may be handed over now. Returns its number.
size_t model_attempt(struct run *run, int consumer, const struct parcel *parcel, enum way way, size_t event);
void model_attempt_end(struct run *run, size_t number, enum attempt_end end, int status);
// The receiver answers with a 2xx.
void model_accepted(struct run *run, size_t number);
// A commit is sent: it forgets nothing, and makes nothing up.
void model_says(struct run *run, int consumer, int32_t partition, const struct held *held);
// It is durable.
void model_said(struct run *run, int consumer, int32_t partition, const struct held *held);
// What a start finds.
void model_record(struct run *run, int32_t partition, int64_t offset, size_t event);
void model_dead_letter(struct run *run, size_t number, size_t event);
void model_committed(struct run *run, int consumer, int32_t partition, const struct held *held);
// Everything that was acknowledged was found.
void model_check_records(struct run *run);
// At the end: everything is delivered, filtered or a dead letter.
void model_check_all(struct run *run);
void model_free(struct run *run);

// --- a life

// A sink before the real one: the model sees what is handed over.
struct witness {
    struct sink sink;
    struct sink *inner;
    struct life *life;
    int consumer;
    enum way way;
};

struct life {
    struct run *run;
    struct loop *loops[LOOPS + 1];
    struct store *store;
    struct engine *engine;
    const struct engine_driver *real; // commits are seen on their way to it
    struct engine_driver driver;
    bool has_lost_commit; // one failed: the disk is full, or the store has failed
    bool is_ready, is_failed, is_quiet, is_stopping, is_stopped, is_done;
    int closing; // parts that are not closed yet
    // the program, on its first loop
    struct hub hub;
    bool is_open;
    struct hub_member members[CONSUMERS];
    struct tally_counts counts[CONSUMERS];
    struct witness witnesses[CONSUMERS][WAYS];
    bool is_in[CONSUMERS], is_joined[CONSUMERS];
    struct http_client *client;
    struct inboxes inboxes;
    struct ingress *ingress;
    struct timer goer, settle;
    struct engine_topic_op ensure;
    int ensured;
    struct engine_append_op garbage;
    bool is_garbage_away;
    // what a start looks at: the partitions of the topic, then the dead letters, then offsets
    struct engine_reader *reader;
    int scanned;
    struct engine_fetch_op fetch;
    int fetched;
    // the others
    struct http_server *receiver;
    struct http_site site;
    struct address receiver_address;
    bool is_receiver_closing;
    struct timer receiver_timer, sender_timer;
    struct http_client *sender;
    struct sink *door;
    struct list_node handings, sendings, answers, commits; // under way
};

static inline struct loop *others_loop(const struct life *life)
{
    return life->loops[LOOPS];
}

// --- event_sim.c

// The consumer has joined; safe to say again. Its first attempts may come before its own word that it has.
void life_joined(struct life *life, int consumer, const struct consumer *member);

// --- event_sink.c

void witness_init(struct witness *witness, struct life *life, int consumer, enum way way, struct sink *inner);
// On the loop of the others.
void receiver_start(struct life *life);
void receiver_stop(struct life *life);

// --- event_commit.c

void commits_watch(struct life *life);
// What is beside the offset.
struct held commit_read(struct life *life, const struct engine_offset *item);

// --- event_sender.c

void sender_start(struct life *life);
void sender_stop(struct life *life);
size_t event_number(bytes_t id); // NO_EVENT: it is none
